"""Seeded chance: every day and every run draws from its own stream, so that one more draw shifts nothing else."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence

from generator.company import CONTEXT_TOKENS, GENERATED_TOKENS, QUANTILES, SEED


def stream(*names: object) -> random.Random:
    """The stream of random numbers that belongs to these names. Only `.random()` is drawn: it is stable between Pythons."""
    return random.Random(":".join((SEED, *map(str, names))))


def context_tokens(chance: random.Random, times: float) -> int:
    """A prompt length in the shape of the real trace, scaled."""
    return _shaped(chance, CONTEXT_TOKENS, times)


def generated_tokens(chance: random.Random, times: float = 1.0) -> int:
    """An answer length in the shape of the real trace, scaled."""
    return _shaped(chance, GENERATED_TOKENS, times)


def pick(chance: random.Random, weights: Mapping[str, int]) -> str:
    """One key, by weight."""
    at = chance.random() * sum(weights.values())
    for key, weight in weights.items():
        at -= weight
        if at < 0:
            return key
    return next(reversed(weights))


def hexadecimal(chance: random.Random, digits: int) -> str:
    """That many random hexadecimal digits."""
    return "".join("0123456789abcdef"[int(chance.random() * 16)] for _ in range(digits))


def _shaped(chance: random.Random, values: Sequence[int], times: float) -> int:
    at = chance.random()
    low_q, low = 0.0, values[0] / 2
    for quantile, value in zip(QUANTILES, values, strict=True):
        if at <= quantile:
            return max(1, round(times * (low + (value - low) * (at - low_q) / (quantile - low_q))))
        low_q, low = quantile, float(value)
    return round(times * values[-1])
