"""What a month used at list prices: hours of instances that are paid as they are used, and tokens by model and class."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from finops.ledger.instance_hours import instance_hour_lines, instance_hours
from finops.ledger.store import Reader

Row = dict[str, Any]
Place = tuple[str, str, str, str]
_SECOND = timedelta(seconds=1)
_PAID_BY_USE = ("on_demand", "spot")


def hours_used(reader: Reader, first: date, end: date) -> dict[Place, Decimal]:
    """Hours by (provider, region, instance type, purchase option); of a charge that reaches beyond the days only its share.
    What a commitment covers is paid already, so it is not in."""
    found: defaultdict[Place, Decimal] = defaultdict(Decimal)
    for place, hours, _ in _within(instance_hours(reader, first, end), first, end):
        found[place] += hours
    return dict(found)


def hour_lines(reader: Reader, first: date, end: date) -> list[Row]:
    """The same hours, a row per charge: `place`, `hours`, and the file and row of the charge."""
    rows = _within(instance_hour_lines(reader, first, end), first, end)
    return [{"place": place, "hours": hours, "file": row["file"], "line": row["line"]} for place, hours, row in rows]


def _within(rows: Iterable[Row], first: date, end: date) -> Iterator[tuple[Place, Decimal, Row]]:
    begin, over = (datetime.combine(day, time()) for day in (first, end))
    for row in rows:
        if row["purchase_option"] in _PAID_BY_USE and row["hours"] is not None and row["instance_type"]:
            covers, start, stop = row["end_hour"] - row["first_hour"], max(row["first_hour"], begin), min(row["end_hour"], over)
            inside = max(stop - start, timedelta(0))
            share = Decimal(inside // _SECOND) / Decimal(covers // _SECOND)
            yield (row["provider"], row["region"], row["instance_type"], row["purchase_option"]), row["hours"] * share, row


def tokens_used(reader: Reader, first: date, end: date) -> list[dict[str, Any]]:
    """Tokens and their cost at list by provider, model, class and currency of the list."""
    return reader.query(
        """
        SELECT u.provider, u.model, u.token_class, u.currency,
            CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens, CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
        FROM fct_usage u
        WHERE u.token_class IS NOT NULL AND u.model IS NOT NULL AND u.business_day >= $first AND u.business_day < $end
        GROUP BY u.provider, u.model, u.token_class, u.currency ORDER BY u.provider, u.model, u.token_class, u.currency
        """,
        {"first": first, "end": end},
    )
