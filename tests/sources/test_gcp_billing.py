"""Google Cloud's billing export: credits netted exactly, months in Pacific time, labels, and the three forms alike."""

from __future__ import annotations

import csv
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources.detect import recognise
from finops.sources.gcp_billing import SOURCE
from tests.sources.bill_reading import read_bill

SAMPLE = Path(__file__).parent / "samples/gcp_billing/export.jsonl"
KINDS = ("spot", "covered", "fee", "tokens", "tax", "rounding")
TOTAL = Decimal("0.487234585990123")
LINE: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8").splitlines()[0])


@pytest.fixture(scope="module")
def bill(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    read = read_bill(SOURCE, SAMPLE, tmp_path_factory.mktemp("gcp"))
    assert not read.rejects
    assert read.total == TOTAL
    return dict(zip(KINDS, read.rows, strict=True))


def lines(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_credits_are_netted_and_no_row_is_left_out(bill: dict[str, dict[str, Any]]) -> None:
    assert (bill["covered"]["BilledCost"], bill["covered"]["ContractedCost"]) == (Decimal("0.15"), Decimal("0.3"))
    assert bill["rounding"]["BilledCost"] == Decimal("-0.004")
    assert all(row["EffectiveCost"] == row["BilledCost"] for row in bill.values())
    assert bill["spot"]["ListCost"] == Decimal("0.25")


def test_what_kind_of_charge_it_is(bill: dict[str, dict[str, Any]]) -> None:
    found = {k: (r["ChargeCategory"], r["PricingCategory"], r["CommitmentDiscountStatus"]) for k, r in bill.items()}
    assert found == {
        "spot": ("Usage", "Dynamic", None),
        "covered": ("Usage", "Committed", "Used"),
        "fee": ("Purchase", None, None),
        "tokens": ("Usage", "Standard", None),
        "tax": ("Tax", None, None),
        "rounding": ("Adjustment", None, None),
    }
    assert (bill["covered"]["CommitmentDiscountId"], bill["covered"]["CommitmentDiscountCategory"]) == ("cud-1", "Usage")


def test_labels_of_the_resource_come_before_those_of_the_project(bill: dict[str, dict[str, Any]]) -> None:
    assert bill["spot"]["Tags"] == {"team": "vision", "stage": "prod"}
    assert bill["tax"]["Tags"] is None
    assert (bill["spot"]["x_InstanceType"], bill["spot"]["SubAccountId"]) == ("g2-standard-4", "p-1")
    assert bill["spot"]["ResourceId"] == "//compute.googleapis.com/gpu-1"


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("202610", datetime(2026, 10, 1, 7), datetime(2026, 11, 1, 7)),
        ("202611", datetime(2026, 11, 1, 7), datetime(2026, 12, 1, 8)),
        ("202612", datetime(2026, 12, 1, 8), datetime(2027, 1, 1, 8)),
        ("202603", datetime(2026, 3, 1, 8), datetime(2026, 4, 1, 7)),
    ],
)
def test_the_month_of_the_invoice_is_counted_in_pacific_time(tmp_path: Path, month: str, start: datetime, end: datetime) -> None:
    from zoneinfo import ZoneInfo

    (row,) = read_bill(SOURCE, lines(tmp_path / "a.jsonl", LINE | {"invoice": {"month": month}}), tmp_path).rows
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == (start, end)
    there = datetime(int(month[:4]), int(month[4:]), 1, tzinfo=ZoneInfo("America/Los_Angeles"))
    assert there.astimezone(UTC).replace(tzinfo=None) == start


@pytest.mark.parametrize("month", ["2026-10", "202613", "", None])
def test_a_month_that_is_none_is_rejected(tmp_path: Path, month: str | None) -> None:
    read = read_bill(SOURCE, lines(tmp_path / "a.jsonl", LINE | {"invoice": {"month": month}}), tmp_path)
    assert [r["column_name"] for r in read.rejects] == ["BillingPeriodStart"]


@pytest.mark.parametrize("credits", ["[{'amount': -1}]", '[{"name":"x"}]', '[{"amount":"ten"}]', '{"amount":-1}', "-1"])
def test_credits_that_can_not_be_read_are_never_taken_as_none(tmp_path: Path, credits: str) -> None:
    path = flat(tmp_path / "a.csv", LINE, credits=credits)
    read = read_bill(SOURCE, path, tmp_path)
    assert read.rows == []
    assert [(r["column_name"], r["raw_text"]) for r in read.rejects] == [("BilledCost", f"credits {credits}")]


