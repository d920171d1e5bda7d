"""What the configuration gives in other currencies, in the one that cost is told in, at the rate of the business date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from finops.core.exchange import converted
from finops.core.settings import Budget, Plan, Revenue, Value

Entry = TypeVar("Entry", Budget, Value, Revenue, Plan)
_AMOUNTS: Mapping[type, tuple[str, tuple[str, ...]]] = {
    Budget: ("[[budget]]", ("amount",)),
    Value: ("[[value]]", ("per_accepted", "low", "high")),
    Revenue: ("[[revenue]]", ("per_month",)),
    Plan: ("[[plan]]", ("per_day", "once")),
}


def told_in(
    entries: Iterable[Entry], quote: str, rate_of: Callable[[str], Decimal | None], notes: list[str]
) -> tuple[Entry, ...]:
    """The entries with their amounts in `quote`; what has no rate stays as it is. Either is said in `notes`."""
    found: list[Entry] = []
    for entry in entries:
        section, names = _AMOUNTS[type(entry)]
        amounts = {name: getattr(entry, name) for name in names if getattr(entry, name) is not None}
        if entry.currency == quote or not amounts:
            found.append(entry)
            continue
        where, rate = f"{section} in line {entry.line}", rate_of(entry.currency)
        if rate is None:
            notes.append(f"{where} is in {entry.currency}, of which no rate to {quote} is known: it is compared with no cost")
            found.append(entry)
            continue
        notes.append(f"{where} is in {entry.currency}: it is taken at {rate:.6g} {quote}, the rate of the business date")
        told: dict[str, Any] = {name: converted(amount, rate) for name, amount in amounts.items()}
        found.append(replace(entry, currency=quote, **told))
    return tuple(found)
