"""What an accepted result is worth to whom: as its outcomes say, else as declared for the agent or its workflow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from finops.core.settings import Value
from finops.steps.judging.flag_units import MICRO, Tally, Unit, deviation


@dataclass(frozen=True)
class Worth:
    """The value of an accepted result with the range believed, where it comes from, and how many runs are older than it."""

    base: float
    low: float
    high: float
    error: float = 0.0
    measured: bool = False
    older_runs: int = 0
    since: date | None = None


def worth_of(unit: Unit, values: Sequence[Value], currency: str, as_of: date) -> Worth | None:
    """None where nobody has said. What outcomes say wins, and takes the range that was declared with it."""
    declared = _declared(unit.tally, _for_unit(unit, values, currency, as_of))
    measured = _measured(unit.tally)
    if measured is None:
        return declared
    if declared is None or declared.base <= 0:
        return measured
    scale = measured.base / declared.base
    return Worth(measured.base, declared.low * scale, declared.high * scale, measured.error, True)


def foreign_currencies(unit: Unit, values: Sequence[Value], currency: str) -> tuple[str, ...]:
    """Currencies other than that of the cost in which a value was declared."""
    return tuple(sorted({v.currency for v in values if _is_for(v, unit) and v.currency != currency}))


def has_own_value(unit: Unit, values: Sequence[Value]) -> bool:
    """Whether a value was declared for this very agent."""
    return any(v.agent is not None and _is_for(v, unit) for v in values)


def _is_for(value: Value, unit: Unit) -> bool:
    if value.agent is not None:
        return value.agent == unit.agent and value.workflow in (None, unit.workflow)
    return unit.role == "leads" and value.workflow == unit.workflow


def _for_unit(unit: Unit, values: Sequence[Value], currency: str, as_of: date) -> list[Value]:
    """The values that hold, oldest first; those of the agent before those of its workflow."""
    mine = [v for v in values if _is_for(v, unit) and v.currency == currency and (v.from_ is None or v.from_ <= as_of)]
    own = [v for v in mine if v.agent is not None]
    return sorted(own or mine, key=lambda v: v.from_ or date.min)


def _declared(tally: Tally, values: Sequence[Value]) -> Worth | None:
    """The mean of what was declared on the day of each run; runs from before the first value take the first."""
    if not values:
        return None
    runs = sum(tally.known_days.values())
    if not runs:
        return _range(values[-1])
    low = base = high = 0.0
    older = 0
    for day, n in sorted(tally.known_days.items()):
        in_force = [v for v in values if v.from_ is None or v.from_ <= day]
        older += 0 if in_force else n
        worth = _range(in_force[-1] if in_force else values[0])
        low, base, high = low + n * worth.low, base + n * worth.base, high + n * worth.high
    return Worth(base / runs, low / runs, high / runs, older_runs=older, since=values[0].from_)


def _range(value: Value) -> Worth:
    base = float(value.per_accepted)
    return Worth(base, base if value.low is None else float(value.low), base if value.high is None else float(value.high))


def _measured(tally: Tally) -> Worth | None:
    """The mean value of accepted results, where every one of them has its own."""
    n = tally["valued"]
    if not n or n < tally["accepted"]:
        return None
    mean = tally["value_sum"] / n / MICRO
    error = deviation(tally, "valued", "value_sum", "value_squares") / mean / n**0.5 if mean > 0 else 0.0
    return Worth(mean, mean, mean, error, True)
