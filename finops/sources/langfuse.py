"""Langfuse exports as JSON, JSON lines, CSV or Parquet: observations become calls, scores become outcomes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import Numbered, batches, entries
from finops.sources.entry_values import Entry
from finops.sources.files import file_part
from finops.sources.langfuse_rows import observation_row, score_row
from finops.sources.langfuse_traces import is_trace, observations, scores

_JSON, _TABLE = (".json", ".jsonl", ".ndjson"), (".csv",)
_IDS = ('"id"', '"traceId"')
_OF_OBSERVATION = ("parentObservationId", "usageDetails", "completionStartTime", "costDetails")
_OF_SCORE = ("dataType", "traceId", "name", "value")

_STORED = (*_TABLE, ".parquet")
_STORED_CALL = ("id", "trace_id", "start_time", "type", "parent_observation_id")
_STORED_SCORE = ("id", "trace_id", "data_type", "string_value", "name", "value")
"""The names under which Langfuse writes to a blob store."""

_WORD = re.compile("_([a-z])")


class Langfuse:
    """One kind of entry per file, or traces with both inside. A score that says neither yes nor no is a reject: as an outcome it
    would say nothing."""

    name = "langfuse"
    title = "Langfuse observations and scores (CSV, JSON, JSON lines, Parquet)"
    contracts: tuple[str, ...] = ("call", "outcome")
    patterns: tuple[Pattern, ...] = (
        Pattern(_JSON, head_all=(*_IDS, '"startTime"', '"type"'), head_any=tuple(f'"{name}"' for name in _OF_OBSERVATION)),
        Pattern(_JSON, head_all=(*_IDS, '"dataType"', '"value"', '"name"'), head_any=('"timestamp"', '"createdAt"')),
        Pattern(_JSON, head_all=('"id"', '"observations"', '"timestamp"'), head_any=('"htmlPath"', '"traceId"', '"bookmarked"')),
        Pattern(_TABLE, header_all=("id", "traceId", "startTime", "type"), header_any=_OF_OBSERVATION),
        Pattern(_TABLE, header_all=_OF_SCORE, header_any=("timestamp", "createdAt")),
        Pattern(_JSON, head_all=tuple(f'"{name}"' for name in _STORED_CALL)),
        Pattern(_JSON, head_all=tuple(f'"{name}"' for name in _STORED_SCORE)),
        Pattern(_STORED, header_all=_STORED_CALL),
        Pattern(_STORED, header_all=_STORED_SCORE),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root, text=not path.name.endswith(".parquet"))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        numbered = map(_renamed, entries(part.path))
        begun = next(numbered, None)
        if begun is None:
            return
        rejects: list[Reject] = []
        everything: Iterator[Numbered | Reject] = chain((begun,), numbered)
        if not isinstance(begun, Reject) and is_trace(begun[1]):
            yield Load("call", batches(observations(everything), "call", observation_row, rejects), rejects)
            said: list[Reject] = []
            yield Load("outcome", batches(scores(map(_renamed, entries(part.path))), "outcome", score_row, said), said)
        elif not isinstance(begun, Reject) and _is_score(begun[1]):
            yield Load("outcome", batches(everything, "outcome", score_row, rejects), rejects)
        else:
            data = batches(everything, "call", observation_row, rejects)
            yield Load("call", data, rejects)


SOURCE = Langfuse()


def _renamed(item: Numbered | Reject) -> Numbered | Reject:
    """The entry under the names of the API."""
    if isinstance(item, Reject) or "traceId" in item[1]:
        return item
    return item[0], {_WORD.sub(lambda match: match[1].upper(), name): value for name, value in item[1].items()}


def _is_score(entry: Entry) -> bool:
    return "dataType" in entry and "startTime" not in entry
