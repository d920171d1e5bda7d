"""AgentOps sessions, as its API exports them: the end state of a session is the outcome of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import Numbered, batches, entries
from finops.sources.entry_values import Entry, Unreadable, text, time
from finops.sources.files import file_part
from finops.sources.verdicts import verdict

EVALUATOR = "agentops"
_STATE = ("end_state", "endState")
_SESSION = ("session_id", "sessionId", "trace_id", "traceId", "id")
_TIMES = ("end_timestamp", "endTimestamp", "end_time", "ended_at", "init_timestamp", "initTimestamp", "start_time", "created_at")
_STATES = {"ok": True, "statuscode.ok": True, "error": False, "statuscode.error": False}
"""What the newer SDK's states say; the older ones are plain words."""
_JSON = (".json", ".jsonl", ".ndjson")


class AgentOps:
    """One session an entry, by itself, under `session`, or in a list under `sessions`. Its calls come with its spans, which the
    SDK sends as OpenTelemetry; there the same end state is an attribute."""

    name = "agentops"
    title = "AgentOps sessions with their end states (CSV, JSON, JSON lines)"
    contracts: tuple[str, ...] = ("outcome",)
    patterns: tuple[Pattern, ...] = (
        Pattern(_JSON, head_all=('"end_state"',), head_any=('"session_id"', '"init_timestamp"')),
        Pattern((".csv",), header_all=("end_state", "init_timestamp"), header_any=_SESSION),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("outcome", batches(_sessions(part.path, notes), "outcome", _outcome, rejects), rejects, notes=notes)


SOURCE = AgentOps()


def _sessions(path: Path, notes: list[str]) -> Iterator[Numbered | Reject]:
    number = open_ended = 0
    for item in entries(path):
        entry = item if isinstance(item, Reject) else item[1]
        listed = entry.get("sessions") if isinstance(entry, dict) else None
        for one in listed if isinstance(listed, list) else [entry]:
            number += 1
            if isinstance(one, Reject):
                yield Reject(number, one.reason, one.column, one.text)
            elif isinstance(one, dict):
                inner = one.get("session")
                session: Entry = inner if isinstance(inner, dict) else one
                open_ended += _accepted(session) is None
                yield number, session
            else:
                yield Reject(number, "the entry is not a JSON object", text=str(one)[:80])
    if open_ended:
        notes.append(f"{open_ended:,} sessions ended neither in success nor in failure: whether they were accepted is unknown")


def _outcome(entry: Entry) -> dict[str, Any]:
    session = text(entry, *_SESSION)
    if session is None:
        raise Unreadable("this session has no id", _SESSION[0])
    when = time(entry, *_TIMES)
    if when is None:
        raise Unreadable("this session has no time", _TIMES[0])
    return {"run": session, "id": session, "time": when, "accepted": _accepted(entry), "evaluator": EVALUATOR}


def _accepted(entry: Entry) -> bool | None:
    state = text(entry, *_STATE)
    return _STATES.get((state or "").strip().lower(), verdict(state))
