"""What bills and traces leave out is said to be unknown: never 0, never silently missing, never a traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]

HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,"
    "ProviderName,ChargeCategory,ServiceName,BilledCost,EffectiveCost,x_AgentId"
)
LINE = "1,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-{day:02}T00:00:00Z,2026-10-{day:02}T01:00:00Z,AWS,AWS,Usage,ec2"


def ingest_bill(finops: Finops, effective: list[str]) -> None:
    lines = [f"{LINE.format(day=day)},2.50,{cost},a{day % 2}" for day, cost in enumerate(effective, start=1)]
    Path("bill.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    ran = finops("ingest", "bill.csv")
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("effective", [["NULL", "2", ""]])
def test_charges_without_an_effective_cost_are_counted_and_named(effective: list[str], finops: Finops) -> None:
    ingest_bill(finops, effective)
    unknown = sum(not cost.isdigit() for cost in effective)
    cost = finops("cost", "--as-of", "2026-10-20")
    assert cost.code == 0
    assert f"{unknown} charges in the ledger have no EffectiveCost" in cost.out
    assert f"{unknown} charges" not in finops("cost", "--metric", "billed").out
    report = finops("report", "--as-of", "2026-10-20")
    assert report.code == 0, report.err
    page = Path("finops-report/summary.md").read_text(encoding="utf-8")
    assert f"{unknown} charges have no effective cost and are in no figure here" in page


def test_where_no_charge_has_an_effective_cost_the_report_falls_back_to_billed_and_says_so(finops: Finops) -> None:
    ingest_bill(finops, ["", "", ""])
    assert finops("report", "--as-of", "2026-10-20").code == 0
    page = Path("finops-report/summary.md").read_text(encoding="utf-8")
    assert "No charge has an EffectiveCost: every cost here is billed cost." in page
    assert "$7.50" in page
    assert "No cost is known" not in page
    assert "**$0**" not in page
    assert "3 charges billed at $7.50 have no EffectiveCost" in finops("reconcile").out
    assert "EffectiveCost" not in finops("reconcile", "--month", "2026-09").out


def test_estimates_alone_have_no_billed_total(finops: Finops) -> None:
    values = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    attributes = [{"key": key, "value": {"stringValue": text}} for key, text in values.items()]
    attributes += [{"key": f"gen_ai.usage.{way}_tokens", "value": {"intValue": "100"}} for way in ("input", "output")]
    span = {"traceId": "1" * 32, "spanId": "2" * 16, "name": "chat", "startTimeUnixNano": "1790000000000000000"}
    spans = [{**span, "endTimeUnixNano": "1790000001000000000", "attributes": attributes}]
    Path("traces.jsonl").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}) + "\n", encoding="utf-8")
    assert finops("ingest", "traces.jsonl").code == 0
    (total,) = finops("reconcile", "-f", "json").json["totals"]
    assert (total["billed"], total["allocated"], total["difference"]) == (None, None, None)
    assert "< $0.01 is estimated" in finops("reconcile").out
    assert "< $0.01 of it is estimated" in finops("cost").out


def test_a_figure_that_json_has_no_word_for_is_null(finops: Finops) -> None:
    ingest_bill(finops, ["1"])
    ran = finops("query", "SELECT 'NaN'::DOUBLE AS a, 1e0 / 0 AS b", "-f", "json")
    assert [(row["a"], row["b"]) for row in json.loads(ran.out, parse_constant=pytest.fail)["rows"]] == [(None, None)]
    assert "n/a" in finops("query", "SELECT 'NaN'::DOUBLE AS a, 1e0 / 0 AS b").out


def test_a_ledger_of_another_version_asks_for_a_build(finops: Finops) -> None:
    ingest_bill(finops, ["1"])
    with duckdb.connect("finops.duckdb") as connection:
        connection.execute("ALTER TABLE fct_cost RENAME COLUMN effective TO spent")
    ran = finops("cost")
    assert (ran.code, "`finops build`" in ran.err) == (1, True)
    doctor = finops("doctor")
    assert (doctor.code, "`finops build --full`" in doctor.out) == (1, True)
    assert finops("build", "--full").code == 0
    assert finops("cost").code == 0
