"""Token prices: the flattened rows give what the library gives, names resolve without guessing, incidents come out right."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from finops.prices.token_rows import TokenPrice
from finops.prices.tokens import canonical_provider, resolve_model, token_price_batch

INPUT = ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "audio_input", "image_input")


def rows_by_model() -> dict[tuple[str, str], list[TokenPrice]]:
    rows = defaultdict(list)
    for point in token_price_batch().points:
        rows[point.provider, point.model].append(point)
    return rows


ROWS = rows_by_model()


def priced(provider: str, model: str, tokens: dict[str, int], at: datetime, tier: str = "standard") -> Decimal:
    """A call's price from the flattened rows: the definition that the ledger's SQL follows."""
    total_input = sum(count for name, count in tokens.items() if name in INPUT)
    at = at.astimezone(UTC).replace(tzinfo=None)
    rows = ROWS[provider, model]
    if not any(row.service_tier == tier and not row.variant for row in rows):
        tier = "standard"
    total = Decimal(0)
    for name, count in tokens.items():
        found = [
            row
            for row in rows
            if row.token_class == name
            and row.service_tier == tier
            and not row.variant
            and (row.valid_from is None or row.valid_from <= at)
            and (row.valid_to is None or at < row.valid_to)
            and (row.tod_from is None or row.tod_from <= at.time())
            and (row.tod_to is None or at.time() < row.tod_to)
            and row.min_input_tokens <= total_input
        ]
        if count:
            total += count * max(found, key=lambda row: row.min_input_tokens).price
    return total


def library_usage(tokens: dict[str, int]) -> Usage:
    """The same tokens as the library counts them: input holds everything, cache writes hold those kept for an hour."""
    return Usage(
        input_tokens=sum(tokens.get(name, 0) for name in INPUT),
        cache_read_tokens=tokens.get("cache_read", 0),
        cache_write_tokens=tokens.get("cache_write_5m", 0) + tokens.get("cache_write_1h", 0),
        cache_write_1h_tokens=tokens.get("cache_write_1h", 0),
        input_audio_tokens=tokens.get("audio_input", 0),
        input_image_tokens=tokens.get("image_input", 0),
        cache_audio_read_tokens=0,
        cache_image_read_tokens=0,
        output_tokens=sum(tokens.get(name, 0) for name in ("output", "audio_output", "image_output")),
        output_audio_tokens=tokens.get("audio_output", 0),
        output_image_tokens=tokens.get("image_output", 0),
    )


def own_models() -> list[tuple[str, str, str]]:
    """(library's provider, our provider, model) of every model with token prices that charges nothing by the request."""
    found = []
    for provider in get_snapshot().providers:
        name = canonical_provider(provider.id) or provider.id
        for model in provider.models:
            by_request = any(
                prices.__dict__.get("requests_kcount") is not None
                for prices in ([c.prices for c in model.prices] if isinstance(model.prices, list) else [model.prices])
            )
            if (name, model.id) in ROWS and not by_request:
                found.append((provider.id, name, model.id))
    return found


def test_flattened_rows_give_exactly_what_the_library_gives() -> None:
    dice = random.Random(20261120)
    snapshot = {provider.id: provider for provider in get_snapshot().providers}
    models = own_models()
    special = [
        m
        for m in models
        if any(r.valid_from or r.tod_from or r.min_input_tokens or r.service_tier != "standard" for r in ROWS[m[1:]])
    ]
    charged = 0
    for turn in range(4_000):
        library_provider, provider, model = dice.choice(special if turn % 2 else models)
        rows = ROWS[provider, model]
        classes = sorted({row.token_class for row in rows})
        tokens = {name: dice.choice((0, 1, 999, 150_000, 272_001)) for name in classes if dice.random() < 0.6}
        tier = dice.choice(sorted({row.service_tier for row in rows}))
        at = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=dice.randrange(3 * 365 * 86_400))
        info = next(info for info in snapshot[library_provider].models if info.id == model)
        context = {} if tier == "standard" else {"processing": "batch"} if tier == "batch" else {"service_tier": tier}
        theirs = info.calc_price(
            library_usage(tokens), snapshot[library_provider], genai_request_timestamp=at, price_context=context
        ).total_price
        ours = priced(provider, model, tokens, at, tier)
        noisy = any(-int(row.price.as_tuple().exponent) >= 18 for row in rows)
        assert abs(ours - theirs) <= (Decimal("1e-11") if noisy else 0), (provider, model, tokens, at, tier)
        charged += theirs > 0
    assert charged > 2_500


@pytest.mark.parametrize(
    ("provider", "model", "tokens", "right"),
    [
        ("anthropic", "claude-3-7-sonnet-20250219", {"input_uncached": 3, "cache_write_5m": 12_304, "output": 550}, "0.054399"),
        (
            "aws.bedrock",
            "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            {"input_uncached": 3, "cache_write_5m": 25, "cache_read": 13_216, "output": 12},
            "0.004672",
        ),
    ],
)
def test_known_incidents(provider: str, model: str, tokens: dict[str, int], right: str) -> None:
    key = resolve_model(provider, model)
    assert key is not None
    cost = priced(*key, tokens, datetime(2026, 1, 15, 12, tzinfo=UTC))
    assert round(cost, 6) == Decimal(right)


