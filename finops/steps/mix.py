"""The cheapest fleet for requests of several sizes, from a file of rates and of what each kind of machine serves."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.mix import Kind, Mix, cheapest_mix, single
from finops.core.numbers import money_table, percent
from finops.core.offer import PURCHASE_OPTIONS, STALE_AFTER_DAYS, Offer
from finops.core.result import Column, Result
from finops.core.unit_cost import monthly_cost, rounded
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.core.talk import Talk
    from finops.prices.book import PriceBook

Row = dict[str, Any]
MOST_KINDS, MOST_SIZES, MOST_SLICES = 40, 200, 64
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
_EXAMPLE = (
    'rates = [6, 3] and tables [[machine]] with name, price = "1.01" (or instance_type, region, provider) and serves = [2, 1]'
)


def mix(overrides: Overrides, *, file: Path, slices: int | None = None, talk: Talk) -> Result:
    """Machines by kind, beside what each kind alone would take."""
    from finops.steps.price_book import price_book

    settings = load_settings(overrides)
    given = _read(file)
    rates = _numbers(given.get("rates"), "rates", file)
    parts = slices or given.get("slices", 4)
    if not isinstance(parts, int) or not 1 <= parts <= MOST_SLICES:
        raise DataError(f"`slices` is a whole number from 1 to {MOST_SLICES}", where=str(file), hint=_EXAMPLE)
    book = price_book(settings)
    tables = given.get("machine")
    if not isinstance(tables, list) or not 1 <= len(tables) <= MOST_KINDS:
        raise DataError("the file names no machines, or too many", where=str(file), hint=_EXAMPLE)
    found = [_kind(table, number, file, book, settings.as_of, len(rates)) for number, table in enumerate(tables, 1)]
    if len({kind.name for kind, _ in found}) < len(found):
        raise DataError("two machines have the same name", where=str(file), hint="give each its own `name`")
    currencies = {offer.currency for _, offer in found if offer} or {settings.currency or "USD"}
    if len(currencies) > 1:
        raise DataError("the machines are priced in several currencies", where=str(file), hint="use one region's")
    currency = currencies.pop()
    talk.stage("Find the cheapest fleet")
    kinds = [kind for kind, _ in found]
    best = cheapest_mix(kinds, rates, parts)
    if best is None:
        raise DataError("no fleet serves every size of request", where=str(file), hint="add a machine, or raise its `most`")
    alone = {kind.name: single(kind, rates) for kind in kinds}
    rows = [_row(kind, offer, best, alone[kind.name], currency) for kind, offer in found]
    rows.sort(key=lambda row: (-row["hourly_cost"], row["machine"]))
    dates = [offer.as_of for _, offer in found if offer]
    totals = [{"currency": currency, "hourly_cost": best.cost, "monthly_cost": monthly_cost(best.cost, 1)}]
    meta = {"currency": currency, "metric": "mix_cost", "as_of": settings.as_of, "prices_as_of": min(dates, default=None)}
    notes = _notes(best, alone, currency, parts)
    if any((settings.as_of - day).days > STALE_AFTER_DAYS for day in dates):
        notes.append(f"A price is more than {STALE_AFTER_DAYS} days old; the oldest is of {min(dates)}.")
    return Result(COLUMNS, rows, totals, meta, notes)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"the file can't be read: {error.strerror}", where=str(file), hint="check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"the file is not TOML: {error}", where=str(file), hint=_EXAMPLE) from None


def _kind(table: Any, number: int, file: Path, book: PriceBook, at: Any, sizes: int) -> tuple[Kind, Offer | None]:
    where = f"{file}, machine {number}"
    if not isinstance(table, Mapping):
        raise DataError("a machine is a table", where=where, hint=_EXAMPLE)
    known = {"name", "price", "serves", "most", "provider", "region", "instance_type", "purchase_option"}
    if unknown := sorted(set(table) - known):
        raise DataError(f"`{unknown[0]}` is not known", where=where, hint=", ".join(sorted(known)))
    serves = tuple(value or None for value in _numbers(table.get("serves"), "serves", where))
    if len(serves) != sizes:
        raise DataError(f"`serves` has {len(serves)} figures for {sizes} sizes", where=where, hint="one for each of `rates`")
    most = table.get("most")
    if most is not None and (not isinstance(most, int) or most < 0):
        raise DataError("`most` is a whole number", where=where, hint=_EXAMPLE)
    offer = None
    if "price" in table:
        price = _price(table["price"], where)
    else:
        offer = _offer(table, where, book, at)
        price = offer.price
    name = str(table.get("name") or (offer.instance_type if offer else f"machine {number}"))
    return Kind(name, price, serves, most), offer


def _offer(table: Mapping[str, Any], where: str, book: PriceBook, at: Any) -> Offer:
    names = [table.get(key) for key in ("provider", "region", "instance_type")]
    option = table.get("purchase_option", "on_demand")
    if not all(isinstance(name, str) for name in names) or option not in PURCHASE_OPTIONS:
        raise DataError("a machine has a price, or a provider, region and instance type", where=where, hint=_EXAMPLE)
    provider, region, kind = (str(name) for name in names)
    offer = book.offer(provider, region, kind, option, at)
    if offer is None:
        absence = book.absence(provider, region, kind, option, at)
        raise DataError(
            absence.reason if absence else "it has no price", where=where, hint="`finops prices list`, or give `price`"
        )
    return offer


def _price(given: Any, where: str) -> Decimal:
    try:
        price = Decimal(str(given))
    except InvalidOperation:
        price = Decimal(0)
    if not price.is_finite() or price <= 0:
        raise DataError(f"`{given}` is not a price of an hour", where=where, hint='price = "1.01"')
    return price


def _numbers(given: Any, name: str, where: object) -> list[float]:
    good = isinstance(given, list) and 1 <= len(given) <= MOST_SIZES
    if not good or any(isinstance(v, bool) or not isinstance(v, int | float) or not 0 <= v < 1e12 for v in given):
        raise DataError(f"`{name}` is a list of numbers from 0, one for each size of request", where=str(where), hint=_EXAMPLE)
    return [float(value) for value in given]


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
    return [f"{said}.", split]
