"""Invoices beside the bill: InvoiceDetail gives the totals that `reconcile` compares with, and no cost of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]

BILL = """\
BillingAccountId,BillingCurrency,BillingPeriodStart,InvoiceId,InvoiceIssuerName,ChargePeriodStart,ChargeCategory,BilledCost
acct-7,USD,2026-09-01T00:00:00Z,INV-9,Solora AI,2026-09-04T00:00:00Z,Usage,1000
acct-7,USD,2026-09-01T00:00:00Z,INV-9,Solora AI,2026-09-04T00:00:00Z,Credit,-49.5
acct-7,USD,2026-10-01T00:00:00Z,,Solora AI,2026-10-04T00:00:00Z,Usage,12.50
"""
HEAD = (
    "BilledCost,BillingAccountId,BillingCurrency,BillingPeriodStart,InvoiceDetailId,InvoiceDetailLastUpdated,InvoiceId,"
    "InvoiceIssueStatus,InvoiceIssuerName"
)


def detail(billed: str, line: str = "L-1", updated: str = "2026-10-03", status: str = "Issued", month: str = "2026-09") -> str:
    return f"{billed},acct-7,USD,{month}-01T00:00:00Z,{line},{updated}T00:00:00Z,INV-{month},{status},Solora AI"


def invoices(*lines: str, name: str = "invoices.csv") -> Path:
    path = Path(name)
    path.write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return path.absolute()


@pytest.fixture
def billed(finops: Finops, once: Callable[..., None]) -> Finops:
    def make() -> None:
        Path("bill.csv").write_text(BILL, encoding="utf-8")
        assert finops("ingest", "bill.csv").code == 0

    once(make)
    return finops


def gaps(ran: Ran) -> list[tuple[str, str | None, str | None]]:
    assert ran.code == 0, ran.err
    return [(row["period"], row["invoice_total"], row["invoice_gap"]) for row in ran.json["rows"]]


def notes(ran: Ran) -> str:
    return " ".join(ran.json["meta"]["notes"])


def test_issued_invoices_are_compared_with_the_bill(billed: Finops) -> None:
    sample = Path(__file__).parents[1] / "sources/samples/focus_invoices/invoices.csv"
    row = billed("ingest", sample, "-f", "json").json["rows"][0]
    assert (row["source"], row["rows"], row["amount"]) == ("focus_invoices", 3, None)
    ran = billed("reconcile", "-f", "json")
    assert gaps(ran) == [("2026-09", "950", "-0.5"), ("2026-10", None, None)]
    assert "1 of 2 rows are not checked" in notes(ran)
    assert ran.json["totals"] == [{"currency": "USD", "billed": "963", "allocated": "963", "difference": "0"}]


@pytest.mark.parametrize("together", [True, False])
def test_of_two_versions_of_a_line_the_later_stands_in_any_order(billed: Finops, together: bool) -> None:
    old = invoices(detail("900"), detail("5", "L-2"), name="old.csv")
    new = invoices(detail("950.5", updated="2026-10-09"), detail("5", "L-2"), name="new.csv")
    for files in ([new, old],) if together else ([new], [old]):
        assert billed("ingest", *files).code == 0
    assert gaps(billed("reconcile", "-f", "json"))[0] == ("2026-09", "955.5", "5")


def test_lines_without_a_name_all_count(billed: Finops) -> None:
    billed("ingest", invoices(detail("475", ""), detail("475.5", ""), detail("475.5", "")))
    assert gaps(billed("reconcile", "-f", "json"))[0][1] == "1426"


@pytest.mark.parametrize("status", ["Open", "Voided"])
def test_what_is_not_issued_is_no_total(billed: Finops, status: str) -> None:
    billed("ingest", invoices(detail("950.5", status=status)))
    assert gaps(billed("reconcile", "-f", "json"))[0] == ("2026-09", None, None)


def test_an_invoice_without_charges_is_told(billed: Finops) -> None:
    billed("ingest", invoices(detail("950.5"), detail("70", month="2026-08")))
    assert "invoiced and without charges: 2026-08 Solora AI acct-7, 70 USD" in notes(billed("reconcile", "-f", "json"))


def test_what_the_configuration_says_goes_first_and_the_difference_is_told(billed: Finops) -> None:
    Path("finops.toml").write_text('[[invoice]]\nissuer = "Solora AI"\nperiod = "2026-09"\ntotal = "951"\n', encoding="utf-8")
    billed("ingest", invoices(detail("950.5")))
    ran = billed("reconcile", "-f", "json")
    assert gaps(ran)[0] == ("2026-09", "951", "0.5")
    assert "finops.toml says 951 USD, which is taken; InvoiceDetail says 950.5" in notes(ran)


def test_charges_beside_their_own_shares_are_told(finops: Finops) -> None:
    head = "BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,ResourceId,AllocatedMethodId,"
    head += "BilledCost,EffectiveCost"
    same = "USD,2026-09-01T00:00:00Z,2026-09-04T00:00:00Z,Usage,node-1"
    shares = [f"{same},by-cpu,0.7,0.7", f"{same},by-cpu,0.3,0.3"]
    for name, lines, told in (("whole", [*shares, f"{same},,1,1"], True), ("rest", [*shares, f"{same},,0.4,0.4"], False)):
        Path(f"{name}.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
        ran = finops("ingest", f"{name}.csv", "--ledger", f"{name}.duckdb", "-f", "json")
        assert ran.code == 0, ran.err
        assert ("1 charges of 1 USD stand beside shares that add up to them" in notes(ran)) is told


def test_a_share_belongs_to_whom_its_own_tags_name(finops: Finops) -> None:
    head = "BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,Tags,AllocatedMethodId,AllocatedTags,BilledCost"
    same = 'USD,2026-09-01T00:00:00Z,2026-09-04T00:00:00Z,Usage,"{""tenant"":""platform""}",by-cpu'
    lines: list[Any] = [f'{same},"{{""tenant"":""{name}""}}",{cost}' for name, cost in (("acme", "0.7"), ("bolt", "0.3"))]
    Path("bill.csv").write_text("\n".join([head, *lines, f"{same},,2"]) + "\n", encoding="utf-8")
    assert finops("ingest", "bill.csv").code == 0
    rows = finops("cost", "--by", "tenant", "--metric", "billed", "-f", "json").json["rows"]
    assert {(row["tenant"], row["cost"]) for row in rows} == {("acme", "0.7"), ("bolt", "0.3"), ("platform", "2")}
