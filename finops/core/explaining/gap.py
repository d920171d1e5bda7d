"""Why traces at list price and an invoice differ: one cause after the other, adding up to the difference to the last digit.

The order is fixed, as a record becomes a bill: each step makes one thing right that the step before still took wrongly, so each
figure between two causes is one that can be computed by itself (tokens at the right time, at the right tier, all calls, the
bill's list cost ...). Averages over other orders (Shapley) would need worlds that nothing measures, such as a discount on
tokens that nobody counted; and causes of a fixed order add up over models, accounts and months, while theirs do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Context, Decimal

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_STORED = Decimal("1e-12")
_ZERO = Decimal(0)
CONFIDENCE_95 = Decimal("1.96")

CAUSES: Mapping[str, tuple[str, str]] = {
    "long_context": ("Long requests", "large requests are priced by another band"),
    "price_change": ("Price change", "each call at the price of its own time, not of the month's first day"),
    "cached_tokens": ("Cached tokens", "reads and writes of the prompt cache have prices of their own"),
    "service_tiers": ("Batch and priority tiers", "batch, flex and priority calls at the price of their tier"),
    "sampling": ("Sampling", "calls of runs that sampling left out of the traces"),
    "sdk_retries": ("Retries inside an SDK", "attempts that were billed and have no span of their own"),
    "missing_spans": ("Missing spans", "calls that the provider or a gateway counted and no trace has"),
    "beyond_use": ("Recorded, not used", "calls that traces and gateways have and the provider did not count"),
    "not_billed_yet": ("Not billed yet", "days that no loaded bill covers"),
    "list_price": ("Other list price", "the bill's list price is another than the price list's"),
    "exchange_rate": ("Currency", "the bill's exchange rate against the table's rate of the day"),
    "discount": ("Discount", "contracted cost - list cost of the bill"),
    "commitments": ("Commitments", "purchases, and usage that a purchase has paid for"),
    "corrections": ("Corrections", "of months that were billed before"),
    "credits": ("Credits", "credits and refunds"),
    "adjustments": ("Adjustments", "fees, rounding and other adjustments"),
    "tax": ("Tax", "taxes"),
    "other_services": ("Other services", "usage on the same bill that is no model's"),
    "other_months": ("Other months", "billed here for other months - billed elsewhere for this one"),
    "invoice_only": ("On the invoice only", "the invoice's total - its charges"),
}
"""Cause to its label and what it is, in the order of the bridge."""

KINDS: Mapping[str, str] = {
    **{"purchase": "commitments", "correction": "corrections", "credit": "credits"},
    **{"adjustment": "adjustments", "tax": "tax", "other": "other_services"},
}
"""Kind of a charge that is not a model's usage to the cause that it is."""


@dataclass
class Recorded:
    """Tokens of traced calls at five prices, each right in one thing more than the one before, and what they stand for in all."""

    plain: Decimal = _ZERO
    sized: Decimal = _ZERO
    timed: Decimal = _ZERO
    cached: Decimal = _ZERO
    priced: Decimal = _ZERO
    weighted: Decimal = _ZERO
    """`priced` x sampling weight."""


@dataclass
class Seen:
    """Calls that only a gateway has, at list price, by why traces lack them."""

    retried: Decimal = _ZERO
    lost: Decimal = _ZERO
    left_out: Decimal = _ZERO
    uncertain: Decimal = _ZERO
    """Either lost or left out by sampling: they name no run."""

    @property
    def total(self) -> Decimal:
        """Of all."""
        return self.retried + self.lost + self.left_out + self.uncertain


@dataclass
class Bill:
    """The charges of a month. Of a model's usage the four costs, each None where the bill does not say it; `at_list` are its
    tokens at the price list, `list_own` its list cost in the prices' currency, both converted by the table's rate of the day."""

    usage: Decimal = _ZERO
    at_list: Decimal | None = None
    list_own: Decimal | None = None
    list: Decimal | None = None
    contracted: Decimal | None = None
    others: dict[str, Decimal] = field(default_factory=dict)
    """Cause to the charges that are no model's usage."""
    other_months: Decimal = _ZERO
    invoice_only: Decimal = _ZERO

    @property
    def total(self) -> Decimal:
        """What was invoiced."""
        return self.usage + sum(self.others.values(), _ZERO) + self.other_months + self.invoice_only


@dataclass
class Evidence:
    """All that is known of a model of an account in a month, in the currency of its bill."""

    recorded: Recorded | None = None
    seen: Seen = field(default_factory=Seen)
    beyond: Decimal = _ZERO
    """What sampled spans stand for beyond what counts already: the same call told by a gateway stands for itself."""
    deviation: Decimal = _ZERO
    """Standard deviation of what sampled spans stand for."""
    hidden_retries: Decimal = _ZERO
    """Attempts that spans speak of and that nothing recorded, at the cost of the one that was answered."""
    report: Decimal | None = None
    """The provider's own count of tokens at list price."""
    report_is_sized: bool = False
    """Whether the report tells large requests apart; one that does not is priced as if all were small."""
    premium: Decimal = _ZERO
    """What known calls cost more for the size of their requests, on all days and on `unbilled` ones."""
    unbilled_premium: Decimal = _ZERO
    unbilled: Decimal = _ZERO
    """Use on days that no bill covers."""
    bill: Bill | None = None
    unpriced: bool = False
    """Whether traces have calls without a price: what is used beyond the known calls may be these."""
    comparable: bool = True
    """Whether calls could be converted into the currency of the bill; where not, nothing but the bill is known."""

    @property
    def known(self) -> Decimal:
        """Every known call at list price."""
        return (self.recorded.weighted if self.recorded else _ZERO) + self.seen.total


