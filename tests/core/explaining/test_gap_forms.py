"""The sums that a cause is made of, against the bridge itself: equal wherever the cause is no estimate."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.core.explaining.gap import CAUSES, KINDS, Bill, Evidence, Recorded, Seen, bridge
from finops.core.explaining.gap_forms import FIGURES, forms

AMOUNTS = st.integers(-(10**6), 10**6).map(lambda cents: Decimal(cents) / 100)
POSITIVE = st.integers(0, 10**6).map(lambda cents: Decimal(cents) / 100)
UNKNOWN = st.none()
BILLS = st.builds(
    Bill,
    usage=AMOUNTS,
    at_list=UNKNOWN | POSITIVE,
    list_own=UNKNOWN | POSITIVE,
    list=UNKNOWN | POSITIVE,
    contracted=UNKNOWN | POSITIVE,
    others=st.dictionaries(st.sampled_from(sorted(KINDS.values())), AMOUNTS),
    other_months=AMOUNTS,
    invoice_only=AMOUNTS,
)
EVIDENCE = st.builds(
    Evidence,
    recorded=UNKNOWN | st.builds(Recorded, *(POSITIVE,) * 6),
    seen=st.builds(Seen, *(POSITIVE,) * 4) | st.just(Seen()),
    beyond=POSITIVE,
    deviation=POSITIVE | st.just(Decimal(0)),
    hidden_retries=POSITIVE,
    report=UNKNOWN | POSITIVE,
    report_is_sized=st.booleans(),
    premium=POSITIVE,
    unbilled_premium=POSITIVE,
    unbilled=POSITIVE,
    bill=UNKNOWN | BILLS,
    unpriced=st.booleans(),
    comparable=st.booleans(),
)


def sums_of(told: Evidence) -> dict[str, Decimal]:
    own, bill = told.recorded or Recorded(), told.bill or Bill()
    named = {name: getattr(own, name) for name in ("plain", "sized", "timed", "cached", "priced", "weighted")}
    named |= {name: getattr(told.seen, name) for name in ("retried", "lost", "left_out", "uncertain")}
    named |= {name: getattr(told, name) for name in ("hidden_retries", "report", "premium", "unbilled", "unbilled_premium")}
    named |= {name: getattr(bill, name) for name in ("usage", "at_list", "list_own", "list", "contracted", "other_months")}
    named |= {name: bill.others.get(name, Decimal(0)) for name in KINDS.values()} | {
        "invoice_only": bill.invoice_only,
        "gateway": Decimal(0),
    }
    return {name: amount or Decimal(0) for name, amount in named.items()}


@given(EVIDENCE)
def test_a_cause_is_the_sums_it_is_made_of_wherever_it_is_no_estimate(told: Evidence) -> None:
    found, made, sums = bridge(told), forms(told), sums_of(told)
    amounts = {
        name: sum((times * sums[base] for form in terms for base, times in form.items()), Decimal(0))
        for name, terms in made.items()
    }
    assert set(made) <= set(FIGURES)
    estimates = (
        {"sampling", "missing_spans", "beyond_use"} if told.comparable and (told.seen.uncertain or found.within) else set()
    )
    for name in CAUSES:
        known = found.causes[name]
        if known is None:
            assert not amounts.get(name)
        elif name not in estimates:
            assert amounts.get(name, Decimal(0)) == known, name
    if told.comparable:
        assert amounts["traces_list"] == (found.start or 0)
        if told.bill is not None:  # what estimates move between the causes of use stays among them
            use = ("sampling", "sdk_retries", "missing_spans", "beyond_use")
            assert sum(amounts[name] for name in use) == sum(found.causes[name] or 0 for name in use)
            assert amounts["unexplained"] == found.unexplained
    if told.bill is not None:
        assert amounts["invoice"] == found.end
