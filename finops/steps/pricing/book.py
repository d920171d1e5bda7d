"""The price book and the token prices that a command goes by: bundled facts, batches of the ledger, the user's own over all."""

from __future__ import annotations

import gc
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any

from finops.ledger.price_batches import FACT_COLUMNS, price_facts

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.ledger.store import Reader
    from finops.prices.base import Batch, Fact
    from finops.prices.book import PriceBook
    from finops.prices.lineage import PriceFiles
    from finops.prices.tier_book import TierBook


HOURS, TOKENS = ("hour",), ("token",)
"""The units of the prices that the book of machines, and that of models, hold."""


def price_book(settings: Settings, reader: Reader | None = None) -> PriceBook:
    """The book as it was known on the business date. Without a ledger it holds what is bundled and `--prices` alone."""
    from finops.prices.book import PriceBook

    with _without_collecting():
        return PriceBook.load(settings.prices, known_batches(settings, reader, units=HOURS))


def tier_book(settings: Settings, reader: Reader | None = None) -> TierBook:
    """The prices by tier of what is moved or kept, as they were known on the business date."""
    from finops.prices.tier_book import UNITS, TierBook

    return TierBook.load(settings.prices, known_batches(settings, reader, units=UNITS))


def price_files(settings: Settings) -> Callable[[], PriceFiles]:
    """Where the prices of a command stand, read once and only when it is asked."""

    @cache
    def read() -> PriceFiles:
        from finops.prices.lineage import PriceFiles

        return PriceFiles(settings.prices, known_batches(settings), settings.as_of)

    return read


def known_batches(settings: Settings, reader: Reader | None = None, **chosen: Any) -> list[Batch]:
    """The price batches of the ledger that were known on the business date; none where there is no ledger."""
    from finops.ledger.store import open_reader

    if reader is not None:
        return batches_of(price_facts(reader, settings.as_of, **chosen))
    if not settings.ledger.is_file():
        return []
    with open_reader(settings.ledger) as own:
        return batches_of(price_facts(own, settings.as_of, **chosen))


def batches_of(rows: Iterable[dict[str, Any]]) -> list[Batch]:
    """Rows of the ledger as batches of facts, in their order."""
    from finops.prices.base import Batch

    found = []
    for _, group in groupby(rows, key=lambda row: row["position"]):
        facts = list(group)
        first = facts[0]
        found.append(
            Batch(
                first["name"], first["listed_on"], first["source"], [_fact(row) for row in facts], first["own"], first["complete"]
            )
        )
    return found


def fact_rows(facts: Sequence[Fact]) -> list[tuple[Any, ...]]:
    """Facts as rows of the ledger, in the order of its columns, sorted; numbers are text of at most 18 decimals."""
    return sorted((_row(fact) for fact in facts), key=lambda row: tuple(str(value) for value in row))


def digest_of(rows: Sequence[tuple[Any, ...]]) -> str:
    """The same text for the same facts, whenever they were learned, and wherever in a file they stand."""
    aside = {FACT_COLUMNS.index("as_of"), FACT_COLUMNS.index("line")}
    lines = sorted("\t".join(str(value) for column, value in enumerate(row) if column not in aside) for row in rows)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


@contextmanager
def _without_collecting() -> Iterator[None]:
    """A hundred thousand facts are made and kept: to look among them for garbage, again and again, takes a third of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _fact(row: dict[str, Any]) -> Fact:
    from finops.prices.base import Discount, PricePoint, SpotSaving

    names = (row["provider"], row["region"], row["sku"])
    if row["kind"] == "saving":
        return SpotSaving(*names, row["share"], row["low"], row["high"], row["as_of"], row["source"])
    if row["kind"] == "discount":
        valid = (row["valid_from"], row["valid_to"])
        return Discount(*names, row["purchase_option"], row["share"], row["as_of"], row["source"], *valid, line=row["line"])
    return PricePoint(
        *names, row["purchase_option"], row["unit"], row["price"].normalize(), row["currency"], row["as_of"], row["source"],
        row["valid_from"], row["valid_to"], row["derived_from"], row["tier_from"].normalize(),
        line=row["line"],
    )  # fmt: skip


def _row(fact: Fact) -> tuple[Any, ...]:
    from finops.prices.base import Discount, SpotSaving

    names = (fact.provider, fact.region, fact.sku)
    if isinstance(fact, SpotSaving):
        shares = (_text(fact.saving), _text(fact.low), _text(fact.high))
        return ("saving", *names, "spot", None, None, None, *shares, None, None, None, fact.as_of, fact.source, None, None)
    if isinstance(fact, Discount):
        share = (_text(fact.share), None, None)
        valid = (fact.valid_from, fact.valid_to)
        told = (fact.as_of, fact.source, None, fact.line)
        return ("discount", *names, fact.purchase_option, None, None, None, *share, None, *valid, *told)
    return (
        "price", *names, fact.purchase_option, fact.unit, _text(fact.price), fact.currency, None, None, None,
        _text(fact.tier_from), fact.valid_from, fact.valid_to, fact.as_of, fact.source, fact.derived_from,
        fact.line,
    )  # fmt: skip


def _text(number: Decimal) -> str:
    from finops.prices.base import stored

    return f"{stored(number):f}"
