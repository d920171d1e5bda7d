"""Azure Retail Prices and the Spot Advisor over a local HTTP server: pages, throttles, failures, what is no price of Linux."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from finops.errors import OutsideError
from finops.prices.aws_spot_advisor import AwsSpotAdvisor
from finops.prices.azure_retail import AzureRetail
from finops.prices.base import PricePoint, PriceQuery
from finops.prices.checks import checked
from tests.prices.azure_server import Server, item

AT = date(2026, 11, 21)


@pytest.fixture
def fetch(server: Server) -> Callable[..., list[PricePoint]]:
    return lambda **query: list(AzureRetail(server.url, lambda _: None).fetch(PriceQuery(**query), AT))


def test_every_kind_of_price_from_all_pages(server: Server, fetch: Callable[..., list[PricePoint]]) -> None:
    plans = [
        {"unitPrice": 0.066, "retailPrice": 0.066, "term": "1 Year"},
        {"unitPrice": 0.045, "retailPrice": 0.045, "term": "3 Years"},
    ]
    server.page(item(0.096, savingsPlan=plans), link="$skip=1000")
    server.page(item(0.0192, "D2s v5 Spot"))
    server.page(
        item(508.08, type="Reservation", reservationTerm="1 Year"), item(788.4, type="Reservation", reservationTerm="3 Years")
    )
    found = {p.purchase_option: (p.price, p.unit, p.currency, p.valid_from) for p in fetch(regions=("eastus", "westus"))}
    began = date(2023, 5, 1)
    assert found == {
        "on_demand": (Decimal("0.096"), "hour", "USD", began), "spot": (Decimal("0.0192"), "hour", "USD", began),
        "savings_plan_1y": (Decimal("0.066"), "hour", "USD", began), "savings_plan_3y": (Decimal("0.045"), "hour", "USD", began),
        "reserved_1y": (Decimal("0.058"), "hour", "USD", began), "reserved_3y": (Decimal("0.03"), "hour", "USD", began),
    }  # fmt: skip
    asked = [parse_qs(urlsplit(path).query) for path in server.asked]
    assert asked[0]["$filter"] == [
        "serviceName eq 'Virtual Machines' and priceType eq 'Consumption'"
        " and (armRegionName eq 'eastus' or armRegionName eq 'westus')"
    ]
    assert asked[0]["api-version"] == ["2023-01-01-preview"]
    assert asked[1] == {"$skip": ["1000"]}
    assert "priceType eq 'Reservation'" in asked[2]["$filter"][0]


def test_what_is_no_price_of_a_linux_machine(server: Server, fetch: Callable[..., list[PricePoint]]) -> None:
    server.page(
        item(0.188, productName="Virtual Machines Dsv5 Series Windows"),
        item(9.9, productName="Virtual Machines NDsr H100 v5 Series Win"),
        item(0.02, "D2s v5 Low Priority"),
        item(4.2, productName="Dsv3 Series Dedicated Host"),
        item(0.1, productName="Virtual Machines Dsv5 Series CloudServices"),
        item(0.09, isPrimaryMeterRegion=False),
        item(0.05, type="DevTestConsumption"),
        item(0.08, effectiveEndDate="2026-01-01T00:00:00Z"),
        item(0.07, armRegionName=""),
    )
    server.page(item(2000, type="Reservation", reservationTerm="5 Years"))
    assert fetch() == []


def test_a_change_that_is_announced_is_kept_with_its_day(server: Server, fetch: Callable[..., list[PricePoint]]) -> None:
    days = ("2020-01-01", "2025-03-01", "2027-01-01")
    server.page(*(item(price, effectiveStartDate=f"{day}T00:00:00Z") for day, price in zip(days, (0.12, 0.1, 0.08), strict=True)))
    server.page()
    assert [(p.price, p.valid_from, p.valid_to) for p in fetch()] == [
        (Decimal("0.1"), date(2025, 3, 1), date(2027, 1, 1)),
        (Decimal("0.08"), date(2027, 1, 1), None),
    ]


def test_zeros_and_contradictions_are_refused(server: Server, fetch: Callable[..., list[PricePoint]]) -> None:
    server.page(
        item(0),
        item(0.1, armSkuName="B"),
        item(0.2, armSkuName="B", meterId="m-2"),
        item(96, armSkuName="C"),
        item(5000, armSkuName="D"),
    )
    server.page()
    good, refused = checked(fetch(), lambda p: Decimal("0.096") if p.sku == "C" else None)
    assert good == []
    assert [one.reason[:28] for one in refused] == [
        "a price of zero or less says", "the same name stands 2 times", "the same name stands 2 times",
        "1,000 times above the price ", "one hour costs between 0.000",
    ]  # fmt: skip


def test_throttles_and_failures_are_waited_for(server: Server) -> None:
    waits: list[float] = []
    server.fails(429, **{"Retry-After": "7"})
    server.fails(503)
    server.page(item(0.096))
    server.page()
    assert len(list(AzureRetail(server.url, waits.append).fetch(PriceQuery(), AT))) == 1
    assert waits == [7.0, 2.0]


@pytest.mark.parametrize(
    ("status", "says"),
    [(429, "asks to slow down"), (500, r"\(HTTP 500\)"), (400, r"\(HTTP 400\)"), (302, r"HTTP 302|can't be reached")],
)
def test_failures_that_do_not_end(server: Server, fetch: Callable[..., list[PricePoint]], status: int, says: str) -> None:
    server.page(item(0.096), link="$skip=1000")
    for _ in range(5):
        server.fails(status)
    with pytest.raises(OutsideError, match=says):
        fetch()


def test_pages_that_are_not_whole_or_in_a_circle(server: Server, fetch: Callable[..., list[PricePoint]]) -> None:
    server.page(item(0.096), count=1000)
    with pytest.raises(OutsideError, match="not whole"):
        fetch()
    server.page(item(0.096), link="$skip=1")
    server.page(item(0.096), link="$skip=1")
    with pytest.raises(OutsideError, match="in a circle"):
        fetch()
    server.answers.append((200, {}, b'{"Items": [{"retailPrice": 1'))
    with pytest.raises(OutsideError, match="cut short or not JSON"):
        fetch()
    server.page({"productName": "x"})
    with pytest.raises(OutsideError, match="another shape"):
        fetch()


def test_a_server_that_is_not_there() -> None:
    with pytest.raises(OutsideError, match="can't be reached"):
        list(AzureRetail("http://127.0.0.1:9/none", lambda _: None).fetch(PriceQuery(), AT))


def test_the_spot_advisor(server: Server) -> None:
    told = {
        "ranges": [{"index": 0, "label": "<5%", "max": 5}],
        "spot_advisor": {
            "us-east-1": {
                "Linux": {"g6.xlarge": {"s": 49, "r": 4}, "x1.32xlarge": {"s": -62, "r": 0}},
                "Windows": {"g6.xlarge": {"s": 1, "r": 0}},
            },
            "eu-west-1": {"Linux": {"g6.xlarge": {"s": 60, "r": 1}}},
        },
    }
    server.answers.append((200, {}, json.dumps(told).encode()))
    found = list(AwsSpotAdvisor(server.url).fetch(PriceQuery(regions=("us-east-1",)), AT))
    assert [(f.sku, f.saving, f.low, f.high) for f in found] == [
        ("g6.xlarge", Decimal("0.49"), Decimal("0.2"), Decimal(1)),
        ("x1.32xlarge", Decimal("-0.62"), 0, Decimal("0.05")),
    ]
    assert checked(found)[1] == []
    server.answers.append((200, {}, b'{"spot_advisor": {"us-east-1": {"Linux": {"a": {"s": 1, "r": 9}}}}}'))
    with pytest.raises(OutsideError, match="another shape"):
        list(AwsSpotAdvisor(server.url).fetch(PriceQuery(), AT))
