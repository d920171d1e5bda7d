"""Summaries of k6 in both layouts."""

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

SUMMARY, EXPORT = SAMPLES / "k6" / "summary.json", SAMPLES / "k6" / "export.json"
GIVEN: dict[str, Any] = json.loads(SUMMARY.read_text(encoding="utf-8"))
MEASURED = {
    **{"tool": "k6", "completed": 1188, "failed": 12, "max_concurrency": 20, "requests_per_s": 19.99983, "e2e_p50_ms": 110.5},
    **{"e2e_p95_ms": 310.25, "e2e_p99_ms": 500.0, "input_tokens": None, "output_tokens": None, "model": None, "time": None},
}


def test_a_summary_with_values() -> None:
    ((row,), rejects, notes) = read("k6", SUMMARY)
    assert (rejects, notes) == ([], [])
    assert {key: row[key] for key in MEASURED} == MEASURED
    assert (row["duration_s"], row["units"], row["attributes"]["unit"]) == (60.0005, 1188.0, "quote")
    assert (row["instance_type"], row["count"], row["workload"]) == ("m7i.large", 2, "quote")


def test_the_older_export_states_no_duration() -> None:
    ((row,), _, notes) = read("k6", EXPORT)
    assert {key: row[key] for key in MEASURED} == MEASURED
    assert row["duration_s"] == pytest.approx(60.0005, abs=1e-3)
    assert (row["units"], ["can't be priced" in note for note in notes]) == (None, [True])
    assert recognise(EXPORT, None).name == "k6"


def test_unknown_percentiles_stay_unknown(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    given = json.loads(json.dumps(GIVEN))
    del given["metrics"]["http_req_duration"]["values"]["p(99)"]
    del given["metrics"]["http_req_failed"]
    path.write_text(json.dumps(given))
    ((row,), _, _) = read("k6", path)
    assert (row["e2e_p99_ms"], row["failed"], row["completed"]) == (None, None, 1200)


def test_impossible_counts_and_unknown_layouts_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "summary.json"
    wrong = json.loads(json.dumps(GIVEN))
    wrong["metrics"]["http_req_failed"]["values"]["passes"] = 1201
    for broken in (wrong, {**GIVEN, "metrics": [{"name": "http_reqs"}]}, {**GIVEN, "metrics": {}}):
        path.write_text(json.dumps(broken))
        with pytest.raises(DataError):
            read("k6", path)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.dictionaries(st.text(), st.none())
)


@given(st.dictionaries(st.sampled_from(sorted(GIVEN["metrics"])), VALUES, max_size=4))
def test_odd_values_give_rows_or_one_clear_error(tmp_path_factory: pytest.TempPathFactory, odd: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("odd") / "summary.json"
    path.write_text(json.dumps({**GIVEN, "metrics": {**GIVEN["metrics"], **odd}}), encoding="utf-8")
    try:
        rows, rejects, _ = read("k6", path)
    except DataError:
        return
    assert len(rows) + len(rejects) == 1
