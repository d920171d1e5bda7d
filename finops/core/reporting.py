"""What the configuration gives in other currencies, in the one that cost is told in, at the rate of the business date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any, TypeVar

from finops.core.exchange import converted
from finops.core.settings import Budget, Plan, Revenue, Value

MOST_SAID = 3
"""So many sections are named with their lines."""
Entry = TypeVar("Entry", Budget, Value, Revenue, Plan)
_AMOUNTS: Mapping[type, tuple[str, tuple[str, ...]]] = {
    Budget: ("[[budget]]", ("amount",)),
    Value: ("[[value]]", ("per_accepted", "low", "high")),
    Revenue: ("[[revenue]]", ("per_month",)),
    Plan: ("[[plan]]", ("per_day", "once")),
}


def told_in(
    entries: Iterable[Entry], quote: str, rate_of: Callable[[str], Decimal | None], foreign: dict[str, list[str]]
) -> tuple[Entry, ...]:
    """The entries with their amounts in `quote`; what has no rate stays as it is. Those of other currencies are added to
    `foreign`: currency to sections with their lines."""
    found: list[Entry] = []
    for entry in entries:
        section, names = _AMOUNTS[type(entry)]
        amounts = {name: getattr(entry, name) for name in names if getattr(entry, name) is not None}
        if entry.currency == quote or not amounts:
            found.append(entry)
            continue
        foreign.setdefault(entry.currency, []).append(f"{section} in line {entry.line}")
        rate = rate_of(entry.currency)
        if rate is None:
            found.append(entry)
            continue
        told: dict[str, Any] = {name: converted(amount, rate) for name, amount in amounts.items()}
        found.append(replace(entry, currency=quote, **told))
    return tuple(found)


def foreign_notes(foreign: Mapping[str, list[str]], quote: str, rate_of: Callable[[str], Decimal | None]) -> list[str]:
    """One sentence per currency."""
    notes = []
    for currency, places in sorted(foreign.items()):
        rate = rate_of(currency)
        more = f" and {len(places) - MOST_SAID} more" if len(places) > MOST_SAID else ""
        named = f"{', '.join(places[:MOST_SAID])}{more}: amounts in {currency}"
        if rate is None:
            notes.append(f"{named}, of which no rate to {quote} is known, are compared with no cost")
        else:
            notes.append(f"{named} are taken at {rate:.6g} {quote}, the rate of the business date")
    return notes
