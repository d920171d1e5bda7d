"""Figures of calls down to rows of files: requests and tokens, one run's cost, and what was wasted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from finops.config import Settings
from finops.core.periods import Period
from finops.core.result import Column, Result
from finops.core.units.call_cost import CallRates
from finops.core.units.economics import divided
from finops.core.units.waste import priced_calls
from finops.errors import DataError, UsageError
from finops.ledger import unit_counts
from finops.ledger.call_lines import call_lines
from finops.ledger.store import Reader, open_reader
from finops.steps.tracing.cost import cost_lines, require_same_rules

Row = dict[str, Any]
_ZERO = Decimal(0)
CALL_NAMES = ("tenant", "agent", "workflow", "model")
WASTE_NAMES = ("cause", *CALL_NAMES, "service", "region", "instance_type")
_CAPACITY = ("idle", "unused_commitment")
COLUMNS = (
    *(Column("file", "File"), Column("line", "Row", "count"), Column("day", "Day", "date"), Column("cause", "Cause")),
    *(
        Column("run", "Run", wide_only=True),
        *(Column(name, name.capitalize(), wide_only=name != "agent") for name in CALL_NAMES[:3]),
    ),
    *(Column("model", "Model"), Column("weight", "Stands for", "number", wide_only=True), Column("tokens", "Tokens", "count")),
    *(Column("currency", "Currency", wide_only=True), Column("list_cost", "At list price", "money", "list_cost")),
    Column("cost", "Cost", "money", "effective_cost"),
)


def request_lines(
    reader: Reader, settings: Settings, where: Mapping[str, str | None], period: Period | None, meta: Row
) -> Result:
    """Calls of models: their number and tokens, each as many times as it stands for, add up to those of `cost --unit`."""
    allocation = require_same_rules(reader, settings)
    first, last = (period.first, period.last) if period else unit_counts.known_span(reader) or (settings.as_of, settings.as_of)
    last = min(last, settings.as_of)
    conditions = ["c.counted", "c.model IS NOT NULL", "business_day(c.start_time) BETWEEN $1 AND $2"]
    parameters: list[Any] = [first, last]
    for name, value in where.items():
        if value is not None:
            parameters.append(value)
        conditions.append(f"c.{name} IS NULL" if value is None else f"c.{name} = ${len(parameters)}")
    rows = [_told(row, None, None) for row in call_lines(reader, allocation, " AND ".join(conditions), parameters)]
    told = [
        row
        for row in unit_counts.requests(reader, CALL_NAMES, first, last + timedelta(days=1))
        if all(row[name] == value for name, value in where.items())
    ]
    requests, tokens = (sum((row[name] or _ZERO for row in told), _ZERO) for name in ("requests", "tokens"))
    found = (sum((row["weight"] for row in rows), _ZERO), sum((row["weight"] * (row["tokens"] or 0) for row in rows), _ZERO))
    if found != (requests, tokens):
        raise _off(settings)
    notes = ["rows stand for as many calls as sampling left out; cost of a call: `finops explain traces --trace --where run=RUN`"]
    return Result(COLUMNS, rows, [{"requests": _number(requests), "tokens": _number(tokens)}], meta, notes)


def run_lines(reader: Reader, settings: Settings, where: Mapping[str, str | None], meta: Row) -> Result:
    """The calls of one run, with what each cost: list price by what its owner's calls of the day cost by bill or estimate."""
    run = where.get("run")
    if run is None:
        raise UsageError("the rows of one run can be traced", where="--where", hint="run=RUN; `finops traces` lists them")
    allocation = require_same_rules(reader, settings)
    rows = call_lines(reader, allocation, "c.run_id = $1 AND c.counted", [run])
    if not rows:
        raise DataError(f"no run `{run}` is in the ledger", where="--where", hint="`finops traces` lists runs with their names")
    days = sorted({row["day"] for row in rows})
    rates = CallRates(reader.read("call_rates", first=days[0], end=days[-1] + timedelta(days=1)))
    priced = [rates.at_bill(row, row["list_cost"]) for row in rows]
    told = [_told(row, None, row["cost"]) for row in priced]
    notes = [
        "cost: list price x (cost of the owner's calls of that model and day / their list price); the former's rows: "
        "`finops explain cost --trace --where agent=AGENT --where model=MODEL --where day=DAY`"
    ]
    return Result(COLUMNS, told, _sums(told), meta, notes)


