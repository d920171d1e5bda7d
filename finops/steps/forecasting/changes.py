"""What a forecast is told beside the past: planned changes, what-if questions, and list prices that changed or will."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, cast

import numpy as np

from finops.core.forecasting.planned import (
    Added,
    Change,
    Kind,
    LeafKey,
    additions,
    days_after,
    leaf_of,
    multipliers,
    percent_factor,
)
from finops.core.forecasting.states import Array
from finops.core.section_checks import PLAN_SCOPE, PLANNED
from finops.core.settings import Plan
from finops.errors import UsageError
from finops.ledger.cube import DIMENSIONS
from finops.ledger.leaf_parts import leaf_parts, price_steps, token_spend
from finops.steps.forecasting.list_prices import HISTORY_D, Steps, followed, future, future_notes, past_notes, ratio

if TYPE_CHECKING:
    from finops.ledger.store import Reader

PARTS_D = 28
"""Leaves are split by what they were made of in so many complete days."""
MULTIPLIED = ("spend", "volume", "tokens", "price")
Question = tuple[str, str, str]
"""The option's name, what it is about and the change: ("volume", "trip-planner", "+20%")."""


@dataclass(frozen=True)
class Told:
    """Everything that a forecast is told, resolved against one ledger."""

    changes: tuple[Change, ...] = ()
    added: tuple[Added, ...] = ()
    past_prices: Steps = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.changes or self.added)

    def leaves(self, by: Sequence[str], currency: str | None) -> list[LeafKey]:
        """The leaves that planned spend needs."""
        return sorted({leaf_of(one, by) for one in self._added(currency)}, key=repr)

    def ahead(
        self, reader: Reader, by: Sequence[str], keys: Sequence[LeafKey], path: Array, reach: date, billed_only: Sequence[str]
    ) -> Array:
        """The path of the leaves with the changes in it."""
        days = days_after(reach, path.shape[1])
        if self.changes:
            parts = leaf_parts(reader, by, keys, reach - timedelta(days=PARTS_D - 1), reach, billed_only)
            path = path * multipliers(len(keys), parts, self.changes, days)
        known = {key[0] for key in keys}
        return path + additions(keys, by, [one for one in self.added if one.currency in known], days)

    def repriced(
        self,
        reader: Reader,
        by: Sequence[str],
        keys: Sequence[LeafKey],
        spend: Array,
        reach: date,
        billed_only: Sequence[str],
    ) -> Array:
        """The history as it would have cost at the list prices of the last complete day."""
        if not self.past_prices:
            return spend
        since = reach - timedelta(days=spend.shape[1] - 1)
        row_of = {key: row for row, key in enumerate(keys)}
        made = spend.copy()
        models = sorted({model for _, model, _ in self.past_prices})
        for used in token_spend(reader, by, models, since, reach, billed_only):
            factor = ratio(self.past_prices, used.provider, used.model, used.token_class, used.day, reach)
            if factor != 1.0 and used.key in row_of:
                made[row_of[used.key], (used.day - since).days] += used.amount * (factor - 1)
        return np.asarray(made)

    def _added(self, currency: str | None) -> list[Added]:
        return [one for one in self.added if currency is None or one.currency == currency]


def told(
    reader: Reader, plans: Sequence[Plan], questions: Sequence[Question], reach: date, as_of: date, until: date, where: str
) -> Told:
    """The planned changes and what-if questions of one forecast that reaches up to `until`."""
    changes: list[Change] = []
    added: list[Added] = []
    notes: list[str] = []
    known = _known_names(reader) if plans or questions else {}
    steps = price_steps(reader, reach - timedelta(days=HISTORY_D), until)
    past, unfollowed = followed(reader, steps, reach)
    notes += [
        f"{model}: the list price changed, what was paid did not follow it; its history is left as it is." for model in unfollowed
    ]
    notes += past_notes(past, reach)
    coming = future(steps, reach)
    changes += coming
    notes += future_notes(coming)
    for plan in plans:
        made = _planned(reader, plan, as_of, f"{where}:{plan.line} [[plan]]")
        if isinstance(made, Added):
            added.append(made)
        else:
            changes.append(made)
            notes += _matches_nothing(made, known)
    for question in questions:
        changes.append(_asked(reader, question, known, as_of))
    return Told(tuple(changes), tuple(added), past, tuple(notes))


def _planned(reader: Reader, plan: Plan, as_of: date, where: str) -> Change | Added:
    said = [name for name in PLANNED if getattr(plan, name) is not None]
    scope = {name: str(value) for name, value in plan.scope.items()}
    last = None if plan.to is None else plan.to - timedelta(days=1)
    kind, what = said[0], f"planned: {plan.what}"
    if kind == "model":
        return _swap(reader, what, scope, str(plan.model), plan.from_, last, as_of, where)
    if kind in MULTIPLIED:
        factor = percent_factor(getattr(plan, kind), f"{where} {kind}")
        return Change(what, cast("Kind", kind), scope, plan.from_, last, factor)
    if kind == "once":
        assert plan.once is not None
        return Added(what, scope, plan.currency, plan.once, plan.from_, plan.from_)
    assert plan.per_day is not None
    return Added(what, scope, plan.currency, plan.per_day, plan.from_, last)


