"""What an `[[import]]` says of each column: which column of the file feeds it and how its text is written. Checked key by key."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from finops.core.contracts import CONTRACTS, Contract, Field, Kind
from finops.core.settings import Import
from finops.errors import UsageError

Where = Callable[[str | None], str]
"""Where in the configuration a column of the mapping stands; None asks for the mapping itself."""

EPOCHS = {"unix": 1, "unix_ms": 10**3, "unix_us": 10**6, "unix_ns": 10**9}
"""Formats of times that are numbers: how many of the unit make a second."""

_KEYS = ("column", "columns", "value", "format", "factor", "values", "optional")
_AMOUNTS: frozenset[Kind] = frozenset({"money", "quantity", "price", "int", "float"})
_DIRECTIVES = frozenset("aAbBdHIjmMpSfyYzZ%")
_THOUSANDS = frozenset(".,' _\u00a0\u202f")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DRIVERS = ("gpu_seconds", "cpu_seconds", "memory_gib_seconds", "requests")


@dataclass(frozen=True)
class Target:
    """A column of the contract. It takes the first of `columns` that says something; `gathered`, all of them as a map by name; or
    the constant `value`. `values` replaces texts of the file, `factor` multiplies, `format` is how a time is written."""

    shape: Field
    columns: tuple[str, ...] = ()
    gathered: bool = False
    value: str | None = None
    format: str | None = None
    factor: Decimal | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    optional: bool = False

    @property
    def name(self) -> str:
        return self.shape.name


def targets_of(given: Import, where: Where) -> tuple[Target, ...]:
    """The checked targets in the order of the contract. Raises UsageError at the first thing that would not do."""
    contract = _contract(given, where)
    _check_file_keys(given, where)
    fields = {one.name: one for one in contract.fields}
    found: dict[str, Target] = {}
    for name, spec in given.columns.items():
        found[name] = _target(fields[_known(name, contract, where)], spec, where(name))
    for name, value in given.constants.items():
        if _known(name, contract, where) in found:
            raise UsageError(f"`{name}` is both a column and a constant", where=where(name), hint="keep one of them")
        found[name] = Target(fields[name], value=_text(value, where(name)))
    _check_complete(given, contract, found, where)
    return tuple(found[name] for name in contract.names if name in found)


@dataclass(frozen=True)
class Filter:
    """Rows that are none of the contract, such as totals: `keeps` tells whether the texts are those to keep or to leave out."""

    column: str
    texts: frozenset[str]
    keeps: bool


def filters_of(given: Import, where: Where) -> tuple[Filter, ...]:
    """The checked `only` and `leave_out`."""
    found = []
    for key, told in (("only", given.only), ("leave_out", given.leave_out)):
        for column, spec in told.items():
            listed = spec if isinstance(spec, list) else [spec]
            found.append(Filter(column, frozenset(_text(one, where(key)) for one in listed), keeps=key == "only"))
    return tuple(found)


def nearest(name: str, known: Sequence[str]) -> str | None:
    """The known name that was probably meant."""
    low = {one.lower(): one for one in reversed(known)}
    found = get_close_matches(name.lower(), list(low), 1)
    return low[found[0]] if found else None


def _contract(given: Import, where: Where) -> Contract:
    if not _NAME.fullmatch(given.name):
        what = f"`{given.name}` can't be the name of a source"
        raise UsageError(what, where=where(None), hint="use letters, digits, `-`, `_` and `.`, such as vendor-x")
    contract = CONTRACTS.get(given.contract)
    if contract is None:
        near = nearest(given.contract, list(CONTRACTS))
        hint = f"did you mean `{near}`?" if near else "use one of: " + ", ".join(CONTRACTS)
        raise UsageError(f"there is no contract `{given.contract}`", where=where("contract"), hint=hint)
    return contract


def _check_file_keys(given: Import, where: Where) -> None:
    try:
        ZoneInfo(given.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        hint = 'use an IANA name such as "Europe/Berlin"'
        raise UsageError(f"there is no time zone `{given.zone}`", where=where("zone"), hint=hint) from None
    if given.delimiter is not None and (len(given.delimiter) != 1 or given.delimiter in '"\r\n'):
        what = f"`{given.delimiter}` can't be a delimiter"
        raise UsageError(what, where=where("delimiter"), hint=r'it is one character, such as ";" or "\t"')
    if given.thousands is not None and (given.thousands not in _THOUSANDS or given.thousands == given.decimal):
        what = f"`{given.thousands}` can't separate thousands where `{given.decimal}` is the decimal sign"
        raise UsageError(what, where=where("thousands"), hint="""it is one of . , ' _ or a space, and not the decimal sign""")
    if given.skip_lines < 0:
        raise UsageError("`skip_lines` is below 0", where=where("skip_lines"), hint="count the lines before the header")
    if given.items is not None and not given.files:
        raise UsageError("`items` needs `files`", where=where("items"), hint="a JSON document is known by its name only")
    if given.encoding is not None:
        _check_encoding(given, where("encoding"))
    if given.tokens is not None and given.contract != "call":
        raise UsageError("`tokens` belongs to calls", where=where("tokens"), hint="leave it out")


def _check_encoding(given: Import, where: str) -> None:
    try:
        "a".encode(given.encoding or "")
    except (LookupError, UnicodeError, ValueError):
        hint = "use a name such as windows-1252, iso-8859-15 or utf-16"
        raise UsageError(f"there is no encoding `{given.encoding}`", where=where, hint=hint) from None
    if not given.files:
        raise UsageError("`encoding` needs `files`", where=where, hint="a file that is not UTF-8 is known by its name only")


