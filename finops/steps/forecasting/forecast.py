"""What the month will close at, and the months after it: expected cost, its interval, and how such forecasts did so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.config import Overrides, Settings, load_settings, read_plans
from finops.core.budget import chance_of_passing, monthly_budget
from finops.core.forecasting.forecast import MIN_DAYS
from finops.core.result import Column, Result
from finops.core.settings import Plan
from finops.core.talk import Talk
from finops.errors import DataError, UsageError
from finops.ledger.cube import checked_dimensions, require_built
from finops.ledger.daily import LeafKey, Uncosted, uncosted_charges
from finops.ledger.store import Reader
from finops.steps.forecasting.changes import Question, Told, one_by_one, parsed_questions, told
from finops.steps.forecasting.close import Close, closing
from finops.steps.forecasting.history import complete_until
from finops.steps.forecasting.notes import effect_notes, notes_on, track_record
from finops.steps.forecasting.outlook import OWNERS, QUANTILES, SCENARIO_MONTHS, Month, Outlook, Total, months_ahead
from finops.steps.reading import read_ledger

MOST_MONTHS = 12
Row = dict[str, Any]


def forecast(
    overrides: Overrides,
    *,
    by: Sequence[str] = (),
    months: int = 0,
    plan: Path | None = None,
    questions: Mapping[str, Sequence[str]] | None = None,
    talk: Talk,
) -> Result:
    """The close of the month of the business date and of `months` more, for each group and for the whole of each currency; with
    the changes that are planned (in the settings, or in the file `plan`) and asked about ("volume" to `NAME=+20%`, and so on)."""
    settings = load_settings(overrides)
    planned = settings.plans + (read_plans(plan) if plan is not None else ())
    asking = parsed_questions(questions or {})
    by = checked_dimensions(by)
    for name in {"day", "month"} & set(by):
        raise UsageError(f"a forecast can't be grouped by `{name}`", where="--by", hint="its rows are months already")
    if not 0 <= months <= MOST_MONTHS:
        raise UsageError(f"{months} months is out of reach", where="--months", hint=f"0 to {MOST_MONTHS} following months")
    with read_ledger(settings) as reader:
        asked = _asked(reader, settings, by, months, planned, asking)
        unbuilt = reader.unbuilt()
    if unbuilt:
        talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
    totals = [_row(settings, whole, month, (), (currency,)) for currency, month, whole in asked.wholes]
    rows = [_row(settings, total, month, by, key) for key, month, total in asked.groups if not _only_planned_later(total)]
    order = {currency: place for place, currency in enumerate(sorted({str(key[0]) for key, _, _ in asked.groups}))}
    rows.sort(
        key=lambda r: (
            r["period"],
            order[str(r["currency"])],
            -(r["expected"] if r["expected"] is not None else r["spent"]),
            *(str(r[name] or "") for name in by),
        )
    )
    meta = {
        "as_of": settings.as_of,
        "complete_until": asked.reach,
        "currency": settings.currency,
        "view": "incurred",
        "leaves": OWNERS,
        "unbuilt": unbuilt,
        "days": [day.as_dict() for close in asked.closes for day in close.ahead],
        "changes": asked.effects,
    }
    notes = notes_on(totals, asked.wholes, rows, by, asked.reach, settings.as_of, asked.uncosted)
    return Result(
        _columns(by, told=bool(asked.effects)),
        rows,
        [_with_record(row, whole) for row, (_, _, whole) in zip(totals, asked.wholes, strict=True)],
        meta,
        [*notes[:1], *effect_notes(asked.effects), *asked.told.notes, *notes[1:]],
    )


def close_of_month(overrides: Overrides, *, currency: str | None = None) -> Close:
    """The closing of the current month in one currency, day by day, for a chart."""
    settings = load_settings(overrides)
    with read_ledger(settings) as reader:
        asked = _asked(reader, settings, (), 0, settings.plans, ())
    for close in asked.closes:
        if currency is None or close.currency == currency:
            return close
    raise DataError(f"there is no cost in {currency} to forecast from", where=str(settings.ledger))


@dataclass(frozen=True)
class _Asked:
    reach: date
    wholes: list[tuple[str, Month, Total]]
    groups: list[tuple[LeafKey, Month, Total]]
    closes: list[Close]
    uncosted: list[Uncosted]
    told: Told
    effects: list[Row]


def _asked(
    reader: Reader, settings: Settings, by: tuple[str, ...], following: int, plans: Sequence[Plan], questions: Sequence[Question]
) -> _Asked:
    require_built(reader, settings.currency)
    uncosted = uncosted_charges(reader, settings.as_of, settings.currency)
    billed_only = tuple(of.currency for of in uncosted if of.all_of_them)
    reach = complete_until(reader, settings.as_of, settings.currency, billed_only)
    months = months_ahead(settings.as_of, reach, following)
    known = told(reader, plans, questions, reach, settings.as_of, months[-1].end, str(settings.config or "--plan"))
    owners = Outlook(reader, OWNERS, months, reach, settings.as_of, settings.currency, billed_only, known)
    wholes = _leaves_by(owners, ())
    named = _leaves_by(owners, by) if set(by) <= set(OWNERS) else {}
    owners.run([*wholes.values(), *named.values()])
    totals = _totals(owners, wholes, 0, of_all=True)
    closes = [
        closing(reader, owners, at, leaves, reach, settings, str(key[0]), billed_only)
        for at, (key, leaves) in enumerate(wholes.items())
    ]
    if set(by) <= set(OWNERS):
        groups = _totals(owners, named, len(wholes))
    else:
        other = Outlook(reader, by, months, reach, settings.as_of, settings.currency, billed_only, known)
        named = _leaves_by(other, by)
        other.run(list(named.values()))
        other.scale_to(owners, {key[0]: leaves for key, leaves in wholes.items()})
        groups = _totals(other, named, 0)
    silent = {(key[0], month.label) for key, month, total in totals if total.expected is None}
    groups = [
        (key, month, replace(total, expected=None, quantiles=None, grid=()) if (key[0], month.label) in silent else total)
        for key, month, total in groups
    ]
    whole_months = [(str(key[0]), month, total) for key, month, total in totals]
    return _Asked(reach, whole_months, groups, closes, uncosted, known, _effects(owners, known, wholes))


def _effects(outlook: Outlook, known: Told, wholes: dict[LeafKey, list[int]]) -> list[Row]:
    """What each change brings on top of those before it, by month and currency."""
    made: list[Row] = []
    before = outlook.unchanged
    for what, upto in one_by_one(known):
        after = outlook.rest_with(upto)
        for key, leaves in wholes.items():
            for at, month in enumerate(outlook.months):
                effect = sum((after[leaf][at] - before[leaf][at] for leaf in leaves), Decimal(0))
                made.append({"change": what, "period": month.label, "currency": key[0], "effect": effect})
        before = after
    return made


def _leaves_by(outlook: Outlook, by: Sequence[str]) -> dict[LeafKey, list[int]]:
    """The leaves of each group; a group is a currency and the values of `by`."""
    at = [0, *(outlook.by.index(name) + 1 for name in by)]
    groups: dict[LeafKey, list[int]] = {}
    for leaf, key in enumerate(outlook.keys):
        groups.setdefault(tuple(key[i] for i in at), []).append(leaf)
    return groups


def _totals(
    outlook: Outlook, groups: dict[LeafKey, list[int]], before: int, *, of_all: bool = False
) -> list[tuple[LeafKey, Month, Total]]:
    return [
        (key, month, outlook.total(before + group, leaves, at, of_all=of_all))
        for at, month in enumerate(outlook.months)
        for group, (key, leaves) in enumerate(groups.items())
    ]


def _row(settings: Settings, total: Total, month: Month, by: Sequence[str], key: LeafKey) -> Row:
    currency = str(key[0])
    owner = dict(zip(by, key[1:], strict=True))
    return {
        "period": month.label,
        **owner,
        "currency": currency,
        "spent": total.spent,
        "expected": total.expected,
        "unchanged": None if total.expected is None else total.unchanged,
        "budget": monthly_budget(settings.budgets, owner, currency),
        **(total.quantiles or dict.fromkeys(QUANTILES)),
        "method": _method(total, month, settings.as_of),
        "confidence": total.confidence,
        "skill": None if total.record.skill is None or not month.days else round(total.record.skill, 4),
    }


def _only_planned_later(total: Total) -> bool:
    """A group that nothing is known of but a plan for another month."""
    return not (total.spent or total.expected or total.unchanged or total.days_known)


def _method(total: Total, month: Month, as_of: date) -> str:
    if not month.days:
        return "complete"
    if (month.first - as_of).days > SCENARIO_MONTHS * 30:
        return "scenario"
    if total.expected is None:
        return "none yet"
    if not total.quantiles:
        return "mean of the days so far" if total.days_known < MIN_DAYS else "as last month"
    return "weekly seasonal" if month.horizon_d <= 60 else "damped"


def _with_record(row: Row, total: Total) -> Row:
    """A total also says how likely it passes its budget and how its forecasts did."""
    budget, record = row["budget"], total.record
    return {
        **row,
        "over_budget_probability": chance_of_passing(budget, total.grid, total.spent)
        if budget is not None and total.grid
        else None,
        "one_off": total.one_off,
        "estimated": total.estimated,
        "error": None if record.error is None else round(record.error, 4),
        "run_rate_error": None if record.run_rate_error is None else round(record.run_rate_error, 4),
        "coverage": None if record.coverage is None else round(record.coverage, 4),
        "windows": round(record.windows, 1),
        "track_record": track_record(record),
    }


def _columns(by: Sequence[str], *, told: bool) -> list[Column]:
    narrow = {"p10", "p90"}
    return [
        Column("period", "Month"),
        *(Column(name, name.replace("_", " ").capitalize()) for name in by),
        Column("currency", "Currency", wide_only=True),
        Column("spent", "Spent", "money", "spent"),
        Column("expected", "Expected", "money", "expected"),
        Column("unchanged", "Unchanged", "money", "expected", wide_only=not told),
        *(Column(name, name.replace("_", ".").upper(), "money", "forecast", wide_only=name not in narrow) for name in QUANTILES),
        Column("budget", "Budget", "money", "budget"),
        Column("confidence", "Confidence"),
        Column("method", "Method", wide_only=True),
        Column("skill", "Skill", "ratio", "skill", wide_only=True),
    ]
