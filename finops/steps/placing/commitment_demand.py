"""How the demand for instances goes on: their daily hours of up to 400 days, forecast for three years ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from finops.core.committing.instance_hours import Place, PlaceHours, Span, hours_by_place
from finops.core.forecasting.demand_ahead import AS_IT_WAS, Ahead, ahead_of
from finops.ledger.instance_hours import billed_spans, instance_hours

if TYPE_CHECKING:
    from finops.ledger.store import Reader

HISTORY_D = 400
DAY_H = 24


@dataclass(frozen=True)
class DemandAhead:
    """Where the demand of each place goes, and the days that the forecast knows. One that it can't tell of stays as it was."""

    by_place: Mapping[Place, Ahead]
    first: date | None = None
    until: date | None = None

    def of(self, place: Place) -> Ahead:
        return self.by_place.get(place, AS_IT_WAS)


def demand_ahead(reader: Reader, as_of: date, by_place: Mapping[Place, PlaceHours]) -> DemandAhead:
    """The forecast of each place's demand, as multiples of that of the period that `by_place` holds."""
    since, end = as_of - timedelta(days=HISTORY_D), as_of + timedelta(days=1)
    whole = Span(datetime.combine(since, time()), datetime.combine(as_of, time()))
    spans = {provider: _whole_days(Span(*span)) for provider, span in billed_spans(reader, since, end).items()}
    known = hours_by_place(instance_hours(reader, since, end), spans, whole)
    daily: dict[Place, list[float]] = {}
    for place in sorted(by_place, key=str):
        days = _by_day(known[place].demand()) if place in known else []
        began = next((at for at, hours in enumerate(days) if hours), len(days))
        daily[place] = [float(hours) for hours in days[began:]]
    base = [float(sum(by_place[place].demand(), Decimal(0))) * DAY_H / max(by_place[place].span.hours, 1) for place in daily]
    found = ahead_of(list(daily.values()), base, [str(place) for place in daily])
    told = {place: ahead for place, ahead in zip(daily, found, strict=True) if ahead.days_known}
    if not told:
        return DemandAhead({})
    ends = {place: known[place].span.end for place in told}
    first = min(ends[place] - timedelta(days=told[place].days_known) for place in told)
    return DemandAhead(told, first.date(), (max(ends.values()) - timedelta(days=1)).date())


def _whole_days(span: Span) -> Span:
    """Days that are billed to their end: a day that is billed in part says nothing of a whole one."""
    first, end = span.first, datetime.combine(span.end.date(), time())
    begin = datetime.combine(first.date(), time())
    return Span(begin if first == begin else begin + timedelta(days=1), max(end, begin))


def _by_day(hours: list[Decimal]) -> list[Decimal]:
    return [sum(hours[at : at + DAY_H], Decimal(0)) for at in range(0, len(hours) - DAY_H + 1, DAY_H)]
