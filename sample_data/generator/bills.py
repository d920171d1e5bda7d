"""The bills of two clouds and one model provider as FOCUS 1.2 rows, day by day."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from generator import company
from generator.chance import stream
from generator.gpu import Hour
from generator.prices import token_price
from generator.runs import Call, days

Row = dict[str, object]
COLUMNS = (
    *("BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart"),
    *("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency", "ChargePeriodEnd", "ChargePeriodStart"),
    *("ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "InvoiceId"),
    *("InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory", "PricingQuantity", "PricingUnit", "ProviderName"),
    *("PublisherName", "RegionId", "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory"),
    *("ServiceName", "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId"),
    *("SubAccountName", "Tags"),
)
COMMITMENT_COLUMNS = (
    *("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountQuantity"),
    *("CommitmentDiscountStatus", "CommitmentDiscountType", "CommitmentDiscountUnit"),
)
"""Only the AWS bill has a commitment to tell of."""
MONEY = {"BilledCost", "ContractedCost", "ContractedUnitPrice", "EffectiveCost", "ListCost", "ListUnitPrice"}
QUANTITIES = {"ConsumedQuantity", "PricingQuantity"}
TIMES = {"BillingPeriodEnd", "BillingPeriodStart", "ChargePeriodEnd", "ChargePeriodStart"}
_ISSUERS = {"aws": "Amazon Web Services, Inc.", "gcp": "Google Cloud", "openai": "OpenAI"}
_PROVIDERS = {"aws": "AWS", "gcp": "Google Cloud", "openai": "OpenAI"}
_REGION_NAMES = {"us-east-1": "US East (N. Virginia)", "europe-west3": "Frankfurt"}


def aws_rows(hours: list[Hour], calls_of: dict[date, int]) -> Iterator[Row]:
    """The AWS bill: GPU nodes by the hour; a vector store, queues, logs and strays by the day."""
    by_day: dict[date, list[Hour]] = defaultdict(list)
    for hour in hours:
        by_day[hour.start.date()].append(hour)
    for day in days():
        for hour in by_day[day]:
            for number in hour.nodes:
                node = company.NODES[number]
                if node["provider"] == "aws":
                    yield _node(node, hour.start, 1)
        yield from _aws_daily(day, sum(h.tagged for h in by_day[day]), calls_of.get(day, 0))


def gcp_rows() -> Iterator[Row]:
    """The Google Cloud bill, by the day: GPU nodes, the cluster's fee, a bucket for each tenant, a monthly credit."""
    for day in days():
        for node in company.NODES:
            if node["provider"] == "gcp":
                yield _node(node, datetime(day.year, day.month, day.day, tzinfo=UTC), 24)
        yield _flat("gcp", day, "Kubernetes Engine", "Compute", "gke-acme-eu", "Cluster management fee", "0.10", 24, "Hours", {})
        for tenant, gib in (("acme-retail", 9_400), ("delta-travel", 2_100), ("fjord-media", 5_800)):
            tags = {"tenant": tenant, "agent": "image-tagger", "workflow": "product-image-tagging"}
            name = f"acme-images-{tenant}"
            yield _flat(
                "gcp", day, "Cloud Storage", "Storage", name, "Standard storage Frankfurt", "0.00077", gib, "GiB-Days", tags
            )
        if day.day == 1 and day.month >= 9:
            row = _flat("gcp", day, "Compute Engine", "Compute", None, "Start-up programme credit", "-25", 1, "Credits", {})
            yield row | {"ChargeCategory": "Credit", "ChargeFrequency": "Recurring", "ListUnitPrice": None, "SkuId": None}


