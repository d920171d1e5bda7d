"""Google Cloud's billing export from BigQuery (standard and detailed), as JSON lines, a JSON array, CSV or Parquet; credits are
netted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern
from finops.sources.bill_sheet import NULL, Sheet, cases, first_of, literal, sheet
from finops.sources.files import file_part
from finops.sources.gcp_billing_skus import MODEL_FAMILIES, OTHER_MODELS, SELLERS, TOKEN_CLASSES, TOKEN_SERVICES
from finops.sources.glimpse import Glimpse, glimpse

_MUST = ("billing_account_id", "usage_start_time", "cost", "currency")
_MONTH = ("invoice", "invoice.month", "invoice_month")
_TOP = (
    *(*_MUST, "usage_end_time", "invoice", "cost_type", "cost_at_list", "credits", "labels", "system_labels", "tags"),
    *("project", "location", "resource", "service", "sku", "usage", "price", "adjustment_info", "subscription"),
)
"""The columns that are read. JSON lines leave out what is null, so the first line does not name them all."""
_EXACT = "DECIMAL(38, 28)"
_MACHINE = "compute.googleapis.com/machine_spec"
_COMMITTED = "COMMITTED_USAGE_DISCOUNT"


class GcpBilling:
    """One file of an export; the billing period is the invoice's month, which Google counts in Pacific time."""

    name = "gcp_billing"
    title = "Google Cloud billing export from BigQuery (JSON lines, JSON, CSV, Parquet)"
    contracts: tuple[str, ...] = ("charge",)
    patterns: tuple[Pattern, ...] = (
        Pattern(
            (".jsonl", ".ndjson", ".json", ".csv", ".parquet"),
            header_all=_MUST,
            header_any=("sku", "sku.description", "sku_description"),
        ),
        # an array, as `bq query --format=json` gives
        Pattern((".json",), head_all=tuple(f'"{name}"' for name in (*_MUST, "sku"))),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root, text=not path.name.lower().endswith(".parquet"), closed=True)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        bill = sheet(_whole(glimpse(part.path)), (*((name,) for name in _MUST), _MONTH), "billing export")
        if not bill.has("credits") and any(bill.has(name) for name in ("credits.amount", "credits_amount")):
            raise DataError(
                "the credits are unnested: a cost with two credits stands in two rows and would count twice",
                where=str(part.path),
                hint="export the column `credits` as it is, or as TO_JSON_STRING(credits)",
            )
        notes = [] if bill.has("credits") else ["the file has no credits: its amounts are those before credits"]
        scan = bill.scan(
            {**_identity(bill), **_times(bill), **_costs(bill), **_commitment(bill), **_what(bill), **_tokens(bill)}, notes=notes
        )
        yield Load("charge", scan, notes=notes)


def _whole(seen: Glimpse) -> Glimpse:
    if seen.form != "json":
        return seen
    known = {name.lower() for name in seen.header}
    return replace(seen, header=(*seen.header, *(name for name in _TOP if name not in known)))


def _json(bill: Sheet, column: str) -> str:
    """A nested column as JSON text; null where it holds none."""
    if not bill.has(column):
        return NULL
    text = f"CAST(to_json({bill.raw(column)}) AS VARCHAR)" if bill.seen.form == "parquet" else bill.text(column)
    return f"CASE WHEN json_valid({text}) THEN {text} END"


def _part(bill: Sheet, column: str, *keys: str) -> str:
    """A field of a nested column, or the column of its own into which a CSV file flattens it."""
    flat = bill.text(".".join((column, *keys)), "_".join((column, *keys)))
    nested = _json(bill, column)
    path = literal("/" + "/".join(keys))
    return first_of(flat, NULL if nested == NULL else f"nullif(json_extract_string({nested}, {path}), '')")


