"""Says where calls may count twice: several kinds of sources record a provider's calls of one day, and nothing joins them."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops.core.periods import Period
    from finops.ledger.store import Reader


def twice_notes(reader: Reader, period: Period | None = None) -> list[str]:
    """One note per provider, for the days of the period where one is given."""
    first, end = (None, None) if period is None else (period.first, period.end)
    rows = reader.read("calls_of_several_sources", first=first, end=end)
    return [_note(provider, list(found)) for provider, found in groupby(rows, key=lambda row: row["provider"])]


def _note(provider: str | None, rows: list[dict[str, object]]) -> str:
    first, last = min(str(row["first_day"]) for row in rows), max(str(row["last_day"]) for row in rows)
    days = f"on {first}" if first == last else f"from {first} to {last}"
    routes = " and ".join(f"{row['calls']:,} in {str(row['route']).replace('+', ' with ')}" for row in rows)
    kinds = [kind for row in rows for kind in str(row["route"]).split("+")]
    gateway = next((kind for kind in kinds if kind != "traces"), "otlp")
    return (
        f"calls of {provider or 'an unknown provider'} {days} share no id and no exact count of tokens: {routes}. What both have"
        f' seen costs twice; `[[count]]` with `provider = "{provider or "*"}"` and `source = "{gateway}"` counts one of them,'
        ' `source = "*"` says that they are other calls'
    )
