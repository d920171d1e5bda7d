"""The neutral document: fits its published schema, loses nothing, and the schema refuses what is wrong."""

from __future__ import annotations

import json
from decimal import Decimal

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from finops.core.settings import Action
from finops.policies.base import Guardrail, Policy, PolicySet
from finops.policies.neutral import EXPORTER, SCHEMA_NAME, document, schema_text
from tests.kits.exporter_kit import policy_set

SCHEMA = json.loads(schema_text())
AMOUNTS = st.decimals(min_value=0, max_value=10**9, places=12, allow_nan=False, allow_infinity=False)


def exported(policies: PolicySet) -> dict[str, object]:
    return yaml.safe_load(EXPORTER.render(policies).files["budgets.yaml"])  # type: ignore[no-any-return]


def test_fits_the_published_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.validate(exported(policy_set()), SCHEMA)
    jsonschema.validate(exported(PolicySet((), "2026-11-20")), SCHEMA)


def test_the_schema_stands_beside_the_document() -> None:
    files = EXPORTER.render(policy_set()).files
    assert json.loads(files[SCHEMA_NAME]) == SCHEMA
    assert files["budgets.yaml"].startswith(f"# yaml-language-server: $schema={SCHEMA_NAME}\n")


@given(amount=AMOUNTS, action=st.sampled_from(Action.__args__), name=st.text(min_size=1, max_size=40))  # type: ignore[attr-defined]
def test_reads_back_as_written(amount: Decimal, action: str, name: str) -> None:
    target = "small" if action == "downgrade" else None
    rail = Guardrail(Decimal("0.85"), action, target)  # type: ignore[arg-type]
    policies = PolicySet((Policy(name, {"tenant": name}, "week", amount, "EUR", (rail,)),), "2026-11-20")
    read = exported(policies)
    assert read == json.loads(json.dumps(document(policies)))
    jsonschema.validate(read, SCHEMA)
    assert Decimal(read["policies"][0]["budget"]["amount"]) == amount  # type: ignore[index]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("kind",), "Budget"),
        (("policies", 0, "budget", "amount"), 12.5),
        (("policies", 0, "budget", "amount"), "1e3"),
        (("policies", 0, "budget", "period"), "year"),
        (("policies", 0, "scope"), {"team": "x"}),
        (("policies", 0, "bugdet"), {}),
        (("policies", 0, "guardrails"), [{"at": "1", "action": "downgrade"}]),
        (("metadata", "ledgerSnapshot"), "abc"),
    ],
)
def test_the_schema_refuses(path: tuple[str | int, ...], value: object) -> None:
    wrong = json.loads(json.dumps(document(policy_set())))
    place = wrong
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)
