"""Converts amounts by a dated table of exchange rates: the rate of a day is the last one known on or before it.

An amount is multiplied in whole units of 1e-12, as splits are, and cut towards zero: what two amounts come to differs from what
their sum does by at most one such unit.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal

from finops.core.money import amount_of, muldiv, units_of

CONTEXT = Context(prec=50, rounding=ROUND_HALF_EVEN)
_DIGITS = Context(prec=18, rounding=ROUND_HALF_EVEN)
MOST_DAYS_OLD = 10
"""Rates are published on working days: one that is older than this does not stand for a day."""


@dataclass(frozen=True)
class Rate:
    """On a day, one unit of `base` is worth `rate` units of `quote`, by the word of `source`."""

    day: date
    base: str
    quote: str
    rate: Decimal
    source: str


def ratio(rate: Decimal) -> tuple[int, int]:
    """The rate as a fraction of whole numbers below 10^18, as money is split by: to 18 digits, and no finer than 1e-17."""
    places = min(17, 17 - _DIGITS.plus(rate).adjusted())
    return int(CONTEXT.to_integral_value(rate.scaleb(places, CONTEXT))), int(10**places)


def converted(amount: Decimal, rate: Decimal) -> Decimal:
    """The amount at the rate, cut to the stored digit."""
    return amount_of(muldiv(units_of(amount), *ratio(rate)))


class Exchange:
    """Rates by day. A pair that the table lacks is taken from its reverse, else through one currency that knows both."""

    def __init__(self, rates: Iterable[Rate] = ()) -> None:
        rates = list(rates)
        self._days: dict[tuple[str, str], list[date]] = defaultdict(list)
        self._rates: dict[tuple[str, str], list[Decimal]] = defaultdict(list)
        for one in sorted(rates, key=lambda rate: (rate.base, rate.quote, rate.day)):
            self._days[one.base, one.quote].append(one.day)
            self._rates[one.base, one.quote].append(one.rate)
        self._names = sorted({name for pair in self._days for name in pair})
        self.sources = sorted({one.source for one in rates})

    def rate(self, day: date, base: str, quote: str) -> Decimal | None:
        """Units of `quote` for one unit of `base` on the day; None where no rate is known."""
        if base == quote:
            return Decimal(1)
        direct = self._either(day, base, quote)
        if direct is not None:
            return direct
        for name in self._names:
            first, second = self._either(day, base, name), self._either(day, name, quote)
            if first is not None and second is not None:
                return CONTEXT.multiply(first, second)
        return None

    def _either(self, day: date, base: str, quote: str) -> Decimal | None:
        own = self._known(day, base, quote)
        if own is not None:
            return own
        reverse = self._known(day, quote, base)
        return None if reverse is None else CONTEXT.divide(Decimal(1), reverse)

    def _known(self, day: date, base: str, quote: str) -> Decimal | None:
        days = self._days.get((base, quote), [])
        place = bisect_right(days, day) - 1
        if place < 0 or day - days[place] > timedelta(days=MOST_DAYS_OLD):
            return None
        return self._rates[base, quote][place]
