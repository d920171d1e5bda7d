"""Histories that break naive code, through every command that judges them: nothing fails, nothing is found in vain."""

from __future__ import annotations

import csv
import json
import random
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

from tests.conftest import LONG, Ran
from tests.sources.test_otlp import document, span

Finops = Callable[..., Ran]
BEGIN, END = date(2028, 1, 10), date(2028, 4, 15)
"""Through a leap day, and the nights in which clocks change."""
NEW_AGENTS = 10_000 if LONG else 1_000
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

    ran = finops("forecast", "--by", "agent", "--as-of", END, "-f", "json")
    assert ran.code == 0, ran.err
    this = {row["agent"]: row for row in ran.json["rows"] if row["period"] == "2028-04"}
    assert "zero" not in this or Decimal(this["zero"]["expected"]) == 0
    assert 95 * 30 < Decimal(this["steady"]["expected"]) < 115 * 30
    assert Decimal(this["ends"]["expected"]) == 0
    assert Decimal(this["credit"]["expected"]) < 0
    assert Decimal(this["batch"]["p97_5"]) > Decimal(this["steady"]["expected"])
    (whole,) = [row for row in ran.json["totals"] if row.get("period", "2028-04") == "2028-04"]
    assert sum(Decimal(row["expected"]) for row in this.values()) == Decimal(whole["expected"])

    ran = finops("bridge", "--from", "2028-02", "--to", "2028-03", "--as-of", END, "-f", "json")
    assert ran.code == 0, ran.err
    (total,) = ran.json["totals"]
    assert sum(Decimal(row["effect"]) for row in ran.json["rows"]) == Decimal(total["change"])

    ran = finops("flag", "--as-of", END, "-f", "json")
    assert ran.code == 0, ran.err
    assert {row["verdict"] for row in ran.json["rows"]} == {"insufficient_data"}

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


def test_days_of_23_and_of_25_hours_are_no_surprise(finops: Finops) -> None:
    """One call an hour from September to April: what a day costs follows the clock of Berlin, what an hour costs does not."""
    begin, hours = datetime(2027, 9, 1, tzinfo=UTC), 24 * 218
    usage = {"gen_ai.usage.input_tokens": 40_000, "gen_ai.usage.output_tokens": 0}
    call = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    call |= {"gen_ai.agent.name": "hourly", **usage}
    with Path("traces.jsonl").open("w") as stream:
        for day in range(hours // 24):
            spans = []
            for number in range(day * 24 + 1, day * 24 + 25):
                start = int((begin + timedelta(hours=number - 1)).timestamp()) * 10**9
                times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 10**9)}
                spans.append(span(call, traceId=f"{number:032x}", spanId=f"{number:016x}", parentSpanId="", **times))
            stream.write(json.dumps(document(*spans)) + "\n")
    Path("finops.toml").write_text('[calendar]\nzone = "Europe/Berlin"\n')
    until = "2028-04-05"
    assert finops("ingest", "traces.jsonl", "--as-of", until).code == 0
    for as_of in ("2027-11-10", until):
        ran = finops("anomalies", "--last", "20d", "--as-of", as_of, "-f", "json")
        assert (ran.code, ran.json["rows"]) == (0, []), ran.err
    ran = finops("cost", "--by", "month", "--view", "incurred", "--as-of", until, "-f", "json")
    months = {row["month"]: Decimal(row["cost"]) for row in ran.json["rows"]}
    assert months["2027-10"] == Decimal("0.1") * (31 * 24 + 1)
    assert months["2028-03"] == Decimal("0.1") * (31 * 24 - 1)
    assert months["2028-02"] == Decimal("0.1") * 29 * 24
    ran = finops("forecast", "--as-of", until, "-f", "json")
    april = next(row for row in ran.json["rows"] if row["period"] == "2028-04")
    assert abs(Decimal(april["expected"]) / 72 - 1) < Decimal("0.01")
    ran = finops("volatility", "--last", "60d", "--as-of", until, "-f", "json")
    assert ran.json["rows"][0]["peak_to_mean"] < 1.05
