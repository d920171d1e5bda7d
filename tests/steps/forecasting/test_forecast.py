"""`finops forecast`: it adds up, says the same total however it is grouped, and knows what it does not know."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,"
    "BilledCost,EffectiveCost,ListCost,ContractedCost,ProviderName,InvoiceIssuerName,PublisherName,ServiceName,RegionId,Tags"
)
FIRST, LAST = date(2026, 7, 20), date(2026, 11, 20)
QUANTILES = ("p2_5", "p10", "p25", "p50", "p75", "p90", "p97_5")
AS_OF = "2026-11-20"


def line(day: date, agent: str, cost: object, provider: str = "AWS", category: str = "Usage", currency: str = "USD") -> str:
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    tags = json.dumps({"agent": agent, "tenant": "acme"}).replace('"', '""')
    cells = [
        "1",
        currency,
        f"{month}T00:00:00Z",
        f"{after}T00:00:00Z",
        f"{day}T00:00:00Z",
        f"{day + timedelta(days=1)}T00:00:00Z",
    ]
    cells += [category, *[str(cost)] * 4, provider, provider, provider, "Runs" if agent != "fee" else "Support", "us-east-1"]
    return ",".join(cells) + f',"{tags}"'


def company() -> Iterator[str]:
    """A busy agent that rests on weekends, a steady one of a provider that delivers late, a monthly fee, a new agent, one that
    has ended, taxes, and a little in euros."""
    for n in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=n)
        wave = Decimal(n * 37 % 11) / 10
        yield line(day, "busy", (Decimal(40) if day.weekday() >= 5 else Decimal(100)) + wave if day < LAST else Decimal("7.5"))
        if day <= date(2026, 11, 17):
            yield line(day, "steady", Decimal(10) + wave, "OpenAI")
        if day.day == 1:
            yield line(day, "fee", 300)
            yield line(day, "busy", 20, category="Tax")
        if date(2026, 11, 16) <= day < LAST:
            yield line(day, "new", 5)
        if day <= date(2026, 10, 1):
            yield line(day, "ended", 30)
        if day < LAST:
            yield line(day, "abroad", Decimal("2.5"), currency="EUR")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from finops.cli.app import run

    home = tmp_path_factory.mktemp("forecast")
    (home / "bill.csv").write_text("\n".join([HEADER, *company()]) + "\n", encoding="utf-8")
    (home / "finops.toml").write_text('[[budget]]\nperiod = "month"\namount = "3300"\ncurrency = "USD"\n', encoding="utf-8")
    assert run(["ingest", str(home / "bill.csv"), "--config", str(home / "finops.toml"), "-q", "-o", "/dev/null"]) == 0
    return home


Ask = Callable[..., Ran]


@pytest.fixture
def ask(finops: Callable[..., Ran], ledger: Path) -> Ask:
    def asked(*arguments: str, as_of: str = AS_OF) -> Ran:
        return finops("forecast", *arguments, "--as-of", as_of, "-f", "json", "--config", ledger / "finops.toml")

    return asked


def answer(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    return ran.json  # type: ignore[no-any-return]


def whole(found: dict[str, Any], currency: str = "USD") -> dict[str, Any]:
    return next(total for total in found["totals"] if total["currency"] == currency)


def row_of(found: dict[str, Any], agent: str, period: str = "2026-11") -> dict[str, Any]:
    return next(row for row in found["rows"] if row["agent"] == agent and row["period"] == period)


@pytest.mark.parametrize("by", ["agent", "tenant,agent", "service", "region", "provider,service"])
def test_expected_adds_up_to_the_same_total_however_it_is_grouped(ask: Ask, by: str) -> None:
    plain, found = answer(ask()), answer(ask("--by", by, "--months", "2"))
    for total in found["totals"]:
        parts = [row for row in found["rows"] if (row["period"], row["currency"]) == (total["period"], total["currency"])]
        for key in ("expected", "spent"):
            assert sum(Decimal(row[key]) for row in parts) == Decimal(total[key])
    now = [total for total in found["totals"] if total["period"] == "2026-11"]
    assert now == plain["totals"]


def test_it_is_about_right(ask: Ask) -> None:
    found = answer(ask("--by", "agent"))
    # 10 weekdays and 3 weekend days follow the 17th; half of the wave is about 0.5
    assert abs(Decimal(row_of(found, "busy")["expected"]) - (20 + 21 * Decimal("100.5") + 9 * Decimal("40.5"))) < 25
    assert abs(Decimal(row_of(found, "steady")["expected"]) - 30 * Decimal("10.5")) < 8
    for row in [*found["rows"], *found["totals"]]:
        if row["p10"] is not None:
            values = [Decimal(row[name]) for name in QUANTILES]
            assert values == sorted(values)
            assert values[0] >= Decimal(row["spent"])


def test_days_that_a_provider_has_not_delivered_are_forecast(ask: Ask) -> None:
    assert answer(ask())["meta"]["complete_until"] == "2026-11-17"
    assert answer(ask(as_of="2026-11-15"))["meta"]["complete_until"] == "2026-11-14"
    long_after = answer(ask(as_of="2026-12-20"))
    assert long_after["meta"]["complete_until"] == "2026-11-17"
    assert whole(long_after)["spent"] == "0"


def test_what_is_booked_of_incomplete_days_is_the_least(ask: Ask) -> None:
    booked = row_of(answer(ask("--by", "agent")), "new")
    assert Decimal(booked["spent"]) == 20
    assert Decimal(booked["expected"]) >= 20


def test_a_monthly_fee_is_expected_once(ask: Ask) -> None:
    found = answer(ask("--by", "agent", "--months", "1"))
    assert row_of(found, "fee")["expected"] == "300"
    assert Decimal(row_of(found, "fee", "2026-12")["expected"]) == 300


def test_a_subscription_bought_each_month_is_expected_again_and_one_purchase_is_not(finops: Callable[..., Ran]) -> None:
    lines = [line(FIRST + timedelta(days=n), "busy", 10) for n in range((LAST - FIRST).days)]
    for month in (9, 10, 11):
        day = date(2026, month, 1)
        for agent, cost in [("seats", 500), *([("server", 900)] if month == 11 else [])]:
            after = (day + timedelta(days=32)).replace(day=1)
            bought = line(day, agent, cost, provider="Seller", category="Purchase")
            lines.append(bought.replace(f"{day + timedelta(days=1)}T", f"{after}T"))
    Path("bill.csv").write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    assert finops("ingest", "bill.csv", "--as-of", AS_OF).code == 0
    found = finops("forecast", "--by", "agent", "--months", "2", "--as-of", AS_OF, "-f", "json").json
    assert [Decimal(row_of(found, "seats", month)["expected"]) for month in ("2026-11", "2026-12", "2027-01")] == [500] * 3
    assert Decimal(row_of(found, "server")["expected"]) == 900
    assert not any(row["agent"] == "server" and row["period"] != "2026-11" for row in found["rows"])
    assert [Decimal(total["one_off"]) for total in found["totals"]] == [900, 0, 0]


def test_taxes_are_spent_and_not_expected_again(ask: Ask) -> None:
    found = answer(ask("--months", "1"))
    assert whole(found)["one_off"] == "20"
    assert any("one-off" in note for note in found["meta"]["notes"])
    december = next(t for t in found["totals"] if t["period"] == "2026-12" and t["currency"] == "USD")
    assert december["one_off"] == "0"


def test_an_ended_agent_is_expected_to_stay_so(ask: Ask) -> None:
    assert row_of(answer(ask("--by", "agent", as_of="2026-10-25")), "ended", "2026-10")["expected"] == "30"


def test_a_new_agent_has_no_interval_yet(ask: Ask) -> None:
    found = answer(ask("--by", "agent", as_of="2026-11-19"))
    new = row_of(found, "new")
    assert new["confidence"] == "low"
    assert [new[name] for name in QUANTILES] == [None] * 7
    assert any("acme" in note or "new" in note for note in found["meta"]["notes"] if "Low confidence" in note)


def test_a_short_history_says_so_in_a_sentence(ask: Ask) -> None:
    few = answer(ask(as_of="2026-07-24"))
    assert whole(few)["p50"] is None
    assert Decimal(whole(few)["expected"]) > Decimal(whole(few)["spent"])
    assert any("4 complete days are too short a history" in note for note in few["meta"]["notes"])
    some = answer(ask(as_of="2026-07-30"))
    assert whole(some)["confidence"] == "low"
    assert whole(some)["p50"] is not None
    assert any(note.startswith("Low confidence") for note in some["meta"]["notes"])
    assert whole(answer(ask()))["confidence"] == "high"


def test_the_budget_and_the_sentence(ask: Ask) -> None:
    found = answer(ask())
    total = whole(found)
    assert total["budget"] == "3300"
    assert total["over_budget_probability"] < 0.5
    said = next(note for note in found["meta"]["notes"] if "budget" in note)
    assert said.startswith("November will close at $")
    assert "80% interval $" in said
    assert said.endswith("under budget.")
    assert whole(found, "EUR")["budget"] is None


def test_the_way_to_the_close_ends_at_the_close(ask: Ask) -> None:
    found = answer(ask())
    days = [day for day in found["meta"]["days"] if day["currency"] == "USD"]
    total = whole(found)
    assert [day["day"] for day in days] == [f"2026-11-{n}" for n in range(18, 31)]
    assert {key: days[-1][key] for key in ("expected", "p10", "p90")} == {key: total[key] for key in ("expected", "p10", "p90")}
    expected = [Decimal(day["expected"]) for day in days]
    assert expected == sorted(expected)


def test_the_last_day_of_a_month_and_the_first(ask: Ask) -> None:
    last = answer(ask("--by", "agent", as_of="2026-10-31"))
    assert Decimal(whole(last)["p90"]) - Decimal(whole(last)["p10"]) < 40
    first = answer(ask(as_of="2026-11-01"))
    assert whole(first)["period"] == "2026-11"
    assert Decimal(whole(first)["spent"]) > 300
    assert abs(Decimal(whole(first)["expected"]) / Decimal(whole(answer(ask()))["expected"]) - 1) < Decimal("0.1")


def test_one_currency(ask: Ask) -> None:
    found = answer(ask("--currency", "EUR"))
    assert [total["currency"] for total in found["totals"]] == ["EUR"]
    assert Decimal(found["rows"][0]["expected"]) == 75


def test_the_same_question_has_the_same_answer(ask: Ask) -> None:
    assert ask("--by", "agent", "--months", "12").out == ask("--by", "agent", "--months", "12").out


def test_far_months_are_scenarios(ask: Ask) -> None:
    found = answer(ask("--months", "12"))
    methods = {total["period"]: total["method"] for total in found["totals"] if total["currency"] == "USD"}
    assert methods["2026-11"] == "weekly seasonal"
    assert methods["2027-11"] == "scenario"
    assert any("scenario" in note for note in found["meta"]["notes"])


def test_questions_that_make_no_sense(ask: Ask) -> None:
    assert ask("--by", "day").code == 2
    assert "agent" in ask("--by", "agnet").err
    stale = ask(as_of="2027-06-01")
    assert stale.code == 1
    assert "--as-of 2026-11-21" in stale.err
    early = ask(as_of="2026-07-01")
    assert early.code == 1
    assert "no cost before 1 Jul 2026" in early.err


def test_closing_for_a_chart(ledger: Path) -> None:
    from finops.config import Overrides
    from finops.steps.forecasting.forecast import close_of_month

    close = close_of_month(Overrides(config=ledger / "finops.toml", as_of=date(2026, 11, 20)), currency="USD")
    assert close.spent[-1][0] == close.complete_until == date(2026, 11, 17)
    assert close.ahead[0].day == date(2026, 11, 18)
    assert close.ahead[0].expected > close.spent[-1][1]
    assert close.budget == 3300
    assert close.track_record is not None
