"""Reads the dated table of exchange rates that a company keeps: CSV with the columns date, from, to, rate and source."""

from __future__ import annotations

import csv
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from finops.core.exchange import Exchange, Rate
from finops.errors import UsageError

COLUMNS = ("date", "from", "to", "rate", "source")
_RATE = re.compile(r"\d+(\.\d+)?")
_HINT = "a line such as 2026-10-01,EUR,USD,1.0923,ECB"


def read_exchange(path: Path | None) -> Exchange:
    """The table's rates; none without a table. A line that is none, or a rate told twice for a day and pair, is an error with its
    line."""
    if path is None:
        return Exchange()
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "not UTF-8").lower()
        raise UsageError(f"the table of exchange rates can't be read: {why}", where=str(path), hint=_HINT) from None
    rows = csv.DictReader(line for line in text.splitlines() if line.strip() and not line.startswith("#"))
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise UsageError("a table of exchange rates has other columns", where=str(path), hint=",".join(COLUMNS))
    found: dict[tuple[date, str, str], Rate] = {}
    for number, row in enumerate(rows, 2):
        rate = _rate(row, f"{path}:{number}")
        key = (rate.day, rate.base, rate.quote)
        if key in found:
            raise UsageError(
                f"the rate from {rate.base} to {rate.quote} of {rate.day} is told twice",
                where=f"{path}:{number}",
                hint="keep one",
            )
        found[key] = rate
    return Exchange(found.values())


def _rate(row: dict[str, str | None], where: str) -> Rate:
    day, base, quote, rate, source = ((row.get(name) or "").strip() for name in COLUMNS)
    try:
        known = date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"`{day}` is not a date", where=where, hint=_HINT) from None
    if not base or not quote or base == quote:
        raise UsageError("a rate needs two currencies", where=where, hint=_HINT)
    if not _RATE.fullmatch(rate) or not Decimal(rate):
        raise UsageError(f"`{rate}` is not a rate", where=where, hint=_HINT)
    if not source:
        raise UsageError("a rate without a source is not taken", where=where, hint=_HINT)
    return Rate(known, base.upper(), quote.upper(), Decimal(rate), source)
