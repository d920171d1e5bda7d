"""Actions on agents: each only where it surely saves, and the one that saves most."""

from __future__ import annotations

import numpy as np
import pytest

from finops.core.judging.left_out import Arm, added
from finops.core.judging.model_choice import ModelRuns
from finops.core.judging.portfolio import best, move, reprompt, retire, shrink, together
from finops.core.judging.value import Evidence, Margin, margins


def evidence(agent: str, accepted: int, *, runs: int = 100, cost: float = 0.1, value: float | None = 0.2) -> Evidence:
    return Evidence(agent, "work", runs, accepted, cost, 0.5, 300.0, value)


def margin_of(*those: Evidence) -> list[Margin]:
    found = margins(list(those))
    assert all(found)
    return [one for one in found if one is not None]


def test_retiring_saves_cost_less_value() -> None:
    (loses, pays) = margin_of(evidence("loses", 10), evidence("pays", 90))
    one = retire(loses)
    assert one is not None
    assert one.interval.middle == pytest.approx(300 * (0.1 - 0.2 * loses.success.middle), rel=0.05)
    assert best([one]) is one
    assert best([retire(pays), None]) is None
    (unvalued,) = margin_of(evidence("unvalued", 10, value=None))
    assert retire(unvalued) is None


def test_only_tenants_that_surely_lose_are_left() -> None:
    parts = margin_of(evidence("north", 95), evidence("south", 3), evidence("east", 5, runs=8))
    one = shrink([(part.evidence.agent, part) for part in parts])
    assert one is not None
    assert one.what == "stop it for south"
    assert shrink([("south", parts[1])]) is None, "that is to retire it"
    assert shrink([("north", parts[0])]) is None


def test_moving_saves_the_share_of_the_dearer_model() -> None:
    (own,) = margin_of(evidence("own", 70))
    dear, cheap = ModelRuns("work", "dear", 100, 70, 0.10, 0.3), ModelRuns("work", "cheap", 100, 72, 0.04, 0.3)
    one = move(own, 0.5, dear, cheap)
    assert one is not None
    assert one.interval.middle == pytest.approx(300 * 0.1 * 0.5 * 0.6, rel=0.1)
    assert one.interval.low < one.interval.middle < one.interval.high
    assert move(own, 0.5, dear, ModelRuns("work", "free", 100, 72, None)) is None


def test_tokens_of_peers_are_the_aim_unless_they_buy_quality() -> None:
    (own,) = margin_of(evidence("own", 70))
    peers = [900.0, 1_000.0, 1_100.0, 1_050.0]
    one = reprompt(own, 1.0, 2_000, peers, 0.7)
    assert one is not None
    assert one.interval.middle == pytest.approx(300 * 0.1 * 0.49, rel=0.1)
    assert reprompt(own, 1.0, 1_200, peers, 0.7) is None
    assert reprompt(own, 1.0, 2_000, peers[:2], 0.7) is None
    assert reprompt(own, 1.0, 2_000, peers, 0.3) is None


def test_savings_together_are_of_sums() -> None:
    actions = [retire(one) for one in margin_of(evidence("a", 5), evidence("b", 6), evidence("c", 7))]
    own = [one for one in actions if one is not None]
    whole = together(own)
    assert whole.middle == pytest.approx(sum(one.interval.middle for one in own))
    assert whole.high - whole.low < sum(one.interval.high - one.interval.low for one in own)


def test_what_an_agent_adds_needs_runs_on_both_sides_and_covers_the_truth() -> None:
    value = evidence("lead", 80, value=1.0)
    assert added("a", "work", Arm(100, 80, 0.2, 0.5), Arm(29, 10, 0.1, 0.5), 100.0, value) is None
    assert added("a", "work", Arm(100, 80, None, None), Arm(60, 10, 0.1, 0.5), 100.0, value) is None
    chance, inside = np.random.default_rng(4), 0
    for number in range(60):
        arms = [Arm(120, int(chance.binomial(120, rate)), cost, 0.5) for rate, cost in ((0.7, 0.3), (0.6, 0.1))]
        found = added(f"agent {number}", "work", arms[0], arms[1], 100.0, value)
        assert found is not None
        assert found.worth is not None
        inside += found.worth.low <= 0.1 <= found.worth.high
    assert 0.65 <= inside / 60 <= 0.95
