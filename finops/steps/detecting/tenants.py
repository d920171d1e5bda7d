"""Incidents of one tenant that its tier does not share: abuse, or a runaway of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import numpy as np

from finops.config import Settings
from finops.core.detecting.tiers import standing

Row = dict[str, Any]
_OF_DAYS = ("spike", "burst", "level", "drift")


def with_tiers(rows: Sequence[Row], tenants: Sequence[str], spend: Any, begins: date, settings: Settings) -> list[Row]:
    """The incidents of days, with the class `abuse` where one tenant's spend stands out both from its own history and from the
    others of its tier. `spend` (leaves, days) begins on `begins`; `tenants` name the owners of its rows."""
    tiers = {tenant.name: tenant.tier for tenant in settings.tenants}
    names = sorted({name for name in tenants if name in tiers})
    if not names:
        return list(rows)
    owners = np.array(tenants)
    daily = np.array([spend[owners == name].sum(axis=0) for name in names])
    return [_judged(row, names, daily, begins, tiers, settings) for row in rows]


def _judged(row: Row, names: Sequence[str], daily: Any, begins: date, tiers: Mapping[str, str], settings: Settings) -> Row:
    tenant: str = next((part.removeprefix("tenant=") for part in row["path"].split(" / ") if part.startswith("tenant=")), "")
    if tenant not in names or row["class"] not in _OF_DAYS:
        return row
    peers = [place for place, name in enumerate(names) if tiers[name] == tiers[tenant]]
    opened = (row["opened"] - begins).days
    newest = daily.shape[1] - 1
    last = newest if row["closed"] is None else min((row["closed"] - begins).days, newest)
    seats = [_seats(name, row["opened"], settings) for name in names]
    found = standing(daily, names.index(tenant), peers, opened, last, seats)
    if found is None or not found.abusive:
        return row
    beside = f"{found.times_tier:.1f}× {'a seat of ' if found.per_seat else ''}tier {tiers[tenant]}"
    return {**row, "class": "abuse", "cause": f"{found.times_usual:.1f}× usual, {beside}"}


def _seats(tenant: str, day: date, settings: Settings) -> int | None:
    found = [
        one.seats
        for one in settings.seats
        if one.tenant == tenant and (one.from_ or day) <= day < (one.to or day + timedelta(days=1))
    ]
    return sum(found) or None
