"""What was planted, in money: each gap of each model and month, in the currency of its bill, as it must be found."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from tests.company.files import (
    BILL_RATES,
    CORRECTION,
    CREDIT,
    DEARER,
    DISCOUNT,
    LATE_DAY,
    LATE_MODEL,
    MYSTERY,
    ON_INVOICE_ONLY,
    PURCHASE,
    TAX,
    spend,
)
from tests.company.planted import CURRENCIES, DAYS, EMBEDDING, NOVEMBER, Call, Planted, rate

D = Decimal
ZERO = D(0)
Key = tuple[str, str, str | None]
"""Month, provider and model; no model is the account as a whole."""


def truth(made: Planted, times: int, view: str = "billed") -> dict[Key, dict[str, Decimal]]:
    """Every figure of OpenAI's and Anthropic's rows that is not 0, exactly, under the names of the answer."""
    found: dict[Key, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    groups: dict[tuple[str, str, str], list[Call]] = defaultdict(list)
    for call in made.calls:
        if call.provider != "mistral":
            groups[f"{call.day:%Y-%m}", call.provider, call.model].append(call)
    for key, calls in groups.items():
        found[key] |= {name: amount * times for name, amount in _calls(calls).items()}
        (_openai if key[1] == "openai" else _anthropic)(found, key, calls, times)
    _late(found, groups, times, view)
    month = "2026-11" if view == "billed" else "2026-08"
    _add(found[month, "openai", "gpt-4o"], corrections=CORRECTION, invoice=CORRECTION)
    if view == "billed":
        _add(found["2026-11", "openai", None], invoice_only=ON_INVOICE_ONLY, invoice=ON_INVOICE_ONLY)
    for own in found.values():
        own["gap"] = own["invoice"] - own["traces_list"]
    return {key: {name: exact for name, a in own.items() if (exact := stored(a))} for key, own in found.items()}


def _calls(calls: Iterable[Call]) -> dict[str, Decimal]:
    """What lies between tokens of spans at the month's first price and all calls at their own."""
    calls = list(calls)
    traced = [call for call in calls if call.traced]
    steps = (
        _sum(traced, lambda c: c.cost(at=_first(c), tiered=False, cached=False, sized=False)),
        _sum(traced, lambda c: c.cost(at=_first(c), tiered=False, cached=False)),
        _sum(traced, lambda c: c.cost(tiered=False, cached=False)),
        _sum(traced, lambda c: c.cost(tiered=False)),
        _sum(traced, Call.cost),
    )
    names = ("long_context", "price_change", "cached_tokens", "service_tiers")
    return {
        "traces_list": steps[0],
        **{name: after - before for name, before, after in zip(names, steps, steps[1:], strict=False)},
        "sampling": _sum([c for c in calls if not c.kept], Call.cost),
        "sdk_retries": _sum([c for c in calls if c.kept and c.retry], Call.cost),
        "missing_spans": _sum([c for c in calls if c.kept and not c.retry and (c.lost or c.bypass)], Call.cost),
        "gateway": _sum([c for c in calls if not c.bypass], spend),
    }


def _openai(found: dict[Key, dict[str, Decimal]], key: tuple[str, str, str], calls: list[Call], times: int) -> None:
    """The bill says tokens, list cost in EUR and USD, and a contracted cost."""
    month, _, model = key
    dearer, bill_rate = DEARER if model == EMBEDDING else D(1), BILL_RATES["EUR", month]
    own = _sum(calls, lambda c: c.cost() * dearer) * times
    listed = sum((call.cost() for call in calls), ZERO) * dearer * bill_rate * times
    _add(
        found[key],
        list_price=own - _sum(calls, Call.cost) * times,
        exchange_rate=listed - own,
        discount=listed * DISCOUNT - listed,
        invoice=listed * DISCOUNT,
    )


def _anthropic(found: dict[Key, dict[str, Decimal]], key: tuple[str, str, str], calls: list[Call], times: int) -> None:
    """The bill says one sum a day; the usage report counts the tokens."""
    month, _, _ = key
    bill_rate, mystery = BILL_RATES["GBP", month], MYSTERY if month == "2026-11" else ZERO
    day = DAYS[-1]
    used = _sum(calls, Call.cost) * times
    listed = (sum((call.cost() for call in calls), ZERO) * times + mystery) * bill_rate
    _add(
        found[key],
        usage_report=used,
        exchange_rate=listed - used - mystery * rate(day, "GBP"),
        unexplained=mystery * rate(day, "GBP"),
        invoice=listed,
    )
    tax = listed * TAX
    _add(found[month, "anthropic", None], tax=tax, credits=CREDIT, invoice=tax + CREDIT)


def _late(found: dict[Key, dict[str, Decimal]], groups: dict[tuple[str, str, str], list[Call]], times: int, view: str) -> None:
    """Usage of August that September's bill has."""
    if view != "billed":
        return
    calls = [call for call in groups["2026-08", "openai", LATE_MODEL] if call.day == LATE_DAY]
    late = sum((call.cost() for call in calls), ZERO) * BILL_RATES["EUR", "2026-08"] * DISCOUNT * times
    _add(found["2026-08", "openai", LATE_MODEL], other_months=-late, invoice=-late)
    _add(found["2026-09", "openai", LATE_MODEL], other_months=late, invoice=late)


def mistral(made: Planted, times: int, month: str) -> dict[str, Decimal]:
    """Of the provider whose samples nobody else completes: what is certain."""
    calls = [call for call in made.calls if call.provider == "mistral" and f"{call.day:%Y-%m}" == month]
    billed = [call for call in calls if call.day < DAYS[-1]]
    plain = sum((call.cost(cached=False) for call in calls if call.traced), ZERO) * times
    priced = sum((call.cost() for call in calls if call.traced), ZERO) * times
    return {
        "traces_list": plain,
        "cached_tokens": priced - plain,
        "not_in_traces": sum((call.cost() for call in billed), ZERO) * times - priced,
        "prepaid": sum((call.cost() for call in billed if call.day == NOVEMBER[0]), ZERO) * times,
        "purchase": PURCHASE if month == "2026-11" else ZERO,
    }


def stored(amount: Decimal) -> Decimal:
    """To the stored digit."""
    return amount.quantize(D("1e-12"), rounding=ROUND_HALF_EVEN)


def _add(own: dict[str, Decimal], **amounts: Decimal) -> None:
    for name, amount in amounts.items():
        own[name] += amount


def _sum(calls: Iterable[Call], cost: Callable[[Call], Decimal]) -> Decimal:
    """USD of each call, converted with the rate of its day."""
    return sum((cost(call) * rate(call.day, CURRENCIES[call.provider]) for call in calls), ZERO)


def _first(call: Call) -> date:
    return call.day.replace(day=1)
