"""Summaries of LLMPerf, made and real: seconds become milliseconds, and what was divided is multiplied back."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from finops.errors import DataError
from finops.sources import source
from finops.sources.detect import recognise
from tests.sources.bench_reading import SAMPLES, read

SAMPLE = SAMPLES / "llmperf" / "summary.json"
RUNS = ("anyscale_13b", "anyscale_70b", "bedrock_70b", "fireworks_7b", "groq_70b", "lepton_13b", "replicate_7b", "together_70b")


def test_a_summary() -> None:
    ((row,), rejects, notes) = read("llmperf", SAMPLE)
    assert (rejects, notes) == ([], [])
    expected = {
        **{"tool": "llmperf", "model": "meta-llama/Llama-3-8b", "time": datetime(2026, 10, 3, 4), "completed": 150},
        **{"failed": 3, "max_concurrency": 5, "input_tokens": 82_500.0, "output_tokens": 22_625.0, "requests_per_s": 2.25},
        **{"output_tokens_per_s": 339.375, "ttft_p50_ms": 200.0, "ttft_p95_ms": 335.0, "e2e_p50_ms": 1250.0},
        **{"e2e_p95_ms": 1500.0, "e2e_p99_ms": 1750.0, "tpot_p50_ms": None, "instance_type": "g6.xlarge", "units": None},
    }
    assert {key: row[key] for key in expected} == expected
    assert row["duration_s"] == pytest.approx(66.6667, abs=1e-3)


def test_individual_responses_are_known_and_not_loaded_again() -> None:
    path = SAMPLES / "llmperf" / "responses.json"
    assert recognise(path, None).name == "llmperf"
    assert list(source("llmperf").parts(path, path.parent)) == []


def test_without_a_rate_there_is_no_duration(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    given = json.loads(SAMPLE.read_text())
    path.write_text(json.dumps({**given, "results_num_completed_requests_per_min": None}))
    ((row,), _, notes) = read("llmperf", path)
    assert row["duration_s"] is None
    assert ["how long" in notes[0], "can't be priced" in notes[1]] == [True, True]
    path.write_text(json.dumps({**given, "results_num_completed_requests": "some"}))
    with pytest.raises(DataError):
        read("llmperf", path)


@pytest.mark.parametrize("run", RUNS)
def test_real_summaries_agree_with_their_individual_responses(run: str, shared_file: Callable[[str], Path]) -> None:
    summary = shared_file(f"bench/llmperf/summary/{run}.json")
    responses = shared_file(f"bench/llmperf/individual/{run}.json")
    assert recognise(summary, None).name == recognise(responses, None).name == "llmperf"
    assert list(source("llmperf").parts(responses, responses.parent)) == []
    ((row,), rejects, _) = read("llmperf", summary)
    good = [one for one in json.loads(responses.read_text()) if one["error_code"] is None]
    assert rejects == []
    assert (row["completed"], row["failed"]) == (len(good), 150 - len(good))
    assert row["output_tokens"] == sum(one["number_output_tokens"] for one in good)
    assert row["input_tokens"] == sum(one["number_input_tokens"] for one in good)
    assert row["output_tokens"] / row["duration_s"] == pytest.approx(row["output_tokens_per_s"], rel=1e-6)
    latest = max(one["end_to_end_latency_s"] for one in good) * 1000
    assert 0 < row["e2e_p50_ms"] <= row["e2e_p95_ms"] <= row["e2e_p99_ms"] <= latest
    assert row["duration_s"] * 1000 >= latest
