"""Incidents that other tools had with tokens and costs, from the file to the answer: the right figure, not the one seen."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.conftest import Ran
from tests.sources.test_otlp import document, span

Finops = Callable[..., Ran]


def calls(finops: Finops, file: str, *documents: dict[str, Any]) -> list[dict[str, Any]]:
    """What the ledger makes of a file: its counted calls."""
    Path(file).write_text("".join(json.dumps(one) + "\n" for one in documents))
    assert finops("ingest", file, "--as-of", "2026-11-20").code == 0
    sql = "SELECT input_tokens, output, list_cost, operation FROM fct_call WHERE counted ORDER BY call_key"
    ran = finops("query", sql, "-f", "json")
    assert ran.code == 0, ran.err
    return list(ran.json["rows"])


def otlp(attributes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return span(
        {"gen_ai.operation.name": "chat", **attributes}, parentSpanId="", startTimeUnixNano="1790900000000000000", **fields
    )


def test_writes_to_the_cache_are_paid_once_litellm_9812(finops: Finops) -> None:
    usage = {"prompt_tokens": 12_307, "completion_tokens": 550, "total_tokens": 12_857}
    record = {
        **{"request_id": "chatcmpl-9812", "call_type": "completion", "spend": 0.091311, "startTime": "2026-10-02T08:00:00Z"},
        **{"model": "claude-3-7-sonnet-20250219", "custom_llm_provider": "anthropic", "status": "success", **usage},
        "metadata": {"usage_object": {**usage, "cache_creation_input_tokens": 12_304}},
    }
    (call,) = calls(finops, "spend.jsonl", record)
    assert Decimal(str(call["list_cost"])) == Decimal("0.054399")


def test_bedrocks_additive_counts_phoenix_10036(finops: Finops) -> None:
    usage = {
        **{"llm.token_count.prompt": 3, "llm.token_count.completion": 12},
        **{"llm.token_count.prompt_details.cache_write": 25, "llm.token_count.prompt_details.cache_read": 13_216},
    }
    model = {"gen_ai.provider.name": "aws.bedrock", "gen_ai.request.model": "us.anthropic.claude-sonnet-4-5-20250929-v1:0"}
    (call,) = calls(finops, "spans.jsonl", document(otlp({**model, **usage})))
    assert call["input_tokens"] == 13_244
    assert round(Decimal(str(call["list_cost"])), 6) == Decimal("0.004672")


def test_input_of_a_cached_call_langfuse_12306(finops: Finops) -> None:
    observation = {
        **{"id": "00f067aa0ba902b7", "traceId": "0af7651916cd43dd8448eb211c80319c", "type": "GENERATION"},
        **{"startTime": "2026-10-02T08:00:00Z", "model": "claude-sonnet-4-5", "parentObservationId": None},
        "usageDetails": {
            **{"input": 5, "cache_read_input_tokens": 128_955, "cache_creation_input_tokens": 1_253},
            "output": 1,
        },
    }
    (call,) = calls(finops, "observations.jsonl", observation)
    assert call["input_tokens"] == 130_213


def test_a_cached_prompt_is_no_second_prompt_langfuse_10592(finops: Finops) -> None:
    header = "generation_id,created_at,cost_total,tokens_prompt,tokens_completion,tokens_cached,model_permaslug"
    Path("activity.csv").write_text(f"{header}\ngen-10592,2026-10-02 08:00:00,0.01,17903,1,17817,openai/gpt-4o\n")
    assert finops("ingest", "activity.csv", "--as-of", "2026-11-20").code == 0
    ran = finops("query", "SELECT input_uncached, cache_read, input_tokens FROM fct_call", "-f", "json")
    assert ran.json["rows"] == [{"input_uncached": 86, "cache_read": 17_817, "input_tokens": 17_903}]


def test_an_agent_that_repeats_its_calls_pydantic_ai_3995(finops: Finops) -> None:
    usage = [{"gen_ai.usage.input_tokens": i, "gen_ai.usage.output_tokens": o} for i, o in ((113, 11), (56, 5), (57, 6))]
    agent = span({"gen_ai.operation.name": "invoke_agent", **usage[0]}, spanId="a" * 16, parentSpanId="")
    below = [
        span({"gen_ai.operation.name": "chat", **one}, spanId=f"{i}" * 16, parentSpanId="a" * 16)
        for i, one in enumerate(usage)
        if i
    ]
    found = calls(finops, "spans.jsonl", document(agent, *below))
    assert (sum(call["input_tokens"] for call in found), sum(call["output"] for call in found)) == (113, 11)


def test_the_long_context_tier_counts_what_was_cached_claude_code_karma_76(finops: Finops) -> None:
    usage = {
        **{"gen_ai.usage.input_tokens": 250_000, "gen_ai.usage.output_tokens": 1_000},
        "gen_ai.usage.cache_read.input_tokens": 200_000,
    }
    model = {"gen_ai.provider.name": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"}
    (call,) = calls(finops, "spans.jsonl", document(otlp({**model, **usage})))
    assert Decimal(str(call["list_cost"])) == Decimal("0.4425")


def test_an_agent_whose_calls_were_not_sampled_costs_no_zero_semconv_425(finops: Finops) -> None:
    Path("spans.jsonl").write_text(json.dumps(document(otlp({"gen_ai.operation.name": "invoke_agent"}, spanId="a" * 16))) + "\n")
    assert finops("ingest", "spans.jsonl", "--as-of", "2026-11-20").code == 0
    ran = finops("query", "SELECT list_cost, currency FROM fct_run", "-f", "json")
    assert ran.json["rows"] == [{"list_cost": None, "currency": None}]
