"""What the run before told, in a small file, so that each incident is told as new once, as grown when it is, and as resolved."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from finops.core.result import Column
from finops.errors import DataError, OutsideError

Row = dict[str, Any]
VERSION = 1
COLUMN = Column("since_last", "Since last run")
_GROWN = Decimal("1.01")
_KEPT = ("opened", "path", "currency")


@dataclass(frozen=True)
class Kept:
    """The incidents that were told, by opening day, place and currency: status and excess."""

    told: Mapping[tuple[str, ...], tuple[str, Decimal | None]]
    as_of: date | None


def read_state(path: Path) -> Kept:
    """What the file says; nothing where there is none yet."""
    if not path.exists():
        return Kept({}, None)
    hint = "name another file, or remove this one: every incident is then told as new"
    try:
        known = json.loads(path.read_text(encoding="utf-8"))
        if known["version"] != VERSION:
            raise DataError("the state was written by another version of finops", where=str(path), hint=hint)
        told = {
            tuple(str(one[name] or "") for name in _KEPT): (
                one["status"],
                None if one["excess"] is None else Decimal(one["excess"]),
            )
            for one in known["incidents"]
        }
        return Kept(told, date.fromisoformat(known["as_of"]))
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError, InvalidOperation) as error:
        raise DataError(f"the state can't be read ({type(error).__name__})", where=str(path), hint=hint) from None


def compared(rows: Sequence[Row], before: Kept) -> list[Row]:
    """The rows with what became of each since the last run: new, grown, resolved or same."""
    return [{**row, "since_last": _became(row, before.told.get(_key(row)))} for row in rows]


def gone(rows: Sequence[Row], before: Kept, since: date) -> list[str]:
    """Sentences for incidents of the period that were told and are none any more, such as after a bill was restated."""
    now = {_key(row) for row in rows}
    return [
        f"no incident any more: {path}, {opened}"
        for opened, path, currency in sorted(before.told)
        if (opened, path, currency) not in now and date.fromisoformat(opened) >= since
    ]


def write_state(path: Path, rows: Sequence[Row], as_of: date) -> None:
    """Replaces the file in one step."""
    incidents = [
        {
            **{name: row[name].isoformat() if isinstance(row[name], date) else row[name] for name in _KEPT},
            **{
                "class": row["class"],
                "status": row["status"],
                "excess": None if row["excess"] is None else format(row["excess"], "f"),
            },
        }
        for row in rows
    ]
    text = json.dumps({"version": VERSION, "as_of": as_of.isoformat(), "incidents": incidents}, indent=1, ensure_ascii=False)
    written = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        written.write_text(text + "\n", encoding="utf-8")
        written.replace(path)
    except OSError as error:
        raise OutsideError(f"the state can't be written ({error.strerror})", where=str(path)) from None


def _key(row: Row) -> tuple[str, ...]:
    return (row["opened"].isoformat(), row["path"], row["currency"] or "")


def _became(row: Row, before: tuple[str, Decimal | None] | None) -> str:
    if before is None:
        return "new"
    status, excess = before
    if row["status"] == "resolved":
        return "same" if status == "resolved" else "resolved"
    grew = row["excess"] is not None and (excess is None or row["excess"] > excess * _GROWN)
    return "grown" if grew else "same"
