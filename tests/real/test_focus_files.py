"""Real FOCUS files: the official sample and the specification's own cases, loaded and reconciled."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.conftest import Ran

Finops = Callable[..., Ran]
Shared = Callable[[str], Path]


def raw_total(path: Path) -> Decimal:
    """The sum of BilledCost read by Python's own csv module, formats of the specification's tables included."""
    text = path.read_text(encoding="utf-8-sig")
    total = Decimal(0)
    for row in csv.DictReader(io.StringIO(text)):
        value = re.sub(r"[$,\s]", "", row["BilledCost"])
        total += Decimal(value) if value not in ("", "NULL") else 0
    return total


def test_the_official_sample_reconciles_to_the_last_digit(finops: Finops, shared_file: Shared) -> None:
    ingested = finops("ingest", shared_file("focus/focus_sample.csv"), "-f", "json")
    assert ingested.code == 0, ingested.err
    assert ingested.json["rows"][0]["rows"] == 1000
    assert ingested.json["rows"][0]["rejected"] == 0
    ran = finops("reconcile", "-f", "json")
    assert ran.code == 0, ran.err
    total = next(t for t in ran.json["totals"] if t["currency"] == "USD")
    assert total["billed"] == total["allocated"] == "20.52022672899"
    assert total["difference"] == "0"
    assert sum(Decimal(row["source_total"]) for row in ran.json["rows"]) == Decimal("20.52022672899")
    assert all(row["invoice_total"] is None for row in ran.json["rows"])
    assert "not checked against an invoice" in " ".join(ran.json["meta"]["notes"])


def test_ingesting_it_again_changes_nothing(finops: Finops, shared_file: Shared) -> None:
    path = shared_file("focus/focus_sample.csv")
    finops("ingest", path)
    before = finops("query", "--canonical", "charge", "-f", "csv").out
    again = finops("ingest", path, "-f", "json")
    assert again.json["rows"][0]["status"] == "unchanged"
    assert finops("query", "--canonical", "charge", "-f", "csv").out == before


def test_the_specifications_own_cases_load_and_reconcile(finops: Finops, shared_file: Shared, tmp_path: Path) -> None:
    for folder in ("focus/spec_v1_2", "focus/golden"):
        for path in sorted(shared_file(folder).rglob("*.csv")):
            header = path.read_text(encoding="utf-8-sig").splitlines()[0]
            if "BilledCost" not in header:
                continue
            ledger = tmp_path / f"{path.stem}.duckdb"
            ran = finops("ingest", path, "--ledger", ledger, "-f", "json")
            assert ran.code == 0, f"{path.name}: {ran.err}"
            assert ran.json["rows"][0]["rejected"] == 0, path.name
            checked = finops("reconcile", "--ledger", ledger, "-f", "json").json
            assert sum(Decimal(row["source_total"]) for row in checked["rows"]) == raw_total(path), path.name
            assert all(row["difference"] == "0" for row in checked["rows"]), path.name
