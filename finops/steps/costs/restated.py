"""What a restated month costs each owner before and after."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from finops.config import Settings
from finops.core.numbers import plain_decimal
from finops.ledger.engine.build import months_to_restate
from finops.ledger.store import open_reader

Costs = dict[tuple[str, str, str], Decimal]
"""Month, tenant and currency to what was billed."""


def owner_costs(settings: Settings, months: Sequence[str]) -> Costs:
    """What the months cost each tenant by the models as they are; nothing where they were never built."""
    if not months or not settings.ledger.is_file():
        return {}
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        if not reader.query("SELECT 1 AS one FROM duckdb_tables() WHERE table_name = 'fct_cost'"):
            return {}
        rows = reader.query(
            "SELECT strftime(billing_month, '%Y-%m') AS month, tenant, currency, sum(billed) AS billed FROM fct_cost"
            " WHERE basis = 'billed' AND strftime(billing_month, '%Y-%m') IN (SELECT unnest($1)) GROUP BY ALL",
            [list(months)],
        )
    return {(row["month"], row["tenant"], row["currency"]): row["billed"] for row in rows}


def with_earlier(settings: Settings, months: Sequence[str]) -> list[str]:
    """These months, and those that an earlier load without a build has left to be restated."""
    if not settings.ledger.is_file():
        return list(months)
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        return sorted({*months, *(f"{month:%Y-%m}" for month in months_to_restate(reader))})


def owner_differences(before: Costs, after: Costs) -> list[str]:
    """The owners whose cost changed, in words."""
    told = []
    for key in sorted(before | after):
        was, is_ = before.get(key, Decimal(0)), after.get(key, Decimal(0))
        if was != is_:
            month, tenant, currency = key
            sign = "+" if is_ > was else ""
            change = f"({sign}{plain_decimal(is_ - was)})"
            told.append(f"restated: {month} {tenant}: {plain_decimal(was)} -> {plain_decimal(is_)} {currency} {change}")
    return told
