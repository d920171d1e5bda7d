"""What the runner needs of a connection; the store's writer has it."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Protocol


class Readable(Protocol):
    """Anything that answers queries."""

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of one SELECT."""
        ...


class Database(Readable, Protocol):
    """A connection inside a transaction that its owner commits or throws away."""

    def execute(self, sql: str) -> int:
        """Runs one or several statements; how many rows the last one wrote."""
        ...


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: Any) -> str:
    """A value as a SQL literal."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, datetime):
        return f"TIMESTAMP '{value.isoformat(sep=' ')}'"
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    if isinstance(value, time):
        return f"TIME '{value.isoformat()}'"
    if isinstance(value, Decimal):
        return quoted(format(value, "f"))
    return str(value) if isinstance(value, int) else quoted(str(value))
