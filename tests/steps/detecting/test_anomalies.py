"""`finops anomalies` on the sample company: the two planted incidents, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

from tests.conftest import Ran

Finops = Callable[..., Ran]


def test_the_planted_incidents_and_nothing_else(sample: Finops) -> None:
    truth = json.loads((Path(__file__).parents[3] / "sample_data" / "truth.json").read_text())
    ran = sample("anomalies", "--last", "120d", "-f", "json")
    assert ran.code == 0, ran.err
    loop, spike = ran.json["rows"]
    assert (loop["opened"], loop["path"]) == (truth["retry_loop"]["from"], "agent=price-checker")
    assert loop["driver"].startswith("calls_per_run +$")
    assert (spike["opened"], spike["closed"]) == (truth["spike"]["from"], truth["spike"]["to"])
    assert spike["path"] == "tenant=bluefin-bank / workflow=service-desk-triage"
    assert spike["driver"].startswith("runs +$")
    assert abs(Decimal(spike["excess"]) / Decimal(truth["spike"]["cost"]) - 1) < Decimal("0.05")


def test_state_follows_the_business_date(sample: Finops) -> None:
    during = sample("anomalies", "--as-of", "2026-09-25", "-f", "json").json["rows"]
    assert [(row["opened"], row["closed"], row["status"]) for row in during] == [("2026-09-22", None, "grown")]
    after = sample("anomalies", "--as-of", "2026-10-03", "-f", "json").json["rows"]
    assert [(row["opened"], row["closed"], row["status"]) for row in after] == [("2026-09-22", "2026-09-24", "resolved")]


def test_too_little_history_is_said(sample: Finops) -> None:
    ran = sample("anomalies", "--as-of", "2026-08-05")
    assert ran.code == 0
    assert "too few to tell what is usual" in ran.out + ran.err


def test_a_bill_without_effective_cost_is_judged_by_what_was_billed(finops: Finops) -> None:
    """The same incident with and without EffectiveCost: with none at all, billed cost stands in and it is said."""
    head = (
        "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
        "ChargeCategory,ServiceName,x_TenantId,BilledCost,EffectiveCost"
    )
    first = date(2026, 7, 1)
    days = [first + timedelta(days=number) for number in range(100)]
    told = {}
    for known in (True, False):
        lines = [head]
        for day in days:
            amount = (10 + day.day % 3) * (8 if day == date(2026, 10, 2) else 1)
            times = f"{day.replace(day=1)}T00:00:00Z,{day}T00:00:00Z,{day + timedelta(days=1)}T00:00:00Z"
            lines.append(f"1,USD,{times},AWS,AWS,Usage,ec2,acme,{amount},{amount if known else ''}")
        Path("bill.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
        ledger = f"{known}.duckdb"
        assert finops("ingest", "bill.csv", "--ledger", ledger).code == 0
        ran = finops("anomalies", "--ledger", ledger, "--as-of", "2026-10-09", "-f", "json")
        assert ran.code == 0, ran.err
        told[known] = [(row["opened"], row["class"], row["excess"]) for row in ran.json["rows"]]
        said = "no charge in USD has an EffectiveCost: its billed cost is judged" in ran.json["meta"]["notes"]
        assert said is not known
    assert [row[0] for row in told[True]] == ["2026-10-02"]
    assert told[True] == told[False]
