"""LiteLLM's roll-ups by day: checks beside the calls, whichever of the tables tells of them; nothing of them costs."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from finops.sources import source
from finops.sources.base import Load
from finops.sources.detect import recognise
from tests.kits.source_kit import loads

SAMPLE = Path(__file__).parent / "samples/litellm_rollups/daily-team-spend.csv"

METRICS = {
    **{"spend": 0.0177, "prompt_tokens": 111, "completion_tokens": 1711, "total_tokens": 1822, "api_requests": 11},
    **{"successful_requests": 10, "failed_requests": 1, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 0},
}


def read(path: Path) -> tuple[list[dict[str, Any]], Load]:
    assert recognise(path, None).name == "litellm_rollups"
    ((load, rows),) = loads(source("litellm_rollups"), path)
    assert rows is not None
    return rows, load


def values(rows: list[dict[str, Any]], signal: str, **labels: str) -> list[float]:
    return [row["value"] for row in rows if row["signal"] == signal and labels.items() <= dict(row["labels"]).items()]


def test_a_table_becomes_samples_of_its_day_and_basis() -> None:
    rows, load = read(SAMPLE)
    assert {row["time"] for row in rows} == {datetime(2026, 10, 2)}
    assert {dict(row["labels"])["by"] for row in rows} == {"team"}
    assert values(rows, "gateway_tokens", model="gpt-4o", token_class="input_uncached", team="acme") == [8_000]
    assert values(rows, "gateway_tokens", model="gpt-4o", token_class="cache_read") == [4_000]
    assert values(rows, "gateway_requests", model="gpt-4o", outcome="failed") == [1]
    assert values(rows, "gateway_cost_usd") == [0.034, 0.0255]
    assert load.notes == [
        "LiteLLM counts 0.0595 USD by team: a check beside the calls of its spend logs, no cost of its own",
    ]
    assert set(source("litellm_rollups").contracts) == {"sample"}


def test_persons_are_not_named(tmp_path: Path) -> None:
    path = tmp_path / "daily-user-spend.csv"
    path.write_text(SAMPLE.read_text().replace("team_id", "user_id").replace("acme", "quentin"))
    rows, load = read(path)
    assert {dict(row["labels"])["by"] for row in rows} == {"user"}
    assert "quentin" not in repr(rows)
    assert "0.0595 USD by user" in load.notes[0]


def test_an_answer_of_the_proxy_counts_each_model_of_a_day_once(tmp_path: Path) -> None:
    whole = {"metrics": METRICS, "metadata": {}}
    breakdown = {"models": {"gpt-4o-mini": whole}, "providers": {"openai": whole}, "api_keys": {"k": whole}}
    second = {"date": "2026-10-03", "metrics": METRICS, "breakdown": {}}
    answer = {"results": [{"date": "2026-10-02", "metrics": METRICS, "breakdown": breakdown}, second], "metadata": {"page": 1}}
    path = tmp_path / "activity.json"
    path.write_text(json.dumps(answer))
    rows, load = read(path)
    assert values(rows, "gateway_tokens", token_class="output") == [1711, 1711]
    assert values(rows, "gateway_cost_usd", model="gpt-4o-mini") == [0.0177]
    assert "0.0354 USD by model" in load.notes[0]


def test_what_can_not_be_read_is_a_reject(tmp_path: Path) -> None:
    path = tmp_path / "daily.csv"
    path.write_text(SAMPLE.read_text().replace("2026-10-02,88dc28", "yesterday,88dc28").replace("0.0255", "much"))
    rows, load = read(path)
    assert rows == []
    assert [(reject.row, reject.column) for reject in load.rejects] == [(1, "date"), (2, "spend")]
