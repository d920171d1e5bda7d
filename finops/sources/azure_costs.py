"""Azure's own cost exports, actual and amortised, in the dialects of all agreements; the ledger reads the file itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from finops.sources.azure_kinds import COST, CURRENCY, PERIOD, paired
from finops.sources.azure_model_meters import BARE, DATED, FAMILY, MODEL, OTHER_MODELS, OURS, TOKEN_CLASSES
from finops.sources.base import Load, Part, Pattern
from finops.sources.bill_sheet import NULL, Sheet, among, cases, currency, first_of, literal, map_of, sheet
from finops.sources.glimpse import glimpse
from finops.sources.late_hash import bill_part

_DATE = ("date", "usagedatetime", "usagedate")
_COMMITMENTS = ("Reservation", "SavingsPlan")
_UNUSED = ("UnusedReservation", "UnusedSavingsPlan")
_CATEGORIES = {
    "Usage": ("Usage", *_UNUSED),
    "Purchase": ("Purchase", "Refund"),
    "Tax": ("Tax",),
    "Credit": ("Credit",),
}
_PRICED_EXACTLY = "DECIMAL(19, 12)"
_CSV, _ALL = (".csv",), (".csv", ".parquet")


class AzureCosts:
    """One file of an export. Options: `currency`, for files without a column for it; `billed_elsewhere` and `used_elsewhere`,
    the accounts and periods for which the actual or the amortised export is loaded in the same call."""

    name = "azure_costs"
    title = "Azure cost exports, actual and amortised (CSV, Parquet)"
    contracts: tuple[str, ...] = ("charge",)
    takes_currency = True
    patterns: tuple[Pattern, ...] = (
        *(Pattern(_ALL, header_all=("MeterId", "ChargeType", cost), header_any=_DATE[:1]) for cost in COST[:2]),
        Pattern(_ALL, header_all=("MeterId", "PreTaxCost"), header_any=_DATE),
        Pattern(_CSV, header_all=("MeterId", "costInBillingCurrency"), header_any=_DATE),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [bill_part(path, root)]

    def together(self, paths: Sequence[Path]) -> Mapping[Path, Mapping[str, Any]]:
        """Options of files that are loaded in one call: usage that two of them bring counts once."""
        return paired(paths, folded)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        bill = sheet(glimpse(part.path), (COST, _DATE), "Azure cost export", folded)
        money, notes = currency(bill, options.get("currency"), *CURRENCY)
        if not bill.has(PERIOD[0]):
            notes.append("the file has no billing period: the month of the usage stands for it")
        billed_there, used_there = options.get("billed_elsewhere", ()), options.get("used_elsewhere", ())
        columns = {
            "BillingCurrency": money,
            **_times(bill),
            **_identity(bill),
            **_costs(bill, _within(bill, billed_there)),
            **_commitment(bill),
            **_what(bill),
            **_tokens(bill),
        }
        notes += _told(billed_there, used_there, options.get("left_out") or "the other rows")
        scan = bill.scan(columns, where=_kept(bill, billed_there, used_there), notes=notes)
        yield Load("charge", scan, notes=list(scan.notes))


def folded(name: str) -> str:
    """`Ressourcengruppe (ResourceGroup)` and `resourceGroup` are one column."""
    inner = re.fullmatch(r".*\((\w+)\)\s*", name)
    return (inner[1] if inner else name).strip().lower()


def _times(bill: Sheet) -> dict[str, str]:
    day = _day(bill.text(*_DATE))
    start = _day(bill.text(PERIOD[0])) if bill.has(PERIOD[0]) else f"left({day}, 7) || '-01'"
    return {
        "BillingPeriodStart": start,
        "BillingPeriodEnd": _next_day(_day(bill.text(PERIOD[1]))) if bill.has(PERIOD[1]) else NULL,
        "ChargePeriodStart": day,
        "ChargePeriodEnd": _next_day(day),
    }


def _day(text: str) -> str:
    """A day in Azure's two spellings, month/day/year or ISO; what is neither stays as it is, for the ledger to reject."""
    parsed = f"strftime(try_strptime({text}, ['%m/%d/%y', '%m/%d/%Y']), '%Y-%m-%d')"
    return cases(
        (f"regexp_full_match({text}, '\\d{{1,2}}/\\d{{1,2}}/(\\d{{4}}|\\d{{2}})')", f"coalesce({parsed}, {text})"), otherwise=text
    )


def _next_day(day: str) -> str:
    """Azure's ends are inclusive, the ledger's exclusive."""
    return f"coalesce(strftime(CAST(TRY_CAST({day} AS TIMESTAMP) AS DATE) + 1, '%Y-%m-%d'), {day})"


