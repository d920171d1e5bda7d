"""Codex's transcripts: what makes the running count grow is a call; repetitions and copies of another session are none."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.sources.base import Load
from finops.sources.codex import SOURCE
from tests.kits.source_kit import loads

SAMPLE = Path(__file__).parent / "samples/codex/rollout.jsonl"

Counts = tuple[int, int, int, int]


def line(at: str, kind: str, **payload: Any) -> dict[str, Any]:
    return {"timestamp": f"2026-10-02T{at}Z", "type": kind, "payload": payload}


def meta(session: str, at: str = "09:00:00.000", **fields: Any) -> dict[str, Any]:
    return line(at, "session_meta", **{"id": session, "timestamp": f"2026-10-02T{at}Z", "model_provider": "openai", **fields})


def turn(at: str, started: str | None = None, model: str = "gpt-5-codex") -> list[dict[str, Any]]:
    dated = {} if started is None else {"started_at": int(datetime.fromisoformat(f"2026-10-02T{started}+00:00").timestamp())}
    return [line(at, "event_msg", type="task_started", **dated), line(at, "turn_context", model=model)]


def counted(at: str, total: Counts | None, last: Counts | None = None) -> dict[str, Any]:
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    told = {"total_token_usage": total, "last_token_usage": last}
    info = {name: dict(zip(names, counts, strict=True)) for name, counts in told.items() if counts is not None}
    return line(at, "event_msg", type="token_count", info=info or None)


def read(path: Path, *entries: dict[str, Any]) -> tuple[list[dict[str, Any]], Load]:
    path.write_text("".join(json.dumps(one) + "\n" for one in entries), encoding="utf-8")
    ((load, rows),) = loads(SOURCE, path)
    assert rows is not None
    assert load.rejects == []
    return rows, load


def outputs(path: Path, *entries: dict[str, Any]) -> list[int]:
    return [row["output"] for row in read(path, *entries)[0]]


A, B, C = (1000, 0, 10, 0), (2100, 900, 30, 5), (3300, 1800, 60, 5)


def test_the_sample_is_two_calls() -> None:
    ((load, rows),) = loads(SOURCE, SAMPLE)
    assert rows is not None
    first, second = rows
    assert (first["input_uncached"], first["cache_read"], first["output"], first["reasoning"]) == (3_280, 9_600, 328, 29)
    assert (second["input_uncached"], second["cache_read"], second["output"], second["reasoning"]) == (1_720, 11_400, 172, 11)
    assert (first["start_time"], first["end_time"]) == (datetime(2026, 10, 2, 9, 0, 2), datetime(2026, 10, 2, 9, 0, 8))
    assert (first["model"], first["provider"], first["agent"], first["session"][-1]) == ("gpt-5-codex", "openai", "codex", "1")
    assert first["trace"] == second["trace"]
    assert "secret" not in repr(rows)
    assert load.notes == ["1 counts of tokens repeat the one before: no calls"]


def test_repeated_counts_are_no_calls_ccusage_1288(tmp_path: Path) -> None:
    entries = [meta("s"), *turn("09:00:01"), counted("09:00:05", A, A), counted("09:00:06", A, A), counted("09:00:07", A, A)]
    assert outputs(tmp_path / "r.jsonl", *entries, counted("09:00:09", B, (1100, 900, 20, 5)), counted("09:01:00", B)) == [10, 20]


def test_the_running_count_goes_before_what_is_said_of_the_last_call(tmp_path: Path) -> None:
    entries = [meta("s"), *turn("09:00:01"), counted("09:00:05", A, A), counted("09:00:09", C, (1200, 900, 30, 0))]
    assert outputs(tmp_path / "r.jsonl", *entries) == [10, 50]


def test_a_running_count_that_begins_anew_is_no_negative_call(tmp_path: Path) -> None:
    entries = [meta("s"), *turn("09:00:01"), counted("09:00:05", B, A), counted("09:00:09", (500, 0, 4, 0), (500, 0, 4, 0))]
    assert outputs(tmp_path / "r.jsonl", *entries) == [10, 4]


def test_without_a_running_count_each_last_call_counts(tmp_path: Path) -> None:
    assert outputs(
        tmp_path / "r.jsonl", meta("s"), *turn("09:00:01"), counted("09:00:05", None, A), counted("09:00:06", None)
    ) == [10]


def test_a_fork_repeats_its_origin_at_once_ccusage_1371(tmp_path: Path) -> None:
    copied = [*turn("10:00:00.010"), counted("10:00:00.020", A, A), counted("10:00:00.030", B, (1100, 900, 20, 5))]
    own = [*turn("10:00:20"), counted("10:00:31", C, (1200, 900, 30, 0))]
    rows, load = read(tmp_path / "f.jsonl", meta("fork", "10:00:00.000", forked_from_id="s"), meta("s"), *copied, *own)
    assert [row["output"] for row in rows] == [30]
    assert load.notes == ["2 calls are copied from s, where they were made: left out here"]


def test_a_fork_that_keeps_the_times_of_its_origin_ccusage_1460(tmp_path: Path) -> None:
    copied = [*turn("09:00:01"), counted("09:00:05", A, A), counted("09:40:00", B, (1100, 900, 20, 5))]
    entries = [meta("fork", "10:00:00.000", forked_from_id="s"), meta("s"), *copied, *turn("10:00:20"), counted("10:00:31", C)]
    assert outputs(tmp_path / "f.jsonl", *entries) == [30]


def test_turns_that_say_when_they_began_tell_copies_from_own_calls(tmp_path: Path) -> None:
    copied = [*turn("10:00:00.5", started="09:00:01"), counted("10:00:00.6", A, A), counted("10:00:07", B, (1100, 900, 20, 5))]
    own = [*turn("10:00:07.1", started="10:00:07"), counted("10:00:07.2", C, (1200, 900, 30, 0))]
    assert outputs(tmp_path / "f.jsonl", meta("fork", "10:00:00.000", forked_from_id="s"), *copied, *own) == [30]


def test_a_session_that_spawned_another_is_found_by_its_own_first_line(tmp_path: Path) -> None:
    entries = [meta("child", "10:00:00.000"), meta("s"), *turn("10:00:00.1"), counted("10:00:00.2", A, A), counted("10:00:40", B)]
    assert outputs(tmp_path / "f.jsonl", *entries) == [20]


def test_calls_that_used_as_much_are_still_two(tmp_path: Path) -> None:
    entries = [meta("s"), *turn("09:00:01"), counted("09:00:05", A, A), counted("09:00:15", (2000, 0, 20, 0), A)]
    rows, _ = read(tmp_path / "r.jsonl", *entries)
    assert len({row["response"] for row in rows}) == 2


def test_a_copy_of_a_session_has_the_same_identities(tmp_path: Path) -> None:
    entries = [meta("s"), *turn("09:00:01"), counted("09:00:05", A, A), counted("09:00:15", B)]
    first, second = (read(tmp_path / name, *entries)[0] for name in ("a.jsonl", "b.jsonl"))
    assert [(row["trace"], row["span"]) for row in first] == [(row["trace"], row["span"]) for row in second]
