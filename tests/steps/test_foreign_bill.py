"""A bill in euros over calls at list price in dollars: held against them at the rate of its day, as soon as that is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.conftest import Ran

BILL = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost,ListCost,x_Model,x_TokenClass\n"
    "1,EUR,2026-10-01T00:00:00Z,2026-10-05T00:00:00Z,2026-10-06T00:00:00Z,OpenAI,OpenAI,Usage,API,50,50,50,gpt-4o-2024-08-06,output\n"
)
CALL = {
    "request_id": "r1", "call_type": "completion", "spend": 10, "startTime": "2026-10-05T10:00:00Z",
    "endTime": "2026-10-05T10:00:02Z", "model": "gpt-4o-2024-08-06", "custom_llm_provider": "openai",
    "prompt_tokens": 0, "completion_tokens": 1_000_000, "total_tokens": 1_000_000,
}  # fmt: skip
"""Ten dollars at list price."""
CONFIG = "[ledger]\nas_of = 2026-10-20\n"


def built_and_spent(finops: Callable[..., Ran]) -> tuple[int, dict[str, Decimal]]:
    """How many models a build made anew, and what each tenant then costs."""
    made = finops("build", "-f", "json")
    assert made.code == 0, made.err
    rows = finops("cost", "--by", "tenant", "-f", "json").json["rows"]
    return len(made.json["rows"]), {row["tenant"]: Decimal(row["cost"]) for row in rows}


def test_what_calls_do_not_explain_of_a_foreign_bill_is_not_theirs(finops: Callable[..., Ran]) -> None:
    Path("exports").mkdir()
    Path("exports/bill.csv").write_text(BILL, encoding="utf-8")
    Path("exports/calls.jsonl").write_text(json.dumps(CALL) + "\n", encoding="utf-8")
    Path("finops.toml").write_text(CONFIG, encoding="utf-8")
    ran = finops("ingest", "exports")
    assert ran.code == 0, ran.err
    assert built_and_spent(finops) == (0, {"__untagged__": 50})
    Path("rates.csv").write_text("date,from,to,rate,source\n2026-10-05,EUR,USD,1.2,ECB\n", encoding="utf-8")
    Path("finops.toml").write_text(CONFIG + '[currency]\nrates = "rates.csv"\n', encoding="utf-8")
    made, spent = built_and_spent(finops)
    assert made
    assert spent == {"__untagged__": Decimal("8.333333333334"), "__unexplained__": Decimal("41.666666666666")}
    assert built_and_spent(finops) == (0, spent)
    Path("rates.csv").write_text("date,from,to,rate,source\n2026-10-05,EUR,USD,2,ECB\n", encoding="utf-8")
    made, spent = built_and_spent(finops)
    assert made
    assert spent == {"__untagged__": 5, "__unexplained__": 45}
