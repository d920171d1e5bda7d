"""LiteLLM's spend logs (the table LiteLLM_SpendLogs) as CSV, JSON lines or a JSON array: each request is a call."""

from __future__ import annotations

from typing import Any

from finops.sources.entry_values import Entry, Unreadable, found, hashed, kept, listed, tagged, text, truth
from finops.sources.gateway_calls import Names, Row, call_row, operation_of, without_tokens
from finops.sources.gateway_log import GatewayLog

_USAGE, _MORE = "metadata.usage_object", "metadata.additional_usage_values"
_DETAILS = f"{_USAGE}.prompt_tokens_details"

NAMES = Names(
    texts={
        "response": ("request_id",),
        "name": ("call_type",),
        "provider": ("custom_llm_provider",),
        "model": ("model",),
        "credential": ("api_key",),
        "service_tier": ("metadata.cost_breakdown.service_tier", f"{_USAGE}.service_tier"),
        "error_class": ("metadata.error_information.error_class", "metadata.error_information.error_code"),
        "tool": ("mcp_namespaced_tool_name",),
        "tenant": ("team_id", "organization_id", "metadata.user_api_key_team_id", "metadata.user_api_key_org_id"),
        "agent": ("agent_id", "billing_agent_id"),
        "session": ("session_id",),
    },
    times={"start_time": ("startTime",), "end_time": ("endTime",), "first_token_time": ("completionStartTime",)},
    usage={
        "input": ("prompt_tokens", f"{_USAGE}.prompt_tokens"),
        "output": ("completion_tokens", f"{_USAGE}.completion_tokens"),
        "total": ("total_tokens",),
        "cache_read": (
            *(f"{_USAGE}.cache_read_input_tokens", f"{_DETAILS}.cached_tokens"),
            f"{_MORE}.cache_read_input_tokens",
        ),
        "cache_write": (
            *(f"{_USAGE}.cache_creation_input_tokens", f"{_DETAILS}.cache_creation_tokens"),
            f"{_MORE}.cache_creation_input_tokens",
        ),
        "cache_write_1h": (f"{_DETAILS}.cache_creation_token_details.ephemeral_1h_input_tokens",),
        "audio_input": (f"{_DETAILS}.audio_tokens",),
        "image_input": (f"{_DETAILS}.image_tokens",),
        "audio_output": (f"{_USAGE}.completion_tokens_details.audio_tokens",),
        "image_output": (f"{_USAGE}.completion_tokens_details.image_tokens",),
        "reasoning": (f"{_USAGE}.completion_tokens_details.reasoning_tokens",),
    },
    cost=("spend",),
)
"""`prompt_tokens` contains what was read from and written to the cache; the parts are in `usage_object`."""

_KEPT = (
    *("team_id", "organization_id", "agent_id", "billing_agent_id", "model_group", "model_id", "metadata.user_api_key_alias"),
    *("metadata.user_api_key_team_alias", "metadata.user_api_key_team_id", "metadata.user_api_key_org_id"),
    *("metadata.user_api_key_project_id",),
)
_NO_CALL = ("list", "file", "batch_retrieve", "retrieve_batch", "health", "cancel", "delete")
_HEADER = ("request_id", "call_type", "spend", "startTime")


def _row(entry: Entry) -> Row:
    row = call_row(entry, NAMES)
    if row["start_time"] is None:
        raise Unreadable("startTime is missing", "startTime")
    if row["first_token_time"] is not None and row["first_token_time"] == row["end_time"]:
        row["first_token_time"] = None  # LiteLLM repeats the end where nothing was streamed
    tags = listed(entry, "request_tags")
    by_name = tagged(tags)
    row["agent"] = row["agent"] or by_name.get("agent")
    row["workflow"] = by_name.get("workflow")
    row["operation"] = _operation(row)
    row["status"] = _status(entry, row)
    row["cache_hit"] = truth(entry, "cache_hit")
    row["attributes"] = _attributes(entry, tags, by_name)
    return without_tokens(row) if row["cache_hit"] else row


def _operation(row: Row) -> str:
    kind = (row["name"] or "").lower()
    if row["tool"] is not None or "mcp" in kind:
        return "tool"
    has_tokens = bool(row["input_uncached"] or row["output"])
    return operation_of(kind, has_tokens=has_tokens or not any(word in kind for word in _NO_CALL))


def _status(entry: Entry, row: Row) -> str:
    said = (text(entry, "status", "metadata.status") or "").lower()
    return "error" if said in ("failure", "error") or (not said and row["error_class"] is not None) else "ok"


def _attributes(entry: Entry, tags: list[str], by_name: dict[str, str]) -> dict[str, str] | None:
    """What configuration may name as an owner; of persons a hash, of messages nothing."""
    given: list[tuple[str, Any]] = [(name, found(entry, name)) for name in _KEPT]
    given += [("user.hash", hashed(text(entry, "end_user", "user")))]
    given += [("request_tags", ",".join(tags) or None)]
    given += [(f"tag.{name}", value) for name, value in by_name.items()]
    noted = found(entry, "metadata.spend_logs_metadata")
    given += [(f"metadata.{name}", value) for name, value in noted.items()] if isinstance(noted, dict) else []
    return kept(given)


SOURCE = GatewayLog("litellm_logs", "LiteLLM spend logs", _HEADER, _row)
