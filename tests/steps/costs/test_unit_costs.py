"""Units of work on a small company: documents, models on capacity of its own, and what changes from month to month."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.sources.test_otlp import document, span

Finops = Callable[..., Ran]
DAY_NS = 86_400 * 10**9
OCTOBER_NS = 1_790_812_800 * 10**9
"""2026-10-01 in UTC."""
BILL = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,ResourceId,x_InstanceType,ConsumedQuantity,ConsumedUnit,BilledCost,EffectiveCost\n"
    "1,USD,2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,2026-10-03T00:00:00Z,AWS,AWS,Usage,ec2,gpu-1,g6.xlarge,24,Hours,48,48\n"
)
METERS = "hour,provider,resource,instance_type,capacity,tenant,agent,workflow,gpu_seconds\n" + "".join(
    f"2026-10-02T{hour:02}:00:00Z,aws,gpu-1,g6.xlarge,1,acme,tagger,tag,{900 if hour < 12 else 0}\n" for hour in range(24)
)
CONFIG = """
[[unit]]
name = "document"
attribute = "finops.documents"

[[unit]]
name = "page"
workflow = "tag"
per_run = "4"

[[rule]]
id = "gpu"
method = "metered"
match = {ResourceId = "gpu-1"}
driver = "gpu_seconds"
join = ["resource"]
reference = "capacity"
"""


def runs(day: int, number: int, answer: int, model: str, documents: int | None, begins: int = OCTOBER_NS) -> list[dict[str, Any]]:
    """Runs of one call each, by the tagger, of 1,000 tokens in."""
    found = []
    for one in range(number):
        trace = f"{begins // DAY_NS * 10_000 + day * 100 + one:032x}"
        start = begins + (day - 1) * DAY_NS + one * 10**10
        times = {"startTimeUnixNano": str(start), "endTimeUnixNano": str(start + 10**9)}
        owner = {"gen_ai.agent.name": "tagger", "gen_ai.workflow.name": "tag", "tenant.id": "acme"}
        made = {} if documents is None else {"finops.documents": documents}
        root = {"gen_ai.operation.name": "invoke_agent", **owner, **made}
        chat = {"gen_ai.operation.name": "chat", "gen_ai.request.model": model, **owner}
        chat |= {"gen_ai.provider.name": "openai" if model == "gpt-4o" else "vllm"}
        chat |= {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": answer}
        found.append(span(root, traceId=trace, spanId=f"{1:016x}", parentSpanId="", **times))
        found.append(span(chat, traceId=trace, spanId=f"{2:016x}", parentSpanId=f"{1:016x}", **times))
    return found


@pytest.fixture
def company(finops: Finops, once: Callable[..., None]) -> Finops:
    """A GPU node for 48 USD of which an eighth of the day was used, ten runs of a model on it, and two months of a bought one."""

    def make() -> None:
        Path("bill.csv").write_text(BILL, encoding="utf-8")
        Path("meters.csv").write_text(METERS, encoding="utf-8")
        Path("finops.toml").write_text(CONFIG, encoding="utf-8")
        september = OCTOBER_NS - 30 * DAY_NS
        spans = [
            *runs(2, 10, 200, "our-model", 3),
            *runs(5, 10, 500, "gpt-4o", None),
            *runs(5, 10, 100, "gpt-4o", None, september),
        ]
        Path("traces.jsonl").write_text(json.dumps(document(*spans)) + "\n", encoding="utf-8")
        ran = finops("ingest", "bill.csv", "meters.csv", "traces.jsonl", "--as-of", "2026-10-31")
        assert ran.code == 0, ran.err

    once(make)
    return finops


def rows(ran: Ran) -> list[dict[str, Any]]:
    assert ran.code == 0, ran.err
    return list(ran.json["rows"])


def test_what_a_document_and_a_page_cost(company: Finops) -> None:
    given = ("--month", "2026-10", "--as-of", "2026-10-31", "-f", "json")
    (cost,) = [row["cost"] for row in rows(company("cost", "--unit", "run", *given)) if row["agent"] == "tagger"]
    for unit, made in (("document", 30), ("page", 80)):
        found = {row["agent"]: row for row in rows(company("cost", "--unit", unit, *given))}
        assert (found["tagger"]["units"], found["tagger"]["cost"]) == (made, cost)
        assert abs(Decimal(found["tagger"]["unit_cost"]) * made - Decimal(cost)) < Decimal("1e-9")
        if unit == "document":
            assert found["__idle__"]["reason"] == "no documents are known"
        else:
            assert "__idle__" not in found  # the page is of one workflow, and so is its cost
    assert company("cost", "--unit", "document", "--by", "model", *given).code == 2
    ran = company("cost", "--unit", "pag", *given)
    assert (ran.code, "page" in ran.err) == (2, True)


def test_a_model_on_capacity_of_its_own_costs_what_it_used_and_what_was_reserved(company: Finops) -> None:
    """48 USD for 24 hours, 3 of them used: 6 USD for 12,000 tokens in use, 48 USD as reserved."""
    (row,) = rows(company("cost", "--unit", "hosted_1m_tokens", "--by", "model", "--as-of", "2026-10-31", "-f", "json"))
    assert (row["model"], row["units"], row["cost"], row["reserved_cost"]) == ("our-model", 12_000, "6", "48")
    assert (row["unit_cost"], row["reserved_unit_cost"], row["used_share"]) == ("500", "4000", 0.125)


def test_longer_answers_are_told_from_dearer_tokens(company: Finops) -> None:
    ran = company("cost", "--trend", "month", "--where", "model=gpt-4o", "--as-of", "2026-10-31", "-f", "json")
    september, october = rows(ran)
    assert (september["month"], october["month"]) == ("2026-09", "2026-10")
    assert (october["calls_per_run"], october["input_per_request"], october["output_per_request"]) == (1, 1000, 500)
    assert september["reading"] is None
    assert october["reading"].startswith("longer answers (+400")
    assert "dearer tokens" in october["reading"]  # answers cost more than prompts
    for row in (september, october):
        tokens = Decimal(str(row["input_per_request"] + row["output_per_request"])) * Decimal(str(row["calls_per_run"]))
        assert abs(Decimal(row["cost_per_1m_tokens"]) * tokens / 10**6 - Decimal(row["cost_per_run"])) < Decimal("1e-9")
    weeks = rows(company("cost", "--trend", "week", "--as-of", "2026-10-31", "-f", "json"))
    assert [row["week"] for row in weeks] == ["2026-08-31", "2026-09-28", "2026-10-05"]
    assert company("cost", "--trend", "week", "--unit", "run").code == 2
    assert company("cost", "--trend", "week", "--by", "service").code == 2


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        ('name = "run"\nper_run = 1\nworkflow = "w"', "a name that is taken"),
        ('name = "page"', "must be counted in one way"),
        ('name = "page"\nper_run = 1\nattribute = "finops.pages"', "must be counted in one way"),
        ('name = "page"\nper_run = 0\nworkflow = "w"', "counts 0 in a run"),
        ('name = "page"\nper_run = 1', "counts runs of no workflow"),
        ('name = "page"\nattribute = "finops.pages"\nfrom = 2026-10-02\nto = 2026-10-01', "ends on 2026-10-01"),
    ],
)
def test_units_that_count_nothing_are_refused(finops: Finops, unit: str, said: str) -> None:
    Path("finops.toml").write_text(f"[[unit]]\n{unit}\n", encoding="utf-8")
    ran = finops("cost")
    assert (ran.code, said in ran.err, "finops.toml:1 [[unit]]" in ran.err) == (2, True, True)
