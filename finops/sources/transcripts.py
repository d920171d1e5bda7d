"""Transcripts that coding agents keep on disk, line by line: what their readers share. No text of a conversation is kept."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import msgspec

from finops.sources.base import Reject
from finops.sources.entry_values import Entry
from finops.sources.files import opened
from finops.sources.otlp_reading.lines import Lines, buffered, resume

NUL = "\0"

_DECODER = msgspec.json.Decoder(float_hook=str)
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeError)
_TOO_LONG = "this line is too long to be read"


def lines(path: Path, wanted: tuple[bytes, ...], notes: list[str], offset: int = 0) -> Iterator[tuple[int, Entry] | Reject]:
    """The objects of the lines that hold one of the `wanted` bytes, with their numbers, from `offset` on. A last line without its
    end that can't be read is still being written: it is left for the next time, and `notes` say so."""
    with opened(path) as raw:
        stream = buffered(raw)
        number, position, begun = resume(stream, offset)
        for line in Lines(stream, number, position, begun=begun):
            if line.data is None:
                yield Reject(line.number, _TOO_LONG)
                continue
            is_whole = line.data.endswith(b"\n")
            if is_whole and not any(mark in line.data for mark in wanted):
                continue
            try:
                found = _DECODER.decode(line.data)
            except _BROKEN as error:
                if is_whole:
                    yield Reject(line.number, f"it is not JSON: {error}")
                elif line.data.strip():
                    notes.append(
                        f"1 line is unfinished, the last ({line.number:,}): it is still being written, and left for the next time"
                    )
                continue
            if isinstance(found, dict):
                if is_whole or any(mark in line.data for mark in wanted):
                    yield line.number, found
            else:
                yield Reject(line.number, "the line is not a JSON object")


def named(digits: int, *parts: object) -> str:
    """An id of so many hexadecimal digits that is the same for the same parts."""
    return sha256(NUL.join(map(str, parts)).encode("utf-8", "surrogatepass")).hexdigest()[:digits]


def project_of(folder: Any) -> str | None:
    """The name of the folder that was worked in; nothing where that is a person's home."""
    if not isinstance(folder, str) or not folder:
        return None
    path = PureWindowsPath(folder) if "\\" in folder else PurePosixPath(folder)
    below_root = [part for part in path.parts if part != path.anchor]
    return path.name or None if len(below_root) > 2 else None
