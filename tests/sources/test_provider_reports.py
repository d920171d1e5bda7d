"""OpenAI's and Anthropic's own reports: dollars and cents to the last digit, days in UTC, counts that are no calls."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources import source
from finops.sources.base import Load
from finops.sources.detect import recognise
from finops.sources.report_buckets import cents
from tests.kits.source_kit import loads

SAMPLES = Path(__file__).parent / "samples"
OPENAI, ANTHROPIC = SAMPLES / "openai_reports", SAMPLES / "anthropic_reports"


def read(path: Path) -> tuple[list[dict[str, Any]], Load]:
    ((load, rows),) = loads(recognise(path, None), path)
    assert rows is not None
    return rows, load


def by_class(rows: list[dict[str, Any]]) -> dict[str, float]:
    return {dict(row["labels"])["token_class"]: row["value"] for row in rows if row["signal"] == "provider_tokens"}


def changed(path: Path, folder: Path, **values: Any) -> Path:
    """The report with the first result changed."""
    page = json.loads(path.read_text())
    page["data"][0]["results"][0] |= values
    written = folder / path.name
    written.write_text(json.dumps(page))
    return written


def test_openai_costs_are_dollars_by_day_and_project() -> None:
    rows, load = read(OPENAI / "costs.json")
    assert (load.contract, load.rejects, load.notes) == ("charge", [], [])
    assert [row["BilledCost"] for row in rows] == ["0.06", "0.0000001234567", "1.25e-05"]
    first = rows[0]
    assert (first["BillingCurrency"], first["SubAccountId"], first["BillingAccountId"]) == ("USD", "proj_acme", "org-acme")
    assert (first["ChargePeriodStart"], first["ChargePeriodEnd"]) == (datetime(2026, 10, 1), datetime(2026, 10, 2))
    assert (first["BillingPeriodStart"], first["BillingPeriodEnd"]) == (datetime(2026, 10, 1), datetime(2026, 11, 1))
    assert [(row["x_Model"], row["x_TokenClass"]) for row in rows] == [
        ("gpt-4o-2024-08-06", "input_uncached"),
        ("gpt-4o-2024-08-06", "cache_read"),
        (None, None),
    ]
    assert rows[2]["ChargeDescription"] == "web search tool calls"


def test_the_dashboards_sheet_says_the_same_and_empty_days_are_no_charges(tmp_path: Path) -> None:
    sheet = tmp_path / "cost.csv"
    header = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item,project_id,organization_id\n"
    day = "1790812800,1790899200,2026-10-01T00:00:00+00:00,2026-10-02T00:00:00+00:00"
    sheet.write_text(header + f'{day},0.8958740000000000,usd,"gpt-4o-2024-08-06, input",proj_acme,org-acme\n' + f"{day},,,,,\n")
    rows, load = read(sheet)
    assert load.rejects == []
    assert [(row["BilledCost"], row["BillingCurrency"], row["x_TokenClass"]) for row in rows] == [
        ("0.8958740000000000", "USD", "input_uncached")
    ]


def test_openai_usage_contains_its_cache_langfuse_10592() -> None:
    """17,903 in, of which 17,817 cached: 86 uncached; a total of 35,720 was seen."""
    rows, load = read(OPENAI / "usage.json")
    assert load.contract == "sample"
    assert by_class(rows) == {"input_uncached": 86, "cache_read": 17_817, "output": 400}
    assert [row["value"] for row in rows if row["signal"] == "provider_requests"] == [5]
    assert dict(rows[0]["labels"]) == {
        **{"provider": "openai", "model": "gpt-4o-2024-08-06", "project": "proj_acme", "api_key_id": "key_1", "batch": "false"},
        **{"service_tier": "default", "bucket_s": "86400", "token_class": "input_uncached"},
    }
    assert "more pages" in load.notes[0]


def test_the_dashboards_usage_sheet(tmp_path: Path) -> None:
    sheet = tmp_path / "usage.csv"
    sheet.write_text(
        "start_time,end_time,project_id,num_model_requests,model,input_tokens,output_tokens,input_cached_tokens\n"
        "1790812800,1790899200,proj_acme,3,gpt-4o,1000,50,400\n1790899200,1790985600,,,,,,\n"
    )
    rows, load = read(sheet)
    assert load.rejects == []
    assert by_class(rows) == {"input_uncached": 600, "cache_read": 400, "output": 50}


def test_anthropics_cents_are_dollars_to_the_last_digit() -> None:
    rows, load = read(ANTHROPIC / "cost_report.json")
    assert (load.contract, load.rejects) == ("charge", [])
    assert [row["BilledCost"] for row in rows] == ["1.2345", "0.00000075", "0.02"]
    assert [row["x_TokenClass"] for row in rows] == ["input_uncached", "cache_write_1h", None]
    assert [row["SubAccountId"] for row in rows] == ["wrkspc_acme", "wrkspc_acme", None]
    assert dict(rows[1]["SkuPriceDetails"])["service_tier"] == "batch"


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**30), max_value=10**30))
def test_cents_lose_no_digit(written: Decimal) -> None:
    sign, digits, exponent = Decimal(cents(str(written))).as_tuple()
    assert isinstance(exponent, int)
    assert Decimal((sign, digits, exponent + 2)) == written


def test_anthropics_counts_are_disjoint_langfuse_12306() -> None:
    rows, load = read(ANTHROPIC / "usage.json")
    assert load.contract == "sample"
    found = by_class(rows)
    assert found == {"input_uncached": 5, "cache_read": 128_955, "cache_write_5m": 1_253, "output": 400}
    assert sum(found.values()) - found["output"] == 130_213


@pytest.mark.parametrize("path", [OPENAI / "usage.json", ANTHROPIC / "usage.json"])
def test_counts_of_a_provider_are_no_calls(path: Path) -> None:
    assert "call" not in recognise(path, None).contracts


def test_what_can_not_be_read_is_a_reject(tmp_path: Path) -> None:
    cases: list[tuple[Path, dict[str, Any]]] = [
        (OPENAI / "costs.json", {"amount": {"value": "much", "currency": "usd"}}),
        (OPENAI / "costs.json", {"amount": {"value": None, "currency": "usd"}}),
        (OPENAI / "costs.json", {"amount": {"value": 1, "currency": None}}),
        (OPENAI / "usage.json", {"input_tokens": -1}),
        (ANTHROPIC / "cost_report.json", {"amount": None}),
        (ANTHROPIC / "usage.json", {"output_tokens": 1.5}),
    ]
    for path, values in cases:
        _, load = read(changed(path, tmp_path, **values))
        assert [reject.row for reject in load.rejects] == [1], values


def test_pages_one_per_line_and_lists_of_pages(tmp_path: Path) -> None:
    page = json.loads((ANTHROPIC / "cost_report.json").read_text())
    lines, array = tmp_path / "pages.jsonl", tmp_path / "pages.json"
    other = json.loads(json.dumps(page).replace("2026-", "2027-"))
    lines.write_text("".join(json.dumps(one) + "\n" for one in (page, other, page)))
    array.write_text(json.dumps([page, other]))
    assert read(lines)[0] == read(array)[0]
    assert len(read(lines)[0]) == 6, "a page that was fetched twice counts once"


def test_an_empty_report_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text('{"object":"page","data":[],"x":"organization.costs.result"}')
    with pytest.raises(DataError, match="holds no results"):
        list(source("openai_reports").open(next(iter(source("openai_reports").parts(path, tmp_path))), {}))


def test_a_bucket_names_its_results_as_the_api_or_its_reference_does_else_it_is_a_reject(tmp_path: Path) -> None:
    text = (OPENAI / "usage.json").read_text()
    paths = [tmp_path / "reference.json", tmp_path / "neither.json"]
    for path, name in zip(paths, ("result", "entries"), strict=True):
        path.write_text(text.replace('"results"', f'"{name}"'))
    assert read(paths[0])[0] == read(OPENAI / "usage.json")[0]
    ((load, rows),) = loads(source("openai_reports"), paths[1])
    assert rows == []
    assert {reject.column for reject in load.rejects} == {"results"}
