"""Traces of cost where rows state some amounts only: what nobody stated is unknown in the totals too, and never 0."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.conftest import Ran

HEAD = (
    "BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,BilledCost,EffectiveCost,"
    "ChargeCategory,ServiceName,InvoiceIssuerName,Tags\n"
)


def line(currency: str, day: int, billed: str, effective: str) -> str:
    tags = '"{""tenant"": ""acme"", ""agent"": ""bot""}"'
    period = f"2026-10-01,2026-11-01,2026-10-{day:02},2026-10-{day + 1:02}"
    return f"{currency},{period},{billed},{effective},Usage,Queue,Cloudy,{tags}\n"


def test_an_amount_that_no_row_states_has_no_total(finops: Callable[..., Ran], tmp_path: Path) -> None:
    lines = [line("USD", 2, "12.5", ""), line("USD", 3, "2.25", ""), line("EUR", 2, "7", "5"), line("EUR", 3, "4", "")]
    (tmp_path / "bill.csv").write_text(HEAD + "".join(lines))
    assert finops("ingest", "bill.csv", "-q").code == 0
    for words in (("bot", "--trace"), ("bot",), ("cost", "--trace", "--where", "agent=bot")):
        totals = {row["currency"]: row for row in finops("explain", *words, "--month", "2026-10", "-f", "json").json["totals"]}
        assert (totals["USD"]["billed"], totals["USD"]["effective"], totals["USD"]["list"]) == ("14.75", None, None), words
        assert (totals["EUR"]["billed"], totals["EUR"]["effective"], totals["EUR"]["list"]) == ("11", "5", None), words
    cost = finops("cost", "--by", "agent", "--month", "2026-10", "-f", "json").json["totals"]
    assert {row["currency"]: row["cost"] for row in cost} == {"USD": None, "EUR": "5"}
