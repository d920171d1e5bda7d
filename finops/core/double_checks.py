"""What may stand in `finops.toml` only once, and names that are kept: one error each, with both lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from finops.core.section_checks import OWNERS, Place, place_of
from finops.core.settings import Counting, Envelope, Rule
from finops.errors import UsageError


def check_doubles(parts: Mapping[str, Any], file: str) -> None:
    """Raises UsageError on the first entry that another one contradicts; `parts` is what `read_sections` read of `file`."""
    _refuse_kept_owners(parts, file)
    _refuse_two_rules(parts["rule"], file)
    for name, key_of in _KEYS.items():
        _refuse_doubles(parts[name], key_of, name, file)
    _refuse_unreachable(parts["count"], file)


def _refuse_kept_owners(parts: Mapping[str, Any], file: str) -> None:
    owners = [(entry, "[[map]]", {name: getattr(entry, name) for name in OWNERS}) for entry in parts["map"]]
    owners += [(rule, "[[rule]] owner", dict(rule.owner)) for rule in parts["rule"]]
    for entry, section, names in owners:
        for dimension, name in names.items():
            if str(name or "").startswith("__"):
                what = f"the {dimension} `{name}` has a name that is kept for what has no owner"
                raise Place(file, section, entry.line).refuse(what, hint="owners' names do not begin with `__`")


def _refuse_two_rules(rules: Iterable[Rule], file: str) -> None:
    seen: dict[str, int] = {}
    for rule in rules:
        key = f"{rule.id}@{rule.from_}"
        if key in seen:
            raise UsageError(
                f"two rules are called `{rule.id}` from the same date",
                where=f"{file}:{rule.line} (first on line {seen[key]})",
                hint="give each its own id, or another `from` date for a new version",
            )
        seen[key] = rule.line


def _envelope_names(entry: Envelope) -> list[Any]:
    name = entry.id or tuple(sorted(entry.scope.items()))
    told = [("slow answers of", entry.latency_ms), ("failures of", entry.error_share)]
    return [(kind, name) for kind, limit in told if limit is not None]


_KEYS: Mapping[str, Callable[[Any], list[Any]]] = {
    "map": lambda entry: [(entry.account, name) for name in OWNERS if getattr(entry, name) is not None],
    "seats": lambda entry: [entry.tenant],
    "tenant": lambda entry: [entry.name],
    "workflow": lambda entry: [entry.name],
    "unit": lambda entry: [(entry.name, entry.workflow, entry.attribute)],
    "value": lambda entry: [(entry.workflow, entry.agent, entry.currency, entry.from_)],
    "budget": lambda entry: [entry.id or (*sorted(entry.scope.items()), entry.period, entry.currency)],
    "envelope": _envelope_names,
    "invoice": lambda entry: [(entry.issuer, entry.period, entry.currency, entry.account, entry.id)],
    "exempt": lambda entry: [entry.agent],
}
"""What may stand once only, for the same days where entries have dates."""


def _refuse_doubles(entries: Iterable[Any], key_of: Callable[[Any], list[Any]], section: str, file: str) -> None:
    seen: dict[Any, list[Any]] = {}
    for entry in entries:
        for key in key_of(entry):
            for other in seen.setdefault(key, []):
                if _same_days(entry, other):
                    dated = hasattr(entry, "to")
                    what = f"{_said(key)} stands twice" + " for the same days" * dated
                    first = f" (first on line {other.line})" if other.line else ""
                    hint = "keep one" + ", or part their dates" * dated + ", or give each its `id`" * hasattr(entry, "id")
                    raise place_of(entry, section, file).refuse(what + first, hint=hint)
            seen[key].append(entry)


def _said(key: Any) -> str:
    parts = key if isinstance(key, tuple) else (key,)
    told = [" ".join(map(str, part)) if isinstance(part, tuple) else str(part) for part in parts if part not in (None, ())]
    return f"`{', '.join(told)}`" if told else "the whole company"


def _same_days(one: Any, other: Any) -> bool:
    begins = max((day for day in (_from(one), _from(other)) if day), default=None)
    ends = min((day for day in (getattr(one, "to", None), getattr(other, "to", None)) if day), default=None)
    return begins is None or ends is None or begins < ends


def _from(entry: Any) -> date | None:
    begins: date | None = getattr(entry, "from_", None)
    return begins


def _refuse_unreachable(entries: Sequence[Counting], file: str) -> None:
    """The first entry that fits decides: one whose every day an earlier one has is never asked."""
    for number, entry in enumerate(entries):
        for other in entries[:number]:
            whole = other.provider in ("*", entry.provider)
            begun = other.from_ is None or (entry.from_ is not None and other.from_ <= entry.from_)
            if whole and begun and (other.to is None or (entry.to is not None and other.to >= entry.to)):
                what = f"whose calls of `{entry.provider}` count is decided already (line {other.line})"
                raise place_of(entry, "count", file).refuse(what, "provider", "the first entry that fits decides")
