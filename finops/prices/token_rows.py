"""Flattens the token prices of the genai-prices library: one row per model, token class, tier and span of time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

PRICE_KEYS: Mapping[str, tuple[str, ...]] = {
    "input_uncached": ("input_mtok",),
    "cache_read": ("cache_read_mtok", "input_mtok"),
    "cache_write_5m": ("cache_write_5m_mtok", "cache_write_mtok", "input_mtok"),
    "cache_write_1h": ("cache_write_1h_mtok", "cache_write_mtok", "input_mtok"),
    "audio_input": ("input_audio_mtok", "input_mtok"),
    "image_input": ("input_image_mtok", "input_mtok"),
    "output": ("output_mtok",),
    "audio_output": ("output_audio_mtok", "output_mtok"),
    "image_output": ("output_image_mtok", "output_mtok"),
}
"""Token class to the library's keys, most special first: a class without a price of its own is billed as its parent."""

PER_REQUEST = "requests_kcount"
"""A model that also has a price per request is not priced by its tokens: they are the smaller part, and the rest is no token."""

STANDARD = "standard"
_LONG_AGO = date(2000, 1, 1)
_MIDNIGHT = time(0)
_LAST_DIGIT = Decimal("1e-18")
_SAME_AS_STANDARD = ({"service_tier": "default"},)

Tiers = tuple[tuple[int, Decimal], ...]
"""(fewest input tokens of the whole request, price of one token), ascending; the last one reached holds for every token."""


@dataclass(frozen=True)
class TokenPrice:
    """The price of one token. It holds from `valid_from` up to but not including `valid_to` (UTC; None is open), within the
    hours from `tod_from` up to but not including `tod_to` (None is the day's end), for requests with at least
    `min_input_tokens` input tokens, cache included; the row with the largest such minimum wins.
    `service_tier` is standard, batch, flex, priority or fast; a call whose tier has no row is priced as standard.
    `variant` is empty, or one more condition such as `speed=fast`."""

    provider: str
    model: str
    token_class: str
    service_tier: str
    variant: str
    min_input_tokens: int
    valid_from: datetime | None
    valid_to: datetime | None
    tod_from: time | None
    tod_to: time | None
    price: Decimal
    currency: str = "USD"
    source: str | None = None
    """Where the price stands, and since when it is known, where that is not the batch's own."""
    as_of: date | None = None


def token_prices(provider: str, name: str, model: ModelInfo, *, own: bool) -> Iterator[TokenPrice]:
    """All prices of one model. A model borrowed from another provider (`own` false) has no special tiers, as in the library."""
    contexts: list[Mapping[str, str]] = [{}]
    for variant in (model.price_variants or ()) if own else ():
        if variant.when not in contexts and variant.when not in _SAME_AS_STANDARD:
            contexts.append(variant.when)
    for context in contexts:
        tier, variant_name = _tier(context)
        for (start, end), hours in _spans(model, context):
            for (tod_from, tod_to), prices in hours:
                for token_class, tiers in prices.items():
                    for least, price in tiers:
                        yield TokenPrice(
                            provider, name, token_class, tier, variant_name, least, start, end, tod_from, tod_to, price
                        )


Hours = list[tuple[tuple[time | None, time | None], dict[str, Tiers]]]


def _spans(model: ModelInfo, context: Mapping[str, str]) -> Iterator[tuple[tuple[datetime | None, datetime | None], Hours]]:
    """Spans of dates in which the prices stay the same, each with its hours of the day."""
    days, clock = _boundaries(model)
    spans: list[tuple[date | None, Hours]] = []
    for day in (None, *days):
        hours = _hours(model, context, day or _LONG_AGO, clock)
        if not spans or spans[-1][1] != hours:
            spans.append((day, hours))
    ends = [start for start, _ in spans[1:]] + [None]
    for (start, hours), end in zip(spans, ends, strict=True):
        yield (_midnight(start), _midnight(end)), hours


def _hours(model: ModelInfo, context: Mapping[str, str], day: date, clock: list[time]) -> Hours:
    hours: Hours = []
    for begin in (_MIDNIGHT, *clock):
        prices = _by_class(model.get_prices(datetime.combine(day, begin, UTC), context or None))
        if not hours or hours[-1][1] != prices:
            hours.append(((begin, None), prices))
    ends = [begin for (begin, _), _ in hours[1:]] + [None]
    return [((None if begin == _MIDNIGHT else begin, end), prices) for ((begin, _), prices), end in zip(hours, ends, strict=True)]


def _boundaries(model: ModelInfo) -> tuple[list[date], list[time]]:
    """Every date and every time of day (UTC) at which any price of the model may change."""
    from genai_prices.types import StartDateConstraint, TimeOfDateConstraint

    conditions: list[Any] = [] if not isinstance(model.prices, list) else [price.constraint for price in model.prices]
    conditions += [variant.constraint for variant in model.price_variants or ()]
    days = {condition.start_date for condition in conditions if isinstance(condition, StartDateConstraint)}
    clock: set[time] = set()
    for condition in conditions:
        if isinstance(condition, TimeOfDateConstraint):
            clock |= {_utc(condition.start_time), _utc(condition.end_time)}
    return sorted(days), sorted(clock - {_MIDNIGHT})


def _by_class(prices: ModelPrice) -> dict[str, Tiers]:
    if prices.__dict__.get(PER_REQUEST):
        return {}
    found = {}
    for token_class, keys in PRICE_KEYS.items():
        price = next((value for key in keys if (value := prices.__dict__.get(key)) is not None), None)
        if price is not None:
            found[token_class] = _tiers(price)
    return found


def _tiers(price: Any) -> Tiers:
    """The library's tier begins above `start` tokens, so its first count is `start + 1`."""
    if isinstance(price, Decimal):
        return ((0, _of_one(price)),)
    return ((0, _of_one(price.base)), *((tier.start + 1, _of_one(tier.price)) for tier in price.tiers))


def _of_one(price_of_million: Decimal) -> Decimal:
    """At most the 18 digits that the ledger keeps; only binary noise in the library's figures stands further back."""
    price = price_of_million.scaleb(-6)
    return price if -int(price.as_tuple().exponent) <= 18 else price.quantize(_LAST_DIGIT)


def _tier(context: Mapping[str, str]) -> tuple[str, str]:
    rest = dict(context)
    tier = rest.pop("service_tier", None) or rest.pop("processing", None) or STANDARD
    return tier, ",".join(f"{name}={rest[name]}" for name in sorted(rest))


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime(day.year, day.month, day.day)  # noqa: DTZ001 - naive UTC, as stored


def _utc(value: time) -> time:
    if value.tzinfo is None:
        return value
    return datetime.combine(_LONG_AGO, value).astimezone(UTC).time()