def openai_rows(calls: list[Call]) -> Iterator[Row]:
    """The model provider's bill: one row per day, model and class of token, at list less the contract's discount."""
    tokens: dict[tuple[date, str, str], int] = defaultdict(int)
    for call in calls:
        tokens[call.day, call.model, "input"] += call.uncached
        tokens[call.day, call.model, "cached"] += call.cached
        tokens[call.day, call.model, "output"] += call.output
    for day in days():  # what somebody's notebook uses: on the bill, in no trace
        chance = stream("notebook", day)
        tokens[day, "gpt-5-mini", "input"] = 3_000_000 + int(4_000_000 * chance.random())
        tokens[day, "gpt-5-mini", "output"] = 300_000 + int(500_000 * chance.random())
    for (day, model, kind), count in sorted(tokens.items()):
        if count and token_price(model, kind, day):
            yield _tokens(day, model, kind, count)


def _tokens(day: date, model: str, kind: str, count: int) -> Row:
    price = token_price(model, kind, day)
    details = {"ModelId": model, "ModelDeveloper": "OpenAI", "TokenDirection": "Output" if kind == "output" else "Input"}
    if kind != "output":
        details["TokenCacheAction"] = "Read" if kind == "cached" else "Uncached"
    label = {"input": "Input tokens", "cached": "Cached input tokens", "output": "Output tokens"}[kind]
    row = _row(
        "openai", day, label + " for " + model, price * company.OPENAI_PAYS_PERCENT / 100, price, Decimal(count) / 1_000_000
    )
    return row | {
        "ServiceCategory": "AI and Machine Learning",
        "ServiceSubcategory": "Generative AI",
        "ServiceName": "OpenAI API",
        "ConsumedQuantity": Decimal(count),
        "ConsumedUnit": "Tokens",
        "PricingUnit": "1000000 Tokens",
        "SkuId": f"{model}-{kind}",
        "SkuMeter": label,
        "SkuPriceDetails": details,
        "SkuPriceId": f"{model}-{kind}-standard",
        "SubAccountId": "proj-agents",
        "SubAccountName": "agents",
        "Tags": {},
    }


def _aws_daily(day: date, images: int, calls: int) -> Iterator[Row]:
    yield _flat("aws", day, "Amazon OpenSearch Service", "Databases", "clauses-1", "r6g.large.search", "0.167", 48, "Hours", {})
    yield _flat(
        "aws", day, "Amazon Simple Queue Service", "Integration", "images", "Requests", "0.0000004", images * 3, "Requests", {}
    )
    logs = 14_000 + calls * 9 + int(3_000 * stream("logs", day).random())
    tags = {"pool": "observability"}
    yield _flat("aws", day, "AmazonCloudWatch", "Management and Governance", "agents", "Log data", "0.0005", logs, "MB", tags)
    disks = _flat("aws", day, "Amazon Elastic Block Store", "Storage", "vol-0d41", "gp3 volumes", "0.00263", 420, "GB-Days", {})
    yield disks
    if day >= company.UNTAGGED_FROM:
        stray = _flat(
            "aws", day, "Amazon Elastic Compute Cloud", "Compute", "i-0f00dcafe", "m6i.xlarge", "0.192", 24, "Hours", {}
        )
        yield _as_instance(stray, "m6i.xlarge")
    if day.day == 1:
        row = _flat("aws", day, "AWS Support", "Other", None, "Business support", "100", 1, "Months", {})
        yield row | {"ChargeFrequency": "Recurring"}


def _node(node: dict[str, str], start: datetime, hours: int) -> Row:
    """A GPU node's row for one hour (AWS) or one day (GCP)."""
    provider, spot = node["provider"], node["option"] == "spot"
    price = Decimal(node["price"])
    listed = Decimal(company.G6_ON_DEMAND) if spot else price
    what = f"{node['type']} {node['option'].replace('_', '-')}"
    row = compute_row(provider, start.date(), what, node["type"], price, Decimal(hours), listed) | {
        "PricingCategory": "Dynamic" if spot else "Standard",
        "ResourceId": node["resource"],
        "ResourceName": node["resource"],
        "SkuId": f"{provider}-{node['type']}-{node['option']}",
        "SkuMeter": "Spot usage" if spot else "On-demand usage",
        "SkuPriceId": f"{provider}-{node['type']}-{node['option']}-hour",
        "Tags": {"pool": "gpu"},
    }
    row["ChargePeriodStart"], row["ChargePeriodEnd"] = start, start + timedelta(hours=hours)
    return row


