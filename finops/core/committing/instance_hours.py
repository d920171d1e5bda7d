"""Instances by the hour: charges of any length spread over the hours that they cover, by place and purchase option."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any, NamedTuple

from finops.core.committing.commitments import EXACT

_HOUR = timedelta(hours=1)
_DAY_LONG = timedelta(hours=25)
_ZERO = Decimal(0)
BY_THE_HOUR = ("on_demand", "committed")


class Place(NamedTuple):
    """One kind of instance in one region, paid in one currency. No instance type: a commitment that names none."""

    provider: str | None
    region: str | None
    instance_type: str | None
    currency: str


class Span(NamedTuple):
    """Whole hours in UTC, from `first` up to `end`."""

    first: datetime
    end: datetime

    @property
    def hours(self) -> int:
        return max(0, int((self.end - self.first) / _HOUR))


@dataclass
class Bought:
    """What was bought under one purchase option in the span. A sum of which a part is unknown is None."""

    hours: Decimal | None = _ZERO
    cost: Decimal | None = _ZERO
    listed: Decimal | None = _ZERO


@dataclass
class PlaceHours:
    """The hours of one place: instances in each hour on demand and under commitments, and sums by purchase option."""

    span: Span
    by_hour: dict[str, list[Decimal]] = field(default_factory=dict)
    bought: dict[str | None, Bought] = field(default_factory=lambda: defaultdict(Bought))
    by_day: Decimal = _ZERO
    """Instance hours of charges that are longer than an hour, and so tell of no single one."""

    def demand(self) -> list[Decimal]:
        """Instances that were used in each hour, on demand or under a commitment; spot has no part in it."""
        with localcontext(EXACT):
            return [sum(both, _ZERO) for both in zip(*(self.instances(option) for option in BY_THE_HOUR), strict=True)]

    def instances(self, option: str) -> list[Decimal]:
        return self.by_hour.get(option) or [_ZERO] * self.span.hours


def hours_by_place(rows: Iterable[Mapping[str, Any]], spans: Mapping[str | None, Span], other: Span) -> dict[Place, PlaceHours]:
    """The rows of the read `commitments_hours` as hours of each place within its provider's span (else `other`)."""
    found: dict[Place, PlaceHours] = {}
    with localcontext(EXACT):
        for row in rows:
            place = Place(row["provider"], row["region"], row["instance_type"], row["currency"])
            span = spans.get(place.provider, other)
            hours, share = _within(row["first_hour"], row["end_hour"], span)
            if not hours:
                continue
            if place not in found:
                found[place] = PlaceHours(span)
            _add(found[place], row, hours, share)
    return found


def _within(first: datetime, end: datetime, span: Span) -> tuple[Sequence[int], Decimal]:
    """The places in the span of the hours that a charge covers, and the share of it that falls into each. What a month's charge
    says of an open month is of the hours that have been."""
    if end - first > _DAY_LONG:
        end = min(end, max(span.end, first + _HOUR))
    length = max(1, int((end - first) / _HOUR))
    start = int((max(first, span.first) - span.first) / _HOUR)
    stop = int((min(end, span.end) - span.first) / _HOUR)
    return range(start, stop), 1 / Decimal(length)


def _add(place: PlaceHours, row: Mapping[str, Any], hours: Sequence[int], share: Decimal) -> None:
    option = row["purchase_option"]
    length, part = 1 / share, len(hours)
    bought = place.bought[option]
    for name in ("hours", "cost", "listed"):
        before, amount = getattr(bought, name), row[name]
        setattr(bought, name, None if before is None or amount is None else before + amount * part / length)
    if option not in BY_THE_HOUR or not row["hours"]:
        return
    each = row["hours"] / length
    instances = place.by_hour.setdefault(option, [_ZERO] * place.span.hours)
    for hour in hours:
        instances[hour] += each
    if length > 1:
        place.by_day += each * part
