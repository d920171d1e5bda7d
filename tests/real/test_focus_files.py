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


FIGURES = {
    "golden/ai_multi_model_invoice": ("2037.36", "2037.36", "USD"),
    "golden/ai_prompt_caching_a": ("33.9", "33.9", "USD"),
    "golden/correction_closed_scenario_1_ledger": ("0", "0", "XXX"),
    "spec_v1_2/commitment_discount_flexibility/zero_percent_utilization_without_commitment_discount_flexibility": (
        *("3.5", "3.5", "XXX"),
    ),
    "spec_v1_2/saas_examples/virtual_currency_pricing_model_a1": ("200000", "0", "USD"),
    "spec_v1_2/saas_examples/virtual_currency_pricing_model_a2": ("0", "1230", "USD"),
    "spec_v1_2/saas_examples/simple_agreements/simple_saas_agreements_a1": ("10000", "10000", "USD"),
    "spec_v1_2/saas_examples/simple_agreements/simple_saas_agreements_c": ("35800", "35800", "USD"),
    "spec_v1_2/saas_examples/spend_agreements/saas_spend_agreements_a2": ("1200", "1200", "USD"),
    "spec_v1_2/saas_examples/spend_agreements/saas_spend_agreements_b1": ("1200", "1200", "USD"),
}
"""Billed and effective cost of the specification's cases, and the currency (XXX where a case names none)."""


def test_the_specifications_own_cases_load_and_reconcile_and_cost_what_it_says(
    finops: Finops, shared_file: Shared, tmp_path: Path
) -> None:
    known = set(FIGURES)
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
            case = path.relative_to(shared_file("focus")).with_suffix("").as_posix()
            if case in known:
                known.remove(case)
                costs_what_it_says(finops, ledger, case)
    assert not known


def costs_what_it_says(finops: Finops, ledger: Path, case: str) -> None:
    *figures, currency = FIGURES[case]
    for metric, figure in zip(("billed", "effective"), figures, strict=True):
        ran = finops("cost", "--by", "month", "--metric", metric, "-f", "json", "--ledger", ledger)
        assert [(t["cost"], t["currency"]) for t in ran.json["totals"]] == [(figure, currency)], (case, metric)
    (total,) = finops("reconcile", "-f", "json", "--ledger", ledger).json["totals"]
    assert (total["billed"], total["difference"], total["currency"]) == (figures[0], "0", currency), case


def test_tokens_of_the_drafts_cases_are_told_by_model_and_class(finops: Finops, shared_file: Shared) -> None:
    finops("ingest", shared_file("focus/golden/ai_multi_model_invoice.csv"))
    rows = finops("cost", "--by", "model,token_class", "--metric", "billed", "-f", "json").json["rows"]
    venus = {row["token_class"]: row["cost"] for row in rows if row["model"] == "solora-atlas-5.6-venus"}
    assert venus == {"input_uncached": "0.75", "output": "1.5", "cache_read": "0.01", "cache_write": "0.1"}
    used = finops("query", "SELECT DISTINCT PrincipalId, ConsumedUnit, PricingUnit FROM charge", "-f", "json").json["rows"]
    assert used == [
        {"PrincipalId": "invoiceprocessing@acmecorp.example", "ConsumedUnit": "Tokens", "PricingUnit": "1000000 Tokens"}
    ]


def test_a_virtual_currency_is_beside_the_money_and_never_in_it(finops: Finops, shared_file: Shared) -> None:
    finops("ingest", shared_file("focus/spec_v1_2/saas_examples/virtual_currency_pricing_model_a2.csv"))
    amounts = "PricingCurrencyEffectiveCost AS spent, PricingCurrencyListUnitPrice AS price"
    sql = f"SELECT PricingCurrency, {amounts} FROM charge ORDER BY spent"
    rows = finops("query", sql, "-f", "json").json["rows"]
    assert [(row["PricingCurrency"], row["spent"], row["price"]) for row in rows] == [
        *(("Token", "10", "2"), ("Token", "245", "1"), ("Token", "360", "3")),
    ]
