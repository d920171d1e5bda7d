"""One Langfuse observation becomes a call, one score an outcome. Its usage is additive: no key contains another, but `total`."""

from __future__ import annotations

from typing import Any

from finops.core.tokens import Usage
from finops.sources.entry_values import (
    Entry,
    Unreadable,
    amount,
    count,
    found,
    hashed,
    kept,
    listed,
    plain,
    tagged,
    text,
    time,
    truth,
)
from finops.sources.gateway_calls import Row, tokens
from finops.sources.otlp_reading.attributes import AGENT_NAMES, TENANT_NAMES, WORKFLOW_NAMES
from finops.sources.verdicts import verdict

OPERATIONS = {
    **{"generation": "inference", "embedding": "embeddings", "retriever": "retrieval", "tool": "tool", "agent": "agent"},
    **dict.fromkeys(("span", "event", "chain", "guardrail", "evaluator"), "other"),
}

CLASSES: dict[str, tuple[str, ...]] = {
    "cache_read": (
        *("cache_read_input_tokens", "input_cached_tokens", "input_cache_read", "input_cached", "cached_tokens"),
        *("cache_read", "input_cache_read_tokens", "prompt_cached_tokens"),
    ),
    "cache_write": (
        *("cache_creation_input_tokens", "input_cache_creation", "input_cache_write", "cache_write", "cache_creation"),
        *("input_cache_creation_5m", "cache_creation_5m_input_tokens", "ephemeral_5m_input_tokens"),
    ),
    "cache_write_1h": ("input_cache_creation_1h", "cache_creation_1h_input_tokens", "ephemeral_1h_input_tokens"),
    "audio_input": ("input_audio_tokens", "input_audio", "prompt_audio_tokens"),
    "image_input": ("input_image_tokens", "input_image"),
    "audio_output": ("output_audio_tokens", "output_audio", "completion_audio_tokens"),
    "image_output": ("output_image_tokens", "output_image"),
    "reasoning": ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens", "completion_reasoning_tokens"),
}
"""Keys of `usageDetails` that have a class of their own. Any other that begins with input or prompt is plain input, with output
or completion plain output."""

_CLASS_OF = {key: name for name, keys in CLASSES.items() for key in keys}
_INPUT, _OUTPUT = ("input", "prompt"), ("output", "completion")
_OLD_USAGE = (
    ("input", ("usage.input", "promptTokens", "inputTokens", "inputUsage")),
    ("output", ("usage.output", "completionTokens", "outputTokens", "outputUsage")),
    ("total", ("usage.total", "totalTokens", "totalUsage")),
)
_COST = ("totalCost", "costDetails.total", "calculatedTotalCost", "usage.totalCost")
_MINUTES = frozenset({"human_minutes", "review_minutes"})


def observation_row(entry: Entry) -> Row:
    """The call of an observation."""
    start = time(entry, "startTime")
    if start is None:
        raise Unreadable("startTime is missing", "startTime")
    kind = (text(entry, "type") or "").lower()
    metadata = _metadata(entry)
    tags = tagged(listed(entry, "tags"))
    name = text(entry, "name")
    usage = usage_of(entry)
    known = OPERATIONS.get(kind) or ("inference" if usage != Usage() else "other")
    cost = _cost(entry)
    return {
        "trace": text(entry, "traceId"),
        "span": text(entry, "id"),
        "parent": text(entry, "parentObservationId"),
        "response": text(metadata, "gen_ai.response.id", "llm.response.id", "response_id"),
        "start_time": start,
        "end_time": time(entry, "endTime"),
        "first_token_time": time(entry, "completionStartTime"),
        "operation": known,
        "name": name,
        "provider": text(metadata, "provider", "ls_provider", "gen_ai.provider.name", "gen_ai.system"),
        "model": text(entry, "model", "providedModelName", "internalModelId"),
        "service_tier": text(metadata, "service_tier"),
        **tokens(usage, "excludes_cache"),
        "status": "error" if (text(entry, "level") or "").upper() == "ERROR" else "ok",
        "tool": name if known == "tool" else None,
        "prompt_route": text(entry, "promptName"),
        "prompt_version": text(entry, "promptVersion"),
        "tenant": text(metadata, *TENANT_NAMES, "tenant_id") or tags.get("tenant"),
        "agent": text(metadata, *AGENT_NAMES) or tags.get("agent") or (name if known == "agent" else None),
        "workflow": text(metadata, *WORKFLOW_NAMES, "workflow") or tags.get("workflow") or text(entry, "traceName"),
        "session": text(entry, "sessionId"),
        "reported_cost": cost,
        "reported_currency": "USD" if cost is not None else None,
        "attributes": _attributes(entry, metadata, tags),
    }


