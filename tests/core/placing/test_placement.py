"""Placement: what counts as the same machine, what is never assumed, and the order of the answer."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.core.placing.offer import InterruptionBucket, Offer, Spec
from finops.core.placing.placement import (
    NOT_MEASURED,
    Assumptions,
    Measurement,
    accelerator_of,
    best_fits,
    best_per_place,
    cheapest_first,
    fit,
    placed,
)

DAY = date(2026, 7, 20)
G6 = Spec("aws", "g6.2xlarge", "L4", 1, Decimal(24), 8, Decimal(32))
G2 = Spec("gcp", "g2-standard-8", "L4", 1, Decimal(24), 8, Decimal(32))
SMALL = Spec("gcp", "g2-standard-4", "L4", 1, Decimal(24), 4, Decimal(16))
FOUR = Spec("aws", "g6.12xlarge", "L4", 4, Decimal(24), 48, Decimal(192))
A100_40 = Spec("gcp", "a2-highgpu-1g", "A100", 1, Decimal(40), 12, Decimal(85))
A100_80 = Spec("azure", "Standard_NC24ads_A100_v4", "A100", 1, Decimal(80), 24, Decimal(220))
PLAIN = Spec("aws", "m5.large", None, None, None, 2, Decimal(8))

MEASURED = Measurement(
    workload="tagging", model="vision", revision=None, provider="aws", region="us-east-1", instance_type="g6.2xlarge",
    hardware=None, count=1, load=None, repeats=1, duration_s=Decimal(3600), units=Decimal(1000), unit="image",
    output_tokens=None, p95_ms=800.0, spec=G6,
)  # fmt: skip


def offer(spec: Spec, price: str, option: str = "on_demand", region: str = "r1") -> Offer:
    return Offer(spec.provider, region, spec.instance_type, option, Decimal(price), "hour", "USD", DAY, "test")


def test_its_own_type_needs_no_assumption_even_without_a_specification() -> None:
    assert fit(MEASURED, G6) == (True, None)
    plain = replace(MEASURED, instance_type="m5.large", spec=PLAIN)
    assert fit(plain, PLAIN) == (True, None)


def test_the_same_accelerator_elsewhere_is_an_assumption_that_is_told() -> None:
    holds, reason = fit(MEASURED, G2)
    assert holds
    assert reason == "assumes the throughput measured on g6.2xlarge on aws (same 1 x L4)"


@pytest.mark.parametrize("other", [FOUR, A100_40, A100_80, PLAIN])
def test_throughput_is_never_invented(other: Spec) -> None:
    assert fit(MEASURED, other) == (False, NOT_MEASURED)


def test_the_memory_of_the_accelerator_matters() -> None:
    measured = replace(MEASURED, provider="gcp", instance_type="a2-highgpu-1g", spec=A100_40)
    assert fit(measured, A100_80) == (False, NOT_MEASURED)


def test_a_smaller_host_does_not_fit() -> None:
    assert fit(MEASURED, SMALL) == (False, "fewer vCPUs (4) than measured (8)")


def test_a_machine_without_accelerator_holds_only_for_itself() -> None:
    plain = replace(MEASURED, instance_type="m5.large", spec=PLAIN)
    assert fit(plain, replace(PLAIN, instance_type="m6i.large")) == (False, NOT_MEASURED)


def test_its_own_measurement_beats_a_comparable_one() -> None:
    on_g2 = replace(MEASURED, provider="gcp", instance_type="g2-standard-8", spec=G2, units=Decimal(900))
    assert best_fits([MEASURED, on_g2], G2)[0] == [(on_g2, None)]
    bigger = replace(G2, instance_type="g2-standard-12", vcpu=12, memory_gib=Decimal(48))
    assert [m for m, _ in best_fits([MEASURED, on_g2], bigger)[0]] == [on_g2], "its own cloud's, though it is the slower"
    other = replace(MEASURED, instance_type="gr6.2xlarge", units=Decimal(700))
    assert [m for m, _ in best_fits([MEASURED, other], bigger)[0]] == [other], "the slowest, never the best of them"
    assert best_fits([MEASURED, on_g2], A100_40) == ([], NOT_MEASURED)
    assert best_fits([MEASURED], SMALL) == ([], "fewer vCPUs (4) than measured (8)")


@pytest.mark.parametrize(
    ("text", "name", "count", "memory"),
    [
        ("L4", "L4", 1, None),
        ("4x NVIDIA L40S", "L40S", 4, None),
        ("4xNVIDIA_L40S", "L40S", 4, None),
        ("NVIDIA A100-SXM4-80GB", "A100", 1, 80),
        ("8 x NVIDIA H100 80GB", "H100", 8, 80),
        ("RTX PRO 6000", "RTX PRO 6000", 1, None),
    ],
)
def test_hardware_in_words(text: str, name: str, count: int, memory: int | None) -> None:
    spec = accelerator_of(text)
    assert spec is not None
    assert (spec.gpu_name, spec.gpu_count, spec.gpu_memory_gb) == (name, count, memory)


def test_no_words_no_hardware() -> None:
    assert accelerator_of(None) is None
    assert accelerator_of("  ") is None


def test_a_unit_on_demand_costs_price_times_time_by_units() -> None:
    row = placed(MEASURED, offer(G6, "0.9776"), None, Assumptions())
    assert row.feasible
    assert (row.unit_cost, row.monthly_cost, row.reason) == (Decimal("0.0009776"), Decimal("713.648"), None)


def test_a_volume_replaces_the_month_that_is_always_on() -> None:
    row = placed(MEASURED, offer(G6, "0.9776"), None, Assumptions(units_per_month=Decimal(2_000)))
    assert row.monthly_cost == Decimal("1.9552")


def test_what_spot_bears_pays_for_checkpoints_too() -> None:
    """On-demand 1.006, spot 0.41246, 15 minutes between checkpoints of one minute, 6 of restart: 81.572 a day; 91.129 if writing
    took nothing (both solved on the closed form with scipy)."""
    full, bucket = offer(G6, "1.006"), InterruptionBucket("5-10 %", Decimal("0.05"), Decimal("0.1"), DAY, "test", Decimal("0.59"))
    for write_h, per_day in ((1 / 60, 81.572137), (0.0, 91.128615)):
        given = Assumptions(restart_h=0.1, segment_h=0.25, write_h=write_h)
        row = placed(replace(MEASURED, duration_s=Decimal(3600)), offer(G6, "0.41246", "spot"), None, given, bucket, full)
        assert row.tolerable_per_day(given) == pytest.approx(per_day, rel=1e-6)


def test_spot_pays_for_work_done_twice_and_says_how_much_it_bears() -> None:
    bucket = InterruptionBucket("20-100 %", Decimal("0.2"), Decimal(1), DAY, "test", Decimal("0.6"))
    full = offer(G6, "1.00")
    row = placed(MEASURED, offer(G6, "0.40", "spot"), None, Assumptions(), bucket, full)
    assert row.unit_cost is not None
    assert Decimal("0.0004") < row.unit_cost < Decimal("0.00041")
    assert row.reason == "20-100 % taken back in a month, a lower bound"
    bears = row.tolerable_per_day(Assumptions())
    assert bears is not None
    assert bears > 10
    dear = placed(MEASURED, offer(G6, "1.10", "spot"), None, Assumptions(), bucket, full)
    assert dear.tolerable_per_day(Assumptions()) is None
    assert dear.unit_cost is not None
    assert dear.unit_cost > Decimal("0.0011")


def test_unknown_interruptions_are_not_taken_as_none() -> None:
    row = placed(MEASURED, offer(G2, "0.40", "spot"), None, Assumptions())
    assert row.overhead > 1
    assert row.reason == "interruptions not published, taken as 20 % in a month"


def test_the_work_redone_is_one_run_and_not_all_repeats() -> None:
    three = replace(MEASURED, repeats=3, duration_s=MEASURED.duration_s * 3, units=MEASURED.units * 3)
    spot = offer(G6, "0.40", "spot")
    assert placed(three, spot, None, Assumptions()).unit_cost == placed(MEASURED, spot, None, Assumptions()).unit_cost


def test_latency_rules_places_out() -> None:
    row = placed(MEASURED, offer(G6, "1"), None, Assumptions(latency_limit_ms=500))
    assert (row.feasible, row.reason) == (False, "p95 800 ms is above the limit of 500 ms")
    unknown = placed(replace(MEASURED, p95_ms=None), offer(G6, "1"), None, Assumptions(latency_limit_ms=500))
    assert (unknown.feasible, unknown.reason) == (False, "p95 not measured")


def test_of_several_loads_the_cheapest_within_the_limit_is_kept() -> None:
    slow = replace(MEASURED, load=64, units=Decimal(2000), p95_ms=3000.0)
    quick = replace(MEASURED, load=8)
    rows = [placed(m, offer(G6, "1"), None, Assumptions(latency_limit_ms=1000)) for m in (slow, quick)]
    assert [row.load for row in best_per_place(rows)] == [8]
    rows = [placed(m, offer(G6, "1"), None, Assumptions()) for m in (slow, quick)]
    assert [row.load for row in best_per_place(rows)] == [64]


@given(st.lists(st.tuples(st.integers(1, 9_999), st.sampled_from("abcdef")), min_size=2, max_size=12), st.randoms())
def test_the_order_is_by_cost_and_does_not_depend_on_the_order_given(rows: list[tuple[int, str]], dice: object) -> None:
    places = [placed(MEASURED, offer(G6, str(Decimal(cents) / 100), region=r), None, Assumptions()) for cents, r in rows]
    shuffled = list(places)
    dice.shuffle(shuffled)  # type: ignore[attr-defined]
    costs = [row.unit_cost for row in cheapest_first(places)]
    assert costs == sorted(row.unit_cost for row in places if row.unit_cost is not None)
    assert best_per_place(places) == best_per_place(shuffled)