def _known(name: str, contract: Contract, where: Where) -> str:
    if name in contract.names:
        return name
    near = nearest(name, contract.names)
    all_names = "it has: " + ", ".join(contract.names)
    hint = f"did you mean `{near}`? {all_names[0].upper()}{all_names[1:]}" if near else all_names
    raise UsageError(f"`{contract.name}` has no column `{name}`", where=where(name), hint=hint)


def _target(one: Field, spec: Any, where: str) -> Target:
    if not isinstance(spec, Mapping):
        return Target(one, _columns(spec, where))
    for key in spec:
        if key not in _KEYS:
            near = nearest(key, _KEYS)
            hint = f"did you mean `{near}`?" if near else "known here: " + ", ".join(_KEYS)
            raise UsageError(f"unknown key `{key}`", where=where, hint=hint)
    ways = [key for key in ("column", "columns", "value") if key in spec]
    if len(ways) != 1:
        what = f"`{one.name}` needs one of `column`, `columns` and `value`" + (f", not {' and '.join(ways)}" if ways else "")
        raise UsageError(what, where=where, hint='for example { column = "Amount" }')
    if ways == ["columns"] and one.kind != "map":
        hint = 'column = ["first", "second"] takes the first that says something'
        raise UsageError(f"`columns` makes a map, and `{one.name}` is none", where=where, hint=hint)
    values = spec.get("values", {})
    if not isinstance(values, Mapping) or (ways == ["value"] and len(spec) > 1):
        raise UsageError("`values` is a table of texts" if values else "a constant takes no other key", where=where)
    return Target(
        one,
        () if ways == ["value"] else _columns(spec[ways[0]], where),
        gathered=ways == ["columns"],
        value=_text(spec["value"], where) if ways == ["value"] else None,
        format=_format(one, spec.get("format"), where),
        factor=_factor(one, spec.get("factor"), where),
        values={key: _text(value, where) for key, value in values.items()},
        optional=_yes(spec.get("optional", False), where),
    )


def _columns(given: Any, where: str) -> tuple[str, ...]:
    listed = [given] if isinstance(given, str) else given
    if isinstance(listed, list) and listed and all(isinstance(one, str) and one for one in listed):
        return tuple(listed)
    raise UsageError(f"expected the name of a column, found `{given}`", where=where, hint='for a constant write { value = "…" }')


def _format(one: Field, given: Any, where: str) -> str | None:
    if given is None:
        return None
    if one.kind != "time":
        raise UsageError(f"`format` is for times, and `{one.name}` is none", where=where, hint="leave it out")
    if given in EPOCHS:
        return str(given)
    marks = re.findall(r"%(.?)", given, re.DOTALL) if isinstance(given, str) else []
    wrong = next((mark for mark in marks if mark not in _DIRECTIVES), None)
    if wrong is not None or not {"y", "Y"} & set(marks) or len(marks) > len(set(marks) | {"%"}):
        hint = f'use the marks of strptime, such as "%d.%m.%Y", or one of {", ".join(EPOCHS)}'
        raise UsageError(f"`{given}` is not how a time is written", where=where, hint=hint)
    return str(given)


def _factor(one: Field, given: Any, where: str) -> Decimal | None:
    if given is None:
        return None
    if one.kind not in _AMOUNTS:
        raise UsageError(f"`factor` is for numbers, and `{one.name}` is none", where=where, hint="leave it out")
    text = str(given)
    if isinstance(given, bool) or not re.fullmatch(r"[+-]?(\d{1,18}(\.\d{0,18})?|\.\d{1,18})", text) or not Decimal(text):
        hint = 'for example "0.01" from cents, "60" from minutes to seconds'
        raise UsageError(f"`{given}` is not a factor", where=where, hint=hint)
    return Decimal(text)


def _yes(given: Any, where: str) -> bool:
    if isinstance(given, bool):
        return given
    raise UsageError(f"expected true or false, found `{given}`", where=where)


def _text(given: Any, where: str) -> str:
    if isinstance(given, bool):
        return str(given).lower()
    if isinstance(given, date | datetime):
        return given.isoformat()
    if isinstance(given, str | int | Decimal):
        return str(given)
    raise UsageError(f"expected one value, found `{given}`", where=where, hint='write it as text, for example "USD"')


def _check_complete(given: Import, contract: Contract, found: Mapping[str, Target], where: Where) -> None:
    """Whether every row can be complete: what the contract requires, and what its rows need to belong to anything."""
    derived = {"BillingPeriodStart"} if contract.name == "charge" else {"time"} if "day" in found else set()
    lacking = [one.name for one in contract.fields if one.required and one.name not in found and one.name not in derived]
    for name in lacking[:1]:
        hint = f'map it: {name} = "a column", or constants = {{ {name} = "a value" }}'
        also = f" (and {', '.join(lacking[1:])})" if lacking[1:] else ""
        raise UsageError(f"`{name}` is missing{also}: no {contract.name} is without", where=where("columns"), hint=hint)
    if contract.name == "outcome":
        if "run" not in found and not {"agent", "day"} <= found.keys():
            hint = "map `run`, or `agent` and `day`"
            raise UsageError("these outcomes belong to no run and to no agent's day", where=where("columns"), hint=hint)
        if "value" in found and "currency" not in found:
            hint = 'constants = { currency = "USD" }'
            raise UsageError("`value` is mapped, and its `currency` is not", where=where("value"), hint=hint)
    if contract.name == "meter" and not found.keys() & set(_DRIVERS):
        raise UsageError("these meters measure nothing", where=where("columns"), hint=f"map one of {', '.join(_DRIVERS)}")
    if not any(target.columns for target in found.values()):
        raise UsageError("no column of the file is mapped", where=where("columns"), hint=f"`{given.name}` needs [import.columns]")
