"""How much of each instance type to commit to: hourly demand against the price book, after what is held, terms in layers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, Settings, load_settings
from finops.core.committing.commitments import EXACT, MONTH_HOURS, Term, savings_rate
from finops.core.committing.instance_hours import Place, PlaceHours, Span, hours_by_place
from finops.core.committing.plans import RENEWED, STACK, Plan, Today, Weighed, plans, renewed, today
from finops.core.numbers import plain_decimal
from finops.core.periods import Period, chosen_period
from finops.core.placing.offer import PURCHASE_OPTIONS, Offer
from finops.core.result import Column, Result
from finops.errors import DataError, UsageError
from finops.ledger.cube import require_built
from finops.ledger.instance_hours import billed_spans, instance_hours
from finops.ledger.store import one_state
from finops.prices.exchange import read_exchange
from finops.steps.placing.commitment_demand import DemandAhead, demand_ahead
from finops.steps.placing.commitment_fees import fee_notes, of_known_use, unnamed_fees
from finops.steps.placing.commitment_notes import commitment_notes, demand_notes
from finops.steps.placing.commitment_pools import pool_notes, pool_row, pools_of
from finops.steps.reading import read_ledger

if TYPE_CHECKING:
    from finops.core.exchange import Exchange
    from finops.core.forecasting.demand_ahead import Ahead
    from finops.core.talk import Talk
    from finops.prices.book import PriceBook

Row = dict[str, Any]
OPTIONS = tuple(option for option in PURCHASE_OPTIONS if option not in ("on_demand", "spot"))
DEMANDS = ("forecast", "history")
_STORED = Decimal("1e-12")
_ZERO = Decimal(0)
COLUMNS = (
    Column("provider", "Provider", wide_only=True),
    Column("region", "Region"),
    Column("instance_type", "Instance type"),
    Column("plan", "Plan"),
    Column("units", "Units", "number", "commitment_units"),
    Column("layers", "In layers", wide_only=True),
    Column("break_even", "Pays at", "ratio", "break_even"),
    Column("utilisation", "Used", "ratio", "commitment_utilisation", wide_only=True),
    Column("coverage", "Coverage", "ratio", "commitment_coverage", wide_only=True),
    Column("savings_rate", "ESR", "ratio", "savings_rate"),
    Column("saving", "Saves", "money", "commitment_saving"),
    Column("saving_p10", "P10", "money", "commitment_saving"),
    Column("saving_p50", "P50", "money", "commitment_saving", wide_only=True),
    Column("saving_p90", "P90", "money", "commitment_saving"),
    Column("at_risk", "At risk", "money", "commitment_risk"),
    Column("monthly_cost", "Month", "money", "commitment_cost", wide_only=True),
    Column("demand", "Demand", "number", "commitment_demand", wide_only=True),
    Column("always", "Always used", "count", "commitment_demand", wide_only=True),
    Column("unused_cost", "Unused", "money", "commitment_unused", wide_only=True),
    Column("too_many", "Too many", "number", "commitment_excess", wide_only=True),
    Column("too_many_cost", "They cost", "money", "commitment_excess", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("on_demand_price", "On demand, an hour", "unit_price", "price", wide_only=True),
    Column("price", "Committed, an hour", "unit_price", "price", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
    Column("price_source", "Source", wide_only=True),
)
_SOURCES = {STACK: None, RENEWED: "the bill"}
_EMPTY: Row = {column.key: None for column in COLUMNS}


def commitments(
    overrides: Overrides,
    *,
    month: str | None = None,
    last: str | None = None,
    fall: Decimal = Decimal("0.3"),
    assume: Mapping[str, Decimal] | None = None,
    top: int = 0,
    demand: str = "forecast",
    talk: Talk,
) -> Result:
    """What to commit to beyond what is held, in every place with instances. `fall` is the share by which demand may fall;
    `assume` is the discount off on-demand of options whose price is not known. `demand` goes on as `forecast`, or as it was in
    the period ("history")."""
    from finops.steps.pricing.book import price_book

    settings = load_settings(overrides)
    for option in assume or ():
        if option not in OPTIONS:
            raise UsageError(f"`{option}` is not a way to commit", where="--assume", hint="one of: " + ", ".join(OPTIONS))
    if demand not in DEMANDS:
        raise UsageError(f"`{demand}` is not known", where="--demand", hint="one of: " + ", ".join(DEMANDS))
    period = chosen_period(month, last or (None if month else "60d"), settings.as_of)
    assert period is not None
    with read_ledger(settings) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        talk.stage("Read the hours of instances")
        rows = instance_hours(reader, period.first, period.end)
        spans = {provider: Span(*span) for provider, span in billed_spans(reader, period.first, period.end).items()}
        fees = unnamed_fees(reader, settings, period)
        if settings.currency:
            rows = [row for row in rows if row["currency"] == settings.currency]
        by_place = hours_by_place(rows, spans, Span(*(datetime.combine(day, time()) for day in (period.first, period.end))))
        own = {place: hours for place, hours in by_place.items() if place.instance_type}
        ahead = demand_ahead(reader, settings.as_of, own) if demand == "forecast" else DemandAhead({})
    talk.stage("Weigh the commitments")
    book, exchange = price_book(settings), read_exchange(settings.exchange_rates)
    found = [
        _found(place, hours, _offers(place, book, exchange, settings.as_of), fall, assume or {}, ahead.of(place))
        for place, hours in own.items()
    ]
    loose = {place: hours for place, hours in by_place.items() if not place.instance_type}
    if not found and not loose:
        raise DataError(
            f"no hours of instances are known for {period.label}",
            where="the bills",
            hint="`finops cost --by instance_type` shows them",
        )
    found.sort(key=lambda one: (-(one.now.equivalent if one.now else _ZERO), tuple(str(part) for part in one.place)))
    shown = found[: top or None]
    totals = _totals(found, loose)
    pools = pools_of(found, ahead, fall)
    notes = commitment_notes(found, loose, totals, fall, settings.as_of, len(found) - len(shown))
    return Result(
        COLUMNS,
        [of_known_use(row, fees) for one in shown for row in _rows(one)] + [pool_row(pool, _EMPTY) for pool in pools],
        totals,
        _meta(settings, period, fall, found) | {"demand": demand, "demand_from": ahead.first, "demand_until": ahead.until},
        [*notes, *pool_notes(pools), *demand_notes(found, ahead, demand, period), *fee_notes(fees)],
    )


def _offers(place: Place, book: PriceBook, exchange: Exchange, as_of: date) -> dict[str, Offer]:
    """The prices of a place by purchase option, in the currency of its bill; without those that no rate leads to."""
    names = (place.provider or "", place.region or "", place.instance_type or "")
    found = {}
    for offer in book.offers(*names, None, as_of):
        rate = exchange.rate(as_of, offer.currency, place.currency)
        if rate is not None:
            found[offer.purchase_option] = offer.in_currency(place.currency, rate)
    return found


def _found(
    place: Place,
    hours: PlaceHours,
    offers: Mapping[str, Offer],
    fall: Decimal,
    assume: Mapping[str, Decimal],
    ahead: Ahead,
) -> Weighed:
    listed = offers.get("on_demand")
    now = today(hours, listed.price if listed else None)
    committed = {option: offers[option] for option in OPTIONS if option in offers}
    if now is None:
        return Weighed(place, hours, None, committed, {}, ())
    assumed = {option: EXACT.multiply(now.on_demand, 1 - share) for option, share in assume.items() if option not in committed}
    terms = [Term(option, offer.price) for option, offer in committed.items()]
    terms += [Term(option, rate) for option, rate in assumed.items()]
    made = plans(hours, now, terms, fall, ahead)
    return Weighed(place, hours, now, committed, assumed, made, renewed(hours, now))


def _rows(found: Weighed) -> Iterable[Row]:
    """What is so today, then each plan."""
    now = found.now
    empty = _EMPTY | found.place._asdict()
    if now is None:
        yield empty | {"plan": "today"}
        return
    shared = empty | {"on_demand_price": _money(now.on_demand), "demand": now.demand, "always": now.always}
    yield shared | {
        "plan": "today", "units": now.held, "utilisation": _ratio(now.utilisation), "coverage": _ratio(now.coverage),
        "savings_rate": _ratio(now.savings_rate), "monthly_cost": _monthly(now.cost), "price": _money(now.held_rate),
        "too_many": now.too_many, "too_many_cost": _monthly(now.too_many_cost), "unused_cost": _monthly(now.unused_cost),
        "layers": f"{plain_decimal(now.held)} held" if now.held else None,
    }  # fmt: skip
    for plan in (*([found.renewed] if found.renewed else []), *found.plans):
        offer = found.offers.get(plan.name)
        price = offer.price if offer else found.assumed.get(plan.name)
        yield shared | {
            "plan": plan.name, "units": Decimal(plan.units), "break_even": _ratio(plan.break_even),
            "layers": " + ".join(f"{layer.units} {layer.option}" for layer in plan.layers) or None,
            "utilisation": _ratio(plan.utilisation), "coverage": _ratio(plan.coverage), "savings_rate": _ratio(plan.savings_rate),
            "saving": _monthly(plan.saving), "at_risk": _money(plan.at_risk), "monthly_cost": _monthly(plan.cost),
            **{f"saving_{path}": _monthly(saving) for path, saving in plan.saving_along.items()},
            "price": _money(now.held_rate if plan.name == RENEWED else price),
            "price_as_of": offer.as_of if offer else None,
            "price_source": offer.origin if offer else _SOURCES.get(plan.name, "assumed"),
        }  # fmt: skip


def _totals(found: Sequence[Weighed], loose: Mapping[Place, PlaceHours]) -> list[Row]:
    """By currency, a month of what is known: cost today, the same at on-demand prices, the stack's saving, both savings rates."""
    totals = []
    for currency in sorted({one.place.currency for one in found} | {place.currency for place in loose}):
        own = [one for one in found if one.place.currency == currency and one.now is not None and one.now.cost is not None]
        unused = [
            (bought.cost, hours.span.hours)
            for place, hours in loose.items()
            if place.currency == currency
            for bought in hours.bought.values()
        ]
        extra = sum((EXACT.divide(cost, hours) for cost, hours in unused if cost is not None), _ZERO)
        cost = sum((one.now.cost or _ZERO for one in own if one.now), extra)
        equivalent = sum((one.now.equivalent for one in own if one.now), _ZERO)
        stacks = [one.stack for one in own if one.stack]
        saving = sum((stack.saving for stack in stacks), _ZERO) if stacks else None
        to_come: list[Today | Plan] = [one.stack or one.now for one in own if one.now]
        later = sum((one.cost or _ZERO for one in to_come), extra)
        then = sum((one.equivalent for one in to_come), _ZERO)
        totals.append(
            {
                "currency": currency,
                "monthly_cost": _monthly(cost),
                "on_demand_equivalent": _monthly(equivalent),
                "unused_of_no_type": _monthly(extra),
                "saving": _monthly(saving),
                "savings_rate_before": _number(savings_rate(cost, equivalent)),
                "savings_rate_after": None if saving is None else _number(savings_rate(later, then)),
            }
        )
    return totals


def _meta(settings: Settings, period: Period, fall: Decimal, found: Sequence[Weighed]) -> Row:
    return {
        "currency": settings.currency,
        "metric": "commitment_saving",
        "as_of": settings.as_of,
        "period": period.label,
        "fall": fall,
        "month_hours": int(MONTH_HOURS),
        "prices_as_of": min((offer.as_of for one in found for offer in one.offers.values()), default=None),
    }


def _monthly(amount: Decimal | None) -> Decimal | None:
    """A mean hour's amount as that of a month of 730 hours."""
    return None if amount is None else _money(EXACT.multiply(amount, MONTH_HOURS))


def _money(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(_STORED, context=EXACT)


def _ratio(share: Decimal | None) -> Decimal | None:
    return None if share is None else round(share, 9)


def _number(share: Decimal | None) -> float | None:
    """A share among the totals, which write a Decimal as money."""
    return None if share is None else round(float(share), 9)
