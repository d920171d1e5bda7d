"""OpenRouter, Helicone and Portkey: whom a request was for, what it reports to cost, what its counts contain."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from finops.core.tokens import TOKEN_CLASSES
from finops.sources import source
from finops.sources.base import Load
from finops.sources.detect import recognise
from tests.kits.source_kit import loads

SAMPLES = Path(__file__).parent / "samples"
FILES = {
    "openrouter_activity": SAMPLES / "openrouter_activity/activity.csv",
    "helicone": SAMPLES / "helicone/requests.jsonl",
    "portkey": SAMPLES / "portkey/logs.jsonl",
}


def read(name: str, path: Path) -> tuple[list[dict[str, Any]], Load]:
    ((load, rows),) = loads(source(name), path)
    assert rows is not None
    return rows, load


def sample(name: str) -> list[dict[str, Any]]:
    rows, load = read(name, FILES[name])
    assert (load.rejects, load.notes) == ([], [])
    return rows


def records(name: str) -> list[dict[str, Any]]:
    with FILES[name].open(newline="") as stream:
        if FILES[name].suffix == ".csv":
            return [dict(row) for row in csv.DictReader(stream)]
        return [json.loads(line) for line in stream]


def test_openrouter_counts_contain_the_cache_langfuse_10592() -> None:
    """17,903 in, of which 17,817 cached: 86 uncached; a total of 35,720 was seen."""
    call, cancelled = sample("openrouter_activity")
    assert (call["input_uncached"], call["cache_read"], call["output"], call["reasoning"]) == (86, 17_817, 120, 20)
    assert sum(call[name] or 0 for name in TOKEN_CLASSES) == 17_903 + 120
    assert (call["response"], call["provider"], call["model"]) == (
        *("gen-finops-0001", "openrouter"),
        "anthropic/claude-3.7-sonnet",
    )
    assert (call["reported_cost"], call["reported_currency"]) == ("0.00214", "USD")
    assert call["start_time"] == datetime(2026, 10, 2, 8, 0, 0, 250_000)
    assert call["end_time"] == datetime(2026, 10, 2, 8, 0, 2, 750_000)
    assert call["first_token_time"] == datetime(2026, 10, 2, 8, 0, 0, 650_000)
    assert cancelled["finish_reason"] == "cancelled"
    assert dict(call["attributes"])["provider_name"] == "Anthropic"


def test_helicone_keeps_the_cache_beside_the_prompt_phoenix_10036() -> None:
    """3 uncached, 25 written, 13,216 read, 12 out: 0.004672 USD; 0.20 was seen."""
    call, failed = sample("helicone")
    assert (call["input_uncached"], call["cache_write_5m"], call["cache_read"], call["output"]) == (3, 25, 13_216, 12)
    assert (call["identity_holds"], call["reported_cost"]) == (True, "0.004672")
    assert (call["tenant"], call["agent"], call["session"]) == ("cedar-health", "trip-planner", "s-9")
    assert (failed["status"], failed["error_class"], failed["cache_hit"]) == ("error", "429", False)


def test_a_helicone_prompt_with_its_cache_inside_is_found_out_by_the_total(tmp_path: Path) -> None:
    path = tmp_path / "old.jsonl"
    usage = {"prompt_tokens": 13_244, "total_tokens": 13_256}
    path.write_text(json.dumps({**records("helicone")[0], **usage}) + "\n")
    (call,), _ = read("helicone", path)
    assert (call["input_uncached"], call["cache_write_5m"], call["cache_read"]) == (3, 25, 13_216)
    assert call["identity_holds"] is False


def test_portkeys_costs_are_cents_and_its_own_answers_have_no_tokens() -> None:
    call, failed, cached = sample("portkey")
    assert (call["reported_cost"], call["reported_currency"]) == ("0.0045", "USD")
    assert (call["tenant"], call["agent"], call["run"], call["attempt"]) == ("delta-travel", "trip-planner", "trip-77", 2)
    assert (call["input_uncached"], call["output"]) == (1000, 200)
    assert call["end_time"] == datetime(2026, 10, 2, 8, 0, 1, 800_000)
    assert dict(call["attributes"])["metadata.cost_center"] == "42"
    assert (failed["status"], failed["error_class"], failed["attempt"]) == ("error", "529", None)
    assert (cached["cache_hit"], cached["input_uncached"], cached["output"]) == (True, None, None)


@pytest.mark.parametrize("name", sorted(FILES))
def test_no_message_and_no_person_is_kept(name: str) -> None:
    kept = repr(sample(name))
    assert "never stored" not in kept
    assert "'ada'" not in kept


@pytest.mark.parametrize("name", sorted(FILES))
def test_tables_arrays_lines_and_pages_say_the_same(name: str, tmp_path: Path) -> None:
    given = records(name)
    table, array, page = tmp_path / "t.csv", tmp_path / "a.json", tmp_path / "p.json"
    columns = sorted({key for record in given for key in record})
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        for record in given:
            writer.writerow({k: json.dumps(v) if isinstance(v, dict) else v for k, v in record.items()})
    array.write_text(json.dumps(given))
    page.write_text(json.dumps({"data": given, "error": None}))
    for path in (table, array, page):
        assert recognise(path, None).name == name
        assert read(name, path)[0] == sample(name), path.name


@pytest.mark.parametrize(
    ("name", "time", "count", "cost"),
    [
        ("openrouter_activity", "created_at", "tokens_prompt", "cost_total"),
        ("helicone", "request_created_at", "prompt_tokens", "costUSD"),
        ("portkey", "created_at", "req_units", "cost"),
    ],
)
def test_what_can_not_be_read_is_a_reject(name: str, time: str, count: str, cost: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    good = records(name)[0]
    changes: list[dict[str, Any]] = [{}, {time: None}, {time: "9999-12-31T23:59:59Z"}, {count: -1}, {count: 1.5}, {cost: "free"}]
    path.write_text("\n".join(json.dumps({**good, **change}) for change in changes) + "\n")
    rows, load = read(name, path)
    assert len(rows) == 1
    assert [reject.row for reject in load.rejects] == [2, 3, 4, 5, 6]


def test_openrouters_days_are_charges_and_counts_but_no_calls(tmp_path: Path) -> None:
    path = SAMPLES / "openrouter_activity/days.json"
    assert recognise(path, None).name == "openrouter_activity"
    (charges, paid), (samples, counted) = loads(source("openrouter_activity"), path)
    assert (charges.contract, samples.contract) == ("charge", "sample")
    assert charges.rejects == samples.rejects == []
    assert paid is not None
    assert counted is not None
    assert [(row["BilledCost"], row["BillingCurrency"]) for row in paid] == [("0.015", "USD"), ("0", "USD")]
    assert (paid[0]["ChargePeriodStart"], paid[0]["ChargePeriodEnd"]) == (datetime(2026, 10, 2), datetime(2026, 10, 3))
    assert dict(paid[0]["SkuPriceDetails"]) == {"byok_usage_inference": "0.012"}
    assert paid[0]["x_Model"] == "openai/gpt-4.1-2025-04-14"
    assert [(row["signal"], dict(row["labels"]).get("token_class"), row["value"]) for row in counted] == [
        *(("provider_tokens", "input_uncached", 50), ("provider_tokens", "output", 125), ("provider_requests", None, 5)),
        *(("provider_tokens", "input_uncached", 7), ("provider_requests", None, 1)),
    ]
    table = tmp_path / "days.csv"
    given = json.loads(path.read_text())["data"]
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(given[0]))
        writer.writeheader()
        writer.writerows([*given, {**given[0], "date": "soon"}])
    (charges, again), (samples, _) = loads(source("openrouter_activity"), table)
    assert again == paid
    assert [reject.row for reject in (*charges.rejects, *samples.rejects)] == [3, 3]


def test_the_id_of_the_answer_is_taken_where_the_export_has_bodies(tmp_path: Path) -> None:
    """It is what traces of the same calls name as well."""
    for name, body in (("portkey", "response.body"), ("helicone", "response_body")):
        path = tmp_path / f"{name}.jsonl"
        path.write_text(json.dumps({**records(name)[0], body: {"id": "chatcmpl-1", "choices": ["never stored"]}}) + "\n")
        (call,), _ = read(name, path)
        assert call["response"] == "chatcmpl-1"
        assert "never" not in repr(call)


def test_portkeys_metadata_may_be_two_lists(tmp_path: Path) -> None:
    path = tmp_path / "logs.jsonl"
    lists = {"metadata": None, "metadata.key": ["tenant", "_user"], "metadata.value": ["delta-travel", "quentin"]}
    path.write_text(json.dumps({**records("portkey")[0], **lists}) + "\n")
    (call,), _ = read("portkey", path)
    assert (call["tenant"], "quentin" in repr(call)) == ("delta-travel", False)
