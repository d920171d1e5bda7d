"""`finops prices refresh`: dated batches that never rewrite the past, and failures that leave prices as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from finops.prices import aws_spot_advisor, azure_retail
from finops.prices.aws_spot_advisor import AwsSpotAdvisor
from finops.prices.azure_retail import AzureRetail
from tests.conftest import Ran
from tests.prices.azure_server import Server, item

Finops = Callable[..., Ran]
KIND = "Standard_NC24ads_A100_v4"
BEFORE = "3.673"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    made = Server()
    monkeypatch.setattr(azure_retail, "PROVIDER", AzureRetail(made.url, lambda _: None))
    monkeypatch.setattr(aws_spot_advisor, "PROVIDER", AwsSpotAdvisor(made.url, lambda _: None))
    yield made
    made.http.shutdown()
    made.http.server_close()


def listed(server: Server, *items: dict[str, Any]) -> None:
    server.page(*items)
    server.page()


def machine(price: float, **other: Any) -> dict[str, Any]:
    return item(price, "NC24ads A100 v4", armSkuName=KIND, productName="Virtual Machines NCads A100 v4 Series", **other)


def price(finops: Finops, as_of: str, *more: str) -> list[str]:
    asked = ("--provider", "azure", "--region", "eastus", "--instance-type", KIND, "--purchase-option", "on_demand")
    return [row["price"] for row in finops("prices", "list", *asked, "-f", "json", "--as-of", as_of, *more).json["rows"]]


def refresh(finops: Finops, as_of: str, *more: str) -> Ran:
    return finops("prices", "refresh", "azure", "--region", "eastus", "-f", "json", "--as-of", as_of, *more)


def test_a_refresh_is_a_dated_batch_and_the_past_stays(server: Server, finops: Finops) -> None:
    listed(server, machine(3.5), machine(3.2, effectiveStartDate="2027-02-01T00:00:00Z"))
    tried = refresh(finops, "2026-11-21", "--dry-run").json
    change = {(row["from_day"], row["purchase_option"]): (row["before"], row["after"], row["share"]) for row in tried["rows"]}
    assert change["2026-11-21", "on_demand"] == (BEFORE, "3.5", -0.0471)
    assert change["2027-02-01", "on_demand"][1] == "3.2"
    assert price(finops, "2026-11-21") == [BEFORE]

    listed(server, machine(3.5), machine(3.2, effectiveStartDate="2027-02-01T00:00:00Z"))
    ran = refresh(finops, "2026-11-21")
    assert ran.code == 0, ran.err
    row = ran.json["rows"][0]
    assert (row["provider"], row["status"], row["prices"], row["rejected"]) == ("azure_retail", "refreshed", 2, 0)
    assert (price(finops, "2026-11-21"), price(finops, "2026-11-20")) == (["3.5"], [BEFORE])
    assert price(finops, "2026-11-21", "--on", "2026-11-20") == [BEFORE]
    assert price(finops, "2026-11-21", "--on", "2027-02-01") == ["3.2"]

    listed(server, machine(3.5), machine(3.2, effectiveStartDate="2027-02-01T00:00:00Z"))
    assert refresh(finops, "2026-11-21").json["rows"][0]["status"] == "unchanged"
    listed(server, machine(3.5))
    assert refresh(finops, "2026-12-20").json["rows"][0]["status"] == "refreshed"  # as dear as before, and known to be so
    facts = finops("query", "SELECT as_of, count(*) AS n FROM price_fact GROUP BY as_of ORDER BY as_of", "-f", "json").json[
        "rows"
    ]
    assert [row["n"] for row in facts] == [2, 1]
    stale = finops("prices", "stale", "-f", "json", "--as-of", "2026-12-20").json["rows"]
    ages = {
        row["source"]: row["age_days"] for row in stale if row["provider"] == "azure" and row["purchase_option"] == "on_demand"
    }
    assert ages == {"Azure Retail Prices": 0, "Azure/karpenter-provider-azure@352646f": 185}


def test_what_a_complete_list_leaves_out_is_no_longer_offered(server: Server, finops: Finops) -> None:
    listed(server, item(0.096))
    assert refresh(finops, "2026-11-21").code == 0
    asked = ("--provider", "azure", "--region", "eastus", "--instance-type", KIND)
    ran = finops("prices", "list", *asked, "-f", "json", "--as-of", "2026-11-21").json
    assert ran["rows"] == []
    assert ran["meta"]["notes"] == [f"{KIND}: not offered as on_demand in eastus any more, by the list of 2026-11-21."]
    assert price(finops, "2026-11-20") == [BEFORE]


def test_a_failure_leaves_the_prices_as_they_were(server: Server, finops: Finops) -> None:
    server.page(machine(3.5), link="$skip=1")
    for _ in range(5):
        server.fails(503)
    ran = refresh(finops, "2026-11-21")
    assert ran.code == 3
    assert "HTTP 503" in ran.err
    assert "the prices are as they were" in ran.err
    assert price(finops, "2026-11-21") == [BEFORE]
    listed(server, machine(3500), machine(0, meterId="m-2"))
    ran = refresh(finops, "2026-11-21")
    assert ran.code == 3
    assert "2 prices can't be taken, the first because" in ran.err
    assert "1,000" in ran.err
    listed(server)
    assert "nothing is listed" in refresh(finops, "2026-11-21").err
    assert finops("prices", "refresh", "azur").code == 2


def test_one_list_that_fails_does_not_keep_the_others(server: Server, finops: Finops) -> None:
    server.answers.append((200, {}, b'{"spot_advisor": {"us-east-1": {"Linux": {"g6.xlarge": {"s": 70, "r": 0}}}}}'))
    for _ in range(5):
        server.fails(500)
    ran = finops("prices", "refresh", "aws_spot_advisor", "azure", "-f", "json", "--as-of", "2026-11-21")
    assert ran.code == 3
    assert [(row["provider"], row["status"]) for row in ran.json["rows"]] == [
        ("aws_spot_advisor", "refreshed"), ("azure_retail", "failed"),
    ]  # fmt: skip
    asked = ("--instance-type", "g6.xlarge", "--region", "us-east-1", "--purchase-option", "spot")
    assert finops("prices", "list", *asked, "-f", "json", "--as-of", "2026-11-21").json["rows"][0]["price"] == "0.24144"


def test_rows_that_can_not_be_taken_are_told(server: Server, finops: Finops) -> None:
    listed(server, machine(3.5), item(0.1), item(96, armSkuName="Standard_D2s_v3"))
    ran = refresh(finops, "2026-11-21")
    assert ran.code == 0
    assert ran.json["rows"][0]["rejected"] == 1
    assert ran.json["meta"]["rejected"][0]["row"] == "azure eastus Standard_D2s_v3 on_demand: 96 USD per hour"
    assert "Standard_D2s_v3 on_demand: 96 USD per hour: one vcpu hour costs between" in ran.err
