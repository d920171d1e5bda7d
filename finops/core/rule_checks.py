"""What the rules of `finops.toml` may say: columns, owners, shares, drivers and dates, each error with its rule and line."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from finops.core.match_checks import match_fault
from finops.core.settings import LayerRule, Rule
from finops.errors import UsageError

DIMENSIONS = ("tenant", "agent", "workflow")
METER_DRIVERS = ("gpu_seconds", "cpu_seconds", "memory_gib_seconds")
LEVELS = {"hour": 0, "day": 1, "month": 2}
METER_JOINS = ("provider", "account", "region", "resource", "instance_type")
CALL_JOINS = ("provider", "account", "region", "model", "token_class")
EVERYTHING = "*"
"""As the only join: what drives the rule is summed over all providers, models and resources."""
OWN_NAMES = ("named-owner", "no-rule", "no-charge", "estimated-calls", "estimated-hours", "api-models", "gpu-hours", "cpu-hours")
"""What places cost without a rule of the file goes by these names."""
_WHOLES = (Decimal(1), Decimal(100))
_LEAST_SHARE, _MOST_SHARE = Decimal("1e-12"), Decimal(10**12)


def check_rules(rules: Sequence[Rule], layers: Sequence[LayerRule], file: str) -> None:
    """Raises UsageError on the first rule that can't mean what it says; `file` names the configuration."""
    for layer in layers:
        where = _Place(file, layer.line, f"the layer `{layer.layer}`", "[[layer]]")
        _check_match(layer.match, where)
        _check_dates(layer, where)
    for rule in rules:
        where = _Place(file, rule.line, f"rule `{rule.id}`", "[[rule]]")
        _check_name(rule, where)
        _check_match(rule.match, where)
        _check_dates(rule, where)
        _check_owners(rule, where)
        _check_shares(rule, where)
        _check_driver(rule, where)
    _check_names(rules, file)
    resharing_order(rules, file)


def resharing_order(rules: Sequence[Rule], file: str = "finops.toml") -> list[Rule]:
    """The rules that share an owner's cost on (`of`), each after those that may give to its owner. Raises UsageError where cost
    would come back to where it was, or where two rules share the same owner's cost on the same day."""
    found = [rule for rule in rules if rule.of]
    for place, rule in enumerate(found):
        for other in found[:place]:
            if dict(rule.of) == dict(other.of) and _overlap(rule, other):
                where = _Place(file, rule.line, f"rule `{rule.id}`", "[[rule]]")
                raise where.refuse(f"shares what rule `{other.id}` (line {other.line}) has shared already", "of")
    order: list[Rule] = []
    path: list[Rule] = []

    def visit(rule: Rule) -> None:
        if any(rule is one for one in order):
            return
        if any(rule is one for one in path):
            names = " → ".join(one.id for one in [*path[next(i for i, one in enumerate(path) if one is rule) :], rule])
            where = _Place(file, rule.line, f"rule `{rule.id}`", "[[rule]]")
            raise where.refuse(f"gives cost back to where it comes from: {names}", "shares", "share in one direction")
        path.append(rule)
        for other in found:
            if _gives_to(rule, other):
                visit(other)
        path.pop()
        order.append(rule)

    for rule in found:
        visit(rule)
    return order[::-1]


def _overlap(one: Rule, other: Rule) -> bool:
    begins = max((rule.from_ for rule in (one, other) if rule.from_), default=None)
    ends = min((rule.to for rule in (one, other) if rule.to), default=None)
    return begins is None or ends is None or begins < ends


def _gives_to(rule: Rule, other: Rule) -> bool:
    """Whether a fixed share names the owner whose cost the other rule shares on; other splits leave such owners out."""
    if rule.split != "fixed":
        return False
    owners = [dict(zip(DIMENSIONS, owner.split("/"), strict=False)) for owner in rule.shares]
    return any(all(owner.get(name) == value for name, value in other.of.items()) for owner in owners)


def named_rules(rules: Iterable[Rule]) -> list[tuple[str, Rule]]:
    """Each rule under its id; versions of one rule after the first carry their date."""
    seen: set[str] = set()
    named = []
    for rule in rules:
        name = rule.id if rule.id not in seen else f"{rule.id}@{rule.from_}"
        seen.add(rule.id)
        named.append((name, rule))
    return named


