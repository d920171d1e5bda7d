"""cost, reconcile, explain and build on a small bill: known answers, sums that hold, errors that help."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]

HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,"
    "ProviderName,ChargeCategory,ServiceName,BilledCost,EffectiveCost,ListCost,x_AgentId,x_TenantId"
)
LINES = [
    "1,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-05T00:00:00Z,2026-10-06T00:00:00Z,AWS,AWS,Usage,ec2,10.00,8,12,tagger,acme",
    "1,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-06T00:00:00Z,2026-10-07T00:00:00Z,AWS,AWS,Usage,ec2,5.00,5,5,tagger,bolt",
    "1,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-06T00:00:00Z,2026-10-07T00:00:00Z,AWS,AWS,Usage,s3,0.000000000001,1,1,,",
    "1,USD,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-07T00:00:00Z,2026-10-08T00:00:00Z,AWS,AWS,Usage,support,1.00,1,1,,",
    "1,USD,2026-11-01T00:00:00Z,2026-12-01T00:00:00Z,2026-11-02T00:00:00Z,2026-11-03T00:00:00Z,AWS,AWS,Usage,ec2,7,7,7,tagger,acme",
    "2,EUR,2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-05T00:00:00Z,2026-10-06T00:00:00Z,AWS,AWS,Credit,ec2,-2,-2,-2,,",
]
CONFIG = """
[[rule]]
id = "support"
match = {ServiceName = "support"}
method = "shared"

