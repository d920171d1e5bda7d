"""Gathers what traces, gateways, usage reports and bills say of model calls, by month, account of the bill, and model."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Literal, NamedTuple

from finops.core.exchange import Exchange
from finops.core.explaining.gap import EXACT, KINDS, Bill, Evidence, Recorded
from finops.core.periods import month_text
from finops.steps.reconciling.accounts import Accounts

Row = Mapping[str, Any]
Rows = Sequence[Row]
_ZERO = Decimal(0)
_STEPS = ("plain", "sized", "timed", "cached", "priced")
_SEEN = {"retried": "retried", "lost": "lost", "unseen": "lost", "unsampled": "left_out", "unknown": "uncertain"}
"""Kind of a call that only a gateway has to the field of `Seen` that it is."""


class Key(NamedTuple):
    """What one row of the answer is about; the row without a model is for charges of the account as a whole."""

    period: str
    provider: str | None
    account: str | None
    currency: str
    model: str | None


class Part(NamedTuple):
    """What a row of a read added to a sum of the evidence: the name of the sum (`core.gap_forms`), the row, and the amount."""

    base: str
    row: Row
    amount: Decimal


@dataclass
class Side:
    """What is known of one key, while it is gathered."""

    evidence: Evidence = field(default_factory=Evidence)
    gateway: Decimal | None = None
    gateways: set[str] = field(default_factory=set)
    known_days: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    report_days: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    premium_days: dict[date, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    report_complete: bool = True
    unpriced: int = 0
    variance: Decimal = _ZERO
    costs: dict[str, Decimal | None] = field(default_factory=dict)
    converted: bool = True
    """Whether every amount in another currency had a rate."""
    covered: set[date] = field(default_factory=set)
    """Days that a bill of the account covers."""
    parts: list[Part] = field(default_factory=list)
    """What each row added, where that is kept."""


@dataclass
class Gathered:
    """All sides, and what is to be said about them."""

    sides: dict[Key, Side]
    accounts: Accounts
    rateless: set[tuple[str, str]]
    """Pairs of currencies without a rate on some day."""
    traced: set[tuple[str, str | None]]
    """(month, provider) of which some trace is loaded."""


class Gatherer:
    """Adds up the rows of the named reads. Amounts are converted with the rate of their own day, and rounded at the end only.
    With `keep_parts` each side also has what every row added."""

    def __init__(
        self, charges: Iterable[Row], exchange: Exchange, view: Literal["billed", "incurred"], *, keep_parts: bool = False
    ) -> None:
        self._charges = list(charges)
        self._exchange, self._view, self._keeps = exchange, view, keep_parts
        self._sides: dict[Key, Side] = defaultdict(Side)
        self._covered: dict[tuple[str, str | None, str | None], set[date]] = defaultdict(set)
        self._traced: set[tuple[str, str | None]] = set()
        self._rateless: set[tuple[str, str]] = set()

    def gather(self, *, calls: Rows, gateways: Rows, reports: Rows, sampling: Rows, retries: Rows) -> Gathered:
        """Everything, on its key."""
        self._accounts = Accounts(self._charges, [*calls, *gateways, *reports])
        for row in calls:
            self._add_calls(row)
        for row in gateways:
            self._add_gateway(row)
        for row in reports:
            self._add_report(row)
        for row in sampling:
            side, rate = self._side(row)
            side.evidence.beyond += EXACT.multiply(row["beyond"], rate)
            side.variance += EXACT.multiply(row["variance"].scaleb(-18, EXACT), EXACT.multiply(rate, rate))
        for row in retries:
            side, rate = self._side(row)
            side.evidence.hidden_retries += EXACT.multiply(row["cost"], rate)
            self._keep(side, row, hidden_retries=EXACT.multiply(row["cost"], rate))
        self._add_charges()
        self._finish()
        return Gathered(dict(self._sides), self._accounts, self._rateless, self._traced)

    def _add_calls(self, row: Row) -> None:
        traced = row["kind"] == "traced"
        if traced and row["records"]:
            self._traced.add((month_text(row["day"]), row["provider"]))
        if row["price"] is None:
            if row["records"] or row["tokens"]:
                self._unpriced(row)
            return
        side, rate = self._side(row)
        side.unpriced += row["unpriced"]
        weighted = EXACT.multiply(EXACT.multiply(row["weighted"], row["price"]), rate)
        side.known_days[row["day"]] += weighted
        small = EXACT.multiply(EXACT.multiply(row["weighted"], row["least"]), rate)
        side.premium_days[row["day"]] += weighted - small
        self._keep(side, row, premium=weighted - small, known=weighted)
        if not traced:
            name = _SEEN[row["kind"]]
            setattr(side.evidence.seen, name, getattr(side.evidence.seen, name) + weighted)
            self._keep(side, row, **{name: weighted})
            return
        own = side.evidence.recorded = side.evidence.recorded or Recorded()
        for step in _STEPS:
            amount = EXACT.multiply(EXACT.multiply(row["tokens"], row["price" if step == "priced" else step]), rate)
            setattr(own, step, getattr(own, step) + amount)
            self._keep(side, row, **{step: amount})
        own.weighted += weighted
        self._keep(side, row, weighted=weighted)

    def _unpriced(self, row: Row) -> None:
        """Calls of a model without a price: counted where the model has a side of its own, and only there."""
        month = month_text(row["day"])
        place = self._accounts.place(month, row["provider"], row["account"])
        if place.currency is not None:
            side = self._sides[self._called(month, row, place.account, place.currency)]
            side.unpriced += row["unpriced"]

    def _add_gateway(self, row: Row) -> None:
        side, rate = self._side(row)
        side.gateway = (side.gateway or _ZERO) + EXACT.multiply(row["cost"], rate)
        self._keep(side, row, gateway=EXACT.multiply(row["cost"], rate))
        side.gateways.add(row["source"])

    def _add_report(self, row: Row) -> None:
        if not row["tokens"]:
            return
        side, rate = self._side(row)
        if row["price"] is None:
            side.report_complete = False
        else:
            amount = EXACT.multiply(EXACT.multiply(row["tokens"], row["price"]), rate)
            side.report_days[row["day"]] += amount
            side.evidence.report_is_sized |= row["is_sized"]
            side.evidence.report = (side.evidence.report or _ZERO) + amount
            self._keep(side, row, report=amount)

    def _add_charges(self) -> None:
        for row in self._charges:
            incurred, billed = month_text(row["day"]), row["period"]
            if not any(self._accounts.bills_models(month, row) for month in (incurred, billed)):
                continue
            whole = self._accounts.is_whole(incurred, row["provider"], row["account"])
            if row["kind"] != "usage" or (row["model"] is None and not whole):
                kind = "other" if row["kind"] == "usage" else row["kind"]
                month = billed if self._view == "billed" else incurred
                bill = self._bill(month, row)
                bill.others[KINDS[kind]] = bill.others.get(KINDS[kind], _ZERO) + row["billed"]
                self._keep(self._sides[self._key(month, row)], row, **{KINDS[kind]: row["billed"]})
                continue
            self._add_usage(incurred, row)
            if self._view == "billed" and billed != incurred:
                for month, amount in ((incurred, -row["billed"]), (billed, row["billed"])):
                    self._bill(month, row).other_months += amount
                    self._keep(self._sides[self._key(month, row)], row, other_months=amount)

    def _add_usage(self, month: str, row: Row) -> None:
        self._bill(month, row).usage += row["billed"]
        key = self._key(month, row)
        side = self._sides[key]
        for offset in range(min((row["last_day"] - row["day"]).days, 366) + 1):
            self._covered[key.period, key.provider, key.account].add(row["day"] + timedelta(days=offset))
        at_list, own = self._converted(row, "at_list", "price_currency"), self._converted(row, "list_own", "list_currency")
        for name, amount in (("at_list", at_list), ("list_own", own), ("list", row["list"]), ("contracted", row["contracted"])):
            before = side.costs.get(name, _ZERO)
            side.costs[name] = None if before is None or amount is None else before + amount
            self._keep(side, row, **{name: amount})
        self._keep(side, row, usage=row["billed"])

    def _converted(self, row: Row, column: str, currency: str) -> Decimal | None:
        if row[column] is None or row[currency] is None:
            return None
        rate = self._exchange.rate(row["day"], row[currency], row["currency"])
        if rate is None:
            self._rateless.add((row[currency], row["currency"]))
            return None
        return EXACT.multiply(row[column], rate)

    def _finish(self) -> None:
        for key, side in self._sides.items():
            told = side.evidence
            if not side.converted:
                told.comparable, told.report, side.gateway = False, None, None
            if not side.report_complete:
                told.report = None
            of_calls = key.model is not None or self._accounts.is_whole(key.period, key.provider, key.account)
            told.unpriced = side.unpriced > 0
            if told.recorded is None and (key.period, key.provider) in self._traced and of_calls and not told.unpriced:
                told.recorded = Recorded()
            told.deviation = side.variance.sqrt(EXACT)
            told.premium = sum(side.premium_days.values(), _ZERO)
            covered = side.covered = self._covered[key.period, key.provider, key.account]
            if told.bill is None and covered and of_calls:
                told.bill = Bill()  # a bill of the account is there, and this model is not on it
            if told.bill is not None:
                for name, amount in side.costs.items():
                    setattr(told.bill, name, amount)
                days = side.known_days if told.report is None else side.report_days
                told.unbilled = sum((amount for day, amount in days.items() if day not in covered), _ZERO)
                told.unbilled_premium = sum((amount for day, amount in side.premium_days.items() if day not in covered), _ZERO)
                if told.report is not None and not told.report_is_sized:
                    told.unbilled += told.unbilled_premium

    def _side(self, row: Row) -> tuple[Side, Decimal]:
        """The side of a call, and the rate that turns its amounts into the currency of its bill."""
        month = month_text(row["day"])
        place = self._accounts.place(month, row["provider"], row["account"])
        currency = place.currency or row["currency"] or "USD"
        side = self._sides[self._called(month, row, place.account, currency)]
        rate = self._exchange.rate(row["day"], row["currency"] or currency, currency)
        if rate is None:
            self._rateless.add((row["currency"], currency))
            side.converted = False
            return side, _ZERO
        return side, rate

    def _keep(self, side: Side, row: Row, **amounts: Decimal | None) -> None:
        if self._keeps:
            side.parts += [Part(base, row, amount) for base, amount in amounts.items() if amount]

    def _key(self, month: str, row: Row) -> Key:
        account = self._accounts.of_charge(month, row["provider"], row["account"])
        return self._called(month, row, account, row["currency"])

    def _called(self, month: str, row: Row, account: str | None, currency: str) -> Key:
        whole = self._accounts.is_whole(month, row["provider"], account)
        return Key(month, row["provider"], account, currency, None if whole else row["model"])

    def _bill(self, month: str, row: Row) -> Bill:
        told = self._sides[self._key(month, row)].evidence
        told.bill = told.bill or Bill()
        return told.bill


def whole(gathered: Gathered, key: Key) -> Side:
    """The account as a whole, with a bill, which is made where there is none yet."""
    side = gathered.sides.setdefault(key._replace(model=None), Side())
    side.evidence.bill = side.evidence.bill or Bill()
    return side


def in_order(gathered: Gathered) -> Iterator[tuple[Key, Side]]:
    """By month, account and model; what is of no model comes last."""
    order = sorted(
        gathered.sides, key=lambda k: (k.period, k.provider or "", k.account or "", k.currency, k.model is None, k.model or "")
    )
    return ((key, gathered.sides[key]) for key in order)
