"""Summaries of MLPerf Inference: valid ones only, nanoseconds become milliseconds, what was scheduled is no throughput."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError
from finops.sources.detect import recognise
from tests.sources.bench_reading import SAMPLES, read

SERVER, OFFLINE = SAMPLES / "mlperf" / "mlperf_log_summary.txt", SAMPLES / "mlperf" / "offline.txt"


def test_a_server_summary_has_rates_and_latencies_and_no_duration() -> None:
    ((row,), rejects, notes) = read("mlperf", SERVER)
    expected = {
        **{"tool": "mlperf inference", "workload": "llama2-70b server", "instance_type": "g6.xlarge", "duration_s": None},
        **{"completed": None, "requests_per_s": 8.5, "output_tokens_per_s": 1700.0, "output_tokens": None, "e2e_p50_ms": 3500.0},
        **{"e2e_p95_ms": 7250.0, "e2e_p99_ms": 8500.0, "ttft_p50_ms": 200.0, "ttft_p95_ms": 450.5, "ttft_p99_ms": 900.0},
        **{"tpot_p50_ms": 40.0, "tpot_p99_ms": 75.5, "units": None},
    }
    assert {key: row[key] for key in expected} == expected
    assert rejects == []
    assert ["how long" in note for note in notes] == [True]
    assert row["attributes"]["scenario"] == "Server"


def test_offline_hands_all_samples_over_at_once() -> None:
    ((row,), _, notes) = read("mlperf", OFFLINE)
    assert (row["duration_s"], row["completed"], row["output_tokens"]) == (720.0, 9000, 1_800_000.0)
    assert (row["e2e_p95_ms"], row["e2e_p50_ms"]) == (None, None)
    assert ["can't be priced" in note for note in notes] == [True]
    assert recognise(OFFLINE, None).name == "mlperf"


@pytest.mark.parametrize("verdict", ["Result is : INVALID", "Result is :", "Result is INVALID"])
def test_only_a_valid_result_is_a_measurement(tmp_path: Path, verdict: str) -> None:
    path = tmp_path / "mlperf_log_summary.txt"
    path.write_text(SERVER.read_text().replace("Result is : VALID", verdict))
    with pytest.raises(DataError, match="only a VALID one") as raised:
        read("mlperf", path)
    assert str(path) in (raised.value.where or "")


@given(st.text(max_size=40), st.integers(0, 40))
def test_odd_lines_never_crash(tmp_path_factory: pytest.TempPathFactory, odd: str, place: int) -> None:
    path = tmp_path_factory.mktemp("odd") / "mlperf_log_summary.txt"
    lines = SERVER.read_text().splitlines()
    lines[place] = odd
    path.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    try:
        rows, rejects, _ = read("mlperf", path)
    except FinopsError:
        return
    assert len(rows) + len(rejects) == 1
