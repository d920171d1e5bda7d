"""What the sections of `finops.toml` beside its rules may say: names, scopes, dates, amounts and doubles, one error each."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from finops.core.placing.offer import PURCHASE_OPTIONS
from finops.core.settings import (
    AccountMap,
    Budget,
    Envelope,
    Identity,
    Invoice,
    LedgerPlace,
    Placement,
    Plan,
    Revenue,
    Seats,
    Value,
    Workflow,
)
from finops.core.settings_reader import CALLED
from finops.errors import UsageError

OWNERS = ("tenant", "agent", "workflow")
CALL_SCOPE = ("tenant", "workflow", "agent", "model", "provider", "operation", "tool", "prompt_route")
"""What calls can be told apart by."""
COST_SCOPE = (
    *("tenant", "agent", "workflow", "model", "token_class", "region", "instance_type", "purchase_option", "service", "layer"),
    *("provider", "issuer", "invoice", "account", "category", "method", "rule"),
)
"""What cost can be told apart by, beside time."""
PLAN_SCOPE = ("tenant", "agent", "workflow", "provider", "service", "region", "instance_type", "model", "token_class")
PLANNED = ("spend", "volume", "tokens", "price", "model", "per_day", "once")
"""Of these a plan says one."""
_NAMED_ITEMS, _WHOLE_ITEMS = ("tag", "attr"), ("account-map", "namespace")
"""Where [identity] takes names from."""
FAR = (date(1970, 1, 1), date(2199, 12, 31))
_MOST_PERCENT = Decimal(1_000_000)
Check = Callable[[Any, "Place"], None]


@dataclass(frozen=True)
class Place:
    """Where an entry stands: the file, its section and line."""

    file: str
    section: str
    line: int

    def refuse(self, what: str, key: str = "", hint: str | None = None) -> UsageError:
        at = f"{self.file}:{self.line}" if self.line else self.file
        return UsageError(what, where=f"{at} {self.section} {key}".rstrip(" ,"), hint=hint)


def check_sections(parts: Mapping[str, Any], file: str) -> None:
    """Raises UsageError on the first entry that can't mean what it says; `parts` is what `read_sections` read of `file`."""
    for name, single in _SINGLE.items():
        single(parts[name], Place(file, f"[{name}]", parts[f"{name}_line"]))
    for name, check in _MANY.items():
        for entry in parts[name]:
            where = place_of(entry, name, file)
            _check_dates(entry, where)
            check(entry, where)


def check_plan(plan: Plan, where: Place) -> None:
    """A plan says one change, of something that forecasts know, written as a change."""
    said = [name for name in PLANNED if getattr(plan, name) is not None]
    if len(said) != 1:
        what = f"the plan `{plan.what}` says {' and '.join(f'`{name}`' for name in said) or 'no change'}"
        raise where.refuse(what, hint="one of: " + ", ".join(PLANNED))
    _check_scope(plan.scope, PLAN_SCOPE, "a plan can't be about", where)
    if said[0] == "model" and "model" not in plan.scope:
        raise where.refuse("a change of model must say of which model", "scope", 'scope = {model = "…"}')
    if said[0] == "once" and plan.to is not None:
        raise where.refuse(f"the plan `{plan.what}` is spent once and ends on {plan.to}", "to", "it is spent on the day `from`")
    if said[0] in ("spend", "volume", "tokens", "price"):
        percent_change(getattr(plan, said[0]), where.refuse("", said[0]).where or "")


def percent_change(text: str, where: str) -> Decimal:
    """`+20%` is 1.2, `-100%` is 0. Raises UsageError for what is no change."""
    match = re.fullmatch(r"\s*([+-])\s*(\d+(?:\.\d+)?)\s*%\s*", text)
    if match is None:
        raise UsageError(f"`{text}` is no change", where=where, hint="write it with its sign: +20% or -30%")
    factor = 1 + Decimal(match[1] + match[2]) / 100
    if factor < 0:
        raise UsageError(f"`{text}` takes away more than there is", where=where, hint="-100% is the most")
    if factor > _MOST_PERCENT / 100:
        raise UsageError(f"`{text}` is more than can be meant", where=where, hint=f"+{_MOST_PERCENT - 100:f}% is the most")
    return factor


