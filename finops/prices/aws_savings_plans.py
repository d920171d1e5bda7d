"""AWS Savings Plans: the hourly rates of Compute plans without upfront payment, for Linux on shared hardware."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

from finops.errors import OutsideError
from finops.prices.aws_session import client, pages
from finops.prices.base import PricePoint, PriceQuery

WHERE = "AWS Savings Plans"
_OPTIONS = {31_536_000: "savings_plan_1y", 94_608_000: "savings_plan_3y"}
"""Seconds of a plan's term to its purchase option."""


class AwsSavingsPlans:
    """Compute plans hold for every family and region, so theirs is the rate that any instance can get."""

    name = "aws_savings_plans"
    title = "AWS Savings Plans: Compute plans, no upfront"
    cloud = "aws"
    complete = True

    def fetch(self, query: PriceQuery, at: date) -> Iterator[PricePoint]:
        filters = [{"name": "productDescription", "values": ["Linux/UNIX"]}, {"name": "tenancy", "values": ["shared"]}]
        filters += [{"name": "region", "values": list(query.regions)}] if query.regions else []
        filters += [{"name": "instanceType", "values": list(query.skus)}] if query.skus else []
        question: dict[str, Any] = {
            "savingsPlanPaymentOptions": ["No Upfront"],
            "savingsPlanTypes": ["Compute"],
            "products": ["EC2"],
            "serviceCodes": ["AmazonEC2"],
            "filters": filters,
            "maxResults": 1000,
        }
        plans = client("savingsplans", "us-east-1", WHERE)
        for page in pages(plans.describe_savings_plans_offering_rates, "nextToken", WHERE, **question):
            yield from _rates(page, at)


PROVIDER = AwsSavingsPlans()


def _rates(page: dict[str, Any], at: date) -> list[PricePoint]:
    try:
        return [point for found in page.get("searchResults") or () for point in _rate(found, at)]
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        said = f"a rate has another shape than expected ({type(error).__name__}: {error})"
        raise OutsideError(said, where=WHERE, hint="upgrade finops") from None


def _rate(found: dict[str, Any], at: date) -> Iterator[PricePoint]:
    about = {entry["name"]: entry["value"] for entry in found.get("properties", ())}
    offering = found.get("savingsPlanOffering", {})
    option = _OPTIONS.get(offering.get("durationSeconds"))
    plain = (about.get("tenancy", "shared"), about.get("productDescription", "Linux/UNIX")) == ("shared", "Linux/UNIX")
    used = str(found.get("usageType", "")).partition(":")[0].endswith("BoxUsage")
    if option is None or not plain or not used or not about.get("instanceType") or found.get("unit") != "Hrs":
        return
    names = ("aws", about["region"], about["instanceType"])
    how = f"{offering.get('planType', 'Compute')} plan, no upfront"
    price, currency = Decimal(found["rate"]), offering.get("currency", "USD")
    yield PricePoint(*names, option, "hour", price, currency, at, WHERE, derived_from=how)
