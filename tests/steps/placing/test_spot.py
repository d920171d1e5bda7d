"""`finops spot` on the price facts, on traces and on the sample company's bills."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.core.spot.job import Job, expected
from tests.conftest import Ran

Finops = Callable[..., Ran]
D = Decimal
AS_OF = ("--as-of", "2026-11-20")
G6 = ("spot", "g6.xlarge", "--region", "us-east-1", *AS_OF)


def answered(finops: Finops, *arguments: object) -> tuple[dict[str, dict[str, Any]], dict[str, Any]]:
    ran = finops(*arguments, "-f", "json", "-q")
    assert ran.code == 0, ran.err
    return {row["plan"]: row for row in ran.json["rows"]}, ran.json


def test_the_bill_is_the_closed_form_at_the_given_rate(finops: Finops) -> None:
    job = ("--work", "24h", "--restart", "12m", "--write", "3m", "--checkpoint", "1h", "--wait", "30m")
    rows, _ = answered(finops, *G6, *job, "--hazard", str(1 / 6))
    spot, full = rows["spot"], rows["on demand"]
    assert spot["billed_h"] == pytest.approx(28.473, abs=5e-4)
    assert spot["interruptions"] == pytest.approx(4.745, abs=1e-3)
    assert spot["makespan_h"] == pytest.approx(30.846, abs=1e-3)
    assert D(full["cost"]) == D("0.8048") * 24
    assert D(spot["cost"]) == pytest.approx(D("0.410448") * D("28.472908"), rel=D("1e-6"))
    assert spot["saving"] == pytest.approx(1 - float(D(spot["cost"]) / D(full["cost"])), abs=1e-6)
    assert D(spot["cost_p50"]) <= D(spot["cost_p95"])


def test_spot_wins_below_the_break_even_and_loses_above_it(finops: Finops) -> None:
    base = (*G6, "--work", "24h", "--checkpoint", "1h")
    bears = answered(finops, *base)[0]["spot"]["bears_per_hour"]
    assert answered(finops, *base, "--hazard", f"{bears * 0.99:.9f}")[0]["spot"]["saving"] > 0
    assert answered(finops, *base, "--hazard", f"{bears * 1.01:.9f}")[0]["spot"]["saving"] < 0


def test_machines_are_paid_each_and_taken_back_together(finops: Finops) -> None:
    rows, _ = answered(finops, *G6, "--work", "10h", "--nodes", "4", "--checkpoint", "1h", "--hazard", "0.05", "--wait", "0")
    form = expected(Job(10, 5 / 60, 1.0, 1 / 60, nodes=4), 0.05)
    assert rows["spot"]["billed_h"] == pytest.approx(form.billed_h, abs=1e-6)
    assert D(rows["spot"]["cost"]) == pytest.approx(D("0.410448") * 4 * D(str(form.billed_h)), rel=D("1e-9"))


def test_a_deadline_has_a_chance_and_the_sweep_raises_it(finops: Finops) -> None:
    ran = finops(*G6, "--work", "24h", "--deadline", "30h", "--checkpoint", "1h", "--sweep", "-f", "json")
    swept = [row for row in ran.json["rows"] if row["plan"] == "spot, swept"]
    late, costs = [row["late"] for row in swept], [D(row["cost"]) for row in swept]
    assert late == sorted(late)
    assert costs == sorted(costs)
    assert (late[0], late[-1]) == (pytest.approx(0, abs=0.01), 1)


def test_a_job_that_never_ends_says_so(finops: Finops) -> None:
    rows, document = answered(finops, *G6, "--work", "500h", "--checkpoint", "none", "--hazard", "5", "--deadline", "600h")
    assert (rows["spot"]["cost"], rows["spot"]["late"]) == (None, 1)
    assert any("never end" in note for note in document["meta"]["notes"])
    assert "cheapest plan in time is on demand" in document["meta"]["notes"][0]


def test_a_checkpoint_within_the_notice_loses_nothing_and_must_fit(finops: Finops) -> None:
    base = (*G6, "--work", "24h", "--hazard", "0.5", "--checkpoint", "notice")
    rows, _ = answered(finops, *base, "--write", "90s")
    assert rows["spot"]["checkpoint_h"] is None
    assert rows["spot"]["billed_h"] == pytest.approx(24 * (1 + 0.5 * 90 / 3600) + 24 * 0.0425, abs=0.02)
    ran = finops(*base, "--write", "3m")
    assert ran.code == 2
    assert "does not fit into a notice of 2" in ran.err


def test_a_commitment_is_weighed_against_spot(finops: Finops) -> None:
    rows, document = answered(finops, *G6, "--work", "24h", "--assume", "reserved_1y=37%,reserved_3y=60%", "--hazard", "0.01")
    assert D(rows["reserved_1y"]["hourly_price"]) == D("0.8048") * D("0.63")
    assert D(rows["reserved_3y"]["cost"]) < D(rows["spot"]["cost"]) < D(rows["reserved_1y"]["cost"])
    assert rows["reserved_3y"]["bears_per_hour"] is None
    notes = " ".join(document["meta"]["notes"])
    assert "Against reserved_3y with all of its hours used, spot never pays. At the rate taken it pays where less than" in notes
    assert "cheapest plan is spot" in notes, "a term of years is no plan for a day"
    assert finops(*G6, "--assume", "forever=10%").code == 2


def test_policies_are_replayed_along_a_trace(finops: Finops, tmp_path: Path) -> None:
    flips = [f"{hour},{1 if hour % 8 < 6 else 0}" for hour in range(0, 97)]
    (tmp_path / "trace.csv").write_text("\n".join(["hours,available", *flips]), encoding="utf-8")
    base = (*G6, "--work", "20h", "--hazard", "trace", "--trace", "trace.csv")
    rows, document = answered(finops, *base, "--deadline", "40h")
    full, spot = D(rows["on demand"]["cost"]), D("0.410448") * 20
    for policy in ("greedy", "uniform progress"):
        assert spot < D(rows[policy]["cost"]) < full
        assert rows[policy]["late"] == 0
    assert document["meta"]["hazard"] == "trace"
    assert "12 removals in 72 machine-hours" in document["meta"]["hazard_words"]
    assert any("need `--deadline`" in note for note in answered(finops, *base)[1]["meta"]["notes"])


def test_the_rate_of_the_own_bills_has_its_posterior(sample: Finops) -> None:
    """The sample's one spot node was taken back three times in 1,568 hours, and planted 49 % under on-demand."""
    rows, document = answered(sample, "spot", "g6.xlarge", "--region", "us-east-1", "--hazard", "history")
    meta = document["meta"]
    assert (meta["hazard"], meta["hazard_per_hour"]) == ("history", pytest.approx(3.5 / 1568, abs=1e-9))
    assert meta["hazard_deviation"] == pytest.approx(3.5**0.5 / 1568, abs=1e-9)
    assert "3 interruptions in 1,568 hours" in meta["hazard_words"]
    assert rows["spot"]["saving"] == pytest.approx(0.49, abs=0.01)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("spot", "g6.xlarg"), 1, "did you mean `g6.xlarge`?"),
        (("spot", "g6.xlarge", "--region", "us-east-11"), 1, "did you mean `us-east-1`?"),
        (("spot", "g6.xlarge", "--work", "24"), 2, "not a duration"),
        (("spot", "g6.xlarge", "--hazard", "often"), 2, "no rate of interruptions"),
        (("spot", "g6.xlarge", "--hazard", "3/0"), 2, "no rate of interruptions"),
        (("spot", "g6.xlarge", "--hazard", "nan"), 2, "no rate of interruptions"),
        (("spot", "g6.xlarge", "--trace", "absent.csv"), 2, "can't be read"),
    ],
)
def test_mistakes_are_told(finops: Finops, arguments: tuple[str, ...], code: int, said: str) -> None:
    ran = finops(*arguments, *AS_OF)
    assert ran.code == code
    assert said in ran.err
