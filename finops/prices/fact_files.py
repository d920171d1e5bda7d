"""Reads one file of dated facts: a head of `# key: value` lines, then a CSV table."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finops.errors import DataError


@dataclass(frozen=True)
class FactFile:
    """The head and the rows of a file. `first_line` is the line of the first row."""

    path: Path
    head: dict[str, str]
    columns: list[str]
    rows: list[list[str]]
    first_line: int

    def where(self, index: int) -> str:
        """Where row `index` stands, for an error."""
        return f"{self.path}:{self.first_line + index}"

    def dicts(self) -> Iterator[dict[str, str]]:
        """The rows by column, with the head's values under them."""
        for row in self.rows:
            yield {**self.head, **dict(zip(self.columns, row, strict=True))}

    def constant(self, name: str) -> str | None:
        """The value that the head gives to all rows, unless the table has a column of that name."""
        return None if name in self.columns else self.head.get(name)


def read_facts(path: Path) -> FactFile:
    """The facts in `path`. Every row must have as many fields as the table has columns."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise DataError(f"the price facts are not UTF-8 (byte {error.start})", where=str(path), hint="save as UTF-8") from None
    except OSError as error:
        raise DataError(f"the price facts can't be read: {error.strerror}", where=str(path)) from None
    start = next((number for number, line in enumerate(lines) if not line.startswith("#")), len(lines))
    head = dict(_pair(line) for line in lines[:start] if ":" in line)
    try:
        table = list(csv.reader(lines[start:], strict=True))
    except csv.Error as error:
        raise DataError(f"the price facts are not a CSV table: {error}", where=str(path)) from None
    if not table:
        raise DataError("the file has no table of price facts", where=str(path), hint="see pricing/README.md for the columns")
    columns = [name.strip() for name in table[0]]
    facts = FactFile(path, head, columns, [row for row in table[1:] if row], start + 2)
    for index, row in enumerate(facts.rows):
        if len(row) != len(columns):
            raise DataError(f"the row has {len(row)} fields, the table has {len(columns)} columns", where=facts.where(index))
    return facts


def parsed_date(text: str | None, facts: FactFile, index: int = 0) -> date:
    """The date of a fact; a fact without one is refused."""
    if not text:
        raise DataError(
            "a price without a date is refused",
            where=facts.where(index),
            hint="write `# as_of: 2026-11-20` at the head of the file, or add a column `as_of`",
        )
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise DataError(f"`{text}` is not a date", where=facts.where(index), hint="write it as 2026-11-20") from None


def _pair(line: str) -> tuple[str, str]:
    name, _, value = line.lstrip("#").partition(":")
    return name.strip(), value.strip()
