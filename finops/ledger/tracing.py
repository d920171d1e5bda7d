"""Follows cost down to rows of input files: each row's share by the two-way rule of core.money, adding up exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from finops.ledger.charge_views import charge_views
from finops.ledger.cube import DIMENSIONS
from finops.ledger.engine.compiling import Allocation
from finops.ledger.store import Reader

AMOUNTS = ("billed", "effective", "list", "contracted")
_NOT_KEYS = frozenset((*AMOUNTS, "batch_id", "part_row", "charges", "hours"))


@dataclass(frozen=True)
class Wanted:
    """Which shares to follow: conditions on columns of the cube, each row under the alias `c`, and their parameters."""

    conditions: tuple[str, ...] = ()
    parameters: tuple[Any, ...] = ()

    @property
    def sql(self) -> str:
        return " AND ".join(self.conditions) or "true"


def wanted(
    where: Mapping[str, Any],
    *,
    days: Literal["c.business_day", "c.charge_day"] = "c.business_day",
    month: date | None = None,
    first: date | None = None,
    end: date | None = None,
    currency: str | None = None,
) -> Wanted:
    """Names of dimensions with the value that each must have (None: unknown), the billing month, and days of business, or of
    use in UTC."""
    conditions: list[str] = []
    parameters: list[Any] = []
    given = [(f"{DIMENSIONS[name]} = ?", value) for name, value in where.items() if value is not None]
    given += [
        ("c.billing_month = ?", month),
        (f"{days} >= ?", first),
        (f"{days} < ?", end),
        ("c.currency = ?", currency),
    ]
    for condition, value in given:
        if value is not None:
            parameters.append(value)
            conditions.append(condition.replace("?", f"${len(parameters)}"))
    conditions += [f"{DIMENSIONS[name]} IS NULL" for name, value in where.items() if value is None]
    return Wanted(tuple(conditions), tuple(parameters))


def trace_rows(reader: Reader, allocation: Allocation, shares: Wanted) -> list[dict[str, Any]]:
    """One row per line of a bill and owner that has a wanted share in it, with the line's amount, the rule, the ratio and the
    share. A share of an amount that the line does not state is null."""
    found = reader.query(f"SELECT DISTINCT c.charge_day FROM fct_allocation c WHERE {shares.sql}", list(shares.parameters))
    if not found:
        return []
    rows: list[dict[str, Any]] = []
    months = {row["charge_day"].replace(day=1) for row in found}
    for _, own in charge_views(reader, allocation, months):
        within = ", ".join(f"DATE '{month}'" for month in sorted(own))
        rows += _rows_of(reader, f"{shares.sql} AND month_of(c.charge_day) IN ({within})", list(shares.parameters))
    return sorted(rows, key=lambda row: (row["file"], row["line"], row["tenant"], row["agent"], row["workflow"]))


def _rows_of(reader: Reader, conditions: str, parameters: list[Any]) -> list[dict[str, Any]]:
    return reader.query(
        _TRACE.format(
            match=_pool_match(reader),
            conditions=conditions,
            lines=", ".join(f"s.line_{amount}" for amount in AMOUNTS),
            shares=_SHARES,
            sums=_SUMS,
            units=_UNITS,
        ),
        parameters,
    )


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
        c.pool_id, c.tenant, c.agent, c.workflow, c.method, c.rule, c.driver, c.weight, c.weight_total, c.charge_day,
        sum(c.weight) OVER (
            PARTITION BY c.pool_id ORDER BY c.tenant, c.agent, c.workflow ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS weight_upto,
        ({conditions}) AS is_wanted
    FROM fct_allocation c
    WHERE c.pool_id IN (SELECT c.pool_id FROM fct_allocation c WHERE {conditions})
),
own_pool AS (
    SELECT p.* FROM fct_pool p WHERE p.pool_id IN (SELECT c.pool_id FROM fct_allocation c WHERE {conditions})
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
    SELECT m.*, a.tenant, a.agent, a.workflow, a.method, a.rule, a.driver, a.charge_day,
        a.weight, a.weight_total, a.weight_upto, a.is_wanted
    FROM summed m
    JOIN share a ON a.pool_id = m.pool_id
)
SELECT
    s.file, s.part_row AS line, s.charge_day, p.service, p.sku, p.model, p.instance_type, s.tenant, s.agent, s.workflow,
    s.method, s.rule, s.driver, s.weight, s.weight_total, p.currency, {lines},
    {shares}
FROM s
JOIN fct_pool p ON p.pool_id = s.pool_id
WHERE s.is_wanted
ORDER BY s.file, s.part_row, s.tenant, s.agent, s.workflow
"""


def estimated_rows(reader: Reader, shares: Wanted) -> list[dict[str, Any]]:
    """Wanted cost that no bill has yet, by day and place, with the batch of prices behind it."""
    return reader.query(
        f"""
        SELECT c.charge_day, c.service, c.model, c.instance_type, c.token_class, c.tenant, c.agent, c.workflow, c.method, c.rule,
            c.currency, b.batch AS prices, c.billed, c.effective, c.list, c.contracted
        FROM (SELECT e.*, CAST(NULL AS VARCHAR) AS issuer, CAST(NULL AS VARCHAR) AS invoice FROM fct_estimate e) c
        LEFT JOIN price_month b ON b.call_month = c.billing_month AND c.model IS NOT NULL
        WHERE {shares.sql}
        ORDER BY c.charge_day, c.service, c.model NULLS LAST, c.instance_type NULLS LAST, c.token_class NULLS LAST, c.tenant,
            c.agent, c.workflow, c.account NULLS LAST, c.region NULLS LAST
        """,
        list(shares.parameters),
    )


def cost_totals(reader: Reader, shares: Wanted, basis: str | None = None) -> list[dict[str, Any]]:
    """What the cube says of the same shares, by currency; an amount that nothing states is null."""
    own = "" if basis is None else f" AND c.basis = '{basis}'"
    sums = ", ".join(f"CAST(sum(c.{amount}) AS DECIMAL(38, 12)) AS {amount}" for amount in AMOUNTS)
    return reader.query(
        f"SELECT c.currency, {sums} FROM fct_cost c WHERE {shares.sql}{own} GROUP BY 1 ORDER BY 1", list(shares.parameters)
    )
