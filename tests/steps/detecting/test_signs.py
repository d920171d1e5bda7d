"""`finops anomalies` tells loops, copies and failing calls on the first day, without any history."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.conftest import Ran
from tests.steps.costs.test_waste import Run, ingested

Finops = Callable[..., Ran]
DAY = "2026-10-02"


def told(finops: Finops, *more: str) -> list[dict[str, Any]]:
    ran = finops("anomalies", "--as-of", "2026-10-03", "-f", "json", *more)
    assert ran.code == 0, ran.err
    return list(ran.json["rows"])


def test_a_loop_is_told_on_its_first_day(finops: Finops) -> None:
    run = Run(1).chat()
    for _ in range(20):
        run.tool("search", '{"q": "fare"}').chat()
    ingested(finops, run, Run(2, "reader").chat())
    (loop,) = told(finops)
    assert (loop["class"], loop["path"], loop["opened"], loop["status"]) == ("loop", "agent=writer", DAY, "open")
    assert Decimal(loop["excess"]) == 19 * Decimal("0.0035")
    assert loop["cause"] == "19 needless calls"


def test_identical_prompts_and_failing_calls_are_told_and_usual_calls_are_not(finops: Finops) -> None:
    copies, failing, usual = Run(1, "parrot"), Run(2, "clumsy"), Run(3, "usual")
    for number in range(30):
        copies.chat(prompt_hash="same")
        failing.chat(failed=number % 3 < 2)
        usual.chat(failed=number % 10 == 0)
    ingested(finops, copies, failing, usual)
    found = {row["path"]: row for row in told(finops)}
    assert "agent=usual" not in found
    assert found["agent=clumsy"]["cause"] == "20 of 30 calls failed"
    assert found["agent=parrot"]["cause"] == "29 of 30 calls repeat a prompt"
    assert [row["class"] for row in told(finops)] == ["copies", "errors"]


def test_the_sample_s_loop_costs_what_it_costs_and_the_flood_is_abuse(sample: Finops) -> None:
    truth = json.loads((Path(__file__).parents[3] / "sample_data" / "truth.json").read_text())
    loop, spike = sample("anomalies", "--last", "120d", "-f", "json").json["rows"]
    assert (loop["class"], spike["class"]) == ("loop", "abuse")
    assert Decimal(loop["excess"]) == Decimal(truth["retry_loop"]["cost"])
    assert loop["closed"] == truth["retry_loop"]["to"]
    early = sample("anomalies", "--as-of", "2026-10-12", "-f", "json").json["rows"]
    assert [(row["class"], row["status"]) for row in early if row["opened"] == "2026-10-12"] == [("loop", "open")]
