"""`finops drift`: the planted price change and nothing else; updates of model and prompt, before and after."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from finops.steps.detecting.drift_updates import update_rows
from tests.conftest import Ran
from tests.sources.test_otlp import document, span

if TYPE_CHECKING:
    from finops.ledger.store import Reader

Finops = Callable[..., Ran]
BEGIN = datetime(2026, 8, 20, 9, tzinfo=UTC)
DAYS, SWITCH = 75, 60
A_DAY = 40


def day_of(number: int) -> dict[str, Any]:
    """A day of 40 runs of one call and one retrieval; from the switch on another prompt, twice the output, slow retrieval."""
    spans, new = [], number >= SWITCH
    for run in range(A_DAY):
        start = int((BEGIN + timedelta(days=number, minutes=5 * run)).timestamp()) * 10**9
        own = {"traceId": f"{number * 1000 + run + 1:032x}", "startTimeUnixNano": str(start)}
        wobble = (run * 7 + number * 3) % 11
        usage = {
            "gen_ai.usage.input_tokens": 900 + 30 * wobble,
            "gen_ai.usage.output_tokens": (100 + 3 * wobble) * (2 if new else 1),
        }
        chat = {
            **{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.request.model": "gpt-4o"},
            **{"gen_ai.agent.name": "writer", "prompt.version": "4" if new else "3", "prompt.route": "answer", **usage},
        }
        ended = str(start + 2 * 10**9)
        spans.append(span(chat, spanId=f"{number * 1000 + run + 1:016x}", parentSpanId="", endTimeUnixNano=ended, **own))
        slow = start + (400 if new else 80) * 10**6
        found = {"gen_ai.operation.name": "retrieval", "gen_ai.agent.name": "writer"}
        other = f"{10**6 + number * 1000 + run + 1:016x}"
        parent = f"{number * 1000 + run + 1:016x}"
        spans.append(span(found, spanId=other, parentSpanId=parent, endTimeUnixNano=str(slow), **own))
    return document(*spans)


def test_the_planted_price_change_and_nothing_else(sample: Finops) -> None:
    truth = json.loads((Path(__file__).parents[3] / "sample_data" / "truth.json").read_text())["price_change"]
    ran = sample("drift", "--last", "120d", "-f", "json")
    assert ran.code == 0, ran.err
    (price,) = ran.json["rows"]
    assert (price["class"], price["path"], price["since"]) == ("price", f"model={truth['model']}", truth["date"])
    assert price["change"].startswith("input $5.00 → $4.00, output $30.0 → $20.0")
    days = (datetime.fromisoformat(price["last"]) - datetime.fromisoformat(price["since"])).days + 1
    assert abs(Decimal(price["effect"]) * days * Decimal("0.92") / -Decimal(truth["saved_since"]) - 1) < Decimal("0.01")


def test_an_update_is_told_with_what_it_changed(finops: Finops) -> None:
    Path("traces.jsonl").write_text("".join(json.dumps(day_of(number)) + "\n" for number in range(DAYS)))
    until = (BEGIN + timedelta(days=DAYS)).date().isoformat()
    assert finops("ingest", "traces.jsonl", "--as-of", until).code == 0
    ran = finops("drift", "--last", "40d", "--as-of", until, "-f", "json")
    assert ran.code == 0, ran.err
    since = (BEGIN + timedelta(days=SWITCH)).date().isoformat()
    drift, update = ran.json["rows"]
    assert (drift["since"], drift["class"], drift["path"]) == (since, "prompt", "agent=writer")
    assert drift["with"] == ["output_tokens", "cost_per_call", "retrieval_latency"]
    assert (update["since"], update["class"]) == (since, "update")
    assert "prompt answer@4: a run $0.0" in update["change"]
    assert "output tokens 115 → 230" in update["change"]
    low, effect, high = (Decimal(update[name]) for name in ("effect_low", "effect", "effect_high"))
    assert low <= Decimal("0.046") <= high, "40 calls a day, 115 tokens more at 10 USD a million"
    assert low <= effect <= high

    by_route = finops("drift", "--by", "route", "--last", "40d", "--as-of", until, "-f", "json").json["rows"]
    assert [(row["path"], row["class"], row["since"]) for row in by_route] == [
        ("route=answer", "prompt", since),
        ("route=answer", "update", since),
    ]
    assert finops("drift", "--by", "colour", "--as-of", until).code == 2


def test_updates_of_one_day_are_told_together_since_their_runs_are() -> None:
    class Nothing:
        def read(self, name: str, **_: object) -> list[dict[str, Any]]:
            return []

    calls = np.zeros((60, 3))
    calls[:30, 0] = 40
    calls[30:, 1:] = 20
    mixes = {("writer", "prompt"): (("old", "answer@2", "greet@2"), calls, None, "USD", 0)}
    window = {"first": BEGIN.date(), "end": BEGIN.date() + timedelta(days=60), "by": "agent"}
    (row,) = update_rows(cast("Reader", Nothing()), cast(Any, mixes), window, BEGIN.date())
    assert row["change"] == "prompt answer@2, greet@2: too few days to tell"


def test_no_tenant_and_no_workflow_drifts(sample: Finops) -> None:
    for by in ("tenant", "workflow", "route"):
        ran = sample("drift", "--by", by, "--last", "120d", "-f", "json")
        assert ran.code == 0, ran.err
        assert [row["class"] for row in ran.json["rows"]] == ["price"]


def test_too_few_calls_are_said(sample: Finops) -> None:
    ran = sample("drift", "--as-of", "2026-08-05")
    assert ran.code == 0
    assert "too few calls to judge" in ran.out
