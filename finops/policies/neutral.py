"""Budgets as a neutral YAML document, in the shape of the JSON Schema that is written beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from finops.policies.base import Export, Policy, PolicySet
from finops.policies.documents import plain, yaml_text

API_VERSION = "finops/v1alpha1"
SCHEMA_NAME = "budget-policy.schema.json"
_SCHEMA = Path(__file__).parent / SCHEMA_NAME


class _Neutral:
    """Says everything that a policy holds; nothing enforces it by itself."""

    name = "neutral"
    title = "neutral budget YAML with its JSON Schema"
    level: Literal["verified", "schema", "shape"] = "schema"

    def render(self, policies: PolicySet) -> Export:
        head = (f"yaml-language-server: $schema={SCHEMA_NAME}", "Amounts are text, exact. Windows are calendar periods.")
        return Export({"budgets.yaml": yaml_text(document(policies), head), SCHEMA_NAME: schema_text()})


EXPORTER = _Neutral()


def schema_text() -> str:
    """The published JSON Schema of the document."""
    return _SCHEMA.read_text(encoding="utf-8")


def document(policies: PolicySet) -> dict[str, Any]:
    """The whole document, in its fixed order."""
    return {
        "apiVersion": API_VERSION,
        "kind": "BudgetPolicyList",
        "metadata": {"asOf": policies.as_of, "ledgerSnapshot": policies.snapshot or None, "prices": policies.prices or None},
        "policies": [_policy(policy, policies.zone) for policy in sorted(policies.policies, key=lambda one: one.id)],
    }


def _policy(policy: Policy, zone: str) -> dict[str, Any]:
    return {
        "id": policy.id,
        "scope": dict(sorted(policy.scope.items())),
        "budget": {
            "amount": plain(policy.amount),
            "currency": policy.currency,
            "period": policy.period,
            "window": "calendar",
            "timezone": zone,
        },
        "guardrails": [
            {"at": plain(rail.at), "action": rail.action} | ({"toModel": rail.to_model} if rail.to_model else {})
            for rail in policy.guardrails
        ],
        "basis": policy.basis,
    }
