"""The cheapest fleet for requests of several sizes, from a file of rates and of what each kind of machine serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.numbers import money_table, percent
from finops.core.placing.mix import Kind, Mix, cheapest_mix, single
from finops.core.placing.offer import Offer, old_prices
from finops.core.placing.unit_cost import monthly_cost, rounded
from finops.core.result import Column, Result
from finops.errors import DataError
from finops.steps.placing.mix_figures import mix_figures
from finops.steps.placing.mix_file import EXAMPLE, Given, read
from finops.steps.placing.mix_shared import shared_fleet
from finops.steps.pricing.book import price_files

if TYPE_CHECKING:
    from datetime import date

    from finops.core.talk import Talk

Row = dict[str, Any]
MOST_SLICES = 64
COLUMNS = (
    Column("machine", "Machine"),
    Column("purchase_option", "Bought as", wide_only=True),
    Column("machines", "Machines", "count", "machines"),
    Column("hourly_price", "An hour each", "unit_price", "price"),
    Column("hourly_cost", "An hour", "money", "mix_cost"),
    Column("monthly_cost", "Month", "money", "monthly_cost"),
    Column("alone_machines", "Alone", "count", "machines"),
    Column("alone_hourly_cost", "Alone, an hour", "money", "mix_cost"),
    Column("shares", "Serves of each size", "list", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("price_as_of", "Price as of", "date", wide_only=True),
)


def mix(overrides: Overrides, *, file: Path, slices: int | None = None, talk: Talk) -> Result:
    """Machines by kind, beside what each kind alone would take. With `memory_gb` in the file, models may share GPUs."""
    from finops.steps.pricing.book import price_book

    settings = load_settings(overrides)
    book = price_book(settings)
    given = read(file, book, settings.as_of)
    currency = given.currency or settings.currency or "USD"
    if given.shared and (slices is not None or "slices" in given.table):
        raise DataError("`slices` splits sizes of requests; models are not split", where=str(file), hint="leave it out")
    talk.stage("Find the cheapest fleet")
    answer = shared_fleet(given, book, currency, file) if given.shared else _fleet(given, slices, currency, file)
    offers = [machine.offer for machine in given.machines if machine.offer]
    dates = [offer.as_of for offer in offers]
    meta = {"currency": currency, "metric": "mix_cost", "as_of": settings.as_of, "prices_as_of": min(dates, default=None)}
    files = price_files(settings)
    return replace(
        answer,
        meta=meta,
        notes=[*answer.notes, *_ages(offers, settings.as_of)],
        made=lambda place: mix_figures(dict(answer.rows[place]), given, str(file), files()),
    )


def _fleet(given: Given, slices: int | None, currency: str, file: Path) -> Result:
    parts = slices or given.table.get("slices", 4)
    if isinstance(parts, bool) or not isinstance(parts, int) or not 1 <= parts <= MOST_SLICES:
        raise DataError(f"`slices` is a whole number from 1 to {MOST_SLICES}", where=str(file), hint=EXAMPLE)
    kinds = [Kind(machine.name, machine.price, machine.serves, machine.most) for machine in given.machines]
    best = cheapest_mix(kinds, given.rates, parts)
    if best is None:
        raise DataError("no fleet serves every size of request", where=str(file), hint="add a machine, or raise its `most`")
    alone = {kind.name: single(kind, given.rates) for kind in kinds}
    rows = [
        _row(kind, machine.offer, best, alone[kind.name], currency) for kind, machine in zip(kinds, given.machines, strict=True)
    ]
    rows.sort(key=lambda row: (-row["hourly_cost"], row["machine"]))
    totals = [{"currency": currency, "hourly_cost": best.cost, "monthly_cost": monthly_cost(best.cost, 1)}]
    return Result(COLUMNS, rows, totals, notes=_notes(best, alone, currency, parts))


def _ages(offers: Sequence[Offer], at: date) -> list[str]:
    """One line where prices of the book are old; one that is known to hold until later is not."""
    return old_prices([offer.as_of if offer.is_stale(at) else at for offer in offers], at)


def _row(kind: Kind, offer: Offer | None, best: Mix, alone: Mix | None, currency: str) -> Row:
    number = best.machines[kind.name]
    return {
        "machine": kind.name, "purchase_option": offer.purchase_option if offer else None, "machines": number,
        "hourly_price": kind.price, "hourly_cost": rounded(kind.price * number), "monthly_cost": monthly_cost(kind.price, number),
        "alone_machines": alone.machines[kind.name] if alone else None,
        "alone_hourly_cost": rounded(alone.cost) if alone else None,
        "shares": [percent(Decimal(str(share))) for share in best.shares[kind.name]], "currency": currency,
        "price_as_of": offer.as_of if offer else None,
    }  # fmt: skip


def _notes(best: Mix, alone: Mapping[str, Mix | None], currency: str, slices: int) -> list[str]:
    fleet = " and ".join(f"{number} {name}" for name, number in best.machines.items() if number)
    said = f"Cheapest is {fleet}: {money_table(best.cost, currency)} an hour"
    known: Sequence[tuple[Decimal, str]] = sorted((one.cost, name) for name, one in alone.items() if one)
    if known:
        cost, name = known[0]
        said += f"; {name} alone would cost {money_table(cost, currency)}"
    split = "Each size is served by one kind." if slices == 1 else f"Each size is split into {slices} parts of one kind each."
    notes = [f"{said}.", split]
    return notes if best.proved else [*notes, "The search was ended before it was proved that none is cheaper."]
