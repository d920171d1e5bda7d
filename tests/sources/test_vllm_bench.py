"""Results of `vllm bench serve` in every form it writes, with and without the hardware they ran on."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Reject
from finops.sources.detect import recognise
from finops.sources.hardware import sidecar_of
from finops.sources.vllm_bench import SOURCE

RESULT: dict[str, Any] = {
    "date": "20261003-011500",
    "endpoint_type": "openai-chat",
    "label": "contract-review",
    "model_id": "Qwen/Qwen3-32B",
    "tokenizer_id": "Qwen/Qwen3-32B",
    "num_prompts": 500,
    "request_rate": "inf",
    "burstiness": 1.0,
    "max_concurrency": None,
    "duration": 120.5,
    "completed": 497,
    "total_input_tokens": 250_000,
    "total_output_tokens": 81_050,
    "request_throughput": 4.12,
    "request_goodput:": 3.9,
    "output_throughput": 672.6,
    "total_token_throughput": 2747.3,
    "mean_ttft_ms": 210.0,
    "median_ttft_ms": 190.5,
    "p99_ttft_ms": 800.0,
    "median_tpot_ms": 21.0,
    "p99_tpot_ms": 40.0,
    "p95_e2el_ms": 5200.0,
}
HARDWARE = {
    **{"provider": "aws", "region": "eu-west-1", "instance_type": "g6.xlarge", "count": 2, "gpu": "NVIDIA L4", "units": 497},
    **{"gpu_memory_gib": 24, "workload": "review", "repeat": 3, "unit": "contract", "rack": "b7", "price": 1e300},
}


def read(path: Path) -> tuple[list[dict[str, Any]], list[Reject], list[str]]:
    (part,) = SOURCE.parts(path, path.parent)
    (load,) = SOURCE.open(part, {})
    rows: list[dict[str, Any]] = []
    for batch in load.data:  # type: ignore[union-attr]
        assert batch.schema == arrow_schema("benchmark")  # type: ignore[union-attr]
        rows += [{**row, "attributes": dict(row["attributes"] or ())} for row in batch.to_pylist()]  # type: ignore[union-attr]
    return rows, load.rejects, load.notes


def write(folder: Path, result: Any, *, hardware: Any = None, name: str = "run.json") -> Path:
    path = folder / name
    path.write_text(json.dumps(result), encoding="utf-8")
    if hardware is not None:
        (folder / "run.hardware.json").write_text(json.dumps(hardware), encoding="utf-8")
    return path


def test_a_result_with_its_sidecar(tmp_path: Path) -> None:
    ((row,), rejects, notes) = read(write(tmp_path, RESULT, hardware=HARDWARE))
    assert (rejects, notes) == ([], [])
    assert row["time"] == datetime(2026, 10, 3, 1, 15)
    expected = {
        **{"workload": "review", "tool": "vllm bench serve", "model": "Qwen/Qwen3-32B", "provider": "aws", "region": "eu-west-1"},
        **{
            "instance_type": "g6.xlarge",
            "hardware": "NVIDIA L4",
            "count": 2,
            "repeat": 3,
            "gpu_memory_gib": 24.0,
            "units": 497.0,
        },
        **{"duration_s": 120.5, "completed": 497, "failed": 3, "max_concurrency": None, "goodput_per_s": 3.9},
        **{"input_tokens": 250_000.0, "output_tokens": 81_050.0, "requests_per_s": 4.12, "output_tokens_per_s": 672.6},
        **{"total_tokens_per_s": 2747.3, "ttft_p50_ms": 190.5, "ttft_p95_ms": None, "ttft_p99_ms": 800.0, "tpot_p50_ms": 21.0},
        **{"tpot_p99_ms": 40.0, "e2e_p50_ms": None, "e2e_p95_ms": 5200.0, "e2e_p99_ms": None, "revision": None},
    }
    assert {key: row[key] for key in expected} == expected
    assert row["attributes"]["request_rate"] == "inf"
    assert row["attributes"]["unit"] == "contract"
    assert row["attributes"]["rack"] == "b7"
    assert "mean_ttft_ms" not in row["attributes"]


def test_metadata_in_the_file_does_the_same(tmp_path: Path) -> None:
    metadata = {"gpu": "4xNVIDIA_L40S", "instance_type": "g6e.12xlarge", "region": "us-east-1", "provider": "aws", "count": "2"}
    ((row,), _, notes) = read(write(tmp_path, {**RESULT, **metadata, "workload": "review", "date": "tuesday"}))
    assert (row["hardware"], row["instance_type"], row["count"], row["workload"]) == (
        "4xNVIDIA_L40S",
        "g6e.12xlarge",
        2,
        "review",
    )
    assert (row["time"], notes) == (None, [])


def test_the_sidecar_wins_over_metadata_and_its_own_over_the_folders(tmp_path: Path) -> None:
    (tmp_path / "hardware.json").write_text(json.dumps({"provider": "gcp", "instance_type": "g2-standard-4"}))
    path = write(tmp_path, {**RESULT, "provider": "aws", "region": "eu-west-1"})
    ((row,), _, _) = read(path)
    assert (row["provider"], row["instance_type"], row["region"]) == ("gcp", "g2-standard-4", "eu-west-1")
    write(tmp_path, RESULT, hardware={"provider": "azure", "gpu": "T4"})
    ((row,), _, _) = read(path)
    assert (row["provider"], row["instance_type"], row["hardware"]) == ("azure", None, "T4")


def test_a_changed_sidecar_is_a_changed_result(tmp_path: Path) -> None:
    path = write(tmp_path, RESULT, hardware=HARDWARE)
    (before,) = SOURCE.parts(path, tmp_path)
    write(tmp_path, RESULT, hardware={**HARDWARE, "count": 3})
    (after,) = SOURCE.parts(path, tmp_path)
    assert before.content_hash != after.content_hash
    assert before.name == after.name


def test_without_hardware_it_loads_and_says_that_it_has_no_price(tmp_path: Path) -> None:
    ((row,), rejects, notes) = read(write(tmp_path, RESULT))
    assert (row["workload"], row["instance_type"], row["count"], rejects) == ("contract-review", None, None, [])
    assert "can't be priced" in notes[0]
    assert "hardware.json" in notes[0]


def test_appended_results_are_one_row_each(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    lines = [json.dumps({**RESULT, "duration": 100 + i}) for i in range(3)]
    path.write_text("\n".join([*lines, lines[0][:60]]))
    rows, rejects, _ = read(path)
    assert [row["duration_s"] for row in rows] == [100, 101, 102]
    assert [(r.row, "whole JSON object" in r.reason) for r in rejects] == [(4, True)]
    assert [row["duration_s"] for row in read(write(tmp_path, [RESULT, RESULT]))[0]] == [120.5, 120.5]


@pytest.mark.parametrize(
    ("said", "units", "unit"),
    [
        ({"units": "2000"}, 2000.0, None),
        ({"units": 1500.5, "unit": "page"}, 1500.5, "page"),
        ({"units": "images"}, 497.0, "images"),
        ({"unit": "image"}, 497.0, "image"),
        ({"units_per_request": 4, "unit": "image"}, 1988.0, "image"),
        ({}, None, None),
    ],
)
def test_units_of_work(tmp_path: Path, said: dict[str, Any], units: float | None, unit: str | None) -> None:
    ((row,), _, _) = read(write(tmp_path, RESULT, hardware={"gpu": "T4", **said}))
    assert (row["units"], row["attributes"].get("unit")) == (units, unit)


def test_detailed_lists_and_answers_are_not_kept(tmp_path: Path) -> None:
    detailed = {"input_lens": [1] * 500, "generated_texts": ["secret"] * 500, "errors": ["secret"], "itls": [[0.1]] * 500}
    ((row,), rejects, _) = read(write(tmp_path, {**RESULT, **detailed}))
    assert rejects == []
    assert "secret" not in str(row)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"duration": None}, "duration"),
        ({"completed": "many"}, "completed"),
        ({"completed": 1.5}, "completed"),
        ({"duration": -1}, "duration"),
        ({"duration": "RAW"}, "duration"),
        ({"median_ttft_ms": [1]}, "median_ttft_ms"),
        ({"count": "two"}, "count"),
    ],
)
def test_what_can_not_be_read_is_refused_and_the_others_load(tmp_path: Path, change: dict[str, Any], column: str) -> None:
    path = tmp_path / "run.json"
    odd = json.dumps({**RESULT, **change}).replace('"RAW"', "1e400")
    path.write_text(json.dumps(RESULT) + "\n" + odd + "\n")
    rows, rejects, _ = read(path)
    assert (len(rows), [(r.row, r.column) for r in rejects]) == (1, [(2, column)])
    path.write_text(odd)
    with pytest.raises(DataError):
        read(path)


def test_sidecars_and_the_dashboards_copy_are_no_results(tmp_path: Path) -> None:
    write(tmp_path, RESULT, hardware=HARDWARE)
    copy = [{"benchmark": {"name": "vLLM benchmark"}, "model": {"name": "m"}, "metric": {"name": "Total_Tokens", "values": [1]}}]
    twin = write(tmp_path, copy, name="run.pytorch.json")
    shared = write(tmp_path, {"provider": "aws", "instance_type": "g6.xlarge"}, name="hardware.json")
    for path in (tmp_path / "run.hardware.json", twin, shared):
        assert recognise(path, None) is SOURCE
        assert list(SOURCE.parts(path, tmp_path)) == []


@pytest.mark.parametrize("content", ["{", "[1]", '{"count": "two"}', '{"gpu": {"name": 1}}', "[" * 100_000])
def test_a_damaged_sidecar_is_named(tmp_path: Path, content: str) -> None:
    path = write(tmp_path, RESULT)
    (tmp_path / "run.hardware.json").write_text(content)
    with pytest.raises(DataError) as raised:
        read(path)
    assert "run.hardware.json" in (raised.value.where or "")
    assert raised.value.hint


def test_the_sidecar_of_a_packed_result_has_its_bare_name(tmp_path: Path) -> None:
    (tmp_path / "a.hardware.json").write_text("{}")
    assert sidecar_of(tmp_path / "a.json.gz") == tmp_path / "a.hardware.json"
    assert sidecar_of(tmp_path / "b.jsonl") is None


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.integers(), max_size=2))


@given(st.dictionaries(st.sampled_from([*RESULT, *HARDWARE, "extra"]), VALUES, max_size=8))
def test_odd_values_give_rejects_never_a_crash(tmp_path_factory: pytest.TempPathFactory, odd: dict[str, Any]) -> None:
    path = tmp_path_factory.mktemp("odd") / "run.json"
    path.write_text(json.dumps({**RESULT, **odd}) + "\n" + json.dumps(RESULT), encoding="utf-8")
    rows, rejects, _ = read(path)
    assert len(rows) + len(rejects) == 2


@given(st.binary(max_size=300))
def test_arbitrary_bytes_never_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("odd") / "run.json"
    path.write_bytes(content)
    try:
        rows, _, _ = read(path)
    except FinopsError:
        return
    assert rows == []
