"""What the runner needs of a connection; the store's writer has it."""

from __future__ import annotations

from typing import Any, Protocol


class Database(Protocol):
    """A connection inside a transaction that its owner commits or throws away."""

    def execute(self, sql: str) -> object:
        """Runs one or several statements."""
        ...

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of one SELECT."""
        ...


def quoted(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
