"""What each leaf's recent spend is made of, and list prices that changed or are known to change: for forecasts that are told of
changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from finops.core.forecasting.planned import LeafKey, Part
from finops.core.section_checks import PLAN_SCOPE
from finops.ledger.cube import DIMENSIONS
from finops.ledger.daily import AMOUNT, RECURS_DAILY
from finops.ledger.store import Reader


@dataclass(frozen=True)
class PriceStep:
    """The list price of a class of tokens of a model, in force from the start of `day`."""

    provider: str
    model: str
    token_class: str
    day: date
    price: float


@dataclass(frozen=True)
class TokenSpend:
    """What a leaf spent in a day on a class of tokens of a model (class None: the bill does not tell)."""

    key: LeafKey
    day: date
    provider: str | None
    model: str
    token_class: str | None
    amount: float


def leaf_parts(
    reader: Reader, by: Sequence[str], keys: Sequence[LeafKey], since: date, reach: date, billed_only: Sequence[str] = ()
) -> list[Part]:
    """The parts of each leaf's recurring spend from `since` to `reach`, in shares that add up to 1."""
    names = sorted({*by, *PLAN_SCOPE})
    values = ", ".join(f"{DIMENSIONS[name]} AS {name}" for name in names)
    rows = reader.query(
        f"""
        SELECT c.currency, {values},
            c.category = 'Usage' AND c.instance_type IS NULL AND c.method <> 'shared' AS by_use,
            CAST(sum({AMOUNT}) AS DOUBLE) AS amount
        FROM fct_cost c
        WHERE {RECURS_DAILY} AND {AMOUNT} IS NOT NULL AND c.business_day BETWEEN $since AND $reach
        GROUP BY ALL HAVING sum({AMOUNT}) > 0 ORDER BY ALL
        """,
        {"since": since, "reach": reach, "billed_only": list(billed_only)},
    )
    row_of = {key: row for row, key in enumerate(keys)}
    totals = [0.0] * len(keys)
    found: list[tuple[int, dict[str, Any]]] = []
    for row in rows:
        leaf = row_of.get((row["currency"], *(row[name] for name in by)))
        if leaf is not None:
            totals[leaf] += row["amount"]
            found.append((leaf, row))
    return [
        Part(
            leaf,
            row["amount"] / totals[leaf],
            {"currency": row["currency"]} | {name: row[name] for name in names},
            bool(row["by_use"]),
            bool(row["by_use"]) and row["model"] is not None,
        )
        for leaf, row in found
    ]


def price_steps(reader: Reader, since: date, until: date) -> dict[tuple[str, str, str], list[PriceStep]]:
    """By provider, model and class of tokens: the standard prices of the models in use, where they differ between `since` and
    `until`, in the order of time."""
    steps: dict[tuple[str, str, str], list[PriceStep]] = {}
    for row in reader.read("forecast_prices", since=since, until=until):
        found = steps.setdefault((row["provider"], row["model"], row["token_class"]), [])
        if not found or found[-1].price != row["price"]:
            found.append(PriceStep(**row))
    return {key: found for key, found in steps.items() if len(found) > 1}


def token_spend(
    reader: Reader, by: Sequence[str], models: Sequence[str], since: date, reach: date, billed_only: Sequence[str] = ()
) -> list[TokenSpend]:
    """The recurring spend on these models by leaf, day and class of tokens."""
    values = "".join(f", {DIMENSIONS[name]} AS by_{name}" for name in by)
    rows = reader.query(
        f"""
        SELECT c.currency{values}, c.business_day AS day, c.provider, c.model, c.token_class,
            CAST(sum({AMOUNT}) AS DOUBLE) AS amount
        FROM fct_cost c
        WHERE {RECURS_DAILY} AND {AMOUNT} IS NOT NULL AND c.business_day BETWEEN $since AND $reach
            AND list_contains($models, c.model)
        GROUP BY ALL ORDER BY ALL
        """,
        {"since": since, "reach": reach, "models": list(models), "billed_only": list(billed_only)},
    )
    return [
        TokenSpend(
            (row["currency"], *(row[f"by_{name}"] for name in by)),
            *(row[name] for name in ("day", "provider", "model", "token_class", "amount")),
        )
        for row in rows
    ]


def paid_rates(reader: Reader, models: Sequence[str], since: date, reach: date) -> dict[tuple[str, str], dict[date, float]]:
    """By provider and model and day: what was paid for tokens by what they cost at list price, where both are known."""
    rows = reader.read("forecast_paid", models=list(models), since=since, reach=reach)
    made: dict[tuple[str, str], dict[date, float]] = {}
    for row in rows:
        made.setdefault((row["provider"], row["model"]), {})[row["day"]] = row["rate"]
    return made
