"""Langfuse traces with their observations and scores inside, as the API hands out one: each part as if it came alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from finops.sources.base import Reject
from finops.sources.entries import Numbered
from finops.sources.entry_values import Entry

_OF_ALL = ("sessionId", "userId", "tags", "environment", "release", "projectId")
"""What a trace says of each of its observations."""


def is_trace(entry: Entry) -> bool:
    """Whether the entry is a trace and not a part of one."""
    return isinstance(entry.get("observations"), list) and "traceId" not in entry


def observations(numbered: Iterable[Numbered | Reject]) -> Iterator[Numbered | Reject]:
    """The observations of all traces; what one says goes before what its trace says. What can't be read stays where it was."""
    number = 0
    for item in numbered:
        for part in [item] if isinstance(item, Reject) else item[1].get("observations") or [None]:
            number += 1
            if isinstance(part, Reject):
                yield Reject(number, part.reason, part.column, part.text)
            elif isinstance(part, dict) and not isinstance(item, Reject):
                yield number, _of_trace(part, item[1])
            else:
                yield Reject(
                    number, "the trace is without its observations: export them, or each trace by itself", "observations"
                )


def scores(numbered: Iterable[Numbered | Reject]) -> Iterator[Numbered]:
    """The scores of all traces."""
    number = 0
    for item in numbered:
        if isinstance(item, Reject):
            continue
        for part in item[1].get("scores") or []:
            if isinstance(part, dict):
                number += 1
                yield number, {"traceId": item[1].get("id"), **_known(part)}


def _of_trace(observation: Entry, trace: Entry) -> Entry:
    shared = {name: trace.get(name) for name in _OF_ALL}
    said = _known(observation)
    metadata = [given for given in (trace.get("metadata"), said.get("metadata")) if isinstance(given, dict)]
    together = {name: value for given in metadata for name, value in given.items()}
    return {"traceId": trace.get("id"), "traceName": trace.get("name"), **shared, **said, "metadata": together}


def _known(entry: Entry) -> Entry:
    return {name: value for name, value in entry.items() if value is not None}