def place_of(entry: Any, section: str, file: str) -> Place:
    """Where an entry stands, under the name that it has."""
    name = next((name for key in CALLED if isinstance(name := getattr(entry, key, None), str)), None)
    return Place(file, f"[[{section}]] {name}," if name else f"[[{section}]]", entry.line)


def _check_dates(entry: Any, where: Place) -> None:
    begins, ends = getattr(entry, "from_", None), getattr(entry, "to", None)
    if begins and ends and begins >= ends:
        what = f"it ends on {ends}, not after it begins ({begins})"
        raise where.refuse(what, "to", "`to` is the first day without it")


def _check_scope(scope: Mapping[str, str], known: Sequence[str], said: str, where: Place) -> None:
    for name in scope:
        if name not in known:
            raise where.refuse(f"{said} `{name}`", "scope", _nearest(name, known))


def _nearest(name: str, known: Sequence[str]) -> str:
    found = difflib.get_close_matches(name, known, 1)
    return f"did you mean `{found[0]}`?" if found else "one of: " + ", ".join(known)


def _identity(identity: Identity, where: Place) -> None:
    for dimension in OWNERS:
        for item in getattr(identity, dimension):
            kind, colon, name = item.partition(":")
            if item in _WHOLE_ITEMS or (kind in _NAMED_ITEMS and name.strip()):
                continue
            near = difflib.get_close_matches(kind, _NAMED_ITEMS if colon else _WHOLE_ITEMS, 1)
            meant = f"{near[0]}:{name or 'NAME'}" if near and colon else "".join(near)
            hint = f"did you mean `{meant}`?" if meant else "one of: tag:NAME, attr:NAME, " + ", ".join(_WHOLE_ITEMS)
            raise where.refuse(f"no {dimension} can come from `{item}`", dimension, hint)


def memory_fault(memory: str) -> str | None:
    """What is wrong with an amount of memory, if anything."""
    said = re.fullmatch(r"\s*(\d{1,9}(?:\.\d+)?)\s*([KMGT]?)i?B\s*", memory, re.IGNORECASE | re.ASCII)
    if said is None:
        return f"`{memory}` is not an amount of memory"
    megabytes = Decimal(said[1]) * Decimal(1000) ** ("KMGT".index(said[2].upper()) - 1 if said[2] else -2)
    if not 50 <= megabytes <= 10**9:
        return f"no command can work within {memory.strip()} of memory" if megabytes < 50 else f"`{memory}` is more than there is"
    return None


def _ledger(place: LedgerPlace, where: Place) -> None:
    if place.threads is not None and not 1 <= place.threads <= 1024:
        raise where.refuse(f"{place.threads} threads can't be used", "threads", "a whole number from 1 to 1024")
    if place.memory is not None and (fault := memory_fault(place.memory)):
        raise where.refuse(fault, "memory", 'write it as "2GB"')
    if place.as_of is not None and not FAR[0] <= place.as_of <= FAR[1]:
        raise where.refuse(f"{place.as_of} is no business date", "as_of", f"a day from {FAR[0]} to {FAR[1]}")


def _placement(placement: Placement, where: Place) -> None:
    if placement.purchase_option not in PURCHASE_OPTIONS:
        hint = _nearest(placement.purchase_option, PURCHASE_OPTIONS)
        raise where.refuse(f"there is no purchase option `{placement.purchase_option}`", "purchase_option", hint)


def _map(entry: AccountMap, where: Place) -> None:
    if entry.tenant is None and entry.agent is None and entry.workflow is None:
        raise where.refuse(f"the account `{entry.account}` is mapped to nobody", hint='tenant = "NAME", an agent or a workflow')


