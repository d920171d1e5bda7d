"""The planted company's clouds: the sample's bills of AWS (in USD) and Google Cloud (in EUR), with support, tax, credits and a
refund beside them, the meters of its GPU nodes, and what of it must be found, by arithmetic of its own."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.company.planted import DAYS, Planted

from generator import bills, company, gpu, parquet, reservation, tables  # isort: skip - `planted` makes them known
from generator.runs import runs_of  # isort: skip

D = Decimal
Row = dict[str, object]
EUROS = {"2026-08": D("0.91"), "2026-11": D("0.98")}
"""What Google Cloud's bill converts a month's dollars with."""
ISSUERS = {"aws": "Amazon Web Services, Inc.", "gcp": "Google Cloud"}
CURRENCIES = {"aws": "USD", "gcp": "EUR"}
SUPPORT, AWS_CREDIT, GCP_CREDIT, TAX = D(100), D(-30), D(-25), D("0.08")
REFUND = D("-12.34")
"""November's bill gives back a part of an August desk of bluefin-bank's."""
MISSED = "Amazon Elastic Block Store"
"""The service that the first version of August's AWS bill does not have."""
RULES = """
[[rule]]
id = "credits"
match = { ChargeCategory = "Credit" }
method = "shared"
split = "left"

[[rule]]
id = "tax"
match = { ChargeCategory = "Tax" }
method = "shared"
split = "proportional"

[[rule]]
id = "support"
match = { ServiceName = "AWS Support" }
method = "shared"
split = "left"

[[rule]]
id = "reservation-fee"
match = { ChargeCategory = "Purchase", CommitmentDiscountCategory = "Usage" }
method = "shared"
split = "left"

[[rule]]
id = "unused-reservation"
match = { CommitmentDiscountStatus = "Unused" }
method = "shared"
split = "even"
targets = { tenant = ["bluefin-bank", "cedar-health"] }

[[rule]]
id = "gpu-aws"
match = { ServiceName = "Amazon Elastic Compute Cloud", "tag:pool" = "gpu" }
method = "metered"
driver = "gpu_seconds"
join = ["resource"]
reference = "capacity"
window = "hour"

[[rule]]
id = "gpu-gcp"
match = { ServiceName = "Compute Engine", "tag:pool" = "gpu" }
method = "metered"
driver = "gpu_seconds"
join = ["resource"]
reference = "capacity"
window = "day"

[[rule]]
id = "clause-store"
match = { ServiceName = "Amazon OpenSearch Service" }
method = "metered"
driver = "calls"
join = ["*"]
window = "day"
widen = "month"
targets = { workflow = "contract-review" }

[[rule]]
id = "image-queue"
match = { ServiceName = ["Amazon Simple Queue Service", "Kubernetes Engine"] }
method = "metered"
driver = "calls"
join = ["*"]
window = "day"
targets = { workflow = "product-image-tagging" }

[[rule]]
id = "observability"
match = { "tag:pool" = "observability" }
method = "shared"
split = "proportional"
"""


@dataclass
class Clouds:
    """The clouds' lines by provider and month, and the hours of the GPU nodes; once, before the company is copied."""

    lines: dict[tuple[str, str], list[Row]] = field(default_factory=lambda: defaultdict(list))
    hours: list[gpu.Hour] = field(default_factory=list)


