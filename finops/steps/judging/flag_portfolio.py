"""What to do with each agent, and what all of it together saves a month."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from finops.config import Settings
from finops.core import numbers
from finops.core.judging.portfolio import Action, best, move, reprompt, retire, shrink, together
from finops.core.judging.value import Evidence, Margin, margins
from finops.core.judging.verdicts import FEWEST_RUNS
from finops.steps.judging.flag_cases import Case, Read, settled_until
from finops.steps.judging.flag_reasons import Context, figures
from finops.steps.judging.flag_units import LEFTOVER, Unit, by_tenant

Row = dict[str, Any]


def actions_of(settings: Settings, read: Read, judged: Sequence[Case], context: Context) -> list[Action | None]:
    """The action that saves most on each agent; None where none surely does, for the exempt, and where runs are too few."""
    until = settled_until(settings, [*read.runs, *read.tenants])
    tenants = by_tenant(read.tenants, read.costs, [case.unit for case in judged], until)
    return [_of(case, judged, context, tenants) for case in judged]


def _of(case: Case, judged: Sequence[Case], context: Context, tenants: Mapping[tuple[str, str], Sequence[Unit]]) -> Action | None:
    margin, unit = case.margin, case.unit
    if margin is None or case.exempt is not None or margin.evidence.runs < FEWEST_RUNS:
        return None
    found: list[Action | None] = []
    if case.decision.verdict == "low_value_high_cost":
        found.append(retire(margin))
    if unit.role == "leads" and unit.run_cost is not None:
        found.append(shrink(_parts(margin, tenants.get((unit.workflow, unit.agent), ()))))
        found += _moves(margin, unit, context)
        others = [
            figures(other.unit)["tokens"]
            for other in judged
            if other is not case and other.unit.workflow == unit.workflow and other.unit.role == "leads"
        ]
        peers = [tokens for tokens in others if tokens]  # who is not known to take any says nothing of how many are usual
        usual = context.medians.get((unit.workflow, unit.role), {}).get("success")
        if own := figures(unit)["tokens"]:
            found.append(reprompt(margin, unit.run_cost.by_models, own, peers, usual))
    return best(found)


def _parts(margin: Margin, tenants: Sequence[Unit]) -> list[tuple[str, Margin]]:
    """The margin of each tenant's runs; those of one agent are peers."""
    own = margin.evidence
    named = [unit for unit in tenants if not unit.agent.startswith(LEFTOVER) and unit.run_cost and unit.tally["known"]]
    evidence: list[Evidence | None] = [
        Evidence(
            agent=unit.agent,
            group=f"{own.group}\0{own.agent}",
            runs=unit.tally["known"],
            accepted=unit.tally["accepted"],
            cost=unit.run_cost.mean if unit.run_cost else None,
            cost_cv=unit.run_cost.cv if unit.run_cost else None,
            monthly_runs=own.monthly_runs * unit.tally["known"] / own.runs,
            value=own.value,
            value_low=own.value_low,
            value_high=own.value_high,
            value_error=own.value_error,
        )
        for unit in named
    ]
    return [(unit.agent, one) for unit, one in zip(named, margins(evidence), strict=True) if one is not None]


def _moves(margin: Margin, unit: Unit, context: Context) -> list[Action | None]:
    """To the model that dominates one of its own, by the judged runs of its workflow."""
    spent: dict[str, Decimal] = {}
    for row in context.models.get((unit.workflow, unit.agent), ()):
        spent[str(row["model"])] = spent.get(str(row["model"]), Decimal(0)) + row["list_cost"]
    whole = sum(spent.values(), Decimal(0))
    found: list[Action | None] = []
    for model, cost in spent.items():
        mine = context.choices.get((unit.workflow, model))
        other = context.choices.get((unit.workflow, mine.dominated_by or "")) if mine else None
        if mine is not None and other is not None and unit.run_cost is not None:
            found.append(move(margin, unit.run_cost.by_models * float(cost / whole), mine.of, other.of))
    return found


def action_row(action: Action | None) -> Row:
    """The columns of an action."""
    if action is None:
        return {}
    saving = action.interval
    return {
        **{"action": action.verb, "action_what": action.what, "saving": _cents(saving.middle)},
        **{"saving_low": _cents(saving.low), "saving_high": _cents(saving.high)},
    }


def portfolio_total(actions: Sequence[Action | None]) -> Row:
    """What all actions save a month, and how many there are of each kind."""
    own = [one for one in actions if one is not None]
    if not own:
        return {"actions": 0, "saving": None, "saving_low": None, "saving_high": None}
    whole = together(own)
    return {
        **{"actions": len(own), "saving": _cents(whole.middle)},
        **{"saving_low": _cents(whole.low), "saving_high": _cents(whole.high)},
    }


def portfolio_notes(judged: Sequence[Case], actions: Sequence[Action | None], cost: Decimal, currency: str) -> list[str]:
    """One sentence for all together, and one for each action that does not follow from a verdict."""
    told = [(case, one) for case, one in zip(judged, actions, strict=True) if one is not None]
    if not told:
        return []
    found = [
        f"{one.verb} {case.unit.agent}, {one.what}: {_within(one, currency)} a month"
        for case, one in told
        if one.verb != "retire"
    ]
    whole = together([one for _, one in told])
    kinds = Counter(one.verb for _, one in told)
    listed = ", ".join(f"{verb} {kinds[verb]}" for verb in ("retire", "shrink", "move", "re-prompt") if kinds[verb])
    agents = len({case.unit.agent for case in judged})
    spent = sum((case.spend or Decimal(0) for case, _ in told), Decimal(0))
    share = f", {numbers.percent_total(spent / cost)} of all cost" if cost > 0 else ""
    names = len({case.unit.agent for case, _ in told})
    amount = numbers.money_within(whole.middle, whole.low, whole.high, currency)
    within = numbers.range_text(whole.low, whole.high, currency)
    return [
        f"{names} of {agents} agents{share}: {listed}; together {amount} a month (80% interval {within}), less the value that "
        "is given up",
        *found,
    ]


def settled_for_all(settings: Settings, read_runs: Sequence[Mapping[str, Any]], last: date) -> date:
    """The last day on which the runs of every workflow have had their time for an outcome."""
    return min([*settled_until(settings, read_runs).values(), last])


def _within(one: Action, currency: str) -> str:
    saving = one.interval
    amount = numbers.money_within(saving.middle, saving.low, saving.high, currency)
    return f"{amount} ({numbers.range_text(saving.low, saving.high, currency)})"


def _cents(amount: float) -> Decimal:
    return Decimal(repr(round(amount, 2)))
