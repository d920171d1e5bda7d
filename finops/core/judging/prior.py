"""What peers say of an agent before its own runs do: a beta prior by the method of moments, and a pooled spread of costs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

STRONGEST = 60.0
"""The most runs that a prior may weigh as much as."""
ALONE = 1.0
"""The weight of the prior of an agent without peers: half a success and half a failure (Jeffreys)."""
PSEUDO_RUNS = 10
"""How many runs the pooled spread of costs counts for."""
_ROUNDS = 5


@dataclass(frozen=True)
class BetaPrior:
    """A belief about a success rate that weighs as much as `a` successes and `b` failures."""

    a: float
    b: float

    @property
    def strength(self) -> float:
        return self.a + self.b

    def posterior_mean(self, successes: int, trials: int) -> float:
        """The expected success rate after so many trials."""
        return (self.a + successes) / (self.strength + trials)


def prior_of_peers(counts: Sequence[tuple[int, int]]) -> BetaPrior:
    """The prior that fits how far the (accepted, runs) of peers lie apart beyond chance; nobody's prior with fewer than two."""
    seen = [(k, n) for k, n in counts if n > 0]
    if len(seen) < 2:
        return BetaPrior(ALONE / 2, ALONE / 2)
    alike, mean = 0.0, 0.0
    for _ in range(_ROUNDS):
        weights = [n / (1 + alike * (n - 1)) for _, n in seen]
        mean, alike = _moments(seen, weights)
    strength = STRONGEST if alike <= 0 else min(STRONGEST, max(1 / alike - 1, ALONE))
    mean = min(max(mean, 1 / (strength + 2)), 1 - 1 / (strength + 2))  # peers that all failed, or none, prove no certainty
    return BetaPrior(mean * strength, (1 - mean) * strength)


def pooled_cv(spreads: Sequence[tuple[float | None, int]]) -> float | None:
    """The coefficient of variation of peers together, each weighed by its runs; None where nobody's is known."""
    known = [(cv, n) for cv, n in spreads if cv is not None and n > 1]
    weight = sum(n for _, n in known)
    return math.sqrt(sum(cv * cv * n for cv, n in known) / weight) if weight else None


def shrunk_cv(own: float, runs: int, peers: float | None) -> float:
    """The agent's own coefficient of variation, drawn toward its peers' as if they had added ten runs."""
    if peers is None:
        return own
    return math.sqrt((own * own * runs + peers * peers * PSEUDO_RUNS) / (runs + PSEUDO_RUNS))


def _moments(seen: Sequence[tuple[int, int]], weights: Sequence[float]) -> tuple[float, float]:
    """The mean rate, and how alike runs of one agent are beyond chance (intra-class correlation), by weighted moments."""
    total = sum(weights)
    mean = sum(w * k / n for w, (k, n) in zip(weights, seen, strict=True)) / total
    chance = mean * (1 - mean)
    if chance <= 0:
        return mean, 0.0
    apart = sum(w * (k / n - mean) ** 2 for w, (k, n) in zip(weights, seen, strict=True))
    left = [w * (1 - w / total) for w in weights]
    expected = sum(part / n for part, (_, n) in zip(left, seen, strict=True))
    room = chance * (sum(left) - expected)
    return mean, min(max((apart - chance * expected) / room, 0.0), 1.0) if room > 0 else 0.0