def clouds(made: Planted) -> Clouds:
    """What the clouds bill for the company's days."""
    every = gpu.simulate([run for day in DAYS for run in runs_of(day)])
    found = Clouds(hours=[hour for hour in every if hour.start.date() in DAYS])
    calls = Counter(call.day for call in made.calls)
    aws = [*bills.aws_rows(found.hours, calls), *(row for day in DAYS for row in reservation.reserved_rows(day))]
    for provider, rows in (("aws", aws), ("gcp", list(bills.gcp_rows()))):
        for row in rows:
            if (day := _start(row).date()) in DAYS:
                found.lines[provider, f"{day:%Y-%m}"].append(_in_euros(row) if provider == "gcp" else row)
    for month in EUROS:
        day = min(day for day in DAYS if f"{day:%Y-%m}" == month)
        own = found.lines["aws", month]
        used = sum((_billed(row) for row in own if row["ChargeCategory"] == "Usage"), D(0))
        if day.day > 1:
            own.append(_once("aws", day, "AWS Support", SUPPORT))
        own.append(_once("aws", day, "Tax", used * TAX, ChargeCategory="Tax"))
        own.append(_once("aws", day, "Credits", AWS_CREDIT, ChargeCategory="Credit"))
        found.lines["gcp", month].append(_once("gcp", day, "Compute Engine", GCP_CREDIT, ChargeCategory="Credit"))
    refund = _once("aws", date(2026, 8, 21), "Amazon Elastic Compute Cloud", REFUND, ChargeClass="Correction")
    refund |= {"Tags": {"tenant": "bluefin-bank"}, "ResourceId": "desk-bluefin-bank"}
    found.lines["aws", "2026-11"].append(refund | _period(date(2026, 11, 1)))
    return found


def write(home: Path, made: Clouds, times: int) -> None:
    """The clouds' bills and meters of so many copies of the company; the first version of August's AWS bill lacks a service."""
    for (provider, month), rows in made.lines.items():
        if provider == "gcp":
            (home / "bills").mkdir(parents=True, exist_ok=True)
            parquet.write(home / f"bills/gcp-{month}.parquet", [dict.fromkeys(bills.COLUMNS) | row for row in rows], times)
            continue
        _table(home / f"bills/aws-{month}.csv", bills.columns_of("aws"), _copied(rows, times))
        if month == "2026-08":
            first = [row for row in rows if row["ServiceName"] != MISSED]
            _table(home / f"before/bills/aws-{month}.csv", bills.columns_of("aws"), _copied(first, times))
    meters = [row | {"resource": _of_copy(row["resource"], n)} for row in tables.meters(made.hours) for n in range(times)]
    _table(home / "meters/gpu.csv", tables.METER_COLUMNS, meters)


def truth(made: Clouds, times: int) -> dict[str, Any]:
    """What must be found: each place of each bill, the rules' charges, tenants' parts of the nodes, what is wasted."""
    found: dict[str, Any] = {"billed": {}, "rules": {}, "tenants": {}, "waste": {}, "untagged": {}}
    for (provider, month), rows in made.lines.items():
        parts = _node_parts(made, provider, month)
        places: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            if (rule := rule_of(row)) and rule.startswith("gpu-"):
                continue
            places[_PLACES.get(rule or "", "metered") if rule else "direct" if row["Tags"] else "untagged"] += _billed(row)
        for tenant, part in parts.items():
            places["idle" if tenant == "__idle__" else "metered"] += part
        key = f"{month} {provider}"
        found["billed"][key] = _text({**places, "billed": sum(map(_billed, rows), D(0))}, times)
        matched: dict[str, Decimal] = defaultdict(Decimal)
        counted = Counter(rule for row in rows if (rule := rule_of(row)))
        for row in rows:
            if rule := rule_of(row):
                matched[rule] += _billed(row)
        found["rules"][key] = {rule: [counted[rule] * times, str(matched[rule] * times)] for rule in sorted(counted)}
        found["tenants"][key] = _text(parts, times)
        untagged: dict[str, Decimal] = defaultdict(Decimal)
        for row in rows:
            if rule_of(row) is None and not row["Tags"]:
                untagged[str(row["ServiceName"])] += _billed(row)
        found["untagged"][key] = _text(untagged, times)
        unused = sum((D(str(r["EffectiveCost"])) for r in rows if r.get("CommitmentDiscountStatus") == "Unused"), D(0))
        found["waste"][key] = _text({"idle": parts["__idle__"], "unused_commitment": unused}, times)
    late = sum((_billed(row) for row in made.lines["aws", "2026-08"] if row["ServiceName"] == MISSED), D(0))
    found["restated"] = str(late * times)
    return found


_PLACES = {
    **dict.fromkeys(("credits", "support", "reservation-fee"), "left"),
    **dict.fromkeys(("tax", "unused-reservation", "observability"), "shared"),
}