def usage_of(entry: Entry) -> Usage:
    """The usage with every token in one class, as the contract wants input and output: with their audio, images and reasoning."""
    details = found(entry, "usageDetails")
    if not isinstance(details, dict) or not details:
        if (text(entry, "usage.unit") or "TOKENS").upper() != "TOKENS":
            return Usage()
        return Usage(**{part: count(entry, *names) for part, names in _OLD_USAGE})
    sums: dict[str, int] = {}
    for key in details:
        value = count(details, key)
        part = _part(key)
        if value is not None and part is not None:
            sums[part] = sums.get(part, 0) + value
    if "cache_write_1h" in sums:
        sums["cache_write"] = sums.get("cache_write", 0) + sums["cache_write_1h"]
    for whole, parts in (("input", ("audio_input", "image_input")), ("output", ("reasoning", "audio_output", "image_output"))):
        if any(part in sums for part in (whole, *parts)):
            sums[whole] = sum(sums.get(part, 0) for part in (whole, *parts))
    return Usage(**sums)


def score_row(entry: Entry) -> Row:
    """The outcome of a score: of its trace, else of its session."""
    run = text(entry, "traceId", "trace.id", "sessionId")
    if run is None:
        raise Unreadable("the score belongs to no trace and no session", "traceId")
    when = time(entry, "timestamp", "createdAt")
    if when is None:
        raise Unreadable("timestamp is missing", "timestamp")
    name = text(entry, "name")
    minutes = amount(entry, "value") if name is not None and name.lower() in _MINUTES else None
    accepted = None if minutes is not None else _accepted(entry)
    if accepted is None and minutes is None:
        raise Unreadable("this score says neither yes nor no: make it BOOLEAN, or a category such as accepted", "value")
    return {
        "run": run,
        "id": text(entry, "id"),
        "time": when,
        "accepted": accepted,
        "evaluator": name,
        "human_minutes": minutes,
    }


def _accepted(entry: Entry) -> bool | None:
    """What a yes-or-no score says, or a category that means one of the two. A number means neither."""
    kind = (text(entry, "dataType") or "").upper()
    if kind == "BOOLEAN":
        value = text(entry, "value")
        number = value.split(".")[0] if value is not None else None
        return truth({"v": number}, "v") if number is not None else truth(entry, "stringValue")
    if kind == "CATEGORICAL":
        return verdict(text(entry, "stringValue", "value"))
    return None


def _part(key: str) -> str | None:
    low = key.lower()
    if low == "total" or low == "total_tokens":
        return "total"
    if low in _CLASS_OF:
        return _CLASS_OF[low]
    return "input" if low.startswith(_INPUT) else "output" if low.startswith(_OUTPUT) else None


def _cost(entry: Entry) -> str | None:
    """The cost that Langfuse reports; nothing where it has none, for its 0 of an unknown model is no price."""
    cost = amount(entry, *_COST)
    unpriced = cost is not None and float(cost) == 0 and not found(entry, "costDetails")
    return None if unpriced else cost


def _metadata(entry: Entry) -> Entry:
    """Metadata with the span attributes that OpenTelemetry senders leave in it, flat."""
    given = found(entry, "metadata")
    if not isinstance(given, dict):
        return {}
    flat = dict(given)
    for below in ("resourceAttributes", "attributes"):
        inner = found(flat, below)
        flat |= inner if isinstance(inner, dict) else {}
    return flat


def _attributes(entry: Entry, metadata: Entry, tags: dict[str, str]) -> dict[str, str] | None:
    given: list[tuple[str, Any]] = [("environment", text(entry, "environment")), ("release", text(entry, "release"))]
    given += [("project.id", text(entry, "projectId")), ("user.hash", hashed(text(entry, "userId")))]
    given += [(f"tag.{name}", value) for name, value in tags.items()]
    names = (*TENANT_NAMES, *AGENT_NAMES, *WORKFLOW_NAMES, "tenant_id", "workflow", "cost_center", "service.name")
    given += [(name, plain(metadata[name])) for name in names if metadata.get(name) not in (None, "")]
    return kept(given)
