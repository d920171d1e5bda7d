"""One call that reaches the ledger by several routes, from the files to the cost: it is paid once."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.sources import test_claude_code as claude
from tests.sources import test_codex as codex
from tests.sources import test_otlp_logs as logs
from tests.sources.test_otlp import document, span

Finops = Callable[..., Ran]

USED = """SELECT count(*) AS calls, sum(input_tokens) AS given, sum(output) AS output, sum(list_cost) AS cost
FROM fct_call WHERE counted"""


def write(name: str, *entries: dict[str, Any]) -> str:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text("".join(json.dumps(one) + "\n" for one in entries), encoding="utf-8")
    return name


def used(finops: Finops, *files: str) -> dict[str, Any]:
    for file in files:
        ran = finops("ingest", file, "--as-of", "2026-11-20", *(["--no-build"] if file != files[-1] else []))
        assert ran.code == 0, ran.err
    ran = finops("query", USED, "-f", "json")
    assert ran.code == 0, ran.err
    (row,) = ran.json["rows"]
    return dict(row)


def as_log(*records: dict[str, Any]) -> dict[str, Any]:
    return {"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": list(records)}]}]}


def test_a_transcript_full_of_repetitions_ccusage_1728(finops: Finops) -> None:
    """146,167 tokens of output for $12.84; 1,251,663 and $83.78 were seen. The lines of an answer repeat and grow, a resumed
    session copies them."""
    whole = {"input_tokens": 87_165, "cache_read_input_tokens": 10_000_000, "cache_creation_input_tokens": 600_000}
    usages = [{name: tokens // 100 for name, tokens in whole.items()} | {"output_tokens": 1_461} for _ in range(100)]
    usages[0] |= {"input_tokens": 871 + 65, "output_tokens": 1_461 + 67}
    lines = []
    for i, usage in enumerate(usages):
        for second, written in enumerate((1, usage["output_tokens"] // 2, *[usage["output_tokens"]] * 7)):
            line = claude.answer(f"msg_{i:08}", 0, at=f"{8 + i // 60:02}:{i % 60:02}:{second:02}", requestId=f"req_{i:08}")
            line["message"] |= {"model": "claude-opus-4-5", "usage": usage | {"output_tokens": written}}
            lines.append(line)
    assert sum(line["message"]["usage"]["output_tokens"] for line in lines) > 1_000_000
    resumed = [{**line, "sessionId": "s-2"} for line in lines]
    found = used(finops, write("projects/a.jsonl", *lines), write("projects/b.jsonl", *resumed))
    assert (found["calls"], found["output"], found["given"]) == (100, 146_167, sum(whole.values()))
    assert Decimal(str(found["cost"])) == Decimal("12.84")


def test_claude_codes_metrics_events_and_transcript_are_one_call_each(finops: Finops) -> None:
    request = logs.request(**{"request_id": "req_00000001", "output_tokens": "412"})
    request["timeUnixNano"] = "1790928010000000000"  # 2026-10-02 08:00:10
    point = {
        **{"startTimeUnixNano": "1790928000000000000", "timeUnixNano": "1790928060000000000", "asInt": "412"},
        "attributes": [{"key": "type", "value": {"stringValue": "output"}}],
    }
    metric = {"name": "claude_code.token.usage", "sum": {"aggregationTemporality": 1, "isMonotonic": True, "dataPoints": [point]}}
    metrics = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}
    transcript = [claude.answer("msg_00000001", output, requestId="req_00000001") for output in (3, 412)]
    files = (write("t.jsonl", *transcript), write("logs.jsonl", as_log(request)), write("metrics.jsonl", metrics))
    found = used(finops, *files)
    assert (found["calls"], found["output"]) == (1, 412)
    ran = finops("query", "SELECT source, agent FROM fct_call WHERE counted", "-f", "json")
    assert ran.json["rows"] == [{"source": "otlp_logs", "agent": "claude-code"}]


def claude_spans(request: str = "req_00000001", **more: Any) -> dict[str, Any]:
    """A turn as Claude Code's traces tell it: the interaction, the request to the model, a tool with its execution."""
    times = {"startTimeUnixNano": "1790928007500000000", "endTimeUnixNano": "1790928010000000000"}  # 2026-10-02 08:00:07.5
    kinds = {
        "interaction": {},
        "llm_request": {
            **{"request_id": request, "model": "claude-sonnet-4-5", "gen_ai.system": "anthropic", "success": True},
            **{"input_tokens": 5, "output_tokens": 412, "cache_read_tokens": 1_000, "cache_creation_tokens": 20},
            **{"stop_reason": "tool_use", "attempt": 1, "agent_id": "a1b2", **more},
        },
        "tool": {"tool_name": "Bash"},
        "tool.execution": {"success": True},
    }
    parents = {"interaction": "", "llm_request": "interaction", "tool": "interaction", "tool.execution": "tool"}
    ids = {kind: f"{number:016x}" for number, kind in enumerate(kinds, 1)} | {"": ""}
    spans = [
        {**span({"span.type": kind, "session.id": "s-1", **own}, spanId=ids[kind], parentSpanId=ids[parents[kind]], **times)}
        | {"name": f"claude_code.{kind}"}
        for kind, own in kinds.items()
    ]
    return document(*spans)


