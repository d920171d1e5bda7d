"""AWS Cost and Usage Reports, legacy and 2.0, as CSV or Parquet; the ledger reads the file itself, by the SQL given here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.aws_bedrock_models import (
    EDITION,
    GLOBAL,
    MODEL,
    MODEL_IDS,
    PRODUCTS,
    SCOPED,
    SOLD,
    THROUGHPUT,
    TOKEN_CLASSES,
)
from finops.sources.aws_cur_names import (
    CATEGORIES,
    COMMITTED,
    FREE_WHEN_AMORTISED,
    INSTANCE,
    NOT_HOURS,
    SPLIT_OPERATIONS,
    UNUSED,
    names,
)
from finops.sources.base import Load, Part, Pattern
from finops.sources.bill_sheet import (
    NULL,
    Sheet,
    among,
    cases,
    currency,
    difference,
    first_of,
    literal,
    map_of,
    quoted,
    sheet,
    total,
)
from finops.sources.glimpse import glimpse
from finops.sources.late_hash import bill_part

_COST = names("lineItem", "UnblendedCost")
_START = names("lineItem", "UsageStartDate")
_TYPE = names("lineItem", "LineItemType")
_PARENT = names("splitLineItem", "ParentResourceId")
_ARN = (*names("savingsPlan", "SavingsPlanARN"), *names("reservation", "ReservationARN", "reservation_a_r_n"))


class AwsCur:
    """One file of a report. Option: `currency` names the currency of files that have no column for it. What the columns
    `discount` say of a line is taken off nothing: AWS bills those discounts on lines of their own, which count."""

    name = "aws_cur"
    title = "AWS Cost and Usage Report, legacy and 2.0 (CSV, Parquet)"
    contracts: tuple[str, ...] = ("charge",)
    takes_currency = True
    patterns: tuple[Pattern, ...] = (
        Pattern((".csv",), header_all=(_COST[0], _START[0], _TYPE[0])),
        Pattern((".csv", ".parquet"), header_all=(_COST[1], _START[1], _TYPE[1])),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [bill_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        bill = sheet(glimpse(part.path), (_COST, _START, _TYPE), "Cost and Usage Report")
        money, notes = currency(bill, options.get("currency"), *names("lineItem", "CurrencyCode"))
        split = _split(bill)
        if bill.text(*_PARENT) != NULL:
            notes.append(
                "split cost allocation rows stand with a cost of 0 and their share in SkuPriceDetails: the instance pays"
            )
        columns = {
            "BillingCurrency": money,
            **_identity(bill),
            **_costs(bill, split),
            **_quantities(bill),
            **_commitment(bill),
            **_what(bill),
            "Tags": _tags(bill),
            "SkuPriceDetails": _details(bill),
        }
        scan = bill.scan(columns, notes=notes)
        yield Load("charge", scan, notes=list(scan.notes))


def _identity(bill: Sheet) -> dict[str, str]:
    kind = bill.text(*_TYPE)
    start = bill.raw(*names("bill", "BillingPeriodStartDate"))
    entity = bill.text(*names("bill", "InvoicingEntity"), *names("bill", "BillingEntity"))
    correction = [f"{kind} = 'Refund'"]
    if bill.has("bill/BillType") or bill.has("bill_bill_type"):
        correction.append(f"{bill.text(*names('bill', 'BillType'))} = 'Refund'")
    return {
        "BillingAccountId": bill.raw(*names("bill", "PayerAccountId")),
        "BillingAccountName": bill.raw("bill_payer_account_name"),
        "SubAccountId": bill.raw(*names("lineItem", "UsageAccountId")),
        "SubAccountName": bill.raw("line_item_usage_account_name"),
        "BillingPeriodStart": _month(bill) if start == NULL else start,
        "BillingPeriodEnd": bill.raw(*names("bill", "BillingPeriodEndDate")),
        "InvoiceId": bill.raw(*names("bill", "InvoiceId")),
        "InvoiceIssuerName": cases((f"{entity} = 'AWS'", "'Amazon Web Services'"), otherwise=entity)
        if entity != NULL
        else "'AWS'",
        "ServiceProviderName": "'AWS'",
        "HostProviderName": "'AWS'",
        "ChargeCategory": _category(kind),
        "ChargeClass": cases((" OR ".join(correction), "'Correction'")),
        "ChargeFrequency": cases(
            (among(kind, UNUSED), "'Recurring'"), (_category(kind) + " = 'Usage'", "'Usage-Based'"), otherwise="'One-Time'"
        ),
        "ChargeDescription": bill.raw(*names("lineItem", "LineItemDescription")),
        "ChargePeriodStart": bill.raw(*_START),
        "ChargePeriodEnd": bill.raw(*names("lineItem", "UsageEndDate")),
    }


def _month(bill: Sheet) -> str:
    """The billing period from CUR 2.0's `billing_period`, else the month of the usage (UTC)."""
    return first_of(
        f"{bill.text('billing_period')} || '-01'" if bill.has("billing_period") else NULL,
        f"left({bill.text(*_START)}, 7) || '-01'",
    )


