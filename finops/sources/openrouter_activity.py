"""OpenRouter's activity as CSV or JSON: each generation is a call; where it is summed by day, a day's sum is a charge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import batches, entries
from finops.sources.entry_values import Entry, Unreadable, found, hashed, kept, text, truth
from finops.sources.files import file_part
from finops.sources.gateway_calls import Names, Row, call_row, operation_of
from finops.sources.openrouter_days import day_charge, day_samples, is_day
from finops.sources.otlp_reading.attributes import REQUEST_ID
from finops.sources.report_buckets import each, same

NAMES = Names(
    texts={
        "response": ("generation_id", "id"),
        "model": ("model_permaslug", "model"),
        "credential": ("api_key_name",),
        "finish_reason": ("finish_reason_normalized", "finish_reason", "finish_reason_raw"),
    },
    times={"start_time": ("created_at",)},
    usage={
        "input": ("native_tokens_prompt", "tokens_prompt"),
        "output": ("native_tokens_completion", "tokens_completion"),
        "cache_read": ("native_tokens_cached", "tokens_cached"),
        "reasoning": ("native_tokens_reasoning", "tokens_reasoning"),
    },
    cost=("cost_total", "total_cost"),
    lasting=("generation_time_ms", "generation_time"),
    until_first=("time_to_first_token_ms",),
)
"""The prompt contains what was cached, the completion the reasoning. The native counts are the ones that are billed."""

_KEPT = ("app_name", "api_key_name", "provider_name", "variant", "byok_usage_inference")


class OpenrouterActivity:
    """OpenRouter bills these calls itself, in credits of one dollar; which provider answered is kept as `provider_name`."""

    name = "openrouter_activity"
    title = "OpenRouter activity, by generation or by day (CSV, JSON, JSON lines)"
    contracts: tuple[str, ...] = ("call", "charge", "sample")
    patterns: tuple[Pattern, ...] = (
        Pattern((".csv",), header_all=("generation_id", "created_at", "tokens_prompt", "tokens_completion")),
        Pattern((".json", ".jsonl", ".ndjson"), head_all=('"tokens_prompt"', '"tokens_completion"', '"created_at"')),
        Pattern((".csv",), header_all=("date", "usage", "model_permaslug", "prompt_tokens", "requests")),
        Pattern((".json", ".jsonl", ".ndjson"), head_all=('"date"', '"usage"', '"model_permaslug"', '"prompt_tokens"')),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        begun = next((item for item in entries(part.path) if not isinstance(item, Reject)), None)
        if begun is not None and is_day(begun[1]):
            yield from _days(part.path)
            return
        rejects: list[Reject] = []
        data = batches(entries(part.path), "call", _row, rejects)
        yield Load("call", data, rejects)


SOURCE = OpenrouterActivity()


def _days(path: Path) -> Iterator[Load]:
    """The charges, then the counts; a row that can't be read is a reject of each that it would have given."""
    unpaid, uncounted = list[Reject](), list[Reject]()
    yield Load("charge", batches(entries(path), "charge", day_charge, unpaid), unpaid)
    yield Load("sample", batches(each(entries(path), day_samples), "sample", same, uncounted), uncounted)


def _row(entry: Entry) -> Row:
    row = call_row(entry, NAMES)
    if row["start_time"] is None:
        raise Unreadable("created_at is missing", "created_at")
    if truth(entry, "cancelled"):
        row["finish_reason"] = "cancelled"
    failed = (row["finish_reason"] or "").lower() == "error"
    given = [(name, found(entry, name)) for name in _KEPT]
    given += [(REQUEST_ID, text(entry, "upstream_id")), ("user.hash", hashed(text(entry, "user", "external_user")))]
    return {
        **row,
        "provider": "openrouter",
        "operation": operation_of(row["model"]),
        "status": "error" if failed else "ok",
        "attributes": kept(given),
    }