def driver_of(rule: Rule) -> str:
    """What a metered rule shares by, where it does not say."""
    return rule.driver or ("gpu_seconds" if rule.reference == "capacity" else "priced_calls")


def is_of_meters(rule: Rule) -> bool:
    """Whether meters drive the rule, and not calls."""
    driver = driver_of(rule)
    return driver in METER_DRIVERS or (driver == "requests" and "resource" in rule.join)


def without_effect(rule: Rule) -> list[str]:
    """Keys of the rule that its method or split does not read."""
    standard = Rule(rule.id, rule.method)
    unread: tuple[str, ...] = ()
    if rule.method != "metered":
        unread = ("driver", "join", "reference", "window", "widen", "otherwise", "tolerance")
    elif rule.reference != "priced":
        unread = ("tolerance",)
    if rule.method != "shared":
        unread += ("split",)
    if rule.method == "direct" or (rule.method == "shared" and rule.split in ("fixed", "left")):
        unread += ("targets",)
    if rule.method != "shared" or rule.split != "fixed":
        unread += ("shares",)
    return [name for name in unread if getattr(rule, name) != getattr(standard, name)]


class _Place:
    """Where a rule stands, and errors about it."""

    def __init__(self, file: str, line: int, name: str, section: str) -> None:
        self._file, self._line, self._name, self._section = file, line, name, section

    def refuse(self, what: str, key: str = "", hint: str | None = None) -> UsageError:
        at = f"{self._file}:{self._line}" if self._line else self._file
        return UsageError(f"{self._name} {what}", where=f"{at} {self._section} {key}".rstrip(), hint=hint)


def _nearest(name: str, known: Sequence[str], otherwise: str) -> str:
    found = difflib.get_close_matches(name, known, 1)
    return f"did you mean `{found[0]}`?" if found else otherwise


def _check_name(rule: Rule, where: _Place) -> None:
    if rule.id in OWN_NAMES:
        raise where.refuse("has a name that is kept for what no rule of the file places", "id", "give it another id")


def _check_names(rules: Sequence[Rule], file: str) -> None:
    """A version of a rule and another rule must not come to the same name: each of its charges would count twice."""
    lines: dict[str, int] = {}
    for name, rule in named_rules(rules):
        if name in lines:
            raise UsageError(
                f"two rules are called `{name}`",
                where=f"{file}:{rule.line} [[rule]] id (first on line {lines[name]})",
                hint="give each its own id",
            )
        lines[name] = rule.line


def _check_match(match: Mapping[str, Any], where: _Place) -> None:
    if fault := match_fault(match):
        raise where.refuse(fault[0], "match", fault[1])


def _check_dates(entry: Rule | LayerRule, where: _Place) -> None:
    if entry.from_ and entry.to and entry.from_ >= entry.to:
        raise where.refuse(f"ends on {entry.to}, not after it begins ({entry.from_})", "to", "`to` is the first day without it")


def _check_owners(rule: Rule, where: _Place) -> None:
    for key, names in (("owner", rule.owner), ("targets", rule.targets), ("of", rule.of)):
        for dimension, value in names.items():
            if dimension not in DIMENSIONS:
                hint = _nearest(dimension, DIMENSIONS, "one of: " + ", ".join(DIMENSIONS))
                raise where.refuse(f"names `{dimension}`, which no owner is", key, hint)
            values = list(value) if isinstance(value, list | tuple) and key == "targets" else [value]
            if not values or not all(isinstance(one, str) and one.strip() for one in values):
                raise where.refuse(
                    f"names no {dimension}: `{value}`", key, "a name" + (", or a list of names" * (key == "targets"))
                )
    taking = [one for value in rule.targets.values() for one in (value if isinstance(value, list | tuple) else [value])]
    if kept := next((one for one in taking if one.startswith("__")), None):
        raise where.refuse(f"names `{kept}`, a name that is kept for what has no owner", "targets", "name those who take part")
    if any(str(name).startswith("__") for name in rule.of.values()):
        raise where.refuse("shares the cost of what has no owner", "of", "name a tenant, an agent or a workflow")
    if rule.of and (rule.method != "shared" or rule.match):
        raise where.refuse("shares the cost of an owner and is no shared rule without `match`", "of", 'method = "shared"')
    if rule.method == "direct" and not rule.owner:
        raise where.refuse("is direct and names no owner", "owner", 'owner = {tenant = "acme"}')
    if rule.method != "direct" and rule.owner:
        raise where.refuse(f"names an owner and is {rule.method}", "owner", 'only `method = "direct"` gives charges to an owner')


