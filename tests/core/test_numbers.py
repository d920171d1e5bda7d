"""Every rule of the one formatter, and what must hold for any number."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core import numbers

D = Decimal
MONEY = st.decimals(allow_nan=False, allow_infinity=False, min_value=D(-(10**24)), max_value=D(10**24), places=12)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("38912.4", "USD", "$38.9k"),
        ("1240000", "USD", "$1.24M"),
        ("4096", "USD", "$4.1k"),
        ("389124", "USD", "$389k"),
        ("99960", "USD", "$100k"),
        ("999499", "USD", "$999k"),
        ("999950", "USD", "$1.00M"),
        ("999.7", "USD", "$1.0k"),
        ("412.4", "USD", "$412"),
        ("99.999", "USD", "$100"),
        ("8.2", "USD", "$8.20"),
        ("0", "USD", "$0"),
        ("0.004", "USD", "< $0.01"),
        ("-0.004", "USD", "> −$0.01"),
        ("-2100", "USD", "−$2.1k"),
        ("1234567", "EUR", "€1.23M"),
        ("12", "JPY", "¥12"),
        ("0.4", "JPY", "< ¥1"),
        ("1.5", "KWD", "KWD 1.500"),
        ("12", "XTS", "XTS 12.00"),
        ("12345678901234567890123456.000000000001", "USD", "$12,345,678,901,235T"),
    ],
)
def test_totals(amount: str, currency: str, text: str) -> None:
    assert numbers.money_total(D(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("9840.4", "USD", "$9,840"),
        ("41.372", "USD", "$41.37"),
        ("99.996", "USD", "$100"),
        ("0.0000001", "USD", "< $0.01"),
        ("0", "USD", "$0"),
        ("-1234.5", "USD", "−$1,234"),
        ("1234", "XTS", "XTS 1,234"),
        ("12.5", "", "12.50"),
        ("1500.5", "JPY", "¥1,500"),
    ],
)
def test_tables(amount: str, currency: str, text: str) -> None:
    assert numbers.money_table(D(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "unit", "text"),
    [
        ("0.0000025", "token", "$2.50 per 1M tokens"),
        ("2.5", "1M tokens", "$2.50 per 1M tokens"),
        ("0.00000004", "call", "$0.0400 per 1M calls"),
        ("0.0125", "call", "$0.0125 per call"),
        ("98.32", "hour", "$98.3 per hour"),
        ("1234.56", "hour", "$1,235 per hour"),
        ("0.18449", "", "$0.184"),
        ("9.999", "hour", "$10.0 per hour"),
        ("0", "hour", "$0 per hour"),
        ("-0.18449", "", "−$0.184"),
    ],
)
def test_unit_prices(amount: str, unit: str, text: str) -> None:
    assert numbers.unit_price(D(amount), "USD", unit) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        ("57012", "66932", "$57.0k–$66.9k"),
        ("10000", "90000", "$10k–$90k"),
        ("57012", "57412", "$57.0k–$57.4k"),
        ("57012", "57013", "$57.012k–$57.013k"),
        ("57012", "57012", "$57.0k"),
        ("1200000", "1300000", "$1.20M–$1.30M"),
        ("980000", "1300000", "$0.98M–$1.30M"),
        ("4", "9", "$4–$9"),
        ("4.1", "4.45", "$4.10–$4.45"),
        ("20", "9000", "$20.00–$9.0k"),
        ("0", "9000", "$0–$9.0k"),
        ("-300", "300", "−$300–$300"),
    ],
)
def test_ranges_have_no_more_digits_than_they_support(low: str, high: str, text: str) -> None:
    assert numbers.range_text(D(low), D(high), "USD") == text


def test_an_amount_takes_the_digits_of_its_interval() -> None:
    assert numbers.money_within(D("61432"), D("57012"), D("66932"), "USD") == "$61.4k"
    assert numbers.money_within(D("61432"), D("10000"), D("90000"), "USD") == "$61k"
    assert numbers.money_within(D("61432"), None, D("90000"), "USD") == "$61.4k"
    assert numbers.money_within(None, D(1), D(2), "USD") == "n/a"
    assert numbers.money_within(D("12"), D("10000"), D("90000"), "USD") == "$12.00"


def test_ticks_are_short() -> None:
    ticks = ("60000", "2500", "0", "0.001", "1.0", "1500000")
    assert [numbers.money_tick(D(x), "USD") for x in ticks] == ["$60k", "$2.5k", "$0", "$0.001", "$1", "$1.5M"]


def test_changes_carry_their_sign() -> None:
    assert [numbers.money_change(D(x), "USD") for x in ("5200", "-2100", "0")] == ["+$5.2k", "−$2.1k", "$0"]


def test_unknown_is_not_zero() -> None:
    said = [
        numbers.money_total(None, "USD"),
        numbers.money_change(None, "USD"),
        numbers.money_table(None, "USD"),
        numbers.unit_price(None, "USD", "hour"),
        numbers.range_text(None, D(1), "USD"),
        numbers.count(None),
        numbers.count_total(None),
        numbers.percent(None),
        numbers.percent_total(None),
        numbers.duration(None),
        numbers.date_text(None),
    ]
    assert set(said) == {"n/a"}


def test_counts_and_percents() -> None:
    assert numbers.count(1204332) == "1,204,332"
    assert numbers.count(-3) == "−3"
    assert [numbers.count_total(n) for n in (0, 41, 412, 38912, 1204332)] == ["0", "41", "412", "38.9k", "1.20M"]
    assert [numbers.percent(D(r)) for r in ("0.412", "0.0004", "0.9999", "1", "0", "-0.06", "12.5")] == [
        "41.2%", "< 0.1%", "> 99.9%", "100%", "0%", "−6.0%", "1,250.0%",
    ]  # fmt: skip
    assert [numbers.percent_total(D(r)) for r in ("0.714", "0.023", "0.9951", "0.0996")] == ["71%", "2.3%", "99.5%", "10%"]


def test_durations() -> None:
    seconds = (0, 0.0001, 0.34, 2.44, 59.96, 200, 15120, 190800, -2)
    said = ["0 s", "< 1 ms", "340 ms", "2.4 s", "1 min", "3 min 20 s", "4 h 12 min", "2 d 5 h", "−2.0 s"]
    assert [numbers.duration(s) for s in seconds] == said


def test_dates_and_times() -> None:
    day = date(2026, 11, 20)
    assert numbers.date_text(day) == "20 Nov 2026"
    assert numbers.day_text(day) == "20 Nov"
    assert (numbers.month_name(day), numbers.month_text(day)) == ("November", "November 2026")
    assert numbers.period_text(date(2026, 11, 1), day) == "1–20 Nov 2026"
    assert numbers.period_text(date(2026, 10, 1), day) == "1 Oct – 20 Nov 2026"
    assert numbers.period_text(date(2025, 10, 1), day) == "1 Oct 2025 – 20 Nov 2026"
    assert numbers.period_text(day, day) == "20 Nov 2026"
    assert numbers.time_text(datetime(2026, 11, 20, 16, 56)) == "20 Nov 2026 16:56 UTC"
    assert numbers.time_rfc3339(datetime(2026, 11, 20, 16, 56)) == "2026-11-20T16:56:00Z"
    berlin = timezone(timedelta(hours=1))
    assert numbers.time_rfc3339(datetime(2026, 11, 20, 0, 30, 0, 120000, tzinfo=berlin)) == "2026-11-19T23:30:00.12Z"
    assert numbers.time_rfc3339(datetime(2026, 11, 20, tzinfo=UTC)) == "2026-11-20T00:00:00Z"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1.500000000000", "1.5"),
        ("0E-12", "0"),
        ("-0.000", "0"),
        ("1E+3", "1000"),
        ("1E-12", "0.000000000001"),
        ("-2.10", "-2.1"),
    ],
)
def test_plain_decimals(value: str, text: str) -> None:
    assert numbers.plain_decimal(D(value)) == text


def test_what_is_not_finite_is_refused() -> None:
    for value in (D("NaN"), D("Infinity")):
        with pytest.raises(ValueError, match="not a finite number"):
            numbers.plain_decimal(value)
        with pytest.raises(ValueError, match="not a finite number"):
            numbers.money_total(value, "USD")


@given(MONEY)
def test_plain_decimals_read_back_exactly(value: Decimal) -> None:
    text = numbers.plain_decimal(value)
    assert D(text) == value
    assert re.fullmatch(r"-?(0|[1-9]\d*)(\.\d*[1-9])?", text)


@given(MONEY, st.sampled_from(["USD", "JPY", "KWD", "XTS", ""]))
def test_money_never_rounds_to_nothing(value: Decimal, currency: str) -> None:
    for text in (numbers.money_total(value, currency), numbers.money_table(value, currency)):
        assert "-" not in text
        assert (re.sub(r"[^\d]", "", text).strip("0") == "") == (value == 0)
        assert text.startswith(("−", "> −")) == (value < 0)


@given(MONEY, MONEY)
def test_the_ends_of_a_range_differ_as_the_amounts_do(one: Decimal, other: Decimal) -> None:
    low, high = sorted((one, other))
    if high - low >= D("0.01"):
        text = numbers.range_text(low, high, "USD")
        assert text.count("–") == 1
