"""The content hash of a large table, made and checked while the ledger reads it: unpacking it twice would take as long again."""

from __future__ import annotations

import hashlib
from pathlib import Path

from finops.sources.base import Part
from finops.sources.files import TextCheck, bare_name, content_hash, file_part, part_name, refuse_bomb

LATE_BYTES = 4 << 20
"""A table of fewer bytes is hashed before it is read, which takes no time."""


def bill_part(path: Path, root: Path) -> Part:
    """The file of a bill as one part, for sources that leave reading to the ledger. A large table gets its hash late."""
    if bare_name(path).endswith(".csv") and path.is_file() and (size := path.stat().st_size) >= LATE_BYTES:
        return Part(path, part_name(path, root), LateHash(path), size)
    return file_part(path, root, text=not path.name.lower().endswith(".parquet"))


class LateHash:
    """The SHA-256 of a file's decompressed text. Who reads the file anyway shows every piece of it: `begin`, `feed` for each in
    its order, and `end`, which raise DataError as `content_hash` does. Else the file is read when `value` is first asked for."""

    def __init__(self, path: Path) -> None:
        self._path, self._value = path, ""
        self.begin()

    @property
    def is_known(self) -> bool:
        """Whether the hash is made, and so the text checked."""
        return bool(self._value)

    @property
    def value(self) -> str:
        """The hash. Raises DataError where the file is no sound text."""
        self._value = self._value or content_hash(self._path)
        return self._value

    def begin(self) -> None:
        """The first piece is next."""
        self._digest, self._check, self._count = hashlib.sha256(), TextCheck(self._path), 0

    def feed(self, piece: bytes) -> None:
        """The next piece of the decompressed text."""
        self._count += len(piece)
        refuse_bomb(self._path, self._count)
        self._digest.update(piece)
        self._check.feed(piece)

    def end(self) -> None:
        """There was no more."""
        self._check.close()
        self._value = self._digest.hexdigest()
