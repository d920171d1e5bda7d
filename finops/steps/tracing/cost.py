"""Cost down to rows of bills: each row's share with the rule and the weight that made it, adding up to the figure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from finops.config import Settings
from finops.core.exchange import converted
from finops.core.result import Column, Result
from finops.errors import DataError
from finops.ledger.engine.build import built_by, fingerprint_of
from finops.ledger.store import Reader
from finops.ledger.tracing import AMOUNTS, cost_totals, estimated_rows, trace_rows, wanted
from finops.prices.exchange import read_exchange
from finops.steps.build import allocation_of
from finops.steps.reading import read_ledger

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
    *(Column("billed_in", "Billed in", wide_only=True), Column("rate", "Rate", "number", wide_only=True)),
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
    only = settings.currency if settings.reporting is None else None
    shares = wanted(where, days=days, month=month, first=first, end=end, currency=only)
    rows = [] if basis == "estimated" else trace_rows(reader, allocation, shares)
    lineless = dict.fromkeys(("file", "line", "weight", "weight_total", "line_billed"))
    rows += [{**row, **lineless} for row in (estimated_rows(reader, shares) if basis != "billed" else ())]
    totals = totals_of(rows)
    if totals != cost_totals(reader, shares, basis):
        raise DataError(
            "the rows do not add up to the cost", where=str(settings.ledger), hint="`finops build --full`, then `finops doctor`"
        )
    said = ["shares of rows add up to the cost to the last digit; rows without a file are estimates"]
    if any(row["file"] is None for row in rows):
        said.append("estimates are calls and metered hours at list price: `finops explain requests --trace` has the calls")
    if settings.reporting is not None:
        with read_ledger(settings) as told:
            rows, totals = _told_in(settings, rows, cost_totals(told, shares, basis))
        said.append("amounts are in the currency that cost is told in; `rate` and `billed_in` (`-v`) lead back to the files")
    return Result(TRACE, rows, totals, meta, [*said, *notes])


def _told_in(settings: Settings, rows: Sequence[Row], totals: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """The rows at the rate of their day. What cutting each to the stored digit leaves of the cost is on the largest."""
    assert settings.exchange_rates is not None
    exchange, quote = read_exchange(settings.exchange_rates), settings.reporting or ""
    found: list[Row] = []
    for row in rows:
        rate = exchange.rate(row["charge_day"], row["currency"], quote)
        amounts = {name: row[name] for name in (*AMOUNTS, "line_billed")}
        if rate is not None:
            amounts = {name: None if amount is None else converted(amount, rate) for name, amount in amounts.items()}
        currency = row["currency"] if rate is None else quote
        found.append({**row, **amounts, "billed_in": row["currency"], "rate": rate, "currency": currency})
    for total in totals:
        for name in AMOUNTS:
            if total[name] is None:
                continue
            own = [row for row in found if row["currency"] == total["currency"] and row[name] is not None]
            rest = total[name] - sum((row[name] for row in own), Decimal(0))
            if rest and own:
                largest = max(own, key=lambda row: abs(row[name]))
                largest[name] += rest
    return found, list(totals)


def require_same_rules(reader: Reader, settings: Settings) -> Any:
    """The allocation in force; an error where it is not the one that the ledger was built by."""
    allocation = allocation_of(settings)
    if built_by(reader) != fingerprint_of(allocation):
        raise DataError("the configuration has changed since the last build", where=str(settings.ledger), hint="`finops build`")
    return allocation


def totals_of(rows: Sequence[Row]) -> list[Row]:
    """Sums of the four amounts by currency; one that no row knows is unknown."""
    sums: dict[str, dict[str, Decimal | None]] = defaultdict(lambda: dict.fromkeys(AMOUNTS))
    for row in rows:
        own = sums[row["currency"]]
        for name in AMOUNTS:
            if row[name] is not None:
                own[name] = (own[name] or 0) + row[name]
    return [{"currency": currency, **amounts} for currency, amounts in sorted(sums.items())]