def flat(path: Path, *rows: dict[str, Any], mark: str = ".", credits: str | None = None) -> Path:
    """Rows as people flatten them into CSV: records to columns of their own, repeated records to JSON text."""
    table = []
    for row in rows:
        cells: dict[str, Any] = {}
        for name, value in row.items():
            if isinstance(value, dict):
                for key, inner in value.items():
                    cells[f"{name}{mark}{key}"] = json.dumps(inner) if isinstance(inner, list) else inner
            else:
                cells[name] = json.dumps(value) if isinstance(value, list) else value
        if credits is not None:
            cells["credits"] = credits
        table.append(cells)
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list({name: None for cells in table for name in cells}))
        writer.writeheader()
        writer.writerows(table)
    return path


SAME = (
    "BilledCost",
    "BillingPeriodStart",
    "ChargePeriodStart",
    "ServiceName",
    "SkuId",
    "RegionId",
    "Tags",
    "x_Model",
    "x_InstanceType",
)


def asked(value: Any) -> Any:
    """A value as `bq query --format=json` gives it: numbers and truths as text, times without their zone."""
    if isinstance(value, dict):
        return {key: asked(part) for key, part in value.items()}
    if isinstance(value, list):
        return [asked(part) for part in value]
    if isinstance(value, bool):
        return str(value).lower()
    text = value if isinstance(value, str) else None if value is None else str(value)
    return text.removesuffix("Z").removesuffix(" UTC").replace("T", " ") if text and text[:4].isdigit() and ":" in text else text


@pytest.mark.parametrize("indent", [None, 2])
def test_an_array_says_the_same(tmp_path: Path, indent: int | None) -> None:
    text = SAMPLE.read_text(encoding="utf-8")
    rows = [json.loads(line, parse_float=str) for line in text.splitlines()]
    path = tmp_path / "a.json"
    path.write_text(json.dumps([asked(row) for row in rows], indent=indent), encoding="utf-8")
    assert recognise(path, None).name == "gcp_billing"
    read, first = read_bill(SOURCE, path, tmp_path), read_bill(SOURCE, SAMPLE, tmp_path)
    assert read.rejects == []
    assert read.total == TOTAL
    said = ([{k: v for k, v in row.items() if k != "batch_id"} for row in one.rows] for one in (read, first))
    assert next(said) == next(said)


@pytest.mark.parametrize("content", ['[{"a": 1}, ', "[{}]x", '[{"cost": 1}, 2]'])
def test_an_array_that_is_cut_short_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content.replace('{"a": 1}', json.dumps(LINE)).replace("{}", json.dumps(LINE)), encoding="utf-8")
    with pytest.raises(DataError, match=r"can't be read|cut short"):
        read_bill(SOURCE, path, tmp_path)


@pytest.mark.parametrize("form", ["csv with dots", "csv with underscores", "parquet"])
def test_the_forms_say_the_same(tmp_path: Path, form: str) -> None:
    rows = [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]
    if form == "parquet":
        path = parquet(tmp_path / "a.parquet", rows)
    else:
        path = flat(tmp_path / "a.csv", *rows, mark="." if form == "csv with dots" else "_")
    assert recognise(path, None).name == "gcp_billing"
    read, first = read_bill(SOURCE, path, tmp_path), read_bill(SOURCE, SAMPLE, tmp_path)
    assert read.rejects == []
    assert read.total == TOTAL
    assert [[row[name] for name in SAME] for row in read.rows] == [[row[name] for name in SAME] for row in first.rows]


def parquet(path: Path, rows: list[dict[str, Any]]) -> Path:
    import pyarrow as pa
    import pyarrow.parquet as pq

    for row in rows:
        for name in ("usage_start_time", "usage_end_time"):
            row[name] = datetime.strptime(row[name], "%Y-%m-%d %H:%M:%S UTC").replace(tzinfo=UTC)
    pq.write_table(pa.Table.from_pylist(rows, pa.unify_schemas([pa.Table.from_pylist([row]).schema for row in rows[:2]])), path)
    return path


