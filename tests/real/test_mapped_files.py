"""Real files through mappings: the sums that their own sources find, and files that no source reads."""

from __future__ import annotations

import csv
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.conftest import Ran

Finops = Callable[..., Ran]
Shared = Callable[[str], Path]

CONFIG = """
[[import]]
name = "our-cur"
files = "aws_cur_*.csv"
contract = "charge"
[import.columns]
BilledCost = "lineItem/UnblendedCost"
BillingCurrency = "lineItem/CurrencyCode"
BillingPeriodStart = "bill/BillingPeriodStartDate"
ChargePeriodStart = "lineItem/UsageStartDate"
ChargePeriodEnd = "lineItem/UsageEndDate"
BillingAccountId = "bill/PayerAccountId"
ResourceId = { column = "lineItem/ResourceId", optional = true }

[[import]]
name = "our-azure"
requires = ["Cost", "MeterId", "ChargeType"]
contract = "charge"
zone = "UTC"
[import.columns]
BilledCost = "Cost"
BillingCurrency = "BillingCurrency"
BillingAccountId = "BillingAccountId"
ChargePeriodStart = { column = "Date", format = "%m/%d/%Y" }

[[import]]
name = "lengths"
contract = "call"
constants = { operation = "inference", provider = "azure" }
[import.columns]
start_time = "TIMESTAMP"
input_uncached = "ContextTokens"
output = "GeneratedTokens"
"""


def test_bills_add_up_as_through_their_own_sources(finops: Finops, tmp_path: Path, shared_file: Shared) -> None:
    (tmp_path / "finops.toml").write_text(CONFIG)
    files = [shared_file(f"billing/{name}") for name in ("aws_cur_legacy_sample.csv", "azure_EA_ActualCost_Small.csv")]
    ran = finops("ingest", *files, "-f", "json")
    assert ran.code == 0, ran.err
    found = {row["source"]: (row["rows"], row["rejected"]) for row in ran.json["rows"]}
    assert found["our-cur"] == (1281, 0)
    assert found["our-azure"][1] == 0
    lines = finops("reconcile", "-f", "json").json["rows"]
    totals = [Decimal(row["source_total"]) for row in lines]
    assert sum(totals) == Decimal("1.68230869740") + Decimal("8.5450077867419368")
    assert all(row["difference"] == "0" for row in lines)
    assert sum(Decimal(row["billed"]) - Decimal(row["rounding"]) for row in lines) == sum(totals)


def test_a_trace_of_request_lengths_becomes_calls(finops: Finops, tmp_path: Path, shared_file: Shared) -> None:
    (tmp_path / "finops.toml").write_text(CONFIG)
    path = shared_file("traces/AzureLLMInferenceTrace_conv.csv")
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    ran = finops("ingest", path, "--no-build", "-f", "json")
    assert [(row["source"], row["rows"], row["rejected"]) for row in ran.json["rows"]] == [("lengths", len(rows), 0)]
    sums = finops("query", "SELECT sum(input_uncached) AS i, sum(output) AS o FROM call", "-f", "json").json["rows"][0]
    assert (int(sums["i"]), int(sums["o"])) == tuple(
        sum(int(row[name]) for row in rows) for name in ("ContextTokens", "GeneratedTokens")
    )
