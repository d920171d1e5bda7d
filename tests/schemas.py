"""The JSON that commands answer with, as JSON Schemas under schema/: `python -m tests.schemas` writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from finops.core.explaining.gap import CAUSES

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
    | {"cost_per_success": MONEY, "expected_monthly_loss": MONEY, "reasons": LIST, "action": TEXT, "action_what": TEXT}
    | _all(MONEY, "saving", "saving_low", "saving_high", "adds", "adds_low", "adds_high"),
    "anomalies": {"opened": DATE, "closed": DATE, "status": NAME, "path": NAME, "class": NAME, "currency": TEXT, "excess": MONEY}
    | {"expected": MONEY, "p_value": NUMBER, "cause": TEXT, "driver": TEXT, "offset": MONEY},
    "anomalies-state": {"opened": DATE, "path": NAME, "class": NAME, "status": NAME, "since_last": NAME, "excess": MONEY},
    "drift": {"since": DATE, "last": DATE, "path": NAME, "class": NAME, "change": NAME, "currency": TEXT, "with": LIST}
    | _all(MONEY, "effect", "effect_low", "effect_high")
    | _all(NUMBER, "bits", "usual"),
    "burn": {"budget": NAME, "path": NAME, "kind": NAME, "status": NAME, "opened": DATE, "closed": DATE}
    | _all(TEXT, "currency", "window", "mostly", "mostly_path")
    | _all(NUMBER, "used", "burn", "highest")
    | _all(MONEY, "cost", "runs_cost"),
    "bridge": {"driver": NAME, "meaning": NAME, "currency": NAME, "effect": MONEY, "share": NUMBER},
    "bridge-forecast": {"driver": NAME, "meaning": NAME, "currency": NAME, "effect": MONEY, "share": NUMBER},
    "volatility": {"agent": NAME, "currency": NAME, "days": COUNT, "peak_day": DATE}
    | _all(MONEY, "mean", "peak", "at_risk")
    | _all(NUMBER, "peak_to_mean", "peak_hour_to_mean", "variation", "demand", "price", "retries", "other"),
    "models": {"group": NAME, "model": NAME, "currency": TEXT, "verdict": TEXT, "dominated_by": TEXT, "frontier": FLAG}
    | _all(COUNT, "rank", "runs", "accepted")
    | _all(NUMBER, "success_rate", "success_low", "success_high")
    | _all(MONEY, "cost_per_run", "cost_per_success", "cost_per_success_low", "cost_per_success_high"),
    "spot": _all(TEXT, "provider", "region", "instance_type", "price_source")
    | {"plan": NAME, "nodes": COUNT, "currency": NAME, "price_as_of": DATE}
    | _all(
        NUMBER, "hazard_per_hour", "checkpoint_h", "billed_h", "interruptions", "makespan_h", "makespan_p95_h", "late", "saving"
    )
    | _all(MONEY, "cost", "cost_p50", "cost_p95", "hourly_price"),
    "mix": {"machine": NAME, "purchase_option": TEXT, "machines": COUNT, "currency": NAME, "price_as_of": DATE}
    | _all(MONEY, "hourly_price", "hourly_cost", "monthly_cost"),
    "commitments": _all(NAME, "plan", "currency")
    | _all(TEXT, "provider", "region", "instance_type", "layers", "price_source")
    | _all(NUMBER, "units", "break_even", "utilisation", "coverage", "savings_rate", "demand")
    | _all(MONEY, "saving", "saving_p10", "saving_p50", "saving_p90", "at_risk", "monthly_cost", "unused_cost"),
    "waste": {"cause": NAME, "agent": TEXT, "calls": COUNT, "uncosted": COUNT, "currency": TEXT, "share": NUMBER}
    | _all(MONEY, "list_cost", "cost"),
    "traces": _all(TEXT, "workflow", "agent", "tenant", "currency", "bottleneck", "status", "dear")
    | {"run": NAME, "start_time": DATE, "cost": MONEY, "list_cost": MONEY, "model_calls": COUNT, "seconds": NUMBER}
    | {"accepted": FLAG},
    "bench-list": _all(TEXT, "workload", "tool", "model", "revision", "provider", "region", "instance_type", "hardware")
    | _all(COUNT, "count", "repeat", "completed", "failed")
    | {"time": DATE, "duration_s": NUMBER, "e2e_p95_ms": NUMBER},
    "bench-cost": _all(TEXT, "workload", "model", "provider", "region", "instance_type", "purchase_option", "unit", "reason")
    | _all(MONEY, "per_1m_output_tokens", "per_1m_total_tokens", "unit_cost", "hourly_price", "monthly_cost")
    | _all(COUNT, "count", "load", "repeats", "machines")
    | {"p95_ms": NUMBER, "busy": NUMBER, "price_as_of": DATE},
    "prices-diff": _all(TEXT, "provider", "region", "sku", "purchase_option", "unit", "currency")
    | {"kind": NAME, "from_day": DATE, "before": MONEY, "after": MONEY, "share": NUMBER, "used": NUMBER, "effect": MONEY},
    "prices-stale": _all(TEXT, "provider", "purchase_option", "source")
    | {"as_of": DATE, "age_days": COUNT, "stale": FLAG, "prices": COUNT, "regions": COUNT},
    "reconcile-rules": {"period": NAME, "rule": NAME, "finding": NAME, "line": COUNT, "billed": MONEY}
    | _all(TEXT, "what", "method", "driver", "joined_by", "window_used", "verdict", "currency"),
    "reconcile-unattributed": _all(NAME, "dimension", "what", "cause", "said")
    | _all(TEXT, "detail", "source", "currency", "remedy")
    | _all(COUNT, "calls", "unpriced_calls", "charges")
    | {"tokens": NUMBER, "amount": MONEY},
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
