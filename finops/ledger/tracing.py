"""Follows an owner's cost down to rows of input files: each row's share by the two-way rule of core.money, adding up exactly."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from finops.ledger.charge_views import charge_views
from finops.ledger.engine.compiling import Allocation
from finops.ledger.store import Reader

AMOUNTS = ("billed", "effective", "list", "contracted")
_NOT_KEYS = frozenset((*AMOUNTS, "batch_id", "part_row", "hours"))


@dataclass(frozen=True)
class Owner:
    """A dimension (an owner's, or `model`) and a name, and the billing month to look at (None: all)."""

    dimension: str
    name: str
    month: date | None = None


def trace_rows(reader: Reader, allocation: Allocation, owner: Owner | None) -> list[dict[str, Any]]:
    """One row per line of a bill that the owner has a share in (None: every owner), with the line's amount, the rule, the ratio
    and the share. A share of an amount that the line does not state is null."""
    conditions, parameters = _conditions(owner)
    found = reader.query(f"SELECT DISTINCT a.charge_day FROM fct_allocation a WHERE {conditions}", parameters)
    if not found:
        return []
    rows: list[dict[str, Any]] = []
    months = {row["charge_day"].replace(day=1) for row in found}
    for _, own in charge_views(reader, allocation, months):
        within = ", ".join(f"DATE '{month}'" for month in sorted(own))
        rows += _rows_of(reader, f"{conditions} AND month_of(a.charge_day) IN ({within})", parameters)
    return sorted(rows, key=lambda row: (row["file"], row["line"], row["tenant"], row["agent"], row["workflow"]))


def _rows_of(reader: Reader, conditions: str, parameters: list[Any]) -> list[dict[str, Any]]:
    return reader.query(
        _TRACE.format(
            match=_pool_match(reader),
            conditions=conditions,
            own=conditions.replace("a.", "s.").replace("s.billing_month", "p.billing_month").replace("s.model", "p.model"),
            lines=", ".join(f"s.line_{amount}" for amount in AMOUNTS),
            shares=_SHARES,
            sums=_SUMS,
            units=_UNITS,
        ),
        parameters,
    )


def _conditions(owner: Owner | None) -> tuple[str, list[Any]]:
    if owner is None:
        return "true", []
    if owner.month is None:
        return f"a.{owner.dimension} = $1", [owner.name]
    return f"a.{owner.dimension} = $1 AND a.billing_month = $2", [owner.name, owner.month]


def _pool_match(reader: Reader) -> str:
    columns = [row["column_name"] for row in reader.query("DESCRIBE stg_charge_line")]
    return " AND ".join(f"l.{name} IS NOT DISTINCT FROM p.{name}" for name in columns if name not in _NOT_KEYS)


def _each(template: str) -> str:
    return ",\n        ".join(template.format(amount=amount) for amount in AMOUNTS)


_SHARES = _each(
    "CASE WHEN s.line_{amount} IS NOT NULL THEN"
    " money_of(split_units(s.{amount}_upto, s.weight_upto, s.weight, s.weight_total)"
    " - split_units(s.{amount}_upto - s.{amount}_units, s.weight_upto, s.weight, s.weight_total)) END AS {amount}"
)
"""T(C_i, W_j) - T(C_(i-1), W_j) - T(C_i, W_(j-1)) + T(C_(i-1), W_(j-1)) of the row i and the target j."""
_UNITS = _each("l.{amount} AS line_{amount}, coalesce(money_units(l.{amount}), 0) AS {amount}_units")
_SUMS = _each(
    "sum(n.{amount}_units) OVER (PARTITION BY n.pool_id ORDER BY n.file, n.part_row, n.batch_id"
    " ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS {amount}_upto"
)

_TRACE = """
WITH share AS (
    SELECT
        a.pool_id, a.tenant, a.agent, a.workflow, a.method, a.rule, a.driver, a.weight, a.weight_total, a.charge_day,
        sum(a.weight) OVER (
            PARTITION BY a.pool_id ORDER BY a.tenant, a.agent, a.workflow ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS weight_upto
    FROM fct_allocation a
    WHERE a.pool_id IN (SELECT a.pool_id FROM fct_allocation a WHERE {conditions})
),
own_pool AS (
    SELECT p.* FROM fct_pool p WHERE p.pool_id IN (SELECT a.pool_id FROM fct_allocation a WHERE {conditions})
),
line AS (
    SELECT
        p.pool_id, l.batch_id, l.part_row, d.path AS file,
        {units}
    FROM stg_charge_line l
    JOIN own_pool p ON {match}
    JOIN batch b ON b.batch_id = l.batch_id
    JOIN delivery d ON d.delivery_id = b.delivery_id
),
summed AS (
    SELECT
        n.*,
        {sums}
    FROM line n
),
s AS (
    SELECT m.*, a.tenant, a.agent, a.workflow, a.method, a.rule, a.driver, a.charge_day, a.weight, a.weight_total, a.weight_upto
    FROM summed m
    JOIN share a ON a.pool_id = m.pool_id
)
SELECT
    s.file, s.part_row AS line, s.charge_day, p.service, p.sku, p.model, p.instance_type, s.tenant, s.agent, s.workflow,
    s.method, s.rule, s.driver, s.weight, s.weight_total, p.currency, {lines},
    {shares}
FROM s
JOIN fct_pool p ON p.pool_id = s.pool_id
WHERE {own}
ORDER BY s.file, s.part_row, s.tenant, s.agent, s.workflow
"""