CALLS = (
    "SELECT operation, model, input_uncached, cache_read, cache_write_5m, output, counted FROM fct_call WHERE counted ORDER BY 1"
)


def test_claude_codes_traces_alone_hold_its_calls(finops: Finops) -> None:
    """Its input stands beside what was read from and written to the cache."""
    ran = finops("ingest", write("traces.jsonl", claude_spans()), "--as-of", "2026-11-20")
    assert ran.code == 0, ran.err
    assert "token identity" not in ran.out
    model, tool = finops("query", CALLS, "-f", "json").json["rows"]
    assert (model["operation"], model["model"], tool["operation"]) == ("inference", "claude-sonnet-4-5", "tool")
    assert [model[name] for name in ("input_uncached", "cache_read", "cache_write_5m", "output")] == [5, 1_000, 20, 412]
    agents = finops("query", "SELECT DISTINCT agent FROM fct_call", "-f", "json").json["rows"]
    assert agents == [{"agent": "__untagged__"}], "a sub-agent's number is no agent's name"


@pytest.mark.parametrize("answer", [{}, {"gen_ai.response.id": "msg_00000001"}])
def test_claude_codes_traces_events_metrics_and_transcript_are_one_call_each(finops: Finops, answer: dict[str, str]) -> None:
    request = logs.request(**{"request_id": "req_00000001", "output_tokens": "412"})
    request["timeUnixNano"] = "1790928010000000000"
    transcript = [claude.answer("msg_00000001", output, requestId="req_00000001") for output in (3, 412)]
    files = {
        "traces.jsonl": [claude_spans(**answer)],
        "logs.jsonl": [as_log(request)],
        "t.jsonl": transcript,
    }
    for name, lines in files.items():
        write(name, *lines)
    ran = finops("ingest", "traces.jsonl", "logs.jsonl", "--as-of", "2026-11-20")
    assert (ran.code, "costs twice" in ran.out) == (0, False)
    assert [row["operation"] for row in finops("query", CALLS, "-f", "json").json["rows"]] == ["inference", "tool"]
    ran = finops("ingest", "t.jsonl", "--as-of", "2026-11-20")
    assert (ran.code, "costs twice" in ran.out) == (0, False)
    model, tool = finops("query", CALLS, "-f", "json").json["rows"]
    assert (model["operation"], model["output"], tool["operation"]) == ("inference", 412, "tool")


def test_a_transcript_that_knows_more_than_the_events_is_no_doubt(finops: Finops) -> None:
    """Both name the request that they share, so what the transcript has besides is another call."""
    request = logs.request(**{"request_id": "req_00000001", "output_tokens": "412"})
    request["timeUnixNano"] = "1790928070000000000"  # 2026-10-02 08:01:10
    transcript = [claude.answer(f"msg_0000000{i}", 411 + i, at=f"08:0{i}:04", requestId=f"req_0000000{i}") for i in (1, 2)]
    ran = finops("ingest", write("t.jsonl", *transcript), write("logs.jsonl", as_log(request)), "--as-of", "2026-11-20")
    assert ran.code == 0, ran.err
    assert "costs twice" not in ran.out + ran.err
    assert used(finops)["calls"] == 2
    assert "costs twice" not in finops("cost").out


def test_a_line_that_is_still_being_written_is_told(finops: Finops) -> None:
    path = Path(write("t.jsonl", claude.answer("msg_00000001", 412)))
    whole = path.read_text()
    for torn in ('{"parentUuid": "x", "mess', json.dumps(claude.answer("msg_00000002", 7))[:-20]):
        path.write_text(whole + torn)
        ran = finops("ingest", "t.jsonl", "--no-build", "--dry-run")
        assert (ran.code, "t.jsonl: 1 line is unfinished, the last (2): it is still being written" in ran.out) == (0, True)
    path.write_text(whole)
    assert "unfinished" not in finops("ingest", "t.jsonl", "--no-build", "--dry-run").out


