"""Units of work and resource-hours as a plain table."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from tests.sources.bench_reading import SAMPLES, read

SAMPLE = SAMPLES / "work_table" / "work.csv"


def test_resource_hours_are_those_of_all_machines_together() -> None:
    (first, second), rejects, notes = read("work_table", SAMPLE)
    assert (rejects, notes) == ([], [])
    expected = {
        **{
            "tool": "table",
            "workload": "page rendering",
            "units": 36_000.0,
            "duration_s": 7200.0,
            "count": 2,
            "region": "us-east-1",
        },
        **{"instance_type": "g6.xlarge", "provider": "aws", "e2e_p95_ms": 850.5, "completed": None, "output_tokens": None},
    }
    assert {key: first[key] for key in expected} == expected
    assert first["attributes"] == {"unit": "page", "team": "media"}
    assert (second["duration_s"], second["count"], second["e2e_p95_ms"]) == (5400.0, None, None)


def test_rows_that_say_too_little_or_contradict_themselves_are_refused_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    rows = ["a,10,1,,1,", "a,10,,1800,1,", "a,10,1,3600,1,", "a,10,1,7200,1,", "a,0,1,,1,", ",10,1,,1,", "a,10,,,1,", "a,x,1,,1,"]
    rows += ["a,10,1,,0,", "a,10,1,,1.5,", "a,10,1,,1,yesterday", "a,10,-1,,1,", "a,10,1,,1,2026-10-03T10:00:00Z"]
    path.write_text("Workload,Units,Resource_Hours,duration_s,count,time\n" + "\n".join(rows) + "\n")
    loaded, rejects, notes = read("work_table", path)
    assert [row["duration_s"] for row in loaded] == [3600.0, 1800.0, 3600.0, 3600.0]
    columns = ["resource_hours", "units", "workload", "resource_hours", "units", "count", "count", "time", "resource_hours"]
    assert [(one.row, one.column) for one in rejects] == list(zip(range(4, 13), columns, strict=True))
    assert ["can't be priced" in note for note in notes] == [True]


def test_a_table_without_one_good_row_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "work.csv"
    path.write_text("workload,units,duration_s\na,,5\n")
    with pytest.raises(DataError, match="units of work"):
        read("work_table", path)


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters='",\r\n\0'), max_size=6), min_size=4, max_size=4))
)
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, table: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("odd") / "work.csv"
    lines = [",".join(cells) for cells in table]
    path.write_text("\n".join(["workload,units,duration_s,count", "a,1,1,1", *lines]) + "\n", encoding="utf-8")
    rows, rejects, _ = read("work_table", path)
    assert len(rows) + len(rejects) == len(table) + 1
