"""Rules' conditions and owners of billing lines as SQL: what is asked of each line, and what of lines that are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from finops.core.match_checks import DERIVED
from finops.core.rule_checks import CALL_JOINS, EVERYTHING, LEVELS, is_of_meters, named_rules
from finops.core.settings import Identity, LayerRule, Rule
from finops.ledger.engine.database import identifier, literal, quoted

DIMENSIONS = ("tenant", "agent", "workflow")
_DAY = 'CAST(c."ChargePeriodStart" AS DATE)'


def charge_expressions(identity: Identity, rules: Sequence[Rule], layers: Sequence[LayerRule]) -> dict[str, str]:
    """The expressions in braces of `stg_line` (of a line `c`) and of `stg_charge` (of lines that are alike)."""
    keys = _match_keys([*rules, *layers])
    own = [rule for rule in rules if not rule.of]
    metered = [rule for rule in own if rule.method == "metered"]
    matched = [f"CASE WHEN {_given(key)} IN ({_list(values)}) THEN {_given(key)} END" for key, values in keys.items()]
    return {
        "keeps_hour": _any_of([rule for rule in metered if LEVELS[rule.window] == 0]),
        "keeps_resource": _any_of([rule for rule in metered if "resource" in joins_of(rule)]),
        "line_matches": "".join(f"{sql} AS match_{place}, " for place, sql in enumerate(matched)),
        "line_owners": ", ".join(_owner_parts(getattr(identity, name), name) for name in DIMENSIONS),
        "charge_owners": ", ".join(_owner(getattr(identity, name), name) for name in DIMENSIONS),
        "charge_rule": _case([(_matches(rule, keys), quoted(name)) for name, rule in named_rules(rules) if not rule.of]),
        "charge_rules": _fitting(rules, keys),
        "charge_layer": _case([(_matches(rule, keys), quoted(rule.layer)) for rule in layers]),
    }


def joins_of(rule: Rule) -> tuple[str, ...]:
    """By what a metered rule joins charges and their driver."""
    if EVERYTHING in rule.join:
        return ()
    return rule.join or (("resource",) if is_of_meters(rule) else CALL_JOINS)


def values_of(value: Any) -> list[Any]:
    """One value or several, as a list."""
    return list(value) if isinstance(value, list | tuple) else [value]


def _match_keys(rules: Sequence[Rule | LayerRule]) -> dict[str, list[str]]:
    """What of a line itself rules match by, each with all values that a rule names."""
    found: dict[str, set[str]] = {}
    for rule in rules:
        for key, value in rule.match.items():
            if key not in DERIVED:
                found.setdefault(key, set()).update(map(str, values_of(value)))
    return {key: sorted(values) for key, values in found.items()}


def _matches(rule: Rule | LayerRule, keys: dict[str, list[str]]) -> str:
    """Of lines `k` that are alike: whether the rule fits them."""
    places = {key: f"k.match_{place}" for place, key in enumerate(keys)}
    conditions = [f"{places.get(key, f'k.{key}')} IN ({_list(values_of(value))})" for key, value in rule.match.items()]
    return " AND ".join([*conditions, *_dated(rule, "k.charge_day")]) or "TRUE"


def _any_of(rules: Sequence[Rule]) -> str:
    """Whether a line may fall under one of the rules: by all that is known of it before it is classified."""
    each = []
    for rule in rules:
        conditions = [f"{_given(key)} IN ({_list(values_of(value))})" for key, value in rule.match.items() if key not in DERIVED]
        each.append(f"({' AND '.join([*conditions, *_dated(rule, _DAY)]) or 'TRUE'})")
    return " OR ".join(each) or "FALSE"


def _dated(rule: Rule | LayerRule, day: str) -> list[str]:
    found = [f"{day} >= {literal(rule.from_)}"] if rule.from_ else []
    return [*found, f"{day} < {literal(rule.to)}"] if rule.to else found


def _case(branches: Sequence[tuple[str, str]]) -> str:
    whens = [f"WHEN {condition} THEN {answer}" for condition, answer in branches]
    return f"CASE {' '.join(whens)} END" if whens else "CAST(NULL AS VARCHAR)"


def _fitting(rules: Sequence[Rule], keys: dict[str, list[str]]) -> str:
    """The places of all rules that fit a charge, in file order, such as `0,3`."""
    fits = "".join(f", CASE WHEN {_matches(rule, keys)} THEN '{place}' END" for place, rule in enumerate(rules) if not rule.of)
    return f"concat_ws(','{fits})" if fits else "''"


def _given(key: str) -> str:
    """A tag or column of a line, as text."""
    return _tag(key[4:]) if key.startswith("tag:") else f"CAST(c.{identifier(key)} AS VARCHAR)"


def _tag(key: str) -> str:
    """A line's tag. A share of a split charge has tags of its own, which say more than those of the whole."""
    return f'coalesce(c."AllocatedTags"[{quoted(key)}], c."Tags"[{quoted(key)}])'


def _owner_parts(items: Sequence[str], dimension: str) -> str:
    """What the line itself says of its owner, as it says it."""
    own = [f'c."x_{dimension.capitalize()}Id"', *(_tags(item) for item in items if item == "namespace" or item[:4] == "tag:")]
    return ", ".join(f"{sql} AS {dimension}_{place}" for place, sql in enumerate(own))


def _owner(items: Sequence[str], dimension: str) -> str:
    """The first of them that names somebody, the account's owner in its place."""
    found, place = [f"owner_name(c.{dimension}_0)"], 0
    for item in items:
        if item == "namespace" or item[:4] == "tag:":
            place += 1
            found.append(f"owner_name(c.{dimension}_{place})")
        elif item == "account-map":
            found.append(f"coalesce(sub.{dimension}, acc.{dimension})")
    return f"coalesce({', '.join(found)}) AS named_{dimension}"


def _tags(item: str) -> str:
    return _tag(item[4:]) if item[:4] == "tag:" else f"coalesce({_tag('namespace')}, {_tag('k8s.namespace.name')})"


def _list(values: Sequence[Any]) -> str:
    return ", ".join(quoted(str(value)) for value in values)
