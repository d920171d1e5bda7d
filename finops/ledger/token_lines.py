"""Tokens of one model and class down to the calls that used them, each with its share of what they came to at list price."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.money import amount_of, fitted_weights, split, units_of
from finops.core.tokens import TOKEN_CLASSES
from finops.ledger.call_lines import call_lines
from finops.ledger.engine.compiling import Allocation
from finops.ledger.store import Reader

Row = dict[str, Any]
_WEIGHT_PLACES = 6
"""A call may stand for a part of another: tokens as it stands for them have so many places."""
_CELL = ("call_day", "account", "region", "resource", "service_tier", "tenant", "agent", "workflow")
"""Calls of a model that are alike in these are priced alike, but for the hour of the day and the size of their input."""


def token_lines(
    reader: Reader, allocation: Allocation, used: tuple[str, str, str], first: date, end: date, currency: str
) -> list[Row]:
    """One row per call that used tokens of (provider, model, class) on business days of the time: its file and row, its tokens as
    many times as it stands for, and its share by tokens of what the calls that are alike came to at list price, exact in sum."""
    provider, model, token_class = used
    if token_class not in TOKEN_CLASSES:
        return []
    condition = (
        f"c.counted AND c.provider = $1 AND c.model = $2 AND c.{token_class} > 0"
        " AND business_day(c.start_time) >= $3 AND business_day(c.start_time) < $4"
    )
    given = [provider, model, first, end]
    lines = call_lines(reader, allocation, condition, given)
    if not lines:
        return []
    cells = ", ".join(f"c.{name}" for name in _CELL)
    calls = {
        row["call_key"]: row
        for row in reader.query(f"SELECT c.call_key, c.{token_class} AS tokens, {cells} FROM fct_call c WHERE {condition}", given)
    }
    listed: dict[tuple[Any, ...], Decimal] = {}
    for row in reader.query(
        f"""
        SELECT {cells}, CAST(sum(c.list_cost) AS DECIMAL(38, 12)) AS list_cost FROM fct_usage c
        WHERE c.provider = $1 AND c.model = $2 AND c.business_day >= $3 AND c.business_day < $4
            AND c.token_class = $5 AND c.currency = $6
        GROUP BY {cells}
        """,
        [*given, token_class, currency],
    ):
        listed[tuple(row[name] for name in _CELL)] = row["list_cost"]
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for line in lines:
        call = calls[line["call_key"]]
        row = {**{name: line[name] for name in ("file", "line", "day")}, "tokens": call["tokens"] * line["weight"]}
        groups[tuple(call[name] for name in _CELL)].append(row)
    for cell, rows in groups.items():
        _share(rows, listed.get(cell))
    return [row for rows in groups.values() for row in rows]


def _share(rows: list[Row], amount: Decimal | None) -> None:
    """The amount over the rows by their tokens, to the last stored digit."""
    weights = fitted_weights({f"{at:09}": int(row["tokens"].scaleb(_WEIGHT_PLACES)) for at, row in enumerate(rows)})
    shares = {} if amount is None else split(units_of(amount), weights)
    for at, row in enumerate(rows):
        row["list_cost"] = amount_of(shares[f"{at:09}"]) if shares else None
