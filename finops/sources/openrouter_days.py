"""OpenRouter's activity summed by day, model and endpoint: what it cost becomes charges, what was counted becomes samples."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from finops.core.tokens import Usage, disjoint
from finops.sources.entry_values import Entry, Unreadable, amount, count, plain, text, time
from finops.sources.report_buckets import Result, daily_charge, labels_of, token_samples

PROVIDER = "OpenRouter"

_USAGE = {
    "input": ("prompt_tokens", "tokens_prompt"),
    "output": ("completion_tokens", "tokens_completion"),
    "reasoning": ("reasoning_tokens",),
}
_LABELS = {"model": ("model_permaslug", "model"), "served_by": ("provider_name",), "project": ("workspace_id",)}


def is_day(entry: Entry) -> bool:
    """Whether the entry is a day's sum, not a generation."""
    return "date" in entry and "usage" in entry


def day_charge(entry: Entry) -> Result | None:
    """The credits of one dollar that a day's calls took. What a customer's own key paid elsewhere is not in them."""
    spent = amount(entry, "usage")
    if spent is None:
        raise Unreadable("usage is missing", "usage")
    model, own_key = text(entry, "model_permaslug", "model"), amount(entry, "byok_usage_inference")
    more: dict[str, Any] = {
        "SubAccountId": text(entry, "workspace_id"),
        "ServiceName": "OpenRouter API",
        "SkuId": model,
        "x_Model": model,
        "SkuPriceDetails": {"byok_usage_inference": own_key} if own_key is not None and float(own_key) else None,
        "Tags": {"provider_name": served} if (served := text(entry, "provider_name")) is not None else None,
    }
    return daily_charge(_as_bucket(entry), PROVIDER, spent, "USD", more)


def day_samples(entry: Entry) -> list[Result]:
    """The day's tokens and requests."""
    usage = Usage(**{part: count(entry, *names) for part, names in _USAGE.items()})
    labels = {"provider": "openrouter", **labels_of(entry, _LABELS)}
    return token_samples(_as_bucket(entry), disjoint(usage, "includes_cache"), count(entry, "requests"), labels)


def _as_bucket(entry: Entry) -> Entry:
    start = time(entry, "date")
    if start is None:
        raise Unreadable("date is missing", "date")
    return {"start_time": plain(start), "end_time": plain(start + timedelta(days=1))}