@pytest.mark.parametrize(
    ("sku", "model", "token_class"),
    [
        ("Gemini 2.5 Pro GA Text Output - Predictions", "gemini-2.5-pro", "output"),
        ("Gemini 2.5 Flash Lite GA Text Input - Predictions", "gemini-2.5-flash-lite", "input_uncached"),
        ("Gemini 2.5 Flash GA Text Input Cached - Predictions", "gemini-2.5-flash", "cache_read"),
        ("Gemini 2.5 Flash Audio Input - Predictions", "gemini-2.5-flash", "audio_input"),
        ("Gemini 2.5 Flash Text Caching Storage", "gemini-2.5-flash", None),
        ("Gemini 2.0 Flash Live API Text Input", None, "input_uncached"),
        ("Online Prediction for Model Garden", None, None),
        ("Gemini 3.7 Flash Global Text Input - Predictions", "gemini-3.7-flash", "input_uncached"),
        ("Gemini 2.5 Flash GA Thinking Text Output - Predictions", "gemini-2.5-flash", "output"),
        ("Gemini 3 Flash Text Input Caching", "gemini-3-flash", "cache_read"),
        ("Gemini 3.1 Flash Image Text Output - Predictions", None, "output"),
        ("Generate content input token count gemini 3.5 flash lite text", "gemini-3.5-flash-lite", "input_uncached"),
        ("Generate content output token count gemini 2.5 flash short input text", "gemini-2.5-flash", "output"),
        ("Generate content cached input token count gemini 3.6 flash text", "gemini-3.6-flash", "cache_read"),
        ("Generate_content image input token count for gemini 3 flash", "gemini-3-flash", "image_input"),
        ("Generate_content image output token count for Gemini 3 Pro Image", None, None),
        ("Claude 3.5 Sonnet Input Tokens", "claude-3.5-sonnet", "input_uncached"),
        ("Grounding with Google Search", None, None),
    ],
)
def test_tokens_of_vertex(tmp_path: Path, sku: str, model: str | None, token_class: str | None) -> None:
    line = LINE | {"service": {"id": "C7E2", "description": "Vertex AI"}, "sku": {"id": "S", "description": sku}}
    (row,) = read_bill(SOURCE, lines(tmp_path / "a.jsonl", line), tmp_path).rows
    assert (row["x_Model"], row["x_TokenClass"]) == (model, token_class)


def test_models_of_other_sellers_and_services_of_other_kinds(tmp_path: Path) -> None:
    rows = [
        LINE
        | {"service": {"id": "1", "description": service}, "sku": {"id": "S", "description": "Claude Opus 4.1 Cache Write 1h"}}
        for service in ("Claude Opus 4.1", "Cloud Storage")
    ]
    read = read_bill(SOURCE, lines(tmp_path / "a.jsonl", *rows), tmp_path)
    assert [(row["x_Model"], row["x_TokenClass"]) for row in read.rows] == [("claude-opus-4.1", "cache_write_1h"), (None, None)]


@pytest.mark.parametrize("kind", ["regular", "tax", "adjustment", "rounding_error"])
def test_every_kind_of_cost_is_billed_with_its_credits(tmp_path: Path, kind: str) -> None:
    line = LINE | {"cost_type": kind, "cost": "0.015", "credits": [{"name": "x", "amount": "-0.005"}, {"amount": "-0.01"}]}
    (row,) = read_bill(SOURCE, lines(tmp_path / "a.jsonl", line), tmp_path).rows
    assert (row["BilledCost"], row["EffectiveCost"], row["ContractedCost"]) == (0, 0, Decimal("0.015"))
    assert row["ChargeCategory"] == {"regular": "Usage", "tax": "Tax"}.get(kind, "Adjustment")


def test_unnested_credits_are_refused(tmp_path: Path) -> None:
    header = "billing_account_id,usage_start_time,cost,currency,sku.id,invoice.month,credits.amount\n"
    path = tmp_path / "a.csv"
    path.write_text(header + "1,2026-10-01,1,USD,s,202610,-1\n", encoding="utf-8")
    with pytest.raises(DataError, match="unnested"):
        list(SOURCE.open(next(iter(SOURCE.parts(path, tmp_path))), {}))


def test_a_file_without_credits_says_so(tmp_path: Path) -> None:
    path = flat(tmp_path / "a.csv", {name: value for name, value in LINE.items() if name != "credits"})
    read = read_bill(SOURCE, path, tmp_path)
    assert any("before credits" in note for note in read.notes)
    assert read.column("BilledCost") == [Decimal("0.241234567890")]


AMOUNTS = st.decimals(-999, 999, places=12)


@settings(max_examples=6)
@given(st.lists(st.tuples(AMOUNTS, st.lists(AMOUNTS, max_size=3)), min_size=1, max_size=8))
def test_net_is_gross_plus_credits_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, found: list[tuple[Decimal, list[Decimal]]]
) -> None:
    folder = tmp_path_factory.mktemp("net")
    rows = [LINE | {"cost": f"{c:f}", "credits": [{"name": "x", "amount": f"{a:f}"} for a in credits]} for c, credits in found]
    read = read_bill(SOURCE, lines(folder / "a.jsonl", *rows), folder)
    assert read.column("BilledCost") == [cost + sum(credits) for cost, credits in found]
    assert read.rounding == 0
