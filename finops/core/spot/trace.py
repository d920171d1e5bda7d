"""A trace of spot capacity: how many machines there were over time, and how often one was taken back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from finops.errors import DataError

STEP_H = 1 / 12
_FORMS = "either lines of `milliseconds,add|remove,machine`, or a head `hours,available` and a line for each change"


@dataclass(frozen=True)
class Trace:
    """Machines that were there, in steps of five minutes, with what was counted of them."""

    counts: tuple[int, ...]
    removals: int
    machine_h: float
    hours: float

    def available(self, nodes: int) -> list[bool]:
        """Whether there was room for so many machines in each step."""
        return [count >= nodes for count in self.counts]


def spot_trace(lines: Iterable[str], where: str) -> Trace:
    """The trace that the lines tell: machines added and removed, or how many are available from an hour on (the last line ends
    the trace)."""
    rows = [[cell.strip() for cell in line.split(",")] for line in lines if line.strip()]
    try:
        if rows and [cell.lower() for cell in rows[0]] == ["hours", "available"]:
            changes = [(float(row[0]), _count(row[1])) for row in rows[1:]]
        else:
            changes = _counted(rows)
    except (ValueError, IndexError):
        raise DataError("this is not a trace of spot capacity", where=where, hint=_FORMS) from None
    changes.sort(key=lambda change: change[0])
    if len(changes) < 2 or not changes[-1][0] - changes[0][0] >= STEP_H:
        raise DataError("the trace covers less than five minutes", where=where, hint=_FORMS)
    return _sampled(changes)


def _counted(rows: list[list[str]]) -> list[tuple[float, int]]:
    """How many machines there are after each event."""
    present: set[str] = set()
    changes: list[tuple[float, int]] = []
    for at, event, machine in sorted(((float(at), event, machine) for at, event, machine in rows), key=lambda row: row[0]):
        if event not in ("add", "remove"):
            raise ValueError(event)
        (present.add if event == "add" else present.discard)(machine)
        changes.append((at / 3_600_000, len(present)))
    return changes


def _count(text: str) -> int:
    value = int(text)
    if value < 0:
        raise ValueError(text)
    return value


def _sampled(changes: list[tuple[float, int]]) -> Trace:
    first, last = changes[0][0], changes[-1][0]
    steps = int((last - first) / STEP_H + 1e-9)
    counts, place = [], 0
    for step in range(steps):
        at = first + step * STEP_H
        while place + 1 < len(changes) and changes[place + 1][0] <= at + 1e-9:
            place += 1
        counts.append(changes[place][1])
    pairs = list(pairwise(changes))
    removed = sum(max(0, before[1] - after[1]) for before, after in pairs)
    machine_h = sum(before[1] * (after[0] - before[0]) for before, after in pairs)
    return Trace(tuple(counts), removed, machine_h, last - first)
