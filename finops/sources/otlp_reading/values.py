"""Single values of a span, read strictly: ids, times, counts, decimals. What can't be read is said, never guessed."""

from __future__ import annotations

import math
import re
from hashlib import sha256

import msgspec

from finops.sources.otlp_reading.attributes import MAX_TEXT
from finops.sources.otlp_reading.shape import Unreadable, Value

MOST_TOKENS = 10**15
"""More than any model has ever answered: a count above it is a mistake."""

_TRACE = re.compile(r"[0-9a-f]{32}").fullmatch
_SPAN = re.compile(r"[0-9a-f]{16}").fullmatch
_DECIMAL = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?", re.ASCII).fullmatch
_NO_TRACE, _NO_SPAN = "0" * 32, "0" * 16
_LAST_NANOSECOND = 2**63 - 1


def trace_id(given: str | None) -> str | None:
    """32 lower-case hexadecimal digits; None where it is missing or all zero."""
    if not given:
        return None
    low = given if _TRACE(given) else given.lower()
    if low is given or _TRACE(low):
        return None if low == _NO_TRACE else low
    raise _not_an_id("traceId", given, 32, 24)


def span_id(given: str | None, field: str) -> str | None:
    """16 lower-case hexadecimal digits; None where it is missing, empty or all zero."""
    if not given:
        return None
    low = given if _SPAN(given) else given.lower()
    if low is given or _SPAN(low):
        return None if low == _NO_SPAN else low
    raise _not_an_id(field, given, 16, 12)


def _not_an_id(field: str, given: str, digits: int, base64_length: int) -> Unreadable:
    if len(given) == base64_length:
        reason = "this id is base64, as Protobuf's own JSON printer writes it; OTLP/JSON has hexadecimal ids"
        return Unreadable(reason, field, given)
    return Unreadable(f"this id is not {digits} hexadecimal digits", field, given[:64])


def microseconds(given: int | str | None, field: str) -> int | None:
    """Nanoseconds since 1970, as text or number, cut to whole microseconds; None where missing or zero."""
    if given is None or given == "" or given == 0:
        return None
    if isinstance(given, str):
        if not (given.isascii() and given.isdigit() and len(given) <= 20):
            raise Unreadable("this is not a whole number of nanoseconds", field, given[:64])
        given = int(given)
    if not 0 <= given <= _LAST_NANOSECOND:
        raise Unreadable("this time is out of range", field, str(given)[:64])
    return given // 1000 or None


def text(value: Value | None) -> str | None:
    """A value as text: of an array its first item. None where it is empty."""
    if value is None:
        return None
    if value.stringValue is not None:
        return value.stringValue[:MAX_TEXT] or None
    if value.intValue is not None:
        return str(value.intValue)[:MAX_TEXT]
    if value.boolValue is not None:
        return "true" if value.boolValue else "false"
    if value.doubleValue is not None:
        return str(value.doubleValue)[:MAX_TEXT]
    if value.arrayValue is not None:
        return next((item.stringValue[:MAX_TEXT] for item in value.arrayValue.values or () if item.stringValue), None)
    return None


def count(value: Value | None, column: str) -> int | None:
    """A whole number that is not negative; as number or text, 64-bit or double."""
    if value is None:
        return None
    given = value.intValue
    if type(given) is str and given.isascii() and given.isdigit() and len(given) <= 18:
        given = int(given)
    if type(given) is not int:
        given = _whole(_number(value), column)
    if given is not None and not 0 <= given <= MOST_TOKENS:
        raise Unreadable("this count is negative or beyond reason", column, str(given)[:64])
    return given


def _number(value: Value) -> int | float | str | None:
    return next((given for given in (value.intValue, value.doubleValue, value.stringValue) if given is not None), None)


def _whole(given: int | float | str | None, column: str) -> int | None:
    if given is None or given == "":
        return None
    if isinstance(given, str) and re.fullmatch(r"-?\d{1,18}", given, re.ASCII):
        return int(given)
    if isinstance(given, float) and given.is_integer():
        return int(given)
    if isinstance(given, int):
        return given
    raise Unreadable("this is not a whole number", column, str(given)[:64])


def decimal(value: Value | None, column: str) -> str | None:
    """A number as text, as it was written: it is cast once, in the ledger."""
    given = None if value is None else _number(value)
    if given is None or given == "":
        return None
    if _DECIMAL(written := str(given)):
        return written
    raise Unreadable("this is not a number", column, written[:64])


def seconds(value: Value | None, column: str) -> int | None:
    """Seconds as whole microseconds."""
    written = decimal(value, column)
    if written is None:
        return None
    if 0 <= (given := float(written)) < 10**9 and math.isfinite(given):
        return round(given * 1_000_000)
    raise Unreadable("this duration is negative or beyond reason", column, written[:64])


def yes_no(value: Value | None) -> bool | None:
    """A truth value, also where it is spelled out; None where it is neither."""
    if value is None:
        return None
    if value.boolValue is not None:
        return value.boolValue
    return {"true": True, "false": False, "1": True, "0": False}.get((text(value) or "").lower())


def hashed(value: Value | None) -> str | None:
    """The first 16 digits of the SHA-256 of a value, whatever it is: equal values are recognised, none can be read back."""
    if value is None:
        return None
    if value.stringValue is not None:
        return sha256(value.stringValue.encode("utf-8", "surrogatepass")).hexdigest()[:16] if value.stringValue else None
    return sha256(msgspec.json.encode(value)).hexdigest()[:16]
