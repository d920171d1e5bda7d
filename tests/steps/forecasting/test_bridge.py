"""`finops bridge` on the sample company: it adds up for every pair of months, and the planted changes are where they belong."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from itertools import permutations
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]


def test_it_adds_up_for_every_pair_of_months_at_every_depth(sample: Finops) -> None:
    for first, second in [*permutations(("2026-08", "2026-09", "2026-10"), 2), ("2026-10", "2026-11")]:
        effects = set()
        for by in ("", "agent", "tenant,agent,workflow"):
            ran = sample("bridge", "--from", first, "--to", second, "--by", by, "-f", "json")
            assert ran.code == 0, ran.err
            (total,) = ran.json["totals"]
            assert sum(Decimal(row["effect"]) for row in ran.json["rows"]) == Decimal(total["change"])
            effects.add(total["change"])
        assert len(effects) == 1
        cost = sample("cost", "--by", "month", "--month", second, "--view", "incurred", "-f", "json").json
        if second != "2026-11":
            assert sum(Decimal(row["cost"]) for row in cost["rows"]) == Decimal(total["to_cost"])


def test_the_planted_changes_are_on_their_drivers(sample: Finops) -> None:
    ran = sample("bridge", "--from", "2026-08", "--to", "2026-09", "--by", "agent", "-f", "json").json
    by = {(row["agent"], row["driver"]): Decimal(row["effect"]) for row in ran["rows"]}
    assert [agent for agent, driver in by if driver == "list_price"] == ["contract-reviewer"]
    assert by["contract-reviewer", "list_price"] < -50
    spike = Decimal(json.loads((Path(__file__).parents[3] / "sample_data" / "truth.json").read_text())["spike"]["cost"])
    drafter = sum(by["answer-drafter", driver] for driver in ("runs", "tokens_per_call"))
    assert Decimal("0.8") * spike < drafter < Decimal("1.2") * spike
    loop = sample("bridge", "--to", "2026-10", "--by", "agent", "-f", "json").json["rows"]
    calls = next(Decimal(r["effect"]) for r in loop if (r["agent"], r["driver"]) == ("price-checker", "calls_per_run"))
    assert Decimal(100) < calls < Decimal(130)


def test_an_open_month_is_compared_by_as_many_days(sample: Finops) -> None:
    ran = sample("bridge", "--to", "2026-11")
    assert "days 1 to 20 of both months" in ran.out + ran.err
    assert sample("bridge", "--to", "2026-11", "-f", "json").json["meta"]["days"] == 20


def test_a_month_and_its_forecast_differ_by_what_was_not_expected(sample: Finops) -> None:
    ran = sample("bridge", "--from", "forecast", "--to", "2026-10", "--by", "agent", "-f", "json")
    assert ran.code == 0, ran.err
    (total,) = ran.json["totals"]
    assert sum(Decimal(row["effect"]) for row in ran.json["rows"]) == Decimal(total["change"])
    on_the_eve = sample("forecast", "--months", "1", "--as-of", "2026-09-30", "-f", "json").json["totals"]
    (told,) = [row for row in on_the_eve if row["period"] == "2026-10"]
    assert Decimal(total["from_cost"]) == Decimal(told["expected"])
    by = {(row["agent"], row["driver"]): Decimal(row["effect"]) for row in ran.json["rows"]}
    assert Decimal(100) < by["price-checker", "calls_per_run"] < Decimal(135)  # the planted loop
    assert abs(by.get(("__left__", "left"), Decimal(0))) < 5  # a fee of every month is expected


def test_the_forecast_of_an_open_month_is_of_its_days_so_far(sample: Finops) -> None:
    found = sample("bridge", "--from", "forecast", "--to", "2026-11", "-f", "json").json
    assert found["meta"]["days"] == 20
    assert abs(Decimal(found["totals"][0]["change"])) < Decimal(found["totals"][0]["to_cost"]) / 5


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--from", "2026-09", "--to", "2026-09"), 2, "does not differ from itself"),
        (("--to", "2027-01"), 2, "has not begun"),
        (("--from", "2020-01", "--to", "2026-09"), 1, "no cost is known for 2020-01"),
        (("--from", "forecast", "--to", "2026-07"), 1, "no cost before 30 Jun 2026 to forecast from"),
        (("--by", "colour"), 2, "can't be broken down by `colour`"),
    ],
)
def test_errors(sample: Finops, given: tuple[str, ...], code: int, said: str) -> None:
    ran = sample("bridge", *given)
    assert ran.code == code
    assert said in ran.err
