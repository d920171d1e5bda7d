"""`finops models`: from files of evaluation results, and from the ledger."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
LIST = """
- model: good
  test_cases: 200
  pass_num_1: 100
  pass_num_2: 180
  total_cost: 20.0
- model: dear
  test_cases: 200
  pass_rate_2: 80.0
  total_cost: 90.0
- model: unknown
  test_cases: 200
  pass_rate_2: 95.0
  total_cost: 0.0000
"""


def test_a_list_of_results_is_ranked(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "board.yml").write_text(LIST)
    rows = finops("models", tmp_path / "board.yml", "-f", "json").json["rows"]
    assert [(row["model"], row["rank"], row["verdict"]) for row in rows] == [
        ("good", 1, "cheapest success"),
        ("dear", 2, "dominated by good"),
        ("unknown", None, "cost unknown"),
    ]
    assert float(rows[0]["cost_per_success"]) == pytest.approx(20 / 180, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("r.csv", "model,runs,accepted,cost\na,10,5,2.5\nb,10,5,\n"),
        ("r.json", '[{"model": "a", "runs": 10, "accepted": 5, "cost": 2.5}, {"model": "b", "runs": 10, "success_rate": 0.5}]'),
        ("r.jsonl", '{"model": "a", "cases": 10, "passed": 5, "cost": 2.5}\n\n{"model": "b", "n": 10, "success_rate": 0.5}\n'),
    ],
)
def test_every_kind_of_list(finops: Finops, tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    rows = finops("models", tmp_path / name, "-f", "json").json["rows"]
    assert [(row["model"], row["runs"], row["accepted"]) for row in rows] == [("a", 10, 5), ("b", 10, 5)]
    assert [row["cost_per_run"] for row in rows] == ["0.25", None]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.yml", "model: [", "can't be read"),
        ("a.yml", "just words", "no list of entries"),
        ("a.json", "[]", "no entry names a `model`"),
        ("a.json", '[{"model": "a", "runs": 3, "accepted": 5}]', "5 successes of 3 runs"),
        ("a.json", '[{"model": "a", "runs": "many", "accepted": 5}]', "`many` is no number of runs"),
        ("a.json", '[{"model": "a", "runs": 3, "success_rate": -0.5}]', "-2 successes of 3 runs"),
        ("a.json", '[{"model": "a", "runs": 3, "accepted": 1, "cost": -1}]', "a cost of -1.0 is none"),
        ("a.json", '[{"model": "a", "runs": 3}]', "neither how many succeeded nor a rate"),
        ("a.json", "[" * 100_000, "can't be read"),
    ],
)
def test_files_that_are_something_else(finops: Finops, tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text)
    ran = finops("models", tmp_path / name)
    assert ran.code == 1
    assert said in ran.err
    assert str(tmp_path / name) in ran.err
