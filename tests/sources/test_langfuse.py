"""Langfuse's observations and scores: additive usage, costs as reported, and what a score can decide."""

from __future__ import annotations

import csv
import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.tokens import Tokens, input_tokens
from finops.sources import source
from finops.sources.base import Load
from finops.sources.detect import recognise
from tests.kits.source_kit import loads

SAMPLES = Path(__file__).parent / "samples/langfuse"
RECORDS: list[dict[str, Any]] = json.loads((SAMPLES / "observations.json").read_text())
GENERATION = RECORDS[1]
SCORES: list[dict[str, Any]] = [json.loads(line) for line in (SAMPLES / "scores.jsonl").read_text().splitlines()]


def read(path: Path) -> tuple[list[dict[str, Any]], Load]:
    ((load, rows),) = loads(source("langfuse"), path)
    assert rows is not None
    return rows, load


def one(folder: Path, record: dict[str, Any]) -> dict[str, Any]:
    path = folder / "one.jsonl"
    path.write_text(json.dumps(record) + "\n")
    rows, load = read(path)
    assert load.rejects == []
    return rows[0]


def with_usage(folder: Path, **usage: int) -> dict[str, Any]:
    return one(folder, {**GENERATION, "usageDetails": usage})


def test_observations_become_calls_of_their_trace() -> None:
    (agent, generation, tool), load = read(SAMPLES / "observations.json")
    assert load.contract == "call"
    assert load.rejects == []
    assert (agent["operation"], agent["agent"], agent["workflow"], agent["tenant"]) == (
        *("agent", "clause-retriever"),
        *("contract-review", "bluefin-bank"),
    )
    assert generation["trace"] == agent["trace"]
    assert generation["parent"] == agent["span"]
    assert (generation["operation"], generation["provider"], generation["model"]) == (
        *("inference", "anthropic"),
        "claude-sonnet-4-5",
    )
    assert generation["first_token_time"] == datetime(2026, 10, 2, 8, 0, 1, 400_000)
    assert (generation["reported_cost"], generation["reported_currency"]) == ("0.04940025", "USD")
    assert (generation["prompt_route"], generation["prompt_version"], generation["session"]) == ("clauses", "4", "s-1")
    assert generation["tenant"] == "legal"
    assert (tool["operation"], tool["tool"], tool["status"], tool["end_time"]) == ("tool", "lookup", "error", None)


def test_nothing_that_was_said_is_kept() -> None:
    for name in ("observations.json", "scores.jsonl"):
        assert "never stored" not in repr(read(SAMPLES / name)[0])


def test_cached_tokens_are_beside_the_input_langfuse_12306() -> None:
    """5 uncached, 128,955 read, 1,253 written: 130,213 in all; 260,421 was seen."""
    call = read(SAMPLES / "observations.json")[0][1]
    given = Tokens(**{name: call[name] for name in Tokens._fields})
    assert (given.input_uncached, given.cache_read, given.cache_write_5m, given.output) == (5, 128_955, 1_253, 400)
    assert input_tokens(given) == 130_213
    assert given.identity_holds is True


def test_an_input_that_contains_its_cache_is_found_out_by_the_total_langfuse_12306(tmp_path: Path) -> None:
    call = with_usage(
        tmp_path, input=130_213, cache_read_input_tokens=128_955, cache_creation_input_tokens=1_253, output=400, total=130_613
    )
    assert (call["input_uncached"], call["cache_read"], call["cache_write_5m"]) == (5, 128_955, 1_253)
    assert call["identity_holds"] is False


def test_bedrock_through_langfuse_phoenix_10036(tmp_path: Path) -> None:
    call = with_usage(tmp_path, input=3, cache_creation_input_tokens=25, cache_read_input_tokens=13_216, output=12, total=13_256)
    assert (call["input_uncached"], call["cache_write_5m"], call["cache_read"], call["output"]) == (3, 25, 13_216, 12)
    assert call["identity_holds"] is True


def test_total_is_never_a_class(tmp_path: Path) -> None:
    call = with_usage(tmp_path, input=10, output=5, total=15)
    assert sum(call[name] or 0 for name in Tokens._fields if name not in ("reasoning", "identity_holds")) == 15


def test_reasoning_beside_the_output_is_output(tmp_path: Path) -> None:
    call = with_usage(tmp_path, input=10, output=5, output_reasoning_tokens=7, input_cached_tokens=4, total=26)
    assert (call["input_uncached"], call["cache_read"], call["output"], call["reasoning"]) == (10, 4, 12, 7)
    assert call["identity_holds"] is True


CLASSES = (
    "input",
    "output",
    "cache_read_input_tokens",
    "input_cache_creation_1h",
    "input_audio_tokens",
    "output_reasoning_tokens",
)


@given(st.dictionaries(st.sampled_from(CLASSES), st.integers(0, 10**6), min_size=1))
def test_every_token_is_in_one_class(tmp_path_factory: pytest.TempPathFactory, usage: dict[str, int]) -> None:
    call = with_usage(tmp_path_factory.mktemp("usage"), **usage, total=sum(usage.values()))
    classes = [call[name] or 0 for name in Tokens._fields if name not in ("reasoning", "identity_holds")]
    assert sum(classes) == sum(usage.values())
    assert call["identity_holds"] is True


def test_old_exports_and_other_units(tmp_path: Path) -> None:
    old = {**GENERATION, "usageDetails": None, "usage": {"input": 8, "output": 2, "total": 10, "unit": "TOKENS"}}
    assert one(tmp_path, old)["input_uncached"] == 8
    letters = {**old, "usage": {**old["usage"], "unit": "CHARACTERS"}}
    assert one(tmp_path, letters)["input_uncached"] is None