def _identity(bill: Sheet) -> dict[str, str]:
    kind, often = bill.text("chargetype"), bill.text("frequency")
    frequencies = (("OneTime", "One-Time"), ("Recurring", "Recurring"), ("UsageBased", "Usage-Based"))
    return {
        "BillingAccountId": bill.raw("billingaccountid"),
        "BillingAccountName": bill.raw("billingaccountname"),
        "SubAccountId": bill.raw("subscriptionid", "subscriptionguid"),
        "SubAccountName": bill.raw("subscriptionname"),
        "InvoiceId": bill.raw("invoiceid", "invoiceno"),
        "InvoiceIssuerName": "'Microsoft'",
        "ServiceProviderName": "'Microsoft'",
        "HostProviderName": "'Microsoft'",
        "ChargeCategory": _category(bill),
        "ChargeClass": cases((f"{kind} = 'Refund'", "'Correction'")) if kind != NULL else NULL,
        "ChargeFrequency": cases(*((f"{often} = {literal(theirs)}", literal(ours)) for theirs, ours in frequencies))
        if often != NULL
        else NULL,
        "ChargeDescription": bill.raw("productname", "product", "metername"),
    }


def _category(bill: Sheet) -> str:
    kind = bill.text("chargetype")
    if kind == NULL:
        return "'Usage'"
    told = ((among(kind, kinds), literal(name)) for name, kinds in _CATEGORIES.items())
    return cases((f"{kind} IS NULL", "'Usage'"), *told, otherwise="'Adjustment'")


def _is_committed(bill: Sheet, category: str) -> str:
    """Whether a row of the category is priced by a reservation or savings plan."""
    model, kind = bill.text("pricingmodel"), bill.text("chargetype")
    marks = [among(model, _COMMITMENTS)] if model != NULL else []
    marks += [among(kind, _UNUSED)] if kind != NULL else []
    return f"(({' OR '.join(marks)}) AND {_category(bill)} = {literal(category)})" if marks else "false"


def _costs(bill: Sheet, billed_there: str) -> dict[str, str]:
    """Billed is what the file says. Purchases of commitments cost nothing when amortised; what committed usage cost when
    amortised is unknown where an actual export says 0."""
    cost, usage, purchase = bill.text(*COST), _is_committed(bill, "Usage"), _is_committed(bill, "Purchase")
    zero = f"coalesce(TRY_CAST({cost} AS DOUBLE) = 0, false)"
    listed = first_of(bill.text("paygcostinbillingcurrency"), _priced(bill, "paygprice"))
    return {
        "BilledCost": bill.raw(*COST)
        if billed_there == "false"
        else cases((f"{billed_there} AND {usage}", "'0'"), otherwise=cost),
        "EffectiveCost": cases((purchase, "'0'"), (f"{usage} AND {zero}", NULL), otherwise=cost),
        "ListCost": listed,
        "ContractedCost": cases((f"{usage} OR {purchase}", _priced(bill, "unitprice")), otherwise=cost),
        "ListUnitPrice": _price(bill, "paygprice"),
        "ContractedUnitPrice": _price(bill, "unitprice"),
    }


def _price(bill: Sheet, name: str) -> str:
    """A unit price; 0 stands for one that is not known. It is in the pricing currency, which has to be the one billed in."""
    price, priced_in = bill.text(name), bill.text("pricingcurrency", "pricingcurrencycode")
    if price == NULL:
        return NULL
    known = f"TRY_CAST({price} AS DOUBLE) <> 0"
    same = "" if priced_in == NULL else f" AND coalesce({priced_in} = {bill.text(*CURRENCY)}, true)"
    return cases((known + same, price))


def _priced(bill: Sheet, name: str) -> str:
    price, quantity = _price(bill, name), bill.text("quantity", "usagequantity")
    if NULL in (price, quantity):
        return NULL
    return f"CAST(TRY_CAST({price} AS {_PRICED_EXACTLY}) * TRY_CAST({quantity} AS {_PRICED_EXACTLY}) AS VARCHAR)"


def _commitment(bill: Sheet) -> dict[str, str]:
    model, kind = bill.text("pricingmodel"), bill.text("chargetype")
    if model == NULL:
        return {}
    usage = _is_committed(bill, "Usage")
    plan = f"{model} = 'SavingsPlan' OR {kind} = 'UnusedSavingsPlan'"
    reservation = f"{model} = 'Reservation' OR {kind} = 'UnusedReservation'"
    ours = f"({plan} OR {reservation})"
    return {
        "PricingCategory": cases(
            (usage, "'Committed'"), (f"{model} = 'Spot'", "'Dynamic'"), (f"{model} = 'OnDemand'", "'Standard'")
        ),
        "CommitmentDiscountCategory": cases((plan, "'Spend'"), (reservation, "'Usage'")),
        "CommitmentDiscountId": cases((ours, bill.text("benefitid", "reservationid", "productorderid"))),
        "CommitmentDiscountName": cases((ours, bill.text("benefitname", "reservationname"))),
        "CommitmentDiscountType": cases((plan, "'Savings Plan'"), (reservation, "'Reservation'")),
        "CommitmentDiscountStatus": cases((among(kind, _UNUSED), "'Unused'"), (usage, "'Used'")),
    }


