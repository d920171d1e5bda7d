"""Histories that break naive code, through every command that judges them: nothing fails, nothing is found in vain."""

from __future__ import annotations

import csv
import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tests.conftest import Ran

Finops = Callable[..., Ran]
BEGIN, END = date(2028, 1, 10), date(2028, 4, 15)
"""Through a leap day, and the nights in which clocks change."""
NEW_AGENTS = 300
HEAD = (
    *("BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingCurrency", "BillingAccountId", "InvoiceIssuerName"),
    *("ProviderName", "PublisherName", "ServiceName", "ServiceCategory", "ChargeCategory", "ChargeClass", "ChargeDescription"),
    *("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd", "Tags"),
)


def line(day: date, agent: str, amount: str) -> list[str]:
    month = day.replace(day=1)
    after = (month + timedelta(days=32)).replace(day=1)
    times = [f"{one.isoformat()}T00:00:00Z" for one in (day, day + timedelta(days=1), month, after)]
    own = ["USD", "1", "Cloud", "Cloud", "Cloud", "Agents", "Compute", "Usage", "", agent, *times]
    return [*([amount] * 4), *own, f'{{"agent": "{agent}", "tenant": "acme", "workflow": "work"}}']


def company() -> Iterator[list[str]]:
    chance = random.Random(1)
    days = [BEGIN + timedelta(days=number) for number in range((END - BEGIN).days)]
    for number, day in enumerate(days):
        steady = f"{100 + chance.randrange(10)}.00"
        yield line(day, "steady", steady)
        yield line(day, "zero", "0")
        yield line(day, "credit", f"-{5 + chance.randrange(3)}.00")
        if number % 9 not in (3, 4):
            yield line(day, "gaps", steady)
        if number < 60:
            yield line(day, "ends", steady)
        yield line(day, "batch", "400.00" if (day + timedelta(days=1)).day == 1 else steady)
    yield line(days[-1], "one-day", "50.00")
    for number in range(NEW_AGENTS):
        yield line(days[-1], f"new-{number}", "0.01")


def test_odd_histories(finops: Finops) -> None:
    with Path("bill.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(HEAD)
        writer.writerows(company())
    Path("finops.toml").write_text('[calendar]\nzone = "Europe/Berlin"\n')
    ran = finops("ingest", "bill.csv", "--as-of", END)
    assert ran.code == 0, ran.err

    ran = finops("anomalies", "--last", "60d", "--as-of", END, "-f", "json")
    assert ran.code == 0, ran.err
    assert {row["path"] for row in ran.json["rows"]} <= {"agent=batch", "agent=gaps", "agent=ends", "everything"}
    assert all(row["opened"] != "2028-03-31" for row in ran.json["rows"]), "the second month's end is no surprise"

    ran = finops("drift", "--last", "60d", "--as-of", END, "-f", "json")
    assert (ran.code, ran.json["rows"]) == (0, [])
    assert finops("burn", "--as-of", END).code == 1, "there is no budget"

    ran = finops("volatility", "--last", "120d", "--as-of", END, "-f", "json")
    assert ran.code == 0, ran.err
    rows = {row["agent"]: row for row in ran.json["rows"]}
    assert "zero" not in rows
    assert rows["one-day"]["days"] == rows["new-7"]["days"] == 1
    assert rows["one-day"]["at_risk"] is None
    assert rows["ends"]["days"] == 60
    assert rows["steady"]["days"] == rows["batch"]["days"] == (END - BEGIN).days
    assert rows["credit"]["peak_to_mean"] is None
    assert rows["batch"]["peak_to_mean"] > 3
    assert Decimal(rows["batch"]["at_risk"]) > Decimal(rows["steady"]["at_risk"])
    assert rows["gaps"]["other"] == 1
