"""Takes a user's own prices into the ledger: contract prices, discounts, negotiated rates, or another list of token prices."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from finops.config import Overrides, load_settings
from finops.core.numbers import count
from finops.core.result import Column, Result
from finops.errors import DataError, UsageError
from finops.ledger.price_batches import PriceBatch, add_price_batch
from finops.ledger.store import open_writer
from finops.steps.pricing.before import listed_price, size_of
from finops.steps.pricing.book import digest_of, fact_rows, known_batches
from finops.steps.pricing.changes import Books, changes, changes_result, effect_notes, last_month, told_once

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.talk import Talk
    from finops.prices.base import Batch, Fact
    from finops.prices.book import PriceBook

COLUMNS = (
    Column("name", "Name"),
    Column("status", "Status"),
    Column("prices", "Prices", "count"),
    Column("discounts", "Discounts", "count"),
    Column("as_of", "As of", "date"),
    Column("changed", "Changed", "count"),
    Column("new", "New", "count"),
    Column("gone", "Gone", "count"),
    Column("batch", "Batch", wide_only=True),
)
SHOWN = 20


def import_prices(
    overrides: Overrides,
    *,
    file: Path,
    name: str | None = None,
    withdraw: bool = False,
    dry_run: bool = False,
    wait_s: float = 60.0,
    talk: Talk,
) -> Result:
    """Imports a CSV of one's own prices, which win, or a JSON list of token prices, which fills gaps. All rows or none.
    The same name again takes the place of what it brought before; months that are past keep the prices they had."""
    settings = load_settings(overrides)
    talk.stage("Read the prices")
    batch = _withdrawn(settings, name or file.name) if withdraw else read_batch(settings, file, name, talk)
    known = known_batches(settings)
    before = Books.of(settings, known)
    after = Books.of(settings, with_batch(known, batch))
    replaced = [fact for one in known if one.own and one.name == batch.name for fact in one.facts]
    found = changes(before, after, [*replaced, *batch.facts], settings.as_of)
    month = last_month(settings)
    found = told_once(found, month)
    if dry_run:
        return changes_result(found, month, settings.as_of, 0, {"name": batch.name, "dry_run": True, "new": True})
    rows = fact_rows(batch.facts)
    entry = PriceBatch(batch.name, batch.own, batch.complete, batch.as_of, batch.source, digest_of(rows))
    with open_writer(settings.ledger, wait_s=wait_s, command="prices import", memory=settings.memory) as writer:
        added = add_price_batch(writer, entry, rows)
    detail = changes_result(found, month, settings.as_of, 0, {})
    status = "unchanged" if added is None else "withdrawn" if withdraw else "replaced" if replaced else "imported"
    discounts = sum(row[0] == "discount" for row in rows)
    row = {
        "name": batch.name, "status": status, "prices": len(rows) - discounts, "discounts": discounts, "as_of": batch.as_of,
        **{kind: sum(one.kind == kind for one in found) for kind in ("changed", "new", "gone")}, "batch": added,
    }  # fmt: skip
    notes = effect_notes(found, month, settings.as_of) if added and row["changed"] else []
    notes += ["`finops build` prices open months anew; closed and past ones keep the prices they had."] if added else []
    return Result(COLUMNS, [row], detail.totals, {"as_of": settings.as_of, "dry_run": False}, notes)


def read_batch(settings: Settings, file: Path, name: str | None, talk: Talk) -> Batch:
    """The facts of a file, checked. Raises DataError at the first row that can't be taken, and warns of the others."""
    from finops.prices.base import Batch
    from finops.prices.checks import checked

    if not file.is_file():
        raise UsageError(f"there is no file `{file}`", hint="pricing/README.md has the columns of a table of prices")
    named = name or file.name
    if file.suffix.lower() == ".json":
        from finops.prices.litellm import read_litellm

        listed = read_litellm(file, settings.as_of)
        good, refused = checked(listed.points)
        for one in refused[:SHOWN]:
            talk.warn(f"{file}: {one.row}: {one.reason}")
        if listed.skipped or refused:
            talk.warn(f"{file}: left out {count(listed.skipped + len(refused))} entries that are not priced by their tokens")
        return Batch(named, settings.as_of, f"{named} of {settings.as_of}", _some(good, file))
    from finops.prices.price_file import read_price_file

    rows = read_price_file(file, settings.as_of)
    facts = [row.fact for row in rows if row.fact is not None]
    places = [row.where for row in rows if row.fact is not None]
    books = Books.of(settings, [])
    good, refused = checked(facts, listed_price(books, settings), size_of(books.hours))
    problems = [(row.where, str(row.reason)) for row in rows if row.fact is None]
    problems += [(places[one.number], one.reason) for one in refused]
    if problems:
        for where, reason in problems[1 : SHOWN + 1]:
            talk.warn(f"{where}: {reason}")
        where, reason = problems[0]
        hint = "nothing was imported; set the rows right and import the file again"
        if len(problems) > 1:
            hint = f"{len(problems)} of {len(rows)} rows can't be taken; " + hint
        raise DataError(reason, where=where, hint=hint)
    _tell_new_names(good, books.hours, talk)
    return Batch(named, settings.as_of, named, _some(good, file), own=True)


def _tell_new_names(facts: Sequence[Fact], book: PriceBook, talk: Talk) -> None:
    """Warns of instance types that no fact has and that are nearly another's name: they may be mistyped."""
    from finops.prices.base import PricePoint

    kinds = {(fact.provider, fact.sku) for fact in facts if isinstance(fact, PricePoint) and fact.unit == "hour"}
    unknown = [book.unknown_name(provider, None, kind) for provider, kind in sorted(kinds)]
    for said in [said for said in unknown if said and "did you mean" in said][:SHOWN]:
        talk.warn(f"taken as new: {said}")


def with_batch(known: list[Batch], batch: Batch) -> list[Batch]:
    """The batches with one more; of a contract the earlier version goes."""
    return [*(one for one in known if not (batch.own and one.own and one.name == batch.name)), batch]


def _withdrawn(settings: Settings, name: str) -> Batch:
    from finops.prices.base import Batch

    named = sorted(one.name for one in known_batches(settings) if one.own and one.facts)
    if name not in named:
        hint = f"imported are {', '.join(named)}" if named else "`finops prices import FILE` takes prices in"
        raise UsageError(f"no prices were imported under the name `{name}`", where="--withdraw", hint=hint)
    return Batch(name, settings.as_of, f"{name}, withdrawn", (), own=True)


def _some(facts: list[Fact], file: Path) -> list[Fact]:
    if not facts:
        raise DataError(
            "the file holds no prices", where=str(file), hint="pricing/README.md has the columns of a table of prices"
        )
    return facts