def test_unknown_costs_stay_unknown(tmp_path: Path) -> None:
    for nothing in (None, 0, 0.0):
        call = one(tmp_path, {**GENERATION, "totalCost": nothing, "costDetails": {}})
        assert (call["reported_cost"], call["reported_currency"]) == (None, None)
    assert one(tmp_path, {**GENERATION, "totalCost": 0, "costDetails": {"input": 0}})["reported_cost"] == "0"


def test_tables_and_pages_say_the_same(tmp_path: Path) -> None:
    table, page = tmp_path / "observations.csv", tmp_path / "page.json"
    columns = sorted({name for record in RECORDS for name in record})
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, columns)
        writer.writeheader()
        for record in RECORDS:
            writer.writerow({k: json.dumps(v) if isinstance(v, dict | list) else v for k, v in record.items()})
    page.write_text(json.dumps({"data": RECORDS, "meta": {"page": 1}}))
    assert read(table)[0] == read(page)[0] == read(SAMPLES / "observations.json")[0]
    assert {recognise(path, None).name for path in (table, page, SAMPLES / "scores.jsonl")} == {"langfuse"}


def test_scores_become_outcomes_and_numbers_decide_nothing() -> None:
    rows, load = read(SAMPLES / "scores.jsonl")
    assert load.contract == "outcome"
    assert [row["accepted"] for row in rows] == [True, False, None]
    assert [row["run"] for row in rows] == [SCORES[0]["traceId"], SCORES[1]["traceId"], "s-1"]
    assert [row["evaluator"] for row in rows] == ["accepted", "review", "human_minutes"]
    assert rows[2]["human_minutes"] == "7.5"
    assert [(reject.row, reject.column) for reject in load.rejects] == [(3, "value")]


def test_a_score_without_a_subject_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "s.jsonl"
    path.write_text("\n".join(json.dumps({**SCORES[0], **c}) for c in ({}, {"traceId": None}, {"timestamp": "soon"})) + "\n")
    rows, load = read(path)
    assert len(rows) == 1
    assert [(reject.row, reject.column) for reject in load.rejects] == [(2, "traceId"), (3, "timestamp")]


def stored(path: Path) -> list[dict[str, Any]]:
    """The sample's observations under the names that Langfuse writes to a blob store."""
    snake = {"model": "provided_model_name"}
    found = []
    for entry in json.loads(path.read_text()):
        named = {snake.get(name) or re.sub("([A-Z])", lambda m: f"_{m[1].lower()}", name): value for name, value in entry.items()}
        found.append({**named, "parent_observation_id": named.get("parent_observation_id") or "", "total_cost": 0.5})
    return found


@pytest.mark.parametrize("kind", ["jsonl", "parquet"])
def test_what_langfuse_writes_to_a_blob_store_reads_like_its_api(tmp_path: Path, kind: str) -> None:
    original = Path(__file__).parent / "samples/langfuse/observations.json"
    entries, path = stored(original), tmp_path / f"observations.{kind}"
    if kind == "jsonl":
        path.write_text("".join(json.dumps(one) + "\n" for one in entries))
    else:
        maps = pa.map_(pa.string(), pa.int64())
        for one in entries:
            one["usage_details"] = list((one.get("usage_details") or {}).items())
        texts = ("id", "trace_id", "start_time", "end_time", "type", "name", "parent_observation_id", "provided_model_name")
        fields = [*((name, pa.string()) for name in texts), ("usage_details", maps), ("total_cost", pa.float64())]
        pq.write_table(pa.Table.from_pylist(entries, pa.schema(fields)), path)
    assert recognise(path, None).name == "langfuse"
    ((load, rows),) = loads(source("langfuse"), path)
    ((_, expected),) = loads(source("langfuse"), original)
    assert load.rejects == []
    assert rows is not None
    assert expected is not None
    compared = ("trace", "span", "parent", "operation", "model", "input_uncached", "cache_read", "output", "start_time")
    assert [[row[name] for name in compared] for row in rows] == [[row[name] for name in compared] for row in expected]
    assert {row["reported_cost"] for row in rows} == {"0.5"}


def test_a_trace_holds_its_observations_and_scores(tmp_path: Path) -> None:
    """As the API hands out one trace: its name, session and metadata are of each observation that has none of its own."""
    inside = [{name: value for name, value in record.items() if name != "traceId"} for record in RECORDS]
    inside[1] = {**inside[1], "sessionId": None, "metadata": {"tenant": "own"}}
    trace = {"id": "t-1", "timestamp": "2026-11-03T09:00:00.000Z", "name": "named", "sessionId": "s-1", "htmlPath": "/t-1"}
    trace |= {
        "metadata": {"tenant": "all", "gen_ai.agent.name": "planner"},
        "observations": inside,
        "scores": [{**SCORES[0], "traceId": None}],
    }
    path = tmp_path / "trace.json"
    path.write_text(json.dumps([trace, {**trace, "id": "t-2", "observations": ["o-1"], "scores": []}]))
    assert recognise(path, None).name == "langfuse"
    (calls, rows), (outcomes, said) = loads(source("langfuse"), path)
    assert (calls.contract, outcomes.contract) == ("call", "outcome")
    assert rows is not None
    assert said is not None
    assert {row["trace"] for row in rows} == {"t-1"}
    assert (rows[1]["session"], rows[1]["tenant"], rows[1]["agent"]) == ("s-1", "own", "planner")
    assert [row["run"] for row in said] == ["t-1"]
    assert [reject.column for reject in calls.rejects] == ["observations"]