@dataclass(frozen=True)
class Bridge:
    """Causes that lead from `start` to `end`. An amount that nothing tells is None and counts as nothing; `within` holds the
    half-width of a cause's 95 % interval where it is an estimate. `use_by` says who counted the use."""

    start: Decimal | None
    end: Decimal | None
    causes: Mapping[str, Decimal | None]
    within: Mapping[str, Decimal]
    unexplained: Decimal | None
    use_by: str


def bridge(told: Evidence) -> Bridge:
    """The waterfall from traces at list price to the invoice. `end` is `start` + causes + unexplained, exactly."""
    if not told.comparable:
        end = None if told.bill is None else _stored(told.bill.total)
        return Bridge(None, end, dict.fromkeys(CAUSES), {}, None, "nothing: no exchange rate")
    causes: dict[str, Decimal | None] = dict.fromkeys(CAUSES)
    within: dict[str, Decimal] = {}
    own = told.recorded or Recorded()
    causes |= {
        "long_context": own.sized - own.plain,
        "price_change": own.timed - own.sized,
        "cached_tokens": own.cached - own.timed,
        "service_tiers": own.priced - own.cached,
    }
    use, use_by = _use(told)
    causes |= _calls(told, own, use, within)
    end = unexplained = None
    if told.bill is not None:
        causes |= _charges(told, told.bill, use_by)
        end = _stored(told.bill.total)
    start = None if told.recorded is None else _stored(own.plain)
    known = {name: amount for name, amount in causes.items() if amount is not None}
    stored = {name: _stored(amount) for name, amount in known.items()}
    if told.bill is not None and end is not None:
        unexplained = _stored(told.bill.total - own.plain - sum(known.values(), _ZERO))
        dust = end - (start or _ZERO) - sum(stored.values(), _ZERO) - unexplained
        if dust:  # what rounding each to the stored digit leaves
            largest = max(stored, key=lambda name: (abs(stored[name]), name))
            stored[largest] += dust
    rounded = {name: stored.get(name) for name in CAUSES}
    return Bridge(start, end, rounded, {name: _stored(amount) for name, amount in within.items()}, unexplained, use_by)


def _use(told: Evidence) -> tuple[Decimal | None, str]:
    """What was used at list price, by the best witness: the provider's report, the bill's tokens, its list cost. Tokens without
    the size of their request cost more by as much as known calls do for theirs."""
    if told.report is not None:
        return told.report + (_ZERO if told.report_is_sized else told.premium), "usage report"
    if told.bill is not None and told.bill.at_list is not None:
        return _at_list(told, told.bill.at_list) + told.unbilled, "tokens of the bill"
    if told.bill is not None and told.bill.list_own is not None:
        return told.bill.list_own + told.unbilled, "list cost of the bill"
    return None, "calls"


def _calls(told: Evidence, own: Recorded, use: Decimal | None, within: dict[str, Decimal]) -> dict[str, Decimal | None]:
    """Calls that traces lack. What names no run is split by what sampling leads to expect; an excess of spans that are samples
    over the use is an error of sampling as far as its interval reaches."""
    seen, bound = told.seen, EXACT.multiply(CONFIDENCE_95, told.deviation)
    extrapolated = own.weighted - own.priced
    sampling, missing, retries, beyond = extrapolated + seen.left_out, seen.lost, seen.retried, _ZERO
    if seen.uncertain:
        expected = min(max(told.beyond - seen.left_out, _ZERO), seen.uncertain)
        sampling, missing = sampling + expected, missing + seen.uncertain - expected
        within |= {"sampling": bound, "missing_spans": bound}
    rest = _ZERO if use is None else use - told.known
    if rest > 0 and told.unpriced:
        pass  # stays unexplained
    elif rest > 0:
        hidden = min(told.hidden_retries, rest)
        retries, missing = retries + hidden, missing + rest - hidden
    elif rest < 0 and extrapolated:
        error = max(rest, -bound)
        sampling, beyond = sampling + error, rest - error
    else:
        beyond = rest
    if extrapolated:
        within["sampling"] = bound
        if rest > 0:
            within["missing_spans"] = bound
    return {"sampling": sampling, "sdk_retries": retries, "missing_spans": missing, "beyond_use": beyond}


def _charges(told: Evidence, bill: Bill, use_by: str) -> dict[str, Decimal | None]:
    """What the bill makes of the use. A cause of which the bill says nothing is None."""
    causes: dict[str, Decimal | None] = dict.fromkeys(KINDS.values(), _ZERO)
    causes |= {"not_billed_yet": -told.unbilled, "other_months": bill.other_months, "invoice_only": bill.invoice_only}
    if bill.list is not None:
        if bill.list_own is not None:
            causes["exchange_rate"] = bill.list - bill.list_own
            if bill.at_list is not None:
                causes["list_price"] = bill.list_own - _at_list(told, bill.at_list)
            elif use_by == "list cost of the bill":
                causes["list_price"] = _ZERO
        causes["discount"] = (bill.usage if bill.contracted is None else bill.contracted) - bill.list
        causes["commitments"] = _ZERO if bill.contracted is None else bill.usage - bill.contracted
    for cause, amount in bill.others.items():
        causes[cause] = (causes.get(cause) or _ZERO) + amount
    return causes


def _at_list(told: Evidence, tokens: Decimal) -> Decimal:
    return tokens + told.premium - told.unbilled_premium


def _stored(amount: Decimal) -> Decimal:
    return amount.quantize(_STORED, context=EXACT)
