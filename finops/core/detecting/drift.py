"""Drift: what a week of calls looks like beside the four weeks before, against how much such weeks differed so far.

Divergences are Jensen-Shannon's, in bits, less what small counts alone bring ((classes - 1)(1/n + 1/N) / (8 ln 2)). Mixes of real
calls differ from day to day more than chance would have it, so a series is compared with its own past only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

WEEK_D, BEFORE_D = 7, 28
LEAST_CALLS = 200
LEAST_BITS = 0.02
"""Below it no drift is told, however even the past was."""
_TIMES = 3.0
"""A drift is beyond this many times the 90 % quantile of the series' own past."""
_DEVIATIONS = 6.0
"""And beyond so many standard deviations of what chance alone brings."""
_LEAST_SHARE = 0.02
"""A class with less of the calls says too little of how uneven days are."""
_LEAST_PAST = 14
_LEAST_DAYS = 6
"""So many days of the week must speak for the new mix, so that a burst of a few days is none."""
_QUIET_D = 7
_ODD_BITS, _ODD_TIMES, _MOST_ODD = 0.05, 4.0, 1 / 3


@dataclass(frozen=True)
class Drift:
    """Columns of the first day of the new mix and the last day that still differs; the two mixes, and how far they are apart.
    `usual` is the 90 % quantile of the series' own past. `effect` is what a day costs more: its calls x the change of each
    class's share x what a call of the class cost before (of a new class, what it costs now); None where no cost is known."""

    since: int
    last: int
    bits: float
    usual: float
    before: Array
    after: Array
    effect: float | None


def divergence(before: Array, after: Array) -> float:
    """Between two counts of classes, in bits, bias taken off; 0 where either is empty."""
    return float(_apart(before, after[None, :])[0])


def _apart(before: Array, rows: Array) -> Array:
    """The divergence of each row of counts from `before`."""
    many, few = float(before.sum()), rows.sum(axis=1)
    p = before / max(many, 1e-300)
    q = rows / np.maximum(few, 1e-300)[:, None]
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        own = np.where(q > 0, q * np.log2(q / middle), 0.0).sum(axis=1)
        other = np.where(p > 0, p * np.log2(p / middle), 0.0).sum(axis=1)
        bias = ((middle > 0).sum(axis=1) - 1) * (1 / few + 1 / many if many > 0 else 0.0) / (8 * np.log(2))
    return np.asarray(np.where((few > 0) & (many > 0), np.maximum((own + other) / 2 - bias, 0.0), 0.0))


def drifts(calls: Array, cost: Array, since: int) -> list[Drift]:
    """The drifts of one series that begin on or after column `since`. `calls` and `cost` are (days, classes); cost is NaN where
    no call of the class has a price."""
    days = len(calls)
    past: list[float] = []
    found: list[Drift] = []
    if calls.shape[1] < 2:
        return []
    weeks = np.convolve(calls.sum(axis=1), np.ones(WEEK_D))[:days]
    for day in range(WEEK_D + BEFORE_D - 1, days):
        if weeks[day] < LEAST_CALLS:
            continue
        week = calls[day - WEEK_D + 1 : day + 1]
        before = _usual_days(calls[day - WEEK_D - BEFORE_D + 1 : day - WEEK_D + 1]).sum(axis=0)
        after = week.sum(axis=0)
        if before.sum() < LEAST_CALLS:
            continue
        bits = divergence(before, after)
        usual = float(np.quantile(past, 0.9)) if past else 0.0
        going_on = bool(found) and day - found[-1].last <= _QUIET_D
        far = len(past) >= _LEAST_PAST and bits > max(LEAST_BITS, _TIMES * usual)
        far = far and bits > _by_chance(calls[day - WEEK_D - BEFORE_D + 1 : day - WEEK_D + 1], before, after)
        beyond = far and _lasts(week, before, after)
        if beyond and going_on:
            one = found[-1]
            found[-1] = Drift(one.since, day, max(one.bits, bits), one.usual, one.before, one.after, one.effect)
        elif beyond:
            begun = day - WEEK_D + 1 + _first_day(week, before, after)
            found.append(Drift(begun, day, bits, usual, before, after, _effect(calls, cost, day, before, after)))
        elif not going_on and not far:
            past.append(bits)
    return [one for one in found if one.since >= since]


