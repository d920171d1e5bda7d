"""Codex's counts of tokens: how much a running count has grown, and the identity of the call that made it grow."""

from __future__ import annotations

from typing import NamedTuple

from finops.sources.entry_values import Entry, count, found
from finops.sources.transcripts import named


class Counts(NamedTuple):
    """What one call used, or all calls so far. What was cached is part of the input, reasoning part of the output."""

    input: int = 0
    cache_read: int = 0
    cache_write: int = 0
    output: int = 0
    reasoning: int = 0


NOTHING = Counts()

_NAMES = ("input_tokens", "cached_input_tokens", "cache_write_input_tokens", "output_tokens", "reasoning_output_tokens")


def counts_of(payload: Entry, name: str) -> Counts | None:
    """The counts of that name; None where there are none."""
    given = found(payload, name)
    if not isinstance(given, dict):
        return None
    read = [count(given, one) for one in _NAMES]
    return None if read[0] is None and read[3] is None else Counts(*(value or 0 for value in read))


def growth(before: Counts | None, total: Counts | None, last: Counts | None) -> Counts | None:
    """What the call used: the growth of the running count, else what it says of the last call. NOTHING where the count only
    repeats, None where it says nothing."""
    if total is None:
        return last
    if before is None:
        return last or total
    grown = Counts(*(now - then for now, then in zip(total, before, strict=True)))
    if min(grown) >= 0:
        return grown
    return last or total


def call_id(session: str, used: Counts, before: int) -> str:
    """The identity of a call, which Codex's transcripts and its events give alike; `before` counts calls of the same session
    that used exactly as much."""
    return "codex-" + named(24, session, used.input, used.cache_read, used.output, used.reasoning, before)
