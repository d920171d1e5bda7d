"""Benchmarks of every tool, from the file to `bench list`, `bench cost` and `place`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Ran

TOOLS = ("sglang_bench", "guidellm", "aiperf", "llmperf", "mlperf", "k6", "locust", "work_table")


@pytest.fixture
def loaded(finops: Callable[..., Ran], once: Callable[..., None]) -> Callable[..., Ran]:
    """A ledger with the samples of every tool."""

    def make() -> None:
        for tool in TOOLS:
            shutil.copytree(ROOT / "tests/sources/samples" / tool, Path("in") / tool)
        ran = finops("ingest", "in", "-f", "json")
        assert ran.code == 0, ran.err
        rows = {row["path"]: row for row in ran.json["rows"] if row["status"] != "left out"}
        assert {row["status"] for row in rows.values()} == {"loaded"}
        assert sum(row["rows"] for row in rows.values()) == 15
        assert not any("responses" in file or "history" in file for file in rows), "one run is loaded once"

    once(make)
    return finops


def _costs(ran: Ran) -> dict[str, dict[str, Any]]:
    assert ran.code == 0, ran.err
    return {row["workload"]: row for row in ran.json["rows"] if row["workload"] and row["purchase_option"] == "on_demand"}


def test_every_tool_is_listed(loaded: Callable[..., Ran]) -> None:
    ran = loaded("bench", "list", "-f", "json")
    tools = {"sglang bench_serving", "guidellm", "aiperf", "genai-perf", "llmperf", "mlperf inference", "k6", "locust", "table"}
    assert {row["tool"] for row in ran.json["rows"]} == tools
    by_tool = {row["tool"]: row for row in ran.json["rows"]}
    assert by_tool["k6"]["output_tokens"] is None
    assert by_tool["table"]["completed"] is None


MEASURED = {
    "quote": ("quote", "60.0005", "1188"),
    "search": ("request", "120", "1188"),
    "llama2-70b server": ("1M output tokens", "1", "0.0017"),
}
"""Unit, seconds and units of a measurement; MLPerf's server states a rate only."""


def test_a_unit_costs_the_time_that_it_took_and_what_names_no_machine_has_no_price(loaded: Callable[..., Ran]) -> None:
    ran = loaded("bench", "cost", "-f", "json")
    for workload, (unit, seconds, units) in MEASURED.items():
        row = _costs(ran)[workload]
        expected = Decimal(str(row["hourly_price"])) * Decimal(seconds) / 3600 / Decimal(units)
        assert row["unit"] == unit
        assert float(row["unit_cost"]) == pytest.approx(float(expected), rel=1e-9)
    bare = [row for row in ran.json["rows"] if row["instance_type"] is None]
    assert bare
    assert all(row["unit_cost"] is None and "names no provider" in row["reason"] for row in bare)


def test_a_workload_is_placed_by_what_was_measured(loaded: Callable[..., Ran]) -> None:
    for workload in ("page rendering", "summaries", "triage"):
        ran = loaded("place", workload, "-f", "json")
        assert ran.code == 0, ran.err
        assert any(row["unit_cost"] is not None for row in ran.json["rows"]), workload


def test_a_result_from_which_no_cost_follows_is_counted(finops: Callable[..., Ran], tmp_path: Path) -> None:
    header = "Type,Name,Request Count,Failure Count,Requests/s"
    (tmp_path / "run_stats.csv").write_text(f"{header}\n,Aggregated,10,0,\n")
    assert finops("ingest", "run_stats.csv").code == 0
    ran = finops("bench", "cost", "-f", "json")
    assert ran.json["rows"] == []
    assert any(note.startswith("1 results are left out") for note in ran.json["meta"]["notes"])
