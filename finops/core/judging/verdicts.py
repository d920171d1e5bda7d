"""Which agents return less than they cost: the verdicts, with the share of false ones among them kept low."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from finops.core.judging.value import Margin

Verdict = Literal["low_value_high_cost", "watch", "insufficient_data", "keep"]

FEWEST_RUNS = 30
FEWEST_DAYS = 28
SURE = 0.90
EVEN = 0.50
FALSE_SHARE = 0.05
"""How large the expected share of wrong verdicts among the flagged may be."""
SPEND_SHARE = 0.01
WIDE = 2.0
"""An interval of the value returned per money spent whose ends lie this many times apart says nothing."""


@dataclass(frozen=True)
class Candidate:
    """An agent with what its runs show. `margin` is None where they show nothing."""

    margin: Margin | None
    spend: float
    days: int
    """How many days of the window the agent has been at work."""
    exempt: bool = False


@dataclass(frozen=True)
class Decision:
    """A verdict, and in words what else than the probability decided it."""

    verdict: Verdict
    because: str = ""


def decided(candidates: Sequence[Candidate], total_spend: float) -> list[Decision]:
    """The verdict of each."""
    matters = _spend_that_matters(candidates, total_spend)
    kept = _kept_flags(candidates, matters)
    return [_decision(candidate, i in kept, matters) for i, candidate in enumerate(candidates)]


def depends_on_value(margin: Margin) -> bool:
    """Whether the agent loses surely at one of the values believed, and not at another."""
    surely = {p >= SURE for p in (margin.probability_low, margin.probability, margin.probability_high) if p is not None}
    return len(surely) == 2


def _spend_that_matters(candidates: Sequence[Candidate], total_spend: float) -> float:
    """The median agent's spend, or 1 % of all if that is less."""
    spends = [candidate.spend for candidate in candidates]
    return min(median(spends), SPEND_SHARE * total_spend) if spends else 0.0


def _kept_flags(candidates: Sequence[Candidate], matters: float) -> set[int]:
    """Those that are surely losing, most probable first, as long as few of them are expected to be wrong."""
    asked = [i for i, candidate in enumerate(candidates) if _may_be_flagged(candidate, matters)]
    asked.sort(key=lambda i: (-_probability(candidates[i]), -_loss(candidates[i]), i))
    kept: set[int] = set()
    wrong = 0.0
    for place, i in enumerate(asked, start=1):
        wrong += 1 - _probability(candidates[i])
        if wrong / place > FALSE_SHARE:
            break
        kept.add(i)
    return kept


def _may_be_flagged(candidate: Candidate, matters: float) -> bool:
    margin = candidate.margin
    return (
        margin is not None
        and not candidate.exempt
        and margin.evidence.runs >= FEWEST_RUNS
        and candidate.days >= FEWEST_DAYS
        and candidate.spend >= matters
        and _probability(candidate) >= SURE
    )


def _decision(candidate: Candidate, kept: bool, matters: float) -> Decision:
    margin = candidate.margin
    if candidate.exempt:
        return Decision("keep", "exempt")
    if margin is None:
        return Decision("insufficient_data", "nothing to judge it by")
    if margin.probability is None:
        return Decision("insufficient_data", "no value declared: add [[value]]")
    if margin.evidence.runs < FEWEST_RUNS:
        return Decision("insufficient_data", f"fewer than {FEWEST_RUNS} runs have a known outcome")
    if kept:
        return Decision("low_value_high_cost")
    if _says_nothing(margin):
        return Decision("insufficient_data", "the interval is wide and lies on both sides of break-even")
    if margin.probability >= SURE:
        if candidate.days < FEWEST_DAYS:
            return Decision("watch", f"at work for fewer than {FEWEST_DAYS} days")
        small = candidate.spend < matters
        return Decision("watch", "too little is spent on it to matter" if small else "not sure enough beside the other flags")
    return Decision("watch" if margin.probability > EVEN else "keep")


def _says_nothing(margin: Margin) -> bool:
    back = margin.returned
    return back is not None and back.low < 1 < back.high and (back.low <= 0 or back.high / back.low > WIDE)


def _probability(candidate: Candidate) -> float:
    return 0.0 if candidate.margin is None or candidate.margin.probability is None else candidate.margin.probability


def _loss(candidate: Candidate) -> float:
    return 0.0 if candidate.margin is None else candidate.margin.monthly_loss or 0.0
