"""OTLP logs: evaluations become outcomes, Claude Code's requests become calls; the rest is counted and left out."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.sources.otlp_logs import SOURCE
from tests.kits.source_kit import loads
from tests.sources import test_codex as codex

T = 1_793_599_200_000_000_000
TRACE = "5b8efff798038103d269b633813fc60c"


def record(event: str, **fields: Any) -> dict[str, Any]:
    attributes = fields.pop("attributes", {})
    listed = [{"key": key, "value": {"stringValue": value}} for key, value in attributes.items()]
    return {"timeUnixNano": str(T), "eventName": event, "attributes": listed, **fields}


def read(tmp_path: Path, *records: dict[str, Any]) -> tuple[list[dict[str, Any]], list[dict[str, Any]], list[str], list[str]]:
    path = tmp_path / "logs.jsonl"
    lines = [{"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": [one]}]}]} for one in records]
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    (outcomes, first), (calls, second) = loads(SOURCE, path)
    rejects = [reject.reason for load in (outcomes, calls) for reject in load.rejects]
    return first or [], second or [], rejects, [*outcomes.notes, *calls.notes]


def evaluation(label: str | None, **fields: Any) -> dict[str, Any]:
    named = {"gen_ai.evaluation.name": "relevance", "gen_ai.evaluation.explanation": "secret"}
    attributes = {**named, **({} if label is None else {"gen_ai.evaluation.score.label": label}), **fields.pop("attributes", {})}
    return record("gen_ai.evaluation.result", attributes=attributes, **fields)


def test_a_label_decides_and_a_score_alone_does_not(tmp_path: Path) -> None:
    labels = ("pass", "Incorrect", None, "3 of 5")
    outcomes, calls, rejects, notes = read(tmp_path, *(evaluation(label, traceId=TRACE.upper()) for label in labels))
    assert [row["accepted"] for row in outcomes] == [True, False, None, None]
    assert {row["run"] for row in outcomes} == {TRACE}
    assert {row["time"] for row in outcomes} == {datetime(2026, 11, 2, 6)}
    assert {row["evaluator"] for row in outcomes} == {"relevance"}
    assert "secret" not in str(outcomes)
    assert (calls, rejects) == ([], [])
    assert notes == ["2 evaluations have no label that says pass or fail: whether the run was accepted is unknown"]


def test_an_outcome_belongs_to_a_run_or_to_the_day_of_an_agent(tmp_path: Path) -> None:
    outcomes, _, rejects, _ = read(
        tmp_path,
        evaluation("pass", attributes={"run.id": "r-1"}, traceId=TRACE),
        evaluation("pass", attributes={"gen_ai.agent.name": "planner"}),
        evaluation("pass"),
    )
    assert [(row["run"], row["agent"], row["day"]) for row in outcomes] == [
        ("r-1", None, None),
        (None, "planner", datetime(2026, 11, 2)),
    ]
    assert rejects == ["this evaluation names neither a run nor an agent: no trace, no run, no conversation"]


def request(**attributes: str) -> dict[str, Any]:
    figures = {"input_tokens": "5", "output_tokens": "40", "cache_read_tokens": "1000", "cache_creation_tokens": "20"}
    about = {
        "session.id": "s-1",
        "request_id": "req_1",
        "model": "claude-sonnet-4-5",
        "duration_ms": "2500",
        "cost_usd": "0.0123",
    }
    return record("claude_code.api_request", attributes={**about, **figures, **attributes})


def test_a_request_of_claude_code_is_a_call_with_its_cache_apart(tmp_path: Path) -> None:
    _, calls, rejects, notes = read(tmp_path, request(), request())
    first, second = calls
    assert (first["input_uncached"], first["cache_read"], first["cache_write_5m"], first["output"]) == (5, 1000, 20, 40)
    assert (first["start_time"], first["end_time"]) == (datetime(2026, 11, 2, 5, 59, 57, 500_000), datetime(2026, 11, 2, 6))
    assert (first["model"], first["provider"], first["operation"]) == ("claude-sonnet-4-5", "anthropic", "inference")
    assert (first["reported_cost"], first["reported_currency"], first["status"]) == ("0.0123", "USD", "ok")
    assert (first["trace"], first["span"]) == (second["trace"], second["span"]), "the ledger counts a resent record once"
    assert rejects == []
    assert "add no cost" in notes[-1]


def test_requests_of_one_session_are_calls_of_one_trace_and_errors_fail(tmp_path: Path) -> None:
    failed = record("claude_code.api_error", attributes={"session.id": "s-1", "model": "m", "status_code": "529"})
    _, calls, _, _ = read(tmp_path, request(), request(request_id="req_2"), failed)
    assert len({row["trace"] for row in calls}) == 1
    assert len({row["span"] for row in calls}) == 3
    wrong = next(row for row in calls if row["status"] == "error")
    assert (wrong["error_class"], wrong["input_uncached"], wrong["output"]) == ("529", None, None)


def test_other_records_are_counted_and_left_out(tmp_path: Path) -> None:
    outcomes, calls, rejects, notes = read(
        tmp_path, record("claude_code.user_prompt", attributes={"prompt": "secret"}), record("")
    )
    assert (outcomes, calls, rejects) == ([], [], [])
    assert notes == ["2 log records are of other kinds: left out"]


def test_counts_that_are_none_are_rejected_alone(tmp_path: Path) -> None:
    _, calls, rejects, _ = read(tmp_path, request(input_tokens="-5"), request(request_id="req_2"))
    assert len(calls) == 1
    assert rejects == ["this count is negative or beyond reason"]


def codex_answer(event: str = "codex.sse_event", **attributes: str) -> dict[str, Any]:
    figures = {"input_token_count": "1000", "cached_token_count": "400", "output_token_count": "30", "reasoning_token_count": "5"}
    about = {"event.kind": "response.completed", "conversation.id": "s", "model": "gpt-5-codex", "user.email": "a@b.example"}
    return record(event, attributes={**about, **figures, "tool_token_count": "1030", **attributes})


def test_an_answer_of_codex_is_a_call_with_its_cache_inside_the_input(tmp_path: Path) -> None:
    _, calls, rejects, notes = read(tmp_path, codex_answer(), codex_answer())
    first, second = calls
    assert (first["input_uncached"], first["cache_read"], first["output"], first["reasoning"]) == (600, 400, 30, 5)
    assert (first["model"], first["provider"], first["session"]) == ("gpt-5-codex", "openai", "s")
    assert (first["trace"], first["span"]) == (second["trace"], second["span"])
    assert rejects == []
    assert "example" not in repr(calls)
    assert notes[0].startswith("2 requests of Codex are calls")


def test_answers_of_codex_without_a_conversation_are_told_apart_by_their_time(tmp_path: Path) -> None:
    def nameless(at: int) -> dict[str, Any]:
        answer = codex_answer(**{"conversation.id": ""})
        return answer | {"timeUnixNano": str(int(answer["timeUnixNano"]) + at * 10**9)}

    _, calls, rejects, _ = read(tmp_path, nameless(0), nameless(0), nameless(60))
    assert (len({(call["trace"], call["span"]) for call in calls}), rejects) == (2, [])
    assert {call["session"] for call in calls} == {None}


def test_other_events_of_codex_are_no_calls(tmp_path: Path) -> None:
    others = (
        codex_answer(**{"event.kind": "response.created"}),
        codex_answer("codex.api_request"),
        codex_answer("codex.user_prompt"),
    )
    _, calls, rejects, notes = read(tmp_path, *others)
    assert (calls, rejects, notes) == ([], [], ["3 log records are of other kinds: left out"])


def test_codexs_transcript_and_its_events_name_a_call_alike(tmp_path: Path) -> None:
    _, (event,), _, _ = read(tmp_path, codex_answer())
    transcript = [codex.meta("s"), *codex.turn("09:00:01"), codex.counted("09:00:05", (1000, 400, 30, 5))]
    (row,), _ = codex.read(tmp_path / "r.jsonl", *transcript)
    assert event["response"] == row["response"]
