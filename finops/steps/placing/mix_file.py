"""The file that `finops mix` reads: rates of requests, kinds of machines with their prices, and what each kind serves."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.placing.offer import PURCHASE_OPTIONS, Offer
from finops.core.settings_reader import lines_of
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.prices.book import PriceBook

MOST_KINDS, MOST_SIZES = 40, 200
EXAMPLE = (
    'rates = [6, 3] and tables [[machine]] with name, price = "1.01" (or instance_type, region, provider) and serves = [2, 1]'
)
_ALWAYS = {"name", "price", "serves", "most", "provider", "region", "instance_type", "purchase_option"}
_SHARED = {"gpu", "gpus", "gpu_memory_gb", "sharing", "slices"}


@dataclass(frozen=True)
class Machine:
    """A table [[machine]]: its name, what an hour costs and from which offer, and the table itself."""

    name: str
    price: Decimal
    offer: Offer | None
    serves: tuple[float | None, ...]
    most: int | None
    table: Mapping[str, Any]
    where: str
    line: int = 0


@dataclass(frozen=True)
class Given:
    """The file: requests a second of each size (or model), the machines, and the tables as they stand."""

    rates: list[float]
    machines: list[Machine]
    currency: str | None
    """Of the machines that have an offer."""
    table: Mapping[str, Any]
    rates_line: int = 1

    @property
    def shared(self) -> bool:
        """Whether the rates are those of models with memory of their own, which may share GPUs."""
        return "memory_gb" in self.table


def read(file: Path, book: PriceBook, at: date) -> Given:
    """The file with every machine priced; what is missing or can't mean anything is an error with its place."""
    text, given = _toml(file)
    if unknown := sorted(set(given) - {"rates", "slices", "machine", "memory_gb", "names"}):
        raise DataError(f"`{unknown[0]}` is not known", where=str(file), hint=EXAMPLE)
    rates = numbers(given.get("rates"), "rates", file)
    tables = given.get("machine")
    if not isinstance(tables, list) or not 1 <= len(tables) <= MOST_KINDS:
        raise DataError("the file names no machines, or too many", where=str(file), hint=EXAMPLE)
    known = _ALWAYS | (_SHARED if "memory_gb" in given else set())
    lines = [*lines_of("[[machine]]", text), *[1] * len(tables)]
    machines = [
        replace(_machine(table, f"{file}, machine {number}", number, book, at, len(rates), known), line=lines[number - 1])
        for number, table in enumerate(tables, 1)
    ]
    if len({machine.name for machine in machines}) < len(machines):
        raise DataError("two machines have the same name", where=str(file), hint="give each its own `name`")
    currencies = {machine.offer.currency for machine in machines if machine.offer}
    if len(currencies) > 1:
        raise DataError("the machines are priced in several currencies", where=str(file), hint="use one region's")
    at_line = next((number for number, line in enumerate(text.split("\n"), 1) if line.lstrip().startswith("rates")), 1)
    return Given(rates, machines, currencies.pop() if currencies else None, given, at_line)


def numbers(given: Any, name: str, where: object) -> list[float]:
    """A list of numbers from 0."""
    good = isinstance(given, list) and 1 <= len(given) <= MOST_SIZES
    if not good or any(isinstance(v, bool) or not isinstance(v, int | float) or not 0 <= v < 1e12 for v in given):
        raise DataError(f"`{name}` is a list of numbers from 0, one for each size of request", where=str(where), hint=EXAMPLE)
    return [float(value) for value in given]


def _toml(file: Path) -> tuple[str, dict[str, Any]]:
    try:
        text = file.read_text(encoding="utf-8")
        return text, tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"the file can't be read: {error.strerror}", where=str(file), hint="check the path") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"the file is not TOML: {error}", where=str(file), hint=EXAMPLE) from None


def _machine(table: Any, where: str, number: int, book: PriceBook, at: date, sizes: int, known: set[str]) -> Machine:
    if not isinstance(table, Mapping):
        raise DataError("a machine is a table", where=where, hint=EXAMPLE)
    if unknown := sorted(set(table) - known):
        hint = "it goes with `memory_gb`, the memory of each model" if unknown[0] in _SHARED else ", ".join(sorted(known))
        raise DataError(f"`{unknown[0]}` is not known", where=where, hint=hint)
    serves = tuple(value or None for value in numbers(table.get("serves"), "serves", where))
    if len(serves) != sizes:
        raise DataError(f"`serves` has {len(serves)} figures for {sizes} sizes", where=where, hint="one for each of `rates`")
    most = table.get("most")
    if most is not None and (isinstance(most, bool) or not isinstance(most, int) or most < 0):
        raise DataError("`most` is a whole number", where=where, hint=EXAMPLE)
    offer = None if "price" in table else _offer(table, where, book, at)
    price = offer.price if offer else _price(table["price"], where)
    name = str(table.get("name") or (offer.instance_type if offer else f"machine {number}"))
    return Machine(name, price, offer, serves, most, table, where)


def _offer(table: Mapping[str, Any], where: str, book: PriceBook, at: date) -> Offer:
    names = [table.get(key) for key in ("provider", "region", "instance_type")]
    option = table.get("purchase_option", "on_demand")
    if not all(isinstance(name, str) for name in names) or option not in PURCHASE_OPTIONS:
        raise DataError("a machine has a price, or a provider, region and instance type", where=where, hint=EXAMPLE)
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
