"""FOCUS bills of model providers through the commands: keys of the drafts, currencies of their own, tokens paid ahead."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
LINE = {
    "BillingAccountId": "a",
    "BillingCurrency": "USD",
    "BillingPeriodStart": "2026-09-01T00:00:00Z",
    "ChargePeriodStart": "2026-09-04T00:00:00Z",
    "ChargeCategory": "Usage",
    "InvoiceIssuerName": "Solora AI",
    "BilledCost": "1",
    "EffectiveCost": "1",
}


def ingested(finops: Finops, *changes: dict[str, Any]) -> None:
    rows = [LINE | change for change in changes]
    with Path("bill.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list({name: None for row in rows for name in row}))
        writer.writeheader()
        writer.writerows(rows)
    assert finops("ingest", "bill.csv").code == 0


def cost(finops: Finops, by: str, metric: str = "billed") -> dict[tuple[Any, ...], str]:
    ran = finops("cost", "--by", by, "--metric", metric, "-f", "json")
    assert ran.code == 0, ran.err
    return {tuple(row[name] for name in (*by.split(","), "currency")): row["cost"] for row in ran.json["rows"]}


def test_keys_of_all_drafts_name_model_and_class(finops: Finops) -> None:
    """The draft's own keys, the same as `x_` keys before 1.5, and the renamed `CacheAction`."""
    details = (
        ({"ModelId": "m", "TokenDirection": "Input", "TokenCacheAction": "Read"}, "cache_read"),
        ({"x_ModelId": "m", "x_TokenDirection": "Input", "x_TokenCacheAction": "Write"}, "cache_write"),
        ({"ModelId": "m", "TokenDirection": "Input", "CacheAction": "None"}, "input_uncached"),
        ({"ModelId": "m", "TokenDirection": "Input", "CacheAction": "Other"}, "input"),
        ({"ModelId": "m", "TokenDirection": "Output"}, "output"),
        ({"ModelId": "m"}, None),
    )
    lines = [{"SkuPriceDetails": json.dumps(keys), "BilledCost": str(2**n)} for n, (keys, _) in enumerate(details)]
    ingested(finops, *lines)
    assert cost(finops, "model,token_class") == {("m", kind, "USD"): str(2**n) for n, (_, kind) in enumerate(details)}


def test_a_currency_that_is_none_of_the_worlds_stands_apart(finops: Finops) -> None:
    ingested(finops, {"BilledCost": "7"}, {"BillingCurrency": "Solora Credits", "BilledCost": "3.5"})
    assert cost(finops, "issuer") == {("Solora AI", "USD"): "7", ("Solora AI", "Solora Credits"): "3.5"}
    ran = finops("reconcile", "-f", "json")
    assert [(t["currency"], t["billed"], t["difference"]) for t in ran.json["totals"]] == [
        *(("Solora Credits", "3.5", "0"), ("USD", "7", "0")),
    ]
    for form in ("table", "csv", "md"):
        assert "Solora Credits" in finops("reconcile", "-f", form).out


def test_tokens_paid_ahead_are_drawn_down_and_paid_once(finops: Finops) -> None:
    ahead = {
        "ChargeCategory": "Purchase",
        "BilledCost": "100",
        "EffectiveCost": "0",
        "PricingCurrency": "USD",
        "PricingUnit": "Token",
    }
    draw = {"BilledCost": "0", "PricingCurrency": "Token", "BillingPeriodStart": "2026-10-01T00:00:00Z"}
    used = [draw | {"EffectiveCost": c, "PricingCurrencyEffectiveCost": t} for c, t in (("30", "300"), ("70", "700"))]
    ingested(finops, ahead, *used)
    assert cost(finops, "month", "billed") == {("2026-09", "USD"): "100", ("2026-10", "USD"): "0"}
    assert cost(finops, "month", "effective") == {("2026-09", "USD"): "0", ("2026-10", "USD"): "100"}
    sql = "SELECT PricingCurrency, sum(PricingCurrencyEffectiveCost) AS drawn FROM charge GROUP BY ALL ORDER BY ALL"
    rows = finops("query", sql, "-f", "json").json["rows"]
    assert [(row["PricingCurrency"], row["drawn"]) for row in rows] == [("Token", "1000"), ("USD", None)]


@pytest.mark.parametrize("column", ["PrincipalId", "CredentialId", "InvoiceDetailId", "AllocatedResourceId", "ContractApplied"])
def test_rules_may_name_any_column_of_a_charge(finops: Finops, column: str) -> None:
    rule = f'[[rule]]\nid = "r"\nmatch = {{{column} = "x-1"}}\nmethod = "direct"\nowner = {{tenant = "acme"}}\n'
    Path("finops.toml").write_text(rule, encoding="utf-8")
    ingested(finops, {column: "x-1", "BilledCost": "2"}, {column: "x-2"})
    assert cost(finops, "tenant") == {("acme", "USD"): "2", ("__untagged__", "USD"): "1"}


def test_the_currency_of_a_bill_without_one_is_asked_of_the_configuration(finops: Callable[..., Ran], tmp_path: Path) -> None:
    header = "BillingAccountId,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BilledCost,EffectiveCost"
    for name in ("eu", "us"):
        (tmp_path / f"{name}.csv").write_text(f"{header}\n{name},2026-10-01,2026-10-02,Usage,1.5,1.5\n")
    ran = finops("ingest", "eu.csv", "us.csv", "-f", "json")
    assert [row["currency"] for row in ran.json["rows"]] == ["XXX", "XXX"]
    assert "`[[source]]`" in "\n".join(ran.json["meta"]["notes"])
    (tmp_path / "finops.toml").write_text('[[source]]\nname = "focus"\nfiles = "eu.csv"\ncurrency = "EUR"\n')
    checked = finops("sources", "check", "eu.csv", "-f", "json").json["meta"]["notes"]
    assert any("taken as EUR, as asked" in note for note in checked)
    ran = finops("ingest", "eu.csv", "us.csv", "-f", "json")
    assert [(row["currency"], row["status"]) for row in ran.json["rows"]] == [("EUR", "replaced"), (None, "unchanged")]
    assert {row["currency"] for row in finops("reconcile", "-f", "json").json["rows"]} == {"EUR", "XXX"}
    for name, said in (("focsu", "did you mean `focus`?"), ("gcp_billing", "these take one: focus, aws_cur")):
        (tmp_path / "finops.toml").write_text(f'[[source]]\nname = "{name}"\ncurrency = "EUR"\n')
        ran = finops("ingest", "eu.csv")
        assert (ran.code, said in ran.err, "finops.toml:1 [[source]]" in ran.err) == (2, True, True)
