"""New prices re-price open months only, from the day on which they hold; past months keep the prices they had."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
AS_OF = ("--as-of", "2026-11-21")
LISTED = Decimal("0.8048")


@pytest.fixture
def metered(finops: Finops) -> Finops:
    """One machine that ran an hour on four days of three months: no bill has come."""
    days = ("2026-09-10", "2026-10-10", "2026-11-05", "2026-11-20")
    rows = [f"aws,{day}T08:00:00Z,us-east-1,i-1,g6.xlarge,1,acme,3600" for day in days]
    header = "provider,hour,region,resource,instance_type,capacity,tenant,gpu_seconds"
    Path("meters.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    assert finops("ingest", "meters.csv", *AS_OF).code == 0
    return finops


def hours(finops: Finops) -> list[Decimal]:
    rows = finops(
        "query", "SELECT business_day, sum(effective) AS cost FROM fct_cost GROUP BY ALL ORDER BY ALL", "-f", "json"
    ).json
    return [Decimal(row["cost"]) for row in rows["rows"]]


def contract(finops: Finops, rows: str) -> None:
    header = "provider,region,instance_type,model,token_class,price,discount,unit,currency,valid_from\n"
    Path("contract.csv").write_text(header + rows)
    ran = finops("prices", "import", "contract.csv", *AS_OF)
    assert ran.code == 0, ran.err
    assert finops("build", *AS_OF).code == 0


def test_a_contract_reprices_the_open_month_from_its_day(metered: Finops) -> None:
    assert hours(metered) == [LISTED] * 4
    contract(metered, "aws,us-east-1,g6.xlarge,,,0.5,,hour,USD,2026-01-01\n")
    assert hours(metered) == [LISTED, LISTED, Decimal("0.5"), Decimal("0.5")]
    contract(metered, "aws,us-east-1,g6.xlarge,,,0.4,,hour,USD,2026-11-15\n")
    assert hours(metered) == [LISTED, LISTED, LISTED, Decimal("0.4")]
    assert metered("build", *AS_OF).err.count("error") == 0
    assert metered("build", "--full", *AS_OF).code == 0
    assert hours(metered) == [LISTED, LISTED, LISTED, Decimal("0.4")]
    assert metered("prices", "import", "contract.csv", "--withdraw", *AS_OF).code == 0
    assert metered("build", *AS_OF).code == 0
    assert hours(metered) == [LISTED] * 4


def test_a_price_that_turns_up_prices_what_had_none(finops: Finops) -> None:
    header = "provider,hour,region,resource,instance_type,capacity,tenant,gpu_seconds\n"
    Path("meters.csv").write_text(header + "aws,2026-10-20T08:00:00Z,eu-west-1,i-1,g6.xlarge,1,acme,3600\n")
    assert finops("ingest", "meters.csv", *AS_OF).code == 0
    assert hours(finops) == []
    contract(finops, "aws,eu-west-1,g6.xlarge,,,0.9,,hour,USD,2026-01-01\n")
    assert hours(finops) == [Decimal("0.9")]


def test_a_token_contract_reprices_the_open_month_from_its_day(sample: Finops) -> None:
    """The calls of November from the 10th on cost half; October and the days before cost what they did."""
    day = "CASE WHEN call_day < '2026-11-01' THEN 'past' WHEN call_day < '2026-11-10' THEN 'before' ELSE 'after' END"
    sql = f"SELECT {day} AS span, sum(list_cost) AS cost FROM fct_usage WHERE model = 'gpt-4o-mini' GROUP BY span ORDER BY span"

    def costs() -> dict[str, Decimal]:
        return {row["span"]: Decimal(row["cost"]) for row in sample("query", sql, "-f", "json").json["rows"]}

    before = costs()
    Path("own.csv").write_text("provider,model,discount,valid_from\nopenai,gpt-4o-mini,50,2026-11-10\n")
    assert sample("prices", "import", "own.csv", "--as-of", "2026-11-20").code == 0
    assert sample("build", "--as-of", "2026-11-20").code == 0
    assert before["after"] > 0
    assert costs() == {**before, "after": before["after"] / 2}
    rows = sample("prices", "list", "--provider", "openai", "--model", "gpt-4o-mini", "--as-of", "2026-11-20", "-f", "json").json[
        "rows"
    ]
    assert {row["source"].partition("; ")[2] for row in rows} == {"own.csv"}
