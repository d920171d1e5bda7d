"""What the ledger remembers of objects in a cloud, so that what it holds already is not fetched again."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from finops.ledger.store import Reader, Writer


@dataclass(frozen=True)
class Remembered:
    """An object as it was when it was read: `tag` and `size` as its listing gave them."""

    uri: str
    tag: str
    size: int
    content_hash: str


class Memory:
    """The objects that were read, and the contents that the ledger holds now."""

    def __init__(self, reader: Reader | None) -> None:
        self._objects: dict[tuple[str, str, int], str] = {}
        self._held: dict[str, str] = {}
        self._by_name: dict[str, list[str]] = defaultdict(list)
        if reader is None:
            return
        for row in reader.query("SELECT * FROM remote_object"):
            self._objects[row["uri"], row["tag"], row["disk_bytes"]] = row["content_hash"]
        rows = reader.query("SELECT source, name, content_hash FROM delivery WHERE superseded_by IS NULL ORDER BY ALL")
        for row in sorted(rows, key=lambda row: str(row["content_hash"])):
            self._held[row["content_hash"]] = row["source"]
            self._by_name[row["name"]].append(row["content_hash"])

    def holds(self, uri: str, tag: str, size: int) -> str | None:
        """The source that read the object's content, where it is in the ledger."""
        return self._held.get(self._objects.get((uri, tag, size), ""))

    def holds_all(self, name: str, objects: list[tuple[str, str, int]]) -> bool:
        """Whether a delivery of that name holds these objects' contents and no others."""
        return self._by_name.get(name) == sorted(self._objects.get(one, "") for one in objects)


def remember(writer: Writer, objects: list[Remembered]) -> None:
    """Notes what was read, with the load that it belongs to."""
    for one in objects:
        writer.execute(
            "INSERT OR REPLACE INTO remote_object VALUES ($1, $2, $3, $4)", [one.uri, one.tag, one.size, one.content_hash]
        )