def rule_of(row: Row) -> str | None:
    """The rule that must have the line; a line that names an agent needs none."""
    tags, service = row["Tags"] or {}, row["ServiceName"]
    assert isinstance(tags, dict)
    if row["ChargeCategory"] in ("Credit", "Tax"):
        return "credits" if row["ChargeCategory"] == "Credit" else "tax"
    if row["ChargeCategory"] == "Purchase":
        return "reservation-fee"
    if row.get("CommitmentDiscountStatus") == "Unused":
        return "unused-reservation"
    if tags.get("pool") == "gpu":
        return "gpu-aws" if service == "Amazon Elastic Compute Cloud" else "gpu-gcp"
    if tags.get("pool") == "observability":
        return "observability"
    queues = dict.fromkeys(("Amazon Simple Queue Service", "Kubernetes Engine"), "image-queue")
    return {"AWS Support": "support", "Amazon OpenSearch Service": "clause-store", **queues}.get(str(service))


def _node_parts(made: Clouds, provider: str, month: str) -> dict[str, Decimal]:
    """Each tenant's part of the GPU nodes' cost, what is idle apart, in whole units of the last digit that is stored: a line is
    cut at the running sum of seconds, those who take part in the order of their names."""
    used: dict[tuple[str, datetime], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for hour in made.hours:
        start = hour.start if provider == "aws" else hour.start.replace(hour=0)
        for (number, tenant), seconds in hour.used.items():
            used[company.NODES[number]["resource"], start][tenant] += seconds
    parts: dict[str, Decimal] = defaultdict(Decimal)
    for row in made.lines[provider, month]:
        if not str(rule_of(row)).startswith("gpu-"):
            continue
        own = used[str(row["ResourceId"]), _start(row)]
        capacity = 3600 if provider == "aws" else 86400
        weights = sorted({**own, "__idle__": capacity - sum(own.values())}.items())
        units, before, upto = int(_billed(row).scaleb(12)), 0, 0
        for tenant, weight in weights:
            upto += weight
            parts[tenant] += D(units * upto // capacity - before).scaleb(-12)
            before = units * upto // capacity
    return parts


def _once(provider: str, day: date, service: str, amount: Decimal, **more: str) -> Row:
    """A line that comes once a month."""
    row = bills.compute_row(provider, day, service, "", amount, D(1)) | {
        "ServiceName": service,
        "ChargeCategory": "Usage",
        **more,
    }
    row |= {"Tags": {}, "ResourceId": None, "ResourceType": None, "SkuPriceDetails": None, "ConsumedUnit": None}
    row |= {"ServiceCategory": "Other", "ServiceSubcategory": None, "PricingUnit": "Months"}
    return row | ({"BillingCurrency": "EUR"} if provider == "gcp" else {})


def _in_euros(row: Row) -> Row:
    rate = EUROS[f"{_start(row):%Y-%m}"]
    dearer = {name: D(str(row[name])) * rate for name in bills.MONEY if row[name] is not None}
    return row | dearer | {"BillingCurrency": "EUR"}


def _period(first: date) -> Row:
    start = datetime(first.year, first.month, 1, tzinfo=UTC)
    return {"BillingPeriodStart": start, "BillingPeriodEnd": (start + timedelta(days=32)).replace(day=1)}


def _start(row: Row) -> datetime:
    start = row["ChargePeriodStart"]
    assert isinstance(start, datetime)
    return start


def _billed(row: Row) -> Decimal:
    return D(str(row["BilledCost"]))


def _text(amounts: dict[str, Decimal], times: int) -> dict[str, str]:
    return {name: f"{amount * times:f}" for name, amount in sorted(amounts.items()) if amount}


def _copied(rows: Iterable[Row], times: int) -> Iterator[dict[str, str]]:
    columns = bills.columns_of("aws")
    for row in rows:
        text = bills.text_of(row, columns)
        for number in range(times):
            yield text | {name: _of_copy(text[name], number) for name in ("ResourceId", "SubAccountId")}


def _of_copy(name: object, number: int) -> str:
    return f"{name}-{number}" if number and name else str(name)


def _table(path: Path, columns: tuple[str, ...], rows: Iterable[dict[str, Any]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