def _category(kind: str) -> str:
    return cases(*((among(kind, kinds), literal(name)) for name, kinds in CATEGORIES.items()), otherwise="'Adjustment'")


def _split(bill: Sheet) -> str:
    """Whether a row is a share of an instance that has a row of its own."""
    operation, parent = bill.text(*names("lineItem", "Operation")), bill.text(*_PARENT)
    marks = [among(operation, SPLIT_OPERATIONS)] if operation != NULL else []
    marks += [f"{parent} IS NOT NULL"] if parent != NULL else []
    return f"({' OR '.join(marks)})" if marks else "false"


def _costs(bill: Sheet, split: str) -> dict[str, str]:
    """Billed is what the report says; effective is amortised as AWS's own dashboards do it."""
    kind, cost, billed = bill.text(*_TYPE), bill.text(*_COST), bill.raw(*_COST)
    reserved = names("reservation", "UnusedAmortizedUpfrontFeeForBillingPeriod"), names("reservation", "UnusedRecurringFee")
    plan, reservation = bill.text(*_ARN[:2]), bill.text(*_ARN[2:])
    used = difference(
        bill.text(*names("savingsPlan", "TotalCommitmentToDate")), bill.text(*names("savingsPlan", "UsedCommitment"))
    )
    effective = cases(
        (f"{kind} = 'SavingsPlanCoveredUsage'", bill.text(*names("savingsPlan", "SavingsPlanEffectiveCost"))),
        (f"{kind} = 'SavingsPlanRecurringFee'", used),
        (among(kind, FREE_WHEN_AMORTISED), "'0'"),
        (f"{kind} = 'DiscountedUsage'", bill.text(*names("reservation", "EffectiveCost"))),
        (f"{kind} = 'RIFee'", total(*(bill.text(*both) for both in reserved))),
        *([(f"{kind} = 'Fee' AND {reservation} IS NOT NULL", "'0'")] if reservation != NULL else []),
        *([(f"{kind} = 'Refund' AND {plan} IS NOT NULL", "'0'")] if plan != NULL else []),
        otherwise=cost,
    )
    public = bill.text(*names("pricing", "PublicOnDemandCost"))
    contracted = cases((f"{kind} = 'DiscountedUsage'", NULL), (f"{kind} = 'SavingsPlanNegation'", "'0'"), otherwise=cost)
    costs = {
        "BilledCost": billed,
        "EffectiveCost": effective,
        "ListCost": cases((f"{kind} = 'SavingsPlanNegation'", "'0'"), otherwise=public) if public != NULL else NULL,
        "ContractedCost": contracted,
    }
    if split == "false":
        return costs
    free = {name: cases((split, "'0'"), otherwise=sql) for name, sql in costs.items() if sql != NULL}
    return {**free, "BilledCost": cases((split, "'0'"), otherwise=cost)}


