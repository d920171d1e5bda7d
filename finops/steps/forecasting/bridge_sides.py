"""Reads what every owner's cost of a time is made of: one side of a bridge."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from finops.core.explaining.bridge_parts import Owner, Side, sides

if TYPE_CHECKING:
    from finops.ledger.store import Reader


def read_sides(reader: Reader, first: date, end: date, currency: str | None) -> dict[Owner, Side]:
    """Owners' parts from `first` up to, not including, `end`, in one currency or in all."""
    window = {"first": first, "end": end}
    return sides(
        reader.read("bridge_cost", **window, currency=currency),
        *(reader.read(name, **window) for name in ("bridge_tokens", "bridge_calls", "bridge_hours")),
    )
