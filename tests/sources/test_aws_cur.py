"""AWS Cost and Usage Reports: exact sums, amortised cost, commitments, splits, tokens, and the names of both generations."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from finops.prices.tokens import resolve_model
from finops.sources.aws_bedrock_models import MODEL_IDS
from finops.sources.aws_cur import SOURCE
from finops.sources.detect import recognise
from tests.conftest import LONG, whole_ledger_cases
from tests.sources.bill_reading import Bill, read_bill

SAMPLE = Path(__file__).parent / "samples/aws_cur/legacy.csv"
KINDS = (
    "spot",
    "covered",
    "negation",
    "plan fee",
    "reserved",
    "RI fee",
    "RI upfront",
    "pod",
    "tokens",
    "tax",
    "credit",
    "refund",
)


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    read = read_bill(SOURCE, SAMPLE, tmp_path_factory.mktemp("cur"))
    assert not read.rejects
    return dict(zip(KINDS, read.rows, strict=True))


def test_the_real_sample_adds_up_to_the_last_digit(shared_file: Callable[[str], Path], tmp_path: Path) -> None:
    path = shared_file("billing/aws_cur_legacy_sample.csv")
    assert recognise(path, None).name == "aws_cur"
    read = read_bill(SOURCE, path, tmp_path)
    assert len(read.rows) == 1281
    assert read.total == sum(read.column("BilledCost")) == Decimal("1.68230869740")
    assert read.rounding == 0
    assert [read.column("ChargeCategory").count(kind) for kind in ("Usage", "Tax")] == [1269, 12]
    assert None not in read.column("EffectiveCost")
    assert sum(read.column("EffectiveCost")) == read.total


@pytest.mark.parametrize(
    ("kind", "billed", "effective", "listed"),
    [
        ("spot", "0.2412", "0.2412", "0.8048"),
        ("covered", "0.1008", "0.0667", "0.1008"),
        ("negation", "-0.1008", "0", "0"),
        ("plan fee", "0.1", "0.0333", None),
        ("reserved", "0", "0.141", "0.225"),
        ("RI fee", "60", "2.5000000181", "0"),
        ("RI upfront", "500", "0", None),
        ("pod", "0", "0", "0"),
        ("tax", "0.02", "0.02", None),
        ("credit", "-0.01", "-0.01", None),
        ("refund", "-0.3", "-0.3", None),
    ],
)
def test_billed_effective_and_list_cost(
    bill: dict[str, dict[str, Any]], kind: str, billed: str, effective: str, listed: str | None
) -> None:
    row = bill[kind]
    assert (row["BilledCost"], row["EffectiveCost"]) == (Decimal(billed), Decimal(effective))
    assert row["ListCost"] == (None if listed is None else Decimal(listed))


@pytest.mark.parametrize(
    ("kind", "category", "pricing", "status"),
    [
        ("spot", "Usage", "Dynamic", None),
        ("covered", "Usage", "Committed", "Used"),
        ("negation", "Usage", None, None),
        ("plan fee", "Purchase", None, "Unused"),
        ("reserved", "Usage", "Committed", "Used"),
        ("RI fee", "Purchase", None, "Unused"),
        ("RI upfront", "Purchase", None, None),
        ("tokens", "Usage", "Standard", None),
        ("tax", "Tax", None, None),
        ("credit", "Credit", None, None),
        ("refund", "Adjustment", None, None),
    ],
)
def test_categories_and_commitments(
    bill: dict[str, dict[str, Any]], kind: str, category: str, pricing: str | None, status: str | None
) -> None:
    row = bill[kind]
    assert (row["ChargeCategory"], row["PricingCategory"], row["CommitmentDiscountStatus"]) == (category, pricing, status)
    assert row["ChargeClass"] == ("Correction" if kind == "refund" else None)


def test_what_was_used_and_by_whom(bill: dict[str, dict[str, Any]]) -> None:
    assert (bill["spot"]["Tags"], bill["tax"]["Tags"]) == ({"team": "vision", "aws:createdBy": "ops"}, None)
    assert [bill[kind]["x_InstanceType"] for kind in ("spot", "covered", "reserved")] == [
        "g6.xlarge",
        "m7i.large",
        "db.r6g.large",
    ]
    assert bill["plan fee"]["CommitmentDiscountId"].endswith("savingsplan/p1")
    assert bill["RI fee"]["CommitmentDiscountCategory"] == "Usage"
    assert (bill["tokens"]["x_Model"], bill["tokens"]["x_TokenClass"]) == ("amazon.nova-lite-v1:0", "cache_read")
    assert (bill["spot"]["BillingAccountId"], bill["spot"]["SubAccountId"]) == ("100000000001", "100000000002")
    assert bill["spot"]["RegionId"] == "us-west-2"


def test_a_share_of_an_instance_does_not_double_it(bill: dict[str, dict[str, Any]]) -> None:
    assert bill["pod"]["SkuPriceDetails"] == {"x_ParentResourceId": "i-2", "x_SplitCost": "0.05"}


MODERN = {
    "bill_payer_account_id": "1",
    "bill_billing_period_start_date": "2026-10-01T00:00:00.000Z",
    "line_item_line_item_type": "Usage",
    "line_item_usage_start_date": "2026-10-02T08:00:00.000Z",
    "line_item_usage_type": "USE1-BoxUsage:g6.xlarge",
    "line_item_product_code": "AmazonEC2",
    "line_item_operation": "RunInstances",
    "line_item_currency_code": "USD",
    "line_item_unblended_cost": "1.81E-8",
    "product": '{"product_name":"Amazon Elastic Compute Cloud","region":"us-east-1","instance_type":"g6.xlarge"}',
    "resource_tags": '{"user_team":"vision","user:cost":"x","aws_created":"ops"}',
}


def modern(path: Path, *changes: dict[str, str]) -> Path:
    rows = [MODERN | change for change in changes]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list({name: None for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    return path


def checked(read: Bill) -> None:
    assert not read.rejects
    (row,) = read.rows
    assert row["BilledCost"] == row["EffectiveCost"] == Decimal("1.81E-8")
    assert (row["ServiceName"], row["RegionId"]) == ("Amazon Elastic Compute Cloud", "us-east-1")
    assert row["x_InstanceType"] == "g6.xlarge"
    assert row["Tags"] == {"team": "vision", "cost": "x", "aws_created": "ops"}
    assert row["ChargePeriodStart"] == datetime(2026, 10, 2, 8)


def test_data_exports_as_csv(tmp_path: Path) -> None:
    checked(read_bill(SOURCE, modern(tmp_path / "cur.csv", {}), tmp_path))


def test_data_exports_as_parquet_with_maps(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    entries = pa.map_(pa.string(), pa.string())
    columns: dict[str, Any] = {name: [text] for name, text in MODERN.items()}
    for name in ("product", "resource_tags"):
        columns[name] = pa.array([list(json.loads(MODERN[name]).items())], entries)
    columns["line_item_unblended_cost"] = [1.81e-8]
    columns["line_item_usage_start_date"] = pa.array([datetime(2026, 10, 2, 8, tzinfo=UTC)], pa.timestamp("ms", "UTC"))
    path = tmp_path / "cur-00001.snappy.parquet"
    pq.write_table(pa.table(columns), path)
    assert recognise(path, None).name == "aws_cur"
    checked(read_bill(SOURCE, path, tmp_path))


SONNET, OPUS = "Claude 3.5 Sonnet (Amazon Bedrock Edition)", "Claude Opus 4.6 (Amazon Bedrock Edition)"


@pytest.mark.parametrize(
    ("usage_type", "product", "model", "token_class"),
    [
        ("USE1-NovaLite-input-tokens", "", "amazon.nova-lite-v1:0", "input_uncached"),
        ("USW2-NovaPro-output-tokens-batch", "", "amazon.nova-pro-v1:0", "output"),
        ("EU-NovaMicro-cache-write-input-tokens", "", "amazon.nova-micro-v1:0", "cache_write"),
        (
            "USE1-Nova2.0Lite-text-input-tokens-priority-cross-region-global",
            "",
            "global.amazon.nova-2-lite-v1:0",
            "input_uncached",
        ),
        ("USE1-Llama3-1-8B-input-tokens", "", "meta.llama3-1-8b-instruct-v1:0", "input_uncached"),
        ("USE1-Gemma-3-4B-IT-input-tokens-flex", "", "Gemma-3-4B-IT", "input_uncached"),
        (
            "USE1-Claude4.5Haiku-input-tokens-cross-region-global",
            "Amazon Bedrock",
            "global.anthropic.claude-haiku-4-5-20251001-v1:0",
            "input_uncached",
        ),
        ("USE1-Claude4.6Opus-cache-read-input-token-count", "", "anthropic.claude-opus-4-6-v1:0", "cache_read"),
        ("USE1-Claude4Sonnet-output-tokens-long-context", "", "anthropic.claude-sonnet-4-20250514-v1:0", "output"),
        (
            "USW2-anthropic.claude-opus-4-8-mantle-cache-write-tokens-global-standard",
            "",
            "global.anthropic.claude-opus-4-8",
            "cache_write",
        ),
        ("USE1-Nova2.0Lite-ProvisionedThroughput-NoCommit-ModelUnits", "", "us.amazon.nova-2-lite-v1:0", None),
        ("USE1-MP:USE1_InputTokenCount-Units", SONNET, "anthropic.claude-3-5-sonnet-20240620-v1:0", "input_uncached"),
        ("USE1-MP:USE1_CacheReadInputTokenCount-Units", SONNET, "anthropic.claude-3-5-sonnet-20240620-v1:0", "cache_read"),
        (
            "USE1-MP:USE1_CacheWrite1hInputTokenCount_Global-Units",
            OPUS,
            "global.anthropic.claude-opus-4-6-v1:0",
            "cache_write_1h",
        ),
        ("USE1-MP:USE1_output_tokens_standard-Units", OPUS, "anthropic.claude-opus-4-6-v1:0", "output"),
        ("USE1-MP:USE1_MillionBatchInputTokens-Units", OPUS, "anthropic.claude-opus-4-6-v1:0", "input_uncached"),
        ("USE1-NovaSonic-speech-input-tokens", "", "NovaSonic-speech", None),
        ("USE1-ModelUnits-custom", "", None, None),
    ],
)
def test_tokens_of_bedrock(tmp_path: Path, usage_type: str, product: str, model: str | None, token_class: str | None) -> None:
    change = {
        "line_item_product_code": "AmazonBedrock",
        "line_item_usage_type": usage_type,
        "product": json.dumps({"product_name": product}),
    }
    (row,) = read_bill(SOURCE, modern(tmp_path / "cur.csv", change), tmp_path).rows
    assert (row["x_Model"], row["x_TokenClass"]) == (model, token_class)


def test_models_of_bedrock_are_those_of_the_price_list() -> None:
    unknown = {name for name in MODEL_IDS.values() if resolve_model("AWS", name) is None}
    assert unknown == set()


def test_cost_categories_stand_beside_the_tags(tmp_path: Path) -> None:
    category = {"cost_category": '{"Team":"vision","user_x":"y"}'}
    bare = category | {"resource_tags": ""}
    path = modern(tmp_path / "cur.csv", category, bare, {"cost_category": "{}"}, {"cost_category": ""})
    tags = {"team": "vision", "cost": "x", "aws_created": "ops"}
    categories = {"costCategory/Team": "vision", "costCategory/user_x": "y"}
    assert read_bill(SOURCE, path, tmp_path).column("Tags") == [tags | categories, categories, tags, tags]


@settings(max_examples=whole_ledger_cases() if LONG else 6)
@given(st.lists(st.lists(st.decimals(0, 1, places=6), max_size=4), min_size=1, max_size=6), st.decimals(4, 9, places=6))
def test_p8_a_plan_costs_what_was_committed_used_or_not(
    tmp_path_factory: pytest.TempPathFactory, hours: list[list[Decimal]], commitment: Decimal
) -> None:
    """Covered usage, its negation and the fee of each hour: billed and effective both add up to the commitment."""
    folder = tmp_path_factory.mktemp("plan")
    plan = {"savings_plan_savings_plan_a_r_n": "arn:p"}
    rows = []
    for uses in hours:
        for use in uses:
            on_demand = f"{use * 3:f}"
            covered = {"line_item_line_item_type": "SavingsPlanCoveredUsage", "line_item_unblended_cost": on_demand}
            rows.append(plan | covered | {"savings_plan_savings_plan_effective_cost": f"{use:f}"})
            rows.append(plan | {"line_item_line_item_type": "SavingsPlanNegation", "line_item_unblended_cost": f"-{on_demand}"})
        fee = {"line_item_line_item_type": "SavingsPlanRecurringFee", "line_item_unblended_cost": f"{commitment:f}"}
        used = f"{sum(uses, Decimal(0)):f}"
        rows.append(
            plan | fee | {"savings_plan_total_commitment_to_date": f"{commitment:f}", "savings_plan_used_commitment": used}
        )
    read = read_bill(SOURCE, modern(folder / "cur.csv", *rows), folder)
    for metric in ("BilledCost", "EffectiveCost"):
        assert sum(read.column(metric)) == commitment * len(hours)
    unused = [row["EffectiveCost"] for row in read.rows if row["CommitmentDiscountStatus"] == "Unused"]
    assert unused == [commitment - sum(uses, Decimal(0)) for uses in hours]


@settings(max_examples=whole_ledger_cases() if LONG else 6)
@given(st.lists(st.booleans(), min_size=1, max_size=24), st.decimals(0, 9, places=6), st.decimals(0, 9, places=6))
def test_p8_a_reservation_costs_its_fees_used_or_not(
    tmp_path_factory: pytest.TempPathFactory, used: list[bool], upfront: Decimal, recurring: Decimal
) -> None:
    """Hours in use at their amortised cost and the rest as unused: over the term the effective cost is what was billed, and
    up to any hour no more than that."""
    folder = tmp_path_factory.mktemp("reserved")
    arn = {"reservation_reservation_a_r_n": "arn:r"}
    hours = len(used)
    rows = [arn | {"line_item_line_item_type": "Fee", "line_item_unblended_cost": f"{upfront * hours:f}"}]
    for in_use in used:
        if in_use:
            cost = {"line_item_unblended_cost": "0", "reservation_effective_cost": f"{upfront + recurring:f}"}
            rows.append(arn | {"line_item_line_item_type": "DiscountedUsage"} | cost)
    idle = used.count(False)
    unused = {"reservation_unused_amortized_upfront_fee_for_billing_period": f"{upfront * idle:f}"}
    unused |= {"reservation_unused_recurring_fee": f"{recurring * idle:f}"}
    fee = {"line_item_line_item_type": "RIFee", "line_item_unblended_cost": f"{recurring * hours:f}"}
    read = read_bill(SOURCE, modern(folder / "cur.csv", *rows, arn | fee | unused), folder)
    billed, effective = ([row[name] for row in read.rows] for name in ("BilledCost", "EffectiveCost"))
    assert sum(billed) == sum(effective) == (upfront + recurring) * hours
    by_status = {status: Decimal(0) for status in ("Used", "Unused", None)}
    for row in read.rows:
        by_status[row["CommitmentDiscountStatus"]] += row["EffectiveCost"]
    assert by_status == {"Used": (upfront + recurring) * (hours - idle), "Unused": (upfront + recurring) * idle, None: 0}
    assert all(sum(effective[: n + 1]) <= (upfront + recurring) * hours for n in range(len(effective)))


def test_a_negation_has_no_hours_of_its_own(bill: dict[str, dict[str, Any]]) -> None:
    assert bill["covered"]["ConsumedQuantity"] is not None
    for name in ("ConsumedQuantity", "PricingQuantity"):
        assert bill["negation"][name] is None


def test_discounts_of_an_agreement_are_credits_that_amortise(tmp_path: Path) -> None:
    kinds = ("EdpDiscount", "PrivateRateDiscount", "BundledDiscount", "RiVolumeDiscount", "SppDiscount")
    rows = [
        {"line_item_line_item_type": kind, "line_item_unblended_cost": "-0.5", "line_item_resource_id": kind} for kind in kinds
    ]
    read = read_bill(SOURCE, modern(tmp_path / "cur.csv", *rows), tmp_path)
    assert {(row["ChargeCategory"], row["BilledCost"], row["EffectiveCost"]) for row in read.rows} == {
        ("Credit", Decimal("-0.5"), Decimal("-0.5"))
    }


def test_a_file_without_a_period_takes_the_month_of_use(tmp_path: Path) -> None:
    path = modern(tmp_path / "cur.csv", {})
    path.write_text(path.read_text(encoding="utf-8").replace("bill_billing_period_start_date", "x"), encoding="utf-8")
    (row,) = read_bill(SOURCE, path, tmp_path).rows
    assert row["BillingPeriodStart"] == datetime(2026, 10, 1)


def test_amounts_that_are_none_are_rejected_with_their_text(tmp_path: Path) -> None:
    fee = {"line_item_line_item_type": "SavingsPlanRecurringFee", "line_item_unblended_cost": "1"}
    commitment = {"savings_plan_total_commitment_to_date": "ten", "savings_plan_used_commitment": "1"}
    path = modern(tmp_path / "cur.csv", {}, {"line_item_unblended_cost": "$3"}, fee | commitment)
    read = read_bill(SOURCE, path, tmp_path)
    found = [(r["row_number"], r["column_name"], r["raw_text"]) for r in read.rejects]
    assert found == [(2, "BilledCost", "$3"), (3, "EffectiveCost", "ten - 1")]
    assert len(read.rows) == 1


def test_gzip_and_a_missing_currency(tmp_path: Path) -> None:
    text = modern(tmp_path / "cur.csv", {}).read_text(encoding="utf-8").replace("line_item_currency_code", "x")
    path = tmp_path / "packed.csv.gz"
    path.write_bytes(gzip.compress(text.encode()))
    read = read_bill(SOURCE, path, tmp_path)
    assert read.column("BillingCurrency") == ["XXX"]
    assert any("no column for the currency" in note for note in read.notes)


def test_a_header_that_lacks_what_must_be_there_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cur.csv"
    path.write_text("lineItem/UnblendedCost,bill/BillType\n1,2\n", encoding="utf-8")
    with pytest.raises(DataError, match="lacks lineItem/UsageStartDate and lineItem/LineItemType"):
        list(SOURCE.open(next(iter(SOURCE.parts(path, tmp_path))), {}))


@pytest.mark.parametrize("names", ["legacy", "map"])
def test_a_discount_is_billed_on_its_own_line_and_taken_off_nothing_else(tmp_path: Path, names: str) -> None:
    head = (
        "bill/BillingPeriodStartDate,lineItem/UsageStartDate,lineItem/LineItemType,lineItem/UnblendedCost,lineItem/CurrencyCode"
    )
    told = {"legacy": "discount/EdpDiscount,discount/TotalDiscount", "map": "discount"}[names]
    said = {"legacy": ("-1,-1", ","), "map": ('"{""edp_discount"": -1.0}"', "{}")}[names]
    if names == "map":
        head = "bill_billing_period_start_date,line_item_usage_start_date,line_item_line_item_type,line_item_unblended_cost"
        head += ",line_item_currency_code"
    start = "2026-10-01T00:00:00Z,2026-10-02T00:00:00Z"
    path = tmp_path / "cur.csv"
    path.write_text(f"{head},{told}\n{start},Usage,10,USD,{said[0]}\n{start},EdpDiscount,-1,USD,{said[1]}\n")
    read = read_bill(SOURCE, path, tmp_path)
    assert read.column("BilledCost") == read.column("EffectiveCost") == [Decimal(10), Decimal(-1)]
    assert read.column("ChargeCategory") == ["Usage", "Credit"]
