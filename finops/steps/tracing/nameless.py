"""The calls of `reconcile --unattributed` down to rows of files: which name nobody, and why each does not."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from finops.config import Settings
from finops.core.periods import Period
from finops.core.result import Column, Result
from finops.errors import DataError
from finops.ledger.nameless_calls import nameless_call_lines
from finops.ledger.store import Reader
from finops.steps.tracing.cost import require_same_rules

Row = dict[str, Any]
_KEYS = ("cause", "detail", "source")
COLUMNS = (
    *(Column("file", "File"), Column("line", "Row", "count"), Column("day", "Day", "date"), Column("cause", "Cause")),
    *(Column("detail", "Name"), Column("source", "Source", wide_only=True), Column("run", "Run", wide_only=True)),
    *(Column(name, name.capitalize(), wide_only=True) for name in ("tenant", "agent", "workflow")),
    *(Column("model", "Model"), Column("tokens", "Tokens", "count"), Column("currency", "Currency", wide_only=True)),
    Column("list_cost", "At list price", "money", "list_cost"),
)


def nameless_lines(
    reader: Reader, settings: Settings, dimension: str, where: Mapping[str, str | None], period: Period | None, meta: Row
) -> Result:
    """Rows of the calls that lack the dimension; as many as are told, and costing as much. DataError where they are not."""
    allocation = require_same_rules(reader, settings)
    first, end = (None, None) if period is None else (period.first, period.end)
    only = {name: value for name, value in where.items() if name in _KEYS}
    told = reader.read("unattributed_calls", first=first, end=end)

    def kept(row: Row) -> bool:
        return all(row[name] == value for name, value in only.items())

    rows = [row for row in nameless_call_lines(reader, allocation, dimension, first, end) if kept(row)]
    known = [row for row in told if row["dimension"] == dimension and kept(row)]
    if (len(rows), _cost(rows)) != (sum(row["calls"] for row in known), _cost(known)):
        hint = "`finops build --full`, then `finops doctor`"
        raise DataError("the rows do not add up to the figure", where=str(settings.ledger), hint=hint)
    totals = [
        {"currency": currency, "calls": len(own), "tokens": sum(row["tokens"] or 0 for row in own), "list_cost": _cost(own)}
        for currency in sorted({row["currency"] for row in rows}, key=str)
        for own in [[row for row in rows if row["currency"] == currency]]
    ]
    notes = ["one row a call, the one that the ledger took where several record it; a call's amount is its list price"]
    shown = [{column.key: row[column.key] for column in COLUMNS} for row in rows]
    return Result(COLUMNS, shown, totals, {**meta, "dimension": dimension}, notes)


def _cost(rows: list[Row]) -> Decimal:
    return sum((row["list_cost"] for row in rows if row["list_cost"] is not None), Decimal(0))
