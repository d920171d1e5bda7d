"""A few rows in, exact rows out: every case in the YAML files beside this one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from finops.core.contracts import CONTRACTS
from finops.core.settings import AccountMap, Rule, Workflow
from finops.core.talk import Silence
from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.runner import run_models
from tests.ledger.tables import Tables

HERE = Path(__file__).parent


def cases() -> Iterator[Any]:
    for path in sorted(HERE.glob("*.yml")):
        for case in yaml.safe_load(path.read_text(encoding="utf-8")):
            yield pytest.param(case, id=f"{path.stem}: {case['case']}")


@pytest.mark.parametrize("case", list(cases()))
def test_model(case: dict[str, Any]) -> None:
    database = Tables()
    database.insert("provider_alias", [{"alias": name, "provider": name} for name in ("openai", "aws", "anthropic")])
    for table, rows in case["given"].items():
        if table not in ("rule", "map", "workflow"):
            database.insert(table, [{**DEFAULTS.get(table, {}), **row} for row in rows])
    run_models(database, allocation(case["given"]), Silence())
    for model, expected in case["expect"].items():
        columns = ", ".join(expected["columns"])
        order = ", ".join(str(i + 1) for i in range(len(expected["columns"])))
        found = database.query(f"SELECT {columns} FROM {model} WHERE {expected.get('where', 'TRUE')} ORDER BY {order} NULLS LAST")
        assert [[plain(v) for v in row.values()] for row in found] == expected["rows"], model


DEFAULTS: dict[str, dict[str, Any]] = {
    "charge": {
        "BillingCurrency": "USD",
        "BillingPeriodStart": "2026-10-01",
        "ChargePeriodStart": "2026-10-05",
        "ChargePeriodEnd": "2026-10-06",
        "ChargeCategory": "Usage",
        "ServiceProviderName": "aws",
        "InvoiceIssuerName": "AWS",
        "BillingAccountId": "1",
    },
    "call": {"operation": "inference", "start_time": "2026-10-05 10:00:00", "trace": "t", "provider": "openai", "model": "m"},
    "meter": {"provider": "aws", "hour": "2026-10-05 10:00:00"},
    "price_token": {
        "batch": "b",
        "provider": "openai",
        "model": "m",
        "service_tier": "standard",
        "variant": "",
        "min_input_tokens": 0,
        "currency": "USD",
    },
    "outcome": {"time": "2026-10-05 12:00:00"},
}


def allocation(given: dict[str, Any]) -> Allocation:
    def made(shape: Any, name: str, lists: str) -> tuple[Any, ...]:
        return tuple(shape(**{k: tuple(v) if k == lists else v for k, v in row.items()}) for row in given.get(name, ()))

    return Allocation(
        maps=made(AccountMap, "map", ""), rules=made(Rule, "rule", "join"), workflows=made(Workflow, "workflow", "evaluators")
    )


def plain(value: Any) -> Any:
    """As YAML writes it: amounts as text without trailing zeros."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}" if value else "0"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return value.isoformat() if isinstance(value, date) else value


def test_defaults_name_real_columns() -> None:
    for table, row in DEFAULTS.items():
        if table in CONTRACTS:
            assert set(row) <= set(CONTRACTS[table].names)
