"""Changes of price, told from what tokens cost on the days before and after: a price is what is the same day after day."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

Row = Mapping[str, Any]
LEAST_DAYS = 3
"""So many days before, and after, must each have one and the same price."""
_LEAST_CHANGE = Decimal("0.005")
_EXACT = Context(prec=40, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True)
class PriceChange:
    """The first day of new prices of a model. `classes` are (token class, price of a token before, after); `effect` is what the
    tokens since then cost more by it, `days` the days from the first to the last of them, both included."""

    model: str
    currency: str
    since: date
    classes: tuple[tuple[str, Decimal, Decimal], ...]
    effect: Decimal
    days: int


def price_changes(rows: Iterable[Row]) -> list[PriceChange]:
    """The changes in `rows`, tokens and their list cost by day, model and class; classes of one model and day are one change."""
    series: dict[tuple[str, str, str, str], list[Row]] = defaultdict(list)
    for row in rows:
        series[row["provider"] or "", row["model"], row["currency"], row["token_class"]].append(row)
    found: dict[tuple[str, str, date], list[tuple[str, Decimal, Decimal, Decimal, date]]] = defaultdict(list)
    for (_, model, currency, kind), days in sorted(series.items()):
        ordered = sorted(days, key=lambda row: row["day"])
        prices = [_EXACT.divide(row["list_cost"], row["tokens"]) for row in ordered]
        for place in range(LEAST_DAYS, len(ordered) - LEAST_DAYS + 1):
            before, after = prices[place - LEAST_DAYS : place], prices[place : place + LEAST_DAYS]
            if _same(before) and _same(after) and not _near(before[-1], after[0]):
                later = [row for row in ordered[place:] if _near(_EXACT.divide(row["list_cost"], row["tokens"]), after[0])]
                more = sum(((after[0] - before[-1]) * row["tokens"] for row in later), Decimal(0))
                found[model, currency, ordered[place]["day"]].append((kind, before[-1], after[0], more, later[-1]["day"]))
    return [
        PriceChange(
            model,
            currency,
            since,
            tuple((kind, old, new) for kind, old, new, _, _ in classes),
            sum((more for _, _, _, more, _ in classes), Decimal(0)),
            (max(last for *_, last in classes) - since).days + 1,
        )
        for (model, currency, since), classes in sorted(found.items())
    ]


def _same(prices: list[Decimal]) -> bool:
    return all(_near(prices[0], price) for price in prices[1:])


def _near(one: Decimal, other: Decimal) -> bool:
    return abs(one - other) <= _LEAST_CHANGE * max(abs(one), abs(other))
