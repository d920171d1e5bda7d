"""What a month's instance hours cost as they were bought, and what they would have cost bought as was expected."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.committing.purchase import CAUSES, Bought, at_price, cause_of, steps
from finops.core.exchange import Exchange
from finops.core.numbers import money_change, money_table
from finops.core.periods import month_period, month_text
from finops.core.placing.offer import PURCHASE_OPTIONS
from finops.core.result import Column, Result, Table
from finops.core.talk import Talk
from finops.errors import DataError, UsageError
from finops.ledger.cube import require_built
from finops.ledger.store import open_reader
from finops.prices.book import PriceBook
from finops.prices.exchange import read_exchange
from finops.steps.pricing.book import price_book

Row = dict[str, Any]
Place = tuple[str, str | None, str | None, str, str | None]
_ZERO = Decimal(0)

COLUMNS = (
    *(Column("period", "Month", wide_only=True), Column("provider", "Provider"), Column("region", "Region")),
    *(Column("instance_type", "Instance type"), Column("purchase_option", "Bought as"), Column("hours", "Hours", "number")),
    Column("currency", "Currency", wide_only=True),
    *(Column("expected", "As expected", "money", "expected_purchase"), Column("cost", "Cost", "money", "effective_cost")),
    *(Column("difference", "Difference", "money", "purchase_effect"), Column("cause", "Cause")),
)
STEP_COLUMNS = (
    *(Column("step", "From expected to cost"), Column("amount", "Amount", "money", "purchase_effect")),
    Column("meaning", "What it is"),
)


def reconcile_options(
    overrides: Overrides,
    *,
    expect: str | None,
    month: str | None = None,
    expected: Decimal | None = None,
    assume: Mapping[str, Decimal] | None = None,
    talk: Talk,
) -> Result:
    """One row per place and way of buying. `expect` is the purchase option that was expected, `assume` its discount off
    on-demand where its price is not known, `expected` the amount that was expected of the month."""
    if expect is None or expect not in PURCHASE_OPTIONS:
        raise UsageError(f"`{expect}` is no purchase option", where="--expect", hint="one of: " + ", ".join(PURCHASE_OPTIONS))
    if unknown := sorted(set(assume or {}) - {expect}):
        raise UsageError(f"`{unknown[0]}` is not what is expected", where="--assume", hint=f"--assume {expect}=40%")
    settings = load_settings(overrides)
    period = month_period(month) if month else month_period(_last_whole(settings.as_of))
    exchange = read_exchange(settings.exchange_rates)
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        incurred = settings.view == "incurred"
        found = reader.read("options_hours", month=period.label, currency=settings.currency, incurred=incurred)
        book = price_book(settings, reader)
    if not any(row["is_hours"] for row in found):
        raise DataError(
            f"no instance hours are known for {period.label}", where="--month", hint="`finops cost --by month,instance_type`"
        )
    prices = _Prices(book, exchange, settings, expect, (assume or {}).get(expect))
    bought, others = _added_up(found, prices)
    rows = [_row(period.label, currency, one, expect) for currency, own in bought.items() for one in own]
    currencies = sorted(bought)
    if expected is not None and len(currencies) > 1:
        raise UsageError(
            "the month has several currencies", where="--expected", hint="--currency names one: " + ", ".join(currencies)
        )
    walks = {currency: steps(bought[currency], expect, others[currency], expected) for currency in currencies}
    below = [_table(period.label, currency, walk, expect, told=expected is not None) for currency, walk in walks.items()]
    totals = [
        {"currency": c, "expected": w.expected, "plan": w.plan, **w.causes, "other": w.other, "cost": w.cost}
        for c, w in walks.items()
    ]
    meta = {
        "currency": settings.currency,
        "as_of": settings.as_of,
        "period": period.label,
        "metric": "effective",
        "expect": expect,
    }
    return Result(COLUMNS, rows, totals, meta, prices.notes(found), below=below)


def _last_whole(as_of: date) -> str:
    return month_text(date.fromordinal(as_of.replace(day=1).toordinal() - 1))


class _Prices:
    """What an hour would have cost bought as was expected, in the currency of the bill."""

    def __init__(self, book: PriceBook, exchange: Exchange, settings: Settings, option: str, discount: Decimal | None) -> None:
        self._book, self._exchange, self._as_of = book, exchange, settings.as_of
        self._option, self._discount = option, discount
        self._oldest: date | None = None
        self._missing: set[str] = set()

    def expected(self, row: Row) -> Decimal | None:
        """The hours of a row at the expected price of their day; None where it is not known."""
        names = (row["provider"], row["region"], row["instance_type"])
        if None in names:
            self._missing.add(" ".join(name or "-" for name in names))
            return None
        share = Decimal(1)
        offer = self._book.offer(*names, self._option, self._as_of, row["day"])
        if offer is None and self._discount is not None:
            offer, share = self._book.offer(*names, "on_demand", self._as_of, row["day"]), 1 - self._discount
        rate = None if offer is None else self._exchange.rate(row["day"], offer.currency, row["currency"])
        if offer is None or rate is None:
            self._missing.add(" ".join(names))
            return None
        self._oldest = offer.as_of if self._oldest is None else min(self._oldest, offer.as_of)
        return at_price(row["hours"], offer.price * share, rate)

    def notes(self, found: Sequence[Row]) -> list[str]:
        """What is taken, and what is missing."""
        notes = []
        if self._oldest is not None:
            notes.append(
                f"expected prices: {self._option}, of {self._oldest} or later; `finops prices list` shows each with its source"
            )
        if self._discount is not None:
            notes.append(f"where no {self._option} price is known, on-demand less {self._discount:%} is taken")
        for name in sorted(self._missing):
            notes.append(f"no {self._option} price is known of {name}: `--assume {self._option}=40%`, or `finops prices import`")
        if unknown := sum(row["unknown"] for row in found):
            notes.append(f"{unknown:,} sums of charges have no effective cost and are not in here")
        return notes


def _added_up(found: Sequence[Row], prices: _Prices) -> tuple[dict[str, list[Bought]], dict[str, Decimal]]:
    """Hours by place and way of buying, and the cost that is no hours, by currency."""
    sums: dict[Place, list[Decimal | None]] = {}
    others: dict[str, Decimal] = defaultdict(Decimal)
    for row in found:
        if not row["is_hours"]:
            others[row["currency"]] += row["cost"] or _ZERO
            continue
        unused = row["purchase_option"] == "commitment_unused"
        expected = _ZERO if unused else prices.expected(row)
        place = (row["currency"], row["provider"], row["region"], row["instance_type"], row["purchase_option"])
        before = sums.setdefault(place, [_ZERO, _ZERO, _ZERO])
        for index, amount in enumerate((row["hours"], row["cost"] or _ZERO, expected)):
            own = before[index]
            before[index] = None if own is None or amount is None else own + amount
    bought: dict[str, list[Bought]] = defaultdict(list)
    for (currency, provider, region, kind, option), (hours, cost, expected) in sums.items():
        bought[currency].append(Bought(provider, region, kind, option, hours or _ZERO, cost or _ZERO, expected))
    return dict(bought), others


def _row(period: str, currency: str, one: Bought, expect: str) -> Row:
    return {
        **{"period": period, "provider": one.provider, "region": one.region, "instance_type": one.instance_type},
        **{"purchase_option": one.purchase_option, "hours": one.hours, "currency": currency},
        **{"expected": one.expected, "cost": one.cost, "difference": one.difference},
        "cause": cause_of(one.purchase_option, expect, price_is_known=one.expected is not None) if one.difference != 0 else None,
    }


def _table(period: str, currency: str, walk: Any, expect: str, *, told: bool) -> Table:
    name = expect.replace("_", " ")
    lines: list[Row] = [
        {"step": "Expected", "amount": walk.expected, "meaning": "as told" if told else f"all hours at {name} prices"}
    ]
    if told:
        lines.append({"step": "Plan", "amount": walk.plan, "meaning": f"the month's hours at {name} prices - what was expected"})
    lines += [
        {"step": cause.replace("_", " ").capitalize(), "amount": walk.causes[cause], "meaning": meaning}
        for cause, meaning in CAUSES.items()
        if walk.causes[cause]
    ]
    if walk.other:
        lines.append({"step": "Other cost", "amount": walk.other, "meaning": "of the month, and no instance hours"})
    change = money_change(walk.cost - walk.expected, currency)
    lines.append({"step": "Cost", "amount": walk.cost, "meaning": f"{change} on {money_table(walk.expected, currency)}"})
    return Table(f"{period}, {currency}", STEP_COLUMNS, [{**line, "currency": currency} for line in lines])
