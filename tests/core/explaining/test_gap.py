"""The bridge from traces at list to an invoice: it adds up to the last digit, and each cause is what it says."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.core.explaining.gap import CAUSES, Bill, Evidence, Recorded, Seen, bridge

D = Decimal
ZERO = D(0)


def amounts() -> st.SearchStrategy[Decimal]:
    return st.decimals(min_value=-1000, max_value=100000, places=20, allow_nan=False, allow_infinity=False)


def maybe() -> st.SearchStrategy[Decimal | None]:
    return st.one_of(st.none(), amounts())


def evidence() -> st.SearchStrategy[Evidence]:
    recorded = st.builds(Recorded, *[amounts()] * 6)
    others = st.dictionaries(st.sampled_from(["tax", "credits", "commitments", "other_services"]), amounts())
    stored = amounts().map(lambda d: d.quantize(D("1e-12")))
    bill = st.builds(Bill, stored, maybe(), maybe(), maybe(), maybe(), others, stored, stored)
    return st.builds(
        Evidence,
        recorded=st.one_of(st.none(), recorded),
        seen=st.builds(Seen, *[amounts()] * 4),
        beyond=amounts(),
        deviation=st.decimals(min_value=0, max_value=100, places=6),
        hidden_retries=st.decimals(min_value=0, max_value=100, places=6),
        report=maybe(),
        premium=amounts(),
        unbilled=amounts(),
        bill=st.one_of(st.none(), bill),
    )


@given(evidence())
def test_start_causes_and_unexplained_add_up_to_the_end_exactly(told: Evidence) -> None:
    found = bridge(told)
    if found.end is None:
        assert found.unexplained is None
        return
    known = [amount for amount in found.causes.values() if amount is not None]
    assert found.unexplained is not None
    assert (found.start or ZERO) + sum(known, ZERO) + found.unexplained == found.end
    assert list(found.causes) == list(CAUSES)
    assert all(amount == amount.quantize(D("1e-12")) for amount in known)


def test_every_cause_is_found_where_it_was_put() -> None:
    told = Evidence(
        recorded=Recorded(plain=D(100), sized=D(110), timed=D(105), cached=D(80), priced=D(70), weighted=D(70)),
        seen=Seen(retried=D(3), lost=D(5), left_out=D(22)),
        hidden_retries=D(2),
        report=D(112),
        unbilled=D(10),
        bill=Bill(
            usage=D(94),
            at_list=D(102),
            list_own=D(104),
            list=D(108),
            contracted=D(95),
            others={"tax": D(19), "credits": D(-4), "commitments": D(7)},
            other_months=D(6),
            invoice_only=D(1),
        ),
    )
    found = bridge(told)
    assert (found.start, found.end, found.unexplained, found.use_by) == (100, 123, 0, "usage report")
    assert {name: amount for name, amount in found.causes.items() if amount} == {
        **{"long_context": 10, "price_change": -5, "cached_tokens": -25, "service_tiers": -10},
        **{"sampling": 22, "sdk_retries": 5, "missing_spans": 15, "not_billed_yet": -10},
        **{"list_price": 2, "exchange_rate": 4, "discount": -13, "commitments": 6, "credits": -4, "tax": 19},
        **{"other_months": 6, "invoice_only": 1},
    }


def test_what_a_bill_does_not_say_is_unknown_and_left_unexplained() -> None:
    told = Evidence(recorded=Recorded(*[D(50)] * 6), bill=Bill(usage=D(46)))
    found = bridge(told)
    assert found.unexplained == -4
    assert (found.causes["discount"], found.causes["exchange_rate"], found.causes["list_price"]) == (None, None, None)
    assert found.use_by == "calls"


def test_without_an_exchange_rate_only_the_bill_is_known() -> None:
    found = bridge(Evidence(recorded=Recorded(*[D(50)] * 6), bill=Bill(usage=D(46), list=D(46)), comparable=False))
    assert (found.start, found.end, found.unexplained, set(found.causes.values())) == (None, 46, None, {None})


def test_without_a_bill_there_is_no_end() -> None:
    found = bridge(Evidence(recorded=Recorded(*[D(50)] * 6), report=D(60)))
    assert (found.end, found.unexplained, found.causes["missing_spans"], found.causes["tax"]) == (None, None, 10, None)


def test_samples_are_off_by_chance_as_far_as_their_interval_reaches() -> None:
    sampled = Recorded(D(25), D(25), D(25), D(25), D(25), D(100))
    found = bridge(Evidence(recorded=sampled, deviation=D(5), report=D(92)))
    assert (found.causes["sampling"], found.causes["beyond_use"], found.within["sampling"]) == (67, 0, D("9.8"))
    far = bridge(Evidence(recorded=sampled, deviation=D(2), report=D(92)))
    assert (far.causes["sampling"], far.causes["beyond_use"]) == (D("71.08"), D("-4.08"))
    more = bridge(Evidence(recorded=sampled, deviation=D(5), report=D(104), hidden_retries=D(3)))
    assert (more.causes["sampling"], more.causes["sdk_retries"], more.causes["missing_spans"]) == (75, 3, 1)
    assert set(more.within) == {"sampling", "missing_spans"}


def test_calls_that_name_no_run_are_shared_by_what_sampling_leads_to_expect() -> None:
    traced = Recorded(*[D(25)] * 6)
    found = bridge(Evidence(recorded=traced, seen=Seen(left_out=D(5), uncertain=D(80)), beyond=D(75), deviation=D(4)))
    assert (found.causes["sampling"], found.causes["missing_spans"]) == (75, 10)


def test_calls_that_nobody_used_are_told() -> None:
    found = bridge(Evidence(recorded=Recorded(*[D(50)] * 6), report=D(44)))
    assert (found.causes["beyond_use"], found.causes["missing_spans"]) == (-6, 0)


def test_tokens_without_the_size_of_requests_cost_what_known_sizes_add() -> None:
    told = Evidence(recorded=Recorded(D(50), D(60), D(60), D(60), D(60), D(60)), report=D(50), premium=D(10))
    assert bridge(told).causes["missing_spans"] == 0
    told.report_is_sized, told.report = True, D(60)
    assert bridge(told).causes["missing_spans"] == 0
