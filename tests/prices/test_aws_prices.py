"""AWS price lists in their real shapes, through botocore's Stubber: what is asked, what is taken, what each failure says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber
from moto import mock_aws

from finops.errors import OutsideError, UsageError
from finops.prices import aws_price_list, aws_savings_plans, aws_spot_history
from finops.prices.base import PricePoint, PriceQuery
from finops.prices.checks import checked

AT = date(2026, 11, 21)
NOWHERE = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "not-a-secret-of-anyone"}
LINUX = {"operatingSystem": "Linux", "preInstalledSw": "NA", "capacitystatus": "Used", "marketoption": "OnDemand"}


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Any, str], Stubber]]:
    """A stubbed client of a service, in place of the module's."""
    stubs = []

    def made(module: Any, service: str) -> Stubber:
        client = boto3.client(service, region_name="us-east-1", **NOWHERE)
        monkeypatch.setattr(module, "client", lambda *_: client)
        stub = Stubber(client)
        stub.activate()
        stubs.append(stub)
        return stub

    yield made
    for stub in stubs:
        stub.assert_no_pending_responses()


def term(sku: str, unit: str, price: str, **about: str) -> dict[str, Any]:
    dimension = {"unit": unit, "beginRange": "0", "endRange": "Inf", "pricePerUnit": {"USD": price}, "rateCode": f"{sku}.A.B"}
    return {
        "sku": sku,
        "effectiveDate": "2026-11-01T00:00:00Z",
        "termAttributes": about,
        "priceDimensions": {f"{sku}.A.B": dimension},
    }


def product(kind: str, price: str = "1.0060000000", *, sku: str = "ABC", region: str = "us-east-1", **other: Any) -> str:
    about = {"instanceType": kind, "regionCode": region, "tenancy": "Shared", **LINUX, **other.pop("attributes", {})}
    reserved = {}
    for number, (length, offering, payment, upfront, rate) in enumerate(other.pop("reserved", ())):
        one = term(sku, "Hrs", rate, LeaseContractLength=length, OfferingClass=offering, PurchaseOption=payment)
        if upfront:
            one["priceDimensions"]["up"] = {"unit": "Quantity", "pricePerUnit": {"USD": upfront}, "description": "Upfront Fee"}
        reserved[f"{sku}.R{number}"] = one
    family = other.pop("family", "Compute Instance")
    terms = {"OnDemand": {f"{sku}.JRTCKXETXF": term(sku, "Hrs", price)}, "Reserved": reserved}
    return json.dumps(
        {"product": {"productFamily": family, "sku": sku, "attributes": about}, "serviceCode": "AmazonEC2", "terms": terms}
    )


def answer(stub: Stubber, products: list[str], token: str | None = None, **asked: Any) -> None:
    said = {"FormatVersion": "aws_v1", "PriceList": products, **({"NextToken": token} if token else {})}
    stub.add_response("get_products", said, {"ServiceCode": "AmazonEC2", "FormatVersion": "aws_v1", "Filters": ANY, **asked})


def fetched(module: Any, **query: Any) -> list[PricePoint]:
    return list(module.PROVIDER.fetch(PriceQuery(**query), AT))


def test_the_exact_filters_are_asked_and_all_pages_read(stubbed: Callable[[Any, str], Stubber]) -> None:
    stub = stubbed(aws_price_list, "pricing")
    shared = {**LINUX, "productFamily": "Compute Instance", "tenancy": "Shared", "regionCode": "us-east-1"}
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in shared.items()]
    asked: dict[str, Any] = {}
    stub.add_response(
        "get_products",
        {"FormatVersion": "aws_v1", "PriceList": [product("g5.xlarge")], "NextToken": "two"},
        {"ServiceCode": "AmazonEC2", "FormatVersion": "aws_v1", "Filters": ANY},
    )
    answer(stub, [product("m5.large", "0.0960000000", sku="DEF")], NextToken="two")
    metal = {"family": "Compute Instance (bare metal)", "attributes": {"tenancy": "Dedicated"}}
    answer(stub, [product("m5.metal", "4.608", sku="GHI", **metal)])
    stub.client.meta.events.register(
        "provide-client-params.pricing.GetProducts", lambda params, **_: asked.setdefault("first", params["Filters"]) and None
    )
    found = fetched(aws_price_list, regions=("us-east-1",))
    assert [(p.sku, p.purchase_option, p.price, p.unit, p.currency) for p in found] == [
        ("g5.xlarge", "on_demand", Decimal("1.006"), "hour", "USD"),
        ("m5.large", "on_demand", Decimal("0.096"), "hour", "USD"),
        ("m5.metal", "on_demand", Decimal("4.608"), "hour", "USD"),
    ]
    assert {(p.as_of, p.source) for p in found} == {(AT, f"AWS Price List, SKU {sku}") for sku in ("ABC", "DEF", "GHI")}
    assert sorted(asked["first"], key=str) == sorted(filters, key=str)


