"""Answers of price lists with any one value gone wrong: a clear error or a counted refusal, never a traceback."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.errors import FinopsError, OutsideError
from finops.prices import aws_price_list, aws_savings_plans, aws_spot_advisor, aws_spot_history
from finops.prices.aws_spot_advisor import AwsSpotAdvisor
from finops.prices.azure_retail import AzureRetail, item_prices
from finops.prices.base import Fact, PriceQuery
from finops.prices.checks import checked
from finops.prices.litellm import read_litellm
from tests.prices.azure_server import Server, item
from tests.prices.test_aws_prices import product, rate

AT = date(2026, 11, 21)
HOSTILE = (None, "", "NaN", "Infinity", "-1", "1e400", "x" * 5000, "\u0000", [], {}, [[]], -1, 0, True, 1e308, float("nan"), "0")


def leaves(shape: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    parts = shape.items() if isinstance(shape, dict) else enumerate(shape) if isinstance(shape, list) else ()
    for name, part in parts:
        yield from leaves(part, (*path, name))


def changed(shape: Any, path: tuple[Any, ...], value: Any) -> Any:
    made = copy.deepcopy(shape)
    if not path:
        return value
    at = made
    for name in path[:-1]:
        at = at[name]
    at[path[-1]] = value
    return made


def mutations(shape: Any) -> Iterator[Any]:
    for path in leaves(shape):
        yield from (changed(shape, path, value) for value in HOSTILE)


def answered(fetch: Callable[[Any], Any], shape: Any, right: dict[tuple[str, str], Decimal]) -> None:
    """Whatever is taken of a changed answer is a number above zero; at names that the change left alone it is the right one."""
    for said in mutations(shape):
        try:
            good, refused = checked(fetch(said))
        except FinopsError:
            continue
        assert all(one.reason and one.row for one in refused)
        for fact in good:
            figure = getattr(fact, "price", None) or getattr(fact, "saving", None)
            assert figure is None or figure.is_finite(), said
            assert getattr(fact, "price", 1) > 0, said
    good, refused = checked(fetch(shape))
    assert {(fact.sku, getattr(fact, "purchase_option", "spot")): figure_of(fact) for fact in good} == right
    assert not refused


def figure_of(fact: Fact) -> Decimal:
    return getattr(fact, "price", None) or fact.saving  # type: ignore[union-attr]  # what has no price has a saving


def test_the_aws_price_list() -> None:
    shape = json.loads(product("g5.xlarge", reserved=[("1yr", "standard", "No Upfront", "", "0.634")]))
    asked = dict(aws_price_list.FAMILIES[0])
    right = {("g5.xlarge", "on_demand"): Decimal("1.006"), ("g5.xlarge", "reserved_1y"): Decimal("0.634")}
    answered(lambda said: list(aws_price_list.product_prices(aws_price_list._parsed(said), asked, AT)), shape, right)


@pytest.mark.parametrize("day", ["", "soon", "2026-13-01", "11/01/2026", None])
def test_a_day_that_can_not_be_read_is_a_refusal_with_its_row(day: str | None) -> None:
    """Nobody knows from when the price holds, so it is not in force today."""
    good_one, bad = json.loads(product("m5.large", "0.096")), json.loads(product("g5.xlarge", sku="X"))
    for term in bad["terms"]["OnDemand"].values():
        term["effectiveDate"] = day
    asked = dict(aws_price_list.FAMILIES[0])
    points = [point for one in (good_one, bad) for point in aws_price_list.product_prices(one, asked, AT)]
    good, refused = checked(points)
    assert [fact.sku for fact in good] == ["m5.large"]
    assert [(one.fact.sku, "no day" in one.reason) for one in refused] == [("g5.xlarge", True)]


def test_savings_plans() -> None:
    answered(
        lambda said: aws_savings_plans._rates({"searchResults": [said]}, AT),
        rate("g5.xlarge", "0.7042", 31_536_000),
        {("g5.xlarge", "savings_plan_1y"): Decimal("0.7042")},
    )


def test_spot_history() -> None:
    shape = {
        "AvailabilityZone": "us-east-1a", "AvailabilityZoneId": "use1-az1", "InstanceType": "g6.xlarge", "SpotPrice": "0.41",
        "Timestamp": datetime(2026, 11, 21, 3, tzinfo=UTC),
    }  # fmt: skip
    for said in mutations(shape):
        try:
            for _, (when, price) in aws_spot_history._entries({"SpotPriceHistory": [said]}, "here"):
                assert price.is_finite()
                assert when.tzinfo is UTC
        except OutsideError:
            continue


def test_the_spot_advisor(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    monkeypatch.setattr(aws_spot_advisor, "get_json", lambda *_, **__: told[-1])

    def fetched(said: Any) -> list[Any]:
        told.append(said)
        return list(AwsSpotAdvisor("http://here").fetch(PriceQuery(), AT))

    shape = {"spot_advisor": {"us-east-1": {"Linux": {"g6.xlarge": {"s": 49, "r": 1}}}}}
    answered(fetched, shape, {("g6.xlarge", "spot"): Decimal("0.49")})
    with pytest.raises(OutsideError, match="another shape"):
        fetched({"spot_advisor": {"us-east-1": {"Linux": {"g6.xlarge": {"s": 49, "r": -1}}}}})


def test_azure() -> None:
    plans = [{"term": "1 Year", "retailPrice": 0.06, "unitPrice": 0.06}]
    shape = item(0.096, savingsPlan=plans)
    answered(
        lambda said: list(item_prices(json.loads(json.dumps(said), parse_float=Decimal), AT)),
        shape,
        {("Standard_D2s_v5", "on_demand"): Decimal("0.096"), ("Standard_D2s_v5", "savings_plan_1y"): Decimal("0.06")},
    )


def test_a_page_that_leads_elsewhere_is_not_followed(server: Server) -> None:
    body = {"Items": [item(0.096)], "NextPageLink": "http://elsewhere.invalid/prices?page=2", "Count": 1}
    server.answers.append((200, {}, json.dumps(body).encode()))
    with pytest.raises(OutsideError, match="leads to another server"):
        list(AzureRetail(server.url, lambda _: None).fetch(PriceQuery(), AT))


def test_litellm_s_list(tmp_path: Path) -> None:
    shape = {"gpt-x": {"litellm_provider": "openai", "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06}}
    file = tmp_path / "list.json"

    def fetched(said: Any) -> list[Any]:
        file.write_text(json.dumps(said), encoding="utf-8")
        return list(read_litellm(file, AT).points)

    right = {("gpt-x/input_uncached", "on_demand"): Decimal("0.000002"), ("gpt-x/output", "on_demand"): Decimal("0.000008")}
    answered(fetched, shape, right)
