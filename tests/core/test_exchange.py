"""Rates by day: the last one known, the reverse, through a third currency, and none that is too old."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from finops.core.exchange import Exchange, Rate, ratio
from finops.errors import UsageError
from finops.prices.exchange import read_exchange

FRIDAY, MONDAY = date(2026, 10, 2), date(2026, 10, 5)
TABLE = Exchange(
    [
        Rate(FRIDAY, "EUR", "USD", Decimal("1.25"), "ECB"),
        Rate(MONDAY, "EUR", "USD", Decimal("1.20"), "ECB"),
        Rate(FRIDAY, "EUR", "GBP", Decimal("0.80"), "ECB"),
    ]
)


def test_the_last_rate_on_or_before_the_day_holds() -> None:
    assert TABLE.rate(date(2026, 10, 4), "EUR", "USD") == Decimal("1.25")
    assert TABLE.rate(MONDAY, "EUR", "USD") == Decimal("1.20")
    assert TABLE.rate(FRIDAY, "USD", "EUR") == Decimal("0.8")
    assert TABLE.rate(FRIDAY, "USD", "GBP") == Decimal("0.64")
    assert TABLE.rate(FRIDAY, "CHF", "CHF") == 1


def test_what_is_not_known_is_none() -> None:
    assert TABLE.rate(date(2026, 10, 1), "EUR", "USD") is None
    assert TABLE.rate(date(2026, 10, 16), "EUR", "USD") is None
    assert TABLE.rate(FRIDAY, "EUR", "CHF") is None


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("2026-10-32,EUR,USD,1.1,ECB", "not a date"),
        ("2026-10-02,EUR,EUR,1.1,ECB", "two currencies"),
        ("2026-10-02,EUR,USD,0,ECB", "not a rate"),
        ("2026-10-02,EUR,USD,1.1,", "without a source"),
        ("2026-10-01,EUR,USD,1.1,ECB", "told twice"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "rates.csv"
    path.write_text(f"date,from,to,rate,source\n2026-10-01,EUR,USD,1.1,ECB\n{line}\n", encoding="utf-8")
    with pytest.raises(UsageError, match=said) as caught:
        read_exchange(path)
    assert caught.value.where == f"{path}:3"


def test_a_table_of_another_shape_or_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    with pytest.raises(UsageError, match="can't be read"):
        read_exchange(path)
    path.write_text("day,pair,rate\n", encoding="utf-8")
    with pytest.raises(UsageError, match="other columns"):
        read_exchange(path)


@pytest.mark.parametrize("rate", ["1", "99999.99999999999995", "0.99999999999999999999", "0.000000001", "123456789.123"])
def test_a_rate_is_a_fraction_of_numbers_that_money_can_be_split_by(rate: str) -> None:
    weight, total = ratio(Decimal(rate))
    assert 0 < weight < 10**18
    assert Decimal(weight) / total == pytest.approx(Decimal(rate), rel=Decimal("1e-17"))