def test_reservations_are_standard_and_spread_over_their_term(stubbed: Callable[[Any, str], Stubber]) -> None:
    stub = stubbed(aws_price_list, "pricing")
    reserved = [
        ("1yr", "convertible", "No Upfront", "", "0.5"),
        ("1yr", "standard", "All Upfront", "5000", "0.0"),
        ("1yr", "standard", "No Upfront", "", "0.6340000000"),
        ("3yr", "standard", "Partial Upfront", "5256", "0.2"),
        ("3yr", "standard", "All Upfront", "9000", "0"),
    ]
    answer(stub, [product("g5.xlarge", reserved=reserved)])
    answer(stub, [])
    found = {p.purchase_option: p for p in fetched(aws_price_list)}
    assert {option: p.price for option, p in found.items()} == {
        "on_demand": Decimal("1.006"), "reserved_1y": Decimal("0.634"), "reserved_3y": Decimal("0.4"),
    }  # fmt: skip
    assert found["reserved_3y"].derived_from == "standard, partial upfront: 5256 / 26280 h + 0.2"


def test_what_was_not_asked_for_is_not_taken(stubbed: Callable[[Any, str], Stubber]) -> None:
    stub = stubbed(aws_price_list, "pricing")
    others = [
        {"tenancy": "Dedicated"},
        {"operatingSystem": "Windows"},
        {"preInstalledSw": "SQL Std"},
        {"capacitystatus": "AllocatedHost"},
    ]
    answer(stub, [product("g5.xlarge", attributes=other) for other in others])
    answer(stub, [product("g5.xlarge", "0.0000000000"), product("p4d.24xlarge", "32.77", attributes={"tenancy": "Dedicated"})])
    assert fetched(aws_price_list) == []


def test_zeros_and_contradictions_are_refused(stubbed: Callable[[Any, str], Stubber]) -> None:
    stub = stubbed(aws_price_list, "pricing")
    answer(
        stub,
        [
            product("g5.xlarge", "0.0000000000"),
            product("m5.large", "0.096"),
            product("m5.large", "0.106", sku="X"),
            product("c5.large", "0.085"),
        ],
    )
    answer(stub, [])
    good, refused = checked(fetched(aws_price_list))
    assert [p.sku for p in good] == ["c5.large"]
    assert [(one.fact.sku, one.reason.partition(":")[0]) for one in refused] == [
        ("g5.xlarge", "a price of zero or less says nothing; where a price is not known there is none"),
        ("m5.large", "the same name stands 2 times with different figures"),
        ("m5.large", "the same name stands 2 times with different figures"),
    ]


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("ExpiredTokenException", "the session with AWS has expired"),
        ("UnrecognizedClientException", "does not accept these credentials"),
        ("AccessDeniedException", "AWS refuses access"),
        ("ThrottlingException", "AWS asks to slow down"),
        ("ExpiredNextTokenException", "broke off between two pages"),
        ("InternalErrorException", "AWS does not answer"),
        ("SomethingNew", "AWS refuses: SomethingNew"),
    ],
)
def test_failures_say_what_they_mean_and_nothing_of_a_credential(
    stubbed: Callable[[Any, str], Stubber], monkeypatch: pytest.MonkeyPatch, code: str, says: str
) -> None:
    stub = stubbed(aws_price_list, "pricing")
    answer(stub, [product("g5.xlarge")], "two")
    stub.add_client_error("get_products", code, "token FwoGZXIvYXdzE of AKIAIOSFODNN7EXAMPLE is off")
    with pytest.raises(OutsideError, match=says) as error:
        fetched(aws_price_list)
    assert "AKIA" not in f"{error.value.what} {error.value.where} {error.value.hint}"
    assert "FwoG" not in f"{error.value.what} {error.value.where} {error.value.hint}"


def test_pages_in_a_circle_and_strange_shapes_end(stubbed: Callable[[Any, str], Stubber]) -> None:
    stub = stubbed(aws_price_list, "pricing")
    answer(stub, [], "again")
    answer(stub, [], "again", NextToken="again")
    with pytest.raises(OutsideError, match="in a circle"):
        fetched(aws_price_list)
    answer(stub, [json.dumps({"product": {"productFamily": "Compute Instance", "attributes": {}}})])
    with pytest.raises(OutsideError, match="another shape than expected"):
        fetched(aws_price_list)
    answer(stub, ["{"])
    with pytest.raises(OutsideError, match="is not JSON"):
        fetched(aws_price_list)


def test_a_region_that_does_not_exist() -> None:
    for module in (aws_price_list, aws_spot_history):
        with pytest.raises(UsageError, match="no region `us-est-1`"):
            fetched(module, regions=("us-est-1",))


