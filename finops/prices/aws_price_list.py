"""The AWS Price List: on-demand and reserved prices of Linux instances on shared hardware, by the Query API."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from finops.errors import OutsideError, UsageError
from finops.prices.aws_session import client, pages, regions_of
from finops.prices.base import PricePoint, PriceQuery, stored

WHERE = "AWS Price List"
_ENDPOINT = "us-east-1"
"""The Query API answers in a few regions only, for all of them."""
_COMMON = {
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "capacitystatus": "Used",
    "marketoption": "OnDemand",
}
FAMILIES = (
    {"productFamily": "Compute Instance", "tenancy": "Shared", **_COMMON},
    {"productFamily": "Compute Instance (bare metal)", "tenancy": "Dedicated", **_COMMON},
)
"""What is asked for. Bare metal is listed as dedicated, since nobody shares it; no other dedicated price is taken."""
_HOURS = {"1yr": ("reserved_1y", 8760), "3yr": ("reserved_3y", 26280)}
_PAYMENTS = ("No Upfront", "Partial Upfront", "All Upfront")
"""How a reservation is paid; the first that is offered is taken."""


class AwsPriceList:
    """`fetch` asks for every region, or region by region where the query names some."""

    name = "aws_price_list"
    title = "AWS Price List: on-demand and reserved"
    cloud = "aws"
    complete = True

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        known = regions_of("ec2", WHERE)
        for named in query.regions or ():
            if named not in known:
                raise UsageError(f"AWS has no region `{named}`", where="--region", hint="for example us-east-1")
        pricing = client("pricing", _ENDPOINT, WHERE)
        regions: tuple[str | None, ...] = query.regions or (None,)
        for region in regions:
            for family in FAMILIES:
                for kind in query.skus or (None,):
                    asked = {**family, **({"regionCode": region} if region else {}), **({"instanceType": kind} if kind else {})}
                    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in asked.items()]
                    question = {"ServiceCode": "AmazonEC2", "FormatVersion": "aws_v1", "Filters": filters}
                    for page in pages(pricing.get_products, "NextToken", WHERE, **question):
                        for text in page.get("PriceList") or ():
                            yield from product_prices(_parsed(text), asked, at)


PROVIDER = AwsPriceList()


def product_prices(product: Mapping[str, Any], asked: Mapping[str, str], at: date) -> Iterator[PricePoint]:
    """The prices of one product; none where it is not what was asked for, whatever the list answers."""
    try:
        about = product["product"]["attributes"]
        names = ("aws", about["regionCode"], about["instanceType"])
        if product["product"]["productFamily"] != asked["productFamily"]:
            return
        if any(about.get(name) != value for name, value in asked.items() if name != "productFamily"):
            return
        terms = product["terms"]
        sku = product["product"]["sku"]
        for term in terms.get("OnDemand", {}).values():
            price, currency = _hourly(term)
            if price is not None:
                source = f"{WHERE}, SKU {sku}"
                begins, fault = _begins(term, at)
                yield PricePoint(*names, "on_demand", "hour", price, currency, at, source, begins, fault=fault)
        yield from _reserved(terms.get("Reserved", {}).values(), names, sku, at)
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        raise OutsideError(
            f"the list has another shape than expected ({type(error).__name__}: {error})", where=WHERE, hint="upgrade finops"
        ) from None


def _reserved(terms: Iterable[Mapping[str, Any]], names: tuple[str, str, str], sku: str, at: date) -> Iterator[PricePoint]:
    """Standard reservations by length, what is paid up front spread over the hours of the term."""
    offered: dict[str, dict[str, PricePoint]] = {}
    for term in terms:
        about = term["termAttributes"]
        length = str(about.get("LeaseContractLength", "")).replace(" ", "")
        payment = about.get("PurchaseOption")
        if about.get("OfferingClass") != "standard" or length not in _HOURS or payment not in _PAYMENTS:
            continue
        option, hours = _HOURS[length]
        rate, currency = _hourly(term)
        upfront = _upfront(term)
        price = stored((rate or Decimal(0)) + upfront / hours)
        how = f"standard, {payment.lower()}" + (f": {upfront:f} / {hours} h + {rate or 0:f}" if upfront else "")
        source = f"{WHERE}, SKU {sku}"
        begins, fault = _begins(term, at)
        offered.setdefault(option, {})[payment] = PricePoint(
            *names, option, "hour", price, currency, at, source, begins, None, how, fault=fault
        )
    for by_payment in offered.values():
        yield next(by_payment[payment] for payment in _PAYMENTS if payment in by_payment)


def _hourly(term: Mapping[str, Any]) -> tuple[Decimal | None, str]:
    """The price of an hour and its currency; None where the term has none by the hour."""
    for dimension in term["priceDimensions"].values():
        ((currency, text),) = dimension["pricePerUnit"].items()
        if dimension["unit"] in ("Hrs", "Hours"):
            return Decimal(text), currency
    first, *_ = term["priceDimensions"].values()
    ((currency, _),) = first["pricePerUnit"].items()
    return None, currency


def _upfront(term: Mapping[str, Any]) -> Decimal:
    paid = [d["pricePerUnit"] for d in term["priceDimensions"].values() if d["unit"] == "Quantity"]
    return sum((Decimal(price) for prices in paid for price in list(prices.values())[:1]), Decimal(0))


def _begins(term: Mapping[str, Any], at: date) -> tuple[date | None, str | None]:
    """When the term's price begins, where that is still to come; else what is wrong with the day that the list gives."""
    text = str(term.get("effectiveDate") or "")
    try:
        begins = date.fromisoformat(text[:10])
    except ValueError:
        return None, f"its effectiveDate `{text[:40]}` is no day, so nobody knows from when it holds"
    return (begins if begins > at else None), None


def _parsed(text: str | Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        found = json.loads(text) if isinstance(text, str) else text
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise OutsideError("an entry of the list is not JSON", where=WHERE, hint="try again later; the prices are as they were")
    return found
