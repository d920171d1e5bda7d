"""What every exporter of budget policies must pass: same bytes, clean names, no looser limit, nothing dropped in silence."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from finops.policies.base import Export, Exporter, Guardrail, Policy, PolicySet

GUARDRAILS = (
    (),
    (Guardrail(Decimal("0.8"), "warn"),),
    (Guardrail(Decimal(1), "block"),),
    (Guardrail(Decimal("0.8"), "warn"), Guardrail(Decimal("0.95"), "downgrade", "small"), Guardrail(Decimal(1), "block")),
)
SCOPES: tuple[dict[str, str], ...] = (
    {},
    {"tenant": "everest-law"},
    {"agent": "<script>alert(1)</script>"},
    {"workflow": 'a "quoted": name\nwith a line'},
    {"model": "big"},
    {"model": "big", "provider": "openai"},
    {"provider": "openai"},
    {"provider": "nobody"},
    {"tenant": "everest-law", "model": "big"},
)


def policy_set() -> PolicySet:
    """Every scope with every kind of guardrail, period and an amount with more digits than a cent."""
    policies = [
        Policy(f"p{number}-{kind}", scope, period, Decimal("1234.567891"), currency, rails, "configured")
        for number, scope in enumerate(SCOPES)
        for kind, rails in enumerate(GUARDRAILS)
        for period, currency in ((("month", "USD"), ("week", "USD"), ("day", "EUR"))[(number + kind) % 3],)
    ]
    models = {
        "big": {"input": Decimal("0.000004"), "output": Decimal("0.00002"), "cache_read": Decimal("0.0000004")},
        "small": {"input": Decimal("0.00000015"), "output": Decimal("0.0000006")},
        "unpriced": {},
    }
    providers = {"big": "openai", "small": "openai", "unpriced": "self-hosted"}
    return PolicySet(tuple(policies), "2026-11-20", models, providers, {"big": 272_001}, "batch-1", "Europe/Berlin", "0" * 64)  # type: ignore[arg-type]


def check(exporter: Exporter) -> Export:
    """Runs the kit; answers with what the exporter made of the kit's policies."""
    given = policy_set()
    export = exporter.render(given)
    backwards = replace(
        given,
        policies=given.policies[::-1],
        models=dict(reversed(given.models.items())),
        providers=dict(reversed(given.providers.items())),
    )
    assert exporter.name == exporter.name.lower().replace(" ", "-")
    assert exporter.title
    assert exporter.level in ("verified", "schema", "shape")
    assert export.files
    again = exporter.render(backwards)
    assert dict(export.files) == dict(again.files), "the order of policies must not show"
    assert {(m.policy, m.what) for m in export.not_expressed} == {(m.policy, m.what) for m in again.not_expressed}
    for name, text in export.files.items():
        assert "/" not in name
        assert not name.startswith(".")
        assert text.endswith("\n")
        assert "\r" not in text
    known = {policy.id for policy in given.policies} | {"*"}
    for missing in export.not_expressed:
        assert missing.policy in known
        assert missing.what
        assert missing.why
    empty = exporter.render(PolicySet((), "2026-11-20"))
    assert empty.files
    return export
