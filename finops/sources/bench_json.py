"""Benchmark results as JSON: the documents of a file, and a careful reader of one that knows where each value stood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from finops.sources.base import Reject
from finops.sources.hardware import BROKEN, Record, Unreadable, number_of, text_of, whole_content

_CONSTANT = re.compile(rb'"(?:[^"\\]|\\.)*"|NaN|-?Infinity')
"""A string, or what Python's `json` writes for a figure that is none: no JSON, and yet in results of runs that measured
nothing."""


def records(path: Path) -> Iterator[tuple[int, Record | Reject]]:
    """The results in a file: one document, a list, or one per line as tools that append leave them."""
    content = _without_constants(whole_content(path).removeprefix(b"\xef\xbb\xbf"))
    try:
        yield 1, msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        return
    except BROKEN:
        pass
    try:
        yield from enumerate(msgspec.json.decode(content, type=list[dict[str, msgspec.Raw]]), start=1)
        return
    except BROKEN:
        pass
    for number, line in enumerate(BytesIO(content), start=1):
        if not line.isspace():
            try:
                yield number, msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            except BROKEN as error:
                reason = "it is nested too deeply" if isinstance(error, RecursionError) else "it is not a whole JSON object"
                yield number, Reject(number, f"this line is no result: {reason}")


def _without_constants(content: bytes) -> bytes:
    """The text with null for every NaN and Infinity that stands outside a string."""
    if b"NaN" not in content and b"Infinity" not in content:
        return content
    return _CONSTANT.sub(lambda found: found[0] if found[0].startswith(b'"') else b"null", content)


@dataclass(frozen=True)
class Node:
    """A JSON object. What is missing or null is None, or an empty node; what has another form than it should is Unreadable."""

    fields: Record
    at: str = ""

    def number(self, *path: str) -> float | None:
        """A number that is not negative."""
        raw, key = self._raw(path)
        found: float | None = None if raw is None else number_of(raw, key, False)
        return found

    def whole(self, *path: str) -> int | None:
        """A whole number that is not negative."""
        raw, key = self._raw(path)
        found: int | None = None if raw is None else number_of(raw, key, True)
        return found

    def text(self, *path: str) -> str | None:
        """A text, or a number as text."""
        raw, key = self._raw(path)
        return None if raw is None else text_of(raw, key)

    def word(self, *path: str) -> str | None:
        """A text where there is one in this place, and None for whatever else may stand there."""
        try:
            return self.text(*path)
        except Unreadable:
            return None

    def node(self, *path: str) -> Node:
        """The object in this place."""
        found = self
        for name in path:
            raw, key = found._raw((name,))
            found = Node(_fields(raw, key), key)
        return found

    def nodes(self, *path: str) -> list[Node]:
        """The objects of a list in this place, or the values of an object there."""
        raw, key = self._raw(path)
        if raw is None:
            return []
        found: list[Any] | dict[str, Any]
        try:
            form: Any = list[msgspec.Raw] if _begins(raw, b"[") else dict[str, msgspec.Raw]
            found = msgspec.json.decode(raw, type=form)
        except BROKEN as error:
            raise Unreadable("this is not a list that can be read", key) from error
        items = found.items() if isinstance(found, dict) else enumerate(found, start=1)
        return [Node(_fields(one, f"{key}[{name}]"), f"{key}[{name}]") for name, one in items]

    def names(self, *path: str) -> list[str]:
        """The texts of a list in this place, or the one text there."""
        raw, key = self._raw(path)
        if raw is None:
            return []
        try:
            found = msgspec.json.decode(raw, type=str | list[str])
        except BROKEN as error:
            raise Unreadable("this is not a text that can be read", key) from error
        return [name[:512] for name in ([found] if isinstance(found, str) else found)]

    def _raw(self, path: tuple[str, ...]) -> tuple[msgspec.Raw | None, str]:
        holder = self.node(*path[:-1])
        raw, key = holder.fields.get(path[-1]), f"{holder.at}.{path[-1]}".lstrip(".")
        return (None if raw is None or _begins(raw, b"null") else raw), key


def _fields(raw: msgspec.Raw | None, key: str) -> Record:
    if raw is None:
        return {}
    try:
        return msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except BROKEN as error:
        raise Unreadable("this is not a JSON object", key) from error


def _begins(raw: msgspec.Raw, mark: bytes) -> bool:
    return bytes(memoryview(raw)[: len(mark)]) == mark
