"""Daily cost by any grouping, for forecasts: what recurs, what is booked this month, and how far each provider reaches.

Days are business days, in the zone of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.ledger.cube import DIMENSIONS
from finops.ledger.store import Reader

LeafKey = tuple[str | None, ...]
"""The currency first, then one value per dimension asked for."""


@dataclass(frozen=True)
class DailyCost:
    """One leaf's recurring cost: `amounts[i]` was spent `days[i]` days after `since`."""

    key: LeafKey
    days: tuple[int, ...]
    amounts: tuple[float, ...]


@dataclass(frozen=True)
class Booked:
    """What the ledger holds of one leaf from the first of the month up to the business date, exactly."""

    spent: Decimal
    one_off: Decimal
    estimated: Decimal
    since_reach: Decimal
    """The recurring part after the last complete day."""


@dataclass(frozen=True)
class Delivery:
    """How far a provider's recurring cost is known before the business date, and what estimates hold where no bill has come."""

    newest: date
    spend_days: int
    """Days with cost among the 14 that end with the newest."""
    billed_until: date | None
    billed_mean: float | None
    """Of the 14 days that end with `billed_until`, per day."""
    estimated_mean: float | None
    """Of the days after it, per day."""


def daily_costs(
    reader: Reader, by: Sequence[str], since: date, reach: date, as_of: date, currency: str | None
) -> list[DailyCost]:
    """Each leaf's recurring cost by day up to `reach`, in the order of keys; one-off rows are left out. Leaves that began later
    are named with no days."""
    expressions, names = _dimensions(by)
    rows = reader.query(
        f"""
        WITH by_day AS (
            SELECT {expressions}, date_diff('day', CAST($since AS DATE), c.business_day) AS day_, sum(c.effective) AS amount_
            FROM fct_cost c
            WHERE NOT c.one_off AND c.effective IS NOT NULL AND c.business_day BETWEEN $since AND $as_of
                AND ($currency IS NULL OR c.currency = $currency)
            GROUP BY ALL
        )
        SELECT {names},
            list(day_ ORDER BY day_) FILTER (day_ <= $length) AS days_,
            list(CAST(amount_ AS DOUBLE) ORDER BY day_) FILTER (day_ <= $length) AS amounts_
        FROM by_day GROUP BY {names} ORDER BY {names}
        """,
        {"since": since, "as_of": as_of, "length": (reach - since).days, "currency": currency},
    )
    return [DailyCost(_key(row, by), tuple(row["days_"] or ()), tuple(row["amounts_"] or ())) for row in rows]


def booked_costs(
    reader: Reader, by: Sequence[str], first: date, reach: date, as_of: date, currency: str | None
) -> dict[LeafKey, Booked]:
    """What is booked of each leaf from `first` up to and including the business date."""
    expressions, _ = _dimensions(by)
    rows = reader.query(
        f"""
        SELECT {expressions},
            CAST(sum(c.effective) AS DECIMAL(38, 12)) AS spent_,
            CAST(sum(CASE WHEN c.one_off THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS one_off_,
            CAST(sum(CASE WHEN c.basis = 'estimated' THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS estimated_,
            CAST(sum(CASE WHEN c.business_day > $reach AND NOT c.one_off THEN c.effective ELSE 0 END)
                AS DECIMAL(38, 12)) AS since_
        FROM fct_cost c
        WHERE c.effective IS NOT NULL AND c.business_day BETWEEN $first AND $as_of
            AND ($currency IS NULL OR c.currency = $currency)
        GROUP BY ALL
        """,
        {"first": first, "reach": reach, "as_of": as_of, "currency": currency},
    )
    return {_key(row, by): Booked(row["spent_"], row["one_off_"], row["estimated_"], row["since_"]) for row in rows}


def deliveries(reader: Reader, as_of: date, currency: str | None) -> list[Delivery]:
    """One per provider and currency, from the days before the business date."""
    rows = reader.query(
        """
        WITH by_day AS (
            SELECT c.provider, c.currency, c.business_day AS day, bool_or(c.basis = 'billed') AS billed,
                sum(c.effective) AS amount
            FROM fct_cost c
            WHERE NOT c.one_off AND c.effective IS NOT NULL AND c.business_day < $as_of
                AND ($currency IS NULL OR c.currency = $currency)
            GROUP BY ALL
        ),
        reached AS (
            SELECT provider, currency, max(day) AS newest, max(day) FILTER (billed) AS billed_until FROM by_day GROUP BY ALL
        )
        SELECT r.newest, r.billed_until,
            count(*) FILTER (d.day > r.newest - 14) AS spend_days,
            CAST(sum(d.amount) FILTER (d.day <= r.billed_until AND d.day > r.billed_until - 14) AS DOUBLE) / 14 AS billed_mean,
            CAST(sum(d.amount) FILTER (d.day > r.billed_until) AS DOUBLE) / nullif(r.newest - r.billed_until, 0) AS estimated_mean
        FROM reached r JOIN by_day d ON d.provider = r.provider AND d.currency = r.currency
        GROUP BY r.provider, r.currency, r.newest, r.billed_until
        ORDER BY r.provider, r.currency
        """,
        {"as_of": as_of, "currency": currency},
    )
    return [Delivery(**row) for row in rows]


def _dimensions(by: Sequence[str]) -> tuple[str, str]:
    """The dimensions as expressions with names, and their names alone."""
    names = [f"by_{name}" for name in by]
    expressions = [f"{DIMENSIONS[name]} AS by_{name}" for name in by]
    return ", ".join(["c.currency AS currency_", *expressions]), ", ".join(["currency_", *names])


def _key(row: dict[str, Any], by: Sequence[str]) -> LeafKey:
    return (row["currency_"], *(row[f"by_{name}"] for name in by))
