"""Results of SGLang `bench_serving`: one row per line, infinite rates and all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources.detect import recognise
from tests.sources.bench_reading import SAMPLES, read

SAMPLE = SAMPLES / "sglang_bench" / "bench.jsonl"
RESULT: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8").splitlines()[0])


def test_each_line_is_a_run_on_the_hardware_of_the_sidecar() -> None:
    (first, second), rejects, notes = read("sglang_bench", SAMPLE)
    assert (rejects, notes) == ([], [])
    expected = {
        **{"tool": "sglang bench_serving", "workload": "summaries", "model": "Qwen/Qwen3-8B", "instance_type": "g6.xlarge"},
        **{"provider": "aws", "region": "us-east-1", "hardware": "NVIDIA L4", "count": 1, "duration_s": 64.0, "completed": 400},
        **{"input_tokens": 204_800.0, "output_tokens": 98_304.0, "requests_per_s": 6.25, "output_tokens_per_s": 1536.0},
        **{"total_tokens_per_s": 4736.0, "ttft_p50_ms": 150.5, "ttft_p95_ms": 390.0, "tpot_p50_ms": 15.0, "tpot_p99_ms": 22.5},
        **{"e2e_p50_ms": 4020.5, "e2e_p95_ms": 5600.25, "e2e_p99_ms": 6400.0, "max_concurrency": 32, "failed": None},
        **{"units": 400.0, "goodput_per_s": None, "time": None, "gpu_memory_gib": None},
    }
    assert {key: first[key] for key in expected} == expected
    assert first["attributes"]["unit"] == "summary"
    assert first["attributes"]["cache_hit_rate_pct"] == "10.0"
    assert first["attributes"]["tp_size"] == "1"
    assert (second["max_concurrency"], second["duration_s"]) == (None, 40.0), "an infinite rate does not hide the run"


def test_without_hardware_it_loads_and_says_that_it_has_no_price(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text(json.dumps(RESULT))
    ((row,), rejects, notes) = read("sglang_bench", path)
    assert (row["instance_type"], row["hardware"], row["count"], row["units"], rejects) == (None, None, None, None, [])
    assert ["can't be priced" in note for note in notes] == [True]


def test_a_line_without_a_duration_is_refused_and_the_others_load(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    broken = [{**RESULT, "duration": None}, {**RESULT, "completed": -1}, {**RESULT, "duration": 0}]
    path.write_text("\n".join(json.dumps(one) for one in [RESULT, *broken]))
    rows, rejects, _ = read("sglang_bench", path)
    assert len(rows) == 1
    assert [(one.row, one.column) for one in rejects] == [(2, "duration"), (3, "completed"), (4, "duration")]
    path.write_text(json.dumps(broken[0]))
    with pytest.raises(DataError, match="no duration"):
        read("sglang_bench", path)


def test_it_is_told_apart_from_vllm(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps(RESULT))
    assert recognise(path, None).name == "sglang_bench"


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dictionaries(st.text(), st.none())
)


@given(st.dictionaries(st.sampled_from(sorted(RESULT)), VALUES, max_size=6))
def test_odd_values_give_rejects_never_a_crash(tmp_path_factory: pytest.TempPathFactory, odd: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("odd") / "run.jsonl"
    path.write_text(json.dumps({**RESULT, **odd}) + "\n" + json.dumps(RESULT), encoding="utf-8")
    rows, rejects, _ = read("sglang_bench", path)
    assert len(rows) + len(rejects) == 2
