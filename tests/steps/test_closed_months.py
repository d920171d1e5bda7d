"""build and ingest say which closed months keep their rules, restate them on demand, and explain --trace follows both."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]

HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,InvoiceId,InvoiceIssuerName,ProviderName,ChargeCategory,"
    "ServiceName,BilledCost"
)
LINES = [
    "1,USD,2026-09-01T00:00:00Z,2026-09-05T00:00:00Z,I-9,AWS,AWS,Usage,ec2,10.00",
    "1,USD,2026-10-01T00:00:00Z,2026-10-05T00:00:00Z,,AWS,AWS,Usage,ec2,20.00",
]


def rule(tenant: str) -> None:
    text = f'[[rule]]\nid = "owner"\nmatch = {{ServiceName = "ec2"}}\nmethod = "direct"\nowner = {{tenant = "{tenant}"}}\n'
    Path("finops.toml").write_text(text, encoding="utf-8")


@pytest.fixture
def changed(finops: Finops, once: Callable[..., None]) -> Finops:
    """A closed September of `acme`, and rules that have said `bolt` since."""

    def make() -> None:
        Path("bill.csv").write_text("\n".join([HEAD, *LINES]) + "\n", encoding="utf-8")
        rule("acme")
        assert finops("ingest", "bill.csv").code == 0
        rule("bolt")

    once(make)
    return finops


def costs(finops: Finops, metric: str = "billed") -> dict[tuple[str, str], Decimal]:
    rows: list[dict[str, Any]] = finops("cost", "--by", "month,tenant", "--metric", metric, "-f", "json").json["rows"]
    return {(row["month"], row["tenant"]): Decimal(row["cost"]) for row in rows}


KEPT = {("2026-09", "acme"): Decimal(10), ("2026-10", "bolt"): Decimal(20)}


@pytest.mark.parametrize("arguments", [("build",), ("build", "--full"), ("ingest", "more.csv")])
def test_closed_months_keep_their_rules_and_it_is_said(changed: Finops, arguments: tuple[str, ...]) -> None:
    more = LINES[1].replace("1,USD", "2,USD", 1).replace("20.00", "0")
    Path("more.csv").write_text("\n".join([HEAD, more]) + "\n", encoding="utf-8")
    ran = changed(*arguments, "-f", "json")
    assert ran.code == 0, ran.err
    notes = " ".join(ran.json["meta"]["notes"])
    assert "closed months keep the rules, owners and prices they were closed with: 2026-09;" in notes
    assert "finops build --restate 2026-09" in notes
    assert costs(changed) == KEPT


def test_restating_tells_the_difference_per_owner(changed: Finops) -> None:
    ran = changed("build", "--restate", "2026-09", "-f", "json")
    assert ran.code == 0, ran.err
    assert ran.json["meta"]["notes"] == [
        "restated: 2026-09 acme: 10 -> 0 USD (-10)",
        "restated: 2026-09 bolt: 0 -> 10 USD (+10)",
    ]
    assert costs(changed) == {("2026-09", "bolt"): Decimal(10), ("2026-10", "bolt"): Decimal(20)}
    assert changed("build", "--restate", "September").code == 2


def test_a_trace_goes_by_what_each_month_was_closed_with(changed: Finops) -> None:
    assert changed("build").code == 0
    for tenant, billed, line in (("acme", "10", 1), ("bolt", "20", 2)):
        ran = changed("explain", tenant, "--trace", "-f", "json")
        assert ran.code == 0, ran.err
        assert [(Decimal(r["billed"]), r["line"]) for r in ran.json["rows"]] == [(Decimal(billed), line)]


def test_all_months_are_restated_at_once(changed: Finops) -> None:
    ran = changed("build", "--restate", "all", "-f", "json")
    assert ran.code == 0, ran.err
    assert "restated: 2026-09 bolt: 0 -> 10 USD (+10)" in " ".join(ran.json["meta"]["notes"])
    assert costs(changed) == {("2026-09", "bolt"): Decimal(10), ("2026-10", "bolt"): Decimal(20)}


def test_a_restatement_outlives_a_load_without_a_build(finops: Finops) -> None:
    test = [HEAD, *LINES]
    Path("bill.csv").write_text("\n".join(test) + "\n", encoding="utf-8")
    rule("acme")
    assert finops("ingest", "bill.csv").code == 0
    rule("bolt")
    Path("bill.csv").write_text("\n".join(test).replace("ec2,10.00", "ec2,12.00") + "\n", encoding="utf-8")
    assert finops("ingest", "bill.csv", "--no-build", "--restate", "2026-09").code == 0
    ran = finops("build", "-f", "json")
    told = [note for note in ran.json["meta"]["notes"] if note.startswith("restated: ")]
    assert told == ["restated: 2026-09 acme: 10 -> 0 USD (-10)", "restated: 2026-09 bolt: 0 -> 12 USD (+12)"]
    assert costs(finops) == {("2026-09", "bolt"): Decimal(12), ("2026-10", "bolt"): Decimal(20)}
    rule("cedar")
    assert finops("build").code == 0
    assert costs(finops)["2026-09", "bolt"] == Decimal(12)
