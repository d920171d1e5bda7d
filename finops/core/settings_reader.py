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
    for key in data:
        _refuse_unknown({key: None}, [s.name for s in sections], _at(where, _first_line(key, text)))
    read: dict[str, Any] = {}
    for section in sections:
        given = data.get(section.name, [] if section.many else {})
        if section.many:
            if not isinstance(given, list):
                raise _other_brackets(section.name, f"[[{section.name}]]", where, text)
            lines = lines_of(f"[[{section.name}]]", text)
            items, faults = _read_all(section, list(zip(given, lines + [0] * len(given), strict=False)), where)
            read[section.name] = items
            if section.apart:
                read[f"{section.name}_faults"] = faults
        else:
            if not isinstance(given, Mapping):
                raise _other_brackets(section.name, f"[{section.name}]", where, text)
            line = (lines_of(f"[{section.name}]", text) or [0])[0]
            read[section.name] = _read(section.shape, given, f"{_at(where, line)} [{section.name}]", line)
            read[f"{section.name}_line"] = line
    return read


def _other_brackets(name: str, header: str, where: str, text: str) -> UsageError:
    at = _at(where, _first_line(name, text))
    return UsageError(f"`{name}` must be written as {header}", where=at, hint=f"{header} on a line of its own, its keys below")


