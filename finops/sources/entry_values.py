"""Single values of an export's entry, read strictly: texts, counts, amounts, times. What can't be read is said, never guessed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Any

import msgspec

from finops.sources.otlp_reading.attributes import MAX_KEPT, MAX_KEY, MAX_TEXT, MAX_VALUE, NEVER_KEPT
from finops.sources.records import moment
from finops.sources.rows import null_or

Entry = dict[str, Any]
MOST = 10**15
"""No single entry counts more than this."""

FIRST_YEAR, LAST_YEAR = 1970, 2999

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII)
_WHOLE = re.compile(r"\d{1,18}(\.0*)?", re.ASCII)
_TRUE, _FALSE = frozenset({"true", "t", "yes", "1"}), frozenset({"false", "f", "no", "0"})


class Unreadable(Exception):
    """A value that is not what it should be; the entry is rejected for it."""

    def __init__(self, reason: str, column: str | None = None, text: object = None) -> None:
        super().__init__(reason)
        self.reason, self.column = reason, column
        self.text = None if text is None else str(text)[:200]


def found(entry: Entry, name: str) -> Any:
    """The value of that name, else of that path (`usage.input`) through objects, also where a cell holds them as JSON text."""
    if name in entry:
        return _unpacked(entry, name)
    first, dot, rest = name.partition(".")
    below = _unpacked(entry, first) if dot else None
    return found(below, rest) if isinstance(below, dict) else None


def first(entry: Entry, names: Iterable[str]) -> tuple[str | None, Any]:
    """The first of the names that has a value, and the value."""
    for name in names:
        value = found(entry, name)
        if value is not None and value != "":
            return name, value
    return None, None


def text(entry: Entry, *names: str) -> str | None:
    """A text; objects and lists are none."""
    for name in names:
        value = found(entry, name)
        if value is not None and not isinstance(value, dict | list) and (said := null_or(plain(value))):
            return said[:MAX_TEXT]
    return None


def count(entry: Entry, *names: str) -> int | None:
    """A whole number that is not negative."""
    name, value = first(entry, names)
    if value is None:
        return None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST:
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value) and (number := int(value.split(".")[0])) <= MOST:
        return number
    raise Unreadable("this is not a count", name, value)


def amount(entry: Entry, *names: str) -> str | None:
    """A number as the text that the file holds."""
    name, value = first(entry, names)
    if value is None:
        return None
    if (isinstance(value, int) and not isinstance(value, bool)) or (isinstance(value, str) and _NUMBER.fullmatch(value)):
        return str(value)
    raise Unreadable("this is not a plain number", name, value)


def time(entry: Entry, *names: str) -> datetime | None:
    """A time in UTC; without an offset it is UTC, which is what the sources of these exports write."""
    name, value = first(entry, names)
    if value is None:
        return None
    try:
        read = moment(plain(value))
    except (ValueError, OverflowError) as error:
        raise Unreadable(str(error), name, value) from error
    if not FIRST_YEAR <= read.year <= LAST_YEAR:
        raise Unreadable("this time is out of range", name, value)
    return read


def truth(entry: Entry, *names: str) -> bool | None:
    """A truth value, also where it is spelled out; None where it is neither."""
    word = (text(entry, *names) or "").strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def listed(entry: Entry, name: str) -> list[str]:
    """A list of texts, also where a cell holds it as JSON text or as comma-separated words."""
    value = found(entry, name)
    if isinstance(value, list):
        return [plain(item) for item in value if isinstance(item, str | int)]
    return [word.strip() for word in value.strip("{}").split(",") if word.strip()] if isinstance(value, str) else []


def tagged(tags: Iterable[str]) -> dict[str, str]:
    """Tags of the form `name:value` or `name=value`, by name in lower case."""
    pairs = (re.split(r"[:=]", tag, maxsplit=1) for tag in tags)
    return {pair[0].strip().lower(): pair[1].strip() for pair in pairs if len(pair) == 2 and pair[1].strip()}


def hashed(value: str | None) -> str | None:
    """The first 16 digits of the SHA-256: equal persons are recognised, none can be read back."""
    return None if not value else sha256(value.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def kept(given: Iterable[tuple[str, Any]]) -> dict[str, str] | None:
    """Attributes that may serve as identity: short plain values under names that do not speak of prompts and answers."""
    found_here: dict[str, str] = {}
    for name, value in given:
        if value is None or isinstance(value, dict | list) or len(name) > MAX_KEY or len(found_here) >= MAX_KEPT:
            continue
        if not any(word in name.lower() for word in NEVER_KEPT) and (said := plain(value)) and len(said) <= MAX_VALUE:
            found_here.setdefault(name, said)
    return found_here or None


def plain(value: object) -> str:
    """A scalar as text."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _unpacked(entry: Entry, name: str) -> Any:
    value = entry.get(name)
    if isinstance(value, str) and value[:1] in ("{", "[") and value[-1:] in ("}", "]"):
        try:
            entry[name] = value = msgspec.json.Decoder(float_hook=str).decode(value)
        except (msgspec.MsgspecError, RecursionError, UnicodeError):
            return value
    return value
