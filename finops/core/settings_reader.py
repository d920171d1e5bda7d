"""Turns parsed TOML into the dataclasses of `core.settings`; unknown keys, wrong types and missing keys say where they are."""

from __future__ import annotations

import difflib
import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from finops.errors import UsageError


@dataclass(frozen=True)
class Section:
    """One top-level table of the file: its name, its dataclass, and whether it may stand more than once."""

    name: str
    shape: type
    many: bool = False
    apart: bool = False
    """Whether a table that can't be read stops only what needs it: `Section.name + "_faults"` holds those, the rest is read."""


@dataclass(frozen=True)
class Fault:
    """A table that can't be read: what it says so far, its line, and what is wrong with it."""

    given: Mapping[str, Any]
    line: int
    error: UsageError


def read_sections(sections: Sequence[Section], data: Mapping[str, Any], text: str, where: str) -> dict[str, Any]:
    """Section name to its dataclass (or a tuple of them). `text` is the file's text, for line numbers."""
    _refuse_unknown(data, [s.name for s in sections], where)
    read: dict[str, Any] = {}
    for section in sections:
        given = data.get(section.name, [] if section.many else {})
        if section.many:
            if not isinstance(given, list):
                raise UsageError(f"`{section.name}` must be written as [[{section.name}]]", where=where)
            lines = _lines_of(f"[[{section.name}]]", text)
            items, faults = _read_all(section, list(zip(given, lines + [0] * len(given), strict=False)), where)
            read[section.name] = items
            if section.apart:
                read[f"{section.name}_faults"] = faults
        else:
            if not isinstance(given, Mapping):
                raise UsageError(f"`{section.name}` must be written as [{section.name}]", where=where)
            line = (_lines_of(f"[{section.name}]", text) or [0])[0]
            read[section.name] = _read(section.shape, given, f"{where}:{line} [{section.name}]", line)
    return read


def _read_all(section: Section, given: Sequence[tuple[Any, int]], where: str) -> tuple[tuple[Any, ...], tuple[Fault, ...]]:
    items: list[Any] = []
    faults: list[Fault] = []
    for item, line in given:
        try:
            items.append(_read(section.shape, item, f"{where}:{line} [[{section.name}]]", line))
        except UsageError as error:
            if not section.apart:
                raise
            faults.append(Fault(item if isinstance(item, Mapping) else {}, line, error))
    return tuple(items), tuple(faults)


def _read(shape: type, data: Mapping[str, Any], where: str, line: int) -> Any:
    if not isinstance(data, Mapping):
        raise UsageError(f"expected a table, found `{data}`", where=where)
    hints = get_type_hints(shape)
    known = {f.name.rstrip("_"): f for f in fields(shape) if f.name != "line"}
    _refuse_unknown(data, list(known), where)
    values: dict[str, Any] = {}
    for key, item in known.items():
        if key in data:
            values[item.name] = _value(hints[item.name], data[key], f"{where} {key}", line)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise UsageError(f"`{key}` is missing", where=where)
    if "line" in hints:
        values["line"] = line
    return shape(**values)


def _value(hint: Any, given: Any, where: str, line: int) -> Any:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _value(next(a for a in get_args(hint) if a is not type(None)), given, where, line)
    if origin is Literal:
        return _one_of(get_args(hint), given, where)
    if origin is tuple:
        items = given if isinstance(given, list) else [given]
        return tuple(_value(get_args(hint)[0], item, where, line) for item in items)
    if is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, given, where, line)
    if hint is Decimal:
        return _decimal(given, where)
    if hint is date:
        return _date(given, where)
    if hint is int and isinstance(given, int) and not isinstance(given, bool):
        return given
    if hint is str and isinstance(given, str):
        return given
    if origin in (Mapping, dict) or getattr(origin, "__name__", "") == "Mapping":
        if isinstance(given, Mapping):
            return dict(given)
        raise UsageError(f"expected a table, found `{given}`", where=where)
    raise UsageError(f"expected {getattr(hint, '__name__', hint)}, found `{given}`", where=where)


def _one_of(choices: Sequence[Any], given: Any, where: str) -> Any:
    if given in choices:
        return given
    nearest = difflib.get_close_matches(str(given), [str(c) for c in choices], 1)
    hint = f"did you mean `{nearest[0]}`?" if nearest else "use one of: " + ", ".join(map(str, choices))
    raise UsageError(f"`{given}` is not known here", where=where, hint=hint)


def _decimal(given: Any, where: str) -> Decimal:
    if isinstance(given, bool):
        raise UsageError(f"expected an amount, found `{given}`", where=where)
    if isinstance(given, Decimal | int) and Decimal(given).is_finite():
        return Decimal(given)
    if isinstance(given, str) and re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", given):
        return Decimal(given)
    raise UsageError(f"expected an amount, found `{given}`", where=where, hint='write it as a number, for example "55000"')


def _date(given: Any, where: str) -> date:
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", given):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise UsageError(f"expected a date, found `{given}`", where=where, hint="write it as 2026-01-31")


def _refuse_unknown(data: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in data:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean `{nearest[0]}`?" if nearest else "known here: " + ", ".join(known)
            raise UsageError(f"unknown key `{key}`", where=where, hint=hint)


_STRINGS = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'" + r"|#[^\n]*", re.DOTALL
)
"""Strings of TOML, those of several lines first, and comments."""


def _lines_of(header: str, text: str) -> list[int]:
    """The lines on which a table of that name begins; what looks like one inside a string or a comment is none."""
    wanted = header.replace(" ", "")
    plain = _STRINGS.sub(lambda found: '""' + "\n" * found[0].count("\n"), text.replace("\r\n", "\n"))
    return [
        number for number, line in enumerate(plain.split("\n"), 1) if line.replace('""', "").strip().replace(" ", "") == wanted
    ]
