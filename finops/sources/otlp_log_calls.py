"""A request that Claude Code logs, as the span that it stands for: one row builder reads both."""

from __future__ import annotations

from hashlib import sha256

from finops.sources.otlp_metrics_shape import Record
from finops.sources.otlp_shape import Attribute, Span, Status, Unreadable, Value
from finops.sources.otlp_values import count, decimal, microseconds, text

REQUEST, ERROR = "api_request", "api_error"

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


def span_of(record: Record, *, failed: bool) -> Span:
    """The span; its ids are hashes of what names the request, so that a record that is sent twice is one call."""
    given = {a.key: a.value for a in record.attributes or ()}
    end = microseconds(record.timeUnixNano, "timeUnixNano") or microseconds(record.observedTimeUnixNano, "observedTimeUnixNano")
    if end is None:
        raise Unreadable("this request has no time", "timeUnixNano")
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
        traceId=_hash(session or request, 32),
        spanId=_hash(f"{session}/{request}/{failed}", 16),
        name="claude_code.api_request",
        startTimeUnixNano=(end - round(took_ms * 1000)) * 1000,
        endTimeUnixNano=end * 1000,
        attributes=attributes,
        status=Status(2 if failed else 0),
    )


def _named(name: str, value: str) -> Attribute:
    return Attribute(name, Value(stringValue=value))


def _hash(given: str, digits: int) -> str:
    return sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:digits]
