"""Builds facts and marts from what was ingested."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING

from finops.config import Overrides, Settings, load_settings
from finops.core.exchange import Exchange, ratio
from finops.core.periods import next_month
from finops.core.result import Column, Result
from finops.core.section_checks import memory_fault
from finops.core.talk import Talk
from finops.errors import UsageError
from finops.ledger.engine.build import build as build_ledger
from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.pricing import HourPrice, Place, PriceInputs
from finops.ledger.engine.runner import BuildReport
from finops.ledger.store import open_reader, open_writer
from finops.steps.costs.restated import owner_costs, owner_differences, with_earlier
from finops.steps.pricing.book import HOURS, TOKENS, known_batches

if TYPE_CHECKING:
    from finops.ledger.store import Reader, Writer
    from finops.prices.book import PriceBook

COLUMNS = (Column("model", "Model"), Column("rows", "Rows built", "count"))


def build(
    overrides: Overrides,
    *,
    full: bool = False,
    select: Sequence[str] = (),
    restate: Sequence[str] = (),
    memory: str | None = None,
    wait_s: float = 60.0,
    talk: Talk,
) -> Result:
    """Builds what is new, or everything, and says how many rows each model made. Closed months keep the rules, owners and
    prices that they were closed with, but for those that `restate` names; `all` names every month."""
    settings = load_settings(overrides)
    if memory is not None and (fault := memory_fault(memory)):
        raise UsageError(fault, where="--memory", hint="such as 2GB")
    with open_reader(settings.ledger) as reader:  # a ledger that is not there is an error here, not a new one
        restate = _months_of(reader) if "all" in restate else restate
    months = restated_months(restate)
    memory = memory or settings.memory
    restate = with_earlier(settings, restate)
    before = owner_costs(settings, restate)
    with open_writer(settings.ledger, wait_s=wait_s, command="build", memory=memory, threads=settings.threads) as writer:
        report = built(writer, settings, talk, full=full, select=select, restate=months)
    notes = [] if report.rows else ["everything was built already; `--full` builds it all anew"]
    rows = [{"model": name, "rows": count} for name, count in report.rows.items()]
    return Result(
        COLUMNS,
        rows,
        meta={"full": report.full, "charge_days": report.charge_days, "call_days": report.call_days},
        notes=[*notes, *kept_notes(report), *owner_differences(before, owner_costs(settings, restate))],
    )


def built(
    writer: Writer,
    settings: Settings,
    talk: Talk,
    *,
    full: bool = False,
    select: Sequence[str] = (),
    restate: Sequence[date] = (),
) -> BuildReport:
    """Builds within an open writer, so that a load and its build commit together."""
    writer.refresh_views()
    allocation, prices = allocation_of(settings), prices_of(settings, writer)
    return build_ledger(writer, allocation, prices, settings.as_of, talk, full=full, select=select, restate=restate)


def restated_months(months: Sequence[str]) -> list[date]:
    """The first days of months written as 2026-09."""
    found = []
    for month in months:
        year, _, number = month.partition("-")
        if not (len(year) == 4 and year.isdigit() and number.isdigit() and len(number) == 2 and 1 <= int(number) <= 12):
            raise UsageError(f"`{month}` is not a month", where="--restate", hint="write it as 2026-09")
        found.append(date(int(year), int(number), 1))
    return found


def _months_of(reader: Reader) -> list[str]:
    """Every month with charges, as 2026-09."""
    sql = "SELECT DISTINCT strftime(day, '%Y-%m') AS month FROM slice WHERE billing_period IS NOT NULL ORDER BY month"
    return [row["month"] for row in reader.query(sql)]


def kept_notes(report: BuildReport) -> list[str]:
    """Says which closed months go by other rules, owners or prices than today's."""
    if not report.kept:
        return []
    months = ", ".join(report.kept)
    return [
        f"closed months keep the rules, owners and prices they were closed with: {months};"
        f" `finops build --restate {report.kept[-1]}` places a month by today's, `--restate all` every month"
    ]


def allocation_of(settings: Settings) -> Allocation:
    """The part of the settings that decides whose a cost is, and whose records of a call count."""
    zone = settings.calendar.zone
    return Allocation(
        settings.identity, settings.maps, settings.rules, settings.workflows, zone, settings.counting, settings.layers
    )


def prices_of(settings: Settings, reader: Reader) -> PriceInputs:
    """What the prices room and the ledger's batches know, asked for only as far as the ledger needs it."""
    from finops.prices.names import provider_aliases
    from finops.prices.token_book import TokenBook

    tokens = TokenBook.of_batches(known_batches(settings, reader, units=TOKENS))
    return PriceInputs(provider_aliases(), lambda: tokens, tokens.resolve, HourPrices(settings, reader), Rates(settings))


class Rates:
    """Asks the company's table of exchange rates, which is read on the first question."""

    def __init__(self, settings: Settings) -> None:
        self._table = settings.exchange_rates
        self._known: Exchange | None = None

    def __call__(self, day: date, billed: str, priced: str) -> tuple[int, int] | None:
        from finops.prices.exchange import read_exchange

        if self._known is None:
            self._known = read_exchange(self._table)
        rate = self._known.rate(day, billed, priced)
        return None if rate is None else ratio(rate)


class HourPrices:
    """Asks the price book, which is opened on the first question, for the prices of each month."""

    def __init__(self, settings: Settings, reader: Reader) -> None:
        self._settings, self._reader = settings, reader

    def __call__(self, asked: Sequence[tuple[Place, date]]) -> dict[tuple[Place, date], list[HourPrice]]:
        from finops.prices.book import PriceBook

        types = sorted({place[2] for place, _ in asked})
        batches = known_batches(self._settings, self._reader, skus=types, history=True, units=HOURS)
        book = PriceBook.load(self._settings.prices, batches)
        return {(place, month): list(self._of_month(book, place, month)) for place, month in asked}

    def _of_month(self, book: PriceBook, place: Place, month: date) -> Iterator[HourPrice]:
        """Spans of days with one price. Days before any price is known take the first one that is."""
        after = next_month(month)
        changes = book.changes(*place)
        starts = [month, *(day for day in changes if month < day < after)]
        for first, end in zip(starts, [*starts[1:], after], strict=True):
            days = (first, *(day for day in changes if day > first))
            found = (book.offer(*place, self._settings.as_of, day) for day in days)
            offer = next((one for one in found if one is not None), None) or book.offer(*place)
            if offer is not None:
                yield HourPrice(first, end, offer.price, offer.currency, offer.as_of, offer.source)