def test_a_call_above_the_threshold_pays_the_higher_tier_for_every_token() -> None:
    below = priced("gcp", "gemini-2.5-pro", {"input_uncached": 150_000, "cache_read": 50_000}, datetime(2026, 6, 1, tzinfo=UTC))
    above = priced("gcp", "gemini-2.5-pro", {"input_uncached": 150_001, "cache_read": 50_000}, datetime(2026, 6, 1, tzinfo=UTC))
    assert above > below * Decimal("1.9")


def test_the_time_of_the_call_decides() -> None:
    day = datetime(2026, 3, 2, tzinfo=UTC)
    off_peak = priced("deepseek", "deepseek-chat", {"input_uncached": 1_000_000}, day)
    peak = priced("deepseek", "deepseek-chat", {"input_uncached": 1_000_000}, day.replace(hour=12))
    assert (off_peak, peak) == (Decimal("0.135"), Decimal("0.27"))


@pytest.mark.parametrize(
    ("provider", "model", "found"),
    [
        ("openai", "gpt-4o-2024-08-06", ("openai", "gpt-4o")),
        ("az.ai.openai", "gpt-4o", ("azure", "gpt-4o")),
        ("x_ai", "grok-4", ("x-ai", "grok-4-0709")),
        ("gcp.vertex_ai", "claude-sonnet-4-5", ("gcp", "claude-sonnet-4-5")),
        ("gcp.gemini", "gemini-2.5-pro", ("gcp", "gemini-2.5-pro")),
        ("litellm", "openai/gpt-4o", ("openai", "gpt-4o")),
        ("", "gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("openai", "gpt-4o-2031-01-01", None),
        ("openai", "", None),
        ("openai", None, None),
        ("vllm", "meta-llama/Llama-3.1-70B-Instruct", None),
        ("somebody-new", "gpt-4o", None),
        (None, "meta-llama/Llama-3.1-70B-Instruct", None),
    ],
)
def test_names_resolve_without_guessing(provider: str | None, model: str | None, found: tuple[str, str] | None) -> None:
    assert resolve_model(provider, model) == found


def test_whatever_resolves_has_prices_that_agree_with_the_library() -> None:
    at = datetime(2026, 9, 1, 12, tzinfo=UTC)
    for provider, model in (
        ("azure.ai.openai", "gpt-4o-mini"),
        ("gcp.vertex_ai", "claude-haiku-4-5"),
        ("groq", "llama-3.1-8b-instant"),
    ):
        key = resolve_model(provider, model)
        assert key is not None
        theirs = calc_price(
            Usage(input_tokens=1234, output_tokens=567),
            model,
            provider_id={"azure": "azure", "gcp": "google"}.get(key[0], key[0]),
            genai_request_timestamp=at,
        )
        assert priced(*key, {"input_uncached": 1234, "output": 567}, at) == theirs.total_price


def test_the_batch_is_named_dated_and_whole() -> None:
    batch = token_price_batch()
    assert batch.name.startswith("genai-prices-0.2")
    assert batch.as_of.year >= 2026
    keys = [
        (p.provider, p.model, p.token_class, p.service_tier, p.variant, p.valid_from, p.tod_from, p.min_input_tokens)
        for p in batch.points
    ]
    assert len(keys) == len(set(keys))
    assert all(point.price >= 0 and -int(point.price.as_tuple().exponent) <= 18 for point in batch.points)


def test_the_prices_of_some_models_are_theirs_in_the_whole() -> None:
    batch = token_price_batch()
    every = sorted({(point.provider, point.model) for point in batch.points})
    some = {*every[::97], ("nobody", "x"), (every[0][0], "no such model")}
    assert batch.of(some) == [point for point in batch.points if (point.provider, point.model) in some]
    assert not batch.of(set())


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("OpenAI", "openai"),
        ("Amazon Web Services", "aws"),
        ("aws.bedrock", "aws"),
        ("Google Cloud", "gcp"),
        ("gcp.vertex_ai", "gcp"),
        ("Microsoft", "azure"),
        ("azure.ai.inference", "azure"),
        (" mistral_ai ", "mistral"),
        ("Nobody Inc.", None),
        (None, None),
    ],
)
def test_providers_have_one_name(text: str | None, name: str | None) -> None:
    assert canonical_provider(text) == name


def test_a_model_with_a_price_per_request_is_unpriced_rather_than_a_tenth_of_its_price() -> None:
    found = resolve_model("perplexity", "sonar")
    usage = Usage(input_tokens=1000, output_tokens=100)
    whole = calc_price(usage, "sonar", provider_id="perplexity").total_price
    assert whole > 10 * Decimal("0.0011")  # what its tokens alone cost
    assert found is not None
    assert found not in ROWS