[[invoice]]
issuer = "AWS"
account = "1"
period = "2026-10"
total = "16.5"
"""


@pytest.fixture
def bill(finops: Finops, once: Callable[..., None]) -> Finops:
    def make() -> None:
        Path("bill.csv").write_text("\n".join([HEAD, *LINES]) + "\n", encoding="utf-8")
        Path("finops.toml").write_text(CONFIG, encoding="utf-8")
        ran = finops("ingest", "bill.csv")
        assert ran.code == 0, ran.err

    once(make)
    return finops


def rows(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    return list(ran.json["rows"])


def test_cost_by_agent_of_a_month(bill: Finops) -> None:
    ran = bill("cost", "--by", "agent", "--month", "2026-10", "--metric", "billed", "-f", "json", "--currency", "USD")
    assert [(r["agent"], r["cost"], r["basis"]) for r in rows(ran)] == [
        ("tagger", "16", "billed"),
        ("__untagged__", "0.000000000001", "billed"),
    ]
    assert ran.json["totals"] == [{"currency": "USD", "cost": "16.000000000001", "metric": "billed"}]
    assert ran.json["meta"]["metric"] == "billed"
    assert ran.json["meta"]["period"] == "2026-10"


def test_currencies_are_never_added(bill: Finops) -> None:
    ran = bill("cost", "--by", "service", "-f", "json")
    assert {t["currency"] for t in ran.json["totals"]} == {"USD", "EUR"}
    for total in ran.json["totals"]:
        own = [Decimal(r["cost"]) for r in rows(ran) if r["currency"] == total["currency"]]
        assert sum(own) == Decimal(total["cost"])
    shares = [r["share"] for r in rows(ran) if r["currency"] == "USD"]
    assert sum(shares) == pytest.approx(1)


@pytest.mark.parametrize(
    "by", ["tenant", "day", "month", "tenant,agent,workflow", "region,model", "method,rule", "account,issuer,category"]
)
@pytest.mark.parametrize("metric", ["billed", "effective", "list", "contracted"])
def test_every_grouping_has_the_same_total(bill: Finops, by: str, metric: str) -> None:
    ran = bill("cost", "--by", by, "--metric", metric, "-f", "json", "--view", "incurred")
    whole = bill("cost", "--by", "service", "--metric", metric, "-f", "json")
    assert ran.json["totals"] == whole.json["totals"]
    for total in ran.json["totals"]:
        own = [Decimal(r["cost"]) for r in rows(ran) if r["currency"] == total["currency"] and r["cost"] is not None]
        assert total["cost"] is None or sum(own) == Decimal(total["cost"])


def test_conditions_top_and_a_month_beside(bill: Finops) -> None:
    ran = bill("cost", "--by", "tenant", "--where", "agent=tagger", "--month", "2026-11", "--compare-to", "2026-10", "-f", "json")
    found = {r["tenant"]: (r["cost"], r["before"], r["change"]) for r in rows(ran)}
    assert found["acme"][0] == "7"
    assert found["bolt"][0] == "0"
    assert Decimal(found["acme"][1]) + Decimal(found["bolt"][1]) == 14
    top = bill("cost", "--by", "service", "--top", "1", "-f", "json")
    assert len(rows(top)) == 1
    assert "not shown" in " ".join(top.json["meta"]["notes"])


def test_reconcile_knows_the_invoice_where_one_is_given(bill: Finops) -> None:
    found = {(r["period"], r["account"]): r for r in rows(bill("reconcile", "-f", "json"))}
    october = found["2026-10", "1"]
    assert (october["source_total"], october["rounding"], october["billed"]) == ("16.000000000001", "0", "16.000000000001")
    assert (october["allocated"], october["difference"]) == ("16.000000000001", "0")
    assert (october["invoice_total"], october["invoice_gap"]) == ("16.5", "0.499999999999")
    assert (october["direct"], october["shared"], october["untagged"]) == ("15", "1", "0.000000000001")
    assert found["2026-11", "1"]["invoice_total"] is None
    assert found["2026-10", "2"]["billed"] == "-2"
    only = rows(bill("reconcile", "--month", "2026-11", "-f", "json"))
    assert [r["period"] for r in only] == ["2026-11"]


def test_rules_say_what_they_placed(bill: Finops) -> None:
    told = rows(bill("reconcile", "--rules", "-f", "json"))
    found = {(r["rule"], r["currency"], r["period"]): r for r in told if r["finding"] == "matched"}
    assert found["support", "USD", "2026-10"]["billed"] == "1"
    assert found["named-owner", "USD", "2026-10"]["method"] == "direct"


def test_trace_adds_up_to_rows_of_the_file(bill: Finops) -> None:
    traced = bill("explain", "tagger", "--trace", "-f", "json")
    parts = bill("explain", "tagger", "-f", "json")
    assert traced.json["totals"] == parts.json["totals"]
    assert {Path(r["file"]).name for r in rows(traced)} == {"bill.csv"}
    support = [r for r in rows(traced) if r["rule"] == "support"]
    assert {r["line"] for r in support} == {4}
    assert sum(Decimal(r["billed"]) for r in support) == 1
    assert [r["line_billed"] for r in rows(traced) if r["line"] == 1] == ["10"]


def test_explain_metric_model_and_the_unknown(finops: Finops) -> None:
    assert rows(finops("explain", "idle_cost", "-f", "json"))[0]["formula"]
    assert "SELECT" in rows(finops("explain", "fct_pool", "-f", "json"))[0]["sql"]
    ran = finops("explain", "fct_pol")
    assert ran.code == 2
    assert "fct_pool" in ran.err


def test_a_changed_rule_places_everything_anew(bill: Finops) -> None:
    Path("finops.toml").write_text(
        '[[rule]]\nid = "s3"\nmatch = {ServiceName = "s3"}\nmethod = "shared"\nsplit = "left"\n', encoding="utf-8"
    )
    assert bill("explain", "tagger", "--trace").code == 1
    built = bill("build", "-f", "json")
    assert built.json["meta"]["charge_days"] > 0
    found = {r["tenant"] for r in rows(bill("cost", "--by", "tenant", "-f", "json"))}
    assert "__left__" in found
    assert bill("build", "-f", "json").json["rows"] == []


@pytest.mark.parametrize("split", ['split = "even"', 'split = "fixed"\nshares = {acme = 3, bolt = 1}', 'split = "proportional"'])
def test_what_is_shared_to_whole_tenants_is_said_by_agent(bill: Finops, split: str) -> None:
    rule = f'[[rule]]\nid = "support"\nmatch = {{ServiceName = "support"}}\nmethod = "shared"\n{split}\n'
    Path("finops.toml").write_text(rule, encoding="utf-8")
    assert bill("build").code == 0
    said = "$1.00: shared to tenants as a whole: the shares name none"
    finer, coarse, filtered = (
        bill("cost", "--by", by, "--month", "2026-10", *more, "-f", "json").json["meta"]["notes"]
        for by, more in (("agent", ()), ("tenant", ()), ("agent", ("--where", "agent=tagger")))
    )
    assert any(said in note for note in finer) == ("proportional" not in split)
    assert not any("as a whole" in note for note in [*coarse, *filtered])


def test_build_in_slices_equals_build_in_full(bill: Finops) -> None:
    Path("more.csv").write_text(
        "\n".join([HEAD, LINES[4].replace(",7,7,7,tagger", ",9,9,9,drafter").replace("1,USD", "3,USD", 1)]) + "\n"
    )
    assert bill("ingest", "more.csv").code == 0
    before = bill("cost", "--by", "day,tenant,agent", "-f", "csv").out
    ran = bill("build", "--full", "-f", "json")
    assert ran.json["meta"]["full"] is True
    assert bill("cost", "--by", "day,tenant,agent", "-f", "csv").out == before
    assert "drafter" in before


@pytest.mark.parametrize(
    "arguments",
    [
        ("cost", "--by", "agnet"),
        ("cost", "--month", "2026-1"),
        ("cost", "--where", "agent"),
        ("cost", "--by", "agent,agent"),
        ("build", "--select", "fct_nothing"),
    ],
)
def test_errors_name_the_hint(bill: Finops, arguments: tuple[str, ...]) -> None:
    ran = bill(*arguments)
    assert ran.code in (1, 2)
    assert ran.out == ""
    assert "error:" in ran.err


def test_without_a_ledger(finops: Finops) -> None:
    for command in (("cost",), ("reconcile",), ("build",)):
        ran = finops(*command)
        assert ran.code == 1
        assert "finops ingest" in ran.err


def test_json_is_plain(bill: Finops) -> None:
    text = bill("cost", "--by", "service", "-f", "json").out
    assert "E-" not in json.dumps(json.loads(text)["rows"])


def test_a_currency_is_found_in_any_case_and_one_without_cost_is_refused(bill: Finops) -> None:
    assert {row["currency"] for row in rows(bill("cost", "--currency", "eur", "-f", "json"))} == {"EUR"}
    for command in ("cost", "reconcile", "report", "bridge", "waste", "traces", "flag", "forecast"):
        ran = bill(command, "--currency", "CHF", "--as-of", "2026-11-20")
        assert ran.code == 2, (command, ran.err)
        assert "no cost is in `CHF`" in ran.err
        assert "hint: there is cost in EUR, USD" in ran.err


def test_an_owner_named_like_a_leftover_stays_apart_and_it_is_said(finops: Finops) -> None:
    line = LINES[0].removesuffix("tagger,acme")
    lines = [f"{line}{agent},{tenant}" for agent, tenant in (("__idle__", "__untagged__"), ("", ""), ("idle__", "acme"))]
    Path("bill.csv").write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    assert finops("ingest", "bill.csv").code == 0
    ran = finops("cost", "--by", "tenant,agent", "-f", "json")
    assert {(row["tenant"], row["agent"]) for row in rows(ran)} == {
        ("name:__untagged__", "name:__idle__"),
        ("__untagged__", "__untagged__"),
        ("acme", "idle__"),
    }
    notes = [note for note in ran.json["meta"]["notes"] if "kept for what has no owner" in note]
    assert [note.split()[0] for note in notes] == ["`name:__idle__`", "`name:__untagged__`"]
    Path("finops.toml").write_text('[[map]]\naccount = "1"\ntenant = "__idle__"\n', encoding="utf-8")
    ran = finops("cost")
    assert (ran.code, "kept for what has no owner" in ran.err) == (2, True)


def test_a_layer_is_a_dimension_and_a_rule_goes_before_what_the_service_says(bill: Finops) -> None:
    def layers() -> dict[str, Decimal]:
        found: dict[str, Decimal] = {}
        for row in rows(bill("cost", "--by", "layer", "--metric", "billed", "--currency", "USD", "-f", "json")):
            found[row["layer"]] = found.get(row["layer"], Decimal(0)) + Decimal(row["cost"])
        return found

    before = layers()
    assert before == {"traditional_compute": Decimal("22.000000000001"), "other": Decimal(1)}
    with Path("finops.toml").open("a", encoding="utf-8") as file:
        file.write('[[layer]]\nlayer = "observability"\nmatch = {ServiceName = "ec2"}\nfrom = 2026-10-06\n')
    assert bill("build").code == 0
    assert layers() == {**before, "traditional_compute": Decimal("10.000000000001"), "observability": Decimal(12)}
    traced = bill("explain", "tagger", "--trace", "-f", "json")
    assert traced.code == 0, traced.err
    Path("finops.toml").write_text('[[layer]]\nlayer = "observabilty"\n', encoding="utf-8")
    ran = bill("cost")
    assert (ran.code, "did you mean `observability`?" in ran.err) == (2, True)
