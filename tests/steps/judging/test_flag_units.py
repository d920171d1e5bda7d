"""How the cost of a workflow falls on its runs: nothing is lost, and runs are told apart by what their calls cost."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.steps.judging.flag_units import Unit, units

DAY = date(2026, 3, 1)
SETTLED = {"w": DAY, "__untagged__": DAY}
UNTAGGED = "__untagged__"


def runs(agent: str, lists: list[int | None], *, accepted: int = 0, weight: int = 1, workflow: str = "w") -> dict[str, Any]:
    """Judged runs of one day, with the list cost of each in millionths."""
    priced = [amount for amount in lists if amount is not None]
    return {
        "workflow": workflow,
        "agent": agent,
        "lead": agent,
        "run_day": DAY,
        "runs": len(lists),
        "known": len(lists),
        "accepted": accepted,
        "weight": 1_000 * weight * len(lists),
        "priced": len(priced),
        "list_weighted": 1_000 * weight * sum(priced),
        "known_priced": len(priced),
        "known_list": sum(priced),
        "known_squares": sum(amount * amount for amount in priced),
        "calls": 0,
        "tokens": 0,
    }


def cost(agent: str, amount: str, models: str | None = None, workflow: str = "w") -> dict[str, Any]:
    paid = None if models is None else Decimal(models)
    return {"workflow": workflow, "agent": agent, "cost": Decimal(amount), "model_cost": paid}


def by_agent(found: list[Unit]) -> dict[str, Unit]:
    return {unit.agent: unit for unit in found}


def mean(unit: Unit) -> float:
    assert unit.run_cost is not None
    return unit.run_cost.mean


amounts = st.integers(0, 10**15).map(lambda n: Decimal(n) / 10**12)
lists = st.lists(st.one_of(st.none(), st.integers(0, 10**9)), min_size=1, max_size=20)


@given(st.lists(lists, min_size=1, max_size=5), amounts, amounts)
def test_leads_share_all_cost_of_their_workflow(work: list[list[int | None]], models: Decimal, rest: Decimal) -> None:
    rows = [runs(f"a{i}", own) for i, own in enumerate(work)]
    found = units(rows, [], [cost("a0", str(models + rest), str(models)), cost(UNTAGGED, "1")], SETTLED)
    leads = [unit for unit in found if unit.role == "leads"]
    totals = [unit.run_cost.total for unit in leads if unit.run_cost]
    assert len(totals) == len(work)
    assert abs(sum(totals) - (models + rest + 1)) <= Decimal("1e-10")
    assert all(total >= 0 for total in totals)


def test_model_cost_follows_list_cost_and_the_rest_falls_evenly() -> None:
    found = by_agent(units([runs("a", [1_000_000] * 4), runs("b", [3_000_000] * 4)], [], [cost("a", "16", "8")], SETTLED))
    assert mean(found["a"]) == pytest.approx(1 + 0.5)  # 8 for models of 16 at list price: half; and 8 over 8 runs
    assert mean(found["b"]) == pytest.approx(1 + 1.5)


def test_spread_is_that_of_the_part_that_follows_calls() -> None:
    unit = by_agent(units([runs("a", [1_000_000, 3_000_000])], [], [cost("a", "8", "4")], SETTLED))["a"]
    assert unit.run_cost is not None
    assert unit.run_cost.cv == pytest.approx(2**0.5 / 4)


def test_runs_without_priced_calls_cost_the_average() -> None:
    unit = by_agent(units([runs("gpu", [None] * 5)], [], [cost("gpu", "20")], SETTLED))["gpu"]
    assert unit.run_cost is not None
    assert (unit.run_cost.mean, unit.run_cost.cv) == (4.0, None)


def test_runs_left_out_by_sampling_bear_their_cost() -> None:
    unit = by_agent(units([runs("a", [2_000_000] * 10, weight=20)], [], [cost("a", "400", "400")], SETTLED))["a"]
    assert mean(unit) == pytest.approx(2.0)
    assert unit.tally.settled_runs == 200


def test_cost_that_names_no_workflow_goes_where_the_agent_works() -> None:
    stray = cost("a", "30", workflow=UNTAGGED)
    found = units([runs("a", [None] * 10)], [], [stray], SETTLED)
    assert [(unit.workflow, mean(unit)) for unit in found] == [("w", 3.0)]
    both = units([runs("a", [None] * 10), runs("a", [None] * 10, workflow="v")], [], [stray], {**SETTLED, "v": DAY})
    assert [(unit.workflow, unit.role, unit.run_cost) for unit in both] == [
        (UNTAGGED, "no runs", None),
        ("v", "leads", None),
        ("w", "leads", None),
    ]


def test_cost_of_nobody_is_not_laid_on_runs_without_a_workflow() -> None:
    rows = [runs("a", [None] * 10, workflow=UNTAGGED)]
    found = units(rows, [], [cost("a", "30", workflow=UNTAGGED), cost(UNTAGGED, "970", workflow=UNTAGGED)], SETTLED)
    assert [mean(unit) for unit in found] == [3.0]
