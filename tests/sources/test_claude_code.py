"""Claude Code's transcripts: an answer is one call, however often it is written; nothing that was said is kept."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.sources.base import Load
from finops.sources.claude_code import HELD, SOURCE
from finops.sources.otlp_reading.attributes import REQUEST_ID
from finops.sources.transcripts import project_of
from tests.kits.source_kit import loads

SAMPLE = Path(__file__).parent / "samples/claude_code/session.jsonl"


def answer(message: str | None, output: Any, at: str = "08:00:04", **fields: Any) -> dict[str, Any]:
    """One line of a transcript."""
    usage = {"input_tokens": 4, "cache_read_input_tokens": 100, "cache_creation_input_tokens": 0, "output_tokens": output}
    return {
        **{"parentUuid": None, "isSidechain": False, "sessionId": "s-1", "type": "assistant", "cwd": "/srv/code/cedar"},
        **{"timestamp": f"2026-10-02T{at}.000Z", "message": {"id": message, "model": "claude-sonnet-4-5", "usage": usage}},
        **fields,
    }


def read(path: Path, *entries: dict[str, Any] | str, offset: int = 0) -> tuple[list[dict[str, Any]], Load]:
    written = [one if isinstance(one, str) else json.dumps(one) + "\n" for one in entries]
    path.write_text("".join(written), encoding="utf-8")
    ((load, rows),) = loads(SOURCE, path, {"offset": offset})
    assert rows is not None
    return rows, load


def test_an_answer_on_three_lines_is_one_call_with_its_last_counts() -> None:
    ((load, rows),) = loads(SOURCE, SAMPLE)
    assert rows is not None
    first, second = rows
    assert (first["response"], dict(first["attributes"])[REQUEST_ID]) == ("msg_01AaBbCcDdEe", "req_011KkLlMmNn")
    assert (first["input_uncached"], first["cache_read"], first["output"]) == (4, 20_000, 412)
    assert (first["cache_write_5m"], first["cache_write_1h"], first["identity_holds"]) == (1_000, 200, True)
    assert (first["start_time"], first["end_time"]) == (
        datetime(2026, 10, 2, 8, 0, 4, 100_000),
        datetime(2026, 10, 2, 8, 0, 7, 900_000),
    )
    assert (first["finish_reason"], first["agent"], first["provider"]) == ("tool_use", "claude-code", "anthropic")
    assert dict(first["attributes"])["project.id"] == "cedar-api"
    assert (second["response"], second["output"], dict(second["attributes"])["sidechain"]) == ("msg_01FfGgHhIiJj", 88, "true")
    assert first["trace"] == second["trace"] != second["span"]
    assert "secret" not in repr(rows)
    assert load.notes == [
        "2 lines repeat an answer that is counted once",
        "1 messages are Claude Code's own, not a model's: left out",
    ]


def test_without_a_request_id_the_message_id_is_enough_ccusage_976(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "t.jsonl", answer("m-1", 5), answer("m-1", 5), answer("m-2", 7))
    assert [(row["response"], row["output"]) for row in rows] == [("m-1", 5), ("m-2", 7)]


def test_the_largest_count_stands_even_where_a_smaller_one_follows_ccusage_938(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "t.jsonl", answer("m-1", 3), answer("m-1", 412), answer("m-1", 3, at="08:00:09"))
    assert [(row["output"], row["end_time"]) for row in rows] == [(412, datetime(2026, 10, 2, 8, 0, 9))]


def test_an_answer_in_two_sessions_has_one_identity_ccusage_1762(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "t.jsonl", answer("m-1", 5))
    copied, _ = read(tmp_path / "u.jsonl", answer("m-1", 5, sessionId="s-2"))
    assert rows[0]["response"] == copied[0]["response"]
    assert rows[0]["trace"] != copied[0]["trace"]


def test_where_a_message_comes_from_tells_who_bills_it(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "t.jsonl", *(answer(f"msg_{begin}1", 5) for begin in ("bdrk_", "vrtx_", "")))
    assert [row["provider"] for row in rows] == ["aws.bedrock", "gcp.vertex_ai", "anthropic"]


def test_only_what_follows_is_read_of_a_transcript_that_has_grown(tmp_path: Path) -> None:
    old = json.dumps(answer("m-1", 3)) + "\n"
    rows, _ = read(tmp_path / "t.jsonl", old, answer("m-1", 412), answer("m-2", 9), offset=len(old))
    assert [(row["response"], row["output"]) for row in rows] == [("m-1", 412), ("m-2", 9)]


def test_a_line_that_is_still_being_written_waits_and_a_broken_one_is_a_reject(tmp_path: Path) -> None:
    rows, load = read(tmp_path / "t.jsonl", answer("m-1", 3), '{"usage": \n', answer("m-2", -1), answer(None, 1), '{"usage": 1')
    assert [row["response"] for row in rows] == ["m-1"]
    assert [(reject.row, reject.column) for reject in load.rejects] == [
        (2, None),
        (3, "message.usage.output_tokens"),
        (4, "message.id"),
    ]


def test_answers_that_are_no_longer_held_open_come_out_as_rows(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "t.jsonl", *(answer(f"m-{i}", 1) for i in range(HELD + 2)), answer("m-0", 5))
    assert len(rows) == HELD + 3
    assert [row["output"] for row in rows if row["response"] == "m-0"] == [1, 5]


def test_a_home_is_no_project() -> None:
    given = ["/homes/robin", "/data/robin", "/homes/robin/cedar", r"C:\Users\robin", r"C:\Users\robin\cedar", "/", "", None]
    assert [project_of(one) for one in given] == [None, None, "cedar", None, "cedar", None, None, None]
