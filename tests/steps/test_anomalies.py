"""`finops anomalies` on the sample company: the two planted incidents, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from tests.conftest import Ran

Finops = Callable[..., Ran]


def test_the_planted_incidents_and_nothing_else(sample: Finops) -> None:
    truth = json.loads((Path(__file__).parents[2] / "sample_data" / "truth.json").read_text())
    ran = sample("anomalies", "--last", "120d", "-f", "json")
    assert ran.code == 0, ran.err
    loop, spike = ran.json["rows"]
    assert (loop["opened"], loop["path"]) == (truth["retry_loop"]["from"], "agent=price-checker")
    assert loop["driver"].startswith("calls_per_run +$")
    assert (spike["opened"], spike["closed"]) == (truth["spike"]["from"], truth["spike"]["to"])
    assert spike["path"] == "tenant=bluefin-bank / workflow=service-desk-triage"
    assert spike["driver"].startswith("runs +$")
    assert abs(Decimal(spike["excess"]) / Decimal(truth["spike"]["cost"]) - 1) < Decimal("0.05")


def test_state_follows_the_business_date(sample: Finops) -> None:
    during = sample("anomalies", "--as-of", "2026-09-25", "-f", "json").json["rows"]
    assert [(row["opened"], row["closed"], row["status"]) for row in during] == [("2026-09-22", None, "grown")]
    after = sample("anomalies", "--as-of", "2026-10-03", "-f", "json").json["rows"]
    assert [(row["opened"], row["closed"], row["status"]) for row in after] == [("2026-09-22", "2026-09-24", "resolved")]


def test_too_little_history_is_said(sample: Finops) -> None:
    ran = sample("anomalies", "--as-of", "2026-08-05")
    assert ran.code == 0
    assert "too few to tell what is usual" in ran.out + ran.err
