"""Claude Code's transcripts (`~/.claude/projects/**/*.jsonl`): each answer of the model is a call, on however many lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.core.tokens import Usage
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import Numbered, batches
from finops.sources.entry_values import Entry, Unreadable, amount, count, found, kept, text, time, truth
from finops.sources.files import file_part
from finops.sources.gateway_calls import Row, tokens
from finops.sources.otlp_reading.attributes import REQUEST_ID
from finops.sources.transcripts import lines, named, project_of

AGENT = "claude-code"

HELD = 20_000
"""So many answers are held open. A line that repeats one after that is a row of its own, which the ledger counts as a copy."""

_WANTED = (b'"usage"', b'"isApiErrorMessage"')
_SYNTHETIC = "<synthetic>"
_PROVIDERS = (("msg_bdrk_", "aws.bedrock"), ("msg_vrtx_", "gcp.vertex_ai"))
_ABOUT = (("service.version", "version"), ("git.branch", "gitBranch"), ("claude_code.agent_id", "agentId"))


class ClaudeCode:
    """An answer is written once per block of its content and while it grows, and again into files of sub-agents and of sessions
    that were resumed. Its message id is its identity; of its counts the largest stand."""

    name = "claude_code"
    title = "Claude Code transcripts (JSON lines)"
    contracts: tuple[str, ...] = ("call",)
    patterns: tuple[Pattern, ...] = (Pattern((".jsonl",), head_all=('"parentUuid"', '"sessionId"', '"isSidechain"')),)
    append_only = True

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return (file_part(path, root, text=False),)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        rejects: list[Reject] = []
        notes: list[str] = []
        answers = _answers(part.path, int(options.get("offset") or 0), notes)
        yield Load("call", batches(answers, "call", lambda row: row, rejects), rejects, notes=notes)


SOURCE = ClaudeCode()


@dataclass
class _Answer:
    """What the lines of one answer have said so far."""

    number: int
    entry: Entry
    first: datetime
    last: datetime
    output: int

    def add(self, entry: Entry, at: datetime) -> None:
        output = _output(entry)
        if output >= self.output:
            self.entry, self.output = entry, output
        self.first, self.last = min(self.first, at), max(self.last, at)


def _answers(path: Path, offset: int, notes: list[str]) -> Iterator[Numbered | Reject]:
    """The rows of a file, in the order in which answers begin. Messages that Claude Code itself wrote in the model's place are no
    calls."""
    held: dict[str, _Answer] = {}
    own = repeated = 0
    for item in lines(path, _WANTED, notes, offset):
        if isinstance(item, Reject):
            yield item
            continue
        number, entry = item
        if text(entry, "type") != "assistant":
            continue
        if text(entry, "message.model") == _SYNTHETIC or truth(entry, "isApiErrorMessage"):
            own += 1
            continue
        try:
            key, at = _identity(entry), time(entry, "timestamp")
            if at is None:
                raise Unreadable("timestamp is missing", "timestamp")
            if key in held:
                held[key].add(entry, at)
                repeated += 1
                continue
            held[key] = _Answer(number, entry, at, at, _output(entry))
        except Unreadable as problem:
            yield Reject(number, problem.reason, problem.column, problem.text)
            continue
        if len(held) > HELD:
            yield _row(held.pop(next(iter(held))))
    yield from map(_row, held.values())
    if repeated:
        notes.append(f"{repeated:,} lines repeat an answer that is counted once")
    if own:
        notes.append(f"{own:,} messages are Claude Code's own, not a model's: left out")


def _identity(entry: Entry) -> str:
    key = text(entry, "message.id", "requestId", "uuid")
    if key is None:
        raise Unreadable("the answer has no id", "message.id")
    return key


def _output(entry: Entry) -> int:
    return count(entry, "message.usage.output_tokens") or 0


def _row(answer: _Answer) -> Numbered | Reject:
    try:
        return answer.number, _call(answer)
    except Unreadable as problem:
        return Reject(answer.number, problem.reason, problem.column, problem.text)


def _call(answer: _Answer) -> Row:
    entry, response = answer.entry, _identity(answer.entry)
    session = text(entry, "sessionId")
    usage = found(entry, "message.usage")
    cost = amount(entry, "costUSD")
    attributes = [(name, text(entry, key)) for name, key in _ABOUT]
    attributes += [("service.name", AGENT), ("project.id", project_of(found(entry, "cwd")))]
    attributes += [(REQUEST_ID, text(entry, "requestId")), ("sidechain", "true" if truth(entry, "isSidechain") else None)]
    return {
        "trace": named(32, session or response),
        "span": named(16, AGENT, session, response),
        "response": response,
        "start_time": answer.first,
        "end_time": answer.last,
        "operation": "inference",
        "name": "claude_code.transcript",
        "provider": next((provider for begin, provider in _PROVIDERS if response.startswith(begin)), "anthropic"),
        "model": text(entry, "message.model"),
        "service_tier": text(entry, "message.usage.service_tier"),
        **tokens(_usage(usage if isinstance(usage, dict) else {}), "excludes_cache"),
        "status": "ok",
        "finish_reason": text(entry, "message.stop_reason"),
        "agent": AGENT,
        "session": session,
        "reported_cost": cost,
        "reported_currency": "USD" if cost is not None else None,
        "attributes": kept(attributes),
    }


def _usage(usage: Entry) -> Usage:
    """Its input stands beside what was read from and written to the cache."""
    return Usage(
        input=count(usage, "input_tokens"),
        output=count(usage, "output_tokens"),
        cache_read=count(usage, "cache_read_input_tokens"),
        cache_write=count(usage, "cache_creation_input_tokens"),
        cache_write_1h=count(usage, "cache_creation.ephemeral_1h_input_tokens"),
    )
