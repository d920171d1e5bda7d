"""Builds facts and marts from what was ingested."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from finops.config import Overrides, Settings, load_settings
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.ledger.engine.build import build as build_ledger
from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.pricing import HourPrice, Place, PriceInputs
from finops.ledger.engine.runner import BuildReport
from finops.ledger.store import open_reader, open_writer

if TYPE_CHECKING:
    from finops.ledger.store import Writer

COLUMNS = (Column("model", "Model"), Column("rows", "Rows built", "count"))


def build(
    overrides: Overrides,
    *,
    full: bool = False,
    select: Sequence[str] = (),
    memory: str | None = None,
    wait_s: float = 60.0,
    talk: Talk,
) -> Result:
    """Builds what is new, or everything, and says how many rows each model made."""
    settings = load_settings(overrides)
    open_reader(settings.ledger).close()  # a ledger that is not there is an error here, not a new one
    memory = memory or settings.memory
    with open_writer(settings.ledger, wait_s=wait_s, command="build", memory=memory, threads=settings.threads) as writer:
        report = built(writer, settings, talk, full=full, select=select)
    rows = [{"model": name, "rows": count} for name, count in report.rows.items()]
    return Result(
        COLUMNS,
        rows,
        meta={"full": report.full, "charge_days": report.charge_days, "call_days": report.call_days},
        notes=[] if rows else ["everything was built already; `--full` builds it all anew"],
    )


def built(writer: Writer, settings: Settings, talk: Talk, *, full: bool = False, select: Sequence[str] = ()) -> BuildReport:
    """Builds within an open writer, so that a load and its build commit together."""
    writer.refresh_views()
    return build_ledger(writer, allocation_of(settings), prices_of(settings), settings.as_of, talk, full=full, select=select)


def allocation_of(settings: Settings) -> Allocation:
    """The part of the settings that decides whose a cost is."""
    return Allocation(settings.identity, settings.maps, settings.rules, settings.workflows)


def prices_of(settings: Settings) -> PriceInputs:
    """What the prices room knows, asked for only as far as the ledger needs it."""
    from finops.prices.names import provider_aliases
    from finops.prices.tokens import resolve_model, token_price_batch

    return PriceInputs(provider_aliases(), token_price_batch, resolve_model, _HourPrices(settings))


class _HourPrices:
    """Asks the price book, which is opened on the first question."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def __call__(self, place: Place) -> HourPrice | None:
        from finops.prices.book import PriceBook

        if not hasattr(self, "_book"):
            self._book = PriceBook.load(self._settings.prices)
        offer = self._book.offer(*place)
        return None if offer is None else HourPrice(offer.price, offer.currency, offer.as_of, offer.source)
