"""What is expected of every leaf and group in each month: exact sums from the bottom up, and quantiles of each total."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np

from finops.core.forecast import GRID, Forecast, Record, forecast
from finops.core.forecast_states import Array
from finops.core.periods import next_month
from finops.ledger.daily import Booked, LeafKey, booked_costs
from finops.steps.forecast_history import history

if TYPE_CHECKING:
    from finops.ledger.store import Reader

OWNERS = ("tenant", "agent", "workflow")
QUANTILES = {"p2_5": 0.025, "p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p97_5": 0.975}
SCENARIO_MONTHS = 6
_ZERO = Decimal(0)
_NOTHING = Booked(_ZERO, _ZERO, _ZERO, _ZERO)
_FINE = Decimal("0.000001")


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
    def label(self) -> str:
        return f"{self.first:%Y-%m}"


@dataclass(frozen=True)
class Total:
    """A group's total of one month. `quantiles` by name, None where the history carries no interval."""

    spent: Decimal
    one_off: Decimal
    estimated: Decimal
    expected: Decimal
    quantiles: Mapping[str, Decimal] | None
    confidence: str
    record: Record
    days_known: int
    grid: tuple[tuple[float, Decimal], ...] = ()


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
        self, reader: Reader, by: Sequence[str], months: Sequence[Month], reach: date, as_of: date, currency: str | None
    ):
        known = history(reader, by, reach, as_of, currency)
        booked = booked_costs(reader, by, months[0].first, reach, as_of, currency)
        self.by = tuple(by)
        self._reach = reach
        self.months = tuple(months)
        self.keys = tuple(sorted({*known.keys, *booked}, key=_sortable))
        self.booked = tuple(booked.get(key, _NOTHING) for key in self.keys)
        self._spend, self._first = _with_all(known.keys, known.spend, known.first, self.keys)
        self._running_d = (as_of - max(reach, months[0].first - timedelta(days=1))).days
        self._known: Forecast | None = None
        self.path = np.zeros((len(self.keys), 0))
        self.rest: tuple[tuple[Decimal, ...], ...] = ()

    def run(self, groups: Sequence[Sequence[int]]) -> None:
        """Forecasts all leaves, and learns the errors of the groups' own sums."""
        days = max(self.months[-1].horizon_d, 1)
        near = self.months[0].horizon_d or None
        self._known = forecast(self._spend, self._first, [repr(key) for key in self.keys], days, groups, near, self._reach)
        self.path = self._at_least_what_is_booked(self._known.path)
        self.rest = tuple(
            tuple(
                _rest(self.path[leaf], month, self.booked[leaf].since_reach if month is self.months[0] else _ZERO)
                for month in self.months
            )
            for leaf in range(len(self.keys))
        )

    def scale_to(self, wanted: Mapping[str | None, Sequence[Decimal]]) -> None:
        """Shares the rest of each month out so that the leaves of each currency add up to what is wanted, to the last digit."""
        columns = []
        for at in range(len(self.months)):
            made = [leaf[at] for leaf in self.rest]
            for currency, rests in wanted.items():
                own = [row for row, key in enumerate(self.keys) if key[0] == currency]
                for row, amount in zip(own, shared_out(rests[at], [made[row] for row in own]), strict=True):
                    made[row] = amount
            columns.append(made)
        self.rest = tuple(zip(*columns, strict=True))

    def total(self, group: int, leaves: Sequence[int], at: int) -> Total:
        """The group (as numbered in `run`) of these leaves, in the month `at`."""
        if self._known is None:
            raise RuntimeError("an outlook is run before it is asked")
        month, now = self.months[at], at == 0
        booked = [self.booked[leaf] for leaf in leaves] if now else []
        spent = sum((b.spent for b in booked), _ZERO)
        expected = spent + sum((self.rest[leaf][at] for leaf in leaves), _ZERO)
        grid = self._grid(group, month, expected, spent)
        confidence = self._known.confidence(group, month.horizon_d) if at <= SCENARIO_MONTHS else "low"
        return Total(
            spent,
            sum((b.one_off for b in booked), _ZERO),
            sum((b.estimated for b in booked), _ZERO),
            expected,
            {name: dict(grid)[p] for name, p in QUANTILES.items()} if grid else None,
            confidence if month.days else "high",
            self._known.record(group, max(month.days, 1)),
            int(self._known.days_known[group]),
            grid,
        )

    def fan(self, group: int, days: int, end: int) -> Array | None:
        """Quantiles (at GRID) of the error of the group's total over the `days` days that end `end` days from now."""
        return None if self._known is None else self._known.error_quantiles(group, days, end)

    def _grid(self, group: int, month: Month, expected: Decimal, spent: Decimal) -> tuple[tuple[float, Decimal], ...]:
        """A month that is over is certain; else the errors of the whole way to its end, for its share of the days."""
        if not month.days:
            return tuple((p, expected) for p in GRID)
        errors = self.fan(group, month.days, month.horizon_d)
        if errors is None:
            return ()
        return tuple((p, max(spent, expected + decimal(float(e)))) for p, e in zip(GRID, errors, strict=True))

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


def shared_out(total: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The total in parts like the weights (none below 0), adding up exactly; even parts where nothing has weight."""
    if not weights:
        return []
    whole = sum(weights, _ZERO)
    shares = [weight / whole for weight in weights] if whole > 0 else [Decimal(1) / len(weights)] * len(weights)
    parts = [(total * share).quantize(_FINE) for share in shares]
    largest = max(range(len(parts)), key=lambda row: (parts[row], -row))
    parts[largest] += total - sum(parts, _ZERO)
    return parts


def decimal(amount: float) -> Decimal:
    """A forecast as money, to the millionth."""
    return Decimal(repr(amount)).quantize(_FINE)


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