def _identity(bill: Sheet) -> dict[str, str]:
    kind, fee = bill.text("cost_type"), _is_fee(bill)
    categories = [(f"{kind} = 'tax'", "'Tax'"), (f"{kind} IN ('adjustment', 'rounding_error')", "'Adjustment'")]
    adjusted = _part(bill, "adjustment_info", "type")
    return {
        "BillingAccountId": bill.raw("billing_account_id"),
        "SubAccountId": _part(bill, "project", "id"),
        "SubAccountName": _part(bill, "project", "name"),
        "BillingCurrency": bill.raw("currency"),
        "InvoiceIssuerName": "'Google Cloud'",
        "ServiceProviderName": "'Google Cloud'",
        "HostProviderName": "'Google Cloud'",
        "ChargeCategory": cases(*(categories if kind != NULL else []), (fee, "'Purchase'"), otherwise="'Usage'"),
        "ChargeClass": cases((f"{adjusted} LIKE '%CORRECTION'", "'Correction'")) if adjusted != NULL else NULL,
        "ChargeFrequency": cases(
            (fee, "'Recurring'"),
            *([(f"coalesce({kind} <> 'regular', false)", "'One-Time'")] if kind != NULL else []),
            otherwise="'Usage-Based'",
        ),
        "ChargeDescription": _part(bill, "sku", "description"),
    }


def _times(bill: Sheet) -> dict[str, str]:
    month = _part(bill, "invoice", "month")
    first = f"TRY_CAST(left({month}, 4) || '-' || right({month}, 2) || '-01' AS DATE)"
    sound = f"regexp_full_match({month}, '\\d{{6}}') AND {first} IS NOT NULL"
    return {
        "BillingPeriodStart": cases((sound, _pacific(first)), otherwise=month),
        "BillingPeriodEnd": cases((sound, _pacific(f"CAST({first} + INTERVAL 1 MONTH AS DATE)"))),
        "ChargePeriodStart": bill.raw("usage_start_time"),
        "ChargePeriodEnd": bill.raw("usage_end_time"),
    }


def _pacific(day: str) -> str:
    """Midnight in Los Angeles of the first of a month: summer time holds from April to the first of November."""
    offset = f"CASE WHEN month({day}) BETWEEN 4 AND 11 THEN '-07:00' ELSE '-08:00' END"
    return f"strftime({day}, '%Y-%m-%dT00:00:00') || {offset}"


def _costs(bill: Sheet) -> dict[str, str]:
    cost, net = bill.text("cost"), _net(bill)
    return {
        "BilledCost": net,
        "EffectiveCost": net,
        "ListCost": bill.raw("cost_at_list"),
        "ContractedCost": bill.raw("cost"),
        "ContractedUnitPrice": _part(bill, "price", "effective_price"),
    } | ({"BilledCost": bill.raw("cost")} if net == cost else {})


def _net(bill: Sheet) -> str:
    """Cost plus its credits, which are negative, exactly. Credits that can't be read make the row a reject, never nothing."""
    cost = bill.text("cost")
    if not bill.has("credits"):
        return cost
    credits = _json(bill, "credits")
    said = bill.text("credits")
    amounts = f"json_extract_string({credits}, '$[*].amount')"
    typed = f"list_transform({amounts}, lambda a: TRY_CAST(a AS {_EXACT}))"
    readable = f"len({amounts}) = json_array_length({credits}) AND len(list_filter({typed}, lambda a: a IS NULL)) = 0"
    return cases(
        (f"{said} IS NULL OR {said} IN ('[]', 'null')", cost),
        (
            f"json_type({credits}) = 'ARRAY' AND {readable}",
            f"coalesce(CAST(TRY_CAST({cost} AS {_EXACT}) + list_sum({typed}) AS VARCHAR), {cost})",
        ),
        otherwise=f"'credits ' || left({said}, 100)",
    )


def _credit(bill: Sheet, key: str) -> str:
    """A field of the first credit that a commitment gave."""
    credits = _json(bill, "credits")
    if credits == NULL:
        return NULL
    listed = f"CASE WHEN json_type({credits}) = 'ARRAY' THEN CAST({credits} AS JSON[]) END"
    given = f"list_filter({listed}, lambda c: starts_with(coalesce(c->>'type', ''), {literal(_COMMITTED)}))"
    return f"(list_extract({given}, 1)->>{literal(key)})"


def _is_fee(bill: Sheet) -> str:
    """Whether a row is the fee of a commitment."""
    return f"coalesce(regexp_matches({_part(bill, 'sku', 'description')}, '^Commitment( - dollar based)? v[0-9]'), false)"


