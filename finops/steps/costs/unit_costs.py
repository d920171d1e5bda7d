"""What a unit of work costs by owner, model or time: per run, accepted run, request, tokens, seat or document; and margins."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.metrics import BY_ID
from finops.core.numbers import count, money_table
from finops.core.periods import Period, chosen_period, month_text
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.core.units.call_cost import CallRates
from finops.core.units.economics import (
    MILLION,
    UNITS,
    Unit,
    accepted_cost,
    divided,
    months_between,
    over_time,
    unit_cost,
    work_unit,
)
from finops.errors import UsageError
from finops.ledger import unit_counts
from finops.ledger.cube import require_built
from finops.ledger.store import Reader, one_state
from finops.ledger.unit_counts import PERIODS
from finops.steps.costs.unit_hosted import hosted_costs
from finops.steps.costs.work_units import work_costs
from finops.steps.reading import read_ledger

Row = dict[str, Any]
_ZERO = Decimal(0)
_OWNER = ("tenant", "agent", "workflow", "model")


def unit_costs(
    overrides: Overrides,
    *,
    unit: str,
    by: Sequence[str] = ("agent",),
    month: str | None = None,
    last: str | None = None,
    where: Mapping[str, str | None] | None = None,
    top: int = 0,
    talk: Talk,
) -> Result:
    """Effective cost by the dimensions `by` over the units that it bought, by business day; the totals hold everything, what has
    no owner too. A figure that is not known, or rests on too little, is null and `reason` says why."""
    settings = load_settings(overrides)
    chosen = _unit(unit, settings)
    by = _dimensions(chosen, by, where or {})
    period = chosen_period(month, last, settings.as_of)
    with read_ledger(settings) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        first, end = _span(reader, settings, period)
        rows = _rows(reader, settings, chosen, (*by, *(name for name in where or {} if name not in by)), first, end)
        totals = _rows(reader, settings, chosen, (), first, end)
        if chosen.name in ("seat", "revenue"):
            _whole_only(totals, _rows(reader, settings, chosen, ("tenant",), first, end))
        whole = unit_counts.costs(reader, (), first, end, None)
    estimated = [row for row in whole if settings.currency in (None, row["currency"])]
    among = [row["currency"] for row in whole if row["currency"]]
    rows = [row for row in rows if all(row[name] == value for name, value in (where or {}).items())]
    rows = sorted(rows, key=_in_order(by))
    notes = [
        *_notes(chosen, totals, estimated, among, by_class="token_class" in by),
        *(["the totals hold everything, not only what `--where` names"] if where else []),
    ]
    if top and len(rows) > top:
        notes.append(f"{len(rows) - top:,} more rows are not shown; the totals hold them all")
        rows = rows[:top]
    label = period.label if period else f"{first}/{end - timedelta(days=1)}"
    meta = {"currency": settings.currency, "metric": chosen.metric, "unit": chosen.name, "as_of": settings.as_of}
    return Result(_columns(chosen, by), rows, totals, {**meta, "period": label, "view": "incurred"}, notes)


def _unit(name: str, settings: Settings) -> Unit:
    own = [unit.name for unit in settings.units]
    if name not in UNITS and name not in own:
        hint = "one of: " + ", ".join(dict.fromkeys([*UNITS, *own])) + "; [[unit]] in finops.toml adds others"
        raise UsageError(f"there is no unit `{name}`", where="--unit", hint=hint)
    return UNITS[name] if name in UNITS else work_unit(name)


def _dimensions(unit: Unit, by: Sequence[str], where: Mapping[str, str | None]) -> tuple[str, ...]:
    for option, names in (("--by", by), ("--where", where)):
        for name in names:
            if name not in unit.dimensions:
                hint = f"one of: {', '.join(unit.dimensions)}"
                raise UsageError(f"cost per {unit.name} is not known by `{name}`", where=option, hint=hint)
    return tuple(dict.fromkeys(by))


def _span(reader: Reader, settings: Settings, period: Period | None) -> tuple[date, date]:
    known = unit_counts.known_span(reader)
    first, last = known or (settings.as_of, settings.as_of)
    tomorrow = settings.as_of + timedelta(days=1)
    if period is None:
        return first, max(min(last + timedelta(days=1), tomorrow), first)
    return period.first, max(min(period.end, tomorrow), period.first)


def _rows(reader: Reader, settings: Settings, unit: Unit, by: Sequence[str], first: date, end: date) -> list[Row]:
    if unit.name == "hosted_1m_tokens":
        return hosted_costs(reader, unit, by, first, end, settings.currency)
    if unit.name not in UNITS:
        return work_costs(reader, settings, unit, by, first, end)
    if "token_class" in by:
        return _by_class(reader, settings, unit, by, first, end)
    costs = unit_counts.costs(reader, by, first, end, settings.currency)
    if unit.name in ("seat", "revenue"):
        return _by_contract(settings, unit, costs, by, first, end)
    of_runs = unit.name in ("run", "accepted")
    made = _of_runs if of_runs else _of_requests
    counted = _keyed((unit_counts.runs if of_runs else unit_counts.requests)(reader, by, first, end), by)
    rows = [made(unit, row, by, counted.get(_key(row, by), {})) for row in costs]
    if settings.currency is None:  # work of which no cost is known is told, not left out
        nothing = dict.fromkeys(("currency", "cost", "ai_cost"))
        with_cost = {_key(row, by) for row in costs}
        rows += [made(unit, {**found, **nothing}, by, found) for key, found in counted.items() if key not in with_cost]
    return [row for row in rows if row["cost"] is not None or row["units"]]


def _in_order(by: Sequence[str]) -> Any:
    """Dearest first; months in order, within the names before them."""
    at = max((by.index(name) + 1 for name in PERIODS if name in by), default=0)
    before = by[:at]
    return lambda row: (*(str(row[name] or "") for name in before), -(row["cost"] or 0), str(row))


def _of_runs(unit: Unit, cost: Row, by: Sequence[str], found: Row) -> Row:
    runs, judged, accepted = found.get("runs") or _ZERO, found.get("judged") or 0, found.get("accepted") or 0
    row = {name: cost[name] for name in (*by, "currency")} | {"unit": unit.said, "cost": cost["cost"], "low": None, "high": None}
    if unit.name == "accepted":
        answer = accepted_cost(cost["cost"], runs, accepted, judged)
        row |= {"units": Decimal(accepted), "judged": judged, "unit_cost": answer.cost, "low": answer.low, "high": answer.high}
        return row | {"runs": runs, "reason": answer.reason}
    per, reason = unit_cost(cost["cost"], runs, unit)
    calls = divided(found["calls"], runs) if runs >= BY_ID["calls_per_run"].floor and found.get("calls") is not None else None
    return row | {"units": runs, "unit_cost": per, "calls_per_run": calls, "reason": reason}


def _of_requests(unit: Unit, cost: Row, by: Sequence[str], found: Row) -> Row:
    amount = cost["cost"] if "model" in by else cost["ai_cost"]
    requests, tokens = found.get("requests"), found.get("tokens")
    per, reason = unit_cost(amount, requests if unit.name == "request" else tokens, unit)
    enough = requests is not None and requests >= max(BY_ID["tokens_per_request"].floor, 1)
    row = {name: cost[name] for name in (*by, "currency")} | {"unit": unit.said, "cost": amount}
    row |= {"units": requests if unit.name == "request" else tokens, "unit_cost": per}
    return row | {"tokens_per_request": divided(tokens, requests) if enough and tokens and requests else None, "reason": reason}


def _by_class(reader: Reader, settings: Settings, unit: Unit, by: Sequence[str], first: date, end: date) -> list[Row]:
    """A class's tokens at list price, times what the owner's calls of that model and day cost by bill or estimate, in the
    currency of that."""
    rates = CallRates(reader.read("call_rates", first=first, end=end))
    sums: dict[tuple[Any, ...], list[Decimal | None]] = defaultdict(lambda: [_ZERO, _ZERO])
    for listed in unit_counts.class_days(reader, first, end):
        row = rates.at_bill(listed, listed["list_cost"])
        if row["currency"] is None or settings.currency not in (None, row["currency"]):
            continue
        row |= {"month": month_text(row["day"]), "week": f"{row['day'] - timedelta(days=row['day'].weekday())}"}
        own = sums[tuple(row[name] for name in (*by, "currency"))]
        own[0] = None if row["cost"] is None or own[0] is None else own[0] + row["cost"]
        own[1] = (own[1] or _ZERO) + (row["tokens"] or _ZERO)
    found = []
    for key, (cost, tokens) in sums.items():
        per, reason = unit_cost(cost, tokens, unit)
        row = dict(zip((*by, "currency"), key, strict=True)) | {"unit": unit.said, "cost": cost, "units": tokens}
        found.append(row | {"unit_cost": per, "tokens_per_request": None, "reason": reason})
    return found


def _by_contract(settings: Settings, unit: Unit, costs: Iterable[Row], by: Sequence[str], first: date, end: date) -> list[Row]:
    """Tenants against what `finops.toml` says of them: seats, or revenue; each day is its month's share."""
    given: dict[tuple[Any, ...], Decimal] = defaultdict(Decimal)
    entries: list[Row] = (
        [
            {"tenant": one.tenant, "much": Decimal(one.seats), "currency": None, "span": (one.from_, one.to)}
            for one in settings.seats
        ]
        if unit.name == "seat"
        else [
            {"tenant": one.tenant, "much": one.per_month, "currency": one.currency, "span": (one.from_, one.to)}
            for one in settings.revenues
        ]
    )
    for entry in entries:
        for start, stop in months_between(first, end):
            names = {"tenant": entry["tenant"], "month": month_text(start)}
            key = (*(names[name] for name in by), entry["currency"])
            given[key] += over_time(entry["much"], start, stop, *entry["span"])
    told = {key[:-1] for key in given}
    rows = []
    for cost in costs:
        units = given.get((*_key(cost, by), cost["currency"] if unit.name == "revenue" else None))
        row = {name: cost[name] for name in (*by, "currency")} | {"unit": unit.said, "cost": cost["cost"], "units": units}
        if unit.name == "seat":
            per, reason = unit_cost(cost["cost"], units, unit)
            rows.append(row | {"unit_cost": per, "reason": reason})
            continue
        known = units is not None and cost["cost"] is not None
        margin = units - cost["cost"] if known and units is not None else None
        reason = (
            None if known else f"its revenue is in another currency than {cost['currency']}" if _key(cost, by) in told else None
        )
        rows.append(
            row
            | {"unit_cost": margin, "margin_rate": divided(margin, units) if margin is not None and units else None}
            | {"reason": reason or (None if known else "no revenue is given: [[revenue]] in finops.toml")}
        )
    return rows


