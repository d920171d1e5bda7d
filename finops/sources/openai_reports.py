"""OpenAI's own reports, from its API or its dashboard: costs become charges, usage becomes samples of what OpenAI counted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.core.tokens import Tokens, Usage, disjoint
from finops.sources.base import Load, Part, Pattern
from finops.sources.entry_values import Entry, Unreadable, amount, count, found, text
from finops.sources.files import file_part
from finops.sources.report_buckets import Result, daily_charge, labels_of, loads, period, token_samples

PROVIDER = "OpenAI"

_USAGE: Mapping[str, tuple[str, ...]] = {
    "input": ("input_tokens",),
    "output": ("output_tokens",),
    "cache_read": ("input_cached_tokens",),
    "cache_write": ("input_cache_write_tokens", "input_cache_creation_tokens"),
    "audio_input": ("input_audio_tokens",),
    "audio_output": ("output_audio_tokens",),
    "image_input": ("input_image_tokens",),
    "image_output": ("output_image_tokens",),
}
"""`input_tokens` contains the cached ones, the audio and the images."""

_LABELS: Mapping[str, tuple[str, ...]] = {
    **{"model": ("model",), "project": ("project_id",), "api_key_id": ("api_key_id",), "user_id": ("user_id",)},
    **{"batch": ("batch",), "service_tier": ("service_tier",)},
}
_LINE_ITEM = re.compile(r"(?P<model>[^,\s][^,]*), (?P<what>cached input|input|output)", re.IGNORECASE)
_CLASSES = {"input": "input_uncached", "cached input": "cache_read", "output": "output"}
_COSTS, _COUNTS = "organization.costs.result", "organization.usage.completions.result"


class OpenaiReports:
    """Amounts are dollars, days are UTC. The report has no invoice number and no account but the organisation's id."""

    name = "openai_reports"
    title = "OpenAI costs and completions usage (API pages as JSON, dashboard CSV)"
    contracts: tuple[str, ...] = ("charge", "sample")
    patterns: tuple[Pattern, ...] = (
        Pattern((".json", ".jsonl", ".ndjson"), head_any=(f'"{_COSTS}"', f'"{_COUNTS}"')),
        Pattern((".csv", ".tsv"), header_all=("start_time", "end_time", "amount_value", "amount_currency", "line_item")),
        Pattern((".csv", ".tsv"), header_all=("start_time", "end_time", "num_model_requests", "input_tokens", "output_tokens")),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield from loads(part.path, _is_cost, _charge, _samples)


SOURCE = OpenaiReports()


def _is_cost(entry: Entry) -> bool:
    return "amount" in entry or "amount_value" in entry or entry.get("object") == _COSTS


def _charge(entry: Entry) -> Result | None:
    """The charge of a result; a day on which nothing was used is none."""
    value = amount(entry, "amount.value", "amount_value")
    if value is None:
        if text(entry, "line_item", "project_id") is None and not found(entry, "amount"):
            period(entry)
            return None
        raise Unreadable("the amount has no value", "amount")
    currency = text(entry, "amount.currency", "amount_currency")
    if currency is None:
        raise Unreadable("the amount has no currency", "amount")
    item = text(entry, "line_item")
    known = _LINE_ITEM.fullmatch(item or "")
    return daily_charge(
        entry,
        PROVIDER,
        value,
        currency.upper(),
        {
            "BillingAccountId": text(entry, "organization_id"),
            "BillingAccountName": text(entry, "organization_name"),
            "SubAccountId": text(entry, "project_id"),
            "SubAccountName": text(entry, "project_name"),
            "ServiceName": "OpenAI API",
            "ChargeDescription": item,
            "SkuId": item,
            "ConsumedQuantity": amount(entry, "quantity"),
            "ConsumedUnit": text(entry, "quantity_unit"),
            "x_Model": known["model"] if known else None,
            "x_TokenClass": _CLASSES[known["what"].lower()] if known else None,
        },
    )


def _samples(entry: Entry) -> list[Result]:
    usage = Usage(**{part: count(entry, *names) for part, names in _USAGE.items()})
    tokens = disjoint(usage, "includes_cache") if usage != Usage() else Tokens()
    labels = {"provider": "openai", **labels_of(entry, _LABELS)}
    return token_samples(entry, tokens, count(entry, "num_model_requests"), labels)
