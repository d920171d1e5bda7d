"""Benchmarks beside their mean: limits, error of repeats, prefill and decode, and machines for a peak."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.placing.bench_cost import Limits, broken, counted_share, fleet, phases, spread
from finops.core.placing.placement import Measurement

D = Decimal
MEASURED = Measurement(
    workload="chat", model="m", revision=None, provider="aws", region="us-east-1", instance_type="g6.xlarge", hardware=None,
    count=1, load=8, repeats=1, duration_s=D(100), units=D(1), unit="1M output tokens", output_tokens=D(20_000), p95_ms=1_900.0,
    spec=None, input_tokens=D(80_000), requests=D(200), goodput=D("0.8"), ttft_p50_ms=500.0, ttft_p95_ms=700.0, tpot_p50_ms=5.0,
    tpot_p99_ms=9.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        (Limits(), None),
        (Limits(2_000, 800, 10), None),
        (Limits(e2e_ms=1_800), "p95 1,900 ms is above the limit of 1,800 ms"),
        (Limits(ttft_ms=600), "p95 of the first token 700 ms is above the limit of 600 ms"),
        (Limits(tpot_ms=8), "p99 of a token 9 ms is above the limit of 8 ms"),
        (Limits(stated=True), None),
    ],
)
def test_a_measurement_counts_where_it_keeps_the_limits(limits: Limits, why: str | None) -> None:
    assert broken(MEASURED, limits) == why


def test_what_was_not_measured_keeps_no_limit() -> None:
    bare = replace(MEASURED, p95_ms=None, goodput=None)
    assert broken(bare, Limits(e2e_ms=5_000)) == "p95 not measured"
    assert broken(bare, Limits(stated=True)) == "the benchmark states no goodput"
    assert broken(replace(MEASURED, goodput=D(0)), Limits(stated=True)) == "no request met the benchmark's own limits"


def test_goodput_counts_only_by_the_benchmark_s_own_limits() -> None:
    assert counted_share(MEASURED, Limits()) == 1
    assert counted_share(MEASURED, Limits(stated=True)) == D("0.8")


def test_the_error_of_three_repeats_is_student_s() -> None:
    """9, 10, 11: s = 1, t(2) = 4.3027, so 4.3027 / sqrt(3) / 10."""
    assert spread([D(9), D(10), D(11)]) == pytest.approx(D("0.248416"), abs=D("1e-6"))
    assert spread([D(5)]) is None
    assert spread([D(7)] * 4) == 0


def test_prefill_and_decode_add_up_to_the_cost() -> None:
    """500 ms to the first of 100 tokens, then 99 x 5 ms: 500 / 995 of the cost."""
    split = phases(MEASURED, D(10))
    assert split is not None
    assert split.prefill == pytest.approx(D(10) * 500 / 995, rel=D("1e-9"))
    assert split.prefill + split.decode == 10
    assert phases(replace(MEASURED, ttft_p50_ms=None), D(10)) is None


def test_a_fleet_is_sized_for_its_busiest_hour_and_not_for_the_mean() -> None:
    """One busy hour of 36,000 and 23 of 1,800: at 1 a second, 70 % busy, 15 machines; by the mean of 3,225 two."""
    found = fleet([D(36_000), *[D(1_800)] * 23], D(1), 1, D("0.7"))
    assert (found.machines, found.by_mean) == (15, 2)
    assert found.busy == pytest.approx(D(3_225) / 3_600 / 15, rel=D("1e-9"))


@given(
    st.lists(st.integers(0, 10**7), min_size=1, max_size=50), st.integers(1, 10_000), st.integers(1, 8), st.integers(10, 100)
)  # fmt: skip
def test_no_hour_asks_for_more_than_the_fleet_may_do(demand: list[int], rate: int, count: int, busy: int) -> None:
    share = D(busy) / 100
    found = fleet([D(hour) for hour in demand], D(rate), count, share)
    replicas = D(found.machines) / count
    assert max(demand) <= replicas * rate * 3_600 * share * (1 + D("1e-9"))
    assert found.machines == count or max(demand) > (replicas - 1) * rate * 3_600 * share
    assert found.by_mean <= found.machines
