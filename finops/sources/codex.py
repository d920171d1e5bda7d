"""Codex's transcripts (`~/.codex/sessions/**/rollout-*.jsonl`): each step of its running count of tokens is a call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.core.tokens import Usage
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.codex_counts import NOTHING, Counts, call_id, counts_of, growth
from finops.sources.codex_forks import Replay
from finops.sources.entries import Numbered, batches
from finops.sources.entry_values import Entry, Unreadable, found, kept, text, time
from finops.sources.files import file_part
from finops.sources.gateway_calls import Row, tokens
from finops.sources.transcripts import lines, named, project_of

AGENT = "codex"

_INPUTS = ("user_message", "function_call_output", "custom_tool_call_output")
"""After these lines Codex asks the model: the last of them before a count is when the call began."""

_WANTED = tuple(f'"{word}"'.encode() for word in ("token_count", "turn_context", "session_meta", "task_started", *_INPUTS))


class Codex:
    """The count is repeated when nothing was asked, and a session that was forked from another opens with the other's counts:
    only what makes a session's own count grow is a call."""

    name = "codex"
    title = "Codex transcripts (JSON lines)"
    contracts: tuple[str, ...] = ("call",)
    patterns: tuple[Pattern, ...] = (Pattern((".jsonl",), head_all=('"session_meta"', '"payload"', '"timestamp"')),)

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return (file_part(path, root, text=False),)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("call", batches(_calls(part.path, notes), "call", lambda row: row, rejects), rejects, notes=notes)


SOURCE = Codex()


@dataclass
class _Session:
    """What the lines before have said."""

    id: str = ""
    provider: str = "openai"
    model: str | None = None
    begun: datetime | None = None
    counted: Counts | None = None
    about: dict[str, Any] = field(default_factory=dict)
    replay: Replay | None = None
    same: Counter[Counts] = field(default_factory=Counter)
    repeated: int = 0

    def open(self, meta: Entry, at: datetime) -> None:
        """The first line of a session; one that follows belongs to the session that this one was forked from."""
        if self.replay is not None:
            self.replay.other_session()
            return
        self.id = text(meta, "id") or ""
        self.provider = text(meta, "model_provider") or self.provider
        self.model = text(meta, "model")
        self.replay = Replay(time(meta, "timestamp") or at, text(meta, "forked_from_id"))
        self.about = {
            "service.version": text(meta, "cli_version"),
            "git.branch": text(meta, "git.branch"),
            "project.id": project_of(found(meta, "cwd")),
        }


def _calls(path: Path, notes: list[str]) -> Iterator[Numbered | Reject]:
    session = _Session()
    for item in lines(path, _WANTED, notes):
        if isinstance(item, Reject):
            yield item
            continue
        number, entry = item
        try:
            row = _call(session, entry)
        except Unreadable as problem:
            yield Reject(number, problem.reason, problem.column, problem.text)
            continue
        if row is not None:
            yield number, row
    if session.repeated:
        notes.append(f"{session.repeated:,} counts of tokens repeat the one before: no calls")
    if session.replay is not None and session.replay.skipped:
        of = session.replay.forked_from or "another session"
        notes.append(f"{session.replay.skipped:,} calls are copied from {of}, where they were made: left out here")


def _call(session: _Session, entry: Entry) -> Row | None:
    """The call that a line ends, if it ends one."""
    kind, payload = text(entry, "type"), found(entry, "payload")
    if not isinstance(payload, dict):
        return None
    said = text(payload, "type")
    at = time(entry, "timestamp")
    if kind == "session_meta" and at is not None:
        session.open(payload, at)
    elif kind == "turn_context":
        session.model = text(payload, "model") or session.model
        session.begun = at
    elif said == "task_started" and session.replay is not None:
        session.replay.turn(time(payload, "started_at"))
        session.begun = at
    elif said in _INPUTS:
        session.begun = at
    elif said == "token_count":
        if at is None:
            raise Unreadable("timestamp is missing", "timestamp")
        return _counted(session, payload, at)
    return None


def _counted(session: _Session, payload: Entry, at: datetime) -> Row | None:
    total, last = counts_of(payload, "info.total_token_usage"), counts_of(payload, "info.last_token_usage")
    used = growth(session.counted, total, last)
    session.counted = total or session.counted
    if used is None or used == NOTHING:
        session.repeated += used is not None
        return None
    if session.replay is not None and session.replay.holds(at):
        return None
    begun = session.begun if session.begun is not None and session.begun <= at else at
    session.begun = at
    response = call_id(session.id, used, session.same[used])
    session.same[used] += 1
    return {
        "trace": named(32, session.id or response),
        "span": named(16, AGENT, response),
        "response": response,
        "start_time": begun,
        "end_time": at,
        "operation": "inference",
        "name": "codex.transcript",
        "provider": session.provider,
        "model": session.model,
        **tokens(Usage(**used._asdict()), "includes_cache"),
        "status": "ok",
        "agent": AGENT,
        "session": session.id or None,
        "attributes": kept([("service.name", AGENT), *session.about.items()]),
    }
