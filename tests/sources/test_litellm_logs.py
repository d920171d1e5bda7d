"""LiteLLM's spend logs: what the prompt contains, what its own cache answered, who it was for."""

from __future__ import annotations

import csv
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from finops.errors import DataError
from finops.sources import source
from finops.sources.base import Load
from finops.sources.detect import recognise
from tests.kits.source_kit import loads

SAMPLE = Path(__file__).parent / "samples/litellm_logs/spend-logs.jsonl"
RECORDS: list[dict[str, Any]] = [json.loads(line) for line in SAMPLE.read_text().splitlines()]
LITELLM = source("litellm_logs")


def read(path: Path) -> tuple[list[dict[str, Any]], Load]:
    ((load, rows),) = loads(LITELLM, path)
    assert rows is not None
    return rows, load


def one(folder: Path, **changed: Any) -> dict[str, Any]:
    path = folder / "one.jsonl"
    path.write_text(json.dumps({**RECORDS[0], **changed}) + "\n")
    rows, load = read(path)
    assert load.rejects == []
    return rows[0]


def usage(prompt: int, output: int, **more: Any) -> dict[str, Any]:
    total = prompt + output
    given = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": total}
    return {**given, "metadata": {"usage_object": {**given, **more}}}


def test_a_request_becomes_a_call() -> None:
    rows, load = read(SAMPLE)
    assert load.rejects == []
    call = rows[0]
    assert call["response"] == "chatcmpl-finops-0001"
    assert (call["start_time"], call["end_time"]) == (
        datetime(2026, 10, 2, 8, 0, 0, 125_000),
        datetime(2026, 10, 2, 8, 0, 2, 625_000),
    )
    assert call["first_token_time"] == datetime(2026, 10, 2, 8, 0, 0, 500_000)
    assert (call["operation"], call["provider"], call["model"]) == ("inference", "openai", "gpt-4o")
    assert (call["tenant"], call["agent"], call["workflow"]) == ("acme-retail", "answer-drafter", "service-desk-triage")
    assert (call["session"], call["reported_cost"], call["reported_currency"]) == ("session-1", "0.00421", "USD")
    assert (call["input_uncached"], call["cache_read"], call["output"], call["reasoning"]) == (400, 600, 300, 120)
    assert (call["status"], call["cache_hit"], call["identity_holds"]) == ("ok", False, True)


def test_attributes_keep_owners_and_a_hash_of_the_person() -> None:
    kept = dict(read(SAMPLE)[0][0]["attributes"])
    assert kept["organization_id"] == "org-1"
    assert kept["tag.workflow"] == "service-desk-triage"
    assert kept["request_tags"] == "workflow:service-desk-triage,nightly"
    assert kept["metadata.project"] == "tickets"
    assert len(kept["user.hash"]) == 16
    assert "customer-7" not in kept.values()


def test_a_failed_request_is_a_failed_call() -> None:
    call = read(SAMPLE)[0][1]
    assert (call["status"], call["error_class"], call["reported_cost"]) == ("error", "RateLimitError", "0.0")
    assert call["first_token_time"] is None
    assert call["cache_hit"] is None


def test_what_the_gateway_answered_itself_has_no_tokens_to_price() -> None:
    call = read(SAMPLE)[0][2]
    assert (call["cache_hit"], call["operation"]) == (True, "embeddings")
    assert call["input_uncached"] is None
    assert call["identity_holds"] is None


def test_messages_never_reach_the_ledger(tmp_path: Path) -> None:
    secret = "the-patient-is"
    call = one(
        tmp_path,
        messages=[{"role": "user", "content": secret}],
        response={"content": secret},
        proxy_server_request={"body": secret},
        metadata={"spend_logs_metadata": {"prompt_text": secret, "last_message": secret}},
    )
    assert secret not in repr(call)


@pytest.mark.parametrize("prompt", [12_307, 3])
def test_cache_writes_are_not_paid_twice_litellm_9812(tmp_path: Path, prompt: int) -> None:
    """3 uncached, 12,304 written, 550 out: 0.054399 USD was right, 0.091311 was seen. Old versions left the writes out."""
    call = one(tmp_path, **usage(prompt, 550, cache_creation_input_tokens=12_304, cache_read_input_tokens=0))
    assert (call["input_uncached"], call["cache_write_5m"], call["cache_read"], call["output"]) == (3, 12_304, 0, 550)
    assert call["identity_holds"] is (prompt == 12_307)


def test_long_lived_writes_and_audio_are_told_apart(tmp_path: Path) -> None:
    details = {"audio_tokens": 50, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 200}}
    call = one(tmp_path, **usage(1000, 80, cache_creation_input_tokens=300, prompt_tokens_details=details))
    assert (call["input_uncached"], call["cache_write_5m"], call["cache_write_1h"], call["audio_input"]) == (650, 100, 200, 50)
    assert call["identity_holds"] is True


def test_rows_against_the_dialect_are_marked(tmp_path: Path) -> None:
    path = tmp_path / "odd.jsonl"
    odd = {**RECORDS[0], **usage(3, 550, cache_creation_input_tokens=12_304)}
    path.write_text("\n".join(json.dumps(record) for record in (RECORDS[0], odd)) + "\n")
    assert [call["identity_holds"] for call in read(path)[0]] == [True, False]


def test_tables_arrays_and_lines_say_the_same(tmp_path: Path) -> None:
    table, array = tmp_path / "logs.csv", tmp_path / "logs.json"
    with table.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(RECORDS[0]))
        writer.writeheader()
        for record in RECORDS:
            cells = {name: json.dumps(value) if isinstance(value, dict | list) else value for name, value in record.items()}
            writer.writerow(cells)
    array.write_text(json.dumps(RECORDS, indent=2))
    assert read(table)[0] == read(array)[0] == read(SAMPLE)[0]
    assert recognise(table, None).name == recognise(array, None).name == "litellm_logs"


def test_rows_that_can_not_be_read_are_rejects(tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    bad: list[dict[str, Any]] = [{"startTime": None}, {"startTime": "yesterday"}, {"prompt_tokens": -5}, {"spend": "free"}]
    lines = [json.dumps({**RECORDS[0], **change}) for change in bad]
    path.write_text("\n".join([json.dumps(RECORDS[0]), *lines, "{broken", "[1]"]) + "\n")
    rows, load = read(path)
    assert len(rows) == 1
    assert [reject.row for reject in load.rejects] == [2, 3, 4, 5, 6, 7]
    assert [reject.column for reject in load.rejects][:4] == ["startTime", "startTime", "prompt_tokens", "spend"]


def test_a_document_cut_short_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.json"
    path.write_text(json.dumps(RECORDS, indent=1)[:-40])
    with pytest.raises(DataError, match="can't be read"):
        read(path)


def test_an_overlong_line_is_a_reject_and_the_next_is_read(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    record = json.dumps(RECORDS[0])
    path.write_text(record + "\n" + '{"request_id":"' + "x" * (17 << 20) + '"}\n' + record + "\n")
    rows, load = read(path)
    assert len(rows) == 2
    assert [reject.row for reject in load.rejects] == [2]
