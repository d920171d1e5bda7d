"""`finops place WORKFLOW --replay MONTH` with machines of one's own: calls that ran on them, and calls that could."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.steps.benchmarks import AS_OF, benched

Finops = Callable[..., Ran]
D = Decimal
OCTOBER = datetime(2026, 10, 1, tzinfo=UTC)
HOURS = 744
PRICE = D("0.9776")
CONFIG = """
[[import]]
name = "lengths"
contract = "call"
constants = { operation = "inference", tenant = "t", agent = "writer" }
[import.columns]
response = "id"
start_time = "time"
provider = "provider"
model = "model"
workflow = "workflow"
input_uncached = "read"
output = "made"

[[rule]]
id = "gpu"
from = 2026-01-01
match = { ServiceName = "EC2" }
method = "metered"
driver = "gpu_seconds"
join = ["resource"]
reference = "capacity"
window = "hour"
"""


def table(name: str, rows: Iterable[dict[str, Any]]) -> str:
    found = list(rows)
    with Path(name).open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return name


def calls(provider: str, model: str) -> str:
    """20 calls of a million tokens read and 200,000 made: 6 in one hour of the 5th, 14 in other hours."""
    hours = [100] * 6 + list(range(200, 214))
    return table(
        "calls.csv",
        (
            {
                "id": f"c{number}", "time": f"{OCTOBER + timedelta(hours=hour, minutes=number):%Y-%m-%dT%H:%M:%SZ}",
                "provider": provider, "model": model, "workflow": "drafts", "read": 1_000_000, "made": 200_000,
            }
            for number, hour in enumerate(hours)
        ),
    )  # fmt: skip


def bill() -> str:
    """One machine, on demand, all October."""
    return table(
        "bill.csv",
        (
            {
                "BilledCost": PRICE, "EffectiveCost": PRICE, "ListCost": PRICE, "BillingAccountId": "1", "BillingCurrency": "USD",
                "BillingPeriodStart": "2026-10-01T00:00:00Z", "ChargeCategory": "Usage", "ServiceName": "EC2",
                "ProviderName": "AWS", "InvoiceIssuerName": "AWS", "RegionId": "us-east-1", "ResourceId": "i-1",
                "ChargePeriodStart": f"{OCTOBER + timedelta(hours=hour):%Y-%m-%dT%H:00:00Z}",
                "ChargePeriodEnd": f"{OCTOBER + timedelta(hours=hour + 1):%Y-%m-%dT%H:00:00Z}",
                "PricingCategory": "Standard", "PricingQuantity": 1, "PricingUnit": "Hours", "SkuMeter": "BoxUsage:g6.2xlarge",
            }
            for hour in range(HOURS)
        ),
    )  # fmt: skip


def meters(seconds: Callable[[int], int]) -> str:
    return table(
        "meters.csv",
        (
            {
                "hour": f"{OCTOBER + timedelta(hours=hour):%Y-%m-%dT%H:00:00Z}", "provider": "aws", "account": "1",
                "region": "us-east-1", "resource": "i-1", "instance_type": "g6.2xlarge", "purchase_option": "on_demand",
                "capacity": 1, "tenant": "t", "agent": "writer", "workflow": "drafts", "gpu_seconds": seconds(hour),
            }
            for hour in range(HOURS)
            if seconds(hour)
        ),
    )  # fmt: skip


def replayed(finops: Finops, home: Path, files: Iterable[str], *more: str) -> tuple[list[dict[str, Any]], list[str]]:
    """At half a millisecond a token of either kind: 1,800 s for 2.7 M read and 0.9 M made. A second model is measured, too."""
    Path("finops.toml").write_text(CONFIG)
    measured = {"input_tokens": 2_700_000.0}
    benched(home, measured, {**measured, "model": "maker/text-3b", "instance_type": "g6.xlarge", "duration_s": 900.0})
    ran = finops("ingest", *files, *AS_OF)
    assert ran.code == 0, ran.err
    ran = finops("place", "drafts", "--replay", "2026-10", *more, "-f", "json", *AS_OF)
    assert ran.code == 0, ran.err
    return ran.json["rows"], ran.json["meta"]["notes"]


def on(rows: list[dict[str, Any]], model: str, option: str = "on_demand") -> dict[str, Any]:
    (row,) = [row for row in rows if (row["model"], row["purchase_option"], row["today"]) == (model, option, False)]
    return row


@pytest.fixture
def own(finops: Finops, tmp_path: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """What the calls take, 600 s each, is what was metered."""
    used = {100: 3_600} | dict.fromkeys(range(200, 214), 600)
    files = (calls("vllm", "vision-7b"), bill(), meters(lambda hour: used.get(hour, 0)))
    return replayed(finops, tmp_path, files, "--to", "gpt-4o-mini,vision-7b,text-3b")


def test_calls_on_own_machines_cost_the_machines_with_their_idle_time(own: tuple[list[dict[str, Any]], list[str]]) -> None:
    rows, notes = own
    (today,) = [row for row in rows if row["today"]]
    assert (D(today["monthly_cost"]), today["calls"]) == (PRICE * HOURS, 20)
    assert float(today["busy_cost"]) == pytest.approx(float(PRICE) * 12_000 / 3_600)
    assert "vision-7b ran on own machines: $3.26 for the time in use and $727 with its share of idle time." in notes


def test_other_models_and_machines_are_priced_call_by_call(own: tuple[list[dict[str, Any]], list[str]]) -> None:
    """The busiest hour has 3,600 s of work: two machines at 70 %; one where a call takes half as long."""
    rows, _ = own
    api, same, other = on(rows, "gpt-4o-mini"), on(rows, "vision-7b"), on(rows, "maker/text-3b")
    assert (D(api["monthly_cost"]), D(api["saving"])) == (D("5.4"), PRICE * HOURS - D("5.4"))
    assert (same["count"], D(same["monthly_cost"]), D(same["saving"])) == (2, 2 * PRICE * HOURS, -PRICE * HOURS)
    assert float(same["busy_cost"]) == pytest.approx(float(PRICE) * 12_000 / 3_600)
    assert (other["count"], D(other["monthly_cost"])) == (1, D("0.8048") * HOURS)
    assert float(other["busy_cost"]) == pytest.approx(0.8048 * 6_000 / 3_600)
    spot = on(rows, "vision-7b", "spot")
    assert D(spot["monthly_cost"]) < D(same["monthly_cost"])
    assert "a lower bound" in spot["reason"]


def test_machines_that_did_more_than_the_calls_are_not_compared(finops: Finops, tmp_path: Path) -> None:
    files = (calls("vllm", "vision-7b"), bill(), meters(lambda _: 3_000))
    rows, notes = replayed(finops, tmp_path, files)
    assert {row["saving"] for row in rows} == {None}
    said = "The calls take 0.5% of the GPU time that was metered for this workflow, at the pace that was measured:"
    assert any(note.startswith(said) for note in notes)
    assert not any("is not known" in note for note in notes)


def test_calls_of_an_api_could_run_on_own_machines(finops: Finops, tmp_path: Path) -> None:
    rows, notes = replayed(finops, tmp_path, (calls("openai", "gpt-4o"),))
    (today,) = [row for row in rows if row["today"]]
    own = on(rows, "vision-7b")
    assert D(today["monthly_cost"]) == 20 * (D("2.5") + 2)
    assert D(own["saving"]) == D(today["monthly_cost"]) - 2 * PRICE * HOURS
    assert any(note.startswith("Own machines take the pace of their benchmark") for note in notes)
    table = finops("place", "drafts", "--replay", "2026-10", *AS_OF)
    assert max(len(line) for line in table.out.splitlines() if line.startswith("─")) <= 115
