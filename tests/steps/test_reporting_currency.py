"""A company billed in euros and dollars: one cost per agent in the currency that it reports in, exact, with the rates told."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,"
    "ProviderName,ChargeCategory,ServiceName,BilledCost,EffectiveCost,ListCost,ContractedCost,Tags"
)
MONTHS = {9: "2026-09-01,2026-10-01", 10: "2026-10-01,2026-11-01"}
RATES = "date,from,to,rate,source\n2026-09-01,EUR,USD,1.1,ECB\n2026-09-11,EUR,USD,1.2,ECB\n2026-10-01,USD,EUR,0.8,ECB\n"
CONFIG = """
[ledger]
as_of = 2026-10-20
[currency]
rates = "rates.csv"
report = "USD"
"""


def line(issuer: str, currency: str, month: int, day: int, cost: str, agent: str) -> str:
    period = ",".join(f"{one}T00:00:00Z" for one in MONTHS[month].split(","))
    days = f"2026-{month:02}-{day:02}T00:00:00Z,2026-{month:02}-{day + 1:02}T00:00:00Z"
    tags = f'"{{""agent"": ""{agent}""}}"'
    return f"{issuer}-1,{currency},{period},{days},{issuer},{issuer},Usage,Compute,{cost},{cost},{cost},{cost},{tags}"


BILLS = {
    "euro.csv": [
        line("Hetz", "EUR", 9, 10, "10.01", "solver"),
        line("Hetz", "EUR", 9, 12, "3.333333333333", "solver"),
        line("Hetz", "EUR", 10, 2, "8", "solver"),
        line("Hetz", "EUR", 10, 18, "5", "reader"),  # ten days after the last rate: none is known
    ],
    "dollar.csv": [line("Web", "USD", 9, 10, "2", "solver"), line("Web", "USD", 10, 2, "7", "reader")],
}
SOLVER = Decimal("10.01") * Decimal("1.1") + Decimal("3.999999999999") + 2
"""The share of 1.2 x 3.333333333333 that twelve decimals hold, and dollars as they are."""


@pytest.fixture
def company(finops: Finops, once: Callable[..., None]) -> Callable[..., Any]:
    def make() -> None:
        for name, lines in BILLS.items():
            Path(name).write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
        Path("rates.csv").write_text(RATES, encoding="utf-8")
        Path("finops.toml").write_text(CONFIG, encoding="utf-8")
        assert finops("ingest", *BILLS, "-q").code == 0

    once(make)

    def answer(*arguments: object) -> Any:
        ran = finops(*arguments, "-f", "json")
        assert ran.code == 0, ran.err
        return ran.json

    return answer


def test_one_cost_per_agent_at_the_rate_of_each_day(company: Callable[..., Any]) -> None:
    found = company("cost", "--month", "2026-09")
    assert found["rows"] == [{"agent": "solver", "currency": "USD", "basis": "billed", "cost": "17.010999999999", "share": 1.0}]
    assert Decimal(found["totals"][0]["cost"]) == SOLVER
    assert found["meta"]["reported_in"] == "USD"
    notes = found["meta"]["notes"]
    assert any("EUR is told in USD, each day at its own rate (1.1 on 2026-09-10" in note and "ECB" in note for note in notes)
    assert any("they are just what the days' sums come to" in note for note in notes)
    whole = company("cost", "--by", "agent,day")
    stays = [row for row in whole["rows"] if row["currency"] == "EUR"]
    assert [(row["agent"], row["cost"]) for row in stays] == [("reader", "5")]  # never added to dollars
    assert any(
        "no rate from EUR to USD is known for a day of cost, which stays in EUR" in note for note in whole["meta"]["notes"]
    )
    assert {row["currency"]: row["cost"] for row in company("cost", "--currency", "EUR")["totals"]} == {"EUR": "26.343333333333"}


def test_the_other_commands_tell_the_same_and_the_balance_is_as_billed(company: Callable[..., Any]) -> None:
    (bridge,) = [one for one in company("bridge", "--from", "2026-09", "--to", "2026-10")["totals"] if one["currency"] == "USD"]
    assert (bridge["from_cost"], bridge["to_cost"]) == ("17.010999999999", "17")  # 8 EUR at 1 / 0.8, and 7 USD
    units = company("cost", "--trend", "month")["meta"]["notes"]
    assert any("EUR is told in USD" in note for note in units)
    spent = {one["currency"]: one["spent"] for one in company("forecast")["totals"]}
    assert spent == {"EUR": "5", "USD": "17"}
    balance = company("reconcile")
    assert {row["currency"] for row in balance["rows"]} == {"EUR", "USD"}
    assert "reported_in" not in balance["meta"]
    assert {one["currency"]: one["difference"] for one in company("reconcile")["totals"]} == {"EUR": "0", "USD": "0"}


def test_the_report_says_its_rates(company: Callable[..., Any], tmp_path: Path) -> None:
    assert company("report", "--out", tmp_path / "out")["meta"]["currency"] == "USD"
    page = (tmp_path / "out/report.html").read_text(encoding="utf-8")
    assert "EUR is told in USD, each day at its own rate" in page
    assert "known for a day of cost" in page


def test_a_figure_is_followed_to_rows_in_the_currency_of_their_bills(company: Callable[..., Any]) -> None:
    found = company("explain", "cost", "--trace", "--month", "2026-09", "--where", "agent=solver")
    assert found["totals"][0]["effective"] == "17.010999999999"
    assert sum(Decimal(row["effective"]) for row in found["rows"]) == SOLVER
    assert [(Path(row["file"]).name, row["billed_in"], row["rate"]) for row in found["rows"]] == [
        ("dollar.csv", "USD", 1),
        ("euro.csv", "EUR", 1.1),
        ("euro.csv", "EUR", 1.2),
    ]


def test_the_balance_is_followed_as_billed_too(company: Callable[..., Any]) -> None:
    traced = company("explain", "reconcile", "--trace", "--month", "2026-09")
    assert {total["currency"]: total["billed"] for total in traced["totals"]} == {"EUR": "13.343333333333", "USD": "2"}
    told = company("reconcile", "--month", "2026-09")["totals"]
    assert {total["currency"]: total["billed"] for total in told} == {"EUR": "13.343333333333", "USD": "2"}


def test_what_the_configuration_says_in_another_currency(finops: Finops, company: Callable[..., Any], tmp_path: Path) -> None:
    budget = '\n[[budget]]\namount = "100"\ncurrency = "{}"\n'
    rates = RATES + "2026-10-15,EUR,USD,1.3,ECB\n"
    (tmp_path / "rates.csv").write_text(rates, encoding="utf-8")
    (tmp_path / "finops.toml").write_text(CONFIG + budget.format("EUR"), encoding="utf-8")
    found = company("forecast")
    assert found["totals"][0]["budget"] == "130"
    assert any("[[budget]] in line 8: amounts in EUR are taken at 1.3 USD" in note for note in found["meta"]["notes"])
    (tmp_path / "finops.toml").write_text(CONFIG + budget.format("CHF"), encoding="utf-8")
    assert any("compared with no cost" in note for note in company("forecast")["meta"]["notes"])
    (tmp_path / "finops.toml").write_text('[currency]\nreport = "USD"\n', encoding="utf-8")
    ran = finops("cost")
    assert (ran.code, "needs a table of rates" in ran.err) == (2, True)
