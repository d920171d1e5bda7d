"""Outcomes of runs, as CSV or JSON lines: what a run, or an agent's day, was worth."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import file_part
from finops.sources.records import Shape, Values, batches

_SUFFIXES = (".csv", ".jsonl", ".ndjson")
_SUBJECTS = ("run", "run_id", "trace_id", "agent", "agent_id", "agent_name")
_MINUTES = ("review_minutes", "human_review_minutes")


def _finish(values: Values) -> str | None:
    """An outcome belongs to a run, or to an agent's day; a day alone also is its time."""
    if values["time"] is None:
        values["time"] = values["day"]
    if values["day"] is not None:
        values["day"] = values["day"].replace(hour=0, minute=0, second=0, microsecond=0)
    if values["run"] is None and (values["agent"] is None or values["day"] is None):
        return "it names neither a run nor an agent and its day"
    if values["value"] is not None and values["currency"] is None:
        return "it has a value but no currency"
    minutes = values["human_minutes"]
    if minutes is not None and minutes.strip().startswith("-"):
        return "a review takes no less than no time"
    return None


SHAPE = Shape(
    "outcome",
    synonyms={
        "run": ("run_id", "trace_id"),
        "agent": ("agent_id", "agent_name"),
        "day": ("date",),
        "id": ("outcome_id",),
        "time": ("timestamp", "evaluated_at", "created_at", "reviewed_at"),
        "accepted": ("is_accepted", "success"),
        "value": ("value_amount",),
        "currency": ("value_currency",),
        "evaluator": ("evaluated_by", "reviewed_by", "reviewer", "source"),
        "human_minutes": _MINUTES,
    },
    finish=_finish,
)


class Outcomes:
    """One row per outcome; several outcomes of one run are told apart by evaluator and time."""

    name = "outcomes"
    title = "outcomes of runs, minutes of human review (CSV, JSON lines)"
    contracts: tuple[str, ...] = ("outcome",)
    patterns: tuple[Pattern, ...] = (
        *(Pattern(_SUFFIXES, header_all=(word,), header_any=_SUBJECTS) for word in ("accepted", "is_accepted", "success")),
        *(Pattern(_SUFFIXES, header_all=words, header_any=_SUBJECTS) for words in (("value", "currency"), ("evaluator",))),
        *(Pattern(_SUFFIXES, header_all=(word,), header_any=_SUBJECTS) for word in ("human_minutes", *_MINUTES)),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        yield Load("outcome", batches(part, SHAPE, rejects), rejects)


SOURCE = Outcomes()
