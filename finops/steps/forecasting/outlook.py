"""What is expected of every leaf and group in each month: exact sums from the bottom up, and quantiles of each total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from statistics import NormalDist
from typing import TYPE_CHECKING

import numpy as np

from finops.core.forecasting.forecast import GRID, MIN_DAYS, Forecast, Record, forecast
from finops.core.forecasting.schedule import Due, still_due
from finops.core.forecasting.shares import decimal, moved_by, shared_out
from finops.core.forecasting.states import Array
from finops.core.periods import next_month
from finops.ledger.daily import Booked, LeafKey, booked_costs, month_long_charges
from finops.steps.forecasting.changes import Told
from finops.steps.forecasting.history import HISTORY_D, history

if TYPE_CHECKING:
    from finops.ledger.store import Reader

OWNERS = ("tenant", "agent", "workflow")
QUANTILES = {"p2_5": 0.025, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p97_5": 0.975}
SCENARIO_MONTHS = 6
_ZERO = Decimal(0)
NOTHING_TOLD = Told()
_NOTHING = Booked(_ZERO, _ZERO, _ZERO, _ZERO)
Rests = tuple[tuple[Decimal, ...], ...]
"""By leaf, then by month."""
FEWEST_DAYS = 3
"""Of fewer complete days nothing is said at all."""
ONCE = 0.1
"""Where month-long charges that came in one month only are more than this share of what is expected, no interval is carried."""
FIRM_MONTHS = 3
_SPREAD = 1.2533
"""Standard deviation of a normal error whose mean size is 1."""


@dataclass(frozen=True)
class Month:
    """A month that is forecast: `skip` days lie between the last complete day and it, `days` of it are still to come."""

    first: date
    skip: int
    days: int

    @property
    def horizon_d(self) -> int:
        return self.skip + self.days

    @property
    def end(self) -> date:
        return next_month(self.first)

    @property
    def label(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True)
class Total:
    """A group's total of one month. `quantiles` by name, None where the history carries no interval."""

    spent: Decimal
    one_off: Decimal
    estimated: Decimal
    expected: Decimal | None
    """None where too little is known for any number."""
    quantiles: Mapping[str, Decimal] | None
    confidence: str
    record: Record
    days_known: int
    grid: tuple[tuple[float, Decimal], ...] = ()
    seen_once: Decimal = _ZERO
    """What is expected of month-long charges that came in one month only."""
    unchanged: Decimal | None = None
    """What would be expected if nothing were told."""


def months_ahead(as_of: date, reach: date, following: int) -> tuple[Month, ...]:
    """The month of the business date and so many more."""
    first, made = as_of.replace(day=1), []
    for _ in range(following + 1):
        end = next_month(first)
        begin = max(first, reach + timedelta(days=1))
        made.append(Month(first, (begin - reach).days - 1, (end - begin).days))
        first = end
    return tuple(made)


