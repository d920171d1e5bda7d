"""A gateway's log in which every entry is a request: a source that is told by its column names and by how it reads an entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import batches, entries
from finops.sources.entry_values import Entry
from finops.sources.files import file_part
from finops.sources.gateway_calls import Row


class GatewayLog:
    """CSV, JSON or JSON lines whose entries all have the names `must`; `row` makes the call of an entry, without tokens where the
    gateway answered from its own cache: no provider billed it."""

    contracts: tuple[str, ...] = ("call",)

    def __init__(self, name: str, title: str, must: tuple[str, ...], row: Callable[[Entry], Row]) -> None:
        self.name = name
        self.title = f"{title} (CSV, JSON, JSON lines)"
        self.patterns = (
            Pattern((".csv",), header_all=must),
            Pattern((".json", ".jsonl", ".ndjson"), head_all=tuple(f'"{column}"' for column in must)),
        )
        self._row = row

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        yield Load("call", batches(entries(part.path), "call", self._row, rejects), rejects)
