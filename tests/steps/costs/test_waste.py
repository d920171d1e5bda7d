"""`finops waste`: each needless call under one cause, at its share of the bill; what can't be told is not called nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT, Ran
from tests.sources.test_otlp import document, span

Finops = Callable[..., Ran]
START = 1_790_900_000_000_000_000
USAGE = {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 100}
COST = Decimal("0.0035")
"""1,000 tokens in and 100 out of gpt-4o: 0.0025 + 0.001 USD."""
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o", **USAGE}
TOOL = {"gen_ai.operation.name": "execute_tool"}


class Run:
    """Spans of one run, one second after the other, below an agent."""

    def __init__(self, trace: int, agent: str = "writer") -> None:
        self.trace, self.at, self.spans = f"{trace:032x}", 0, []
        self._add({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": agent}, parentSpanId="")

    def _add(self, attributes: dict[str, Any], **fields: Any) -> None:
        self.at += 1
        own = {"traceId": self.trace, "spanId": f"{self.at:016x}", "parentSpanId": f"{1:016x}", **fields}
        times = {"startTimeUnixNano": str(START + self.at * 10**9), "endTimeUnixNano": str(START + self.at * 10**9 + 5 * 10**8)}
        self.spans.append(span(attributes, **own, **times))

    def chat(self, model: str = "gpt-4o", failed: bool = False, **more: Any) -> Run:
        status = {"status": {"code": 2}} if failed else {}
        self._add({**CHAT, "gen_ai.request.model": model, **{k.replace("_", "."): v for k, v in more.items()}}, **status)
        return self

    def stopped(self, reason: str) -> Run:
        self._add({**CHAT, "gen_ai.response.finish_reasons": [reason]})
        return self

    def tool(self, name: str, arguments: str) -> Run:
        self._add({**TOOL, "gen_ai.tool.name": name, "gen_ai.tool.call.arguments": arguments})
        return self


def ingested(finops: Finops, *runs: Run, outcomes: str = "") -> None:
    Path("traces.jsonl").write_text("".join(json.dumps(document(*run.spans)) + "\n" for run in runs))
    files = ["traces.jsonl"]
    if outcomes:
        Path("outcomes.csv").write_text("run,time,accepted\n" + outcomes)
        files.append("outcomes.csv")
    assert finops("ingest", *files, "--as-of", "2026-10-20").code == 0


def wasted(finops: Finops, *runs: Run, outcomes: str = "") -> dict[str, dict[str, Any]]:
    """The rows by cause, with the totals under `all`."""
    ingested(finops, *runs, outcomes=outcomes)
    ran = finops("waste", "--by", "cause", "--as-of", "2026-10-20", "-f", "json")
    assert ran.code == 0, ran.err
    found = {row["cause"]: row for row in ran.json["rows"] if row["cost"] is not None or row["calls"] is None}
    return {**found, "all": ran.json["totals"][0]}


def test_the_sample_s_loop_to_the_last_digit(sample: Finops) -> None:
    truth = json.loads((Path(__file__).parents[3] / "sample_data" / "truth.json").read_text())
    ran = sample("waste", "--by", "cause,agent", "--month", "2026-10", "-f", "json")
    (loop,) = [row for row in ran.json["rows"] if row["cause"] == "loop" and row["cost"] is not None]
    known = truth["retry_loop"]
    assert (loop["agent"], loop["calls"], Decimal(loop["cost"])) == (known["agent"], known["calls"], Decimal(known["cost"]))
    whole = sample("waste", "--by", "cause", "--last", "120d", "-f", "json").json
    (idle,) = [row for row in whole["rows"] if row["cause"] == "idle"]
    assert Decimal(idle["cost"]) >= Decimal(truth["idle"]["billed"])


def test_causes_add_up_to_the_total_however_they_are_grouped(sample: Finops) -> None:
    totals = set()
    for by in ("cause", "cause,agent", "tenant", "agent,model", "workflow,cause"):
        answer = sample("waste", "--by", by, "--last", "120d", "-f", "json").json
        rows = sum(Decimal(row["cost"]) for row in answer["rows"] if row["cost"] is not None)
        assert rows == Decimal(answer["totals"][0]["cost"])
        totals.add(rows)
    assert len(totals) == 1


def test_the_same_arguments_three_times_are_a_loop(finops: Finops) -> None:
    run = Run(1).chat()
    for _ in range(3):
        run.tool("search", '{"q": "fare"}').chat()
    found = wasted(finops, run)
    assert found["loop"]["calls"] == 2
    assert Decimal(found["loop"]["cost"]) == 2 * COST


def test_two_tools_in_turn_are_a_loop_and_other_arguments_are_none(finops: Finops) -> None:
    turns = Run(1).chat()
    for name in ("read", "write", "read", "write"):
        turns.tool(name, "{}").chat()
    others = Run(2).chat()
    for number in range(6):
        others.tool("search", json.dumps({"page": number})).chat()
    found = wasted(finops, turns, others)
    assert found["loop"]["calls"] == 2


def test_what_came_after_a_failure_names_it(finops: Finops) -> None:
    run = Run(1).chat(failed=True).chat().chat(failed=True).chat(model="gpt-4o-mini").chat(failed=True)
    found = wasted(finops, run)
    assert {cause: Decimal(found[cause]["cost"]) for cause in ("retried", "fell_back", "failed")} == {
        "retried": COST,
        "fell_back": COST,
        "failed": COST,
    }
    assert Decimal(found["all"]["cost"]) == 3 * COST


def test_streams_that_were_left_and_prompts_that_came_again(finops: Finops) -> None:
    run = Run(1).stopped("stop").stopped("cancelled").chat(prompt_hash="abc").chat(prompt_hash="abc").chat(prompt_hash="def")
    found = wasted(finops, run)
    assert Decimal(found["aborted"]["cost"]) == COST
    assert Decimal(found["copy"]["cost"]) == COST


def test_an_agent_without_outcomes_where_others_have_them(finops: Finops) -> None:
    found = wasted(finops, Run(1), Run(2, "ghost").chat().chat(), outcomes=f"{1:032x},2026-10-02T12:00:00Z,true\n")
    assert Decimal(found["no_outcome"]["cost"]) == 2 * COST


def test_what_nothing_tells_of_is_null_and_said(finops: Finops) -> None:
    found = wasted(finops, Run(1).chat().chat())
    assert found["copy"]["cost"] is None
    assert found["aborted"]["cost"] is None
    assert "failed" not in found
    ran = finops("waste", "--as-of", "2026-10-20")
    assert "`copy` is not measured: 2 of 2 model calls lack the hash of a prompt" in ran.out + ran.err


@pytest.mark.parametrize(("by", "said"), [("colour", "can't be grouped by `colour`"), ("agent,agent", "named twice")])
def test_dimensions_that_will_not_do(sample: Finops, by: str, said: str) -> None:
    ran = sample("waste", "--by", by)
    assert ran.code == 2
    assert said in ran.err


BILL = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,PricingCategory,BilledCost,EffectiveCost\n"
    "1,USD,2026-10-01T00:00:00Z,2026-10-05T00:00:00Z,2026-10-06T00:00:00Z,AWS,AWS,Usage,ec2,{category},10,10\n"
)


def test_where_nothing_tells_of_waste_its_total_is_unknown_and_not_nothing(finops: Finops) -> None:
    for category, cost in (("", None), ("Standard", "0")):
        Path("bill.csv").write_text(BILL.format(category=category), encoding="utf-8")
        assert finops("ingest", "bill.csv").code == 0
        ran = finops("waste", "--as-of", "2026-10-20", "-f", "json")
        assert ran.code == 0, ran.err
        (total,) = ran.json["totals"]
        assert (total["cost"], total["spent"]) == (cost, "10")
        notes = " ".join(ran.json["meta"]["notes"])
        assert ("is unknown: no calls, meters or commitments tell" in notes) == (cost is None)
        assert "`idle` is not measured: there are no meter readings" in notes
        assert {row["cause"] for row in ran.json["rows"]} == {"idle"} | ({"unused_commitment"} if cost is None else set())
        assert finops("waste", "--as-of", "2026-10-20").code == 0


def test_what_a_bill_does_not_say_of_its_commitments_is_unknown_and_not_nothing(finops: Finops) -> None:
    """Google Cloud's export has fees and credits of committed use, and no word of what was not used."""
    assert finops("ingest", ROOT / "tests/sources/samples/gcp_billing/export.jsonl").code == 0
    for arguments in (("waste", "--by", "cause"), ("commitments",)):
        found = finops(*arguments, "--month", "2026-10", "-f", "json").json
        assert any("$0.08 was paid to Google Cloud for commitments" in note for note in found["meta"]["notes"]), arguments
        assert all(row["cost"] is None for row in found["rows"] if row.get("cause") == "unused_commitment")
        assert {row["cause"] for row in found["rows"]} >= {"unused_commitment"} if arguments[0] == "waste" else True
        assert all(row["utilisation"] is None for row in found["rows"] if row.get("plan") == "today")
