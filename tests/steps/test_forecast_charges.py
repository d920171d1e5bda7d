"""Forecasts of bills as they come: charges of a whole month, a day or two of history, charges without an effective cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import Decimal as D
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,"
    "BilledCost,EffectiveCost,ListCost,ContractedCost,ProviderName,InvoiceIssuerName,PublisherName,ServiceName"
)
DAY = timedelta(days=1)


def after(month: date) -> date:
    return (month.replace(day=1) + timedelta(days=32)).replace(day=1)


def charge(begin: date, end: date, billed: object, effective: object = "same", service: str = "Compute") -> str:
    month = begin.replace(day=1)
    cost = billed if effective == "same" else effective
    span = ",".join(f"{day}T00:00:00Z" for day in (month, after(month), begin, end))
    return f"1,USD,{span},Usage,{billed},{cost},{cost},{cost},AWS,AWS,AWS,{service}"


def days(first: date, count: int, billed: object, effective: object = "same") -> list[str]:
    return [charge(first + n * DAY, first + (n + 1) * DAY, billed, effective) for n in range(count)]


def month_long(month: date) -> list[str]:
    return [charge(month, after(month), "136.3", service=f"Service {n}") for n in range(20)]


Forecast = Callable[..., dict[str, Any]]


@pytest.fixture
def forecast(finops: Callable[..., Ran], tmp_path: Path) -> Forecast:
    def asked(lines: Sequence[str], as_of: date, *arguments: str) -> dict[str, Any]:
        bill, ledger = tmp_path / "bill.csv", tmp_path / "finops.duckdb"
        if not ledger.exists():
            bill.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
            assert finops("ingest", bill, "--ledger", ledger, "-q").code == 0
        ran = finops("forecast", *arguments, "--as-of", as_of, "-f", "json", "--ledger", ledger)
        assert ran.code == 0, ran.err
        return ran.json  # type: ignore[no-any-return]

    return asked


def test_charges_of_a_whole_month_are_no_daily_rate(forecast: Forecast) -> None:
    bill = month_long(date(2026, 9, 1))
    closing = forecast(bill, date(2026, 9, 30), "--months", "1")
    assert [D(total["expected"]) for total in closing["totals"]] == [D(2726), D(2726)]
    assert [(total["p10"], total["confidence"]) for total in closing["totals"]] == [(None, "low")] * 2
    assert any("charges of a whole month" in note for note in closing["meta"]["notes"])
    october = forecast(bill, date(2026, 10, 5))["totals"][0]
    assert (D(october["spent"]), D(october["expected"]), october["p90"]) == (D(0), D(2726), None)
    assert any("came in one month only" in note for note in forecast(bill, date(2026, 10, 5))["meta"]["notes"])


def test_charges_of_months_ago_are_too_old(finops: Callable[..., Ran], forecast: Forecast, tmp_path: Path) -> None:
    bill = month_long(date(2026, 9, 1))
    forecast(bill, date(2026, 9, 30))
    ran = finops("forecast", "--as-of", "2026-11-20", "--ledger", tmp_path / "finops.duckdb")
    assert ran.code != 0
    assert "newest cost is of 1 Sep 2026" in ran.err


def test_a_charge_that_begins_today_does_not_make_daily_cost_complete(forecast: Forecast) -> None:
    bill = days(date(2026, 8, 1), 28, 10) + month_long(date(2026, 9, 1))
    assert forecast(bill, date(2026, 9, 1))["meta"]["complete_until"] == "2026-08-28"


def test_daily_spend_and_charges_of_a_month_add_up(forecast: Forecast) -> None:
    months = [date(2026, month, 1) for month in range(6, 10)]
    bill = [line for month in months for line in month_long(month)] + days(date(2026, 6, 1), 110, 10)
    found = forecast(bill, date(2026, 9, 19), "--months", "1")
    for total, length in zip(found["totals"], (30, 31), strict=True):
        assert abs(D(total["expected"]) - (2726 + 10 * length)) < 5
        assert D(total["p90"]) - D(total["p10"]) < 60
    for by in ("service", "agent"):
        rows = forecast(bill, date(2026, 9, 19), "--months", "1", "--by", by)["rows"]
        for total in found["totals"]:
            assert sum(D(row["expected"]) for row in rows if row["period"] == total["period"]) == D(total["expected"])


@pytest.mark.parametrize("known", [1, 2])
def test_a_day_or_two_make_no_forecast(forecast: Forecast, known: int) -> None:
    found = forecast(days(date(2026, 9, 4), known, "0.19"), date(2026, 9, 4) + known * DAY, "--by", "service")
    for row in (*found["totals"], *found["rows"]):
        assert (D(row["spent"]), row["expected"], row["p50"], row["confidence"]) == (known * D("0.19"), None, None, "low")
    assert "no forecast yet" in found["meta"]["notes"][0]
    assert found["meta"]["days"] == []


def test_under_a_week_is_of_low_confidence(forecast: Forecast) -> None:
    found = forecast(days(date(2026, 9, 4), 4, 2), date(2026, 9, 8))
    total = found["totals"][0]
    assert (total["confidence"], total["p10"]) == ("low", None)
    assert abs(D(total["expected"]) - 54) < 3
    assert any(note.startswith("Low confidence: 4 complete days") for note in found["meta"]["notes"])


def test_charges_without_an_effective_cost_are_told(forecast: Forecast) -> None:
    bill = days(date(2026, 8, 1), 40, 10) + days(date(2026, 9, 1), 3, 7, "")
    found = forecast(bill, date(2026, 9, 10))
    assert any("3 charges have no EffectiveCost" in note and "$21" in note for note in found["meta"]["notes"])
    assert D(found["totals"][0]["spent"]) == 90


def test_where_no_charge_has_one_billed_cost_is_forecast(forecast: Forecast) -> None:
    found = forecast(days(date(2026, 8, 1), 40, 10, ""), date(2026, 9, 10))
    assert D(found["totals"][0]["spent"]) == 90
    assert abs(D(found["totals"][0]["expected"]) - 300) < 5
    assert any("forecast of billed cost" in note for note in found["meta"]["notes"])


def test_the_way_ends_where_the_row_says_and_never_falls_below_what_is_spent(forecast: Forecast) -> None:
    bill = [*days(date(2026, 6, 1), 100, 10), charge(date(2026, 9, 9), date(2026, 9, 10), 400, service="Batch")]
    found = forecast(bill, date(2026, 9, 9))
    total, way = found["totals"][0], found["meta"]["days"]
    assert {name: way[-1][name] for name in ("expected", "p10", "p25", "p75", "p90")} == {
        name: total[name] for name in ("expected", "p10", "p25", "p75", "p90")
    }
    for day in way:
        assert min(D(day[name]) for name in ("expected", "p10")) >= D(total["spent"])
