"""Helicone's requests, as its export tool and its API write them (JSON, JSON lines, CSV): each is a call."""

from __future__ import annotations

from typing import Any

from finops.sources.entry_values import Entry, Unreadable, amount, found, hashed, kept, text
from finops.sources.gateway_calls import Names, Row, call_row, operation_of, owners, without_tokens
from finops.sources.gateway_log import GatewayLog

NAMES = Names(
    texts={
        "response": ("response_body.id", "request_id"),
        "name": ("request_path",),
        "provider": ("provider",),
        "model": ("response_model", "model", "model_override", "request_model"),
        "prompt_route": ("prompt_id",),
        "prompt_version": ("prompt_version",),
    },
    times={"start_time": ("request_created_at",), "end_time": ("response_created_at",)},
    usage={
        "input": ("prompt_tokens",),
        "output": ("completion_tokens",),
        "total": ("total_tokens",),
        "cache_read": ("prompt_cache_read_tokens",),
        "cache_write": ("prompt_cache_write_tokens",),
        "audio_input": ("prompt_audio_tokens",),
        "audio_output": ("completion_audio_tokens",),
        "reasoning": ("reasoning_tokens",),
    },
    cost=("costUSD", "cost"),
    lasting=("delay_ms",),
    until_first=("time_to_first_token",),
    dialect="excludes_cache",
)
"""The id of the answer is there where bodies are. The cache stands beside the prompt. Rows whose total says otherwise are
read the other way, and counted."""

_NO_CACHE = "00000000-0000-0000-0000-000000000000"
_MUST = ("request_id", "request_created_at", "response_status")


def _row(entry: Entry) -> Row:
    row = call_row(entry, NAMES)
    if row["start_time"] is None:
        raise Unreadable("request_created_at is missing", "request_created_at")
    properties = _properties(entry)
    status = amount(entry, "response_status")
    failed = status is not None and not 200 <= float(status) < 400
    reference = text(entry, "cache_reference_id")
    row |= owners(properties)
    row["operation"] = operation_of(f"{row['name']} {row['model']}")
    row["status"] = "error" if failed else "ok"
    row["error_class"] = status.split(".")[0] if failed and status is not None else None
    row["cache_hit"] = reference is not None and reference != _NO_CACHE
    user = hashed(text(entry, "request_user_id", "helicone_user"))
    row["attributes"] = kept([*((f"metadata.{name}", value) for name, value in properties.items()), ("user.hash", user)])
    return without_tokens(row) if row["cache_hit"] else row


def _properties(entry: Entry) -> dict[str, Any]:
    """The custom properties, without the name of the person that one of them may be."""
    merged: dict[str, Any] = {}
    for name in ("properties", "request_properties"):
        given = found(entry, name)
        merged |= given if isinstance(given, dict) else {}
    return {name: value for name, value in merged.items() if "user" not in name.lower()}


SOURCE = GatewayLog("helicone", "Helicone requests", _MUST, _row)
