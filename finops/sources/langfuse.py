"""Langfuse exports as JSON, JSON lines or CSV: observations become calls, scores become outcomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import Numbered, batches, entries
from finops.sources.entry_values import Entry
from finops.sources.files import file_part
from finops.sources.gateway_calls import Dialects
from finops.sources.langfuse_rows import observation_row, score_row

_JSON, _TABLE = (".json", ".jsonl", ".ndjson"), (".csv",)
_IDS = ('"id"', '"traceId"')
_OF_OBSERVATION = ("parentObservationId", "usageDetails", "completionStartTime", "costDetails")
_OF_SCORE = ("dataType", "traceId", "name", "value")


class Langfuse:
    """One kind of entry per file. A score that says neither yes nor no is a reject: as an outcome it would hide one that does."""

    name = "langfuse"
    title = "Langfuse observations and scores (CSV, JSON, JSON lines)"
    contracts: tuple[str, ...] = ("call", "outcome")
    patterns: tuple[Pattern, ...] = (
        Pattern(_JSON, head_all=(*_IDS, '"startTime"', '"type"'), head_any=tuple(f'"{name}"' for name in _OF_OBSERVATION)),
        Pattern(_JSON, head_all=(*_IDS, '"dataType"', '"value"', '"name"'), head_any=('"timestamp"', '"createdAt"')),
        Pattern(_TABLE, header_all=("id", "traceId", "startTime", "type"), header_any=_OF_OBSERVATION),
        Pattern(_TABLE, header_all=_OF_SCORE, header_any=("timestamp", "createdAt")),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        numbered = entries(part.path)
        begun = next(numbered, None)
        if begun is None:
            return
        rejects: list[Reject] = []
        everything: Iterator[Numbered | Reject] = chain((begun,), numbered)
        if not isinstance(begun, Reject) and _is_score(begun[1]):
            yield Load("outcome", batches(everything, "outcome", score_row, rejects), rejects)
        else:
            dialects = Dialects("Langfuse")
            data = batches(everything, "call", lambda entry: dialects.told(observation_row(entry)), rejects)
            yield Load("call", data, rejects, notes=dialects.notes)


SOURCE = Langfuse()


def _is_score(entry: Entry) -> bool:
    return "dataType" in entry and "startTime" not in entry