def rate(kind: str, price: str, seconds: int, **other: str) -> dict[str, Any]:
    about = {"region": "us-east-1", "instanceType": kind, "tenancy": "shared", "productDescription": "Linux/UNIX", **other}
    offering = {
        "offeringId": "o",
        "paymentOption": "No Upfront",
        "planType": "Compute",
        "durationSeconds": seconds,
        "currency": "USD",
    }
    return {
        "savingsPlanOffering": offering, "rate": price, "unit": "Hrs", "productType": "EC2", "serviceCode": "AmazonEC2",
        "usageType": f"BoxUsage:{kind}", "operation": "RunInstances",
        "properties": [{"name": name, "value": value} for name, value in about.items()],
    }  # fmt: skip


def test_savings_plans_are_compute_plans_without_upfront(stubbed: Callable[[Any, str], Stubber]) -> None:
    stub = stubbed(aws_savings_plans, "savingsplans")
    asked = {
        "savingsPlanPaymentOptions": ["No Upfront"], "savingsPlanTypes": ["Compute"], "products": ["EC2"],
        "serviceCodes": ["AmazonEC2"], "maxResults": 1000,
        "filters": [
            {"name": "productDescription", "values": ["Linux/UNIX"]}, {"name": "tenancy", "values": ["shared"]},
            {"name": "region", "values": ["us-east-1"]},
        ],
    }  # fmt: skip
    operation = "describe_savings_plans_offering_rates"
    first = {"searchResults": [rate("g5.xlarge", "0.7042", 31_536_000), rate("g5.xlarge", "1", 31_536_000, tenancy="dedicated")]}
    stub.add_response(operation, {**first, "nextToken": "two"}, asked)
    stub.add_response(operation, {"searchResults": [rate("g5.xlarge", "0.5", 94_608_000)]}, {**asked, "nextToken": "two"})
    found = fetched(aws_savings_plans, regions=("us-east-1",))
    assert [(p.purchase_option, p.price) for p in found] == [
        ("savings_plan_1y", Decimal("0.7042")),
        ("savings_plan_3y", Decimal("0.5")),
    ]


def spot(kind: str, zone: str, price: str, hour: int) -> dict[str, Any]:
    return {
        "AvailabilityZone": f"us-east-1{zone}", "AvailabilityZoneId": f"use1-az{zone}", "InstanceType": kind,
        "ProductDescription": "Linux/UNIX", "SpotPrice": price, "Timestamp": datetime(2026, 11, 21, hour, tzinfo=UTC),
    }  # fmt: skip


def test_the_latest_spot_price_of_the_lowest_zone(stubbed: Callable[[Any, str], Stubber]) -> None:
    stub = stubbed(aws_spot_history, "ec2")
    asked = {"ProductDescriptions": ["Linux/UNIX", "Linux/UNIX (Amazon VPC)"], "StartTime": datetime(2026, 11, 21, tzinfo=UTC)}
    pages = [spot("g6.xlarge", "a", "0.30", 1), spot("g6.xlarge", "a", "0.45", 5)], [spot("g6.xlarge", "b", "0.410400", 2)]
    stub.add_response("describe_spot_price_history", {"SpotPriceHistory": pages[0], "NextToken": "two"}, asked)
    stub.add_response(
        "describe_spot_price_history", {"SpotPriceHistory": pages[1], "NextToken": ""}, {**asked, "NextToken": "two"}
    )
    (point,) = fetched(aws_spot_history, regions=("us-east-1",))
    assert (point.purchase_option, point.price) == ("spot", Decimal("0.4104"))
    assert point.derived_from == "lowest of 2 zones (use1-azb); the highest asks 0.45 (use1-aza)"
    stub.add_response("describe_spot_price_history", {"SpotPriceHistory": []}, asked)
    with pytest.raises(OutsideError, match="there is no spot price"):
        fetched(aws_spot_history, regions=("us-east-1",))


def test_spot_regions_are_those_of_the_account(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "not-a-secret-of-anyone")):
        monkeypatch.setenv(name, value)
    with mock_aws():  # its prices are one constant of 2006, so only regions are asked of it
        assert {"us-east-1", "eu-west-1"} <= set(aws_spot_history.PROVIDER._regions())


def test_no_credentials_is_one_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(OutsideError, match="no AWS credentials"):
        fetched(aws_price_list)


@pytest.mark.parametrize("module", [aws_price_list, aws_savings_plans, aws_spot_history])
def test_a_profile_that_is_not_there_or_broken_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any, module: Any
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(OutsideError, match="profile can't be used"):
        fetched(module)
    (tmp_path / "config").write_text("[profile nobody\nregion = us-east-1\n")
    with pytest.raises(OutsideError, match="profile can't be used"):
        fetched(module)
