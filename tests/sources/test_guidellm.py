"""Results of GuideLLM in both layouts."""

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

NEWER, OLDER = SAMPLES / "guidellm" / "benchmarks.json", SAMPLES / "guidellm" / "older.json"
REPORT: dict[str, Any] = json.loads(NEWER.read_text(encoding="utf-8"))
MEASURED = {
    **{"tool": "guidellm", "model": "Qwen/Qwen3-8B", "time": datetime(2026, 10, 3, 4, 0, 0, 500000), "duration_s": 50.0},
    **{"completed": 25, "failed": 1, "max_concurrency": 4, "input_tokens": 6400.0, "output_tokens": 3200.0, "units": None},
    **{"requests_per_s": 0.5, "output_tokens_per_s": 64.0, "total_tokens_per_s": 192.0, "goodput_per_s": None},
    **{"ttft_p50_ms": 88.0, "ttft_p95_ms": 150.5, "ttft_p99_ms": 190.0, "tpot_p50_ms": 15.75, "tpot_p99_ms": 18.5},
    **{"e2e_p50_ms": 2000.0, "e2e_p95_ms": 3250.0, "e2e_p99_ms": 4500.0},
}


def test_a_sweep_gives_one_row_each_with_seconds_and_milliseconds_told_apart() -> None:
    (first, second), rejects, notes = read("guidellm", NEWER)
    assert (rejects, notes) == ([], [])
    assert {key: first[key] for key in MEASURED} == MEASURED
    assert (first["workload"], first["instance_type"], first["hardware"]) == ("triage", "g6.xlarge", "NVIDIA L4")
    assert (second["max_concurrency"], second["duration_s"], second["output_tokens_per_s"]) == (8, 25.0, 128.0)
    assert first["attributes"]["warmup_duration"] == "5.0"


def test_the_older_layout_means_the_same() -> None:
    ((row,), _, notes) = read("guidellm", OLDER)
    assert {key: row[key] for key in MEASURED} == MEASURED
    assert (row["instance_type"], row["provider"]) == (None, None), "the client's platform is not the model's hardware"
    assert row["workload"] == row["model"], "without a name for the work, the model names it"
    assert ["can't be priced" in note for note in notes] == [True]
    assert recognise(OLDER, None).name == "guidellm"


def test_a_report_without_benchmarks_or_numbers_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "benchmarks.json"
    benchmarks: list[list[Any]] = [
        [],
        [1],
        [{"metrics": 4}],
        [{"duration": 0.0, "metrics": {"request_totals": {"successful": 1}}}],
        [{}],
    ]
    for broken in benchmarks:
        path.write_text(json.dumps({**REPORT, "benchmarks": broken}))
        with pytest.raises(DataError):
            read("guidellm", path)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dictionaries(st.text(), st.none())
)


@given(st.dictionaries(st.sampled_from(sorted(REPORT["benchmarks"][0])), VALUES, max_size=4))
def test_odd_values_give_rows_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, odd: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("odd") / "benchmarks.json"
    path.write_text(json.dumps({**REPORT, "benchmarks": [{**REPORT["benchmarks"][0], **odd}]}), encoding="utf-8")
    try:
        rows, rejects, _ = read("guidellm", path)
    except DataError:
        return
    assert len(rows) + len(rejects) == 1
