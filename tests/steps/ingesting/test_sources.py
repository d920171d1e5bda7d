"""`finops sources`: what can be read, and what the files at hand are."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

import finops.sources as room
from finops.errors import ExitCode, UsageError
from tests.conftest import Ran
from tests.kits.source_kit import SAMPLES, write_sample

Finops = Callable[..., Ran]


def test_the_list_names_every_source(finops: Finops) -> None:
    rows = finops("sources", "list", "-f", "json").json["rows"]
    assert [row["source"] for row in rows] == list(room.names())
    assert all(row["title"] and row["contracts"] for row in rows)


def test_check_tells_what_each_file_is_and_loads_nothing(finops: Finops, tmp_path: Path) -> None:
    for name in SAMPLES:
        (tmp_path / "in" / name).mkdir(parents=True)
        write_sample(name, tmp_path / "in" / name)
    ran = finops("sources", "check", "in", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    assert {row["source"] for row in ran.json["rows"]} == set(SAMPLES)
    assert all(row["status"] == "readable" and not row["rejected"] for row in ran.json["rows"])
    assert not (tmp_path / "finops.duckdb").exists()


def test_check_says_what_stands_in_the_way(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    (tmp_path / "o.csv").write_text("run,time,accepted\nr,never,true\n")
    ran = finops("sources", "check", "x.csv", "o.csv", "-f", "json")
    assert ran.code == ExitCode.DATA
    good, bad = sorted(ran.json["rows"], key=lambda row: str(row["path"]))
    assert "a table with the columns a, b" in bad["reason"]
    assert (good["rows"], good["rejected"]) == (0, 1)
    assert "row 1, time" in good["reason"]


def test_check_of_nothing_is_a_usage_error(finops: Finops) -> None:
    ran = finops("sources", "check", "nowhere.csv")
    assert ran.code == ExitCode.USAGE
    assert "hint:" in ran.err


def test_outsiders_add_a_source_by_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    points = [
        EntryPoint("theirs", "finops.sources.samples", "finops.sources"),
        EntryPoint("broken", "finops_plugin_that_is_gone", "finops.sources"),
        EntryPoint("focus", "finops.sources.samples", "finops.sources"),
    ]
    monkeypatch.setattr(room, "entry_points", lambda group: points)
    assert room.names() == (*room.MODULES, "broken", "theirs")
    assert room.source("theirs").name == "samples"
    assert room.source("focus").name == "focus"
    with pytest.raises(UsageError, match="`broken` can't be loaded"):
        room.source("broken")
