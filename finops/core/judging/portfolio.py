"""What to do with each agent, and what a month of it saves: retire it, shrink it to where it pays, move it to another model, or
re-prompt it to the tokens that its peers need.

Savings are net of the value that is given up, in draws, so that those of several agents add up to one interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

import numpy as np

from finops.core.judging.model_choice import ModelRuns, cost_draws
from finops.core.judging.value import DRAWS, Draws, Interval, Margin, interval_of, seed_of

Verb = Literal["retire", "shrink", "move", "re-prompt"]
SURE = 0.9
"""An action is named where it saves something with this probability."""
SURE_OF_PART = 0.95
"""A part of an agent's work, of which there are many, must lose more surely than a whole agent."""
NOTABLE = 1.25
"""From so many times the tokens of its peers on an agent is to be re-prompted."""
FEWEST_PEERS = 3


@dataclass(frozen=True)
class Action:
    """What to do, in words what exactly, and the draws of what a month of it saves."""

    verb: Verb
    what: str
    saving: Draws

    @property
    def interval(self) -> Interval:
        return interval_of(self.saving, float(self.saving.mean()))


def best(actions: Sequence[Action | None]) -> Action | None:
    """The action that saves most, of those that surely save anything."""
    sure = [one for one in actions if one is not None and float(np.mean(one.saving > 0)) >= SURE]
    return max(sure, key=lambda one: (round(float(one.saving.mean()), 2), one.verb), default=None)


def retire(margin: Margin) -> Action | None:
    """The whole cost of its runs, less the value that they return."""
    return None if margin.net is None else Action("retire", "stop it", margin.net)


def shrink(parts: Sequence[tuple[str, Margin]]) -> Action | None:
    """Stopping the named parts that surely lose; None where all do, or none."""
    losing = [(name, one) for name, one in parts if one.probability is not None and one.probability >= SURE_OF_PART]
    nets = [one.net for _, one in losing if one.net is not None]
    if not nets or len(losing) == len(parts):
        return None
    names = ", ".join(name for name, _ in losing)
    return Action("shrink", f"stop it for {names}", np.sum(np.stack(nets), axis=0))


def move(margin: Margin, share: float, mine: ModelRuns, other: ModelRuns) -> Action | None:
    """The share of its cost that one model makes, at the cost of a run on a model that is surely no worse."""
    if margin.spend is None or not mine.cost or not other.cost:
        return None
    kept = cost_draws(other) / cost_draws(mine)
    return Action("move", f"to {other.model} from {mine.model}", margin.spend * share * (1 - kept))


def reprompt(
    margin: Margin, share: float, tokens: float, peers: Sequence[float], success_of_peers: float | None
) -> Action | None:
    """The share of its cost that follows its tokens, at the tokens that a run of its peers takes; the peers' median is drawn anew
    from them. None where it takes about as many, or is accepted more surely than they are."""
    if margin.spend is None or len(peers) < FEWEST_PEERS:
        return None
    usual = median(peers)
    if tokens < NOTABLE * usual or (success_of_peers is not None and margin.success.low > success_of_peers):
        return None
    generator = np.random.default_rng(seed_of(f"{margin.evidence.group}\0tokens", margin.evidence.agent))
    drawn = np.median(generator.choice(np.sort(np.array(peers, dtype=np.float64)), (DRAWS, len(peers))), axis=1)
    what = f"to about {usual:,.0f} tokens a run from {tokens:,.0f}"
    return Action("re-prompt", what, margin.spend * share * (1 - drawn / tokens))


def together(actions: Sequence[Action]) -> Interval:
    """What all of them save a month."""
    whole = np.sum(np.stack([one.saving for one in actions]), axis=0)
    return interval_of(whole, float(whole.mean()))
