"""Results of `vllm bench serve` that measured nothing in some respect, or name no workload."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.sources.test_vllm_bench import RESULT, read


def test_a_figure_that_is_no_number_is_unknown_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    odd = {**RESULT, "median_tpot_ms": float("nan"), "p99_tpot_ms": float("inf"), "note": 'says "NaN": Infinity'}
    path.write_text(json.dumps(odd), encoding="utf-8")
    (row,), rejects, _ = read(path)
    assert (row["tpot_p50_ms"], row["tpot_p99_ms"]) == (None, None)
    assert (row["output_tokens"], row["attributes"]["note"]) == (81_050, 'says "NaN": Infinity')
    assert rejects == []


@pytest.mark.parametrize("label", [None, ""])
def test_a_result_without_a_label_is_called_by_its_model(label: str | None, tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    path.write_text(json.dumps({**RESULT, "label": label}), encoding="utf-8")
    (row,), _, _ = read(path)
    assert row["workload"] == "Qwen/Qwen3-32B"
