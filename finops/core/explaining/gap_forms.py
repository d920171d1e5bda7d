"""What each cause of `gap` is made of: so many times each sum of the evidence, for following it down to rows.

A cause is a sum of rows wherever its step of the bridge is one; what sampling leads to expect, and what the interval of sampling
cuts off, is an estimate and has no rows: the difference between a cause and the sums given here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from decimal import Decimal

from finops.core.explaining.gap import CAUSES, CONFIDENCE_95, EXACT, KINDS, Bill, Evidence, Recorded

Form = Mapping[str, int]
"""Name of a sum of the evidence to how many times it counts."""
Terms = tuple[Form, ...]
"""Forms that add up, kept apart: calls that a cause names, and what was used beyond all the calls that are known."""

SIDES = ("traces_list", "gateway", "usage_report", "invoice")
FIGURES = (*SIDES, *CAUSES, "unexplained")
_ZERO = Decimal(0)
_KNOWN = dict.fromkeys(("weighted", "retried", "lost", "left_out", "uncertain"), 1)
_PREMIUM = {"premium": 1, "unbilled_premium": -1}
_STEPS: Mapping[str, Form] = {
    "long_context": {"sized": 1, "plain": -1},
    "price_change": {"timed": 1, "sized": -1},
    "cached_tokens": {"cached": 1, "timed": -1},
    "service_tiers": {"priced": 1, "cached": -1},
}
_BILLED: Form = dict.fromkeys(("usage", *KINDS.values(), "other_months", "invoice_only"), 1)


def forms(told: Evidence) -> dict[str, Terms]:
    """Every figure of the evidence's bridge by its name, in the sums that it is made of."""
    if not told.comparable:
        return {"invoice": (_BILLED,)}
    found: dict[str, Terms] = {**{name: (form,) for name, form in _STEPS.items()}, **_calls(told)}
    if told.bill is not None:
        found |= {name: (form,) for name, form in _charges(told.bill).items()}
        taken = [_times(form, -1) for name in CAUSES for form in found.get(name, ())]
        found["unexplained"] = (_sum((_BILLED, {"plain": -1}, *taken)),)
    return {
        **found,
        "traces_list": ({"plain": 1},),
        "gateway": ({"gateway": 1},),
        "usage_report": ({"report": 1},),
        "invoice": (_BILLED,),
    }


def _use(told: Evidence) -> Form | None:
    if told.report is not None:
        return {"report": 1} if told.report_is_sized else {"report": 1, "premium": 1}
    if told.bill is not None and told.bill.at_list is not None:
        return {"at_list": 1, "unbilled": 1, **_PREMIUM}
    if told.bill is not None and told.bill.list_own is not None:
        return {"list_own": 1, "unbilled": 1}
    return None


def _calls(told: Evidence) -> dict[str, Terms]:
    own, seen = told.recorded or Recorded(), told.seen
    sampling: Form = {"weighted": 1, "priced": -1, "left_out": 1}
    retries: Form = {"retried": 1}
    missing: Form = {"lost": 1, "uncertain": 1}
    beyond: dict[str, Terms] = {}
    use = _use(told)
    rest = EXACT.subtract(used(told), told.known) if use else EXACT.create_decimal(0)
    more: Form = _sum((use or {}, _times(_KNOWN, -1)))
    extrapolated = own.weighted != own.priced
    if rest > 0 and told.unpriced:
        pass
    elif rest > 0 and told.hidden_retries <= rest:
        retries = {**retries, "hidden_retries": 1}
        beyond = {"missing_spans": (_sum((more, {"hidden_retries": -1})),)}
    elif rest > 0:
        beyond = {"sdk_retries": (more,)}
    elif extrapolated and -rest <= EXACT.multiply(CONFIDENCE_95, told.deviation):
        beyond = {"sampling": (more,)}
    elif rest < 0:
        beyond = {"beyond_use": (more,)}
    if seen.uncertain and told.beyond > seen.left_out and told.beyond - seen.left_out >= seen.uncertain:
        sampling, missing = _sum((sampling, {"uncertain": 1})), _sum((missing, {"uncertain": -1}))
    own_terms: dict[str, Terms] = {
        "sampling": (sampling,),
        "sdk_retries": (retries,),
        "missing_spans": (missing,),
        "beyond_use": (),
    }
    return {name: terms + beyond.get(name, ()) for name, terms in own_terms.items()}


def used(told: Evidence) -> Decimal:
    """What was used at list price, by the sums that the bridge takes for it."""
    sums = {"report": told.report, "premium": told.premium, "unbilled": told.unbilled, "unbilled_premium": told.unbilled_premium}
    if told.bill is not None:
        sums |= {"at_list": told.bill.at_list, "list_own": told.bill.list_own}
    amounts = [times * (sums[name] or _ZERO) for name, times in (_use(told) or {}).items()]
    return sum(amounts, _ZERO)


def _charges(bill: Bill) -> dict[str, Form]:
    found: dict[str, Form] = {name: {name: 1} for name in (*KINDS.values(), "other_months", "invoice_only")}
    found["not_billed_yet"] = {"unbilled": -1}
    if bill.list is not None:
        if bill.list_own is not None:
            found["exchange_rate"] = {"list": 1, "list_own": -1}
            if bill.at_list is not None:
                found["list_price"] = _sum(({"list_own": 1, "at_list": -1}, _times(_PREMIUM, -1)))
        found["discount"] = {"usage" if bill.contracted is None else "contracted": 1, "list": -1}
        if bill.contracted is not None:
            found["commitments"] = _sum((found["commitments"], {"usage": 1, "contracted": -1}))
    return found


def _times(form: Form, times: int) -> Form:
    return {name: times * number for name, number in form.items()}


def _sum(several: Iterable[Form]) -> Form:
    total: Counter[str] = Counter()
    for form in several:
        for name, number in form.items():
            total[name] += number
    return {name: number for name, number in total.items() if number}
