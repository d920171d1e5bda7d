"""From an hourly price and a measured throughput to the cost of one unit of work."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

HOURS_PER_MONTH = Decimal(730)
"""8,760 hours of a year over 12 months: what a machine that is always on is billed in a month."""

_FIGURES = Context(prec=12, rounding=ROUND_HALF_EVEN)
_WIDE = Context(prec=40, rounding=ROUND_HALF_EVEN)


def exact(number: float | int | Decimal) -> Decimal:
    """A measured number as the decimal that it was written as."""
    return number if isinstance(number, Decimal) else Decimal(repr(number))


def rounded(value: Decimal) -> Decimal:
    """Twelve significant digits: more than any measurement carries, the same on every machine."""
    return _FIGURES.plus(value)


def unit_cost(
    price_per_hour: Decimal,
    count: int,
    duration_s: Decimal,
    units: Decimal,
    utilisation: Decimal = Decimal(1),
    overhead: Decimal = Decimal(1),
) -> Decimal:
    """What one unit of work costs when `units` of it took `duration_s` on `count` machines. A rented machine bills every
    hour, so `utilisation` (share of the time with work to do) divides throughput, never the bill. `overhead` is billed
    hours per useful hour, above 1 where interrupted work is redone."""
    if units <= 0 or duration_s <= 0 or count <= 0 or not 0 < utilisation <= 1:
        raise ValueError("units, duration and count must be above 0, utilisation within (0, 1]")
    hours = _WIDE.divide(duration_s, Decimal(3600))
    bill = _WIDE.multiply(_WIDE.multiply(price_per_hour, Decimal(count)), _WIDE.multiply(hours, overhead))
    return rounded(_WIDE.divide(bill, _WIDE.multiply(units, utilisation)))


def cost_per_million(price_per_hour: Decimal, units_per_s: Decimal, utilisation: Decimal = Decimal(1)) -> Decimal:
    """What a million units (tokens) cost on machines that make `units_per_s` in all and cost `price_per_hour` in all."""
    return unit_cost(price_per_hour, 1, Decimal(1_000_000), units_per_s, utilisation)


def hours_per_unit(count: int, duration_s: Decimal, units: Decimal, utilisation: Decimal = Decimal(1)) -> Decimal:
    """Machine hours of one unit, those of all `count` machines together. Times the GPUs of a machine, GPU-hours."""
    if units <= 0 or duration_s <= 0 or count <= 0 or not 0 < utilisation <= 1:
        raise ValueError("units, duration and count must be above 0, utilisation within (0, 1]")
    return rounded(_WIDE.divide(_WIDE.multiply(duration_s, Decimal(count)), _WIDE.multiply(units * 3600, utilisation)))


def per_month(per_day: Decimal) -> Decimal:
    """What comes once a day, over a month of 730 hours: 30.4 days."""
    return rounded(_WIDE.divide(_WIDE.multiply(per_day, HOURS_PER_MONTH), Decimal(24)))


def monthly_cost(price_per_hour: Decimal, count: int) -> Decimal:
    """`count` machines, always on, for a month."""
    return rounded(price_per_hour * count * HOURS_PER_MONTH)