def _check_shares(rule: Rule, where: _Place) -> None:
    """Whole numbers are weights. Fractions are shares of 1 or of 100, and must come to it."""
    found: list[Decimal] = []
    for owner, share in rule.shares.items():
        parts = owner.split("/")
        if len(parts) > len(DIMENSIONS) or not all(part.strip() for part in parts):
            raise where.refuse(f"shares with `{owner}`", "shares", 'a tenant, "tenant/agent" or "tenant/agent/workflow"')
        if any(part != part.strip() for part in parts):
            raise where.refuse(f"shares with `{owner}`, a name with a space at its end", "shares", "leave the space out")
        if any(part.startswith("__") for part in parts):
            raise where.refuse(f"shares with `{owner}`, a name that is kept for what has no owner", "shares")
        found.append(_share(owner, share, where))
    if rule.method != "shared" or rule.split != "fixed":
        return
    if not any(found):
        what = "has a fixed split without shares" if not found else "has shares that are all 0"
        raise where.refuse(what, "shares", "shares = {acme = 3, bolt = 1}")
    if any(share != share.to_integral_value() for share in found) and (total := sum(found, Decimal(0))) not in _WHOLES:
        text = format(total.normalize(), "f")
        raise where.refuse(f"has shares that add up to {text}", "shares", "fractions come to 1 or to 100; or use whole weights")


def _share(owner: str, share: Any, where: _Place) -> Decimal:
    try:
        number = Decimal(str(share).strip()) if not isinstance(share, bool) else Decimal("NaN")
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise where.refuse(f"gives `{owner}` the share `{share}`", "shares", "a number from 0 up")
    if number < 0:
        raise where.refuse(f"gives `{owner}` the negative share {share}", "shares", "a number from 0 up")
    if number and not _LEAST_SHARE <= number <= _MOST_SHARE:
        hint = f"a number from {_LEAST_SHARE:f} to {_MOST_SHARE:f}"
        raise where.refuse(f"gives `{owner}` the share {share}, which can't be weighed", "shares", hint)
    if number != number.quantize(_LEAST_SHARE):
        raise where.refuse(
            f"gives `{owner}` the share {share}", "shares", "at most twelve digits after the point, or whole weights"
        )
    return number


def _check_driver(rule: Rule, where: _Place) -> None:
    if rule.tolerance < 0:
        raise where.refuse(f"has the negative tolerance {rule.tolerance}", "tolerance", "a share of 1, for example 0.1")
    if rule.tolerance > 1:
        raise where.refuse(f"has the tolerance {rule.tolerance:f}", "tolerance", "a share of 1: 0.1 is 10 %")
    if rule.widen and LEVELS[rule.widen] < LEVELS[rule.window]:
        raise where.refuse(f"widens from a {rule.window} to the shorter {rule.widen}", "widen", "hour, then day, then month")
    if rule.method != "metered":
        return
    driver, meters = driver_of(rule), is_of_meters(rule)
    possible = METER_JOINS if meters else CALL_JOINS
    if EVERYTHING in rule.join and (len(rule.join) > 1 or rule.reference == "capacity"):
        what = "refers to the capacity of everything" if rule.reference == "capacity" else "joins by everything and by a name"
        raise where.refuse(what, "join", 'join = ["*"] stands alone, for drivers that no name of the bill meets')
    for item in rule.join:
        if item not in (*possible, EVERYTHING):
            hint = "joins for this driver: " + ", ".join(possible) + "; or * alone"
            raise where.refuse(f"joins by `{item}`, which its driver `{driver}` does not have", "join", hint)
    if rule.targets and rule.reference != "none":
        hint = 'reference = "none"; what others use would be taken for idle or unexplained'
        raise where.refuse(f"refers to {rule.reference} and names who takes part", "targets", hint)
    if rule.reference == "capacity" and not meters:
        raise where.refuse(f"refers to capacity, which its driver `{driver}` has none of", "reference", "a driver of meters")
    if rule.reference == "priced" and driver != "priced_calls":
        raise where.refuse(
            f"refers to prices, which its driver `{driver}` has none of",
            "reference",
            'driver = "priced_calls", or another reference',
        )
