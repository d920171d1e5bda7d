"""Token classes are disjoint and lose nothing, and the incidents of other tools come out right."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.tokens import (
    DIALECTS,
    INPUT_CLASSES,
    OUTPUT_CLASSES,
    TOKEN_CLASSES,
    Dialect,
    Tokens,
    Usage,
    disjoint,
    fitting_dialects,
    input_tokens,
)

COUNT = st.one_of(st.none(), st.integers(0, 50), st.integers(0, 10**12))
USAGE = st.builds(Usage, *[COUNT] * len(Usage._fields))
DIALECT = st.sampled_from(DIALECTS)


def per_million(tokens: Tokens, **prices: str) -> Decimal:
    """The cost of the tokens at dollars per million of each class."""
    return sum((Decimal(price) * (getattr(tokens, name) or 0) for name, price in prices.items()), Decimal(0)) / 1_000_000


def test_the_classes_are_those_of_input_and_output() -> None:
    assert sorted(TOKEN_CLASSES) == sorted((*INPUT_CLASSES, *OUTPUT_CLASSES))
    assert set(TOKEN_CLASSES) < set(Tokens._fields)


def test_cache_writes_of_a_sonnet_call_cost_what_was_billed() -> None:
    """BerriAI/litellm#9812: 3 + 12,304 written + 550 out was shown as 0.091311 dollars; the bill said 0.05439."""
    raw = disjoint(Usage(input=3, cache_write=12_304, output=550), "excludes_cache")
    otel = disjoint(Usage(input=12_307, cache_write=12_304, output=550), "includes_cache")
    assert raw == otel
    assert raw.identity_holds
    assert per_million(raw, input_uncached="3", cache_write_5m="3.75", output="15") == Decimal("0.054399")


def test_an_additive_row_among_subset_rows_is_read_as_what_it_is_and_reported() -> None:
    """Arize-ai/phoenix#10036: 3 in, 25 written, 13,216 read, 12 out was shown as 0.20 dollars."""
    tokens = disjoint(Usage(input=3, cache_write=25, cache_read=13_216, output=12), "includes_cache")
    assert tokens.identity_holds is False
    cost = per_million(tokens, input_uncached="3.3", cache_read="0.33", cache_write_5m="4.125", output="16.5")
    assert cost.quantize(Decimal("0.000001")) == Decimal("0.004672")


def test_cached_input_is_not_counted_twice() -> None:
    """langfuse/langfuse#12306 counted 260,421, and #10592 35,720."""
    anthropic = disjoint(Usage(input=5, cache_read=128_955, cache_write=1_253), "excludes_cache")
    assert input_tokens(anthropic) == 130_213
    assert disjoint(Usage(input=130_213, cache_read=128_955, cache_write=1_253), "includes_cache") == anthropic
    router = disjoint(Usage(input=17_903, cache_read=17_817), "includes_cache")
    assert (router.input_uncached, input_tokens(router)) == (86, 17_903)


def test_the_total_tells_the_dialects_apart() -> None:
    additive = Usage(input=100, cache_read=40, output=10, total=150)
    subset = Usage(input=100, cache_read=40, output=10, total=110)
    assert fitting_dialects(additive) == ("excludes_cache",)
    assert fitting_dialects(subset) == ("includes_cache",)
    assert fitting_dialects(additive._replace(total=None)) == DIALECTS
    assert fitting_dialects(additive._replace(total=7)) == ()
    assert disjoint(additive, "includes_cache").identity_holds is False
    assert disjoint(additive, "includes_cache").input_uncached == 100
    assert disjoint(subset, "excludes_cache").input_uncached == 60


def test_thoughts_beside_the_output_are_added_to_it_and_reported() -> None:
    outside = disjoint(Usage(input=10, output=5, reasoning=20, total=35), "includes_cache")
    assert (outside.output, outside.reasoning, outside.identity_holds) == (25, 20, False)
    inside = disjoint(Usage(input=10, output=25, reasoning=20, total=35), "includes_cache")
    assert (inside.output, inside.reasoning, inside.identity_holds) == (25, 20, True)


def test_audio_and_image_leave_the_rest() -> None:
    tokens = disjoint(Usage(input=100, cache_read=30, audio_input=20, image_input=10, output=9, audio_output=4), "includes_cache")
    assert (tokens.input_uncached, tokens.audio_input, tokens.image_input, tokens.cache_read) == (40, 20, 10, 30)
    assert (tokens.output, tokens.audio_output, tokens.identity_holds) == (5, 4, True)
    assert disjoint(Usage(input=30, cache_read=30, audio_input=20), "includes_cache").identity_holds is False


def test_writes_of_an_hour_are_part_of_all_writes() -> None:
    tokens = disjoint(Usage(input=50, cache_write=30, cache_write_1h=10), "includes_cache")
    assert (tokens.input_uncached, tokens.cache_write_5m, tokens.cache_write_1h) == (20, 20, 10)
    only = disjoint(Usage(input=50, cache_write_1h=10), "includes_cache")
    assert (only.input_uncached, only.cache_write_5m, only.cache_write_1h) == (40, None, 10)


def test_unmeasured_is_not_zero() -> None:
    assert disjoint(Usage(), "includes_cache") == Tokens()
    failed = disjoint(Usage(input=12), "includes_cache")
    assert (failed.input_uncached, failed.output, failed.cache_read) == (12, None, None)
    assert input_tokens(Tokens(cache_read=4)) is None
    assert disjoint(Usage(input=0, output=0), "excludes_cache").output == 0


@given(USAGE, DIALECT)
def test_no_class_is_negative_and_unmeasured_stays_unmeasured(usage: Usage, dialect: Dialect) -> None:
    tokens = disjoint(usage, dialect)
    assert all(count is None or count >= 0 for count in tokens[:10])
    assert (tokens.input_uncached is None) == (usage.input is None)
    assert (tokens.output is None) == (usage.output is None)
    assert tokens.cache_read == usage.cache_read
    assert tokens.reasoning == usage.reasoning


@given(USAGE, DIALECT)
def test_where_the_identity_holds_the_classes_add_up_to_what_was_reported(usage: Usage, dialect: Dialect) -> None:
    tokens = disjoint(usage, dialect)
    if not tokens.identity_holds or usage.input is None or usage.output is None:
        return
    cached = (usage.cache_read or 0) + max(usage.cache_write or 0, usage.cache_write_1h or 0)
    whole_input = input_tokens(tokens)
    whole_output = sum(getattr(tokens, name) or 0 for name in OUTPUT_CLASSES)
    assert whole_input == usage.input + (cached if dialect == "excludes_cache" else 0)
    assert whole_output == usage.output
    assert usage.total in (None, whole_input + whole_output)


@given(st.builds(Usage, *[st.integers(0, 10**6)] * 4))
def test_both_dialects_of_one_call_give_the_same_classes(usage: Usage) -> None:
    excluding = usage._replace(cache_write_1h=None)
    cached = (excluding.cache_read or 0) + (excluding.cache_write or 0)
    including = excluding._replace(input=(excluding.input or 0) + cached)
    assert disjoint(excluding, "excludes_cache") == disjoint(including, "includes_cache")


@pytest.mark.parametrize("dialect", DIALECTS)
@given(usage=USAGE)
def test_a_fitting_dialect_holds_unless_its_parts_do_not_fit(usage: Usage, dialect: Dialect) -> None:
    plain = usage._replace(audio_input=None, audio_output=None, image_input=None, image_output=None, cache_write_1h=None)
    if plain == Usage():
        return
    assert disjoint(plain, dialect).identity_holds == (dialect in fitting_dialects(plain))