def _whole_only(totals: Iterable[Row], tenants: Sequence[Row]) -> None:
    """The total of all cost stands against seats or revenue only where they are given for every tenant that has cost."""
    for total in totals:
        own = [row for row in tenants if row["currency"] == total["currency"] and not row["tenant"].startswith("__")]
        if missing := sum(row["units"] is None for row in own):
            total |= {"unit_cost": None, "reason": f"not given for {missing:,} of {len(own):,} tenants"}
            total |= {"margin_rate": None} if "margin_rate" in total else {}


def _key(row: Mapping[str, Any], by: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row[name] for name in by)


def _keyed(rows: Iterable[Row], by: Sequence[str]) -> dict[tuple[Any, ...], Row]:
    return {_key(row, by): row for row in rows}


def _columns(unit: Unit, by: Sequence[str]) -> list[Column]:
    metric = BY_ID[unit.metric]
    columns = [Column(name, name.replace("_", " ").capitalize()) for name in by]
    columns += [Column("currency", "Currency", wide_only=True), Column("unit", "Unit", wide_only=True)]
    columns.append(Column("cost", "Cost", "money", "effective_cost"))
    if unit.name == "revenue":
        return [
            *(*columns, Column("units", "Revenue", "money", "revenue"), Column("unit_cost", "Margin", "money", unit.metric)),
            *(Column("margin_rate", "Of revenue", "ratio", "gross_margin_rate"), Column("reason", "Why not")),
        ]
    hosted = unit.name == "hosted_1m_tokens"
    label = "In use" if hosted else metric.label
    columns += [Column("units", unit.label, "number"), Column("unit_cost", label, "unit_price", unit.metric)]
    if hosted:
        columns += [Column("reserved_cost", "Reserved", "money", "effective_cost", wide_only=True)]
        columns += [Column("reserved_unit_cost", "As reserved", "unit_price", "cost_per_1m_tokens_reserved")]
        columns += [Column("used_share", "Used", "ratio", "used_share")]
    if unit.name == "accepted":
        columns += [
            Column(key, label, "unit_price", unit.metric, says_unit=False)
            for key, label in (("low", "At least"), ("high", "At most"))
        ]
        columns += [Column("judged", "Judged", "count", wide_only=True), Column("runs", "Runs", "number", "runs", wide_only=True)]
    if unit.name == "run":
        columns.append(Column("calls_per_run", "Calls a run", "number", "calls_per_run"))
    if unit.name in ("request", "1m_tokens") and "token_class" not in by:
        columns.append(Column("tokens_per_request", "Tokens a request", "number", "tokens_per_request"))
    return [*columns, Column("reason", "Why not")]


def _tokens_text(tokens: Decimal) -> str:
    return f"{count(tokens / MILLION)}M" if tokens >= MILLION else count(tokens)


def _notes(unit: Unit, totals: Sequence[Row], costs: Sequence[Row], among: Sequence[str], *, by_class: bool) -> list[str]:
    """`among` are all currencies of cost, `costs` those that are told."""
    notes = [f"{BY_ID[unit.metric].label}: {BY_ID[unit.metric].formula}"]
    for row in costs:
        if row["estimated"]:
            notes.append(
                f"{money_table(row['estimated'], row['currency'])} of all cost is estimated: no bill has come for it yet"
            )
    if len(among) > 1 and unit.name != "revenue":
        told, label = ", ".join(among), unit.label.lower()
        which = "a total" if by_class else "each figure"
        notes.append(f"there is cost in {told}: {which} is the part in its currency, over the same {label}")
    if unit.name == "1m_tokens":
        notes += [f"{_tokens_text(row['units'])} tokens in all" for row in totals[:1] if row["units"]]
    if caveats := BY_ID[unit.metric].caveats:
        notes.append(caveats)
    return notes