def _quantities(bill: Sheet) -> dict[str, str]:
    """A negation takes back a cost and no use: its quantity is that of the covered line, which stands beside it."""
    unit, kind = bill.raw(*names("pricing", "Unit")), bill.text(*_TYPE)
    usage = f"{_category(kind)} = 'Usage' AND {kind} <> 'SavingsPlanNegation'"
    amount = bill.text(*names("lineItem", "UsageAmount"))
    return {
        "PricingQuantity": cases((f"{kind} = 'SavingsPlanNegation'", NULL), otherwise=amount) if amount != NULL else NULL,
        "PricingUnit": unit,
        "ConsumedQuantity": cases((usage, amount)) if amount != NULL else NULL,
        "ConsumedUnit": cases((usage, bill.text(*names("pricing", "Unit")))) if unit != NULL else NULL,
        "ListUnitPrice": bill.raw(*names("pricing", "PublicOnDemandRate")),
    }


def _commitment(bill: Sheet) -> dict[str, str]:
    kind, usage_type = bill.text(*_TYPE), bill.text(*names("lineItem", "UsageType"))
    plan, reservation = bill.text(*_ARN[:2]), bill.text(*_ARN[2:])
    spot = f"{usage_type} LIKE '%SpotUsage%'" if usage_type != NULL else "false"
    of_plan = f"{kind} LIKE 'SavingsPlan%'" + (f" OR {plan} IS NOT NULL" if plan != NULL else "")
    of_reservation = f"{kind} IN ('DiscountedUsage', 'RIFee')" + (f" OR {reservation} IS NOT NULL" if reservation != NULL else "")
    return {
        "PricingCategory": cases(
            (among(kind, COMMITTED), "'Committed'"),
            (spot, "'Dynamic'"),
            (f"{kind} = 'Usage'", "'Standard'"),
        ),
        "CommitmentDiscountId": first_of(plan, reservation),
        "CommitmentDiscountCategory": cases((of_plan, "'Spend'"), (of_reservation, "'Usage'")),
        "CommitmentDiscountType": cases((of_plan, "'Savings Plan'"), (of_reservation, "'Reserved Instance'")),
        "CommitmentDiscountStatus": cases((among(kind, COMMITTED), "'Used'"), (among(kind, UNUSED), "'Unused'")),
    }


def _what(bill: Sheet) -> dict[str, str]:
    usage_type = bill.text(*names("lineItem", "UsageType"))
    code = bill.text(*names("lineItem", "ProductCode"))
    instance = [bill.text(*names("product", "instanceType")), _product(bill, "instance_type")]
    if usage_type != NULL:
        found = f"nullif(regexp_extract({usage_type}, {literal(INSTANCE)}, 1), '')"
        instance.append(cases((f"NOT regexp_matches({usage_type}, {literal(NOT_HOURS)})", found)))
    region = [*names("product", "regionCode"), *names("product", "region")]
    return {
        "ServiceName": first_of(
            bill.text(*names("product", "ProductName", "product_name")),
            _product(bill, "product_name"),
            bill.text("product/servicename", "product_servicename"),
            code,
        ),
        "RegionId": first_of(bill.text(*region), _product(bill, "region")),
        "AvailabilityZone": bill.raw(*names("lineItem", "AvailabilityZone")),
        "ResourceId": bill.raw(*names("lineItem", "ResourceId")),
        "SkuId": bill.raw("product/sku", "product_sku"),
        "SkuMeter": usage_type,
        "SkuPriceId": bill.raw(*names("pricing", "RateId")),
        "x_InstanceType": first_of(*instance),
        **_tokens(bill, usage_type, code),
    }


def _tokens(bill: Sheet, usage_type: str, code: str) -> dict[str, str]:
    """Model and class of tokens of Bedrock. Models that a marketplace seller bills are named by their product."""
    if NULL in (usage_type, code):
        return {}
    ours = f"(starts_with({code}, {literal(PRODUCTS)}) OR {usage_type} ILIKE {literal(SOLD)})"
    stated = first_of(bill.text("product/model", "product_model"), _product(bill, "model"))
    product = first_of(bill.text(*names("product", "ProductName", "product_name")), _product(bill, "product_name"))
    sold = f"nullif(regexp_extract({product}, {literal(EDITION)}, 1), '')" if product != NULL else NULL
    named = [f"nullif(regexp_extract({usage_type}, {literal(form)}, 1), '')" for form in (MODEL, THROUGHPUT)]
    classes = [
        (f"regexp_matches({usage_type}, {literal(form)})", literal(word) if word else NULL) for form, word in TOKEN_CLASSES
    ]
    everywhere = f"regexp_matches({usage_type}, {literal(GLOBAL)})"
    model = _model_id(first_of(stated, sold, *named), everywhere)
    return {"x_Model": cases((ours, model)), "x_TokenClass": cases((ours, cases(*classes)))}


