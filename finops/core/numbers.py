"""How every number looks: the one formatter for tables, pages and machines."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import TypeAlias

Number: TypeAlias = Decimal | int | float

NOT_AVAILABLE = "n/a"
MINUS = "−"

_EXACT = Context(prec=90, rounding=ROUND_HALF_EVEN)
_SYMBOLS = {
    "USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥", "INR": "₹", "KRW": "₩", "CAD": "CA$", "AUD": "A$", "NZD": "NZ$",
    "CNY": "CN¥", "BRL": "R$", "SGD": "S$", "HKD": "HK$", "MXN": "MX$", "ILS": "₪", "VND": "₫", "TWD": "NT$",
}  # fmt: skip
_MINOR_DIGITS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV", "XAF", "XOF", "XPF"), 0
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
}
_STEPS = ((Decimal(1), ""), (Decimal(10) ** 3, "k"), (Decimal(10) ** 6, "M"), (Decimal(10) ** 9, "B"), (Decimal(10) ** 12, "T"))
_PER_MILLION = {"token": "tokens", "request": "requests", "call": "calls", "byte": "bytes", "character": "characters"}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def money_total(amount: Number | None, currency: str) -> str:
    """A headline amount in about three digits: $38.9k, $1.24M, $412, $8.20, < $0.01."""
    return NOT_AVAILABLE if amount is None else _total(_decimal(amount), currency)


def money_change(amount: Number | None, currency: str) -> str:
    """A difference with its sign: +$5.2k, −$310, $0."""
    if amount is None:
        return NOT_AVAILABLE
    value = _decimal(amount)
    return ("+" if value > 0 else "") + _total(value, currency)


def money_tick(amount: Number, currency: str) -> str:
    """A round amount on an axis: $60k, $2.5k, $0.001."""
    value = _decimal(amount)
    step, suffix = next((s for s in reversed(_STEPS) if abs(value) >= s[0]), _STEPS[0])
    return _with_currency(value < 0, plain_decimal(abs(_EXACT.divide(value, step))) + suffix, currency)


def money_table(amount: Number | None, currency: str) -> str:
    """An amount in a table: whole units with thousands separators, minor units below 100: $9,840, $41.37, < $0.01."""
    if amount is None:
        return NOT_AVAILABLE
    value = _decimal(amount)
    digits = _minor_digits(currency)
    if abs(_rounded(value, digits)) >= 100:
        return _with_currency(value < 0, f"{abs(_rounded(value, 0)):,f}", currency)
    return _small(value, currency, digits)


def unit_price(amount: Number | None, currency: str, unit: str = "") -> str:
    """A price in three significant digits with its unit: $2.50 per 1M tokens, $3.93 per hour, $0.184."""
    if amount is None:
        return NOT_AVAILABLE
    value = _decimal(amount)
    if unit == "token" or (unit in _PER_MILLION and 0 < abs(value) < Decimal("0.001")):
        value, unit = _EXACT.multiply(value, Decimal(1_000_000)), f"1M {_PER_MILLION[unit]}"
    per = f" per {unit}" if unit else ""
    if not value:
        return _with_currency(False, "0", currency) + per
    return _with_currency(value < 0, f"{abs(_significant(value, 3)):,f}", currency) + per


def money_within(amount: Number | None, low: Number | None, high: Number | None, currency: str) -> str:
    """An amount with no more digits than its interval supports; with no interval, a headline amount."""
    if amount is None or low is None or high is None:
        return money_total(amount, currency)
    step, suffix, digits = _supported(_decimal(low), _decimal(high), _minor_digits(currency))
    return _in_steps(_decimal(amount), step, suffix, digits, currency)


def range_text(low: Number | None, high: Number | None, currency: str) -> str:
    """An interval: $57.0k–$66.9k, with no more digits than its width supports."""
    if low is None or high is None:
        return NOT_AVAILABLE
    first, last = _decimal(low), _decimal(high)
    step, suffix, digits = _supported(first, last, _minor_digits(currency))
    ends = [_in_steps(end, step, suffix, digits, currency) for end in (first, last)]
    return ends[0] if ends[0] == ends[1] else "–".join(ends)


def count(number: Number | None) -> str:
    """A count with thousands separators: 1,204,332."""
    if number is None:
        return NOT_AVAILABLE
    value = _rounded(_decimal(number), 0)
    return (MINUS if value < 0 else "") + f"{abs(value):,f}"


def count_total(number: Number | None) -> str:
    """A count in about three digits: 1.20M, 38.9k, 412."""
    return NOT_AVAILABLE if number is None else _total(_rounded(_decimal(number), 0), "", minor=0)


def percent(ratio: Number | None) -> str:
    """A share of one with one decimal, never rounded to nothing or to all: 41.2%, < 0.1%, > 99.9%, 100%."""
    return NOT_AVAILABLE if ratio is None else _percent(_decimal(ratio), 1)


def percent_total(ratio: Number | None) -> str:
    """A share of one in a sentence: 71%, 2.3%, < 0.1%."""
    if ratio is None:
        return NOT_AVAILABLE
    value = _decimal(ratio)
    whole = Decimal("0.0995") <= abs(value) and not Decimal("0.99") < value < 1
    return _percent(value, 0 if whole else 1)


def duration(seconds: Number | None) -> str:
    """A span of time in its two largest units: 340 ms, 2.4 s, 3 min 20 s, 4 h 12 min, 2 d 5 h."""
    if seconds is None:
        return NOT_AVAILABLE
    value = _decimal(seconds)
    if value < 0:
        return MINUS + duration(-value)
    if not value:
        return "0 s"
    if value < Decimal("0.001"):
        return "< 1 ms"
    if value < Decimal("0.9995"):
        return f"{_rounded(value * 1000, 0):f} ms"
    if value < Decimal("59.95"):
        return f"{_rounded(value, 1):f} s"
    whole = int(_rounded(value, 0))
    for size, name, small, small_name in ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= size:
            rest = whole % size // small
            return f"{whole // size} {name}" + (f" {rest} {small_name}" if rest else "")
    return f"{whole} s"


def date_text(day: date | None) -> str:
    """20 Nov 2026."""
    return NOT_AVAILABLE if day is None else f"{day.day} {_MONTHS[day.month - 1][:3]} {day.year}"


def day_text(day: date) -> str:
    """20 Nov, where the year is clear."""
    return f"{day.day} {_MONTHS[day.month - 1][:3]}"


def month_name(day: date) -> str:
    """November."""
    return _MONTHS[day.month - 1]


def month_text(day: date) -> str:
    """November 2026."""
    return f"{_MONTHS[day.month - 1]} {day.year}"


def period_text(first: date, last: date) -> str:
    """1–20 Nov 2026, both days included."""
    if first == last:
        return date_text(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{date_text(last)}"
    return f"{day_text(first) if first.year == last.year else date_text(first)} – {date_text(last)}"


def time_text(moment: datetime) -> str:
    """20 Nov 2026 16:56 UTC. A time without a zone is UTC."""
    utc = _utc(moment)
    return f"{date_text(utc.date())} {utc.hour:02}:{utc.minute:02} UTC"


def time_rfc3339(moment: datetime) -> str:
    """2026-11-20T16:56:00Z. A time without a zone is UTC."""
    utc = _utc(moment)
    fraction = f".{utc.microsecond:06}".rstrip("0") if utc.microsecond else ""
    return f"{utc.year:04}-{utc.month:02}-{utc.day:02}T{utc.hour:02}:{utc.minute:02}:{utc.second:02}{fraction}Z"


def plain_decimal(value: Decimal) -> str:
    """A number for machines: plain notation, no exponent, trailing zeros stripped, ASCII minus, `0`."""
    if not value.is_finite():
        raise ValueError(f"{value} is not a finite number")
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _decimal(value: Number) -> Decimal:
    number = Decimal(repr(float(value))) if isinstance(value, float) else Decimal(value)
    if not number.is_finite():
        raise ValueError(f"{value} is not a finite number")
    return number


def _rounded(value: Decimal, digits: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-digits), context=_EXACT)


def _significant(value: Decimal, figures: int) -> Decimal:
    """Rounded to so many significant digits, but never in front of the decimal point."""
    digits = max(0, figures - 1 - value.adjusted())
    rounded = _rounded(value, digits)
    return _rounded(value, max(0, figures - 1 - rounded.adjusted())) if rounded else rounded


def _minor_digits(currency: str) -> int:
    return _MINOR_DIGITS.get(currency, 2)


def _with_currency(negative: bool, digits: str, currency: str) -> str:
    name = _SYMBOLS.get(currency) or (f"{currency} " if currency else "")
    return f"{MINUS if negative else ''}{name}{digits}"


def _small(value: Decimal, currency: str, digits: int) -> str:
    """An amount in minor units; less than one of them is said, not rounded away."""
    if not value:
        return _with_currency(False, "0", currency)
    least = Decimal(1).scaleb(-digits)
    if abs(value) < least:
        smaller = _with_currency(False, f"{least:f}", currency)
        return f"< {smaller}" if value > 0 else f"> {MINUS}{smaller}"
    return _with_currency(value < 0, f"{abs(_rounded(value, digits)):,f}", currency)


def _total(value: Decimal, currency: str, minor: int | None = None) -> str:
    digits = _minor_digits(currency) if minor is None else minor
    if abs(_rounded(value, digits)) < 100:
        return _small(value, currency, digits)
    if abs(_rounded(value, 0)) < 1000:
        return _with_currency(value < 0, f"{abs(_rounded(value, 0)):f}", currency)
    for step, suffix in _STEPS[1:]:
        scaled = _EXACT.divide(value, step)
        rounded = _significant(scaled, 3)
        if suffix == "k":
            rounded = _rounded(scaled, 1 if abs(_rounded(scaled, 1)) < 100 else 0)
        if abs(rounded) < 1000 or suffix == "T":
            return _with_currency(value < 0, f"{abs(rounded):,f}{suffix}", currency)
    raise AssertionError("the last step takes every amount")


def _supported(low: Decimal, high: Decimal, minor: int) -> tuple[Decimal, str, int]:
    """The step (1, k, M …) of the larger end and the digits after the point that the width of the interval supports."""
    width = _EXACT.subtract(high, low).copy_abs()
    largest = max(abs(low), abs(high))
    step, suffix = next((s for s in reversed(_STEPS) if largest >= s[0]), _STEPS[0])
    most = minor if step == 1 else (1 if suffix == "k" else 2)
    if not width:
        return step, suffix, most
    fine = -_EXACT.divide(width, step * 20).adjusted()
    digits = max(0, min(most, fine)) if step > 1 or fine >= minor else 0
    differ = next((d for d in range(digits, 13) if _rounded(low / step, d) != _rounded(high / step, d)), digits)
    return step, suffix, differ


def _in_steps(value: Decimal, step: Decimal, suffix: str, digits: int, currency: str) -> str:
    scaled = _rounded(_EXACT.divide(value, step), digits)
    if not scaled:
        return _total(value, currency)
    return _with_currency(scaled < 0, f"{abs(scaled):,f}{suffix}", currency)


def _percent(value: Decimal, digits: int) -> str:
    hundredths = _EXACT.multiply(value, Decimal(100))
    least = Decimal(1).scaleb(-digits)
    if value and abs(hundredths) < least:
        return f"< {least:f}%" if value > 0 else f"> {MINUS}{least:f}%"
    rounded = _rounded(hundredths, digits)
    if rounded == 100 and value < 1:
        return f"> {100 - least:f}%"
    text = f"{abs(rounded):,f}"
    if rounded in (0, 100):
        text = f"{abs(int(rounded))}"
    return (MINUS if rounded < 0 else "") + text + "%"


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo is None else moment.astimezone(UTC)
