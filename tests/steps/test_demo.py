"""`finops demo`: one command, the sample company's answers, and the files it says it wrote."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demo that ran once, with what it said beside it."""
    from finops.cli.app import run

    home = tmp_path_factory.mktemp("demo") / "finops-demo"
    assert run(["demo", "--dir", str(home), "-q", "-o", str(home.parent / "said.txt")]) == 0
    return home


@pytest.fixture
def said(home: Path) -> str:
    return (home.parent / "said.txt").read_text(encoding="utf-8")


def named(said: str) -> list[Path]:
    return [Path(name) for name in re.findall(r"^wrote (.+)$", said, re.MULTILINE)]


def test_ends_by_naming_the_files_that_it_wrote(said: str) -> None:
    files = named(said)
    assert [f"wrote {file}" for file in files] == said.splitlines()[-len(files) :]
    assert {"report.html", "forecast.json", "flag.json", "config.yaml", "budgets.yaml"} <= {file.name for file in files}
    assert all(file.stat().st_size > 0 for file in files)


def test_says_what_is_planted(said: str) -> None:
    assert "difference 0" in said
    assert "quote-approver, trip-planner" in said
    assert "us-east4" in said
    assert "November closes at" in said
    assert "not known" not in said


@pytest.mark.parametrize("command", ["flag", "forecast", "reconcile"])
def test_written_answers_are_those_of_the_commands(command: str, home: Path, finops: Finops) -> None:
    asked = finops(command, "-f", "json", "--config", home / "finops.toml")
    assert json.loads((home / f"{command}.json").read_text(encoding="utf-8")) == asked.json


def test_runs_again_in_its_own_folder_and_gives_the_same_files(home: Path, said: str, finops: Finops) -> None:
    before = {file: file.read_bytes() for file in named(said)}
    again = finops("demo", "--dir", home, "-q")
    assert again.code == 0
    assert again.out == said
    assert {file: file.read_bytes() for file in named(said)} == before


def test_leaves_a_folder_alone_that_holds_something_else(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "finops.toml").write_text("[calendar]\n", encoding="utf-8")
    ran = finops("demo", "--dir", "mine")
    assert ran.code == 2
    assert "hint:" in ran.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["finops.toml"]