def compute_row(
    provider: str, day: date, what: str, instance_type: str, price: Decimal, quantity: Decimal, listed: Decimal | None = None
) -> Row:
    """A row of so many hours of an instance type on a day; the list price is the price where none is given."""
    row = _row(provider, day, what, price, price if listed is None else listed, quantity)
    return _as_instance(row, instance_type) | {
        "ServiceName": "Amazon Elastic Compute Cloud" if provider == "aws" else "Compute Engine",
        "ServiceCategory": "Compute",
        "ServiceSubcategory": "Virtual Machines",
        "ConsumedQuantity": quantity,
        "ConsumedUnit": "Hours",
        "PricingUnit": "Hours",
    }


def _as_instance(row: Row, instance_type: str) -> Row:
    return row | {"ResourceType": "Instance", "SkuPriceDetails": {"InstanceType": instance_type}}


def _flat(
    provider: str, day: date, service: str, category: str, resource: str | None, what: str, price: str, quantity: int, unit: str,
    tags: dict[str, str],
) -> Row:  # fmt: skip
    """A daily row at list price."""
    row = _row(provider, day, what, Decimal(price), Decimal(price), Decimal(quantity))
    return row | {
        "ServiceName": service,
        "ServiceCategory": category,
        "ResourceId": resource,
        "ResourceName": resource,
        "ConsumedQuantity": Decimal(quantity),
        "ConsumedUnit": unit,
        "PricingUnit": unit,
        "SkuId": f"{provider}-{service}-{what}".lower().replace(" ", "-"),
        "SkuPriceId": f"{provider}-{service}-{what}-price".lower().replace(" ", "-"),
        "Tags": tags,
    }


def _row(provider: str, day: date, what: str, price: Decimal, listed: Decimal, quantity: Decimal) -> Row:
    first = datetime(day.year, day.month, 1, tzinfo=UTC)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    row: Row = dict.fromkeys(COLUMNS)
    cost = price * quantity
    row |= {"BilledCost": cost, "EffectiveCost": cost, "ContractedCost": cost, "ListCost": listed * quantity}
    row |= {"ListUnitPrice": listed, "ContractedUnitPrice": price, "PricingQuantity": quantity, "PricingCategory": "Standard"}
    row |= {"BillingAccountId": company.ACCOUNTS[provider], "BillingAccountName": "acme", "BillingCurrency": "USD"}
    row |= {"BillingPeriodStart": first, "BillingPeriodEnd": (first + timedelta(days=32)).replace(day=1)}
    row |= {"ChargePeriodStart": start, "ChargePeriodEnd": start + timedelta(days=1)}
    row |= {"ChargeCategory": "Usage", "ChargeFrequency": "Usage-Based", "ChargeDescription": what}
    row |= {"InvoiceIssuerName": _ISSUERS[provider], "ProviderName": _PROVIDERS[provider], "PublisherName": _PROVIDERS[provider]}
    if day < date(company.AS_OF.year, company.AS_OF.month, 1):  # an open month has no invoice yet
        row["InvoiceId"] = f"{provider.upper()}-{day:%Y-%m}"
    region = company.REGIONS.get(provider)
    row |= {"RegionId": region, "RegionName": _REGION_NAMES.get(region or "")}
    row |= {"SubAccountId": company.ACCOUNTS[provider], "SubAccountName": "acme"}
    return row


def columns_of(bill: str) -> tuple[str, ...]:
    """The columns of a bill in CSV."""
    return (*COLUMNS, *COMMITMENT_COLUMNS) if bill == "aws" else COLUMNS


def text_of(row: Row, columns: tuple[str, ...] = COLUMNS) -> dict[str, str]:
    """A row as CSV text: plain decimals, UTC times, JSON maps, empty for null."""
    return {column: _text(row.get(column)) for column in columns}


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"), sort_keys=True)
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") or "0" if "." in text else text
    return str(value)
