"""The JSON that commands answer with, as JSON Schemas under schema/: `python -m tests.schemas` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finops.core.gap import CAUSES

FOLDER = Path(__file__).resolve().parent.parent / "schema"

TEXT: dict[str, Any] = {"type": ["string", "null"]}
NAME: dict[str, Any] = {"type": "string"}
COUNT: dict[str, Any] = {"type": ["integer", "null"], "minimum": 0}
NUMBER: dict[str, Any] = {"type": ["number", "null"]}
FLAG: dict[str, Any] = {"type": ["boolean", "null"]}
LIST: dict[str, Any] = {"type": "array"}
MONEY: dict[str, Any] = {
    "type": ["string", "null"],
    "pattern": r"^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$",
    "description": "a decimal in plain notation without trailing zeros; null is unknown, which is not 0",
}
DATE: dict[str, Any] = {"type": ["string", "null"], "pattern": r"^\d{4}-\d{2}-\d{2}"}


def _all(kind: dict[str, Any], *names: str) -> dict[str, Any]:
    return dict.fromkeys(names, kind)


ROWS: dict[str, dict[str, Any]] = {
    "ingest": _all(NAME, "source", "path", "status") | _all(COUNT, "rows", "rejected") | {"amount": MONEY, "currency": TEXT},
    "reconcile": _all(TEXT, "period", "issuer", "account", "currency")
    | _all(MONEY, "source_total", "rounding", "billed", "allocated", "difference", "invoice_total", "invoice_gap")
    | _all(MONEY, "direct", "metered", "shared", "idle", "left", "untagged", "unexplained", "estimated"),
    "reconcile-sources": {"period": NAME, "currency": NAME}
    | _all(TEXT, "provider", "account", "model", "use_by")
    | _all(MONEY, "traces_list", "gateway", "usage_report", "invoice", "gap", "unexplained", *CAUSES)
    | _all(MONEY, "sampling_within", "missing_spans_within")
    | {"gateways": LIST},
    "reconcile-expect": {"period": NAME, "currency": NAME, "hours": NUMBER}
    | _all(TEXT, "provider", "region", "instance_type", "purchase_option", "cause")
    | _all(MONEY, "expected", "cost", "difference"),
    "cost": {"currency": NAME, "basis": NAME, "cost": MONEY, "share": NUMBER},
    "place": _all(TEXT, "provider", "region", "instance_type", "purchase_option", "model", "reason", "unit")
    | {"count": COUNT, "feasible": FLAG, "unit_cost": MONEY, "monthly_cost": MONEY, "p95_ms": NUMBER, "price_as_of": DATE},
    "forecast": _all(MONEY, "spent", "expected", "unchanged", "budget", "p2_5", "p10", "p25", "p50", "p75", "p90", "p97_5")
    | {"period": NAME, "currency": NAME, "method": NAME, "confidence": NAME, "skill": NUMBER},
    "prices-list": _all(TEXT, "provider", "region", "purchase_option", "unit", "currency", "source")
    | {"price": MONEY, "as_of": DATE},
    "flag": {"agent": NAME, "workflow": TEXT, "verdict": NAME, "probability": NUMBER, "runs": COUNT, "cost": MONEY}
    | {"cost_per_success": MONEY, "expected_monthly_loss": MONEY, "reasons": LIST},
    "policy-export": {"consumer": NAME, "file": NAME, "level": NAME, "not_expressed": LIST},
}
"""What others may rely on; more keys may stand beside them."""


def schema(command: str) -> dict[str, Any]:
    """The JSON Schema of `finops COMMAND --format json`."""
    row = ROWS[command]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"finops {command.replace('-', ' ')} --format json",
        "type": "object",
        "required": ["schema_version", "meta", "rows", "totals"],
        "properties": {
            "schema_version": {"const": 1},
            "meta": {"type": "object"},
            "rows": {
                "type": "array",
                "items": {"type": "object", "required": sorted(row), "properties": dict(sorted(row.items()))},
            },
            "totals": {"type": "array", "items": {"type": "object"}},
        },
    }


def text(command: str) -> str:
    return json.dumps(schema(command), indent=2) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in ROWS:
        (FOLDER / f"{name}.schema.json").write_text(text(name), encoding="utf-8")