def _first_line(key: str, text: str) -> int:
    """The line on which a table or key of the top begins; 0 where it is written in another way."""
    plain = re.compile(rf"""\s*\[{{0,2}}\s*["']?{re.escape(key)}["']?\s*[].=]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if plain.match(line)), 0)


def _at(where: str, line: int) -> str:
    """The file and the line, where that is known: a table that is written in one line with others has none."""
    return f"{where}:{line}" if line else where


def _named(section: str, item: Any) -> str:
    """The section and what the entry is called, where it says so."""
    names = (item.get(key) for key in CALLED) if isinstance(item, Mapping) else ()
    name = next((name for name in names if isinstance(name, str) and name.strip()), None)
    return f"[[{section}]] {name}," if name else f"[[{section}]]"


def _read_all(section: Section, given: Sequence[tuple[Any, int]], where: str) -> tuple[tuple[Any, ...], tuple[Fault, ...]]:
    items: list[Any] = []
    faults: list[Fault] = []
    for item, line in given:
        try:
            items.append(_read(section.shape, item, f"{_at(where, line)} {_named(section.name, item)}", line))
        except UsageError as error:
            if not section.apart:
                raise
            faults.append(Fault(item if isinstance(item, Mapping) else {}, line, error))
    return tuple(items), tuple(faults)


def _read(shape: type, data: Mapping[str, Any], where: str, line: int) -> Any:
    if not isinstance(data, Mapping):
        raise _unexpected("a table", data, where.rstrip(","), 'key = "value" below its header, or {key = "value"}')
    hints = get_type_hints(shape)
    known = {f.name.rstrip("_"): f for f in fields(shape) if f.name != "line"}
    _refuse_unknown(data, list(known), where.rstrip(","))
    values: dict[str, Any] = {}
    for key, item in known.items():
        if key in data:
            values[item.name] = _value(hints[item.name], data[key], f"{where} {key}", line)
        elif item.default is MISSING and item.default_factory is MISSING:
            raise UsageError(f"`{key}` is missing", where=where.rstrip(","), hint=f"{key} = {_example(hints[item.name])}")
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
        read = tuple(_value(get_args(hint)[0], item, where, line) for item in items)
        _refuse_twice(read, where)
        return read
    if is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, given, where, line)
    if hint is Decimal:
        return _decimal(given, where)
    if hint is date:
        return _date(given, where)
    if hint is int and isinstance(given, int) and not isinstance(given, bool):
        return given
    if hint is str and isinstance(given, str):
        return _text(given, where)
    if origin in (Mapping, dict) or getattr(origin, "__name__", "") == "Mapping":
        if isinstance(given, Mapping):
            texts = get_args(hint)[1] is str
            return {key: _value(str, value, f"{where} {key}", line) if texts else value for key, value in given.items()}
        raise _unexpected("a table", given, where, '{name = "value"}')
    name, example = _WORDS.get(hint, (getattr(hint, "__name__", str(hint)), None))
    raise _unexpected(name, given, where, example and f"write it as {example}")


def _text(given: str, where: str) -> str:
    """A text that says something; codes of currencies are written large. Only what parts columns and digits may be a space."""
    key = where.rsplit(" ", 1)[-1]
    if not given.strip() and key not in _BLANKS:
        raise UsageError("an empty text says nothing", where=where, hint="leave the key out, or name something")
    if key == "currency" and re.fullmatch("[A-Za-z]{3}", given.strip()):
        return given.strip().upper()
    return given


def _refuse_twice(items: Sequence[Any], where: str) -> None:
    for number, item in enumerate(items):
        if isinstance(item, str) and item in items[:number]:
            raise UsageError(f"`{item}` stands twice", where=where, hint="keep one")


def _unexpected(what: str, given: Any, where: str, hint: str | None = None) -> UsageError:
    shown = f'"{_shown(given)}"' if isinstance(given, str) else _shown(given)
    return UsageError(f"expected {what}, found `{shown}`", where=where, hint=hint)


def _shown(given: Any) -> str:
    """What stands there, as TOML has it and not longer than a line."""
    text = str(given).lower() if isinstance(given, bool) else str(given)
    return text if len(text) <= 60 else text[:59] + "…"


def _example(hint: Any) -> str:
    plain = next((a for a in get_args(hint) if a is not type(None)), hint) if get_origin(hint) is not Literal else hint
    if get_origin(plain) is Literal:
        return f'"{get_args(plain)[0]}"'
    return _WORDS.get(plain, ("", '"…"'))[1]


def _one_of(choices: Sequence[Any], given: Any, where: str) -> Any:
    if isinstance(given, str) and given in choices:
        return given
    nearest = difflib.get_close_matches(str(given), [str(c) for c in choices], 1)
    hint = f"did you mean `{nearest[0]}`?" if nearest else "use one of: " + ", ".join(map(str, choices))
    raise UsageError(f"`{_shown(given)}` is not known here", where=where, hint=hint)


def _decimal(given: Any, where: str) -> Decimal:
    plain = isinstance(given, Decimal | int) and not isinstance(given, bool) and Decimal(given).is_finite()
    if not plain and not (isinstance(given, str) and re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", given, re.ASCII)):
        raise _unexpected("an amount", given, where, 'write it as a number, for example "55000"')
    number = Decimal(given)
    if number and not -_DIGITS <= number.adjusted() < _WHOLE_DIGITS:
        hint = f"from 1e-{_DIGITS} to below 1e{_WHOLE_DIGITS}"
        raise UsageError(f"`{_shown(given)}` is no amount that can be held", where=where, hint=hint)
    return number


def _date(given: Any, where: str) -> date:
    if isinstance(given, date) and not isinstance(given, datetime):
        return given
    if isinstance(given, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", given, re.ASCII):
        try:
            return date.fromisoformat(given)
        except ValueError:
            pass
    raise _unexpected("a date", given, where, "write it as 2026-01-31")


def _refuse_unknown(data: Mapping[str, Any], known: Sequence[str], where: str) -> None:
    for key in data:
        if key not in known:
            nearest = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean `{nearest[0]}`?" if nearest else "known here: " + ", ".join(known)
            raise UsageError(f"unknown key `{key}`", where=where, hint=hint)


CALLED = ("id", "name", "what", "agent", "account", "tenant", "issuer", "workflow", "layer", "provider")
"""Keys by which an entry is called, the first that is there."""
_BLANKS = ("delimiter", "thousands")
_WORDS = {
    str: ("a text", '"…"'),
    int: ("a whole number", "12"),
    Decimal: ("an amount", '"55000"'),
    date: ("a date", "2026-01-31"),
}
_DIGITS, _WHOLE_DIGITS = 12, 15
"""What is stored has twelve digits after the point, and room for more before it than anybody pays."""
_STRINGS = re.compile(
    r'"""(?:\\.|[^\\])*?"{3,5}' + r"|'''.*?'{3,5}" + r'|"(?:\\.|[^"\\\n])*"' + r"|'[^'\n]*'" + r"|#[^\n]*", re.DOTALL
)
"""Strings of TOML, those of several lines first, and comments."""


def lines_of(header: str, text: str) -> list[int]:
    """The lines on which a table of that name begins; what looks like one inside a string or a comment is none."""
    wanted = header.replace(" ", "")
    plain = _STRINGS.sub(lambda found: '""' + "\n" * found[0].count("\n"), text.replace("\r\n", "\n"))
    return [
        number for number, line in enumerate(plain.split("\n"), 1) if line.replace('""', "").strip().replace(" ", "") == wanted
    ]
