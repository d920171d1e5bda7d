"""Portkey's logs export (JSON lines, JSON, CSV): each request is a call. Its costs are in cents."""

from __future__ import annotations

from finops.sources.entry_values import Entry, Unreadable, amount, found, hashed, kept, text, truth
from finops.sources.gateway_calls import Names, Row, call_row, operation_of, owners, without_tokens
from finops.sources.gateway_log import GatewayLog
from finops.sources.report_buckets import cents

NAMES = Names(
    texts={
        "response": ("id",),
        "run": ("trace_id",),
        "name": ("request_url",),
        "provider": ("ai_org",),
        "model": ("ai_model",),
        "credential": ("virtual_key",),
        "prompt_route": ("prompt_slug",),
        "prompt_version": ("prompt_version_id",),
    },
    times={"start_time": ("created_at", "time_of_generation")},
    usage={"input": ("req_units",), "output": ("res_units",), "total": ("total_units",)},
    cost=("cost",),
    lasting=("response_time",),
)
"""The id of the answer is there where bodies are. There are no counts of cached tokens: all of the input counts as uncached."""

_MUST = ("ai_org", "ai_model", "req_units", "res_units")
_HITS = frozenset({"HIT", "SEMANTIC HIT"})


def _row(entry: Entry) -> Row:
    row = call_row(entry, NAMES)
    if row["start_time"] is None:
        raise Unreadable("created_at is missing", "created_at")
    metadata = _metadata(entry)
    answer = found(entry, "response.body")
    row["response"] = (text(answer, "id") if isinstance(answer, dict) else None) or row["response"]
    row |= owners(metadata)
    row["operation"] = operation_of(f"{row['name']} {row['model']}")
    if row["reported_cost"] is not None:
        row["reported_cost"] = cents(row["reported_cost"])
        row["reported_currency"] = (text(entry, "cost_currency") or "USD").upper()
    row["error_class"] = _failure(entry)
    row["status"] = "error" if row["error_class"] is not None or truth(entry, "is_success") is False else "ok"
    row["attempt"] = _attempt(entry)
    row["cache_hit"] = (text(entry, "cache_status") or "").upper() in _HITS
    given = [(f"metadata.{name}", value) for name, value in metadata.items() if not name.startswith("_")]
    row["attributes"] = kept([*given, ("user.hash", hashed(text(metadata, "_user")))])
    return without_tokens(row) if row["cache_hit"] else row


def _metadata(entry: Entry) -> Entry:
    """An object, or two lists side by side: its names and its values."""
    given, names, values = (found(entry, name) for name in ("metadata", "metadata.key", "metadata.value"))
    if isinstance(names, list) and isinstance(values, list):
        return {str(name): value for name, value in zip(names, values, strict=False)}
    return given if isinstance(given, dict) else {}


def _failure(entry: Entry) -> str | None:
    """The HTTP status of a request that failed."""
    status = amount(entry, "response_status_code")
    return status.split(".")[0] if status is not None and float(status) >= 400 else None


def _attempt(entry: Entry) -> int | None:
    """Which attempt was answered: one more than the retries before it. A count below zero says that none was."""
    retries = text(entry, "retry_success_count")
    return int(retries) + 1 if retries is not None and retries.isascii() and retries.isdigit() and len(retries) < 10 else None


SOURCE = GatewayLog("portkey", "Portkey logs", _MUST, _row)
