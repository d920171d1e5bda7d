"""Pressure samples that several files tell of count once, whatever comes first and however the files are cut."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
START = 1_790_812_800  # 2026-10-01T00:00:00Z
MART = "SELECT * FROM mart_signal_hour ORDER BY hour, signal, labels"


def prometheus(path: Path, first: int, last: int, host: str = "a") -> str:
    """A range query's answer: one point a minute, from the first to the last."""
    values = [[START + 60 * minute, str(minute % 7)] for minute in range(first, last)]
    metric = {"__name__": "vllm:num_requests_waiting", "instance": host, "model_name": "m"}
    document = {"status": "success", "data": {"resultType": "matrix", "result": [{"metric": metric, "values": values}]}}
    path.write_text(json.dumps(document))
    return path.name


def marts(finops: Finops, tmp_path: Path, *calls: list[str]) -> Any:
    for number, names in enumerate(calls):
        ran = finops("ingest", *names, *(["--no-build"] if number < len(calls) - 1 else []))
        assert ran.code == 0, ran.err
    rows = finops("query", MART, "-f", "json").json["rows"]
    for file in tmp_path.glob("finops.duckdb*"):
        if file.is_file():
            file.unlink()
    return rows


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 0, 1]])
def test_overlapping_exports_count_once_in_any_order(finops: Finops, tmp_path: Path, order: list[int]) -> None:
    whole = [prometheus(tmp_path / "whole.json", 0, 150), prometheus(tmp_path / "other.json", 0, 150, "b")]
    expected = marts(finops, tmp_path, whole)
    assert [row["points"] for row in expected] == [120, 120, 60], "two hosts, by model and hour"
    pieces = [prometheus(tmp_path / f"{a}.json", a, b) for a, b in ((0, 70), (40, 130), (100, 150))]
    assert marts(finops, tmp_path, *([pieces[at]] for at in order), whole[1:]) == expected
    assert marts(finops, tmp_path, [*pieces, *whole]) == expected
    cut = [prometheus(tmp_path / f"cut{a}.json", a, b) for a, b in pairwise((0, 30, 90, 150))]
    assert marts(finops, tmp_path, cut, whole[1:]) == expected


def test_labels_in_another_order_are_the_same_series_and_a_count_that_grew_stands(finops: Finops, tmp_path: Path) -> None:
    lines = [
        '{"time":"2026-10-01T00:00:00Z","signal":"tokens","kind":"counter","labels":{"a":"1","queue":"q"},"value":3}',
        '{"time":"2026-10-01T00:00:00Z","signal":"tokens","kind":"counter","labels":{"queue":"q","a":"1"},"value":5}',
        '{"time":"2026-10-01T00:00:00Z","signal":"tokens","kind":"counter","labels":{"queue":"q","a":"2"},"value":5}',
        '{"time":"2026-10-01T00:00:00Z","signal":"tokens","kind":"counter","value":1}',
    ]
    for number, line in enumerate([*lines, lines[3].replace("}", " }")]):
        (tmp_path / f"{number}.jsonl").write_text(line + "\n")
    rows = marts(finops, tmp_path, ["0.jsonl", "1.jsonl"], ["2.jsonl", "3.jsonl", "4.jsonl"])
    assert [(row["labels"], row["points"], row["high"]) for row in rows] == [("", 1, 1.0), ("q", 2, 5.0)]