def _asked(reader: Reader, question: Question, known: Mapping[str, set[str]], as_of: date) -> Change:
    """A question of the command line, true from the day after the business date."""
    kind, name, change = question
    where, first = f"--{kind} {name}={change}", as_of + timedelta(days=1)
    if kind == "model":
        scope = {"model": _one_dimension(name, ("model",), known, where)[1]}
        return _swap(reader, f"with {name} replaced by {change}", scope, change, first, None, as_of, where)
    about = ("model", "service", "provider", "instance_type", "region") if kind == "price" else ("agent", "workflow", "tenant")
    dimension, value = _one_dimension(name, about, known, where)
    factor = percent_factor(change, where)
    return Change(f"with {kind} of {value} {change}", cast("Kind", kind), {dimension: value}, first, None, factor)


def _one_dimension(name: str, among: Sequence[str], known: Mapping[str, set[str]], where: str) -> tuple[str, str]:
    """The one dimension in which the name is known; `agent:NAME` says it."""
    dimension, _, rest = name.partition(":")
    if rest and dimension in among and rest in known[dimension]:
        return dimension, rest
    found = [one for one in among if name in known[one]]
    if len(found) == 1:
        return found[0], name
    if found:
        choices = " or ".join(f"`{one}:{name}`" for one in found)
        raise UsageError(f"`{name}` is the name of more than one thing", where=where, hint=f"say {choices}")
    names = sorted({value for one in among for value in known[one]})
    nearest = difflib.get_close_matches(name, names, 1)
    hint = f"did you mean `{nearest[0]}`?" if nearest else "known: " + ", ".join(names[:8]) + (", …" if len(names) > 8 else "")
    raise UsageError(f"no {' or '.join(one.replace('_', ' ') for one in among)} is called `{name}`", where=where, hint=hint)


def _swap(
    reader: Reader, what: str, scope: Mapping[str, str], target: str, first: date, last: date | None, day: date, where: str
) -> Change:
    """Calls of the scope's model go to another at the same tokens: by class, the ratio of the list prices of that day."""
    if "model" not in scope:
        raise UsageError("a change of model must say of which model", where=where, hint='scope = {model = "…"}')
    source = scope["model"]
    before, after = _prices(reader, source, day, where, None), _prices(reader, target, day, where, source)
    plain = after["input_uncached"] if "input_uncached" in after else min(after.values())
    by_class: dict[str | None, float] = {
        name: after.get(name, plain if name != "output" else max(after.values())) / price
        for name, price in before.items()
        if price
    }
    by_class[None] = float(np.mean(list(by_class.values())))
    return Change(what, "model", scope, first, last, by_class[None], by_class)


def _prices(reader: Reader, model: str, day: date, where: str, like: str | None) -> dict[str, float]:
    provider, _, rest = model.partition("/")
    rows = reader.read("forecast_model_prices", models=[model, rest], day=day, like=like)
    named = [row for row in rows if row["model"] == model] or [row for row in rows if row["provider"] == provider]
    if not named:
        raise UsageError(
            f"no list price of the model `{model}` is known", where=where, hint="`finops prices list --tokens` names them"
        )
    best = min(row["place"] for row in named)
    return {row["token_class"]: float(row["price"]) for row in named if row["place"] == best}


def _known_names(reader: Reader) -> dict[str, set[str]]:
    return {
        name: {
            str(row["value"])
            for row in reader.query(f"SELECT DISTINCT {DIMENSIONS[name]} AS value FROM fct_cost c")
            if row["value"]
        }
        for name in PLAN_SCOPE
    }


def _matches_nothing(change: Change, known: Mapping[str, set[str]]) -> list[str]:
    missing = [f"{name} `{value}`" for name, value in change.scope.items() if value not in known[name]]
    return (
        [f"{change.what[0].upper()}{change.what[1:]} changes nothing: no {' and no '.join(missing)} has spent anything."]
        if missing
        else []
    )


def one_by_one(told: Told) -> list[tuple[str, Told]]:
    """The changes, each on top of those before it: for what each of them brings."""
    steps: list[tuple[str, Told]] = []
    for at, change in enumerate(told.changes):
        steps.append((change.what, replace(told, changes=told.changes[: at + 1], added=())))
    for at, added in enumerate(told.added):
        steps.append((added.what, replace(told, added=told.added[: at + 1])))
    return steps


def parsed_questions(given: Mapping[str, Sequence[str]]) -> list[Question]:
    """`NAME=CHANGE` of each option."""
    made: list[Question] = []
    for kind, texts in given.items():
        for text in texts:
            name, equals, change = text.rpartition("=")
            if not equals or not name.strip() or not change.strip():
                hint = "for example gpt-4o=gpt-4o-mini" if kind == "model" else "for example trip-planner=+20%"
                raise UsageError(f"`{text}` is no question", where=f"--{kind}", hint=f"NAME=CHANGE, {hint}")
            made.append((kind, name.strip(), change.strip()))
    return made
