"""Priors, margins and verdicts on evidence whose answer is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.judging.prior import STRONGEST, BetaPrior, pooled_cv, prior_of_peers, shrunk_cv
from finops.core.judging.value import Evidence, Margin, loss_interval, margins, seed_of, together
from finops.core.judging.verdicts import FALSE_SHARE, FEWEST_RUNS, Candidate, decided, depends_on_value

LOSING = Evidence("loser", "w", 400, 100, cost=1.0, cost_cv=0.5, monthly_runs=200, value=2.0, value_low=1.5, value_high=2.5)
counts = st.lists(st.tuples(st.integers(1, 500), st.floats(0, 1)), min_size=1, max_size=30)


def only(evidence: Evidence) -> Margin:
    found = margins([evidence])[0]
    assert found is not None
    return found


def verdict(evidence: Evidence, *, spend: float = 100.0, total: float = 100.0, days: int = 90, exempt: bool = False) -> str:
    return decided([Candidate(margins([evidence])[0], spend, days, exempt)], total)[0].verdict


def test_posterior_as_published() -> None:
    assert BetaPrior(40, 60).posterior_mean(4, 20) == pytest.approx(44 / 120)
    assert BetaPrior(40, 60).posterior_mean(0, 0) == pytest.approx(0.4)


def test_prior_is_found_again_from_peers_drawn_from_it() -> None:
    generator = np.random.default_rng(7)
    runs = generator.integers(50, 2_000, 2_000)
    accepted = generator.binomial(runs, generator.beta(8, 12, 2_000))
    prior = prior_of_peers(list(zip(accepted.tolist(), runs.tolist(), strict=True)))
    assert prior.strength == pytest.approx(20, rel=0.1)
    assert prior.a / prior.strength == pytest.approx(0.4, abs=0.01)


def test_peers_that_agree_weigh_no_more_than_the_strongest() -> None:
    assert prior_of_peers([(50, 100)] * 20).strength == STRONGEST
    assert prior_of_peers([(50, 100)]) == BetaPrior(0.5, 0.5)
    assert prior_of_peers([]) == BetaPrior(0.5, 0.5)


@given(counts)
def test_any_peers_give_a_proper_prior(peers: list[tuple[int, float]]) -> None:
    prior = prior_of_peers([(round(n * rate), n) for n, rate in peers])
    assert prior.a > 0
    assert prior.b > 0
    assert 1 <= prior.strength <= STRONGEST + 1e-9


def test_spread_of_few_runs_is_drawn_to_the_peers() -> None:
    pooled = pooled_cv([(1.0, 90), (2.0, 10), (None, 50), (5.0, 1)])
    assert pooled == pytest.approx((0.9 + 0.4) ** 0.5)
    assert shrunk_cv(0.0, 10, 2.0) == pytest.approx(2**0.5)
    assert shrunk_cv(0.3, 10, None) == 0.3
    assert pooled_cv([(None, 10)]) is None


def test_a_run_that_costs_twice_what_it_returns() -> None:
    found = only(LOSING)
    assert found.probability is not None
    assert found.probability > 0.999
    assert found.probability < 1
    assert found.monthly_loss == pytest.approx(200 * (1.0 - 2.0 * 0.25), rel=0.03)
    assert found.break_even == pytest.approx(0.5)
    assert found.cost_per_success.middle == pytest.approx(4.0, rel=0.01)
    assert found.cost_per_success.low < 4.0 < found.cost_per_success.high
    assert verdict(LOSING) == "low_value_high_cost"


def test_intervals_are_as_wide_as_the_beta_distribution_says() -> None:
    from finops.core.intervals import beta_interval

    found = only(LOSING)
    assert (found.success.low, found.success.high) == pytest.approx(beta_interval(100.5, 300.5), abs=3e-3)


def test_probability_is_even_at_break_even() -> None:
    assert only(replace(LOSING, value=4.0)).probability == pytest.approx(0.5, abs=0.05)


def test_averaged_costs_do_not_pass_for_certainty() -> None:
    measured, averaged = only(replace(LOSING, cost_cv=0.0)), only(replace(LOSING, cost_cv=None))
    assert averaged.cost_per_success.high - averaged.cost_per_success.low > (
        measured.cost_per_success.high - measured.cost_per_success.low
    )


def test_no_value_gives_cost_per_success_and_no_verdict() -> None:
    found = only(replace(LOSING, value=None))
    assert (found.probability, found.loss, found.monthly_loss, loss_interval(found)) == (None, None, None, None)
    assert found.cost_per_success.low > 0
    decision = decided([Candidate(found, 10, 90)], 10)[0]
    assert decision.verdict == "insufficient_data"
    assert "[[value]]" in decision.because


def test_nothing_known_is_no_margin() -> None:
    assert (
        margins([None, replace(LOSING, runs=0, accepted=0), replace(LOSING, cost=None), replace(LOSING, cost=-1.0)]) == [None] * 4
    )
    assert decided([Candidate(None, 10, 90)], 10)[0].verdict == "insufficient_data"
    assert decided([], 0) == []


def test_work_that_is_free_never_loses() -> None:
    found = only(replace(LOSING, cost=0.0, accepted=0))
    assert found.probability is not None
    assert found.probability < 0.001
    assert verdict(replace(LOSING, cost=0.0)) == "keep"


@pytest.mark.parametrize("runs", [1, FEWEST_RUNS - 1])
def test_no_flag_below_the_fewest_runs(runs: int) -> None:
    few = replace(LOSING, runs=runs, accepted=0, cost=100.0)
    assert verdict(few) == "insufficient_data"
    assert verdict(replace(few, runs=FEWEST_RUNS)) == "low_value_high_cost"


def test_watch_and_keep() -> None:
    many = replace(LOSING, runs=4_000, accepted=1_000)
    assert verdict(replace(many, value=3.95)) == "watch"
    assert verdict(replace(many, value=5.0)) == "keep"
    assert verdict(replace(LOSING, runs=40, accepted=3, value=14.0, cost_cv=3.0)) == "insufficient_data"


def test_small_new_and_exempt_agents_are_not_flagged() -> None:
    big = Candidate(only(replace(LOSING, agent="big", value=9.0)), 1_000.0, 90)
    small = Candidate(only(LOSING), 1.0, 90)
    found = decided([big, big, small], 2_001.0)
    assert found[2].verdict == "watch"
    assert "too little" in found[2].because
    assert verdict(LOSING, days=27) == "watch"
    assert verdict(LOSING, exempt=True) == "keep"


def test_flags_stop_where_too_many_would_be_false() -> None:
    edge = [only(replace(LOSING, agent=f"a{i}", runs=4_000, accepted=1_000, value=3.85)) for i in range(6)]
    assert all(m.probability is not None and 0.7 < m.probability < 0.99 for m in edge)
    sure = only(LOSING)
    found = decided([Candidate(m, 100.0, 90) for m in (*edge, sure)], 700.0)
    flagged = [m.probability or 0 for m, d in zip((*edge, sure), found, strict=True) if d.verdict == "low_value_high_cost"]
    assert sure.probability in flagged
    assert sum(1 - p for p in flagged) / len(flagged) <= FALSE_SHARE
    assert all(p >= 0.9 for p in flagged)


def test_an_answer_that_flips_with_the_value_says_so() -> None:
    assert depends_on_value(only(replace(LOSING, value_low=2.0, value_high=9.0)))
    assert depends_on_value(only(replace(LOSING, value_low=1.0, value=9.0, value_high=10.0)))
    assert not depends_on_value(only(LOSING))


def test_draws_belong_to_the_agent() -> None:
    other = replace(LOSING, agent="other", group="elsewhere", cost=3.0)
    alone, beside = margins([LOSING])[0], margins([other, LOSING])[1]
    assert alone is not None
    assert beside is not None
    assert np.array_equal(alone.loss, beside.loss)  # type: ignore[arg-type]
    assert seed_of("w", "loser") == 16992295824822453202
    assert seed_of("ab", "c") != seed_of("a", "bc")


def test_losses_together_add_up_and_their_interval_is_narrower() -> None:
    parts = [only(replace(LOSING, agent=f"a{i}")) for i in range(9)]
    whole = together(parts)
    assert whole.middle == pytest.approx(sum(p.monthly_loss or 0 for p in parts))
    each = [loss_interval(p) for p in parts]
    assert whole.high - whole.low < 0.6 * sum(i.high - i.low for i in each if i is not None)
    assert together([]).middle == 0


@given(st.integers(1, 5_000), st.floats(0, 1), st.floats(0, 1e6), st.floats(0, 1e6), st.one_of(st.none(), st.floats(0, 10)))
def test_any_evidence_gives_finite_figures(runs: int, rate: float, cost: float, value: float, cv: float | None) -> None:
    found = only(Evidence("a", "w", runs, round(runs * rate), cost, cv, runs / 3, value))
    assert found.probability is not None
    assert 0 < found.probability < 1
    assert np.isfinite([found.success.low, found.success.high, found.cost_per_success.low, found.cost_per_success.high]).all()
    assert found.loss is not None
    assert (found.loss >= 0).all()
    assert np.isfinite(found.loss).all()
