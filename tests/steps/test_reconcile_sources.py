"""`reconcile --sources` on a company whose every gap was planted, and on small bills that lack one thing or another."""

from __future__ import annotations

import os
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.core.gap import CAUSES
from tests.company import files, planted, truth
from tests.conftest import LONG, Ran

Finops = Callable[..., Ran]
Row = dict[str, Any]
TIMES = 10 if LONG else 1
FIGURES = ("traces_list", "gateway", "usage_report", "invoice", "gap", *CAUSES, "unexplained")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's files and its ledger: August's bill came wrong at first, and was restated."""
    from finops.cli.app import run

    where = tmp_path_factory.mktemp("company")
    files.write(where, planted.company(), TIMES)
    before = Path.cwd()
    try:
        quiet = ("--config", str(where / "finops.toml"), "--ledger", str(where / "l.duckdb"), "-q", "-o", "/dev/null")
        os.chdir(where / "before")
        assert run(["ingest", "bills", "--no-build", *quiet]) == 0
        os.chdir(where)
        assert run(["ingest", "bills", "--restate", "2026-08", "--no-build", *quiet]) == 0
        assert run(["ingest", "traces", "gateways", "reports", *quiet]) == 0
    finally:
        os.chdir(before)
    return where


def rows_of(finops: Finops, home: Path, *more: str) -> list[Row]:
    arguments = ("reconcile", "--sources", "--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-f", "json")
    ran = finops(*arguments, *more)
    assert ran.code == 0, ran.err
    return list(ran.json["rows"])


def amounts(row: Row) -> dict[str, Decimal]:
    found = {name: Decimal(row[name]) for name in FIGURES if row[name] is not None}
    return {name: amount for name, amount in found.items() if amount}


@pytest.mark.parametrize("view", ["billed", "incurred"])
def test_every_planted_gap_is_found_and_named_to_the_last_digit(finops: Finops, home: Path, view: str) -> None:
    rows = rows_of(finops, home, "--view", view)
    known = truth.truth(planted.company(), TIMES, view)
    exact = {(row["period"], row["provider"], row["model"]): amounts(row) for row in rows if row["provider"] != "mistral"}
    assert exact.keys() == known.keys()
    for key, own in known.items():
        assert exact[key] == own, key
    assert {row["currency"] for row in rows if row["provider"] == "anthropic"} == {"GBP"}


def test_what_only_samples_tell_is_found_within_its_interval(finops: Finops, home: Path) -> None:
    rows = [row for row in rows_of(finops, home) if row["provider"] == "mistral"]
    for month in ("2026-08", "2026-11"):
        known = truth.mistral(planted.company(), TIMES, month)
        row = next(row for row in rows if row["period"] == month and row["model"])
        found = {name: Decimal(row[name] or 0) for name in (*FIGURES, "sampling_within")}
        assert (found["traces_list"], found["unexplained"]) == (known["traces_list"], 0)
        absent = found["sampling"] + found["missing_spans"] + found["beyond_use"] + found["not_billed_yet"]
        assert absent == known["not_in_traces"]  # nothing was lost here: all of it is sampling, and what no bill covers yet
        assert abs(found["missing_spans"] + found["beyond_use"]) <= found["sampling_within"]
        assert found["commitments"] == -known["prepaid"] * (month == "2026-11")
        bought = [Decimal(r["commitments"]) for r in rows if r["period"] == month and not r["model"]]
        assert sum(bought) == known["purchase"]


@pytest.mark.parametrize("view", ["billed", "incurred"])
def test_rows_and_totals_add_up_exactly(finops: Finops, home: Path, view: str) -> None:
    arguments = ("--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-f", "json", "--view", view)
    ran = finops("reconcile", "--sources", *arguments)
    for row in [*ran.json["rows"], *ran.json["totals"]]:
        causes = sum((Decimal(row[name]) for name in (*CAUSES, "unexplained") if row[name] is not None), Decimal(0))
        assert Decimal(row["traces_list"] or 0) + causes == Decimal(row["invoice"] or 0)
    billed = sum(Decimal(row["invoice"] or 0) for row in ran.json["rows"] if row["currency"] == "GBP")
    assert billed == sum(Decimal(t["invoice"]) for t in ran.json["totals"] if t["currency"] == "GBP")


def test_a_month_alone_says_the_same_of_it(finops: Finops, home: Path) -> None:
    whole = [row for row in rows_of(finops, home) if row["period"] == "2026-11"]
    assert rows_of(finops, home, "--month", "2026-11") == whole
    assert [row for row in whole if row["currency"] == "EUR"] == rows_of(finops, home, "--month", "2026-11", "--currency", "EUR")


def test_without_rates_what_needs_one_is_unknown_and_said(finops: Finops, home: Path) -> None:
    Path("none.toml").write_text("[ledger]\nas_of = 2026-12-05\n", encoding="utf-8")
    ran = finops(
        "reconcile", "--sources", "--month", "2026-11", "--config", "none.toml", "--ledger", home / "l.duckdb", "-f", "json"
    )
    row = next(row for row in ran.json["rows"] if row["model"] == planted.CLAUDE)
    assert (row["traces_list"], row["exchange_rate"], row["unexplained"]) == (None, None, None)
    assert any("no rate from USD to GBP" in note for note in ran.json["meta"]["notes"])
