"""Outcomes, meters and samples: synonyms, typed values, and rejects instead of lost rows."""

from __future__ import annotations

import csv
import io
import json
import math
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources import source
from finops.sources.base import Reject
from tests.kits.source_kit import loads

Rows = list[dict[str, Any]]


def read(name: str, folder: Path, file_name: str, text: str) -> tuple[Rows, list[Reject]]:
    path = folder / file_name
    path.write_text(text, encoding="utf-8")
    ((load, rows),) = loads(source(name), path)
    assert rows is not None
    return rows, load.rejects


def one(name: str, folder: Path, **values: object) -> tuple[dict[str, Any] | None, str | None]:
    """The row that a JSON line becomes, or why it was rejected."""
    rows, rejects = read(name, folder, "x.jsonl", json.dumps(values) + "\n")
    assert len(rows) + len(rejects) == 1
    return (rows[0], None) if rows else (None, rejects[0].reason)


@pytest.mark.parametrize("word", ["true", "TRUE", "yes", "1", "t", "Y"])
def test_words_for_accepted(tmp_path: Path, word: str) -> None:
    rows, _ = read("outcomes", tmp_path, "o.csv", f"run,time,accepted\nr,2026-10-01,{word}\n")
    assert rows[0]["accepted"] is True


@pytest.mark.parametrize(("word", "kept"), [("false", 1), ("No", 1), ("0", 1), ("", 1), ("NULL", 1), ("maybe", 0), ("2", 0)])
def test_words_for_refused_unknown_and_neither(tmp_path: Path, word: str, kept: int) -> None:
    rows, rejects = read("outcomes", tmp_path, "o.csv", f"run,time,accepted\nr,2026-10-01,{word}\n")
    assert len(rows) == kept
    assert [r.column for r in rejects] == ["accepted"] * (1 - kept)
    if kept:
        assert rows[0]["accepted"] is (None if word in ("", "NULL") else False)


def test_synonyms_are_read_and_named_twice_is_refused(tmp_path: Path) -> None:
    rows, rejects = read(
        "outcomes", tmp_path, "o.csv", "Trace_ID,agent_name,timestamp,success,review_minutes\nr,a,2026-10-01T08:00:00Z,no,1.5\n"
    )
    assert rejects == []
    assert (rows[0]["run"], rows[0]["agent"], rows[0]["human_minutes"]) == ("r", "a", "1.5")
    for header in ("run,run_id,time,accepted", "run,RUN,time,accepted"):
        with pytest.raises(DataError, match=r"mean the same|more than once"):
            read("outcomes", tmp_path, "o.csv", f"{header}\na,b,2026-10-01,true\n")


def test_an_outcome_belongs_to_a_run_or_to_an_agents_day(tmp_path: Path) -> None:
    row, _ = one("outcomes", tmp_path, agent="a", day="2026-10-01", accepted=True)
    assert row is not None
    assert row["time"] == row["day"] == datetime(2026, 10, 1)
    assert (
        one("outcomes", tmp_path, agent="a", time="2026-10-01", accepted=True)[1]
        == "it names neither a run nor an agent and its day"
    )
    assert one("outcomes", tmp_path, run="r", accepted=True)[1] == "time is missing"
    assert one("outcomes", tmp_path, run="r", time="2026-10-01", value="1")[1] == "it has a value but no currency"


@given(st.decimals(-(10**20), 10**20, allow_nan=False, allow_infinity=False))
def test_amounts_keep_every_digit(tmp_path_factory: pytest.TempPathFactory, amount: Any) -> None:
    text = f'{{"run":"r","time":"2026-10-01","value":{amount:f},"currency":"USD"}}\n'
    rows, _ = read("outcomes", tmp_path_factory.mktemp("amount"), "o.jsonl", text)
    assert rows[0]["value"] == f"{amount:f}"


@given(st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1)), st.integers(-14 * 60, 14 * 60))
def test_times_with_an_offset_become_utc(tmp_path_factory: pytest.TempPathFactory, moment: datetime, minutes: int) -> None:
    zoned = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    row, _ = one("samples", tmp_path_factory.mktemp("time"), time=zoned.isoformat(), signal="s", value=1)
    assert row is not None
    assert row["time"] == zoned.astimezone(UTC).replace(tzinfo=None)


@pytest.mark.parametrize("digits", [1, 1_000, 1_000_000, 1_000_000_000])
def test_unix_times_tell_their_unit_by_their_digits(tmp_path: Path, digits: int) -> None:
    row, _ = one("samples", tmp_path, time=1_790_000_000 * digits, signal="s", value=1)
    assert row is not None
    assert row["time"] == datetime(2026, 9, 21, 14, 13, 20)
    fraction, _ = one("samples", tmp_path, time="1790000000.25", signal="s", value=1)
    assert fraction is not None
    assert fraction["time"] == datetime(2026, 9, 21, 14, 13, 20, 250_000)


@pytest.mark.parametrize(
    "text", ["5/1/25", "yesterday", "2026-13-01", "2026-10-01T25:00:00Z", "12", "20261001", "9999-12-31T23:59:59-01:00"]
)
def test_a_time_that_is_none_is_a_reject(tmp_path: Path, text: str) -> None:
    row, reason = one("samples", tmp_path, time=text, signal="s", value=1)
    assert row is None
    assert reason