def _budget(budget: Budget, where: Place) -> None:
    if budget.amount <= 0:
        raise where.refuse(f"a budget of {budget.amount:f} can't be kept", "amount", "a sum above 0")
    _check_scope(budget.scope, COST_SCOPE, "a budget's scope can't name", where)
    seen: set[tuple[Decimal, str]] = set()
    for rail in budget.guardrails:
        if not 0 < rail.at <= 10:
            hint = "a share of the budget: 0.8 is 80 %"
            raise where.refuse(f"a guardrail at {rail.at:f} is no share of a budget", "guardrails at", hint)
        if rail.action == "downgrade" and rail.to_model is None:
            raise where.refuse("a downgrade leads to no model", "guardrails to_model", 'to_model = "NAME"')
        if rail.to_model is not None and rail.action not in ("downgrade", "reroute"):
            what = f"`{rail.action}` leads to no other model, and names `{rail.to_model}`"
            raise where.refuse(what, "guardrails to_model", 'action = "downgrade"')
        if (rail.at, rail.action) in seen:
            raise where.refuse(f"`{rail.action}` at {rail.at:f} stands twice", "guardrails", "keep one")
        seen.add((rail.at, rail.action))


def _value(value: Value, where: Place) -> None:
    if value.workflow is None and value.agent is None:
        raise where.refuse("a value must say of what", hint='workflow = "NAME", or agent = "NAME"')
    low, high = value.low, value.high
    for key, amount in (("per_accepted", value.per_accepted), ("low", low)):
        if amount is not None and amount < 0:
            raise where.refuse(f"an accepted outcome can't be worth {amount:f}", key, "an amount from 0 up")
    if low is not None and low > value.per_accepted:
        raise where.refuse(f"the lowest value {low:f} is above {value.per_accepted:f}", "low", "low ≤ per_accepted ≤ high")
    if high is not None and high < value.per_accepted:
        raise where.refuse(f"the highest value {high:f} is below {value.per_accepted:f}", "high", "low ≤ per_accepted ≤ high")


def _seats(entry: Seats, where: Place) -> None:
    if not 1 <= entry.seats <= 10**9:
        raise where.refuse(f"`{entry.tenant}` can't have {entry.seats} seats", "seats", "a whole number from 1 up")


def _revenue(entry: Revenue, where: Place) -> None:
    if entry.per_month < 0:
        hint = "what is left of it after rebates"
        raise where.refuse(f"`{entry.tenant}` can't pay {entry.per_month:f} a month", "per_month", hint)


def _workflow(entry: Workflow, where: Place) -> None:
    if not 0 <= entry.settle_days <= 3660:
        what = f"outcomes can't settle after {entry.settle_days} days"
        raise where.refuse(what, "settle_days", "a whole number from 0 to 3660")


def _envelope(entry: Envelope, where: Place) -> None:
    _check_scope(entry.scope, CALL_SCOPE, "an envelope's scope can't name", where)
    if entry.latency_ms is None and entry.error_share is None:
        raise where.refuse("an envelope must say what calls keep", hint='latency_ms = 12000, or error_share = "0.02"')
    if entry.latency_ms is not None and not 1 <= entry.latency_ms <= 10**9:
        raise where.refuse(f"calls can't end within {entry.latency_ms} ms", "latency_ms", "a whole number from 1 up")
    for key, share in (("latency_share", entry.latency_share), ("error_share", entry.error_share)):
        if share is not None and not 0 < share < 1:
            raise where.refuse(f"an envelope's share is between 0 and 1, not {share:f}", key, "0.95 is 95 %")


def _invoice(entry: Invoice, where: Place) -> None:
    if not re.fullmatch(r"(19|20|21)\d\d-(0[1-9]|1[0-2])", entry.period):
        raise where.refuse(f"`{entry.period}` is not a month", "period", "write it as 2026-10")


def _unchecked(entry: Any, where: Place) -> None:
    """What its types and names say is all there is to check."""


_SINGLE: Mapping[str, Check] = {"identity": _identity, "ledger": _ledger, "placement": _placement}
_MANY: Mapping[str, Check] = {
    **{"map": _map, "budget": _budget, "value": _value, "seats": _seats, "revenue": _revenue, "workflow": _workflow},
    **{"envelope": _envelope, "invoice": _invoice, "plan": check_plan, "count": _unchecked},
}
