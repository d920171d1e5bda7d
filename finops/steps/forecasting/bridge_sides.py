"""Reads what every owner's cost of a time is made of: one side of a bridge."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from finops.core.explaining.bridge_parts import Owner, Side, sides
from finops.core.units.call_cost import CallRates

if TYPE_CHECKING:
    from finops.ledger.store import Reader

_DAY = timedelta(days=1)


def read_sides(reader: Reader, first: date, end: date, currency: str | None) -> dict[Owner, Side]:
    """Owners' parts from `first` up to, not including, `end`, in one currency or in all."""
    window = {"first": first, "end": end}
    return sides(
        reader.read("bridge_cost", **window, currency=currency),
        _tokens(reader, window),
        *(reader.read(name, **window) for name in ("bridge_calls", "bridge_hours")),
    )


def _tokens(reader: Reader, window: Mapping[str, date]) -> list[dict[str, Any]]:
    """Tokens with their list cost under the currency that they are billed in: where that is another than that of the list, what
    is paid beside the list price holds the rate too."""
    rates = reader.read("call_rates", first=window["first"] - _DAY, end=window["end"] + _DAY)
    if all(rate["billed_currency"] == rate["currency"] for rate in rates):
        return reader.read("bridge_tokens", **window, by_day=False)
    at = CallRates(rates)
    rows = [at.at_bill(row, row["list_cost"]) for row in reader.read("bridge_tokens", **window, by_day=True)]
    return [{**row, "list_cost": row["weighed"]} for row in rows]
