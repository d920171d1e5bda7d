"""List prices that changed, by which the history is re-priced where bills followed them, and those that are known to change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from finops.core.forecasting.planned import Change
from finops.core.numbers import date_text, percent_total
from finops.ledger.leaf_parts import PriceStep, paid_rates

if TYPE_CHECKING:
    from finops.ledger.store import Reader

HISTORY_D = 400
FOLLOWED = 0.1
"""A bill followed a change of list price where what was paid by list price stayed within this share, before and after."""
AROUND_D = 28
Steps = Mapping[tuple[str, str, str], Sequence[PriceStep]]


def followed(reader: Reader, steps: Steps, reach: date) -> tuple[dict[tuple[str, str, str], Sequence[PriceStep]], list[str]]:
    """The changes of the past that bills followed, and the models of which they did not; who can't tell changes nothing."""
    changed = {key: found for key, found in steps.items() if any(step.day <= reach for step in found[1:])}
    models = sorted({model for _, model, _ in changed})
    rates = paid_rates(reader, models, reach - timedelta(days=HISTORY_D), reach) if models else {}
    followed, unfollowed = {}, set()
    for (provider, model, token_class), found in changed.items():
        days = sorted({step.day for step in found[1:] if step.day <= reach})
        kept = [_held(rates.get((provider, model), {}), day) for day in days]
        if kept and all(kept):
            followed[provider, model, token_class] = found
        elif any(one is False for one in kept):
            unfollowed.add(model)
    return followed, sorted(unfollowed)


def future(steps: Steps, reach: date) -> list[Change]:
    """The changes of list prices that are known to come, a model and a day each."""
    made: dict[tuple[str, str, date], dict[str | None, float]] = {}
    for (provider, model, token_class), found in steps.items():
        for before, after in pairwise(found):
            if after.day > reach and before.price:
                made.setdefault((provider, model, after.day), {})[token_class] = after.price / before.price
    return [
        Change(
            f"list price of {model}",
            "price",
            {"model": model, "provider": provider},
            day,
            None,
            1.0,
            {**by_class, None: float(np.mean(list(by_class.values())))},
        )
        for (provider, model, day), by_class in sorted(made.items())
    ]


def ratio(
    steps: Steps,
    provider: str | None,
    model: str,
    token_class: str | None,
    day: date,
    reach: date,
) -> float:
    """The price on the last complete day by the price on that day; the mean of the classes where the bill tells none."""
    ratios = []
    for (of, name, kind), found in steps.items():
        if name == model and (provider is None or of == provider) and token_class in (None, kind):
            then, now = _in_force(found, day), _in_force(found, reach)
            ratios.append(now / then if then else 1.0)
    return float(np.mean(ratios)) if ratios else 1.0


def past_notes(past: Steps, reach: date) -> list[str]:
    models = sorted({model for _, model, _ in past})
    made = []
    for model in models:
        days = sorted({step.day for key, found in past.items() if key[1] == model for step in found[1:] if step.day <= reach})
        made.append(
            f"The history of {model} is priced at today's list prices: they changed on {', '.join(map(date_text, days))}."
        )
    return made


def future_notes(future: Sequence[Change]) -> list[str]:
    return [
        f"Known already: the {change.what} changes by {_signed(change.by_class[None] - 1)} on {date_text(change.first)}; "
        "a negotiated price is taken to follow."
        for change in future
    ]


def _held(rates: Mapping[date, float], day: date) -> bool | None:
    """Whether what was paid by list price stayed the same around a day; None where it is not known on both sides."""
    before = [rate for on, rate in rates.items() if timedelta(0) < day - on <= timedelta(days=AROUND_D)]
    after = [rate for on, rate in rates.items() if timedelta(0) <= on - day < timedelta(days=AROUND_D)]
    if not before or not after:
        return None
    return bool(abs(float(np.median(after)) / float(np.median(before)) - 1) <= FOLLOWED) if np.median(before) else None


def _in_force(steps: Sequence[PriceStep], day: date) -> float:
    prices = [step.price for step in steps if step.day <= day]
    return prices[-1] if prices else steps[0].price


def _signed(share: float) -> str:
    return ("+" if share >= 0 else "\N{MINUS SIGN}") + percent_total(abs(share))
