"""The history that a forecast stands on: how far it is complete, and each leaf's daily cost as one matrix."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from finops.core import numbers
from finops.core.forecasting.states import Array
from finops.errors import DataError
from finops.ledger.cube import require_built
from finops.ledger.daily import Delivery, LeafKey, daily_costs, deliveries, month_long_charges

if TYPE_CHECKING:
    from finops.ledger.store import Reader

HISTORY_D = 400
STALE_D = 45
"""Where the newest complete day is older, nothing is said about the month of the business date."""
LATE_D = 7
"""A provider that spends every day and is silent for up to so many days has not delivered yet; for longer, it has ended."""
LATE_BILL_D = 31
THIN = 0.8
"""Estimates that hold less than this share of what the bills before them did don't make a day complete."""


@dataclass(frozen=True)
class History:
    """Rows are leaves in the order of their keys, columns the complete days up to `reach`. Row i begins at column first[i]."""

    keys: tuple[LeafKey, ...]
    spend: Array
    first: NDArray[np.int64]


def complete_until(reader: Reader, as_of: date, currency: str | None, billed_only: Sequence[str] = ()) -> date:
    """The last complete day: before the business date, and delivered by every provider that spends daily."""
    require_built(reader)
    known = deliveries(reader, as_of, currency, billed_only)
    charges = month_long_charges(reader, (), as_of - timedelta(days=HISTORY_D), as_of, currency, billed_only)
    if not known and not charges:
        raise DataError(
            f"there is no cost before {numbers.date_text(as_of)} to forecast from",
            where=str(reader.path),
            hint="`finops ingest` a bill or traces, or name another business date with `--as-of`",
        )
    newest = max((delivery.newest for delivery in known), default=date.min)
    if (as_of - newest).days <= STALE_D:
        return min(last_day_of(delivery, newest) for delivery in known)
    begun = max((max(charge.amounts) for charge in charges), default=date.min)
    month_before = (as_of.replace(day=1) - timedelta(days=1)).replace(day=1)
    if begun >= month_before:
        return as_of - timedelta(days=1)
    newest = max(newest, begun)
    raise DataError(
        f"the newest cost is of {numbers.date_text(newest)}, {(as_of - newest).days:,} days before the business date: "
        "too old to forecast from",
        where=str(reader.path),
        hint=f"`finops ingest` newer bills, or ask as of then: `--as-of {newest + timedelta(days=1)}`",
    )


def last_day_of(delivery: Delivery, newest: date) -> date:
    """The last complete day of a provider, where the newest day of any is `newest`."""
    until, billed = delivery.newest, delivery.billed_until
    if billed is not None and billed < until and (newest - billed).days <= LATE_BILL_D:
        before, since = delivery.billed_mean, delivery.estimated_mean
        if before is not None and since is not None and since < THIN * before:
            return billed
    daily = delivery.spend_days >= 12
    return until if daily and (newest - until).days <= LATE_D else newest


def history(
    reader: Reader, by: Sequence[str], reach: date, as_of: date, currency: str | None, billed_only: Sequence[str] = ()
) -> History:
    """Every leaf's recurring cost of up to 400 days, gaps filled with nothing spent."""
    since = reach - timedelta(days=HISTORY_D - 1)
    leaves = daily_costs(reader, by, since, reach, as_of, currency, billed_only)
    begins = min((leaf.days[0] for leaf in leaves if leaf.days), default=HISTORY_D - 1)
    length = HISTORY_D - begins
    spend = np.zeros((len(leaves), length))
    first = np.full(len(leaves), length, np.int64)
    for row, leaf in enumerate(leaves):
        if leaf.days:
            spend[row, np.array(leaf.days) - begins] = leaf.amounts
            first[row] = leaf.days[0] - begins
    return History(tuple(leaf.key for leaf in leaves), spend, first)
