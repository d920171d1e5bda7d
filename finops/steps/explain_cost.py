"""Cost down to rows of bills: each row's share with the rule and the weight that made it, adding up to the figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from finops.config import Settings
from finops.core.result import Column, Result
from finops.errors import DataError
from finops.ledger.engine.build import built_by, fingerprint_of
from finops.ledger.store import Reader
from finops.ledger.tracing import AMOUNTS, cost_totals, estimated_rows, trace_rows, wanted
from finops.steps.build import allocation_of

Row = dict[str, Any]
_OWNERS = (Column("tenant", "Tenant"), Column("agent", "Agent"), Column("workflow", "Workflow"))
TRACE = (
    *(Column("file", "File"), Column("line", "Row", "count"), Column("charge_day", "Day", "date")),
    *(
        Column("service", "Service", wide_only=True),
        Column("sku", "SKU", wide_only=True),
        Column("model", "Model", wide_only=True),
    ),
    *(Column(c.key, c.label, wide_only=True) for c in _OWNERS),
    *(Column("method", "Method", wide_only=True), Column("rule", "Rule"), Column("driver", "Driver", wide_only=True)),
    *(Column("weight", "Weight", "count", wide_only=True), Column("weight_total", "Of", "count", wide_only=True)),
    *(Column("prices", "Prices", wide_only=True), Column("currency", "Currency", wide_only=True)),
    Column("line_billed", "Row billed", "money", "billed_cost"),
    *(Column("billed", "Billed", "money", "billed_cost"), Column("effective", "Effective", "money", "effective_cost")),
    *(Column("list", "List", "money", "list_cost", wide_only=True),),
    Column("contracted", "Contracted", "money", "contracted_cost", wide_only=True),
)


def cost_lines(
    reader: Reader,
    settings: Settings,
    where: Mapping[str, str | None],
    *,
    month: date | None = None,
    first: date | None = None,
    end: date | None = None,
    days: Literal["c.business_day", "c.charge_day"] = "c.business_day",
    meta: Mapping[str, Any],
    notes: Sequence[str] = (),
    basis: Literal["billed", "estimated"] | None = None,
) -> Result:
    """The rows behind the cube's cost of the names in `where`, a billing month or days of business; of one basis, or of both.
    Raises DataError where they do not add up to it."""
    allocation = require_same_rules(reader, settings)
    shares = wanted(where, days=days, month=month, first=first, end=end, currency=settings.currency)
    rows = [] if basis == "estimated" else trace_rows(reader, allocation, shares)
    lineless = dict.fromkeys(("file", "line", "weight", "weight_total", "line_billed"))
    rows += [{**row, **lineless} for row in (estimated_rows(reader, shares) if basis != "billed" else ())]
    totals = totals_of(rows)
    known = [
        {name: value or Decimal(0) if name in AMOUNTS else value for name, value in row.items()}
        for row in cost_totals(reader, shares, basis)
    ]
    if totals != known:
        raise DataError(
            "the rows do not add up to the cost", where=str(settings.ledger), hint="`finops build --full`, then `finops doctor`"
        )
    said = ["shares of rows add up to the cost to the last digit; rows without a file are estimates"]
    if any(row["file"] is None for row in rows):
        said.append("estimates are calls and metered hours at list price: `finops explain requests --trace` has the calls")
    return Result(TRACE, rows, totals, meta, [*said, *notes])


def require_same_rules(reader: Reader, settings: Settings) -> Any:
    """The allocation in force; an error where it is not the one that the ledger was built by."""
    allocation = allocation_of(settings)
    if built_by(reader) != fingerprint_of(allocation):
        raise DataError("the configuration has changed since the last build", where=str(settings.ledger), hint="`finops build`")
    return allocation


def totals_of(rows: Sequence[Row]) -> list[Row]:
    """Sums of the four amounts by currency."""
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: dict.fromkeys(AMOUNTS, Decimal(0)))
    for row in rows:
        for name in AMOUNTS:
            sums[row["currency"]][name] += row[name] or 0
    return [{"currency": currency, **amounts} for currency, amounts in sorted(sums.items())]
