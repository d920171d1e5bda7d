"""Outcomes of one run from many places: evaluations, scores, end states and minutes of review, in any order."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
RUN = "5b8efff798038103d269b633813fc60c"
AT = 1_790_812_800_000_000_000  # 2026-10-01T00:00:00Z
RUNS = "SELECT run_id, accepted, value, human_minutes FROM fct_run"
CONFIG = '[[workflow]]\nname = "w"\nevaluators = ["reviewer", "judge", "helpful"]\n'


def attribute(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def write(folder: Path) -> list[str]:
    span = {"traceId": RUN, "spanId": "eee19b7ec3c1b174", "name": "session", "startTimeUnixNano": str(AT)}
    span |= {"endTimeUnixNano": str(AT + 60 * 10**9)}
    span["attributes"] = [
        attribute("gen_ai.operation.name", "invoke_agent"),
        attribute("gen_ai.workflow.name", "w"),
        attribute("agentops.session.end_state", "Success"),
    ]
    (folder / "traces.json").write_text(json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}))
    record = {"eventName": "gen_ai.evaluation.result", "traceId": RUN, "timeUnixNano": str(AT + 3600 * 10**9)}
    record["attributes"] = [attribute("gen_ai.evaluation.name", "judge"), attribute("gen_ai.evaluation.score.label", "fail")]
    (folder / "logs.json").write_text(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}))
    scores = [
        {"id": "1", "traceId": RUN, "name": "helpful", "value": 1, "dataType": "BOOLEAN", "timestamp": "2026-10-02T00:00:00Z"},
        {
            "id": "2",
            "traceId": RUN,
            "name": "review_minutes",
            "value": 1.5,
            "dataType": "NUMERIC",
            "timestamp": "2026-10-02T00:00:00Z",
        },
    ]
    (folder / "scores.jsonl").write_text("".join(json.dumps(score) + "\n" for score in scores))
    (folder / "minutes.csv").write_text(
        f"run_id,reviewer,review_minutes,reviewed_at\n{RUN},reviewer,4,2026-10-03\n{RUN},reviewer,0.5,2026-10-03\n{RUN},x,-1,2026-10-03\n"
    )
    return ["traces.json", "logs.json", "scores.jsonl", "minutes.csv"]


def test_evaluators_decide_in_order_and_minutes_add_up(finops: Finops, tmp_path: Path) -> None:
    files = write(tmp_path)
    (tmp_path / "finops.toml").write_text(CONFIG)
    ran = finops("ingest", *files, "-f", "json")
    assert ran.code == 1, "a row is rejected"
    assert {row["path"]: (row["source"], row["rows"], row["rejected"]) for row in ran.json["rows"]} == {
        "logs.json": ("otlp_logs", 1, 0),
        "minutes.csv": ("outcomes", 2, 1),
        "scores.jsonl": ("langfuse", 2, 0),
        "traces.json": ("otlp", 1, 0),
    }
    judged = [{"run_id": RUN, "accepted": False, "value": None, "human_minutes": "6"}]
    assert finops("query", RUNS, "-f", "json").json["rows"] == judged, (
        "the judge comes before the score, the reviewer says nothing"
    )
    (tmp_path / "verdict.csv").write_text(f"run_id,accepted,evaluator,time\n{RUN},true,reviewer,2026-10-01T12:00:00Z\n")
    finops("ingest", "verdict.csv")
    assert finops("query", RUNS, "-f", "json").json["rows"] == [judged[0] | {"accepted": True}]


@pytest.mark.parametrize("order", list(permutations(range(3)))[1:4])
def test_the_order_of_files_changes_nothing(finops: Finops, tmp_path: Path, order: tuple[int, ...]) -> None:
    files = write(tmp_path)
    for at in order:
        assert finops("ingest", files[at + 1], "--no-build").code == (1 if "minutes" in str(files[at + 1]) else 0)
    assert finops("ingest", files[0]).code == 0
    (row,) = finops("query", RUNS, "-f", "json").json["rows"]
    assert (row["accepted"], row["human_minutes"]) == (True, "6"), "without an order the latest verdict stands"
