"""The FOCUS specification's cases: prepaid, virtual currency, commitments, corrections, AI billing, prompt caching, by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.cli.app import run
from finops.ledger.cube import CubeQuestion, cube_rows
from finops.ledger.store import Reader, open_reader
from tests.steps.focus_cases import CASES, FIGURES, bill


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    """All cases in one ledger, an account each."""
    home = tmp_path_factory.mktemp("focus")
    lines = [line.cells(case) for case, own in CASES.items() for line in own]
    (home / "cases.csv").write_text(bill(lines), encoding="utf-8")
    (home / "finops.toml").write_text("", encoding="utf-8")
    common = ("--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-q", "-o", home / "out.json", "-f", "json")
    assert run([str(part) for part in ("ingest", home / "cases.csv", "--strict", *common)]) == 0
    assert run([str(part) for part in ("reconcile", *common)]) == 0
    assert '"difference": "0"' in Path(home / "out.json").read_text(encoding="utf-8")
    with open_reader(home / "l.duckdb") as reader:
        yield reader


def costs(reader: Reader, case: str, *by: str, metric: str = "effective", incurred: bool = False) -> dict[Any, Decimal]:
    """Cost of a case by names; what is 0 is left out."""
    found: dict[Any, Decimal] = defaultdict(Decimal)
    for row in cube_rows(reader, CubeQuestion(by, metric, incurred, where={"account": case})):
        found[tuple(row[name] for name in by) if len(by) > 1 else row[by[0]]] += row["cost"] or 0
    return {key: amount for key, amount in found.items() if amount}


@pytest.mark.parametrize("case", CASES)
def test_a_case_bills_and_costs_what_the_specification_says(ledger: Reader, case: str) -> None:
    for metric, figure in zip(("billed", "effective"), FIGURES[case], strict=True):
        assert sum(costs(ledger, case, "service", metric=metric).values()) == Decimal(figure), metric


@pytest.mark.parametrize("case", CASES)
def test_p9_unit_price_times_quantity_is_the_cost(ledger: Reader, case: str) -> None:
    """Also of corrections here: the specification lets those differ."""
    rows = ledger.query(
        "SELECT ListUnitPrice AS listed, ContractedUnitPrice AS contracted, PricingQuantity AS quantity, ListCost, ContractedCost"
        " FROM charge WHERE BillingAccountId = $1",
        [case],
    )
    assert len(rows) == len(CASES[case])
    for row in rows:
        if row["listed"] is not None:
            assert row["listed"] * row["quantity"] == row["ListCost"]
        if row["contracted"] is not None:
            assert row["contracted"] * row["quantity"] == row["ContractedCost"]


@pytest.mark.parametrize(
    ("case", "committed", "unused", "on_demand"),
    [
        ("commitment used, flexible, one resource", "0.5", "0", "2.25"),
        ("commitment used, flexible, two resources", "2", "0", "0"),
        ("commitment used in full", "1.5", "0", "0"),
        ("commitment unused", "0", "1.5", "2"),
    ],
)
def test_p8_used_and_unused_are_what_was_bought(ledger: Reader, case: str, committed: str, unused: str, on_demand: str) -> None:
    found = costs(ledger, case, "purchase_option")
    parts = [found.get(name, Decimal(0)) for name in ("committed", "commitment_unused", "on_demand")]
    assert parts == [Decimal(committed), Decimal(unused), Decimal(on_demand)]
    bought = costs(ledger, case, "purchase_option", metric="billed")["commitment_purchase"]
    assert parts[0] + parts[1] == bought


def test_a_correction_counts_in_the_month_that_bills_it_and_in_the_one_that_incurred_it(ledger: Reader) -> None:
    case = "correction of a closed month"
    for incurred, month in ((False, "2025-06"), (True, "2025-05")):
        rows = cube_rows(ledger, CubeQuestion(("month",), "billed", incurred, where={"account": case}))
        assert {row["month"] for row in rows} == {month}
        assert sum(row["cost"] for row in rows) == 0
    by_resource = ledger.query(
        "SELECT ResourceId AS r, sum(BilledCost) AS cost FROM charge WHERE BillingAccountId = $1 GROUP BY 1 ORDER BY 1", [case]
    )
    assert [(row["r"], row["cost"]) for row in by_resource] == [("R-111", -300), ("R-222", 300)]


def test_prepaid_use_is_billed_once_and_costs_by_the_month(ledger: Reader) -> None:
    case = "prepaid use"
    assert costs(ledger, case, "month", metric="billed") == {"2025-04": Decimal(1200)}
    assert costs(ledger, case, "month") == {
        **{"2025-04": Decimal(48), "2025-05": Decimal(120), "2025-06": Decimal(60), "2026-03": Decimal(972)}
    }


def test_a_virtual_currency_is_beside_the_money(ledger: Reader) -> None:
    rows = ledger.query(
        "SELECT PricingCurrency AS c, sum(PricingCurrencyEffectiveCost) AS spent FROM charge WHERE PricingCurrency IS NOT NULL"
        " GROUP BY 1"
    )
    assert [(row["c"], row["spent"]) for row in rows] == [("Token", 615)]


def test_tokens_are_told_by_model_and_class(ledger: Reader) -> None:
    found = costs(ledger, "invoice of several AI models", "model", "token_class")
    assert {key[1]: amount for key, amount in found.items() if key[0] == "solora-atlas-5.6-venus"} == {
        **{"input_uncached": Decimal("0.75"), "output": Decimal("1.5")},
        **{"cache_read": Decimal("0.01"), "cache_write": Decimal("0.1")},
    }
    assert costs(ledger, "invoice of several AI models", "model")["solora-atlas-5.6-jupiter"] == 2000


def test_a_prompt_cache_pays_by_what_it_reads(ledger: Reader) -> None:
    """10.5M input tokens at 3.00 a million would have been 31.50 without the cache; with it they are 11.40."""
    found = costs(ledger, "prompt caching", "token_class")
    assert found == {
        **{"input_uncached": Decimal("1.5"), "cache_write": Decimal("7.5"), "cache_read": Decimal("2.4")},
        "output": Decimal("22.5"),
    }
    cached = found["input_uncached"] + found["cache_write"] + found["cache_read"]
    assert (cached, Decimal("10.5") * 3 - cached) == (Decimal("11.4"), Decimal("20.1"))
