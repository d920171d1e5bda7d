"""A verdict in sentences: what a run costs and returns, what would have to be true, what drives it, what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from statistics import median
from typing import Any, TypeAlias

from finops.core import numbers
from finops.core.judging.left_out import Added
from finops.core.judging.model_choice import Choice
from finops.core.judging.value import Margin
from finops.core.judging.verdicts import depends_on_value
from finops.core.settings import Exempt
from finops.steps.judging.flag_cases import Case
from finops.steps.judging.flag_units import Unit

Row: TypeAlias = Mapping[str, Any]
Key: TypeAlias = tuple[str, str]
NOTABLE = 1.25
"""From this ratio to its peers on a figure is named as a driver."""
DOMINANT = Decimal("0.5")
"""From this share of the model cost on, a model is named."""
CERTAIN = 0.999
FEWEST_PEERS = 3
"""So many leads of one workflow make peers."""


@dataclass(frozen=True)
class Context:
    """What a case is compared with: the median figures of its workflow, and the cost of its models, the dearest first."""

    medians: Mapping[Key, Mapping[str, float]] = field(default_factory=dict)
    models: Mapping[Key, Sequence[Row]] = field(default_factory=dict)
    choices: Mapping[Key, Choice] = field(default_factory=dict)
    """By workflow and model."""

    @classmethod
    def of(cls, units: Sequence[Unit], models: Sequence[Row], choices: Sequence[Choice] = ()) -> Context:
        """The context of all units together."""
        peers: dict[Key, list[Mapping[str, float | None]]] = {}
        for unit in units:
            peers.setdefault((unit.workflow, unit.role), []).append(figures(unit))
        used: dict[Key, list[Row]] = {}
        for row in models:
            used.setdefault((row["workflow"], row["lead"]), []).append(row)
        medians = {key: _medians(group) for key, group in peers.items() if len(group) >= FEWEST_PEERS}
        return cls(medians, used, {(choice.of.group, choice.of.model): choice for choice in choices})


def reasons(case: Case, context: Context) -> list[str]:
    """The sentences, the one that decides first."""
    found = list(case.obstacles)
    if case.exempt is not None:
        found.append(f"exempt until {case.exempt.until}: {case.exempt.reason}")
    elif case.decision.because and not found:
        found.append(case.decision.because)
    if case.added is not None:
        found += _adds(case, case.added)
        found += _unknown(case)
    elif case.margin is not None:
        found += _economics(case, case.margin)
        found += _drivers(case, context)
        found += _unknown(case)
    return found


def exemption_notes(judged: Sequence[Case], exempt: Sequence[Exempt], as_of: date) -> list[str]:
    """One sentence for each agent that is exempt, and for each whose exemption has ended."""
    held = {case.unit.agent: case.exempt for case in judged if case.exempt is not None}
    found = [f"{agent} is exempt until {one.until}: {one.reason}" for agent, one in sorted(held.items())]
    agents = {case.unit.agent for case in judged} - set(held)
    ended = {one.agent: one for one in exempt if one.until < as_of and one.agent in agents}
    return found + [f"the exemption of {agent} ended on {one.until}: {one.reason}" for agent, one in sorted(ended.items())]


def advice(case: Case) -> str | None:
    """What would make the agent pay, where it does not."""
    margin = case.margin
    if margin is None or margin.evidence.value is None or case.decision.verdict not in ("low_value_high_cost", "watch"):
        return None
    most = _each(margin.evidence.value * margin.success.middle, case.currency)
    saving = numbers.money_total(margin.monthly_loss, case.currency)
    if case.added is not None:
        return f"leave it out, or bring what it costs a run below {most}: {saving} a month"
    return f"bring a run to {most} or less, or stop it: {saving} a month"


def _adds(case: Case, added: Added) -> list[str]:
    """What runs with and without the agent say."""
    rates = [numbers.percent_total(arm.accepted / arm.runs) for arm in (added.together, added.without)]
    runs = [numbers.count(arm.runs) for arm in (added.together, added.without)]
    cost = f"it costs {_each(added.cost.middle, case.currency)} a run ({_spread(added.cost.low, added.cost.high, case.currency)})"
    compared = f"{rates[0]} of {runs[0]} runs with it are accepted, {rates[1]} of {runs[1]} without it"
    if added.worth is None:
        return [f"{compared}; {cost}"]
    spread = _spread(added.worth.low, added.worth.high, case.currency)
    return [
        f"it adds {_each(added.worth.middle, case.currency)} a run (80% interval {spread}), and {cost}",
        f"{compared}; agents that cover for each other both look dispensable",
    ]


def _economics(case: Case, margin: Margin) -> list[str]:
    evidence = margin.evidence
    cost = _each(evidence.cost, case.currency)
    rate = numbers.percent_total(margin.success.middle)
    if evidence.value is None or case.worth is None:
        each = _spread(margin.cost_per_success.low, margin.cost_per_success.high, case.currency)
        ranked = f", rank {case.rank[0]} of {case.rank[1]} in {case.unit.workflow}" if case.rank else ""
        return [f"a run costs {cost} and {rate} are accepted: {each} per accepted result (80% interval){ranked}"]
    back = _each(evidence.value * margin.success.middle, case.currency)
    value = _each(evidence.value, case.currency)
    said = "as outcomes say" if case.worth.measured else "as declared"
    found = [f"a run costs {cost} and returns {back}: {rate} are accepted, worth {value} each {said}"]
    found += _break_even(margin)
    if depends_on_value(margin):
        low, high = (numbers.percent_total(p) for p in (margin.probability_low, margin.probability_high))
        found.append(f"depends on the value assumed: {low} likely to lose at the low value, {high} at the high one")
    elif margin.probability_high is not None and margin.probability_high >= CERTAIN and case.worth.high > case.worth.base:
        found.append("it loses at the highest value believed, too")
    if case.worth.older_runs:
        older = numbers.count(case.worth.older_runs)
        found.append(f"{older} runs are from before {case.worth.since}, when the value was declared; they are judged at it")
    return found


def _break_even(margin: Margin) -> list[str]:
    if margin.break_even is None:
        return ["no success rate pays: an accepted result is worth nothing"]
    if margin.break_even > 1:
        return ["it would not pay if every result were accepted"]
    return [f"it pays from a success rate of {numbers.percent_total(margin.break_even)}"]


def _drivers(case: Case, context: Context) -> list[str]:
    unit, tally = case.unit, case.unit.tally
    found = _against_peers(unit, context.medians.get((unit.workflow, unit.role), {}))
    models = context.models.get((unit.workflow, unit.agent), ()) if unit.role == "leads" else ()
    total = sum((row["list_cost"] for row in models), Decimal(0))
    top = models[0] if models else None
    if top is not None and top["list_cost"] >= total * DOMINANT:
        whose = "" if top["agent"] == unit.agent else f" by {top['agent']}"
        found.append(f"{numbers.percent_total(top['list_cost'] / total)} of its model cost is {top['model'] or 'unnamed'}{whose}")
        found += _dominated(context, unit.workflow, str(top["model"]))
    again = tally["failed_calls"] + tally["retries"]
    if again * 10 >= tally["runs"]:
        found.append(f"{_plain(again / tally['runs'])} calls a run fail or are retries")
    return found


def _dominated(context: Context, workflow: str, model: str) -> list[str]:
    """A model that another does better, by the judged runs of the workflow."""
    mine = context.choices.get((workflow, model))
    other = context.choices.get((workflow, mine.dominated_by or "")) if mine else None
    if mine is None or other is None or not mine.of.cost or other.of.cost is None:
        return []
    less = numbers.percent_total(1 - other.of.cost / mine.of.cost)
    return [f"{other.of.model} does the same work at {less} less a run and is accepted as often: `finops models`"]


def _against_peers(unit: Unit, medians: Mapping[str, float]) -> list[str]:
    """Figures in which the agent is notably worse than the median of its workflow."""
    found = []
    for name, words, higher_is_worse in (
        ("cost", "a run costs {ratio} times that of its peers", True),
        ("success", "its success rate is {ratio} times that of its peers", False),
        ("again", "it has {ratio} times the failed calls and retries of its peers", True),
        ("tokens", "a run takes {ratio} times the tokens of its peers", True),
    ):
        own, usual = figures(unit)[name], medians.get(name)
        if own is not None and usual:
            ratio = own / usual
            if ratio >= NOTABLE if higher_is_worse else ratio <= 1 / NOTABLE:
                found.append(words.format(ratio=_plain(ratio)))
    return found


def _medians(group: Sequence[Mapping[str, float | None]]) -> dict[str, float]:
    found = {}
    for name in group[0]:
        known = [value for value in (one[name] for one in group) if value is not None]
        if known:
            found[name] = median(known)
    return found


def figures(unit: Unit) -> dict[str, float | None]:
    """Per run: cost, success rate, failed calls and retries, tokens."""
    tally = unit.tally
    runs = tally["runs"]
    return {
        "cost": unit.run_cost.mean if unit.run_cost else None,
        "success": tally["accepted"] / tally["known"] if tally["known"] else None,
        "again": (tally["failed_calls"] + tally["retries"]) / runs if runs else None,
        "tokens": tally["tokens"] / runs if runs else None,
    }


def _unknown(case: Case) -> list[str]:
    tally = case.unit.tally
    found = []
    if tally.unknown:
        found.append(f"{numbers.count(tally.unknown)} runs have no outcome and don't count for success")
    if tally.unsettled:
        found.append(f"{numbers.count(tally.unsettled)} runs are too recent for an outcome")
    if case.unit.run_cost is not None and case.unit.run_cost.cv is None:
        found.append("cost is known on average, not by run")
    if tally["unpriced_calls"] and case.unit.run_cost is not None and case.unit.run_cost.cv is not None:
        found.append(f"{numbers.count(tally['unpriced_calls'])} calls have no known price")
    return found


def _spread(low: float, high: float, currency: str) -> str:
    return f"{_each(low, currency)}–{_each(high, currency)}"


def _each(amount: float | None, currency: str) -> str:
    """An amount per run or per result: in cents, or in three figures where cents say too little."""
    small = amount is not None and abs(amount) < 0.1
    return numbers.unit_price(amount, currency) if small else numbers.money_table(amount, currency)


def _plain(ratio: float) -> str:
    return f"{ratio:.2g}" if ratio < 10 else f"{ratio:,.0f}"
