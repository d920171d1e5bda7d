"""AgentOps sessions as outcomes: what their end states say, in every shape in which they are exported."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources.agentops import SOURCE
from finops.sources.base import Load
from finops.sources.detect import recognise
from tests.kits.source_kit import FILES
from tests.sources.test_odd_entries import ODD


def read(path: Path, document: Any) -> tuple[list[dict[str, Any]], Load]:
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    (part,) = SOURCE.parts(path, path.parent)
    (load,) = SOURCE.open(part, {})
    return [row for batch in load.data for row in batch.to_pylist()], load  # type: ignore[union-attr]


def session(state: Any = "Success", **more: Any) -> dict[str, Any]:
    return {"session_id": "s", "init_timestamp": "2026-10-02T08:00:00Z", "end_timestamp": None, "end_state": state, **more}


def test_the_sample(tmp_path: Path) -> None:
    rows, load = read(tmp_path / "s.json", (FILES / "agentops/sessions.json").read_text())
    assert [row["accepted"] for row in rows] == [True, False, None]
    assert rows[0]["time"] == datetime(2026, 10, 2, 8, 5, 30, 250_000)
    assert rows[2]["time"] == datetime(2026, 10, 2, 10), "a session that has not ended is of its beginning"
    assert {row["evaluator"] for row in rows} == {"agentops"}
    assert load.notes == ["1 sessions ended neither in success nor in failure: whether they were accepted is unknown"]


@pytest.mark.parametrize(
    ("state", "accepted"),
    [
        *(("Success", True), ("Fail", False), ("Failure", False), ("Indeterminate", None), ("StatusCode.OK", True)),
        *(("ERROR", False), ("UNSET", None), (None, None), ("", None), (7, None), (["Success"], None)),
    ],
)
def test_end_states(tmp_path: Path, state: Any, accepted: bool | None) -> None:
    assert read(tmp_path / "s.json", session(state))[0][0]["accepted"] is accepted


def test_shapes(tmp_path: Path) -> None:
    one = session(events=[{"event_type": "llms"}])
    for document in (
        one,
        [one],
        {"session": one},
        {"data": [one]},
        {"sessions": [one]},
        json.dumps(one) + "\n" + json.dumps(one),
    ):
        rows, load = read(tmp_path / "s.jsonl", document)
        assert {row["run"] for row in rows} == {"s"}, document
        assert load.rejects == []
        assert recognise(tmp_path / "s.jsonl", None) is SOURCE
    table = "session_id,init_timestamp,end_timestamp,end_state\ns,2026-10-02T08:00:00Z,,Success\n"
    assert read(tmp_path / "s.csv", table)[0][0]["accepted"] is True
    assert recognise(tmp_path / "s.csv", None) is SOURCE


def test_a_session_without_id_or_time_is_a_reject(tmp_path: Path) -> None:
    entries = [session(), session() | {"session_id": None}, session() | {"init_timestamp": "soon"}, 5]
    rows, load = read(tmp_path / "s.json", {"sessions": entries})
    assert len(rows) == 1
    assert [(reject.row, reject.column) for reject in load.rejects] == [(2, "session_id"), (3, "init_timestamp"), (4, None)]


@settings(max_examples=50)
@given(key=st.sampled_from([*session(), "session", "id"]), value=ODD)
def test_odd_fields_are_rejects_or_rows(tmp_path_factory: pytest.TempPathFactory, key: str, value: Any) -> None:
    path = tmp_path_factory.mktemp("odd") / "s.json"
    with contextlib.suppress(DataError):  # half a surrogate pair is no JSON
        rows, load = read(path, {"sessions": [session(), session() | {key: value}]})
        assert len(rows) + len(load.rejects) == 2
