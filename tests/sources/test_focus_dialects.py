"""Ways of writing that FOCUS does not allow: taken for whole columns only, and never guessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources.focus_dialects import ACCOUNTING, LATE_HOUR
from tests.sources.focus_reading import rows, scanned

HEADER = (
    "BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,ListCost"
)
ISO = ("2026-10-01T00:00:00Z", "2026-11-01T00:00:00Z", "2026-10-02T00:00:00Z", "2026-10-03T00:00:00Z")


def bill(folder: Path, *costs: tuple[str, str], times: tuple[str, ...] = ISO) -> Path:
    path = folder / "bill.csv"
    lines = [f'USD,{",".join(times)},Usage,"{billed}","{listed}"' for billed, listed in costs]
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    return path


def test_a_column_in_accounting_format_throughout_is_read_as_numbers(tmp_path: Path) -> None:
    path = bill(tmp_path, ("$10,000.00 ", "1"), (" $ 7 ", "2"), ("($1,234.50)", "3"), ("", "4"), ("NULL", "5"))
    assert [billed for (billed,) in rows(path, "BilledCost")][:3] == ["10000.00", "7", "-1234.50"]
    assert [listed for (listed,) in rows(path, "ListCost")] == ["1", "2", "3", "4", "5"]
    assert [note for note in scanned(path).notes if "accounting" in note and note.endswith(": BilledCost")]


@pytest.mark.parametrize("odd", ["12.00", "$1,000.00", "1,000.00", "$10,00.00 ", "-", "NaN", "€5.00 "])
def test_one_odd_value_leaves_the_column_as_it_is(tmp_path: Path, odd: str) -> None:
    path = bill(tmp_path, ("$10,000.00 ", "1"), (odd, "2"))
    assert rows(path, "BilledCost") == [("$10,000.00 ",), (odd,)]
    assert scanned(path).notes == ()


@pytest.mark.parametrize("text", ["$1,000.00", "$1000", "1,000.00 ", "$1,00.00 ", "$ ", "$1.2.3 ", "1", "", "$١ "])
def test_what_is_no_accounting_format(text: str) -> None:
    assert not re.fullmatch(ACCOUNTING, text, re.ASCII)


def test_a_value_far_down_counts_as_well(tmp_path: Path) -> None:
    path = bill(tmp_path, *[("$1.00 ", "1")] * 3000, ("2", "1"))
    assert scanned(path).notes == ()


@given(st.lists(st.decimals(-(10**9), 10**9, places=2), min_size=1, max_size=8))
def test_accounting_format_keeps_every_digit(tmp_path_factory: pytest.TempPathFactory, amounts: list[Decimal]) -> None:
    costs = [(f"(${-a:,.2f})" if a < 0 else f"${a:,.2f} ", "1") for a in amounts]
    path = bill(tmp_path_factory.mktemp("accounting"), *costs)
    assert [Decimal(text) for (text,) in rows(path, "BilledCost")] == amounts


@pytest.mark.parametrize(
    "times",
    [("4/1/25", "5/1/25", "4/1/25", "4/1/26"), ("04/01/2025", "05/01/2025", "4/1/2025", "4/30/2025")],
)
def test_month_first_is_taken_where_the_file_proves_it(tmp_path: Path, times: tuple[str, ...]) -> None:
    path = bill(tmp_path, ("1", "1"), times=times)
    assert rows(path, "BillingPeriodStart", "BillingPeriodEnd") == [("2025-04-01T00:00:00Z", "2025-05-01T00:00:00Z")]
    assert any("month/day/year" in note for note in scanned(path).notes)


@pytest.mark.parametrize(
    "times",
    [
        ("1/4/25", "1/5/25", "1/4/25", "2/4/25"),
        ("4/5/25", "5/6/25", "4/5/25", "4/6/25"),
        ("1/1/25", "1/1/25", "1/1/25", "1/1/25"),
        ("4/1/25", "5/1/25", "4/1/25", "30/4/25"),
    ],
)
def test_dates_that_prove_nothing_are_refused(tmp_path: Path, times: tuple[str, ...]) -> None:
    with pytest.raises(DataError, match="nothing in the file proves") as error:
        scanned(bill(tmp_path, ("1", "1"), times=times))
    assert error.value.hint


def test_hours_past_23_belong_to_the_next_day(tmp_path: Path) -> None:
    path = bill(tmp_path, ("1", "1"), times=(*ISO[:3], "2026-10-31T30:15:10Z"))
    assert rows(path, "ChargePeriodEnd") == [("2026-11-01T06:15:10Z",)]
    assert rows(bill(tmp_path, ("1", "1"), times=(*ISO[:3], "2026-10-31T24:00:00Z")), "ChargePeriodEnd") == [
        ("2026-11-01T00:00:00Z",)
    ]
    start = bill(tmp_path, ("1", "1"), times=(*ISO[:2], "2026-10-31T30:00:00Z", ISO[3]))
    assert rows(start, "ChargePeriodStart") == [("2026-10-31T30:00:00Z",)]
    assert not re.fullmatch(LATE_HOUR, "2026-10-31T48:00:00Z")


def test_the_specifications_cases_are_read_whole(shared_file: Callable[[str], Path]) -> None:
    number = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")
    time = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\dZ")
    files = sorted(shared_file("focus/spec_v1_2").rglob("*.csv"))
    assert files
    for path in files:
        for billed, start, end, month, currency in rows(
            path, "BilledCost", "ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingCurrency"
        ):
            assert number.fullmatch(billed), path.name
            assert all(time.fullmatch(moment) for moment in (start, end, month)), path.name
            assert currency in ("USD", "XXX")
