"""The plug-in interface of a source, and the two forms in which rows leave it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from finops.errors import DataError

if TYPE_CHECKING:
    import pyarrow as pa


class Digest(Protocol):
    """A content hash that is made late: see `late_hash`."""

    @property
    def is_known(self) -> bool: ...
    @property
    def value(self) -> str: ...
    def begin(self) -> None: ...
    def feed(self, piece: bytes, /) -> None: ...
    def end(self) -> None: ...


@dataclass(frozen=True)
class Part:
    """One file of a delivery. `name` is its path relative to the root that was given: with the source it names the delivery.
    `size` counts the bytes on disk. `origin` names what the file is a copy of, where it was fetched."""

    path: Path
    name: str
    digest: str | Digest
    size: int
    origin: str | None = None
    seals: tuple[Callable[[str], str], ...] = ()

    @property
    def content_hash(self) -> str:
        """The SHA-256 of the decompressed bytes, and of whatever else decides on what they say. A late one is made now, if it is
        not yet: the file is read and checked for that."""
        said = self.digest if isinstance(self.digest, str) else self.digest.value
        return reduce(lambda text, seal: seal(text), self.seals, said)

    @property
    def is_hashed(self) -> bool:
        """Whether the hash is there without a further look at the file."""
        return isinstance(self.digest, str) or self.digest.is_known

    def sealed(self, seal: Callable[[str], str]) -> Part:
        """The part with another hash, made from its own."""
        if isinstance(self.digest, str):
            return replace(self, digest=seal(self.digest))
        return replace(self, seals=(*self.seals, seal))


@dataclass(frozen=True)
class Reject:
    """A row that could not be read: `row` counts from 1 without the header, `column` and `text` where known."""

    row: int
    reason: str
    column: str | None = None
    text: str | None = None


MOST_REJECTS = 200_000
"""A file with more of them is refused: it is not what it looks like, and a list of all would fill the memory."""


def refuse_flood(rejects: list[Reject]) -> None:
    """Raises DataError where too many rows could not be read."""
    if len(rejects) > MOST_REJECTS:
        what = f"more than {MOST_REJECTS:,} rows can't be read; the first, row {rejects[0].row:,}: {rejects[0].reason}"
        raise DataError(what, hint="is it complete, and of the kind that it looks like? `--source` names another")


@dataclass(frozen=True)
class TableScan:
    """A tabular file that the ledger reads itself, all columns as text.

    `columns` maps a contract's column to a SQL expression over the file's own (quoted) column names, giving text (a MAP for map
    columns may be given as JSON text). A column that is not mapped is null. `header` lists the file's column names in order.
    `json` is one array of records. `skip` counts the lines before the first data row of a CSV file.
    `follower` is shown every byte of the file as it is read."""

    path: Path
    format: Literal["csv", "parquet", "jsonl", "json"]
    header: tuple[str, ...]
    columns: Mapping[str, str]
    where: str | None = None
    skip: int = 1
    delimiter: str = ","
    notes: tuple[str, ...] = ()
    follower: Digest | None = None


@dataclass
class Load:
    """Rows of one contract from one part. `data` is a TableScan, or Arrow batches in the schema of `arrow_schema(contract)`.
    `rejects` may be filled while `data` is consumed. `control_totals` are totals that the file itself states, as text.
    `prefix` is set where the file is an append-only log: the ledger may then load only the tail of a grown file."""

    contract: str
    data: TableScan | Iterator[pa.RecordBatch]
    rejects: list[Reject] = field(default_factory=list)
    control_totals: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Pattern:
    """How a file is recognised, as data. `suffixes` are matched after a trailing .gz or .zst is taken off.
    `header_all` names columns that must all be in a table's header (case-insensitive), `keys_any` JSON keys one of which must be
    in the first document, `head_any` strings one of which must be in the first 64 KiB of (decompressed) text."""

    suffixes: tuple[str, ...]
    header_all: tuple[str, ...] = ()
    header_any: tuple[str, ...] = ()
    head_any: tuple[str, ...] = ()
    head_all: tuple[str, ...] = ()


class Source(Protocol):
    """A kind of file. One module per source in `finops/sources`, exposing `SOURCE`."""

    name: str
    title: str
    contracts: tuple[str, ...]
    patterns: tuple[Pattern, ...]

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        """The parts at `path` (usually one: the file itself); cheap."""
        ...

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        """Reads one part. Raises DataError where the file as a whole would not do."""
        ...
