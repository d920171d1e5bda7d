"""`finops traces`: runs at their share of the bill, trees whose parts add up, errors that help."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from tests.conftest import Ran
from tests.steps.costs.test_waste import COST, Run, ingested

Finops = Callable[..., Ran]


def test_the_dearest_runs_and_their_trees_agree(sample: Finops) -> None:
    ran = sample("traces", "--last", "120d", "--top", "3", "-f", "json")
    assert ran.code == 0, ran.err
    runs = ran.json["rows"]
    assert runs[0]["workflow"] == "trip-planning"
    assert runs[0]["bottleneck"] == "model"
    assert "calls" in runs[0]["dear"]
    for run in runs:
        answer = sample("traces", "--run", run["run"], "-f", "json").json
        steps = answer["rows"]
        assert Decimal(answer["totals"][0]["cost"]) == Decimal(run["cost"])
        assert sum(Decimal(step["cost"]) for step in steps if step["cost"] is not None) == Decimal(run["cost"])
        assert sum(Decimal(step["cost_below"]) for step in steps if step["depth"] == 0) == Decimal(run["cost"])
        assert abs(sum(step["path_seconds"] for step in steps) - run["seconds"]) < 0.001 * len(steps)
        assert abs(sum(answer["meta"]["time_by_kind"].values()) - run["seconds"]) < 0.01


def test_runs_add_up_to_what_their_models_cost(sample: Finops) -> None:
    """The runs of a workflow are together its share of the provider's bill; a run at midnight may fall to either side."""
    runs = sample("traces", "--month", "2026-10", "--top", "1000", "--where", "workflow=quote-approval", "-f", "json").json[
        "rows"
    ]
    assert len(runs) < 1000
    cost = sample("cost", "--by", "model", "--where", "workflow=quote-approval", "--month", "2026-10", "-f", "json").json["rows"]
    of_models = sum(Decimal(row["cost"]) for row in cost if row["model"])
    assert abs(sum(Decimal(run["cost"]) for run in runs) / of_models - 1) < Decimal("0.005")


def test_a_run_without_a_bill_is_estimated_at_list(finops: Finops) -> None:
    ingested(finops, Run(1).chat().tool("search", "{}").chat(failed=True))
    ran = finops("traces", "--run", f"{1:032x}", "--as-of", "2026-10-20", "-f", "json")
    steps = ran.json["rows"]
    assert [step["depth"] for step in steps] == [0, 1, 1, 1]
    assert [step["kind"] for step in steps] == ["own work", "model", "external API", "model"]
    assert steps[0]["cost"] is None
    assert Decimal(steps[0]["cost_below"]) == 2 * COST
    assert ran.json["totals"][0]["cost"] == str(2 * COST).rstrip("0")


def test_a_table_shows_the_tree(finops: Finops) -> None:
    ingested(finops, Run(1).chat())
    ran = finops("traces", "--run", f"{1:032x}", "--as-of", "2026-10-20")
    assert "· chat" in ran.out
    assert "it waited for" in ran.out + ran.err


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--run", "nobody"), 1, "no run `nobody`"),
        (("--run", "x", "--last", "3d"), 2, "nothing narrows it"),
        (("--where", "colour=red"), 2, "runs have no `colour`"),
    ],
)
def test_errors(sample: Finops, given: tuple[str, ...], code: int, said: str) -> None:
    ran = sample("traces", *given)
    assert ran.code == code
    assert said in ran.err
