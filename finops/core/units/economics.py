"""What one unit of work costs: cost over counted units, floors for small samples, and the interval of an accepted outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal

from finops.core.intervals import wilson
from finops.core.metrics import BY_ID
from finops.core.periods import next_month

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_STORED = Decimal("1e-12")
MILLION = Decimal(1_000_000)


@dataclass(frozen=True)
class Unit:
    """A unit that cost is divided by. `metric` is the figure that comes of it; `said` the unit in words; `scale` is how many
    counted units make one."""

    name: str
    said: str
    metric: str
    label: str
    dimensions: tuple[str, ...]
    scale: Decimal = Decimal(1)


_OWNERS = ("tenant", "agent", "workflow")
_WORK = (*_OWNERS, "model", "month", "week")
UNITS: Mapping[str, Unit] = {
    unit.name: unit
    for unit in (
        Unit("run", "run", "cost_per_run", "Runs", _WORK),
        Unit("accepted", "accepted run", "cost_per_success", "Accepted runs", _WORK),
        Unit("request", "request", "cost_per_request", "Requests", _WORK),
        Unit("1m_tokens", "1M tokens", "cost_per_1m_tokens", "Tokens", (*_WORK, "token_class"), MILLION),
        Unit("hosted_1m_tokens", "1M tokens", "cost_per_1m_tokens_used", "Tokens", (*_OWNERS, "model", "month"), MILLION),
        Unit("seat", "seat-month", "cost_per_seat", "Seat-months", ("tenant", "month")),
        Unit("revenue", "month", "gross_margin", "Revenue", ("tenant", "month")),
    )
}
"""What `--unit` takes, beside the units of `finops.toml`."""


def work_unit(name: str) -> Unit:
    """A unit of the company's own, such as a document."""
    return Unit(name, name, "cost_per_unit_of_work", f"{name.capitalize()}s", (*_OWNERS, "month"))


def unit_cost(cost: Decimal | None, units: Decimal | None, unit: Unit) -> tuple[Decimal | None, str | None]:
    """Cost of one unit as it is stored, or None and why: an unknown cost, no units, or fewer than the metric's floor."""
    if cost is None:
        return None, "its cost is unknown"
    if not units:
        return None, f"no {unit.label.lower()} are known"
    floor = BY_ID[unit.metric].floor
    if units < floor:
        return None, f"fewer than {floor:,} {unit.label.lower()}"
    return divided(cost * unit.scale, units), None


@dataclass(frozen=True)
class Accepted:
    """Cost per accepted run and the interval that its success rate leaves; None where unknown, with the reason."""

    cost: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    reason: str | None = None


def accepted_cost(cost: Decimal | None, runs: Decimal, accepted: int, judged: int) -> Accepted:
    """Cost of a run over the share of judged runs that were accepted, refused and failed ones paid for. Runs without a word cost
    as the others and count neither way. The interval is Wilson's (95 %) of that share; its end is open where it reaches 0."""
    metric = BY_ID["cost_per_success"]
    if cost is None:
        return Accepted(None, reason="its cost is unknown")
    if not runs or not judged:
        return Accepted(None, reason="no outcomes are known")
    if judged < metric.floor:
        return Accepted(None, reason=f"fewer than {metric.floor:,} judged runs")
    if not accepted:
        return Accepted(None, reason="no run was accepted")
    low, high = (Decimal(repr(end)) for end in wilson(accepted, judged))
    return Accepted(
        divided(cost * judged, runs * accepted),
        divided(cost, _EXACT.multiply(runs, high)) if high else None,
        divided(cost, _EXACT.multiply(runs, low)) if low else None,
    )


def over_time(per_month: Decimal, first: date, end: date, valid_from: date | None, valid_to: date | None) -> Decimal:
    """What something that is so much a month comes to between two dates (the last exclusive): each day is its month's share."""
    total, start = Decimal(0), max(first, valid_from or first)
    stop = min(end, valid_to or end)
    while start < stop:
        month_end = next_month(start)
        days = (min(stop, month_end) - start).days
        whole = (month_end - start.replace(day=1)).days
        total += divided(per_month * days, Decimal(whole))
        start = min(stop, month_end)
    return total


def months_between(first: date, end: date) -> list[tuple[date, date]]:
    """Each month's part of the days from `first` to before `end`."""
    parts, start = [], first
    while start < end:
        stop = min(end, next_month(start))
        parts.append((start, stop))
        start = stop
    return parts


def divided(amount: Decimal, by: Decimal) -> Decimal:
    """The quotient, rounded half to even at twelve places."""
    return _EXACT.divide(amount, by).quantize(_STORED, context=_EXACT)