def _commitment(bill: Sheet) -> dict[str, str]:
    kind, fee = _credit(bill, "type"), _is_fee(bill)
    spot = f"regexp_matches({_part(bill, 'sku', 'description')}, '(?i)preemptible|^spot ')"
    regular = f"coalesce({bill.text('cost_type')}, 'regular') = 'regular'" if bill.has("cost_type") else "true"
    used = f"{kind} IS NOT NULL" if kind != NULL else "false"
    return {
        "PricingCategory": cases((fee, NULL), (used, "'Committed'"), (spot, "'Dynamic'"), (regular, "'Standard'")),
        "CommitmentDiscountId": first_of(
            _credit(bill, "id"), cases((fee, _part(bill, "subscription", "instance_id"))) if bill.has("subscription") else NULL
        ),
        "CommitmentDiscountStatus": cases((used, "'Used'")),
        "CommitmentDiscountCategory": cases(
            (f"{kind} = '{_COMMITTED}_DOLLAR_BASE'" if kind != NULL else "false", "'Spend'"), (used, "'Usage'")
        ),
        "CommitmentDiscountType": cases((f"{used} OR {fee}", "'Committed use discount'")),
    }


def _what(bill: Sheet) -> dict[str, str]:
    system = _pairs(bill, "system_labels")
    machine = f"(list_extract(list_filter({system}, lambda e: e->>'key' = {literal(_MACHINE)}), 1)->>'value')"
    return {
        "ServiceName": _part(bill, "service", "description"),
        "RegionId": _part(bill, "location", "region"),
        "AvailabilityZone": _part(bill, "location", "zone"),
        "ResourceId": first_of(_part(bill, "resource", "global_name"), _part(bill, "resource", "name")),
        "ResourceName": _part(bill, "resource", "name"),
        "SkuId": _part(bill, "sku", "id"),
        "SkuMeter": _part(bill, "sku", "description"),
        "PricingQuantity": _part(bill, "usage", "amount_in_pricing_units"),
        "PricingUnit": _part(bill, "usage", "pricing_unit"),
        "ConsumedQuantity": _part(bill, "usage", "amount"),
        "ConsumedUnit": _part(bill, "usage", "unit"),
        "x_InstanceType": machine if system != NULL else NULL,
        "Tags": _tags(bill),
    }


def _pairs(bill: Sheet, column: str) -> str:
    """A column of keys and values as a list of JSON; empty where it is none."""
    text = _json(bill, column)
    return NULL if text == NULL else f"CASE WHEN json_type({text}) = 'ARRAY' THEN CAST({text} AS JSON[]) ELSE [] END"


def _tags(bill: Sheet) -> str:
    """Labels of the resource before tags and labels of the project; a CSV file may give its labels as one JSON object."""
    labels = bill.text("labels")
    project = _json(bill, "project")
    of_project = f"json_extract({project}, '/labels')" if project != NULL else NULL
    lists = [
        _pairs(bill, "labels"),
        _pairs(bill, "tags"),
        f"CASE WHEN json_type({of_project}) = 'ARRAY' THEN CAST({of_project} AS JSON[]) ELSE [] END"
        if of_project != NULL
        else NULL,
        _pairs(bill, "project.labels"),
        _pairs(bill, "project_labels"),
    ]
    known = [one for one in lists if one != NULL]
    if not known:
        return NULL
    merged = known[0]
    for one in known[1:]:
        merged = f"list_concat({merged}, {one})"
    whole = cases((f"len({merged}) > 0", f"CAST(to_json({merged}) AS VARCHAR)"))
    if labels == NULL or bill.seen.form == "parquet":
        return whole
    return cases((f"NOT json_valid({labels}) OR json_type({_json(bill, 'labels')}) = 'OBJECT'", labels), otherwise=whole)


def _tokens(bill: Sheet) -> dict[str, str]:
    """Model and class of tokens of Vertex AI and the Gemini API, where the SKU's name leaves no doubt."""
    sku, service = _part(bill, "sku", "description"), _part(bill, "service", "description")
    if NULL in (sku, service):
        return {}
    told = ", ".join(map(literal, TOKEN_SERVICES))
    ours = f"({service} IN ({told}) OR regexp_matches({service}, {literal(SELLERS)}))"
    named = [
        (f"regexp_matches({sku}, {literal(form)})", f"replace(lower(regexp_extract({sku}, {literal(form)}, 1)), ' ', '-')")
        for form in MODEL_FAMILIES
    ]
    other = (f"regexp_matches({sku}, {literal(OTHER_MODELS)})", NULL)
    classes = [(f"regexp_matches({sku}, {literal(form)})", literal(word) if word else NULL) for form, word in TOKEN_CLASSES]
    return {"x_Model": cases((ours, cases(other, *named))), "x_TokenClass": cases((ours, cases(*classes)))}


SOURCE = GcpBilling()