def waste_lines(reader: Reader, settings: Settings, where: Mapping[str, str | None], period: Period, meta: Row) -> Result:
    """Calls under their cause, each with its share of what such calls of its owner, model and day cost, and the rows of bills
    behind idle and unused capacity."""
    allocation = require_same_rules(reader, settings)
    window: Row = {"first": period.first, "end": period.end}
    rows: list[Row] = []
    cause = where.get("cause")
    if cause not in _CAPACITY:
        rows += _wasted_calls(reader, settings, allocation, where, window)
    own = {name: value for name, value in where.items() if name != "cause"}
    if cause in (None, "idle") and not set(own) & set(CALL_NAMES):
        with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as billed:
            idle = cost_lines(billed, settings, {**own, "agent": "__idle__"}, days="c.charge_day", **window, meta=meta)
        rows += [
            {
                **_EMPTY,
                **{name: row.get(name) for name in ("file", "line", "currency")},
                "day": row["charge_day"],
                "cause": "idle",
            }
            | {"cost": row["effective"], "agent": row["agent"]}
            for row in idle.rows
        ]
    if cause in (None, "unused_commitment") and not set(own) & {*CALL_NAMES, "instance_type"}:
        rows += [row for row in _unused(reader, settings, window) if all(row[name] == value for name, value in own.items())]
    totals = _sums(rows)
    notes = ["rows without a file are estimates of idle hours, for which no bill has come; calls without a price have no cost"]
    return Result(COLUMNS, rows, totals, meta, notes)


_EMPTY = dict.fromkeys(column.key for column in COLUMNS)


def _wasted_calls(
    reader: Reader, settings: Settings, allocation: Any, where: Mapping[str, str | None], window: Mapping[str, Any]
) -> list[Row]:
    tokens = reader.read("waste_cache", **window)
    rates = reader.read("call_rates", **window)

    def found(*, by_call: bool) -> list[Row]:
        rows = priced_calls(reader.read("waste_calls", **window, by_outcome=True, by_call=by_call), rates, tokens)
        kept = [row for row in rows if all(row.get(name) == value for name, value in where.items())]
        return [row for row in kept if settings.currency in (None, row["currency"])]

    groups = {_group(row): row for row in found(by_call=False)}
    calls: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in found(by_call=True):
        calls[_group(row)].append(row)
    shares: dict[str, Row] = {}
    for key, group in groups.items():
        amounts = _shared(group["cost"], [row["weighed"] for row in calls[key]])
        shares |= {row["call_key"]: {**row, "cost": cost} for row, cost in zip(calls[key], amounts, strict=True)}
    condition = "c.call_day >= $1 AND c.call_day < $2 AND list_contains($3, c.call_key)"
    lines = call_lines(reader, allocation, condition, [window["first"], window["end"], sorted(shares)]) if shares else []
    if len(lines) != len(shares):
        raise _off(settings)
    return [
        _told(
            {**row, **{name: shares[row["call_key"]][name] for name in ("list_cost", "currency")}},
            shares[row["call_key"]]["cause"],
            shares[row["call_key"]]["cost"],
        )
        for row in lines
    ]


def _group(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("cause", "day", *CALL_NAMES, "provider", "listed_in"))


def _shared(cost: Decimal | None, parts: Sequence[Decimal | None]) -> list[Decimal | None]:
    """The cost over the parts, in order, to the last stored digit; a part without a price has none."""
    total = sum((part or _ZERO for part in parts), _ZERO)
    if cost is None or not total:
        return [None for _ in parts]
    shares: list[Decimal | None] = []
    reached = before = _ZERO
    for part in parts:
        reached += part or _ZERO
        upto = divided(cost * reached, total)
        shares.append(None if part is None else upto - before)
        before = upto
    return shares


def _unused(reader: Reader, settings: Settings, window: Mapping[str, Any]) -> list[Row]:
    found = reader.query(
        """
        SELECT d.path AS file, h.part_row AS line, CAST(h."ChargePeriodStart" AS DATE) AS day, h."BillingCurrency" AS currency,
            h."ServiceName" AS service, h."RegionId" AS region, h."EffectiveCost" AS cost
        FROM charge h
        JOIN batch b ON b.batch_id = h.batch_id
        JOIN delivery d ON d.delivery_id = b.delivery_id
        WHERE h."CommitmentDiscountStatus" = 'Unused' AND h."ChargePeriodStart" >= CAST($first AS DATE)
            AND h."ChargePeriodStart" < CAST($end AS DATE) AND ($currency IS NULL OR h."BillingCurrency" = $currency)
        ORDER BY d.path, h.part_row
        """,
        {**window, "currency": settings.currency},
    )
    return [{**_EMPTY, **row, "cause": "unused_commitment"} for row in found]


def _told(row: Row, cause: str | None, cost: Decimal | None) -> Row:
    return {**{column.key: row.get(column.key) for column in COLUMNS}, "cause": cause, "cost": cost}


def _sums(rows: Sequence[Row]) -> list[Row]:
    sums: dict[str, list[Decimal | None]] = defaultdict(lambda: [None, None])
    for row in rows:
        for place, name in enumerate(("list_cost", "cost")):
            if row["currency"] is not None and row[name] is not None:
                sums[row["currency"]][place] = (sums[row["currency"]][place] or _ZERO) + row[name]
    return [{"currency": currency, "list_cost": listed, "cost": cost} for currency, (listed, cost) in sorted(sums.items())]


def _number(quantity: Decimal) -> int | float:
    return int(quantity) if quantity == int(quantity) else float(quantity)


def _off(settings: Settings) -> DataError:
    hint = "`finops build --full`, then `finops doctor`"
    return DataError("the rows do not add up to the figure", where=str(settings.ledger), hint=hint)
