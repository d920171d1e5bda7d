"""What has no tenant, agent or workflow: a number, with causes that add up to it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import Ran
from tests.sources.test_otlp import document, span

Finops = Callable[..., Ran]

CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
USED = {**CHAT, "gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 50}


def one(number: int, attributes: dict[str, Any], trace: int, parent: int | None = None) -> dict[str, Any]:
    """A span of 2026-10-02, in a trace by number."""
    return span(
        attributes,
        traceId=f"{trace:032x}",
        spanId=f"{number:016x}",
        parentSpanId="" if parent is None else f"{parent:016x}",
        startTimeUnixNano="1790928000000000000",
        endTimeUnixNano="1790928002000000000",
    )


def write(name: str, *lines: dict[str, Any]) -> str:
    Path(name).write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return name


def company() -> list[str]:
    """Eight calls, seven of them without a tenant, for every cause there is."""
    whole = {"tenant.id": "acme", "gen_ai.agent.name": "planner", "gen_ai.workflow.name": "triage"}
    spans = [
        one(1, {**USED, **whole}, 1),
        one(2, {**USED, "acme.customer_id": "c-7"}, 2),
        one(3, {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "planner"}, 3),
        one(4, USED, 3, 3),
        one(5, USED, 4, 99),
        one(6, USED, 5),
        one(7, {**USED, "openai.project.id": "proj_1"}, 6),
    ]
    gateway = {
        **{"call_type": "completion", "spend": 0.003, "model": "gpt-4o", "custom_llm_provider": "openai", "status": "success"},
        **{"startTime": "2026-10-03T08:00:00Z", "endTime": "2026-10-03T08:00:01Z", "request_id": "chatcmpl-00000001"},
        **{"prompt_tokens": 1_000, "completion_tokens": 50},
    }
    return [write("spans.jsonl", document(*spans)), write("spend.jsonl", gateway, {**gateway, "request_id": "chatcmpl-00000002"})]


TENANTS = {
    "unread_attribute": 1,
    "root_without_identity": 1,
    "lost_parent": 1,
    "attribute_missing": 1,
    "unmapped_account": 1,
    "no_identity_in_source": 2,
}


def test_every_call_without_an_owner_has_one_cause_and_they_add_up(finops: Finops) -> None:
    ran = finops("ingest", *company(), "--as-of", "2026-11-20")
    assert ran.code == 0, ran.err
    note = "of 8 calls in the ledger 7 name no tenant, 6 name no agent, 7 name no workflow"
    assert f"{note}: `finops reconcile --unattributed` says which and what helps" in ran.out
    answer = finops("reconcile", "--unattributed", "--as-of", "2026-11-20", "-f", "json").json
    calls = [row for row in answer["rows"] if row["what"] == "calls"]
    found: dict[str, Counter[str]] = {}
    for row in calls:
        found.setdefault(row["dimension"], Counter())[row["cause"]] += row["calls"]
    assert found["tenant"] == TENANTS
    lacking = {
        name: finops("query", f"SELECT count(*) AS n FROM fct_call WHERE counted AND {name} = '__untagged__'", "-f", "json").json
        for name in ("tenant", "agent", "workflow")
    }
    assert {name: sum(of.values()) for name, of in found.items()} == {n: a["rows"][0]["n"] for n, a in lacking.items()}
    totals = [total for total in answer["totals"] if total["what"] == "calls"]
    assert [(t["dimension"], t["number"], t["of"]) for t in totals] == [("tenant", 7, 8), ("agent", 6, 8), ("workflow", 7, 8)]
    (unread,) = (row for row in calls if row["cause"] == "unread_attribute" and row["dimension"] == "tenant")
    assert (unread["detail"], unread["tokens"]) == ("acme.customer_id", 1_050)
    assert unread["remedy"] == '[identity] tenant: add "attr:acme.customer_id"'


def test_what_helps_helps(finops: Finops) -> None:
    """The remedies that are told, taken at their word, name the owners."""
    files = company()
    Path("finops.toml").write_text(
        '[identity]\ntenant = ["attr:tenant.id", "attr:acme.customer_id", "account-map"]\n'
        '[[map]]\naccount = "proj_1"\ntenant = "globex"\n',
        encoding="utf-8",
    )
    assert finops("ingest", *files, "--as-of", "2026-11-20").code == 0
    answer = finops("reconcile", "--unattributed", "-f", "json").json
    causes = {row["cause"] for row in answer["rows"] if row["what"] == "calls" and row["dimension"] == "tenant"}
    assert causes == TENANTS.keys() - {"unread_attribute", "unmapped_account"}


def test_cost_says_what_its_nameless_part_is_made_of(finops: Finops) -> None:
    Path("bill.csv").write_text(
        "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BilledCost,EffectiveCost,"
        "ServiceName,x_TenantId\n"
        "1,USD,2026-10-01,2026-10-02,Usage,4,4,Disks,\n"
        "1,USD,2026-10-01,2026-10-02,Usage,2.5,2.5,Disks,acme\n",
        encoding="utf-8",
    )
    ran = finops("ingest", "bill.csv", *company(), "--as-of", "2026-11-20")
    assert ran.code == 0, ran.err
    ran = finops("cost", "--by", "agent", "--as-of", "2026-11-20")
    said = "$6.52 has no agent ($4.00: no tag, account or rule names an owner; $2.50: the charge names other owners only; "
    assert f"{said}$0.02: follows calls or meters without one)" in ran.out
    assert "6 of 8 calls (6,300 tokens, $0.02 at list prices) name no agent (" in ran.out
    rows = finops("reconcile", "--unattributed", "--month", "2026-10", "-f", "json").json["rows"]
    costs = {(r["what"], r["cause"]): r["amount"] for r in rows if r["dimension"] == "agent" and r["what"] != "calls"}
    assert costs == {
        ("cost", "no_rule_matched"): "4",
        ("cost", "names_other_owners"): "2.5",
        ("estimated cost", "follows_calls"): "0.018",
    }


def test_a_tag_that_is_there_and_not_read_is_named(finops: Finops) -> None:
    Path("bill.csv").write_text(
        "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargeCategory,BilledCost,EffectiveCost,"
        "ServiceName,Tags\n"
        '1,USD,2026-10-01,2026-10-02,Usage,4,4,Disks,"{""CostCenter"":""42""}"\n'
        '1,USD,2026-10-01,2026-10-03,Usage,1,1,Disks,"{""CostCenter"":""43""}"\n'
        '1,USD,2026-10-01,2026-10-02,Usage,2.5,2.5,Disks,"{""size"":""big"",""team"":""""}"\n',
        encoding="utf-8",
    )
    assert finops("ingest", "bill.csv", "--as-of", "2026-11-20").code == 0
    rows = finops("reconcile", "--unattributed", "-f", "json").json["rows"]
    found = {(r["cause"], r["detail"]): (r["charges"], r["amount"]) for r in rows if r["dimension"] == "tenant"}
    assert found == {("unread_tag", "CostCenter"): (2, "5"), ("no_rule_matched", "Disks"): (1, "2.5")}
    Path("finops.toml").write_text('[identity]\ntenant = ["tag:CostCenter"]\n', encoding="utf-8")
    assert finops("build").code == 0
    rows = finops("reconcile", "--unattributed", "-f", "json").json["rows"]
    assert [(r["cause"], r["amount"]) for r in rows if r["dimension"] == "tenant"] == [("no_rule_matched", "2.5")]


def test_doctor_says_it_too(finops: Finops) -> None:
    assert finops("ingest", *company(), "--as-of", "2026-11-20").code == 0
    rows = {row["check"]: row["detail"] for row in finops("doctor", "-f", "json").json["rows"]}
    assert rows["owners"].startswith("of 8 calls in the ledger 7 name no tenant")
