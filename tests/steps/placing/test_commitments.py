"""`finops commitments` on bills made for it, to the digit, and on the sample company."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
D = Decimal
FIRST = datetime(2026, 9, 1)
DAYS = 10
WINDOW = ("--as-of", "2026-09-10", "--last", "10d")
LINE = {
    "BillingAccountId": "1", "BillingCurrency": "USD", "BillingPeriodStart": "2026-09-01T00:00:00Z", "ChargeCategory": "Usage",
    "ProviderName": "AWS", "InvoiceIssuerName": "AWS", "ServiceName": "Amazon Elastic Compute Cloud", "RegionId": "us-east-1",
    "PricingUnit": "Hours", "PricingCategory": "Standard", "ChargeFrequency": "Usage-Based",
}  # fmt: skip
HELD = {"CommitmentDiscountId": "ri-1", "CommitmentDiscountCategory": "Usage", "PricingCategory": "Committed"}


def busy(hour: int) -> bool:
    return 8 <= hour % 24 < 18


def line(hour: int, kind: str, count: int, price: str, listed: str, **more: str) -> dict[str, str]:
    start = FIRST + timedelta(hours=hour)
    cost, full = str(D(price) * count), str(D(listed) * count)
    amounts = {"BilledCost": cost, "EffectiveCost": cost, "ListCost": full, "PricingQuantity": str(count)}
    times = {
        "ChargePeriodStart": f"{start:%Y-%m-%dT%H:00:00Z}",
        "ChargePeriodEnd": f"{start + timedelta(hours=1):%Y-%m-%dT%H:00:00Z}",
    }
    return {**LINE, **amounts, **times, "SkuMeter": f"BoxUsage:{kind}", **more}


def bill() -> Iterator[dict[str, str]]:
    """5 m5.large are reserved at 0.06 (0.10 on demand); 2 run always and a third for 10 hours a day. 3 g6.xlarge run always and a
    fourth every other hour, on demand."""
    for hour in range(24 * DAYS):
        used = 3 if busy(hour) else 2
        yield line(hour, "m5.large", used, "0.06", "0.10", **HELD, CommitmentDiscountStatus="Used")
        yield line(hour, "m5.large", 5 - used, "0.06", "0", **HELD, CommitmentDiscountStatus="Unused")
        yield line(hour, "g6.xlarge", 4 if hour % 2 else 3, "0.8", "0.8")


def ingested(finops: Finops, rows: Iterator[dict[str, str]] | list[dict[str, str]]) -> None:
    found = list(rows)
    with Path("bill.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list({name: None for one in found for name in one}))
        writer.writeheader()
        writer.writerows(found)
    ran = finops("ingest", "bill.csv", "--as-of", "2026-09-10")
    assert ran.code == 0, ran.err


def answered(finops: Finops, *more: object) -> tuple[dict[tuple[str, str], dict[str, Any]], dict[str, Any]]:
    """The rows by instance type and plan, and the document."""
    ran = finops("commitments", *WINDOW, *more, "-f", "json", "-q")
    assert ran.code == 0, ran.err
    return {(row["instance_type"], row["plan"]): row for row in ran.json["rows"]}, ran.json


def test_the_over_reserved_commitment_is_found_to_the_digit(finops: Finops) -> None:
    """The third is used 10 of 24 hours, below the 60 % from which it pays: 2 would do. 5 cost 0.30 an hour; 2 at 0.06 and the
    third on demand for 10/24 of the hours cost 0.161666...; the difference, x 730 hours, is 100.98333... a month."""
    ingested(finops, bill())
    rows, document = answered(finops)
    held = rows["m5.large", "today"]
    assert (held["units"], held["too_many"]) == (5, 3)
    assert D(held["too_many_cost"]) == round(D("0.30") * 730 - (D("0.12") + D("0.1") * 10 / 24) * 730, 12)
    assert held["utilisation"] == pytest.approx((2 + 10 / 24) / 5, abs=1e-9)
    assert held["coverage"] == 1
    assert D(held["unused_cost"]) == round(D("0.06") * (3 - D(10) / 24) * 730, 12)
    cut = rows["m5.large", "held, cut"]
    assert (cut["units"], cut["utilisation"], D(cut["saving"])) == (2, 1, D(held["too_many_cost"]))
    assert D(cut["monthly_cost"]) == D(held["monthly_cost"]) - D(held["too_many_cost"])
    assert cut["savings_rate"] == pytest.approx(1 - (0.12 + 0.1 * 10 / 24) / (0.1 * (2 + 10 / 24)), abs=1e-9)
    assert held["savings_rate"] == pytest.approx(1 - 0.30 / (0.1 * (2 + 10 / 24)), abs=1e-9)
    said = "m5.large in us-east-1: 5 are held and 2 would do at their price; what is too much costs $101 a month"
    assert said in document["meta"]["notes"]


def test_without_a_committed_price_it_says_so_and_shows_no_figure(finops: Finops) -> None:
    ingested(finops, bill())
    rows, document = answered(finops)
    assert set(rows) == {("m5.large", "today"), ("m5.large", "held, cut"), ("g6.xlarge", "today")}
    assert rows["g6.xlarge", "today"]["saving"] is None
    assert (rows["g6.xlarge", "today"]["demand"], rows["g6.xlarge", "today"]["always"]) == (3.5, 3)
    assert any("no committed price is known of g6.xlarge in us-east-1" in note for note in document["meta"]["notes"])
    assert document["totals"][0]["saving"] is None


def test_terms_of_the_price_book_stand_side_by_side_and_in_a_stack(finops: Finops) -> None:
    """On an hourly bill that nothing meters: the fourth is used half of the hours, so a term at 62.5 % of on-demand takes 3 and
    one at 43.75 % takes 4; if demand falls 30 %, the third is still used 45 % of the hours and the fourth never."""
    ingested(finops, bill())
    Path("prices").mkdir()
    head = "# provider: aws\n# as_of: 2026-09-05\n# source: our contract\n# currency: USD\n"
    table = (
        "instance_type,region,purchase_option,price\ng6.xlarge,us-east-1,reserved_1y,0.5\ng6.xlarge,us-east-1,reserved_3y,0.35\n"
    )
    Path("prices/own.csv").write_text(head + table)
    rows, document = answered(finops, "--prices", "prices", "--demand", "history")
    one, three, stack = (rows["g6.xlarge", plan] for plan in ("reserved_1y", "reserved_3y", "stack"))
    assert [plan["units"] for plan in (one, three, stack)] == [3, 4, 3]
    assert (one["break_even"], three["break_even"], three["utilisation"]) == (0.625, 0.4375, 0.875)
    assert D(one["saving"]) == D("0.3") * 3 * 730
    assert D(three["saving"]) == (D("0.8") * D("3.5") - D("0.35") * 4) * 730
    assert (stack["layers"], D(stack["saving"]), D(stack["at_risk"])) == ("3 reserved_3y", D("0.45") * 3 * 730, 0)
    assert D(three["at_risk"]) == D("0.35") * 8760 * 3
    assert D(one["at_risk"]) == (D("0.5") - D("0.8") * D("0.45")) * 8760
    assert (one["price_source"], one["price_as_of"]) == ("our contract", "2026-09-05")
    total = document["totals"][0]
    assert D(total["saving"]) == D(stack["saving"])
    before = (0.30 + 2.8) / (0.1 * (2 + 10 / 24) + 2.8)
    assert total["savings_rate_before"] == pytest.approx(1 - before, abs=1e-9)


def test_prices_in_another_currency_are_taken_at_the_rate_of_the_day(finops: Finops) -> None:
    """A bill in EUR beside prices in USD: 0.5 USD are 0.4 EUR at 0.8. Without a table of rates no price is known."""
    ingested(finops, [{**one, "BillingCurrency": "EUR"} for one in bill()])
    Path("prices").mkdir()
    head = "# provider: aws\n# as_of: 2026-09-05\n# source: our contract\n# currency: USD\n"
    Path("prices/own.csv").write_text(f"{head}instance_type,region,purchase_option,price\ng6.xlarge,us-east-1,reserved_1y,0.5\n")
    rows, _ = answered(finops, "--prices", "prices", "--demand", "history")
    assert ("g6.xlarge", "reserved_1y") not in rows
    Path("rates.csv").write_text("date,from,to,rate,source\n2026-09-09,USD,EUR,0.8,ECB\n")
    Path("finops.toml").write_text('[currency]\nrates = "rates.csv"\n')
    rows, document = answered(finops, "--prices", "prices", "--demand", "history")
    one = rows["g6.xlarge", "reserved_1y"]
    assert (one["units"], one["currency"], D(one["price"]), one["break_even"]) == (3, "EUR", D("0.4"), 0.5)
    assert D(one["saving"]) == D("0.4") * 3 * 730
    assert one["price_source"] == "our contract (0.5 USD at 0.8)"
    assert "prices in USD are taken at the rate of the business date" in document["meta"]["notes"]


def test_hours_that_are_no_demand_are_left_out_and_said(finops: Finops) -> None:
    """Spot, hours of another kind of purchase, and the negation that takes back what a plan covers."""
    rows = [
        line(0, "m5.large", 2, "0.1", "0.1"),
        line(1, "m5.large", 7, "0.03", "0.1", PricingCategory="Dynamic"),
        line(2, "m5.large", 5, "0.1", "0.1", PricingCategory="Other"),
        line(3, "m5.large", 4, "-0.1", "0", **HELD),
        line(239, "m5.large", 2, "0.1", "0.1"),
    ]
    ingested(finops, rows)
    found, document = answered(finops)
    assert found["m5.large", "today"]["demand"] == pytest.approx(4 / 240)
    assert "7 instance hours on spot are not counted as demand" in document["meta"]["notes"]
    assert "5 instance hours of unknown purchase are not counted as demand" in document["meta"]["notes"]


def test_unused_commitments_of_no_type_are_in_the_totals(finops: Finops) -> None:
    plan = {**HELD, "CommitmentDiscountCategory": "Spend", "CommitmentDiscountStatus": "Unused"}
    rows = [line(hour, "m5.large", 1, "0.1", "0.1") for hour in range(240)]
    rows += [line(hour, "x", 1, "0.02", "0", **plan) | {"SkuMeter": "", "PricingUnit": "USD"} for hour in range(240)]
    ingested(finops, rows)
    _, document = answered(finops)
    total = document["totals"][0]
    assert (D(total["unused_of_no_type"]), D(total["monthly_cost"])) == (D("0.02") * 730, D("0.12") * 730)
    assert total["savings_rate_before"] == pytest.approx(-0.2)


def test_the_sample_company_s_gpu_nodes(sample: Finops) -> None:
    """3 of its 4 L4 nodes on AWS always run on demand at 0.8048 $/h, the spot node is left alone: 3 x 37 % of it x 730 hours."""
    ran = sample("commitments", "--assume", "reserved_1y=37%", "--demand", "history", "-f", "json", "-q")
    rows = {(row["instance_type"], row["plan"]): row for row in ran.json["rows"]}
    found = rows["g6.xlarge", "reserved_1y"]
    assert (found["units"], D(found["saving"]), found["price_source"]) == (3, 3 * D("0.8048") * D("0.37") * 730, "assumed")
    assert found["savings_rate"] == 0.37
    assert rows["g2-standard-4", "reserved_1y"]["units"] == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--assume", "reserved_2y=30%"), "`reserved_2y` is not a way to commit"),
        (("--assume", "reserved_1y"), "a share from 0 to below 1"),
        (("--assume", "reserved_1y=0"), "is no discount"),
        (("--demand", "hope"), "`hope` is not known"),
        (("--fall", "120%"), "`120%` will not do"),
        (("--month", "2026-10", "--last", "3d"), "can't both be given"),
    ],
)
def test_options_that_will_not_do(sample: Finops, options: tuple[str, ...], said: str) -> None:
    ran = sample("commitments", *options)
    assert ran.code == 2
    assert said in ran.err


def test_a_time_without_instances_is_said(sample: Finops) -> None:
    ran = sample("commitments", "--month", "2020-01")
    assert ran.code == 1
    assert "no hours of instances are known for 2020-01" in ran.err


def growing(days: int, first: int, last: int) -> list[dict[str, str]]:
    """Every day a constant number of g6.xlarge from `first` on the first day to `last` on the last one, on demand."""
    counts = [first + (last - first) * day // (days - 1) for day in range(days)]
    hours = range(24 * (DAYS - days), 24 * DAYS)
    return [line(hour, "g6.xlarge", counts[hour // 24 - DAYS + days], "0.8", "0.8") for hour in hours]


@pytest.mark.parametrize(("first", "last"), [(10, 60), (60, 10)])
def test_a_commitment_is_weighed_by_the_demand_that_is_forecast(finops: Finops, first: int, last: int) -> None:
    """Demand that rises or falls over 50 days is not what it was: the level follows the last days, and its paths lie apart."""
    ingested(finops, growing(50, first, last))
    month = ("--assume", "reserved_1y=60%,reserved_3y=70%", "--last", "50d")
    was, _ = answered(finops, *month, "--demand", "history")
    comes, document = answered(finops, *month)
    before, after = (rows["g6.xlarge", "reserved_1y"] for rows in (was, comes))
    assert (after["units"] > before["units"]) == (last > first)
    assert D(after["saving_p10"]) < D(after["saving_p50"]) < D(after["saving_p90"])
    assert D(after["saving_p10"]) < D(after["saving"]) < D(after["saving_p90"])
    assert before["saving_p10"] is None
    assert D(comes["g6.xlarge", "stack"]["at_risk"]) <= D(comes["g6.xlarge", "reserved_3y"]["at_risk"])
    assert (document["meta"]["demand_from"], document["meta"]["demand_until"]) == ("2026-07-23", "2026-09-10")
    said = "demand is forecast from the days 23 Jul 2026 to 10 Sep 2026"
    assert any(note.startswith(said) for note in document["meta"]["notes"])


def test_what_demand_gains_takes_first_what_is_held_and_idle(finops: Finops) -> None:
    """5 are held for at most 3: no forecast of this steady demand calls for another one."""
    ingested(finops, bill())
    rows, _ = answered(finops, "--assume", "reserved_1y=70%")
    assert rows["m5.large", "reserved_1y"]["units"] == 0
    assert rows["m5.large", "reserved_1y"]["coverage"] > 0.999


def test_too_few_days_to_forecast_are_said(finops: Finops) -> None:
    ingested(finops, growing(5, 2, 2))
    rows, document = answered(finops, "--assume", "reserved_1y=40%")
    assert rows["g6.xlarge", "reserved_1y"]["saving_p10"] is None
    said = "too few days are known to forecast g6.xlarge in us-east-1: demand is taken to go on as it was"
    assert said in document["meta"]["notes"]


def test_a_savings_plan_is_pooled_over_kinds_that_take_turns(finops: Finops) -> None:
    """c5 by day, m5 by night, 10 each, at 0.1 on demand: none alone is used enough for 30 % off, together all always are."""
    kinds = ((hour, "c5.large" if busy(hour) else "m5.large") for hour in range(24 * DAYS))
    ingested(finops, [line(hour, kind, 10, "0.1", "0.1") for hour, kind in kinds])
    rows, document = answered(finops, "--assume", "savings_plan_1y=30%", "--demand", "history", "--fall", "30%")
    assert [rows[kind, "savings_plan_1y"]["units"] for kind in ("c5.large", "m5.large")] == [0, 0]
    pool = rows["any", "pooled savings_plan_1y"]
    assert (D(pool["price"]), pool["utilisation"], D(pool["saving"])) == (D("0.7"), 1, D("0.3") * 730)
    assert D(pool["at_risk"]) == D("0.21") * 8760
    assert pool["layers"] == "c5.large in us-east-1, m5.large in us-east-1"
    assert document["totals"][0]["saving"] == "0"
