"""Opening the ledger: readers that keep their snapshot, and one writer that commits by rename."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from finops.core.contracts import CONTRACTS, PARQUET_CONTRACTS
from finops.errors import DataError
from finops.ledger import identity, parts
from finops.ledger.connect import attach, beside, close, connect, engine_errors, parts_dir, spill_dir
from finops.ledger.lock import WriterLock
from finops.ledger.migrations import migrate, newest_version, schema_version

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

Parameters = Mapping[str, Any] | Sequence[Any] | None
DEFAULT_WAIT_S = 60.0
_READS = Path(__file__).parent / "sql" / "reads"
_HELD: ContextVar[Reader | None] = ContextVar("held", default=None)
"""The reader whose state the others share."""


def open_reader(path: Path, *, memory: str | None = None, threads: int | None = None) -> Reader:
    """The ledger as it is now, to read. A commit by a writer does not change what this reader sees."""
    if not path.is_file():
        raise DataError(
            f"there is no ledger at `{path}`", hint="`finops ingest PATH` makes one from your files, `finops demo` shows one"
        )
    held = _HELD.get()
    return Reader(path, memory, threads, beside_reader=held if held is not None and held.path == path else None)


@contextmanager
def one_state(reader: Reader) -> Iterator[None]:
    """Inside the block every reader of this ledger sees what `reader` sees, whatever is committed meanwhile."""
    token = _HELD.set(reader)
    try:
        yield
    finally:
        _HELD.reset(token)


def open_writer(
    path: Path,
    *,
    wait_s: float = DEFAULT_WAIT_S,
    command: str | None = None,
    memory: str | None = None,
    threads: int | None = None,
) -> Writer:
    """The right to change the ledger: a copy that replaces the file when the block ends well and something was changed."""
    return Writer(
        path, wait_s, command or " ".join(Path(a).name if i == 0 else a for i, a in enumerate(sys.argv)), memory, threads
    )


_OTHER_MODELS = "if another version of finops built this ledger, `finops build` brings it up to date"


class Reader:
    """Queries on one state of the ledger. Answers hold Decimal, date, naive UTC datetime, str, int, float, bool and None."""

    def __init__(self, path: Path, memory: str | None, threads: int | None, *, beside_reader: Reader | None = None) -> None:
        self.path, self._memory = path, memory
        self._spill = spill_dir(path)
        if beside_reader is not None:
            self._connection = beside(beside_reader.connection)
            self.refresh_views()
            return
        self._connection = connect(self._spill, memory=memory, threads=threads)
        try:
            attach(self._connection, path, read_only=True)
            version = schema_version(self._connection, path)
            if version < newest_version():
                raise DataError(
                    f"the ledger was written by an older finops (its schema is {version}, this finops needs {newest_version()})",
                    where=str(path),
                    hint="`finops doctor` brings it up to date",
                )
            self.refresh_views()
        except BaseException:
            self.close()
            raise

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The engine's own connection, for the rest of the ledger room only."""
        return self._connection

    def query(self, sql: str, params: Parameters = None) -> list[dict[str, Any]]:
        """The rows of one statement."""
        with engine_errors("the query failed", where=str(self.path), hint=_OTHER_MODELS, memory=self._memory):
            cursor = self._connection.execute(sql, _bound(params))
            names = [column[0] for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def arrow(self, sql: str, params: Parameters = None) -> pa.Table:
        """The rows of one statement as an Arrow table."""
        with engine_errors("the query failed", where=str(self.path), hint=_OTHER_MODELS):
            return self._connection.sql(sql, params=_bound(params)).to_arrow_table()

    def read(self, name: str, **params: Any) -> list[dict[str, Any]]:
        """The rows of the named read, `ledger/sql/reads/NAME.sql`, with its `$name` parameters."""
        return self.query((_READS / f"{name}.sql").read_text(encoding="utf-8"), params or None)

    def part_path(self, file: str) -> Path:
        """Where a part of the catalogue lies."""
        return parts_dir(self.path) / file

    def unbuilt(self) -> int:
        """How many batches were loaded or superseded since the last build."""
        return int(self.query("SELECT count(*) AS n FROM batch WHERE NOT built")[0]["n"])

    def refresh_views(self) -> None:
        """Makes the TEMP views of the contracts that live in parts, over the current parts only."""
        rows = self._connection.execute(
            "SELECT contract, file FROM part JOIN batch USING (batch_id, contract) WHERE superseded_by IS NULL ORDER BY file"
        ).fetchall()
        parts.check_present(self.path, [file for _, file in rows])
        for name in sorted(PARQUET_CONTRACTS):
            files = [file for contract, file in rows if contract == name]
            with engine_errors("a part of the ledger can't be read", where=str(self.path), hint="`finops doctor` names it"):
                self._connection.execute(parts.view_sql(self.path, CONTRACTS[name], files))
        self._connection.execute(identity.VIEW_SQL)

    def close(self) -> None:
        """Lets go of the ledger."""
        close(self._connection, self._spill)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()


class Writer(Reader):
    """A Reader of its own copy that may also change it. Use it in a `with` block: the end of the block commits."""

    def __init__(self, path: Path, wait_s: float, command: str, memory: str | None, threads: int | None) -> None:
        self.path, self._memory = path, memory
        self.changed = self.casts_defined = False
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = WriterLock(path, command)
        self._lock.acquire(wait_s)
        self._new_parts: list[Path] = []
        self._copy = path.with_name(f"{path.name}.copy-{os.getpid()}")
        self._connection = None  # type: ignore[assignment]
        try:
            self._sweep_copies()
            if path.exists():
                shutil.copyfile(path, self._copy)
            self._spill = spill_dir(path)
            self._connection = connect(self._spill, memory=memory, threads=threads)
            attach(self._connection, self._copy, read_only=False)
            self.changed = migrate(self._connection, schema_version(self._connection, path))
            self._sweep_orphans()
            self.refresh_views()
        except BaseException as error:
            self._abandon()
            if isinstance(error, DataError) and error.where == str(self._copy):
                error.where = str(path)
            raise

    def execute(self, sql: str, params: Parameters = None) -> int:
        """Runs one or more statements that change the ledger; how many rows the last one wrote."""
        with engine_errors("the ledger could not be changed", where=str(self.path), memory=self._memory):
            answer = self._connection.execute(sql, _bound(params)).fetchall()
        self.changed = True
        return int(answer[0][0]) if answer and isinstance(answer[0][0], int) else 0

    def add_part(self, written: Path, contract: str, rows: int, digest: str) -> parts.PartFile:
        """Takes a finished Parquet file into the parts folder, under its SHA-256. It stays only if this writer commits."""
        part = parts.commit_part(self.path, written, contract, rows, digest)
        self._new_parts.append(self.part_path(part.file))
        return part

    def discard(self) -> None:
        """Forgets everything that this writer changed; the ledger stays as it was."""
        self.changed = False
        self._abandon()

    def close(self) -> None:
        """Same as `discard`: only the end of a `with` block commits."""
        self._abandon()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None and self.changed:
            self._commit()
        else:
            self._abandon()

    def _commit(self) -> None:
        try:
            with engine_errors("the ledger could not be written", where=str(self.path)):
                self._connection.execute("CHECKPOINT ledger")
                self._connection.execute("USE memory")
                self._connection.execute("DETACH ledger")
            close(self._connection, self._spill)
            self._connection = None  # type: ignore[assignment]
            parts.sync_file(self._copy)
            if self._new_parts:
                parts.sync_dir(self._new_parts[0].parent)
            self._copy.replace(self.path)
            parts.sync_dir(self.path.parent)
            self._new_parts = []
        finally:
            self._abandon()

    def _abandon(self) -> None:
        """Closes what is open, removes what is not committed, gives the lock back. Safe to call twice."""
        if self._connection is not None:
            close(self._connection, self._spill)
            self._connection = None  # type: ignore[assignment]
        for path in [*self._new_parts, self._copy, self._copy.with_name(self._copy.name + ".wal")]:
            path.unlink(missing_ok=True)
        self._new_parts = []
        self._lock.release()

    def _sweep_copies(self) -> None:
        for path in parts.stale_copies(self.path):
            path.unlink(missing_ok=True)

    def _sweep_orphans(self) -> None:
        known = {row[0] for row in self._connection.execute("SELECT file FROM part").fetchall()}
        for path in parts.orphans(self.path, known):
            remove(path)


def remove(path: Path) -> None:
    """Removes a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _bound(params: Parameters) -> Any:
    if params is None:
        return None
    return dict(params) if isinstance(params, Mapping) else list(params)