class Outlook:
    """The forecast of the leaves of one grouping, ready to be asked for any group of them."""

    def __init__(
        self,
        reader: Reader,
        by: Sequence[str],
        months: Sequence[Month],
        reach: date,
        as_of: date,
        currency: str | None,
        billed_only: Sequence[str] = (),
        told: Told = NOTHING_TOLD,
    ):
        self._reader, self._told, self._billed_only = reader, told, billed_only
        known = history(reader, by, reach, as_of, currency, billed_only)
        booked = booked_costs(reader, by, months[0].first, reach, as_of, currency, billed_only)
        by_month = month_long_charges(
            reader, by, as_of - timedelta(days=HISTORY_D), as_of, currency, billed_only, months[0].first
        )
        for charge in by_month:
            if charge.fees:
                booked[charge.key] = replace(booked[charge.key], one_off=booked[charge.key].one_off - charge.fees)
        self.by = tuple(by)
        self._reach = reach
        self.months = tuple(months)
        self.keys = tuple(
            sorted({*known.keys, *booked, *(charge.key for charge in by_month), *told.leaves(by, currency)}, key=_sortable)
        )
        self.booked = tuple(booked.get(key, _NOTHING) for key in self.keys)
        spend, self._first = _with_all(known.keys, known.spend, known.first, self.keys)
        self._spend = told.repriced(reader, by, self.keys, spend, reach, billed_only)
        self._running_d = (as_of - max(reach, months[0].first - timedelta(days=1))).days
        self._known: Forecast | None = None
        row_of = {key: row for row, key in enumerate(self.keys)}
        self._due: list[list[list[Due]]] = [[[] for _ in months] for _ in self.keys]
        self._month_long_d = np.zeros(len(self.keys), np.int64)
        for charge in by_month:
            row = row_of[charge.key]
            self._month_long_d[row] = max(self._month_long_d[row], (reach - min(charge.amounts)).days + 1)
            for at, due in enumerate(still_due(charge.amounts, as_of, [month.first for month in months])):
                self._due[row][at].append(due)
        self.path = np.zeros((len(self.keys), 0))
        self.rest: tuple[tuple[Decimal, ...], ...] = ()
        self.unchanged: tuple[tuple[Decimal, ...], ...] = ()
        """What `rest` would be if nothing were told."""

    def run(self, groups: Sequence[Sequence[int]]) -> None:
        """Forecasts all leaves, and learns the errors of the groups' own sums."""
        days = max(self.months[-1].horizon_d, 1)
        near = self.months[0].horizon_d or None
        self._known = forecast(self._spend, self._first, [repr(key) for key in self.keys], days, groups, near, self._reach)
        self.path, self.rest = self._with(NOTHING_TOLD)
        self.unchanged = self.rest
        if self._told:
            self.path, self.rest = self._with(self._told)

    def rest_with(self, told: Told) -> Rests:
        """What is still to come if this were told."""
        return self._with(told)[1]

    def _with(self, told: Told) -> tuple[Array, Rests]:
        """The way ahead, and what is still to come of each leaf and month."""
        if self._known is None:
            raise RuntimeError("an outlook is run before it is asked")
        path = self._known.path
        if told:
            path = told.ahead(self._reader, self.by, self.keys, path, self._reach, self._billed_only)
        path = self._at_least_what_is_booked(path) + self._month_long(path.shape)
        rest = tuple(
            tuple(
                _rest(path[leaf], month, self.booked[leaf].since_reach if month is self.months[0] else _ZERO)
                for month in self.months
            )
            for leaf in range(len(self.keys))
        )
        return path, rest

    def scale_to(self, wanted: Outlook, leaves_of: Mapping[str | None, Sequence[int]]) -> None:
        """Shares the rest of each month out so that the leaves of each currency add up to those of another outlook, to the last
        digit."""
        rest, unchanged = ([[leaf[at] for leaf in of] for at in range(len(self.months))] for of in (self.rest, self.unchanged))
        for at in range(len(self.months)):
            for currency, leaves in leaves_of.items():
                own = [row for row, key in enumerate(self.keys) if key[0] == currency]
                before, after = (sum((of[leaf][at] for leaf in leaves), _ZERO) for of in (wanted.unchanged, wanted.rest))
                plain = shared_out(before, [unchanged[at][row] for row in own])
                told = moved_by(after, plain, [rest[at][row] - unchanged[at][row] for row in own]) if self._told else plain
                for row, amount, without in zip(own, told, plain, strict=True):
                    rest[at][row], unchanged[at][row] = amount, without
        self.rest, self.unchanged = (tuple(zip(*of, strict=True)) for of in (rest, unchanged))

    def total(self, group: int, leaves: Sequence[int], at: int, *, of_all: bool = False) -> Total:
        """The group (as numbered in `run`) of these leaves, in the month `at`. The total of all may be without a number."""
        if self._known is None:
            raise RuntimeError("an outlook is run before it is asked")
        month, now = self.months[at], at == 0
        booked = [self.booked[leaf] for leaf in leaves] if now else []
        spent = sum((b.spent for b in booked), _ZERO)
        expected = spent + sum((self.rest[leaf][at] for leaf in leaves), _ZERO)
        due = [d for leaf in leaves for d in self._due[leaf][at] if d.amount]
        once = sum(d.amount for d in due if d.spread is None)
        days_known = max([int(self._known.days_known[group]), *(int(self._month_long_d[leaf]) for leaf in leaves)])
        grid: tuple[tuple[float, Decimal], ...] = ()
        if not month.days or (days_known >= MIN_DAYS and abs(once) <= ONCE * abs(float(expected))):
            grid = self._grid(group, leaves, at, expected, spent)
        confidence = self._known.confidence(group, month.horizon_d) if at <= SCENARIO_MONTHS and grid else "low"
        if any(d.months_seen < FIRM_MONTHS for d in due) and confidence == "high":
            confidence = "medium"
        return Total(
            spent,
            sum((b.one_off for b in booked), _ZERO),
            sum((b.estimated for b in booked), _ZERO),
            None if of_all and month.days and days_known < FEWEST_DAYS else expected,
            {name: dict(grid)[p] for name, p in QUANTILES.items()} if grid else None,
            confidence if month.days else "high",
            self._known.record(group, max(month.days, 1)),
            days_known,
            grid,
            decimal(float(once)),
            spent + sum((self.unchanged[leaf][at] for leaf in leaves), _ZERO),
        )

    def fan(self, group: int, days: int, end: int) -> Array | None:
        """Quantiles (at GRID) of the error of the group's total over the `days` days that end `end` days from now."""
        if self._known is None:
            return None
        return self._known.error_quantiles(group, days, end) if self._known_daily(group) else np.zeros(len(GRID))

    def _known_daily(self, group: int) -> bool:
        return self._known is not None and bool(self._known.days_known[group])

    def errors(self, group: int, leaves: Sequence[int], at: int, days: int, end: int) -> Array | None:
        """The fan with, beside daily spend, how month-long charges that are due in the month `at` changed from month to month; as
        much wider or narrower as what is told makes the total larger or smaller."""
        found = self._errors_untold(group, leaves, at, days, end)
        before, now = (float(sum((of[leaf][at] for leaf in leaves), _ZERO)) for of in (self.unchanged, self.rest))
        return found if found is None or before <= 0 or now == before else np.asarray(found * (now / before))

    def _errors_untold(self, group: int, leaves: Sequence[int], at: int, days: int, end: int) -> Array | None:
        daily = self.fan(group, days, end)
        spread = _SPREAD * sum(due.spread or 0.0 for leaf in leaves for due in self._due[leaf][at] if due.amount)
        if not self._known_daily(group) and not spread:
            return None
        if daily is None or not spread:
            return daily
        wide = spread * (at + 1) ** 0.5 * np.array([NormalDist().inv_cdf(p) for p in GRID])
        apart = np.array(GRID) - 0.5
        return np.asarray(np.sign(apart) * np.hypot(daily - np.interp(0.5, GRID, daily), wide) + np.interp(0.5, GRID, daily))

    def _month_long(self, shape: tuple[int, ...]) -> Array:
        """Month-long charges that are still due, on their days; on the first day ahead where they are late."""
        ahead = np.zeros(shape)
        for leaf, by_month in enumerate(self._due):
            for month, dues in zip(self.months, by_month, strict=True):
                for day, amount in (placed for due in dues for placed in due.days if month.days):
                    ahead[leaf, max((day - self._reach).days - 1, month.skip)] += amount
        return ahead

    def _grid(
        self, group: int, leaves: Sequence[int], at: int, expected: Decimal, spent: Decimal
    ) -> tuple[tuple[float, Decimal], ...]:
        """A month that is over is certain; else the errors of the whole way to its end, for its share of the days."""
        month = self.months[at]
        if not month.days:
            return tuple((p, expected) for p in GRID)
        errors = self.errors(group, leaves, at, month.days, month.horizon_d)
        if errors is None:
            return ()
        least = min(spent, expected)
        return tuple((p, max(least, expected + decimal(float(e)))) for p, e in zip(GRID, errors, strict=True))

    def _at_least_what_is_booked(self, path: Array) -> Array:
        """Days that are not complete cost what is expected, but not less than what is booked of them already."""
        path, skip, running = path.copy(), self.months[0].skip, self._running_d
        if running <= 0 or not self.months[0].days:
            return path
        days = slice(skip, skip + min(running, self.months[0].days))
        for leaf, booked in enumerate(self.booked):
            least, expected = float(booked.since_reach), float(path[leaf, days].sum())
            if least > expected:
                path[leaf, days] = path[leaf, days] * (least / expected) if expected > 0 else least / (days.stop - days.start)
        return path


def _rest(path: Array, month: Month, since_reach: Decimal) -> Decimal:
    """What is still to come, on top of what is booked of days that are not complete."""
    if not month.days:
        return _ZERO
    ahead = decimal(float(path[month.skip : month.skip + month.days].sum()))
    return ahead - since_reach if since_reach <= ahead else _ZERO


def _sortable(key: LeafKey) -> tuple[tuple[bool, str], ...]:
    return tuple((part is None, part or "") for part in key)


def _with_all(known: Sequence[LeafKey], spend: Array, first: np.ndarray, keys: Sequence[LeafKey]) -> tuple[Array, np.ndarray]:
    """The matrix with a row for every key: leaves with no recurring history begin after its last day."""
    row_of = {key: row for row, key in enumerate(known)}
    length = max(spend.shape[1], 1)
    wide = np.zeros((len(keys), length))
    begins = np.full(len(keys), length, np.int64)
    for row, key in enumerate(keys):
        if key in row_of and spend.shape[1]:
            wide[row], begins[row] = spend[row_of[key]], first[row_of[key]]
    return wide, begins