def test_codexs_events_and_transcript_are_one_call_each(finops: Finops) -> None:
    answered = logs.codex_answer()
    answered["timeUnixNano"] = "1790931605000000000"  # 2026-10-02 09:00:05
    counted = [codex.counted("09:00:05", (1000, 400, 30, 5)), codex.counted("09:00:06", (1000, 400, 30, 5))]
    transcript = [codex.meta("s"), *codex.turn("09:00:01"), *counted]
    found = used(finops, write("sessions/rollout-1.jsonl", *transcript), write("logs.jsonl", as_log(answered, answered)))
    assert (found["calls"], found["output"], found["given"]) == (1, 30, 1000)


def test_a_gateways_log_and_traces_of_the_same_calls_are_paid_once(finops: Finops) -> None:
    usage = {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 50, "gen_ai.request.model": "gpt-4o"}
    named = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.agent.name": "planner", **usage}
    times = {"startTimeUnixNano": "1790928000000000000", "endTimeUnixNano": "1790928002000000000", "parentSpanId": ""}
    spans = [
        span({**named, "gen_ai.response.id": "chatcmpl-shared"}, spanId="a" * 16, **times),
        span({**named, "gen_ai.usage.output_tokens": 51}, spanId="b" * 16, **times),
    ]
    record = {
        **{"call_type": "completion", "spend": 0.003, "model": "gpt-4o", "custom_llm_provider": "openai", "status": "success"},
        **{
            "startTime": "2026-10-02T08:00:00.400Z",
            "endTime": "2026-10-02T08:00:01.900Z",
            "team_id": "acme",
            "prompt_tokens": 1_000,
        },
    }
    log = [
        {**record, "request_id": "chatcmpl-shared", "completion_tokens": 50},
        {**record, "request_id": "chatcmpl-of-the-proxy", "completion_tokens": 51},
    ]
    found = used(finops, write("spans.jsonl", document(*spans)), write("spend.jsonl", *log))
    assert (found["calls"], found["output"]) == (2, 101)
    ran = finops("cost", "--by", "agent,tenant", "--month", "2026-10", "-f", "json", "--as-of", "2026-11-20")
    assert [(row["agent"], row["tenant"]) for row in ran.json["rows"]] == [("planner", "acme")]


def test_the_providers_own_count_of_usage_adds_no_cost(finops: Finops) -> None:
    named = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    usage = {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 50}
    spans = document(span({**named, **usage}, startTimeUnixNano="1790928000000000000", parentSpanId=""))
    result = {
        **{
            "object": "organization.usage.completions.result",
            "input_tokens": 1_000,
            "output_tokens": 50,
            "num_model_requests": 1,
        },
        "model": "gpt-4o",
    }
    bucket = {"object": "bucket", "start_time": 1_790_899_200, "end_time": 1_790_985_600, "results": [result]}
    page = {"object": "page", "data": [bucket], "has_more": False, "next_page": None}
    alone = used(finops, write("spans.jsonl", spans))
    assert used(finops, write("usage.json", page)) == alone


def test_calls_that_may_be_the_same_are_told_of_until_configuration_settles_it(finops: Finops) -> None:
    """Two logs of one day that nothing joins: both cost, and every answer says so."""
    named = {"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"}
    usage = {"gen_ai.usage.input_tokens": 1_000, "gen_ai.usage.output_tokens": 50}
    spans = document(span({**named, **usage}, startTimeUnixNano="1790928000000000000", parentSpanId=""))
    record = {
        **{"call_type": "completion", "spend": 0.003, "model": "gpt-4o", "custom_llm_provider": "openai", "status": "success"},
        **{"startTime": "2026-10-02T09:00:00Z", "request_id": "chatcmpl-1", "prompt_tokens": 900, "completion_tokens": 50},
    }
    finops("ingest", write("spans.jsonl", spans), "--as-of", "2026-11-20")
    ran = finops("ingest", write("spend.jsonl", record), "--as-of", "2026-11-20")
    said = "calls of openai on 2026-10-02 share no id and no exact count of tokens: 1 in litellm_logs and 1 in traces"
    assert said in ran.out
    for command in (("cost", "--month", "2026-10"), ("reconcile",)):
        assert said in finops(*command, "--as-of", "2026-11-20").out
    assert said not in finops("cost", "--month", "2026-09", "--as-of", "2026-11-20").out
    for source, calls in (("litellm_logs", 1), ("*", 2)):
        Path("finops.toml").write_text(f'[[count]]\nprovider = "OpenAI"\nsource = "{source}"\n')
        assert finops("build", "--as-of", "2026-11-20").code == 0
        assert said not in finops("cost", "--as-of", "2026-11-20").out
        assert used(finops)["calls"] == calls
    Path("finops.toml").write_text('[[count]]\nprovider = "openai"\nsource = "litellm_log"\n')
    ran = finops("build")
    assert (ran.code, "did you mean `litellm_logs`?" in ran.err) == (2, True)
