"""Each agent's case: its runs, what a result is worth, its margin, and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from finops.config import Settings
from finops.core.judging.left_out import Added
from finops.core.judging.model_choice import Choice
from finops.core.judging.value import MONTH_DAYS, Evidence, Margin, margins
from finops.core.judging.verdicts import Candidate, Decision, decided
from finops.core.settings import Exempt
from finops.steps.judging.flag_left_out import Told, told_of
from finops.steps.judging.flag_units import Row, Unit, units
from finops.steps.judging.flag_worth import Worth, foreign_currencies, has_own_value, worth_of

SETTLE_DAYS = 7
NO_VALUE = "no value declared: add [[value]]"


@dataclass(frozen=True)
class Case:
    """All that is known about one agent's verdict."""

    unit: Unit
    worth: Worth | None
    margin: Margin | None
    decision: Decision
    exempt: Exempt | None
    currency: str
    obstacles: tuple[str, ...] = ()
    """What stands in the way of a judgement."""
    rank: tuple[int, int] | None = None
    """Place by cost per accepted result, and among how many of its workflow."""
    added: Added | None = None
    """What it adds to the runs of others, by judged runs without it."""

    @property
    def spend(self) -> Decimal | None:
        """All cost of the runs that it answers for."""
        return self.unit.run_cost.total if self.unit.role == "leads" and self.unit.run_cost else self.unit.own_cost


@dataclass(frozen=True)
class Read:
    """What the ledger says of the window in one currency."""

    currency: str
    runs: Sequence[Row]
    parts: Sequence[Row]
    costs: Sequence[Row]
    models: Sequence[Row]
    currencies: Mapping[str, Sequence[str]]
    """In which currencies each workflow has cost."""
    left_out: Sequence[Row] = ()
    tenants: Sequence[Row] = ()
    """The runs again, by lead and tenant."""
    choices: Sequence[Choice] = ()
    """The models of each workflow side by side."""

    @property
    def total(self) -> Decimal:
        return sum((row["cost"] for row in self.costs if row["cost"] is not None), Decimal(0))

    def concerns(self, workflow: str) -> bool:
        """Whether the workflow belongs to this currency: its cost is in it, or in none."""
        return self.currency in self.currencies.get(workflow, (self.currency,))

    def is_mixed(self, workflow: str) -> bool:
        return len(self.currencies.get(workflow, ())) > 1


def cases(settings: Settings, read: Read) -> list[Case]:
    """One case per agent and workflow, by name."""
    found = units(read.runs, read.parts, read.costs, settled_until(settings, read.runs))
    everyone = [unit for unit in found if read.concerns(unit.workflow)]
    worths = [_worth(settings, unit, read.currency) for unit in everyone]
    evidence = [None if read.is_mixed(u.workflow) else _evidence(u, w) for u, w in zip(everyone, worths, strict=True)]
    drawn = margins(evidence)
    monthly = [_monthly_runs(unit) for unit in everyone]
    told = told_of(read.left_out, everyone, evidence, monthly, settled_until(settings, [*read.runs, *read.left_out]))
    alone = [one.added if one and worths[i] is None else None for i, one in enumerate(told)]
    drawn = [one.margin if one else margin for one, margin in zip(alone, drawn, strict=True)]
    ranks = _ranks(everyone, drawn)
    begun = [
        Case(
            unit=unit,
            worth=worths[i],
            margin=drawn[i],
            decision=Decision("insufficient_data"),
            exempt=_exempt(settings, unit),
            currency=read.currency,
            obstacles=tuple(_obstacles(settings, unit, worths[i], read, told[i])),
            rank=ranks.get(i),
            added=alone[i],
        )
        for i, unit in enumerate(everyone)
    ]
    candidates = [Candidate(c.margin, float(c.spend or 0), days_at_work(settings, c.unit), c.exempt is not None) for c in begun]
    return [
        replace(case, decision=decision) for case, decision in zip(begun, decided(candidates, float(read.total)), strict=True)
    ]


