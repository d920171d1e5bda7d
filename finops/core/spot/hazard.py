"""How often spot capacity is taken back: what is believed of it, on what ground, and how certain that is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt
from typing import Literal, NamedTuple

Ground = Literal["given", "advisor", "trace", "history"]
PRIOR_SHAPE = 0.5
"""Jeffreys' prior of a Poisson rate: shape 1/2 in no time at all."""
SWEEP = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
"""Interruptions per machine and hour from the advisor's open bucket to the worst that traces of accelerators show."""
PUBLISHED_TRACES = (("p3", 167, 273.1), ("g4dn", 74, 135.7))
"""Removals and node-hours of the two traces of spot GPUs that came with Bamboo (NSDI 2023, arXiv 2204.12013)."""


_HOUR = timedelta(hours=1)
_WHOLE = 0.99


class Spell(NamedTuple):
    """A line of a bill: one machine on spot from `start` to `end`, billed for so many hours of it."""

    machine: str
    start: datetime
    end: datetime
    hours: float


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


def ended_spells(spells: Iterable[Spell], until: datetime) -> tuple[int, float]:
    """Interruptions and running hours of machines by their bills: one that is not billed on, before `until`, was taken back. So
    was one that was billed for less than the whole of a line longer than an hour, unless the line was its first. A machine that
    its owner gave back counts, too: it is an upper bound."""
    by_machine: dict[str, list[Spell]] = {}
    for spell in spells:
        by_machine.setdefault(spell.machine, []).append(spell)
    ended, running = 0, 0.0
    for own in by_machine.values():
        reached: datetime | None = None
        for spell in sorted(own, key=lambda spell: (spell.start, spell.end)):
            running += spell.hours
            end = spell.end
            if reached is not None and spell.start > reached:
                ended, reached = ended + 1, None
            billed = timedelta(hours=spell.hours)
            if reached is not None and end - spell.start > _HOUR and billed < (end - spell.start) * _WHOLE:
                end = spell.start + billed
            reached = end if reached is None else max(reached, end)
        ended += reached is not None and reached < until
    return ended, running
