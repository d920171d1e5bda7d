"""A request that Claude Code or Codex logs, as the span that it stands for: one row builder reads both."""

from __future__ import annotations

from finops.sources.codex_counts import Counts, call_id
from finops.sources.otlp_reading.metrics_shape import Record
from finops.sources.otlp_reading.shape import Attribute, Span, Status, Unreadable, Value
from finops.sources.otlp_reading.values import count, decimal, microseconds, text
from finops.sources.transcripts import named

CLAUDE, CODEX = "Claude Code", "Codex"

_CLAUDES = {"api_request": False, "api_error": True}
"""Claude Code's events that are requests, and whether they failed."""
_CODEX_ANSWERS = ("codex.sse_event", "codex.websocket_event")
_CODEX_TOKENS = {
    "input_token_count": "gen_ai.usage.input_tokens",
    "cached_token_count": "gen_ai.usage.cache_read.input_tokens",
    "cache_write_token_count": "gen_ai.usage.cache_write.input_tokens",
    "output_token_count": "gen_ai.usage.output_tokens",
    "reasoning_token_count": "gen_ai.usage.reasoning.output_tokens",
}
"""Its input contains what was cached, its output the reasoning. `tool_token_count` is the sum of all."""

_TOKENS = {
    "output_tokens": "gen_ai.usage.output_tokens",
    "cache_read_tokens": "gen_ai.usage.cache_read.input_tokens",
    "cache_creation_tokens": "gen_ai.usage.cache_creation.input_tokens",
}
_PARTS_OF_INPUT = ("input_tokens", "cache_read_tokens", "cache_creation_tokens")
"""Its `input_tokens` are those in no cache; the conventions count all input together."""
_TEXTS = {
    "model": "gen_ai.request.model",
    "session.id": "session.id",
    "user.id": "user.id",
    "organization.id": "organization.id",
    "request_id": "gen_ai.response.id",
    "agent.name": "gen_ai.agent.name",
}

Given = dict[str, Value | None]


def sender_of(event: str, record: Record) -> str | None:
    """Whose request the record is; None where it is no request, or one that another record counts."""
    if event in _CODEX_ANSWERS:
        given = {a.key: a.value for a in record.attributes or ()}
        is_counted = given.get("output_token_count") is not None and text(given.get("event.kind")) == "response.completed"
        return CODEX if is_counted else None
    before, _, last = event.rpartition(".")
    return CLAUDE if last in _CLAUDES and before in ("", "claude_code") else None


def span_of(event: str, record: Record) -> Span:
    """The span; its ids are hashes of what names the request, so that a record that is sent twice is one call."""
    given = {a.key: a.value for a in record.attributes or ()}
    end = microseconds(record.timeUnixNano, "timeUnixNano") or microseconds(record.observedTimeUnixNano, "observedTimeUnixNano")
    if end is None:
        raise Unreadable("this request has no time", "timeUnixNano")
    if event in _CODEX_ANSWERS:
        return _of_codex(given, end)
    return _of_claude(given, end, failed=_CLAUDES[event.rpartition(".")[2]])


def _of_codex(given: Given, end: int) -> Span:
    session = text(given.get("conversation.id")) or ""
    within = session or f"at {end}"  # equal counts of two moments are two calls; a record that is sent twice keeps its time
    counts = {key: count(given.get(key), key) or 0 for key in _CODEX_TOKENS}
    response = call_id(within, Counts(*counts.values()), 0)
    attributes = [_named("gen_ai.operation.name", "chat"), _named("gen_ai.provider.name", "openai")]
    attributes += [Attribute("gen_ai.request.model", given["model"])] if given.get("model") is not None else []
    attributes += [_named("gen_ai.response.id", response)]
    attributes += [_named("gen_ai.conversation.id", session)] if session else []
    attributes += [Attribute(name, Value(intValue=counts[key])) for key, name in _CODEX_TOKENS.items()]
    return Span(
        traceId=named(32, session or response),
        spanId=named(16, "codex event", response),
        name="codex.response",
        startTimeUnixNano=end * 1000,
        endTimeUnixNano=end * 1000,
        attributes=attributes,
    )


def _of_claude(given: Given, end: int, *, failed: bool) -> Span:
    took_ms = float(decimal(given.get("duration_ms"), "duration_ms") or 0)
    if not 0 <= took_ms < 86_400_000:
        raise Unreadable("this duration is negative or longer than a day", "duration_ms", str(took_ms))
    attributes = [Attribute(name, given[key]) for key, name in _TEXTS.items() if given.get(key) is not None]
    attributes += [_named("gen_ai.operation.name", "chat"), _named("gen_ai.provider.name", "anthropic")]
    counts = {key: count(given.get(key), key) for key in (*_PARTS_OF_INPUT, "output_tokens")}
    if counts["input_tokens"] is not None:
        total = sum(counts[key] or 0 for key in _PARTS_OF_INPUT)
        attributes.append(Attribute("gen_ai.usage.input_tokens", Value(intValue=total)))
    attributes += [Attribute(name, Value(intValue=found)) for key, name in _TOKENS.items() if (found := counts[key]) is not None]
    cost = decimal(given.get("cost_usd"), "cost_usd")
    if cost is not None:
        attributes.append(_named("gen_ai.usage.cost", cost))
    if failed:
        attributes.append(_named("error.type", text(given.get("status_code")) or "api_error"))
    session = text(given.get("session.id")) or ""
    request = text(given.get("request_id")) or f"{end}/{text(given.get('event.sequence')) or ''}/{text(given.get('model')) or ''}"
    return Span(
        traceId=named(32, session or request),
        spanId=named(16, session, request, failed),
        name="claude_code.api_request",
        startTimeUnixNano=(end - round(took_ms * 1000)) * 1000,
        endTimeUnixNano=end * 1000,
        attributes=attributes,
        status=Status(2 if failed else 0),
    )


def _named(name: str, value: str) -> Attribute:
    return Attribute(name, Value(stringValue=value))
