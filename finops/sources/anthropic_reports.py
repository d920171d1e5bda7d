"""Anthropic's cost and usage reports: costs (a text of cents) become charges, usage becomes samples of what Anthropic counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.core.tokens import Tokens
from finops.sources.base import Load, Part, Pattern
from finops.sources.entry_values import Entry, Unreadable, amount, count, text
from finops.sources.files import file_part
from finops.sources.report_buckets import Result, cents, daily_charge, labels_of, loads, token_samples

PROVIDER = "Anthropic"

_5M, _1H = "cache_creation.ephemeral_5m_input_tokens", "cache_creation.ephemeral_1h_input_tokens"
CLASSES = {
    "uncached_input_tokens": "input_uncached",
    "cache_read_input_tokens": "cache_read",
    _5M: "cache_write_5m",
    _1H: "cache_write_1h",
    "output_tokens": "output",
}
"""The report's counts are disjoint: no token is in two of them. A cost's `token_type` bears the same names."""

_LABELS: Mapping[str, tuple[str, ...]] = {
    **{"model": ("model",), "project": ("workspace_id",), "api_key_id": ("api_key_id",), "account_id": ("account_id",)},
    **{"service_tier": ("service_tier",), "context_window": ("context_window",), "inference_geo": ("inference_geo",)},
}
_DETAILS = ("cost_type", "service_tier", "context_window", "inference_geo")


class AnthropicReports:
    """Buckets are UTC. The amount 123.45 is 1.2345 dollars. A report has no account: the workspace is its sub-account."""

    name = "anthropic_reports"
    title = "Anthropic cost report and messages usage report (API pages as JSON)"
    contracts: tuple[str, ...] = ("charge", "sample")
    patterns: tuple[Pattern, ...] = (
        Pattern(
            (".json", ".jsonl", ".ndjson"),
            head_all=('"starting_at"', '"ending_at"', '"results"'),
            head_any=('"amount"', '"uncached_input_tokens"'),
        ),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield from loads(part.path, lambda entry: "amount" in entry, _charge, _samples)


SOURCE = AnthropicReports()


def _charge(entry: Entry) -> Result:
    written, currency = amount(entry, "amount"), text(entry, "currency")
    if written is None or currency is None:
        raise Unreadable("the cost has no amount or no currency", "amount" if written is None else "currency")
    token_type = text(entry, "token_type")
    workspace = text(entry, "workspace_id")
    details = {name: value for name in _DETAILS if (value := text(entry, name)) is not None}
    return daily_charge(
        entry,
        PROVIDER,
        cents(written),
        currency.upper(),
        {
            "SubAccountId": workspace,
            "ServiceName": "Anthropic API",
            "ChargeDescription": text(entry, "description"),
            "SkuId": text(entry, "description"),
            "SkuPriceDetails": details or None,
            "x_Model": text(entry, "model"),
            "x_TokenClass": CLASSES.get(token_type or ""),
        },
    )


def _samples(entry: Entry) -> list[Result]:
    counts = {token_class: count(entry, name) for name, token_class in CLASSES.items()}
    tokens = Tokens._make(counts.get(name) for name in Tokens._fields)
    labels = {"provider": "anthropic", **labels_of(entry, _LABELS)}
    return token_samples(entry, tokens, None, labels)