def settled_until(settings: Settings, runs: Sequence[Row]) -> dict[str, date]:
    """By workflow the last day whose runs have had their time for an outcome."""
    own = {workflow.name: workflow.settle_days for workflow in settings.workflows}
    names = {str(row["workflow"]) for row in runs}
    return {name: settings.as_of - timedelta(days=own.get(name, SETTLE_DAYS) + 1) for name in sorted(names)}


def days_at_work(settings: Settings, unit: Unit) -> int:
    """From the agent's first run in the window to the business date."""
    return (settings.as_of - unit.tally.first).days + 1 if unit.tally.first else 0


def _worth(settings: Settings, unit: Unit, currency: str) -> Worth | None:
    """What its results are worth; the result of a run is its lead's unless the agent has a value of its own."""
    if unit.role == "no runs" or not (unit.role == "leads" or has_own_value(unit, settings.values)):
        return None
    return worth_of(unit, settings.values, currency, settings.as_of)


def _evidence(unit: Unit, worth: Worth | None) -> Evidence | None:
    tally, cost = unit.tally, unit.run_cost
    if cost is None or not tally["known"] or (unit.role != "leads" and worth is None):
        return None
    return Evidence(
        agent=unit.agent,
        group=unit.workflow if unit.role == "leads" else f"{unit.workflow}\0{unit.role}",
        runs=tally["known"],
        accepted=tally["accepted"],
        cost=cost.mean,
        cost_cv=cost.cv,
        monthly_runs=_monthly_runs(unit),
        value=worth.base if worth else None,
        value_low=worth.low if worth else None,
        value_high=worth.high if worth else None,
        value_error=worth.error if worth else 0.0,
    )


def _monthly_runs(unit: Unit) -> float:
    """Its runs in thirty days like those that had their time for an outcome."""
    tally = unit.tally
    if not tally.known_days:
        return 0.0
    return tally.settled_runs * MONTH_DAYS / ((max(tally.known_days) - min(tally.known_days)).days + 1)


def _obstacles(settings: Settings, unit: Unit, worth: Worth | None, read: Read, told: Told | None) -> list[str]:
    """Why an agent can't be judged, where it can't."""
    if unit.role == "no runs":
        return ["no runs are known: cost alone says nothing about value"]
    if unit.role == "takes part" and worth is None:
        if told is not None and told.added is not None:
            return [] if told.added.worth is not None else [NO_VALUE]
        led = " and ".join(unit.beside) or "an unnamed agent"
        why = f"; {told.why_not}" if told is not None else ""
        return [f"value not separable: judged with workflow {unit.workflow} led by {led}{why}"]
    found = []
    if read.is_mixed(unit.workflow):
        found.append(f"its cost is in {' and '.join(read.currencies[unit.workflow])}, which are not added up")
    if not unit.tally["known"]:
        found.append("no outcomes are known")
    if unit.run_cost is None:
        found.append(f"no cost in {read.currency} is known for its runs")
    elif unit.run_cost.mean < 0:
        found.append("credits exceed its cost")
    if worth is None:
        other = " and ".join(foreign_currencies(unit, settings.values, read.currency))
        found.append(f"its value is declared in {other}, its cost is in {read.currency}" if other else NO_VALUE)
    return found


def _exempt(settings: Settings, unit: Unit) -> Exempt | None:
    """The exemption that holds on the business date, its last day included."""
    held = [e for e in settings.exempt if e.agent == unit.agent and e.until >= settings.as_of]
    return held[-1] if held else None


def _ranks(everyone: Sequence[Unit], drawn: Sequence[Margin | None]) -> Mapping[int, tuple[int, int]]:
    """Places among the leads of the same workflow, the lowest cost per accepted result first; none for one alone."""
    groups: dict[str, list[tuple[float, str, int]]] = {}
    for i, (unit, margin) in enumerate(zip(everyone, drawn, strict=True)):
        if margin is not None and unit.role == "leads":
            groups.setdefault(unit.workflow, []).append((margin.cost_per_success.middle, unit.agent, i))
    return {
        i: (place, len(group))
        for group in groups.values()
        if len(group) > 1
        for place, (_, _, i) in enumerate(sorted(group), start=1)
    }
