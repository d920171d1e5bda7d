"""Statistics of Locust: the line that adds up the others, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from finops.errors import DataError
from finops.sources import source
from finops.sources.detect import recognise
from tests.sources.bench_reading import SAMPLES, read

STATS, HISTORY = SAMPLES / "locust" / "run_stats.csv", SAMPLES / "locust" / "run_stats_history.csv"


def test_the_aggregate_is_the_run_and_its_duration_follows() -> None:
    ((row,), rejects, notes) = read("locust", STATS)
    assert (rejects, notes) == ([], [])
    expected = {
        **{"tool": "locust", "workload": "search", "duration_s": 120.0, "completed": 1188, "failed": 12, "requests_per_s": 10.0},
        **{"e2e_p50_ms": 52.0, "e2e_p95_ms": 230.0, "e2e_p99_ms": 480.0, "max_concurrency": None, "output_tokens": None},
        **{"units": None, "instance_type": "m7i.large", "model": None},
    }
    assert {key: row[key] for key in expected} == expected
    assert row["attributes"]["endpoints"] == "2"


def test_the_history_is_known_and_not_loaded_again() -> None:
    assert recognise(HISTORY, None).name == "locust"
    assert list(source("locust").parts(HISTORY, HISTORY.parent)) == []


def test_without_hardware_it_says_that_it_has_no_price(tmp_path: Path) -> None:
    path = tmp_path / "run_stats.csv"
    path.write_text(
        STATS.read_text().replace("890,896.0,10.0,", "890,896.0,0.0,").replace("52,70,88,97,150,230", "52,70,88,97,150,N/A")
    )
    ((row,), _, notes) = read("locust", path)
    assert (row["duration_s"], row["e2e_p95_ms"], row["completed"]) == (None, None, 1188)
    assert ["how long" in notes[0], "can't be priced" in notes[1]] == [True, True]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ((",Aggregated,", ",Everything,"), "Aggregated"),
        ((",Aggregated,1200,12", ",Aggregated,1200,1300"), "more requests failed"),
        ((",Aggregated,1200,12", ",Aggregated,many,12"), "not a number"),
    ],
)
def test_what_can_not_be_the_sum_is_refused(tmp_path: Path, change: tuple[str, str], reason: str) -> None:
    path = tmp_path / "run_stats.csv"
    path.write_text(STATS.read_text().replace(*change))
    with pytest.raises(DataError, match=reason):
        read("locust", path)
