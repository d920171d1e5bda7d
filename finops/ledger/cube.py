"""Questions to the cost cube: any grouping, one metric, a period and conditions."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.section_checks import COST_SCOPE
from finops.errors import DataError, UsageError
from finops.ledger.store import Reader

BILLED_MONTH = "strftime(c.billing_month, '%Y-%m')"
INCURRED_MONTH = "strftime(c.business_day, '%Y-%m')"
DIMENSIONS: Mapping[str, str] = {
    **{name: f"c.{name}" for name in COST_SCOPE},
    "day": "strftime(c.charge_day, '%Y-%m-%d')",
    "month": BILLED_MONTH,
}
"""What cost may be grouped by, and the cube's expression for it. `month` is the billing month, or the month incurred in the zone
of the calendar; days are UTC."""

METRICS = ("billed", "effective", "contracted", "list")


@dataclass(frozen=True)
class CubeQuestion:
    """`first` up to `end` are days in UTC; `month` is the first day of a billing month, or of a business month if `incurred`."""

    by: tuple[str, ...]
    metric: str
    incurred: bool = False
    month: date | None = None
    first: date | None = None
    end: date | None = None
    where: Mapping[str, str | None] | None = None
    currency: str | None = None


def cube_rows(reader: Reader, question: CubeQuestion) -> list[dict[str, Any]]:
    """Rows with the dimensions, currency, basis and cost, the largest cost first; time runs forward where it comes first."""
    require_built(reader, question.currency)
    keys = [f"{_expression(name, question.incurred)} AS {name}" for name in question.by]
    group = [str(i) for i in range(1, len(keys) + 3)]
    conditions, parameters = _conditions(question)
    order = "1, " if question.by and question.by[0] in ("day", "month") else ""
    names = "".join(f", {name} NULLS LAST" for name in question.by)
    return reader.query(
        f"SELECT {', '.join([*keys, 'c.currency AS currency', 'c.basis AS basis'])}, "
        f"CAST(sum(c.{question.metric}) AS DECIMAL(38, 12)) AS cost FROM fct_cost c "
        f"{('WHERE ' + ' AND '.join(conditions)) if conditions else ''} GROUP BY {', '.join(group)} "
        f"ORDER BY {order}currency, cost DESC NULLS LAST{names}, basis",
        parameters or None,
    )


def cube_totals(reader: Reader, question: CubeQuestion) -> list[tuple[str, Decimal | None]]:
    """Currency and cost of everything that the question covers."""
    whole = CubeQuestion(
        (), question.metric, question.incurred, question.month, question.first, question.end, question.where, question.currency
    )
    totals: dict[str, Decimal | None] = {}
    for row in cube_rows(reader, whole):
        before = totals.get(row["currency"])
        totals[row["currency"]] = row["cost"] if before is None else before + (row["cost"] or 0)
    return sorted(totals.items())


def conversion_residue(reader: Reader, question: CubeQuestion) -> Decimal:
    """Of a reader that tells cost in one currency: what cutting each amount to the stored digit left of what each day's sum of a
    currency comes to, in the currency that is told."""
    conditions, parameters = _conditions(replace(question, currency=None))
    one = "money_of(money_muldiv(money_units({0}), r.weight, r.weight_total))"
    amount = f"c.{question.metric}"
    whole, parts = one.format(f"CAST(sum({amount}) AS DECIMAL(38, 12))"), f"sum({one.format(amount)})"
    (row,) = reader.query(
        f"SELECT CAST(sum(d.whole - d.parts) AS DECIMAL(38, 12)) AS residue FROM (SELECT {whole} AS whole, {parts} AS parts"
        " FROM ledger.fct_cost c JOIN exchange_rate r ON r.day = c.charge_day AND r.base = c.currency"
        f" {('WHERE ' + ' AND '.join(conditions)) if conditions else ''}"
        " GROUP BY c.charge_day, c.currency, r.weight, r.weight_total) d",
        parameters or None,
    )
    return row["residue"] or Decimal(0)


def require_built(reader: Reader, currency: str | None = None) -> None:
    """An error where nothing has been built yet, or where there is cost but none in the currency that was asked for."""
    if not reader.query("SELECT 1 AS one FROM duckdb_tables() WHERE table_name = 'fct_cost'"):
        raise DataError("nothing has been built yet from what was ingested", where=str(reader.path), hint="`finops build`")
    if currency is None:
        return
    known = [row["currency"] for row in reader.query("SELECT DISTINCT c.currency FROM fct_cost c ORDER BY c.currency")]
    if known and currency not in known:
        raise UsageError(f"no cost is in `{currency}`", where="--currency", hint=f"there is cost in {', '.join(known)}")


def checked_dimensions(names: Sequence[str], option: str = "--by") -> tuple[str, ...]:
    """The dimensions, if cost can be grouped by each."""
    for name in names:
        if name not in DIMENSIONS:
            nearest = difflib.get_close_matches(name, list(DIMENSIONS), 1)
            hint = f"did you mean `{nearest[0]}`?" if nearest else "one of: " + ", ".join(DIMENSIONS)
            raise UsageError(f"cost can't be grouped by `{name}`", where=option, hint=hint)
    if len(set(names)) < len(names):
        raise UsageError("a dimension is named twice", where=option)
    return tuple(names)


def _expression(name: str, incurred: bool) -> str:
    return INCURRED_MONTH if name == "month" and incurred else DIMENSIONS[name]


def _conditions(question: CubeQuestion) -> tuple[list[str], list[Any]]:
    conditions: list[str] = []
    parameters: list[Any] = []

    def add(condition: str, value: Any) -> None:
        parameters.append(value)
        conditions.append(condition.replace("?", f"${len(parameters)}"))

    if question.month is not None:
        add("date_trunc('month', c.business_day) = ?" if question.incurred else "c.billing_month = ?", question.month)
    if question.first is not None:
        add("c.charge_day >= ?", question.first)
    if question.end is not None:
        add("c.charge_day < ?", question.end)
    if question.currency is not None:
        add("c.currency = ?", question.currency)
    for name, value in sorted((question.where or {}).items()):
        if value is None:
            conditions.append(f"{_expression(name, question.incurred)} IS NULL")
        else:
            add(f"{_expression(name, question.incurred)} = ?", value)
    return conditions, parameters
