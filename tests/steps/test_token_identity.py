"""The check of token identity on the way in: its share per source, and the calls that break it with their files."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import Ran


def span(number: int, **counts: int) -> dict[str, Any]:
    attributes = [
        {"key": f"gen_ai.usage.{name.replace('__', '.')}", "value": {"intValue": value}} for name, value in counts.items()
    ]
    named = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    attributes += [{"key": key, "value": {"stringValue": value}} for key, value in named.items()]
    ids = {"traceId": f"{number:032x}", "spanId": f"{number:016x}"}
    return {**ids, "name": "chat", "startTimeUnixNano": "1793599200000000000", "attributes": attributes}


def traces(path: Path, *spans: dict[str, Any]) -> None:
    path.write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": list(spans)}]}]}) + "\n", encoding="utf-8")


GOOD = span(1, input_tokens=100, output_tokens=7, cache_read__input_tokens=40)
ADDITIVE = span(2, input_tokens=3, output_tokens=12, cache_read__input_tokens=13216)  # more cached than there was input
SILENT = span(3)


def test_ingest_tells_of_how_many_calls_the_tokens_fit(finops: Callable[..., Ran], tmp_path: Path) -> None:
    traces(tmp_path / "a.json", GOOD, ADDITIVE, SILENT)
    traces(tmp_path / "b.json", span(4, input_tokens=5, output_tokens=5))
    ran = finops("ingest", "a.json", "b.json", "--format", "json", "--no-build")
    assert ran.code == 0
    assert [(row["identity_checked"], row["identity_held"]) for row in ran.json["rows"]] == [(2, 1), (1, 1)]
    said = (
        "otlp: token identity holds for 2 of 3 calls (66.7%); the others are read the way that fits:"
        " `finops query 'SELECT * FROM identity_fault'` lists them"
    )
    assert said in ran.json["meta"]["notes"]


def test_the_calls_that_break_it_are_listed_with_their_file(finops: Callable[..., Ran], tmp_path: Path) -> None:
    traces(tmp_path / "a.json", GOOD, ADDITIVE, SILENT)
    finops("ingest", "a.json", "-q", "--no-build")
    (row,) = finops("query", "SELECT * FROM identity_fault", "--format", "json").json["rows"]
    assert (row["source"], Path(row["path"]).name, row["row_number"]) == ("otlp", "a.json", 2)
    assert (row["span"], row["model"]) == ("0000000000000002", "gpt-4o")
    assert (row["input_uncached"], row["cache_read"], row["output"]) == (3, 13216, 12)


def test_where_all_hold_nothing_is_said(finops: Callable[..., Ran], tmp_path: Path) -> None:
    traces(tmp_path / "a.json", GOOD, SILENT)
    ran = finops("ingest", "a.json", "--format", "json", "--no-build")
    assert (ran.json["rows"][0]["identity_checked"], ran.json["rows"][0]["identity_held"]) == (1, 1)
    assert "identity" not in str(ran.json["meta"]["notes"])
    assert finops("query", "SELECT * FROM identity_fault", "--format", "json").json["rows"] == []


def test_a_file_without_tokens_has_none_to_check(finops: Callable[..., Ran], tmp_path: Path) -> None:
    traces(tmp_path / "a.json", SILENT)
    again = [finops("ingest", "a.json", "--format", "json", "--no-build").json["rows"][0] for _ in range(2)]
    assert [(row["identity_checked"], row["identity_held"]) for row in again] == [(None, None), (None, None)]


def test_a_gateway_that_speaks_another_dialect_is_counted_too(finops: Callable[..., Ran], tmp_path: Path) -> None:
    """As an aggregator once wrote it: cached tokens added to a total that holds them already."""
    first = {"request_id": "r1", "call_type": "acompletion", "spend": 0.01, "startTime": "2026-10-01T00:00:00Z", "model": "m"}
    counts = {"prompt_tokens": 17903, "completion_tokens": 5, "total_tokens": 35725}
    details = {"metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 17817}}}}
    (tmp_path / "spend.jsonl").write_text(json.dumps({**first, **counts, **details}) + "\n", encoding="utf-8")
    ran = finops("ingest", "spend.jsonl", "--format", "json", "--no-build")
    assert [(row["identity_checked"], row["identity_held"]) for row in ran.json["rows"]] == [(1, 0)]
