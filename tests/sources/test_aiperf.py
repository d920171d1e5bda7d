"""Results of AIPerf and genai-perf: totals under `avg`, units of time as stated, GPUs from telemetry."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources.detect import recognise
from tests.sources.bench_reading import SAMPLES, read

AIPERF, GENAI = SAMPLES / "aiperf" / "profile_export_aiperf.json", SAMPLES / "aiperf" / "run_genai_perf.json"
RESULT: dict[str, Any] = json.loads(AIPERF.read_text(encoding="utf-8"))


def test_a_result_of_aiperf() -> None:
    ((row,), rejects, notes) = read("aiperf", AIPERF)
    assert (rejects, notes) == ([], [])
    expected = {
        **{"tool": "aiperf", "model": "Qwen/Qwen3-32B", "hardware": "4xNVIDIA L40S", "instance_type": "g6e.12xlarge"},
        **{"time": datetime(2026, 10, 2, 23, 15), "duration_s": 50.0, "completed": 200, "failed": 3, "max_concurrency": 8},
        **{"input_tokens": 60_000.0, "output_tokens": 25_600.0, "requests_per_s": 4.0, "output_tokens_per_s": 512.0},
        **{"goodput_per_s": 3.5, "e2e_p50_ms": 1850.0, "e2e_p95_ms": 2600.0, "e2e_p99_ms": 3100.0, "ttft_p95_ms": 240.0},
        **{"tpot_p50_ms": 13.5, "tpot_p99_ms": 21.0, "units": None, "total_tokens_per_s": None},
    }
    assert {key: row[key] for key in expected} == expected
    assert row["attributes"]["cached_input_tokens"] == "1200.0"


def test_hardware_is_known_from_telemetry_alone(tmp_path: Path) -> None:
    path = tmp_path / "profile_export_aiperf.json"
    path.write_text(json.dumps(RESULT))
    ((row,), _, notes) = read("aiperf", path)
    assert (row["hardware"], row["instance_type"], notes) == ("4xNVIDIA L40S", None, [])
    one = {"x": {"gpus": {"a": {"gpu_name": "NVIDIA L4"}, "b": {"gpu_name": "NVIDIA T4"}}}}
    path.write_text(json.dumps({**RESULT, "telemetry_data": {"endpoints": one}}))
    ((row,), _, notes) = read("aiperf", path)
    assert (row["hardware"], len(notes)) == (None, 1), "different GPUs are not one kind"


def test_the_duration_of_genai_perf_follows_from_requests_and_their_rate(tmp_path: Path) -> None:
    ((row,), _, notes) = read("aiperf", GENAI)
    expected = {
        **{"tool": "genai-perf", "model": "llama-3", "duration_s": 40.0, "completed": 100, "output_tokens": 12_800.0},
        **{"input_tokens": 30_025.0, "max_concurrency": 4, "failed": None, "e2e_p95_ms": 2600.0, "instance_type": None},
    }
    assert {key: row[key] for key in expected} == expected
    assert ["can't be priced" in note for note in notes] == [True]
    assert recognise(GENAI, None).name == "aiperf"
    path = tmp_path / "run_genai_perf.json"
    without = {key: value for key, value in json.loads(GENAI.read_text()).items() if key != "request_count"}
    path.write_text(json.dumps(without))
    ((row,), _, notes) = read("aiperf", path)
    assert (row["duration_s"], row["completed"], row["output_tokens"]) == (None, None, None), "nothing is invented"
    assert "how long" in notes[0]


def test_times_are_read_in_the_unit_that_the_file_states(tmp_path: Path) -> None:
    path = tmp_path / "profile_export_aiperf.json"
    path.write_text(json.dumps({**RESULT, "request_latency": {"unit": "ns", "avg": 1e9, "p50": 1.5e9, "p95": 2e9, "p99": 3e9}}))
    ((row,), _, _) = read("aiperf", path)
    assert (row["e2e_p50_ms"], row["e2e_p95_ms"]) == (pytest.approx(1500), pytest.approx(2000))
    path.write_text(json.dumps({**RESULT, "request_latency": {"unit": "fortnights", "p50": 1, "p95": 2}}))
    with pytest.raises(DataError, match="fortnights"):
        read("aiperf", path)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dictionaries(st.text(), st.none())
)


@given(st.dictionaries(st.sampled_from(sorted(RESULT)), VALUES, max_size=4))
def test_odd_values_give_rows_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, odd: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("odd") / "profile_export_aiperf.json"
    path.write_text(json.dumps({**RESULT, **odd}), encoding="utf-8")
    try:
        rows, rejects, _ = read("aiperf", path)
    except DataError:
        return
    assert len(rows) + len(rejects) == 1
