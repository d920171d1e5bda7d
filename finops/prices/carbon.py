"""Reads a company's dated table of carbon: CSV with the columns date, region, instance_type, unit, value and source."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

from finops.core.placing.carbon import CarbonFact, CarbonUnit
from finops.errors import UsageError

COLUMNS = ("date", "region", "instance_type", "unit", "value", "source")
NAMES = {"gCO2e/kWh": (True, False), "W": (False, True), "kgCO2e/h": (True, True)}
"""By unit, whether its line names a region, and an instance type."""
_VALUE = re.compile(r"\d+(\.\d+)?")
_HINT = "a line such as 2026-01-01,europe-west3,,gCO2e/kWh,345,grid operator or 2026-01-01,,g2-standard-4,W,180,measured"


def read_carbon(path: Path) -> list[CarbonFact]:
    """The table's facts. A line that is none, or a fact told twice for a day, is an error with its line. Zero is a value."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = (getattr(error, "strerror", None) or "not UTF-8").lower()
        raise UsageError(f"the table of carbon can't be read: {why}", where=str(path), hint=_HINT) from None
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and not line.startswith("#")]
    rows = csv.DictReader(line for _, line in lines)
    if tuple(rows.fieldnames or ()) != COLUMNS:
        raise UsageError("a table of carbon has other columns", where=str(path), hint=",".join(COLUMNS))
    found: dict[tuple[date, str, str, str], CarbonFact] = {}
    for (number, _), row in zip(lines[1:], rows, strict=False):
        fact = replace(_fact(row, f"{path}:{number}"), line=number)
        key = (fact.day, fact.region, fact.instance_type, fact.unit)
        if key in found:
            raise UsageError(f"{fact.unit} of {fact.day} is told twice", where=f"{path}:{number}", hint="keep one")
        found[key] = fact
    return list(found.values())


def _fact(row: dict[str, str | None], where: str) -> CarbonFact:
    day, region, kind, unit, value, source = ((row.get(name) or "").strip() for name in COLUMNS)
    try:
        known = date.fromisoformat(day)
    except ValueError:
        raise UsageError(f"`{day}` is not a date", where=where, hint=_HINT) from None
    if unit not in NAMES:
        raise UsageError(f"`{unit}` is no unit of carbon", where=where, hint="one of " + ", ".join(get_args(CarbonUnit)))
    if NAMES[unit] != (bool(region), bool(kind)):
        raise UsageError(f"a line in {unit} names {_named(unit)}", where=where, hint=_HINT)
    if not _VALUE.fullmatch(value):
        raise UsageError(f"`{value}` is not an amount", where=where, hint=_HINT)
    if not source:
        raise UsageError("an amount without a source is not taken", where=where, hint=_HINT)
    return CarbonFact(known, region, kind, cast("CarbonUnit", unit), Decimal(value), source)


def _named(unit: str) -> str:
    region, kind = NAMES[unit]
    return "a region and an instance type" if region and kind else "a region alone" if region else "an instance type alone"
