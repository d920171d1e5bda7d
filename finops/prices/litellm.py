"""Reads LiteLLM's JSON of model prices as a list of token prices: it fills in models that the library does not know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.errors import DataError
from finops.prices.base import PricePoint, stored
from finops.prices.names import canonical_provider

PRICE_KEYS = {
    "input_uncached": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
    "cache_write_5m": "cache_creation_input_token_cost",
    "cache_write_1h": "cache_creation_input_token_cost_above_1hr",
    "audio_input": "input_cost_per_audio_token",
    "audio_output": "output_cost_per_audio_token",
}
"""Token class to the key of its price."""
_TIERS = {"above_128k_tokens": 128_001, "above_200k_tokens": 200_001, "above_256k_tokens": 256_001, "above_272k_tokens": 272_001}


@dataclass(frozen=True)
class LiteLLM:
    """The prices of tokens in a file, and how many of its entries state none."""

    points: tuple[PricePoint, ...]
    skipped: int


def read_litellm(path: Path, at: date) -> LiteLLM:
    """The token prices of the file as learned on the day `at`. Zero means that a price is not known, and is left out."""
    try:
        entries = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
    except (ValueError, UnicodeDecodeError) as error:
        raise DataError(f"the file is not JSON: {error}", where=str(path)) from None
    keys = set(PRICE_KEYS.values())
    if not isinstance(entries, dict) or not any(isinstance(entry, dict) and keys & set(entry) for entry in entries.values()):
        raise DataError(
            "this JSON is no list of model prices",
            where=str(path),
            hint="LiteLLM's has an object per model with `input_cost_per_token` and `output_cost_per_token`",
        )
    points: dict[tuple[str, str, Decimal], PricePoint] = {}
    skipped = 0
    for name, entry in entries.items():
        found = list(_points(name, entry, at)) if isinstance(entry, dict) and name != "sample_spec" else []
        skipped += not found and name != "sample_spec"
        for point in found:
            points.setdefault((point.provider, point.sku, point.tier_from), point)
    return LiteLLM(tuple(points.values()), skipped)


def _points(name: str, entry: dict[str, Any], at: date) -> list[PricePoint]:
    raw = str(entry.get("litellm_provider") or "")
    provider = canonical_provider(raw) or canonical_provider(raw.partition("_")[0]) or canonical_provider(raw.partition("-")[0])
    model = name.rpartition("/")[2].lower() if name.lower().startswith(f"{raw.lower()}/") else name.lower()
    found = []
    for token_class, key in PRICE_KEYS.items():
        sku, source = f"{model}/{token_class}", f"LiteLLM's model prices, {name}"
        for suffix, least in (("", 0), *((f"_{tier}", tokens) for tier, tokens in _TIERS.items())):
            price = entry.get(key + suffix)
            if provider is not None and isinstance(price, Decimal) and price > 0:
                names = (provider, "*", sku, "on_demand", "token")
                found.append(PricePoint(*names, stored(price), "USD", at, source, tier_from=Decimal(least)))
    return found
