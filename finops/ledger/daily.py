"""Daily cost by any grouping, for forecasts: what recurs, what is booked this month, and how far each provider reaches.

Days are business days, in the zone of the calendar."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.ledger.cube import DIMENSIONS
from finops.ledger.store import Reader

AMOUNT = "CASE WHEN list_contains($billed_only, c.currency) THEN coalesce(c.effective, c.billed) ELSE c.effective END"
"""What a row counts with: its effective cost, or its billed cost in currencies of which no charge has an effective one."""
RECURS_DAILY = "NOT c.one_off AND c.span = 'day'"

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
class MonthLong:
    """One leaf's charges of one kind that stand for up to a month each, by the day on which they begin. `fees` is what was bought
    of them this month: purchases are one-off elsewhere, and come again here because they did before."""

    key: LeafKey
    amounts: dict[date, float]
    fees: Decimal


@dataclass(frozen=True)
class Uncosted:
    """Charges of a currency that have no effective cost. Where none of its charges has one, billed cost stands in."""

    currency: str
    charges: int
    billed: Decimal
    all_of_them: bool


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


def uncosted_charges(reader: Reader, as_of: date, currency: str | None) -> list[Uncosted]:
    """By currency, the charges up to the business date that have no effective cost."""
    rows = reader.query(
        """
        SELECT s.currency, count(*) FILTER (s.effective IS NULL) AS charges,
            CAST(coalesce(sum(s.billed) FILTER (s.effective IS NULL), 0) AS DECIMAL(38, 12)) AS billed,
            bool_and(s.effective IS NULL) AS all_of_them
        FROM (
            SELECT c."BillingCurrency" AS currency, c."BilledCost" AS billed, c."EffectiveCost" AS effective
            FROM charge c WHERE CAST(c."ChargePeriodStart" AS DATE) <= $as_of
        ) s
        WHERE $currency IS NULL OR s.currency = $currency
        GROUP BY s.currency HAVING bool_or(s.effective IS NULL) ORDER BY s.currency
        """,
        {"as_of": as_of, "currency": currency},
    )
    return [Uncosted(**row) for row in rows]


def billed_only_currencies(reader: Reader, as_of: date) -> list[str]:
    """The currencies of which no charge has an effective cost: billed cost stands in."""
    return [of.currency for of in uncosted_charges(reader, as_of, None) if of.all_of_them]


def daily_costs(
    reader: Reader,
    by: Sequence[str],
    since: date,
    reach: date,
    as_of: date,
    currency: str | None,
    billed_only: Sequence[str] = (),
) -> list[DailyCost]:
    """Each leaf's recurring cost by day up to `reach`, in the order of keys; one-off rows and month-long ones are left
    out. Leaves that began later are named with no days."""
    expressions, names = _dimensions(by)
    rows = reader.query(
        f"""
        WITH by_day AS (
            SELECT {expressions}, date_diff('day', CAST($since AS DATE), c.business_day) AS day_, sum({AMOUNT}) AS amount_
            FROM fct_cost c
            WHERE {RECURS_DAILY} AND {AMOUNT} IS NOT NULL AND c.business_day BETWEEN $since AND $as_of
                AND ($currency IS NULL OR c.currency = $currency)
            GROUP BY ALL
        )
        SELECT {names},
            list(day_ ORDER BY day_) FILTER (day_ <= $length) AS days_,
            list(CAST(amount_ AS DOUBLE) ORDER BY day_) FILTER (day_ <= $length) AS amounts_
        FROM by_day GROUP BY {names} ORDER BY {names}
        """,
        {"since": since, "as_of": as_of, "length": (reach - since).days, "currency": currency, "billed_only": list(billed_only)},
    )
    return [DailyCost(_key(row, by), tuple(row["days_"] or ()), tuple(row["amounts_"] or ())) for row in rows]


def month_long_charges(
    reader: Reader,
    by: Sequence[str],
    since: date,
    as_of: date,
    currency: str | None,
    billed_only: Sequence[str] = (),
    first: date | None = None,
) -> list[MonthLong]:
    """What recurs by the month, each kind of charge (its provider, account, service and model) by itself: usage, and purchases
    for a month that were made two months in a row, such as subscriptions. This month begins on `first`."""
    expressions, names = _dimensions(by)
    kind = ["provider", "account", "service", "model"]
    kinds = ", ".join(f"c.{name} AS kind_{name}" for name in kind)
    grouped = ", ".join([names, *(f"kind_{name}" for name in kind)])
    rows = reader.query(
        f"""
        WITH by_day AS (
            SELECT {expressions}, {kinds}, c.one_off AS bought_, c.business_day AS day_, sum({AMOUNT}) AS amount_
            FROM fct_cost c
            WHERE (NOT c.one_off OR c.category = 'Purchase') AND c.span = 'month' AND {AMOUNT} IS NOT NULL
                AND c.business_day BETWEEN $since AND $as_of
                AND ($currency IS NULL OR c.currency = $currency)
            GROUP BY ALL
        )
        SELECT {names}, bought_, list(day_ ORDER BY day_) AS days_, list(CAST(amount_ AS DOUBLE) ORDER BY day_) AS amounts_,
            CAST(coalesce(sum(CASE WHEN bought_ AND day_ >= $first THEN amount_ END), 0) AS DECIMAL(38, 12)) AS fees_
        FROM by_day GROUP BY {grouped}, bought_ ORDER BY {grouped}, bought_
        """,
        {"since": since, "as_of": as_of, "first": first or as_of, "currency": currency, "billed_only": list(billed_only)},
    )
    found = [
        (row["bought_"], MonthLong(_key(row, by), dict(zip(row["days_"], row["amounts_"], strict=True)), row["fees_"]))
        for row in rows
    ]
    return [charge for bought, charge in found if not bought or _in_a_row(charge.amounts)]


def _in_a_row(amounts: Mapping[date, float]) -> bool:
    """Whether something came in the newest month of these and in the one before it."""
    months = {day.year * 12 + day.month for day, amount in amounts.items() if amount}
    return bool(months) and max(months) - 1 in months


def booked_by_day(reader: Reader, first: date, last: date, currency: str, billed_only: Sequence[str] = ()) -> dict[date, Decimal]:
    """Everything booked on each day, one-off rows too."""
    rows = reader.query(
        f"""
        SELECT c.business_day AS day, CAST(sum({AMOUNT}) AS DECIMAL(38, 12)) AS cost FROM fct_cost c
        WHERE {AMOUNT} IS NOT NULL AND c.business_day BETWEEN $first AND $last AND c.currency = $currency
        GROUP BY ALL ORDER BY ALL
        """,
        {"first": first, "last": last, "currency": currency, "billed_only": list(billed_only)},
    )
    return {row["day"]: row["cost"] for row in rows}


def booked_costs(
    reader: Reader,
    by: Sequence[str],
    first: date,
    reach: date,
    as_of: date,
    currency: str | None,
    billed_only: Sequence[str] = (),
) -> dict[LeafKey, Booked]:
    """What is booked of each leaf from `first` up to and including the business date."""
    expressions, _ = _dimensions(by)
    rows = reader.query(
        f"""
        SELECT {expressions},
            CAST(sum({AMOUNT}) AS DECIMAL(38, 12)) AS spent_,
            CAST(sum(CASE WHEN c.one_off THEN {AMOUNT} ELSE 0 END) AS DECIMAL(38, 12)) AS one_off_,
            CAST(sum(CASE WHEN c.basis = 'estimated' THEN {AMOUNT} ELSE 0 END) AS DECIMAL(38, 12)) AS estimated_,
            CAST(sum(CASE WHEN c.business_day > $reach AND {RECURS_DAILY} THEN {AMOUNT} ELSE 0 END)
                AS DECIMAL(38, 12)) AS since_
        FROM fct_cost c
        WHERE {AMOUNT} IS NOT NULL AND c.business_day BETWEEN $first AND $as_of
            AND ($currency IS NULL OR c.currency = $currency)
        GROUP BY ALL
        """,
        {"first": first, "reach": reach, "as_of": as_of, "currency": currency, "billed_only": list(billed_only)},
    )
    return {_key(row, by): Booked(row["spent_"], row["one_off_"], row["estimated_"], row["since_"]) for row in rows}


def deliveries(reader: Reader, as_of: date, currency: str | None, billed_only: Sequence[str] = ()) -> list[Delivery]:
    """One per provider and currency, from the days before the business date."""
    rows = reader.query(
        f"""
        WITH by_day AS (
            SELECT c.provider, c.currency, c.business_day AS day, bool_or(c.basis = 'billed') AS billed,
                sum({AMOUNT}) AS amount
            FROM fct_cost c
            WHERE {RECURS_DAILY} AND {AMOUNT} IS NOT NULL AND c.business_day < $as_of
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
        {"as_of": as_of, "currency": currency, "billed_only": list(billed_only)},
    )
    return [Delivery(**row) for row in rows]


def _dimensions(by: Sequence[str]) -> tuple[str, str]:
    """The dimensions as expressions with names, and their names alone."""
    names = [f"by_{name}" for name in by]
    expressions = [f"{DIMENSIONS[name]} AS by_{name}" for name in by]
    return ", ".join(["c.currency AS currency_", *expressions]), ", ".join(["currency_", *names])


def _key(row: dict[str, Any], by: Sequence[str]) -> LeafKey:
    return (row["currency_"], *(row[f"by_{name}"] for name in by))
