"""Alerts of one cause as one incident: at the deepest node that explains it, with its money and its days."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from finops.core.detecting.anomalies import Array, Judged

Path = tuple[tuple[str, str], ...]
"""Dimension and value, the widest first; () is everything."""
Status = Literal["open", "grown", "resolved"]

EXPLAINS = 0.7
"""A node below stands for an incident if it holds this share of its excess."""
_CLOSED_AFTER_D = 3


@dataclass(frozen=True)
class Incident:
    """One unusual stretch. `opened` and `closed` are columns; `closed` is the last unusual day, None while it goes on. `excess`
    is what was spent beyond the expected, `p_value` the smallest of its days."""

    path: Path
    kind: str
    opened: int
    closed: int | None
    last: int
    excess: float
    expected: float
    p_value: float
    status: Status
    offset: float
    """What fell below its expectation at the same time beside it, so that a wider sum hides it."""


def nodes_of(
    keys: Sequence[tuple[str, ...]], dimensions: Sequence[str], levels: Sequence[tuple[str, ...]]
) -> dict[Path, list[int]]:
    """The rows of leaves under every node of the `levels` (each a choice of dimensions), everything first."""
    found: dict[Path, list[int]] = {}
    for level in levels:
        for row, key in enumerate(keys):
            values = dict(zip(dimensions, key, strict=True))
            path = tuple((name, values[name]) for name in level)
            found.setdefault(path, []).append(row)
    return found


def summed(spend: Array, first: NDArray[np.int64], nodes: Mapping[Path, Sequence[int]]) -> tuple[Array, NDArray[np.int64]]:
    """Spend of every node by day, and the day on which each begins; rows are added in their order."""
    total = np.zeros((len(nodes), spend.shape[1]))
    begins = np.zeros(len(nodes), np.int64)
    for place, rows in enumerate(nodes.values()):
        total[place] = spend[np.asarray(rows)].sum(axis=0)
        begins[place] = first[np.asarray(rows)].min()
    return total, begins


def incidents(
    judged: Judged, spend: Array, nodes: Mapping[Path, Sequence[int]], *, floor: float, since: int, days: Sequence[date]
) -> list[Incident]:
    """Incidents that began on or after column `since`, the newest first, of at least `floor` in money. `days` name columns."""
    paths = list(nodes)
    leaves = [frozenset(rows) for rows in nodes.values()]
    excess = np.nan_to_num(spend - judged.expected)
    begins = judged.spike | judged.drift
    month_days = [(day.year * 12 + day.month, day.day, monthrange(day.year, day.month)[1] - day.day) for day in days]
    found: list[Incident] = []
    claimed: list[tuple[frozenset[int], int, int]] = []
    for day in range(since, spend.shape[1]):
        alerts = [int(row) for row in np.nonzero(begins[:, day])[0] if not _known(leaves[row], day, claimed)]
        while alerts:
            top = max(alerts, key=lambda row: (excess[row, day], -len(paths[row]), paths[row]))
            deepest = _common(_deepest(top, day, paths, leaves, excess, judged), alerts, day, paths, leaves, excess)
            if not _recurs(deepest, day, spend, excess, month_days):
                last = _last_day(deepest, day, judged)
                found.append(_incident(paths, deepest, day, last, judged, spend, excess, leaves))
                claimed.append((leaves[deepest], day, last))
            alerts = [row for row in alerts if not leaves[row] & leaves[deepest]]
    return sorted((one for one in found if one.excess >= floor), key=lambda one: (-one.opened, -one.excess, one.path))


def _known(rows: frozenset[int], day: int, claimed: Sequence[tuple[frozenset[int], int, int]]) -> bool:
    """Whether an incident under way has these leaves already."""
    return any(rows & own and opened <= day <= last + _CLOSED_AFTER_D for own, opened, last in claimed)


def _deepest(top: int, day: int, paths: Sequence[Path], leaves: Sequence[frozenset[int]], excess: Array, judged: Judged) -> int:
    """The node with the fewest leaves within `top` that still holds most of the excess; of equals the shorter path."""
    least = EXPLAINS * excess[top, day]
    known = ~np.isnan(judged.expected[:, day])
    within = [row for row in range(len(paths)) if leaves[row] <= leaves[top] and excess[row, day] >= least and known[row]]
    return min(within or [top], key=lambda row: (len(leaves[row]), len(paths[row]), -excess[row, day], paths[row]))


def _common(
    row: int, alerts: Sequence[int], day: int, paths: Sequence[Path], leaves: Sequence[frozenset[int]], excess: Array
) -> int:
    """The smallest named node in which others alert on the same day beside `row`, so that all have one cause; else `row`."""
    best = row
    for wider in range(len(paths)):
        if not paths[wider] or not leaves[row] < leaves[wider]:
            continue
        beside = [other for other in alerts if leaves[other] < leaves[wider] and not leaves[other] & leaves[row]]
        parts = excess[row, day] + max((excess[other, day] for other in beside), default=0.0)
        if beside and excess[wider, day] >= 0.9 * parts and (best == row or len(leaves[wider]) < len(leaves[best])):
            best = wider
    return best


def _recurs(row: int, day: int, spend: Array, excess: Array, month_days: Sequence[tuple[int, int, int]]) -> bool:
    """Whether about as much came on the same day of the month before, from its begin or from its end: a charge by the month, or a
    month's last batch, which surprises nobody."""
    month, number, left = month_days[day]
    usual = float(np.median(spend[row, max(day - 28, 0) : day])) if day else 0.0
    return any(
        (abs(month_days[earlier][1] - number) <= 1 or abs(month_days[earlier][2] - left) <= 1)
        and month_days[earlier][0] == month - 1
        and spend[row, earlier] - usual >= 0.5 * excess[row, day]
        for earlier in range(max(day - 33, 0), max(day - 26, 0))
    )


def _last_day(row: int, day: int, judged: Judged) -> int:
    last = day
    on = judged.beyond[row] | judged.rising[row] if judged.drift[row, day] else judged.beyond[row]
    for later in range(day + 1, len(on)):
        if on[later]:
            last = later
        elif later - last > _CLOSED_AFTER_D:
            break
    return last


def _incident(
    paths: Sequence[Path],
    row: int,
    day: int,
    last: int,
    judged: Judged,
    spend: Array,
    excess: Array,
    leaves: Sequence[frozenset[int]],
) -> Incident:
    newest = spend.shape[1] - 1
    going_on = newest - last < _CLOSED_AFTER_D
    days = slice(day, last + 1)
    amount = float(excess[row, days].sum())
    status: Status = "resolved"
    if going_on:
        status = "grown" if last == newest and last > day else "open"
    wider = [other for other in range(len(paths)) if leaves[row] < leaves[other]]
    offset = min((float(excess[other, days].sum()) - amount for other in wider), default=0.0)
    smallest = float(np.nanmin(judged.p_value[row, days]))
    return Incident(
        paths[row],
        "drift" if judged.drift[row, day] else "spike" if last - day < 2 else "level" if going_on else "burst",
        day,
        None if going_on else last,
        last,
        amount,
        float(np.nansum(judged.expected[row, days])),
        smallest,
        status,
        min(offset, 0.0),
    )
