"""Calls of a time on own machines: each takes what a benchmark measured for its tokens, and the busiest hour is served."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, localcontext
from math import ceil

from finops.core.committing.commitments import EXACT
from finops.core.placing.bench_cost import phases
from finops.core.placing.placement import Measurement
from finops.core.placing.replay import Cell

INPUT = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h")
"""Whether own machines would have had a prefix at hand is not known: all input is taken as read anew."""
OUTPUT = ("output",)
HOUR_S = 3600
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Pace:
    """Seconds of one replica for a token of input and for one of output, as many requests in flight as were measured."""

    input_s: Decimal
    output_s: Decimal


@dataclass(frozen=True)
class Hosted:
    """What the calls would have taken of a replica."""

    calls: Decimal
    unmeasured: Decimal
    """Calls with tokens of a class that no benchmark here measures: sound or images."""
    by_hour: dict[datetime, Decimal]
    """Seconds of a replica, by hour with calls."""

    @property
    def seconds(self) -> Decimal:
        return sum(self.by_hour.values(), _ZERO)

    def replicas(self, busy: Decimal) -> int:
        """So many that in the busiest hour each is at work for no more than `busy` of it."""
        peak = max(self.by_hour.values(), default=_ZERO)
        with localcontext(EXACT):
            return max(1, ceil(peak / (HOUR_S * busy)))


def pace(measured: Measurement) -> Pace | None:
    """The measured time by phase over the tokens of each, where the benchmark tells the phases apart; else over all tokens. None
    where it counts no tokens."""
    made, read = measured.output_tokens, measured.input_tokens
    if not made or read is None:
        return None
    with localcontext(EXACT):
        split = phases(measured, measured.duration_s) if read else None
        if split is not None:
            return Pace(split.prefill / read, split.decode / made)
        each = measured.duration_s / (read + made)
        return Pace(each, each)


def hosted(cells: Iterable[Cell], at: Pace) -> Hosted:
    """The calls at this pace: each cell's tokens x its weight, in its hour."""
    by_hour: dict[datetime, Decimal] = defaultdict(Decimal)
    calls = unmeasured = _ZERO
    with localcontext(EXACT):
        for cell in cells:
            stands_for = cell.weight * cell.calls
            calls += stands_for
            if any(count and name not in (*INPUT, *OUTPUT) for name, count in cell.tokens.items()):
                unmeasured += stands_for
                continue
            read = sum(cell.tokens.get(name, 0) for name in INPUT)
            made = sum(cell.tokens.get(name, 0) for name in OUTPUT)
            by_hour[cell.quarter.replace(minute=0)] += cell.weight * (read * at.input_s + made * at.output_s)
    return Hosted(calls, unmeasured, dict(by_hour))
