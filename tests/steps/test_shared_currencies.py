"""Shared cost goes by what owners have in all currencies, where the rates of their days are known; closed months keep theirs."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceId,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost,Tags"
)
RULE = '[[rule]]\nid = "support"\nmatch = {ServiceName = "support"}\nmethod = "shared"\nsplit = "proportional"\n'
TOOLS = '[[rule]]\nid = "tools"\nof = {tenant = "tools"}\nmethod = "shared"\nsplit = "proportional"\n'
RATES = "date,from,to,rate,source\n2026-09-04,EUR,USD,1.5,ECB\n2026-10-05,EUR,USD,2,ECB\n"
PLAIN = "[ledger]\nas_of = 2026-11-20\n"
RATED = PLAIN + '[currency]\nrates = "rates.csv"\n'


def line(account: str, currency: str, month: int, service: str, cost: str, tenant: str = "", invoice: str = "") -> str:
    tags = f'"{{""tenant"": ""{tenant}""}}"' if tenant else "{}"
    day = f"2026-{month:02}-05T00:00:00Z,2026-{month:02}-06T00:00:00Z"
    start = f"{account},{currency},2026-{month:02}-01T00:00:00Z,{day},{invoice},{account}"
    return f"{start},{account},Usage,{service},{cost},{cost},{tags}"


def bills(*, closed: bool) -> None:
    """Two issuers, one in dollars with a shared pool, one in euros; September is invoiced where it is `closed`."""
    for account, currency, tenant in (("Dollars", "USD", "acme"), ("Euros", "EUR", "bolt")):
        lines = [HEAD]
        for month in (9, 10):
            invoice = f"I-{month}" if closed and month == 9 else ""
            lines.append(line(account, currency, month, "compute", "10", tenant, invoice))
            if currency == "USD":
                lines.append(line(account, currency, month, "support", "9", "", invoice))
                lines.append(line(account, currency, month, "compute", "5", "tools", invoice))
        Path(f"{account}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    Path("rates.csv").write_text(RATES, encoding="utf-8")


def dollars(finops: Finops) -> dict[tuple[str, str], Decimal]:
    rows = finops("cost", "--by", "month,tenant", "--currency", "USD", "-f", "json").json["rows"]
    totals = finops("reconcile", "-f", "json").json["totals"]
    assert {total["difference"] for total in totals} == {"0"}
    return {(row["month"][-2:], row["tenant"]): Decimal(row["cost"]) for row in rows}


def test_rates_that_turn_up_bring_in_the_cost_of_other_currencies(finops: Finops) -> None:
    """10 EUR of bolt's are 15 USD in September and 20 in October: of 9 USD it bears 4.5 and 36/7; and of what is shared on."""
    bills(closed=False)
    Path("finops.toml").write_text(PLAIN + RULE, encoding="utf-8")
    assert finops("ingest", "Dollars.csv", "Euros.csv").code == 0
    assert dollars(finops) == {(month, tenant): cost for month in ("09", "10") for tenant, cost in (("acme", 16), ("tools", 8))}
    notes = finops("reconcile", "--rules", "-f", "json").json["meta"]["notes"]
    assert any(
        "rule `support` (finops.toml:3) shares USD of 2026-10 without what owners have in EUR: a day of it has no rate" in n
        for n in notes
    )
    Path("finops.toml").write_text(RATED + RULE, encoding="utf-8")
    assert finops("build").code == 0
    assert dollars(finops) == {
        **{("09", "acme"): Decimal(13), ("09", "bolt"): Decimal("4.5"), ("09", "tools"): Decimal("6.5")},
        ("10", "acme"): Decimal("12.571428571428"),
        ("10", "bolt"): Decimal("5.142857142857"),
        ("10", "tools"): Decimal("6.285714285715"),
    }
    notes = finops("reconcile", "--rules", "-f", "json").json["meta"]["notes"]
    assert not any("without what owners have" in note for note in notes)
    Path("finops.toml").write_text(RATED + RULE + TOOLS, encoding="utf-8")
    assert finops("build").code == 0
    assert dollars(finops)["09", "bolt"] == Decimal("4.5") + Decimal("3.9")  # three fifths of the tools' 6.5 USD
    traced = finops("explain", "cost", "--trace", "--where", "tenant=bolt", "--month", "2026-09", "-f", "json").json
    assert {total["currency"]: total["effective"] for total in traced["totals"]} == {"EUR": "10", "USD": "8.4"}


@pytest.mark.parametrize("full", [True, False])
def test_a_closed_month_keeps_how_it_was_shared_until_it_is_restated(finops: Finops, full: bool) -> None:
    bills(closed=True)
    Path("finops.toml").write_text(PLAIN + RULE, encoding="utf-8")
    assert finops("ingest", "Dollars.csv", "Euros.csv").code == 0
    Path("finops.toml").write_text(RATED + RULE, encoding="utf-8")
    assert finops("build", *(["--full"] if full else [])).code == 0
    now = dollars(finops)
    assert (now["09", "acme"], now.get(("09", "bolt"))) == (16, None)
    assert now["10", "bolt"] == Decimal("5.142857142857")
    assert finops("build", "--restate", "2026-09").code == 0
    assert dollars(finops)["09", "bolt"] == Decimal("4.5")