def _model_id(name: str, everywhere: str) -> str:
    """The id by which the model is called, where its name is known; else the name. Prices of a global profile are their own.
    Each step is a list of one, so that the engine works it out once a row."""
    known = ", ".join(f"{literal(short)}: {literal(model)}" for short, model in MODEL_IDS.items())
    called = f"coalesce(MAP {{{known}}}[regexp_replace(lower(n), '[^a-z0-9]', '', 'g')], n)"
    scoped = f"CASE WHEN {everywhere} THEN regexp_replace(m, {literal(SCOPED)}, 'global.\\1') ELSE m END"
    return f"list_transform(list_transform([{name}], lambda n: {called}), lambda m: {scoped})[1]"


def _entry(bill: Sheet, column: str, key: str) -> str:
    """An entry of a map column: of a MAP in Parquet, of JSON text in CSV."""
    if not bill.has(column):
        return NULL
    as_json = f"TRY_CAST(to_json({bill.raw(column)}) AS JSON)" if bill.seen.form == "parquet" else bill.raw(column)
    valid = as_json if bill.seen.form == "parquet" else f"CASE WHEN json_valid({as_json}) THEN {as_json} END"
    return f"nullif(json_extract_string({valid}, {literal('/' + key)}), '')"


def _product(bill: Sheet, key: str) -> str:
    return _entry(bill, "product", key)


def _tags(bill: Sheet) -> str:
    """Tags under the keys that people gave them; those of AWS keep their prefix. A cost category is `costCategory/NAME`."""
    if bill.has("resource_tags"):
        tags = f"regexp_replace({_map_text(bill, 'resource_tags')}, '([{{,] *\")user[:_]', '\\1', 'g')"
        return _with_categories(tags, _map_text(bill, "cost_category")) if bill.has("cost_category") else tags
    entries: list[tuple[str, str]] = []
    for prefix in ("resourcetags/", "resource_tags_"):
        entries += [(_key(name), f"nullif(CAST({quoted(own)} AS VARCHAR), '')") for name, own in bill.starting(prefix)]
    for prefix in ("costcategory/", "cost_category_"):
        entries += [
            (f"costCategory/{name}", f"nullif(CAST({quoted(own)} AS VARCHAR), '')") for name, own in bill.starting(prefix)
        ]
    return map_of(entries)


def _map_text(bill: Sheet, column: str) -> str:
    """A map column as JSON text."""
    return f"CAST(to_json({bill.raw(column)}) AS VARCHAR)" if bill.seen.form == "parquet" else bill.raw(column)


def _with_categories(tags: str, categories: str) -> str:
    """The tags, and each cost category of the map as `costCategory/NAME`. Tags that can't be read stay as they are."""
    given = f"TRY_CAST(TRY_CAST({categories} AS JSON) AS MAP(VARCHAR, VARCHAR))"
    own = f"TRY_CAST(TRY_CAST(coalesce(nullif({tags}, ''), '{{}}') AS JSON) AS MAP(VARCHAR, VARCHAR))"
    entry = "{'key': 'costCategory/' || e.key, 'value': e.value}"
    both = f"map_concat({own}, map_from_entries(list_transform(map_entries({given}), lambda e: {entry})))"
    return cases(
        (f"cardinality({given}) > 0 AND {own} IS NOT NULL", f"CAST(to_json({both}) AS VARCHAR)"),
        otherwise=tags,
    )


def _key(name: str) -> str:
    for prefix in ("user:", "user_"):
        if name.lower().startswith(prefix):
            return name[len(prefix) :]
    return name


def _details(bill: Sheet) -> str:
    shares = ("ParentResourceId", "SplitUsageRatio", "SplitCost", "UnusedCost", "NetSplitCost", "NetUnusedCost")
    return map_of([(f"x_{name}", bill.text(*names("splitLineItem", name))) for name in shares])


SOURCE = AwsCur()
