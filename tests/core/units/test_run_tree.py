"""Trees of runs: times on the path add up to the run, costs add up to the root, odd parents make roots."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.core.units.run_tree import Step, tree


@st.composite
def runs(draw: st.DrawFn) -> list[Step]:
    number = draw(st.integers(1, 12))
    steps = []
    for i in range(number):
        start = draw(st.integers(0, 100))
        parent = draw(st.none() | st.integers(0, number + 1).map(str))
        cost = draw(st.none() | st.integers(0, 1000).map(lambda n: Decimal(n) / 1000))
        operation = draw(st.sampled_from(("inference", "tool", "retrieval", "agent", "other")))
        currency = draw(st.sampled_from(("EUR", "USD")))
        steps.append(Step(str(i), parent, operation, "x", start, start + draw(st.integers(0, 60)), cost, currency))
    return steps


@given(runs(), st.randoms(use_true_random=False))
def test_times_and_costs_add_up_in_any_order(steps: list[Step], shuffle: object) -> None:
    made = tree(steps)
    assert made is not None
    assert sorted(node.step.key for node in made.nodes) == sorted(step.key for step in steps)
    assert sum(node.path_time for node in made.nodes) + made.waited == made.end - made.start
    assert sum(made.time_by_kind().values()) == made.end - made.start
    assert all(0 <= node.own_time <= node.step.end - node.step.start for node in made.nodes)
    for currency in ("EUR", "USD"):
        roots = [node.costs_below.get(currency, Decimal(0)) for node in made.nodes if node.depth == 0]
        own = [step.cost for step in steps if step.cost is not None and step.currency == currency]
        assert sum(roots, Decimal(0)) == sum(own, Decimal(0))
    again = tree(steps[::-1])
    assert again is not None
    assert [(n.step, n.depth, n.path_time) for n in again.nodes] == [(n.step, n.depth, n.path_time) for n in made.nodes]


def test_the_path_takes_the_branch_that_ends_last() -> None:
    made = tree(
        [
            Step("root", None, "agent", "plan", 0, 100),
            Step("slow", "root", "inference", "chat", 10, 90),
            Step("quick", "root", "retrieval", "search", 10, 40),
            Step("after", "root", "tool", "post_to_queue", 92, 99),
        ]
    )
    assert made is not None
    assert {node.step.key: node.path_time for node in made.nodes} == {"root": 13, "slow": 80, "quick": 0, "after": 7}
    assert made.time_by_kind() == {"own work": 13, "model": 80, "queue": 7}
    assert made.bottleneck() == "model"


def test_a_child_that_outlives_its_parent_is_waited_for() -> None:
    made = tree([Step("root", None, "workflow", "w", 0, 10), Step("late", "root", "tool", "human_review", 5, 60)])
    assert made is not None
    assert (made.end, made.bottleneck()) == (60, "human")
    assert [node.own_time for node in made.nodes] == [5, 55]


def test_circles_and_strangers_become_roots() -> None:
    made = tree([Step("a", "b", "tool", "x", 0, 5), Step("b", "a", "tool", "y", 0, 5), Step("c", "gone", "tool", "z", 1, 2)])
    assert made is not None
    assert len(made.nodes) == 3
    assert tree([]) is None
