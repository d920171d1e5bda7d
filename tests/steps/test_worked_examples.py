"""Two sums that a person does on the back of an envelope, done by the commands on files as a person would write them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
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
