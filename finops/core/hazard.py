"""How often spot capacity is taken back: what is believed of it, on what ground, and how certain that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Literal

Ground = Literal["given", "advisor", "trace", "history"]
PRIOR_SHAPE = 0.5
"""Jeffreys' prior of a Poisson rate: shape 1/2 in no time at all."""
SWEEP = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Interruptions per machine and hour from the advisor's open bucket to the worst that traces of accelerators show."""
PUBLISHED_TRACES = (("p3, 11.4 hours", 167, 273.1), ("g4dn, 10.8 hours", 74, 135.7))
"""Removals and node-hours of the two traces of spot GPUs that came with Bamboo (NSDI 2023, arXiv 2204.12013)."""


@dataclass(frozen=True)
class Hazard:
    """Interruptions per machine and running hour, with what it rests on."""

    per_hour: float
    ground: Ground
    words: str
    shape: float | None = None
    """With `hours`, the Gamma posterior of the rate; None where the rate is taken as it stands."""
    hours: float | None = None

    @property
    def spread(self) -> float | None:
        """The posterior's standard deviation."""
        return None if self.shape is None or not self.hours else sqrt(self.shape) / self.hours


def from_history(interruptions: int, running_h: float, words: str, ground: Ground = "history") -> Hazard:
    """The rate after so many interruptions in so many running hours: Gamma(1/2 + N, H), with mean (1/2 + N) / H."""
    if running_h <= 0 or interruptions < 0:
        raise ValueError("running hours above 0, interruptions 0 or more")
    shape = PRIOR_SHAPE + interruptions
    return Hazard(shape / running_h, ground, words, shape, running_h)


def from_published_traces() -> Hazard:
    """The rate that public traces of spot GPUs show, removals over node-hours."""
    removed, hours = sum(trace[1] for trace in PUBLISHED_TRACES), sum(trace[2] for trace in PUBLISHED_TRACES)
    return from_history(removed, hours, f"{removed} removals in {hours:,.0f} node-hours of public traces of spot GPUs", "trace")


def ended_spells(spells: Iterable[tuple[str, datetime, datetime]], until: datetime) -> tuple[int, float]:
    """Interruptions and running hours of machines, given as (machine, start, end): a spell that ends before `until` and is not
    followed at once by another of the same machine was an interruption. A machine that its owner gave back counts, too, so it
    is an upper bound."""
    by_machine: dict[str, list[tuple[datetime, datetime]]] = {}
    for machine, start, end in spells:
        by_machine.setdefault(machine, []).append((start, end))
    ended, running = 0, timedelta()
    for own in by_machine.values():
        merged: list[tuple[datetime, datetime]] = []
        for start, end in sorted(own):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        running += sum((end - start for start, end in merged), timedelta())
        ended += sum(end < until for _, end in merged)
    return ended, running / timedelta(hours=1)
