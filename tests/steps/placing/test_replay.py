"""`finops place WORKFLOW --replay MONTH` on the sample company."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from tests.conftest import Ran

D = Decimal


def test_a_month_on_its_own_model_costs_what_it_cost(sample: Callable[..., Ran]) -> None:
    """All calls of quote-approval are of gpt-4o: priced anew on it they cost the same, to the last digit."""
    ran = sample("place", "quote-approval", "--replay", "2026-10", "-f", "json")
    assert ran.code == 0, ran.err
    rows = ran.json["rows"]
    (called,) = [row for row in rows if row["today"]]
    same = next(row for row in rows if row["model"] == "gpt-4o" and not row["today"])
    assert (same["monthly_cost"], same["calls"], same["saving"]) == (called["monthly_cost"], called["calls"], "0")
    told = sample(
        "query",
        "SELECT sum(list_cost * CAST(sampling_weight AS DECIMAL(18, 6))) AS cost FROM fct_call WHERE counted AND workflow = "
        "'quote-approval' AND operation = 'inference' AND start_time >= '2026-10-01' AND start_time < '2026-11-01'",
        "-f", "json",
    )  # fmt: skip
    assert D(called["monthly_cost"]) == D(told.json["rows"][0]["cost"])
    assert 0 < same["success_low"] < same["success_rate"] < same["success_high"] < 1
    other = next(row for row in rows if row["model"] == "gpt-4o-mini")
    assert D(other["monthly_cost"]) < D(called["monthly_cost"])
    assert (other["judged_runs"], other["success_rate"]) == (0, None)
    assert other["reason"] == "no outcome tells of its quality at this work"
    assert "no outcome tells of its quality" in ran.json["meta"]["notes"][0]


def test_candidates_can_be_named_and_mistakes_are_told(sample: Callable[..., Ran]) -> None:
    ran = sample(
        "place", "contract-review", "--replay", "2026-10", "--to", "claude-sonnet-4-5,text-embedding-3-small", "-f", "json"
    )
    rows = {row["model"]: row for row in ran.json["rows"] if not row["today"]}
    assert rows["claude-sonnet-4-5"]["provider"] == "anthropic"
    assert rows["claude-sonnet-4-5"]["feasible"]
    assert (rows["text-embedding-3-small"]["feasible"], rows["text-embedding-3-small"]["monthly_cost"]) == (False, None)
    for arguments, code, said in (
        (("nothing", "--replay", "2026-10"), 1, "workflows with calls are contract-review,"),
        (("contract-review", "--replay", "2026-10", "--to", "gpt-nope"), 2, "no price is known of a model `gpt-nope`"),
        (("contract-review", "--replay", "october"), 2, "write it as 2026-10"),
        (("contract-review", "--to", "gpt-4o"), 2, "add --replay"),
    ):
        ran = sample("place", *arguments)
        assert (ran.code, said in ran.err) == (code, True), ran.err
