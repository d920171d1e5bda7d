"""How budgets of money, failures and latency burn: used so far, how fast now, when too fast, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import numpy as np

from finops.config import Overrides, Settings, load_settings
from finops.core.detecting.burn import PAIRS, SLOW_PAIR, Burn, burns, deepest, event_rates, money_rates
from finops.core.numbers import percent
from finops.core.periods import last_period, next_month
from finops.core.result import Column, Result
from finops.core.section_checks import CALL_SCOPE
from finops.core.settings import Budget, Envelope
from finops.core.talk import Talk
from finops.errors import DataError
from finops.ledger.cube import DIMENSIONS, CubeQuestion, cube_totals, require_built
from finops.ledger.store import Reader, one_state
from finops.steps.detecting.burn_cost import LEVELS, cost_above, cost_of_bad_calls
from finops.steps.reading import read_ledger

Row = dict[str, Any]
WINDOW_D = 30
COLUMNS = (
    *(
        Column("budget", "Budget"),
        Column("path", "Where", wide_only=True),
        Column("kind", "Of"),
        Column("currency", "Currency", wide_only=True),
    ),
    *(Column("used", "Used", "ratio", "burn_used"), Column("burn", "Burn now", "number", "burn_rate")),
    *(Column("highest", "Highest", "number", "burn_rate", wide_only=True), Column("window", "Over", wide_only=True)),
    *(Column("opened", "Too fast from", "time"), Column("closed", "To", "time", wide_only=True), Column("status", "Status")),
    *(
        Column("cost", "Cost", "money", "burn_cost"),
        Column("runs_cost", "Runs cost", "money", "burn_runs_cost"),
    ),
    *(Column("mostly", "Mostly from"), Column("mostly_path", "All of its path", wide_only=True)),
)


def burn(overrides: Overrides, *, last: str = "30d", talk: Talk) -> Result:
    """Every [[budget]] and [[envelope]], those that burn first."""
    settings = load_settings(overrides)
    period = last_period(last, settings.as_of)
    if not settings.budgets and not settings.envelopes:
        raise DataError("there is neither a budget nor an envelope to burn", hint="[[budget]] or [[envelope]] in finops.toml")
    with read_ledger(settings) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        rows = burn_rows(reader, settings, period.first)
    rows.sort(
        key=lambda row: (row["status"] == "fine", row["status"] != "burning", -(row["used"] or 0), row["budget"], row["kind"])
    )
    meta = {"currency": settings.currency, "as_of": settings.as_of, "period": period.label}
    notes = [
        "a burn of 1 uses a budget up just in its period; too fast is 14.4 for an hour, 6 for six hours, 3 for a day, and 1 for "
        "three days of failures or slow answers; money by the hour is that of calls at list price; a service, agent or route "
        "that burns where the whole does not has a row of its own; the cost is that of the calls that failed or were slow, "
        "of money what calls cost above the budget's share"
    ]
    return Result(COLUMNS, rows, (), meta, notes)


def burn_rows(reader: Reader, settings: Settings, since: date, *, money_only: bool = False) -> list[Row]:
    """One row for each budget of money, and for the failures and the slow answers that an envelope allows, of its whole scope and
    of each part that burns where the whole does not."""
    first = min(since, settings.as_of - timedelta(days=WINDOW_D - 1)) - timedelta(days=3)
    rows = []
    for budget in settings.budgets:
        if settings.currency in (None, budget.currency):
            rows.append(_of_money(reader, settings, budget, first, since))
    for envelope in () if money_only else settings.envelopes:
        rows += _of_calls(reader, settings, envelope, first, since)
    return rows


def _of_money(reader: Reader, settings: Settings, budget: Budget, first: date, since: date) -> Row:
    begins, ends = _period(budget, settings.as_of)
    where = {name: value for name, value in budget.scope.items() if name in DIMENSIONS}
    question = CubeQuestion(
        (), "effective", first=begins, end=min(ends, settings.as_of + timedelta(days=1)), where=where, currency=budget.currency
    )
    spent = sum((amount or Decimal(0) for _, amount in cube_totals(reader, question)), Decimal(0))
    calls = [row for row in _calls(reader, budget.scope, first, settings.as_of, None) if row["currency"] == budget.currency]
    hours = _hours(first, settings.as_of)
    spend = _series(calls, hours, "cost")
    share = budget.amount / ((ends - begins).days * 24)
    hourly = float(share)
    rates = {window: money_rates(spend, hourly, window) for pair in PAIRS for window in pair[:2]}
    own: Row = {
        "budget": budget.id or _name(budget.scope),
        "path": _name(budget.scope),
        "kind": "money",
        "currency": budget.currency,
    }
    used = float(spent / budget.amount) if budget.amount else None
    told = _told(rates, burns(rates, PAIRS), calls, "cost", first, since, partial(cost_above, share, calls))
    over = used is not None and used >= 1 and told["status"] != "burning"
    return {**own, "used": used, **told, **({"status": "used up"} if over else {})}


def _of_calls(reader: Reader, settings: Settings, envelope: Envelope, first: date, since: date) -> list[Row]:
    calls = _calls(reader, envelope.scope, first, settings.as_of, envelope.latency_ms)
    asked = {"latency_ms": envelope.latency_ms, **{name: envelope.scope.get(name) for name in CALL_SCOPE}}
    hours = _hours(first, settings.as_of)
    kinds = []
    if envelope.error_share is not None:
        kinds.append(("errors", "failed", "told", float(envelope.error_share)))
    if envelope.latency_ms is not None:
        kinds.append(("latency", "slow", "timed", 1 - float(envelope.latency_share)))
    rows = []
    for kind, bad, among, allowed in kinds:
        known: list[tuple[tuple[str, ...], Burn]] = []
        for part, own in _parts(calls):
            events, of = _series(own, hours, bad), _series(own, hours, among)
            pairs = (*PAIRS, SLOW_PAIR)
            rates = {window: event_rates(events, of, allowed, window) for pair in pairs for window in pair[:2]}
            found = [one for one in burns(rates, pairs) if not _within(part, one, known)]
            known += [(part, one) for one in found]
            cost_of = partial(cost_of_bad_calls, reader, settings, asked, kind, part, first)
            told = _told(rates, found, own, bad, first, since, cost_of)
            if not part or told["opened"] is not None:
                path = " / ".join(part) or _name(envelope.scope)
                budget = envelope.id or _name(envelope.scope)
                said: Row = {"budget": f"{budget}: {part[-1]}" if part else budget, "path": path, "kind": kind, "currency": None}
                rows.append({**said, "used": _used(events, of, allowed), **told})
    return rows


def _parts(calls: Sequence[Row]) -> list[tuple[tuple[str, ...], list[Row]]]:
    """The calls of the whole scope, then of each service, agent in it, and prompt route (or tool) of that, widest first; a part
    that is all of the one above it is none."""
    found: dict[tuple[str, ...], list[Row]] = {(): list(calls)}
    for length in range(1, len(LEVELS) + 1):
        for row in calls:
            name = _path(row)
            if len(name) >= length:
                found.setdefault(name[:length], []).append(row)
    sizes = {name: len(own) for name, own in found.items()}
    return [(name, own) for name, own in found.items() if not name or sizes[name] < sizes[name[:-1]]]


def _within(name: tuple[str, ...], one: Burn, known: Sequence[tuple[tuple[str, ...], Burn]]) -> bool:
    """Whether a wider part burned too fast at the same time: it names what it mostly comes from."""
    return any(name[: len(wider)] == wider and one.opened <= other.last and other.opened <= one.last for wider, other in known)


def _used(events: Any, among: Any, allowed: float) -> float | None:
    """The bad calls of the last 30 days over those that are allowed."""
    month = slice(max(len(events) - WINDOW_D * 24, 0), len(events))
    budget = allowed * float(among[month].sum())
    return float(events[month].sum()) / budget if budget else None


def _path(row: Row) -> tuple[str, ...]:
    """Its service, the agent in it and its prompt route (or tool)."""
    return tuple(f"{kind}={row[kind]}" for kind in LEVELS if row[kind] is not None)


def _told(
    rates: dict[int, Any],
    burned: Sequence[Burn],
    calls: Sequence[Row],
    part: str,
    first: date,
    since: date,
    cost_of: Callable[[Burn], Row],
) -> Row:
    begin = (since - first).days * 24
    found = [one for one in burned if one.last >= begin]
    newest = max((row["hour"] for row in calls), default=len(rates[24]) - 1)
    now = round(float(rates[24][newest]), 2) if newest >= 0 else 0.0
    if not found:
        return {
            "burn": now,
            "highest": None,
            "window": None,
            "opened": None,
            "closed": None,
            "status": "fine",
            "cost": None,
            "runs_cost": None,
            "mostly": None,
            "mostly_path": None,
        }
    worst = max(found, key=lambda one: (one.rate, one.opened))
    going_on = newest - worst.last < 24
    return {
        **{"burn": now, "highest": round(worst.rate, 2), "window": f"{worst.window_h} h", "opened": _moment(first, worst.opened)},
        **{"closed": None if going_on else _moment(first, worst.last), "status": "burning" if going_on else "burned"},
        **cost_of(worst),
        **_mostly(calls, part, worst),
    }


def _mostly(calls: Sequence[Row], part: str, one: Burn) -> Row:
    """The service, the agent in it and its prompt route (or tool) from which most of it came."""
    parts: dict[tuple[str, ...], float] = {}
    for row in calls:
        if one.opened - one.window_h < row["hour"] <= one.last and row[part]:
            name = _path(row)
            parts[name] = parts.get(name, 0.0) + float(row[part])
    name, share = deepest(parts)
    return {"mostly": f"{name[-1]} ({share:.0%})" if name else None, "mostly_path": " / ".join(name) or None}


def _calls(reader: Reader, scope: Mapping[str, str], first: date, as_of: date, latency_ms: int | None) -> list[Row]:
    if any(name not in CALL_SCOPE for name in scope):
        return []  # a scope that calls don't know, such as a service: its money is known by the day
    given = {name: scope.get(name) for name in CALL_SCOPE}
    return reader.read("burn_calls", first=first, end=as_of + timedelta(days=1), latency_ms=latency_ms, **given)


def _series(calls: Sequence[Row], hours: int, name: str) -> Any:
    series = np.zeros(hours)
    for row in calls:
        if row[name] is not None and 0 <= row["hour"] < hours:
            series[row["hour"]] += float(row[name])
    return series


def _hours(first: date, as_of: date) -> int:
    return ((as_of - first).days + 1) * 24


def _moment(first: date, hour: int) -> datetime:
    return datetime.combine(first, time()) + timedelta(hours=hour)


def _period(budget: Budget, as_of: date) -> tuple[date, date]:
    if budget.period == "day":
        return as_of, as_of + timedelta(days=1)
    if budget.period == "week":
        monday = as_of - timedelta(days=as_of.weekday())
        return monday, monday + timedelta(days=7)
    return as_of.replace(day=1), next_month(as_of)


def _name(scope: Mapping[str, str]) -> str:
    return " / ".join(f"{name}={value}" for name, value in sorted(scope.items())) or "everything"


def with_stops(rows: Sequence[Row], budgets: Sequence[Row]) -> list[Row]:
    """The incidents, and the budgets of money that burned too fast where no incident speaks of what they mostly came from."""
    stops = [_stop(one) for one in budgets if one["opened"] is not None]
    return [*rows, *(stop for stop in stops if not any(_one_cause(stop, row) for row in rows))]


def used_up(budgets: Sequence[Row]) -> list[str]:
    """Sentences for the budgets of the current period that are used up."""
    return [f"budget {one['budget']} is used up: {percent(one['used'])}" for one in budgets if one["used"] and one["used"] >= 1]


def _stop(one: Row) -> Row:
    return {
        **{"opened": one["opened"].date(), "closed": one["closed"].date() if one["closed"] else None, "path": one["path"]},
        **{"status": "open" if one["status"] == "burning" else "resolved", "class": "budget", "currency": one["currency"]},
        **{"excess": None, "expected": None, "p_value": None, "driver": one["mostly_path"], "offset": None},
        "cause": f"{one['highest']:.1f}× its budget over {one['window']} from {one['opened']:%H:%M}",
    }


def _one_cause(stop: Row, row: Row) -> bool:
    if stop["opened"] > (row["closed"] or date.max) or row["opened"] > (stop["closed"] or date.max):
        return False
    own = {*stop["path"].split(" / "), *(stop["driver"] or "").split(" / ")}
    return row["path"] == "everything" or bool(own & set(row["path"].split(" / ")))
