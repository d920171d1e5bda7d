"""Two sums that a person does on the back of an envelope, done by the commands on files as a person would write them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
D = Decimal


def test_ten_documents_in_two_gpu_hours_are_six_hundred_a_month_for_a_hundred_a_day(finops: Finops) -> None:
    Path("work.csv").write_text(
        "workload,units,unit,resource_hours,instance_type,region,provider\n"
        "contract reading,10,document,2,g6.xlarge,us-east-1,aws\n"
        "contract reading in fours,10,document,2,g6.12xlarge,us-east-1,aws\n",
        encoding="utf-8",
    )
    assert finops("ingest", "work.csv").code == 0
    ran = finops("bench", "cost", "--units-per-day", "100", "--as-of", "2026-08-01", "-f", "json")
    assert ran.code == 0, ran.err
    rows = {(row["instance_type"], row["purchase_option"]): row for row in ran.json["rows"]}
    row = rows["g6.xlarge", "on_demand"]
    assert (row["hours_per_unit"], row["gpu_hours_per_unit"]) == (0.2, 0.2)
    assert (row["gpu_hours_per_day"], row["gpu_hours_per_month"]) == (20, pytest.approx(20 * 730 / 24))
    price = D(row["hourly_price"])
    assert D(row["unit_cost"]) == price / 5
    assert D(row["cost_per_day"]) == 20 * price
    assert D(row["cost_per_month"]) == pytest.approx(20 * price * 730 / 24, abs=D("1e-7"))
    four = rows["g6.12xlarge", "on_demand"]
    assert (four["hours_per_unit"], four["gpu_hours_per_unit"], four["gpu_hours_per_day"]) == (0.2, 0.8, 80)
    placed = finops("place", "contract reading", "--units-per-month", "3000", "--as-of", "2026-08-01", "-f", "json")
    today = next(row for row in placed.json["rows"] if row["today"])
    assert D(today["monthly_cost"]) == 600 * price
    alone = finops("bench", "cost", "-f", "json").json["rows"]
    assert {row["gpu_hours_per_day"] for row in alone} == {None}
    assert finops("bench", "cost", "--units-per-day", "none").code == 2


HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,"
    "ProviderName,ChargeCategory,ServiceName,RegionId,x_InstanceType,PricingCategory,CommitmentDiscountStatus,ConsumedQuantity,"
    "ConsumedUnit,BilledCost,EffectiveCost"
)
ON_DEMAND, SPOT = D("12.8310511417534"), D("2.92897783561644")
"""An a3-highgpu-1g in europe-west9, by the bundled facts of 2026-08-06."""


def stored(amount: Decimal) -> Decimal:
    return amount.quantize(D("1e-12"), rounding=ROUND_HALF_UP)


def line(hours: int, price: Decimal, category: str = "Standard", *, status: str = "", kind: str = "a3-highgpu-1g") -> str:
    cost = f"{price * hours:f}"
    return (
        "1,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-05T00:00:00Z,2026-10-06T00:00:00Z,Google Cloud,Google Cloud,"
        f"Usage,Compute Engine,europe-west9,{kind},{category},{status},{hours or ''},{'Hours' if hours else ''},{cost},{cost}"
    )


def options(finops: Finops, lines: list[str], *more: str) -> Ran:
    Path("bill.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    assert finops("ingest", "bill.csv", "--as-of", "2026-11-05").code == 0
    return finops("reconcile", "--month", "2026-10", "--as-of", "2026-11-05", "-f", "json", *more)


def test_an_expected_month_of_15_k_that_was_billed_67_k_was_bought_on_demand(finops: Finops) -> None:
    """Seven nodes for 744 hours each, planned on spot; their disks make the bill a round sum."""
    hours = 7 * 744
    disks = 67_000 - 7 * stored(744 * ON_DEMAND)
    disk_line = line(1, disks, kind="").replace(",1,Hours,", ",,,")
    ran = options(finops, [line(744, ON_DEMAND)] * 7 + [disk_line], "--expect", "spot", "--expected", "15000")
    assert ran.code == 0, ran.err
    total = {name: D(text) for name, text in ran.json["totals"][0].items() if name != "currency"}
    assert (total["expected"], total["cost"]) == (15_000, 67_000)
    assert total["plan"] == stored(hours * SPOT) - 15_000
    assert total["other"] == disks
    assert total["purchase_option"] == 7 * stored(744 * ON_DEMAND) - stored(hours * SPOT)
    assert total["purchase_option"] / (67_000 - 15_000) > D("0.99")
    assert sum(amount for name, amount in total.items() if name != "cost") == total["cost"]
    (row,) = ran.json["rows"]
    assert (row["purchase_option"], row["hours"], row["cause"]) == ("on_demand", hours, "purchase_option")
    assert D(row["expected"]) == stored(hours * SPOT)


def test_prices_unused_commitments_and_unknown_places_are_causes_of_their_own(finops: Finops) -> None:
    lines = [
        line(100, SPOT + 1, "Dynamic"),
        line(10, ON_DEMAND),
        line(5, D(4), "Committed", status="Unused"),
        line(20, D(3), kind="nobody-1"),
    ]
    ran = options(finops, lines, "--expect", "spot")
    assert ran.code == 0, ran.err
    total = {name: D(text) for name, text in ran.json["totals"][0].items() if name != "currency"}
    assert (total["plan"], total["hourly_price"], total["unused_commitment"], total["unknown_price"]) == (0, 100, 20, 60)
    assert total["purchase_option"] == stored(10 * ON_DEMAND) - stored(10 * SPOT)
    assert sum(amount for name, amount in total.items() if name != "cost") == total["cost"]
    assert any("no spot price is known of gcp europe-west9 nobody-1" in note for note in ran.json["meta"]["notes"])
    assumed = finops(
        *("reconcile", "--month", "2026-10", "--as-of", "2026-11-05", "-f", "json"),
        *("--expect", "savings_plan_3y", "--assume", "savings_plan_3y=40%"),
    )
    expected = next(row for row in assumed.json["rows"] if row["purchase_option"] == "on_demand")["expected"]
    assert D(expected) == stored(10 * ON_DEMAND * D("0.6"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--expect", "cheap"), "no purchase option"),
        (("--expected", "15000"), "belongs to `--expect`"),
        (("--expect", "spot", "--sources"), "can't both be given"),
        (("--expect", "spot", "--assume", "reserved_1y=30%"), "not what is expected"),
    ],
)
def test_what_makes_no_sense_is_refused(finops: Finops, arguments: tuple[str, ...], said: str) -> None:
    ran = finops("reconcile", *arguments)
    assert (ran.code, said in ran.err) == (2, True), ran.err