def _what(bill: Sheet) -> dict[str, str]:
    unit, place = bill.text("unitofmeasure"), bill.text("resourcelocationnormalized", "resourcelocation", "location")
    info = f"CASE WHEN json_valid({bill.text('additionalinfo')}) THEN {bill.text('additionalinfo')} END"
    machine = f"json_extract_string({info}, '/ServiceType')"
    single = f"regexp_matches({unit}, '^1(/| [A-Za-z])')"
    plain = f"regexp_replace({unit}, '^[0-9]+[KM]?[ /]*', '')"
    return {
        "PricingUnit": unit,
        "PricingQuantity": cases((single, bill.text("quantity", "usagequantity"))) if unit != NULL else NULL,
        "ConsumedQuantity": bill.raw("quantity", "usagequantity"),
        "ConsumedUnit": cases((f"{plain} = ''", "'Units'"), otherwise=plain) if unit != NULL else NULL,
        "ServiceName": bill.text("metercategory", "servicename", "consumedservice"),
        "RegionId": cases((f"NOT contains({place}, ' ')", f"lower({place})")) if place != NULL else NULL,
        "RegionName": place,
        "AvailabilityZone": bill.raw("availabilityzone"),
        "ResourceId": bill.text("resourceid", "instanceid", "instancename"),
        "ResourceName": bill.raw("resourcename"),
        "ResourceType": bill.raw("resourcetype"),
        "SkuId": bill.raw("meterid"),
        "SkuMeter": bill.raw("metername"),
        "SkuPriceId": bill.raw("productid", "partnumber"),
        "SkuPriceDetails": map_of([("x_MeterSubcategory", bill.text("metersubcategory")), ("x_Term", bill.text("term"))]),
        "x_InstanceType": cases((f"{machine} LIKE 'Standard\\_%' ESCAPE '\\'", machine)) if bill.has("additionalinfo") else NULL,
        "Tags": _tags(bill),
    }


def _tokens(bill: Sheet) -> dict[str, str]:
    """Model and class of tokens of Azure OpenAI and of the other models sold by Azure, where the meter's name leaves no doubt."""
    if not bill.has("metername"):
        return {}
    meter = f"regexp_replace(lower({bill.text('metername')}), '[-_ ]+', ' ', 'g')"
    families = [bill.text(name) for name in ("metersubcategory", "metercategory", "product", "productname") if bill.has(name)]
    marks = [(bill.text("metername"), OURS), *((text, FAMILY) for text in families)]
    ours = " OR ".join(f"{text} ILIKE {literal(mark)}" for text, mark in marks)
    named = f"regexp_replace(regexp_extract({meter}, {literal(MODEL)}, 1), {literal(DATED)}, '')"
    model = f"replace(regexp_replace(nullif(nullif({named}, ''), 'gpt'), {literal(BARE)}, 'gpt-\\1'), ' ', '-')"
    classes = [(f"regexp_matches({meter}, {literal(form)})", literal(word) if word else NULL) for form, word in TOKEN_CLASSES]
    return {
        "x_Model": cases((f"({ours}) AND NOT regexp_matches({meter}, {literal(OTHER_MODELS)})", model)),
        "x_TokenClass": cases((f"({ours})", cases(*classes))),
    }


def _tags(bill: Sheet) -> str:
    """Tags; the enterprise exports leave the outer braces out."""
    tags = bill.text("tags")
    return NULL if tags == NULL else cases((f"ltrim({tags}) LIKE '\"%'", f"'{{' || {tags} || '}}'"), otherwise=tags)


def _within(bill: Sheet, keys: Sequence[str]) -> str:
    """Whether the row's account and billing period are among the keys."""
    if not keys:
        return "false"
    account, period = bill.text("billingaccountid"), bill.text(PERIOD[0])
    return among(f"(coalesce({account}, '') || '|' || coalesce({period}, ''))", keys)


def _kept(bill: Sheet, billed_there: Sequence[str], used_there: Sequence[str]) -> str | None:
    """Which rows count here: of the amortised export the committed usage, of the actual export all but that."""
    usage = _is_committed(bill, "Usage")
    if billed_there:
        return f"({usage}) OR NOT {_within(bill, billed_there)}"
    if used_there:
        zero = f"coalesce(TRY_CAST({bill.text(*COST)} AS DOUBLE) = 0, false)"
        return f"NOT ({usage} AND {zero} AND {_within(bill, used_there)})"
    return None


def _told(billed_there: Sequence[str], used_there: Sequence[str], left_out: str) -> list[str]:
    if billed_there:
        return [
            "the actual export of the same account and period is loaded with this amortised one: of this file only usage covered"
            f" by commitments is taken, as effective cost with nothing billed; {left_out} are left out: the actual one has them"
        ]
    if used_there:
        return [
            "usage covered by commitments is taken from the amortised export that is loaded with this file:"
            f" {left_out} are left out here"
        ]
    return []


SOURCE = AzureCosts()
