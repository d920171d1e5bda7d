"""What the ledger takes: the shape of a part and of its rows, as any source hands them over."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    import pyarrow as pa


class PartLike(Protocol):
    """One file of a delivery."""

    @property
    def path(self) -> Path: ...
    @property
    def name(self) -> str: ...
    @property
    def content_hash(self) -> str: ...
    @property
    def is_hashed(self) -> bool: ...
    @property
    def size(self) -> int: ...
    @property
    def origin(self) -> str | None: ...


class Refused(Protocol):
    """A row that the source could not read."""

    @property
    def row(self) -> int: ...
    @property
    def reason(self) -> str: ...
    @property
    def column(self) -> str | None: ...
    @property
    def text(self) -> str | None: ...


class Follower(Protocol):
    """What wants to see every byte of a file: `begin`, each unpacked piece in its order, and `end`. `value` reads the file by
    itself, where it was not shown all of it. All raise DataError where the text would not do."""

    @property
    def value(self) -> str: ...
    def begin(self) -> None: ...
    def feed(self, piece: bytes, /) -> None: ...
    def end(self) -> None: ...


class Scan(Protocol):
    """A tabular file that DuckDB reads: `columns` maps a contract's column to SQL over the file's own columns."""

    @property
    def path(self) -> Path: ...
    @property
    def format(self) -> Literal["csv", "parquet", "jsonl", "json"]: ...
    @property
    def header(self) -> tuple[str, ...]: ...
    @property
    def columns(self) -> Mapping[str, str]: ...
    @property
    def where(self) -> str | None: ...
    @property
    def skip(self) -> int: ...
    @property
    def delimiter(self) -> str: ...
    @property
    def follower(self) -> Follower | None: ...


Batches: TypeAlias = "Iterator[pa.RecordBatch]"


class LoadLike(Protocol):
    """Rows of one contract. `rejects` and `notes` may grow while `data` is consumed."""

    @property
    def contract(self) -> str: ...
    @property
    def data(self) -> Scan | Batches: ...
    @property
    def rejects(self) -> Sequence[Refused]: ...
    @property
    def control_totals(self) -> Mapping[str, str]: ...
    @property
    def notes(self) -> Sequence[str]: ...