@pytest.mark.parametrize("value", ["NaN", "1e400", "Infinity", "1_000", "$1", "0x1", "", None, "٣"])
def test_a_value_that_is_no_number_is_a_reject(tmp_path: Path, value: str | None) -> None:
    assert one("samples", tmp_path, time="2026-10-01", signal="s", value=value)[0] is None


def test_labels_are_an_object_or_columns(tmp_path: Path) -> None:
    row, _ = one(
        "samples", tmp_path, time="2026-10-01", signal="s", value=1, labels={"queue": "gpu", "n": 2, "on": True, "no": None}
    )
    assert row is not None
    assert dict(row["labels"]) == {"queue": "gpu", "n": "2", "on": "true"}
    rows, _ = read("samples", tmp_path, "s.csv", "time,metric,value,label_queue,Label_Zone\n2026-10-01,s,1,gpu,\n")
    assert dict(rows[0]["labels"]) == {"queue": "gpu"}
    assert one("samples", tmp_path, time="2026-10-01", signal="s", value=1, labels="none")[0] is None


def test_a_meter_stands_for_its_hour_and_measures_something(tmp_path: Path) -> None:
    row, _ = one("meters", tmp_path, timestamp="2026-10-01T08:59:59.5Z", resource_id="i-1", gpu_seconds=12.5, gpus=8)
    assert row is not None
    assert row["hour"] == datetime(2026, 10, 1, 8)
    assert (row["resource"], row["capacity"], row["gpu_seconds"]) == ("i-1", "8", "12.5")
    assert "measures nothing" in (one("meters", tmp_path, hour="2026-10-01T08:00:00Z", resource="i-1")[1] or "")


def test_rows_that_can_not_be_read_are_rejects_with_their_number(tmp_path: Path) -> None:
    text = 'run,time,accepted\na,2026-10-01,true\n\nb,2026-10-01\nc,2026-10-01,true,x\nd,2026-10-01,true\n"e"f,2026-10-01,true\n'
    rows, rejects = read("outcomes", tmp_path, "o.csv", text)
    assert [row["run"] for row in rows] == ["a", "d"]
    assert [reject.row for reject in rejects] == [2, 3, 5]
    lines = [
        '{"run":"a","time":"2026-10-01","accepted":true}',
        "{",
        "[1]",
        '"x"',
        "[" * 100_000,
        '{"run":"b","time":"2026-10-02","accepted":0}',
    ]
    rows, rejects = read("outcomes", tmp_path, "o.jsonl", "\n".join(lines))
    assert [row["run"] for row in rows] == ["a", "b"]
    assert [reject.row for reject in rejects] == [2, 3, 4, 5]


def test_a_line_without_an_end_is_refused_in_bounded_memory(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="longer than 1 MiB"):
        read("outcomes", tmp_path, "o.csv", "run,time,accepted\n" + "x" * (2 << 20))
    with pytest.raises(DataError, match="a quote opens a cell here") as error:
        read("outcomes", tmp_path, "o.csv", 'run,time,accepted\nr,2026-10-01,true\n"' + "x\n" * 200_000)
    assert (error.value.where or "").endswith("line 3")


NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n"), min_size=1, max_size=10).filter(
    lambda s: s.strip("\ufeff")
)
EVIL = ("<script>alert(1)</script>", "=1+1", "@SUM(A1)", "'; DROP TABLE call; --", "ünïcode", '"quoted"', "a,b")


@given(st.lists(st.tuples(NAMES | st.sampled_from(EVIL), st.booleans()), min_size=1, max_size=8))
def test_csv_and_json_lines_say_the_same(tmp_path_factory: pytest.TempPathFactory, found: list[tuple[str, bool]]) -> None:
    records = [
        {"run": f"r{i}", "agent": name, "time": "2026-10-01T00:00:00Z", "accepted": ok} for i, (name, ok) in enumerate(found)
    ]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    folder = tmp_path_factory.mktemp("same")
    table = read("outcomes", folder, "o.csv", out.getvalue())
    lines = read("outcomes", folder, "o.jsonl", "".join(json.dumps(r) + "\n" for r in records))
    assert table == lines
    assert len(table[0]) == len(found)
    words = {"", "NULL", "(NULL)", "N/A"}
    assert [row["agent"] for row in table[0]] == [None if name.strip().upper() in words else name for name, _ in found]


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=20))
def test_values_survive_to_the_last_bit(tmp_path_factory: pytest.TempPathFactory, values: list[float]) -> None:
    text = "".join(json.dumps({"time": "2026-10-01", "signal": "s", "value": value}) + "\n" for value in values)
    rows, rejects = read("samples", tmp_path_factory.mktemp("float"), "s.jsonl", text)
    assert rejects == []
    assert all(
        math.copysign(1, row["value"]) == math.copysign(1, v) and row["value"] == v for row, v in zip(rows, values, strict=True)
    )


def test_a_gauge_that_the_vocabulary_knows_takes_its_word_and_unit_there(tmp_path: Path) -> None:
    def told(**values: object) -> tuple[str, float]:
        row, reason = one("samples", tmp_path, time="2026-10-01T00:00:00Z", **values)
        assert row is not None, reason
        return row["signal"], row["value"]

    assert told(signal="p95_latency_ms", kind="gauge", value=2400) == ("latency_p95_s", 2.4)
    assert told(signal="ApproximateAgeOfOldestMessage", value=7) == ("oldest_age_s", 7)
    assert told(signal="celery_tasks", kind="gauge", value=3) == ("celery_tasks", 3)
    assert told(signal="p95_latency_ms", kind="counter", value=2400) == ("p95_latency_ms", 2400)
