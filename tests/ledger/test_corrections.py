"""P5 and P7: restated months are their last version; corrections set right what was incurred and leave what was billed."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from tests.conftest import LONG, Ran, whole_ledger_cases
from tests.ledger.corrected_bills import (
    DIALECTS,
    LATER,
    RIGHT,
    STYLES,
    Corrected,
    Line,
    corrected_bills,
    deliver,
    stored,
    totals,
    write,
)

CASES = settings(
    max_examples=whole_ledger_cases(),
    suppress_health_check=list(HealthCheck),
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
)
dialects = st.sampled_from(sorted(DIALECTS))
BILLED, INCURRED = "BillingPeriodStart", "ChargePeriodStart"


def expected(bill: Corrected, *, by_resource: bool) -> tuple[dict[tuple[int, str], Decimal], dict[tuple[int, str], Decimal]]:
    """As billed and as incurred, once both bills are in."""
    billed = totals((*bill.wrong, *bill.later), lambda line: line.billed, by_resource=by_resource)
    incurred = totals((*bill.right, *bill.october), lambda line: line.incurred, by_resource=by_resource)
    return billed, incurred


@CASES
@given(corrected_bills(), dialects, st.booleans(), st.booleans(), st.booleans())
def test_p7_corrections_set_right_what_was_incurred(
    bill: Corrected, dialect: str, backwards: bool, in_pieces: bool, twice: bool
) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        first = [write(dialect, home, "september", bill.wrong)] if bill.wrong else []
        if in_pieces and bill.corrections:
            later = [write(dialect, home, "october", bill.october), write(dialect, home, "corrections", bill.corrections)]
        else:
            later = [write(dialect, home, "october", bill.later)]
        calls = [later, first] if backwards else [first, later]
        for files in (*calls, *calls) if twice else calls:
            deliver(dialect, home / "l.duckdb", *files, restate=[f"2026-{RIGHT:02}"] if backwards else [])
        by_resource = bill.itemised
        billed, incurred = expected(bill, by_resource=by_resource)
        assert stored(home / "l.duckdb", BILLED, by_resource=by_resource) == billed
        assert stored(home / "l.duckdb", INCURRED, by_resource=by_resource) == incurred


@CASES
@given(corrected_bills(), dialects)
def test_p5_an_open_month_is_its_last_version(bill: Corrected, dialect: str) -> None:
    """Omitted, changed and added rows of a month that is delivered again whole, and named by an invoice at last."""
    with tempfile.TemporaryDirectory() as name:
        ledger = Path(name) / "l.duckdb"
        if bill.wrong:
            deliver(dialect, ledger, write(dialect, Path(name), "month", bill.wrong, final=False))
        deliver(dialect, ledger, write(dialect, Path(name), "month", bill.right))
        right = totals(bill.right, lambda line: line.billed, by_resource=True)
        assert stored(ledger, BILLED, by_resource=True) == right
        assert stored(ledger, INCURRED, by_resource=True) == right


@pytest.mark.parametrize("dialect", ["focus", "aws_cur", "azure_costs"])
def test_a_closed_month_is_restated_with_consent_only(tmp_path: Path, dialect: str) -> None:
    wrong, right = (Line(RIGHT, RIGHT, 3, "r1", Decimal(cost)) for cost in ("10", "7"))
    october = Line(LATER, LATER, 3, "r1", Decimal(1))
    ledger = tmp_path / "l.duckdb"
    deliver(dialect, ledger, write(dialect, tmp_path, "september", [wrong]))
    deliver(dialect, ledger, write(dialect, tmp_path, "october", [october], final=False))
    with pytest.raises(DataError, match="a closed month: 2026-09"):
        deliver(dialect, ledger, write(dialect, tmp_path, "september", [right]))
    deliver(dialect, ledger, write(dialect, tmp_path, "september", [right]), restate=["2026-09"])
    assert stored(ledger, BILLED, by_resource=True) == {(RIGHT, "r1"): Decimal(7), (LATER, "r1"): Decimal(1)}


@pytest.mark.parametrize("dialect", sorted(DIALECTS))
def test_corrections_are_told_from_usage(tmp_path: Path, dialect: str) -> None:
    lines = [Line(LATER, RIGHT, 3, "r1", Decimal(-4), "correction"), Line(LATER, LATER, 3, "r1", Decimal(9))]
    deliver(dialect, tmp_path / "l.duckdb", write(dialect, tmp_path, "october", lines))
    from finops.ledger.store import open_reader

    with open_reader(tmp_path / "l.duckdb") as reader:
        rows = reader.query("SELECT ChargeClass, BilledCost FROM charge ORDER BY BilledCost")
    assert [(row["ChargeClass"], row["BilledCost"]) for row in rows] == [("Correction", Decimal(-4)), (None, Decimal(9))]


def shown(finops: Callable[..., Ran], view: str) -> dict[str, Decimal]:
    ran = finops("cost", "--by", "month", "--metric", "billed", "--view", view, "-f", "json", "--ledger", "l.duckdb")
    assert ran.code == 0, ran.err
    return {row["month"]: Decimal(row["cost"]) for row in ran.json["rows"] if Decimal(row["cost"])}


@pytest.mark.parametrize("style", STYLES)
def test_both_views_of_the_commands(finops: Callable[..., Ran], tmp_path: Path, style: str) -> None:
    """What `cost` shows as billed and as incurred, and that `reconcile` balances, one bill of each style."""

    @settings(max_examples=10 if LONG else 1, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(corrected_bills([style]).filter(lambda bill: bill.corrections and bill.wrong))  # type: ignore[list-item]
    def check(bill: Corrected) -> None:
        for old in tmp_path.glob("l.duckdb"):
            old.unlink()
        for name, lines in (("september", bill.wrong), ("october", bill.later)):
            ran = finops("ingest", write("focus", tmp_path, name, lines), "--ledger", "l.duckdb")
            assert ran.code == 0, ran.err
        for view, want in zip(("billed", "incurred"), expected(bill, by_resource=False), strict=True):
            assert shown(finops, view) == {f"2026-{month:02}": cost for (month, _), cost in want.items()}
        checked = finops("reconcile", "-f", "json", "--ledger", "l.duckdb").json
        assert all(row["difference"] == "0" for row in checked["rows"])

    check()


def test_the_specifications_case_in_all_its_styles(finops: Callable[..., Ran], shared_file: Callable[[str], Path]) -> None:
    """Usage of May on the wrong resource, corrected in June: the invoice of May stands, and June's adds up to nothing."""
    path = shared_file("focus/golden/correction_closed_scenario_1_ledger.csv")
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    original = "Usage,,2025-05-01T00:00:00Z,2025-06-01T00:00:00Z,I-5,2025-05-01T00:00:00Z,2025-05-01T01:00:00Z,R-111"
    amounts = "1500,1500,1500,2000,1.5,2,1000,1000,Hours,Hours,USG-123,USG-123-01"
    may = f"Compute,2025-05-04T00:00:00Z,2025-05-01T00:00:00Z,{original},{amounts}"
    delta = [
        lines[1].replace("1200,1200,1200,1600,1.5,2,800,800", "-300,-300,-300,-400,1.5,2,-200,-200"),
        lines[2],
    ]
    Path("may.csv").write_text("\n".join([head, may]) + "\n", encoding="utf-8")
    Path("delta.csv").write_text("\n".join([head, *delta]) + "\n", encoding="utf-8")
    for corrections in (path, "delta.csv"):
        ledger = ("--ledger", f"{Path(corrections).stem}.duckdb")
        for file in ("may.csv", corrections):
            assert finops("ingest", file, *ledger).code == 0
        sums = "sum(BilledCost) AS c, sum(PricingQuantity) AS q"
        sql = f"SELECT month(BillingPeriodStart) AS m, {sums} FROM charge GROUP BY m ORDER BY m"
        assert [(r["m"], r["c"], r["q"]) for r in finops("query", sql, *ledger, "-f", "json").json["rows"]] == [
            *((5, "1500", "1000"), (6, "0", "0")),
        ]
        sql = "SELECT ResourceId AS r, sum(EffectiveCost) AS c, sum(ConsumedQuantity) AS q FROM charge GROUP BY r ORDER BY r"
        assert [(r["r"], r["c"], r["q"]) for r in finops("query", sql, *ledger, "-f", "json").json["rows"]] == [
            *(("R-111", "1200", "800"), ("R-222", "300", "200")),
        ]
        rows = finops("cost", "--by", "month", "--view", "incurred", "--metric", "billed", *ledger, "-f", "json").json["rows"]
        assert [(row["month"], row["cost"]) for row in rows] == [("2025-05", "1500")]
