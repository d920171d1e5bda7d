"""What the libraries around `gen_ai.*` call things: one span per dialect, and what becomes of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.sources.test_otlp import one

TOKENS = ("input_uncached", "cache_read", "cache_write_5m", "output", "audio_input", "audio_output", "reasoning")


def tokens(row: dict[str, Any]) -> dict[str, int]:
    return {name: row[name] for name in TOKENS if row[name] is not None}


def test_openinference(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        {
            **{"openinference.span.kind": "LLM", "llm.provider": "anthropic", "llm.model_name": "claude-sonnet-4-5"},
            **{"llm.token_count.prompt": 1000, "llm.token_count.completion": 90, "llm.token_count.total": 1090},
            **{"llm.token_count.prompt_details.cache_read": 600, "llm.token_count.prompt_details.cache_write": 100},
            **{"llm.token_count.completion_details.reasoning": 40, "llm.token_count.prompt_details.audio": 50},
            **{"llm.cost.prompt": 0.25, "llm.cost.completion": 0.5},
            **{"session.id": "s-1", "user.id": "ada", "agent.name": "planner"},
        },
    )
    assert (row["operation"], row["provider"], row["model"]) == ("inference", "anthropic", "claude-sonnet-4-5")
    assert tokens(row) == {
        **{"input_uncached": 250, "cache_read": 600, "cache_write_5m": 100, "output": 90},
        **{"audio_input": 50, "reasoning": 40},
    }
    assert row["identity_holds"] is True
    assert (row["session"], row["agent"], row["reported_cost"], row["reported_currency"]) == ("s-1", "planner", "0.75", "USD")
    assert row["attributes"]["user.hash"] != "ada"


@pytest.mark.parametrize(
    ("kind", "operation"),
    [
        *(("LLM", "inference"), ("EMBEDDING", "embeddings"), ("RETRIEVER", "retrieval"), ("RERANKER", "retrieval")),
        *(("TOOL", "tool"), ("AGENT", "agent"), ("CHAIN", "other"), ("GUARDRAIL", "other"), ("EVALUATOR", "other")),
        *(("PROMPT", "other"), ("DECISION", "other"), ("UNKNOWN", "other")),
    ],
)
def test_openinference_kinds(tmp_path: Path, kind: str, operation: str) -> None:
    assert one(tmp_path, {"openinference.span.kind": kind})["operation"] == operation


def test_openinference_decisions_have_their_own_counts(tmp_path: Path) -> None:
    row = one(
        tmp_path, {"openinference.span.kind": "DECISION", "decision.token_count.input": 9, "decision.token_count.output": 2}
    )
    assert tokens(row) == {"input_uncached": 9, "output": 2}


def test_bedrock_rows_that_leak_into_openinference_are_additive_phoenix_10036(tmp_path: Path) -> None:
    """3 uncached, 25 written, 13,216 read, 12 out under names whose input contains the cache: read so, and said."""
    row = one(
        tmp_path,
        {
            **{"llm.token_count.prompt": 3, "llm.token_count.completion": 12},
            **{"llm.token_count.prompt_details.cache_write": 25, "llm.token_count.prompt_details.cache_read": 13_216},
        },
    )
    assert tokens(row) == {"input_uncached": 3, "cache_read": 13_216, "cache_write_5m": 25, "output": 12}
    assert row["identity_holds"] is False


def test_openllmetry(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        {
            **{"gen_ai.system": "OpenAI", "gen_ai.request.model": "gpt-4o", "llm.request.type": "chat"},
            **{"gen_ai.usage.prompt_tokens": 100, "gen_ai.usage.completion_tokens": 20, "llm.usage.total_tokens": 120},
            **{"gen_ai.usage.cache_read_input_tokens": 30},
            **{"traceloop.workflow.name": "quotes", "traceloop.entity.name": "draft", "traceloop.prompt.key": "quote-mail"},
            **{"traceloop.association.properties.tenant_id": "acme", "traceloop.association.properties.session_id": "s-2"},
            "traceloop.association.properties.desk": "7",
        },
    )
    assert (row["operation"], row["provider"], row["workflow"], row["tenant"]) == ("inference", "OpenAI", "quotes", "acme")
    assert (row["session"], row["prompt_route"]) == ("s-2", "quote-mail")
    assert tokens(row) == {"input_uncached": 70, "cache_read": 30, "output": 20}
    assert row["identity_holds"] is True
    assert row["attributes"]["traceloop.association.properties.desk"] == "7"


def test_openllmetry_before_gen_ai(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        {
            **{"llm.vendor": "OpenAI", "llm.request.type": "completion", "llm.request.model": "gpt-4"},
            **{"llm.usage.prompt_tokens": 8, "llm.usage.completion_tokens": 3, "llm.usage.total_tokens": 11},
        },
    )
    assert (row["operation"], row["provider"], row["model"]) == ("inference", "OpenAI", "gpt-4")
    assert tokens(row) == {"input_uncached": 8, "output": 3}


@pytest.mark.parametrize(
    ("kind", "column", "value"),
    [("workflow", "workflow", "quotes"), ("agent", "agent", "quotes"), ("tool", "tool", "quotes")],
)
def test_openllmetry_entities_name_what_they_are(tmp_path: Path, kind: str, column: str, value: str) -> None:
    row = one(tmp_path, {"traceloop.span.kind": kind, "traceloop.entity.name": value})
    assert (row["operation"], row[column]) == (kind, value)


@pytest.mark.parametrize("suffix", ["", "_tokens"])
def test_openlit(tmp_path: Path, suffix: str) -> None:
    cached = "gen_ai.usage.prompt_tokens_details." + ("cached_tokens" if suffix else "cache_read")
    row = one(
        tmp_path,
        {
            **{"gen_ai.operation.name": "chat", "gen_ai.system": "openai", "gen_ai.response.model": "gpt-4o"},
            **{"gen_ai.usage.input_tokens": 100, "gen_ai.usage.output_tokens": 40, "gen_ai.usage.total_tokens": 140},
            **{cached: 60, f"gen_ai.usage.completion_tokens_details.reasoning{suffix}": 10},
            **{f"gen_ai.usage.completion_tokens_details.audio{suffix}": 5, "gen_ai.usage.cost": 0.00125},
            "gen_ai.workflow.type": "sequential",
        },
    )
    assert tokens(row) == {"input_uncached": 40, "cache_read": 60, "output": 35, "audio_output": 5, "reasoning": 10}
    assert (row["identity_holds"], row["reported_cost"], row["reported_currency"]) == (True, "0.00125", "USD")
    assert row["attributes"]["gen_ai.workflow.type"] == "sequential"


def test_agentops(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        {
            **{"agentops.span.kind": "llm", "gen_ai.system": "anthropic", "gen_ai.request.model": "claude-sonnet-4-5"},
            **{"gen_ai.usage.prompt_tokens": 130_213, "gen_ai.usage.completion_tokens": 400},
            **{"gen_ai.usage.cache_read_input_tokens": 128_955, "gen_ai.usage.cache_creation_input_tokens": 1_253},
            **{"gen_ai.usage.reasoning_tokens": 7, "gen_ai.usage.streaming_tokens": 400, "gen_ai.usage.total_cost": "0.0494"},
            "agentops.session.end_state": "Success",
        },
    )
    assert row["operation"] == "inference"
    assert tokens(row) == {
        **{"input_uncached": 5, "cache_read": 128_955, "cache_write_5m": 1_253, "output": 400},
        "reasoning": 7,
    }
    assert row["reported_cost"] == "0.0494"
    assert row["attributes"]["agentops.session.end_state"] == "Success"


def test_any_agent_reports_the_cost_of_input_and_output_apart(tmp_path: Path) -> None:
    usage = {"gen_ai.usage.input_tokens": 1000, "gen_ai.usage.output_tokens": 50}
    call = {"gen_ai.operation.name": "call_llm", **usage}
    row = one(tmp_path, {**call, "gen_ai.usage.input_cost": 0.00015, "gen_ai.usage.output_cost": 3e-05})
    assert row["operation"] == "inference"
    assert (Decimal(row["reported_cost"]), row["reported_currency"]) == (Decimal("0.00018"), "USD")
    half = one(tmp_path, {**call, "gen_ai.usage.input_cost": 0.00015})
    assert (half["reported_cost"], half["reported_currency"]) == (None, None)


def test_a_cost_that_is_whole_goes_before_its_parts(tmp_path: Path) -> None:
    row = one(tmp_path, {"llm.cost.total": 0.5, "llm.cost.prompt": 0.25, "llm.cost.completion": 0.375})
    assert row["reported_cost"] == "0.5"


def test_the_flat_set(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        {
            **{"llm.provider": "mistral", "llm.model": "mistral-large", "prompt.route": "invoices/v2"},
            **{"retrieval.latency_ms": 84.5, "guardrail.policy_version": "2026-10-01", "slo.burn_rate": 1.75},
        },
    )
    assert (row["provider"], row["model"], row["prompt_route"]) == ("mistral", "mistral-large", "invoices/v2")
    assert row["policy_version"] == "2026-10-01"
    assert (row["attributes"]["retrieval.latency_ms"], row["attributes"]["slo.burn_rate"]) == ("84.5", "1.75")
