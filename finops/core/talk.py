"""What a long piece of work may say while it runs; the command line decides how it looks."""

from __future__ import annotations

from typing import Protocol


class Talk(Protocol):
    """Progress and warnings of a step."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins; `total` is its size in the unit that `advance` counts, if known."""

    def advance(self, done: int, rows: int = 0) -> None:
        """`done` more units (bytes, files or models) are done, which held `rows` rows."""

    def warn(self, text: str) -> None:
        """Something that the user should know and that stops nothing."""


class Silence:
    """A Talk that says nothing."""

    def stage(self, name: str, total: int | None = None) -> None: ...

    def advance(self, done: int, rows: int = 0) -> None: ...

    def warn(self, text: str) -> None: ...
