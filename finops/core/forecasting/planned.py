"""Changes that a forecast is told: what each part of a leaf's spend is multiplied by on each day ahead, and what is added.

A leaf's spend is split into parts (one model of one service, say) by what it was made of lately; a change multiplies the parts
that it is about, so the leaf by 1 + Σ share · (Π factors - 1).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

import numpy as np

from finops.core.forecasting.states import Array
from finops.core.section_checks import percent_change

Kind = Literal["spend", "volume", "tokens", "price", "model"]
LeafKey = tuple[str | None, ...]
UNNAMED = "__planned__"
"""The owner of planned spend of which the plan names none."""


@dataclass(frozen=True)
class Part:
    """A share of a leaf's recent daily spend that has one value in every dimension."""

    leaf: int
    share: float
    values: Mapping[str, str | None]
    by_use: bool
    """Billed by use, so that it follows volume; capacity that runs anyway does not."""
    by_token: bool


@dataclass(frozen=True)
class Change:
    """One multiplied change from `first` to `last` (both included; None is for good). `scope` names dimensions and their values,
    which must all hold; the factors of a change of model or of list prices depend on the class of token (None: spend of which the
    bill tells no class), and `factor` is that of the other classes."""

    what: str
    kind: Kind
    scope: Mapping[str, str]
    first: date
    last: date | None
    factor: float = 1.0
    by_class: Mapping[str | None, float] = field(default_factory=dict)

    def factor_of(self, part: Part) -> float:
        """What the change multiplies this part by: 1 where it is about something else."""
        if any(part.values.get(name) != value for name, value in self.scope.items()):
            return 1.0
        if (self.kind == "volume" and not part.by_use) or (self.kind in ("tokens", "model") and not part.by_token):
            return 1.0
        return self.by_class.get(part.values.get("token_class"), self.factor)


@dataclass(frozen=True)
class Added:
    """Spend that is not there yet: an amount on each day from `first` to `last` (both included) of an owner."""

    what: str
    owner: Mapping[str, str]
    currency: str
    per_day: Decimal
    first: date
    last: date | None


def multipliers(leaves: int, parts: Sequence[Part], changes: Sequence[Change], days: Sequence[date]) -> Array:
    """Leaves x days: what every leaf's spend is multiplied by."""
    made = np.ones((leaves, len(days)))
    active = [np.array([c.first <= day and (c.last is None or day <= c.last) for day in days], dtype=bool) for c in changes]
    for part in parts:
        factors = np.ones(len(days))
        for change, on in zip(changes, active, strict=True):
            factor = change.factor_of(part)
            if factor != 1.0:
                factors[on] *= factor
        made[part.leaf] += part.share * (factors - 1)
    return made


def additions(keys: Sequence[LeafKey], by: Sequence[str], added: Sequence[Added], days: Sequence[date]) -> Array:
    """Leaves x days: what is added; every owner has a leaf (see `leaf_of`)."""
    made = np.zeros((len(keys), len(days)))
    row_of = {key: row for row, key in enumerate(keys)}
    for one in added:
        on = [one.first <= day and (one.last is None or day <= one.last) for day in days]
        made[row_of[leaf_of(one, by)], on] += float(one.per_day)
    return made


def leaf_of(one: Added, by: Sequence[str]) -> LeafKey:
    """The leaf that planned spend belongs to; what the plan does not name is called so."""
    return (one.currency, *(one.owner.get(name, UNNAMED) for name in by))


def days_after(reach: date, count: int) -> list[date]:
    return [reach + timedelta(days=n) for n in range(1, count + 1)]


def percent_factor(text: str, where: str) -> float:
    """`+20%` is 1.2, `-100%` is 0."""
    return float(percent_change(text, where))
