"""A bill and the provider's own cost report of the same days: both would count, so the second is refused or takes the place."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]

HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,"
    "InvoiceIssuerName"
)


def bill(name: str, account: str, issuer: str = '"OpenAI, LLC"', days: tuple[int, ...] = (1, 2, 3), cost: str = "10") -> str:
    rows = [f"{account},USD,2026-10-01,2026-10-{d:02},2026-10-{d + 1:02},Usage,{cost},{issuer}" for d in days]
    Path(name).write_text("\n".join([HEADER, *rows]) + "\n")
    return name


def report(name: str, days: tuple[int, ...] = (1, 2, 3), organisation: str | None = "org-1") -> str:
    buckets = [
        {
            **{"object": "bucket", "start_time": 1_790_812_800 + d * 86_400 - 86_400, "end_time": 1_790_812_800 + d * 86_400},
            "results": [
                {
                    **{"object": "organization.costs.result", "amount": {"value": 7, "currency": "usd"}, "line_item": None},
                    **{"project_id": None, "organization_id": organisation},
                }
            ],
        }
        for d in days
    ]
    Path(name).write_text(json.dumps({"object": "page", "data": buckets, "has_more": False, "next_page": None}))
    return name


UNBUILT = ("--no-build",)
"""What is refused is told by what is loaded."""


def billed(finops: Finops) -> Decimal:
    ran = finops("query", "SELECT sum(BilledCost) AS cost FROM charge", "-f", "json")
    return Decimal(str(ran.json["rows"][0]["cost"]))


def test_a_report_beside_a_bill_is_refused_in_one_call_and_in_two(finops: Finops) -> None:
    together = finops("ingest", bill("bill.csv", "4711"), report("costs.json"))
    assert together.code == 1
    assert "charges of OpenAI" in together.err
    assert "--as part" in together.err
    assert finops("ingest", "bill.csv", *UNBUILT).code == 0
    later = finops("ingest", "costs.json")
    assert later.code == 1
    assert "(2026-10-01 to 2026-10-03) come from `bill.csv` (focus) too" in later.err.replace("\n", " ")
    assert billed(finops) == 30


def test_the_bill_takes_the_place_of_the_report_day_by_day(finops: Finops) -> None:
    assert finops("ingest", report("costs.json", days=(1, 2, 3, 4)), *UNBUILT).code == 0
    assert finops("ingest", bill("bill.csv", "4711")).code == 1
    assert finops("ingest", "bill.csv", "--as", "replacement", *UNBUILT).code == 0
    assert billed(finops) == 30 + 7
    ran = finops("ingest", report("costs.json", days=(1, 2, 3, 4, 5)))
    assert ran.code == 1, "the report comes again with the days that the bill has replaced"


def test_both_may_stay_where_they_are_said_to_be_other_charges(finops: Finops) -> None:
    assert finops("ingest", bill("bill.csv", "4711"), *UNBUILT).code == 0
    assert finops("ingest", report("costs.json", days=(1, 2)), "--as", "part", *UNBUILT).code == 0
    assert billed(finops) == 30 + 14
    assert finops("ingest", report("costs.json", days=(1, 2, 3)), *UNBUILT).code == 0
    assert billed(finops) == 30 + 21


@pytest.mark.parametrize(
    ("account", "issuer", "days"),
    [("org-2", "OpenAI", (1, 2, 3)), ("4711", "Anthropic", (1, 2, 3)), ("4711", "OpenAI", (11, 12))],
    ids=["another account of the same form", "another issuer", "other days"],
)
def test_what_can_be_told_apart_stands_side_by_side(finops: Finops, account: str, issuer: str, days: tuple[int, ...]) -> None:
    assert finops("ingest", report("costs.json"), bill("bill.csv", account, issuer, days), *UNBUILT).code == 0
    assert billed(finops) == 21 + 10 * len(days)