def _by_chance(days: Array, before: Array, after: Array) -> float:
    """The divergence that chance may bring where days differ as much from each other as those before did: their variance over
    the one of calls that know nothing of each other (Pearson's) widens the mean and the deviations of the divergence."""
    share = days.sum(axis=0) / max(float(days.sum()), 1.0)
    own = share >= _LEAST_SHARE
    expected = days.sum(axis=1)[:, None] * share[own]
    freedom = (int((days.sum(axis=1) > 0).sum()) - 1) * max(int(own.sum()), 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        squares = float(np.nansum((days[:, own] - expected) ** 2 / (expected * (1 - share[own]))))
    uneven = max(squares / max(freedom, 1), 1.0)
    classes = int((before + after > 0).sum())
    unit = (1 / max(float(before.sum()), 1.0) + 1 / max(float(after.sum()), 1.0)) / (8 * np.log(2))
    return float(unit * (uneven * ((classes - 1) + _DEVIATIONS * np.sqrt(2 * (classes - 1))) - (classes - 1)))


def _usual_days(days: Array) -> Array:
    """The days without those of a burst: a few whose mix is far from that of all, each day's calls bounded."""
    total = days.sum(axis=1)
    typical = float(np.median(total[total > 0])) if (total > 0).any() else 0.0
    even = days * np.minimum(1.0, 1.5 * typical / np.maximum(total, 1e-9))[:, None]
    whole = even.sum(axis=0)
    apart = _apart(whole, days)
    odd = apart > max(_ODD_BITS, _ODD_TIMES * float(np.median(apart)))
    return np.asarray(even if odd.mean() > _MOST_ODD else even[~odd])


def _speaks(week: Array, before: Array, after: Array) -> Array:
    """By day, the mean logarithm of how much likelier its calls are under the new mix than under the old one."""
    classes = len(before)
    p, q = (before + 0.5) / (before.sum() + 0.5 * classes), (after + 0.5) / (after.sum() + 0.5 * classes)
    count = week.sum(axis=1)
    return np.asarray(np.where(count > 0, week @ np.log(q / p) / np.maximum(count, 1), 0.0))


def _lasts(week: Array, before: Array, after: Array) -> bool:
    spoken = _speaks(week, before, after)
    silent = int((week.sum(axis=1) == 0).sum())
    return int((spoken > 0).sum()) >= _LEAST_DAYS - min(silent, 2) and bool(spoken[-1] > 0 or week[-1].sum() == 0)


def _first_day(week: Array, before: Array, after: Array) -> int:
    return int(np.argmax(_speaks(week, before, after) > 0))


def _effect(calls: Array, cost: Array, day: int, before: Array, after: Array) -> float | None:
    old = _cost_of_a_call(calls, cost, day - WEEK_D - BEFORE_D + 1, day - WEEK_D + 1)
    new = _cost_of_a_call(calls, cost, day - WEEK_D + 1, day + 1)
    price = np.where(np.isnan(old), new, old)
    change = after / after.sum() - before / before.sum()
    if np.isnan(price[change != 0]).any():
        return None
    return float(np.nansum(change * np.nan_to_num(price)) * after.sum() / WEEK_D)


def _cost_of_a_call(calls: Array, cost: Array, begin: int, end: int) -> Array:
    known = ~np.isnan(cost[begin:end])
    number = np.where(known, calls[begin:end], 0.0).sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(number > 0, np.nansum(cost[begin:end], axis=0) / np.where(number > 0, number, 1.0), np.nan)


def shifts(names: Sequence[str], before: Array, after: Array, most: int = 2) -> list[tuple[str, float, float]]:
    """The classes whose shares changed most: name, share before and after."""
    p, q = before / before.sum(), after / after.sum()
    order = sorted(range(len(names)), key=lambda place: (-abs(q[place] - p[place]), names[place]))
    return [(names[place], float(p[place]), float(q[place])) for place in order[:most] if q[place] != p[place]]
