"""Files that only ever grow: where the old bytes are the beginning of the new ones, only the tail is loaded."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from finops.ledger.catalogue import deliveries_named

if TYPE_CHECKING:
    from pathlib import Path

    from finops.ledger.handover import PartLike
    from finops.ledger.store import Reader

_CHUNK = 1 << 20


def grown_from(reader: Reader, source: str, part: PartLike, before: int) -> tuple[int, int]:
    """The delivery that this plain file continues, and how many bytes of it are loaded; (0, 0) where it continues none."""
    named = deliveries_named(reader, source, part.name, before)
    if len(named) != 1:
        return 0, 0
    row = reader.query("SELECT content_hash, disk_bytes FROM delivery WHERE delivery_id = $1", named)[0]
    size = int(row["disk_bytes"])
    if 0 < size < part.size and _begins_with(part.path, size, row["content_hash"]):
        return named[0], size
    return 0, 0


def _begins_with(path: Path, size: int, content_hash: str) -> bool:
    """True where the first `size` bytes have that hash and end a line."""
    digest, last = hashlib.sha256(), b""
    with path.open("rb") as file:
        while size and (chunk := file.read(min(size, _CHUNK))):
            digest.update(chunk)
            size, last = size - len(chunk), chunk[-1:]
    return last == b"\n" and digest.hexdigest() == content_hash
