"""Sentences under the commitments: what is held in vain, what is not known, what was left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.committing.commitments import EXACT, MONTH_HOURS
from finops.core.committing.instance_hours import Place, PlaceHours
from finops.core.committing.plans import Weighed
from finops.core.numbers import count, date_text, money_table, percent, percent_total, unit_price
from finops.core.placing.offer import STALE_AFTER_DAYS

if TYPE_CHECKING:
    from finops.core.periods import Period
    from finops.steps.placing.commitment_demand import DemandAhead

_SAID = 3


def commitment_notes(
    found: Sequence[Weighed],
    loose: Mapping[Place, PlaceHours],
    totals: Sequence[Mapping[str, Any]],
    fall: Decimal,
    as_of: date,
    hidden: int,
) -> list[str]:
    """All that the table alone would leave out."""
    return [
        *_held_in_vain(found),
        *_unused(found),
        *_tied_to_no_type(loose),
        *_reading(found, totals, fall),
        *_unpriced(found),
        *_assumed(found),
        *_converted(found),
        *_old(found, as_of),
        *_left_out(found),
        *([f"{hidden:,} more places are not shown; the totals hold them all"] if hidden else []),
    ]


def _name(place: Place) -> str:
    return f"{place.instance_type} in {place.region or 'no region'}"


def _held_in_vain(found: Sequence[Weighed]) -> list[str]:
    notes = []
    for one in found:
        now = one.now
        if now is None or now.held is None or not now.too_many or now.too_many_cost is None:
            continue
        ideal, cost = now.held - now.too_many, money_table(_month(now.too_many_cost), one.place.currency)
        notes.append(
            f"{_name(one.place)}: {_units(now.held)} are held and {_units(ideal)} would do at their price; "
            f"what is too much costs {cost} a month"
        )
    return notes


def _unused(found: Sequence[Weighed]) -> list[str]:
    return [
        f"{_name(one.place)}: {percent(one.now.utilisation)} of what is held was used; the rest costs "
        f"{money_table(_month(one.now.unused_cost), one.place.currency)} a month"
        for one in found
        if one.now is not None and one.now.utilisation is not None and one.now.unused_cost
    ]


def _tied_to_no_type(loose: Mapping[Place, PlaceHours]) -> list[str]:
    notes = []
    for place, hours in loose.items():
        cost = hours.bought["commitment_unused"].cost
        if cost:
            amount = money_table(_month(EXACT.divide(cost, hours.span.hours)), place.currency)
            where = f" in {place.region}" if place.region else ""
            notes.append(f"commitments that name no instance type{where} stood unused for {amount} a month; the totals hold it")
    return notes


def _reading(found: Sequence[Weighed], totals: Sequence[Mapping[str, Any]], fall: Decimal) -> list[str]:
    if not any(one.plans for one in found):
        return []
    share = percent_total(fall)
    return [
        *(
            f"the stacks save {money_table(total['saving'], total['currency'])} a month of 730 hours; the effective savings rate "
            f"(ESR) goes from {percent(total['savings_rate_before'])} to {percent(total['savings_rate_after'])}"
            for total in totals
            if total["saving"]
        ),
        f"At risk is what the terms would lose if demand fell {share} at once; a stack has terms of more than a year only "
        "for what would lose nothing then",
        "capacity that was bought and stood idle counts as demand: see `finops waste` before committing to it",
    ]


def _unpriced(found: Sequence[Weighed]) -> list[str]:
    unknown = [one for one in found if not one.plans and one.now is not None and any(one.hours.instances("on_demand"))]
    notes = []
    if unknown:
        names = "; ".join(_name(one.place) for one in unknown[:_SAID])
        more = f" and {len(unknown) - _SAID:,} more" if len(unknown) > _SAID else ""
        notes.append(
            f"no committed price is known of {names}{more}: give them with `--prices DIR`, "
            "or try a discount with `--assume reserved_1y=37%`"
        )
        notes += [
            f"{_name(one.place)}: {count(one.now.always)} ran in every hour; for these any committed price below "
            f"{unit_price(one.now.on_demand, one.place.currency, 'hour')} pays"
            for one in unknown[:_SAID]
            if one.now is not None and one.now.always
        ]
    blank = [one for one in found if one.now is None]
    if blank:
        names = "; ".join(_name(one.place) for one in blank[:_SAID])
        notes.append(f"nothing can be weighed where no on-demand hour or price is known: {names}")
    return notes


def _assumed(found: Sequence[Weighed]) -> list[str]:
    options = sorted({option for one in found for option in one.assumed})
    return [f"prices of {', '.join(options)} are assumed by `--assume` where none is known"] if options else []


def _converted(found: Sequence[Weighed]) -> list[str]:
    names = sorted({offer.listed_currency for one in found for offer in one.offers.values() if offer.listed_currency})
    return [f"prices in {', '.join(names)} are taken at the rate of the business date"] if names else []


def _old(found: Sequence[Weighed], as_of: date) -> list[str]:
    offers = [offer for one in found if one.plans for offer in one.offers.values()]
    old = [offer for offer in offers if offer.is_stale(as_of)]
    if not old:
        return []
    oldest = date_text(min(offer.as_of for offer in old))
    which = "all" if len(old) == len(offers) else f"{len(old)} of {len(offers)}"
    return [f"{which} committed prices are older than {STALE_AFTER_DAYS} days, the oldest of {oldest}"]


def _left_out(found: Sequence[Weighed]) -> list[str]:
    notes = []
    for option, words in (("spot", "on spot"), (None, "of unknown purchase")):
        hours = sum((one.hours.bought[option].hours or Decimal(0) for one in found if option in one.hours.bought), Decimal(0))
        if hours:
            notes.append(f"{count(hours)} instance hours {words} are not counted as demand")
    by_day = sum((one.hours.by_day for one in found), Decimal(0))
    if by_day:
        notes.append(
            f"{count(by_day)} instance hours are billed by the day or longer: spread evenly, so their peaks are not seen"
        )
    return notes


def _month(amount: Decimal) -> Decimal:
    return EXACT.multiply(amount, MONTH_HOURS)


def _units(units: Decimal) -> str:
    return f"{units:.0f}" if units == int(units) else f"{units:.1f}"


def demand_notes(found: Sequence[Weighed], ahead: DemandAhead, demand: str, period: Period) -> list[str]:
    """What is assumed of the demand over the terms."""
    if not any(one.plans for one in found):
        return []
    shape = f"hours of the week as from {date_text(period.first)} to {date_text(period.end - timedelta(days=1))}"
    if demand != "forecast":
        return [f"demand is taken to go on as it was, its {shape}"]
    short = [_name(one.place) for one in found if one.plans and not ahead.of(one.place).days_known]
    notes = []
    if ahead.first and ahead.until:
        change = _changes(found, ahead)
        notes.append(
            f"demand is forecast from the days {date_text(ahead.first)} to {date_text(ahead.until)}, its {shape}{change}; "
            "P10 and P90 are savings along its 10% and 90% paths, Saves weighs them 30:40:30 with the 50% path. Beyond half a "
            "year it is a scenario: trends are not drawn on"
        )
    if short:
        more = f" and {len(short) - _SAID:,} more" if len(short) > _SAID else ""
        notes.append(f"too few days are known to forecast {'; '.join(short[:_SAID])}{more}: demand is taken to go on as it was")
    return notes


def _changes(found: Sequence[Weighed], ahead: DemandAhead) -> str:
    """How far the largest place goes within a year."""
    one = next((one for one in found if one.plans and ahead.of(one.place).days_known), None)
    if one is None:
        return ""
    known = ahead.of(one.place)
    year = {name: sum(path[:12], Decimal(0)) / 12 for name, path in (("", known.expected), *known.paths.items())}
    apart = f" ({percent(year['p10'])} to {percent(year['p90'])})" if "p10" in year and "p90" in year else ""
    return f": {_name(one.place)} at {percent(year[''])} of that over a year{apart}"
