"""A large CSV file as typed Parquet, on all cores: what needs no look of the engine's is written as it is read, the rest of its
rows are kept as texts for the engine."""

from __future__ import annotations

import shutil
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from finops.core.contracts import Contract
from finops.ledger.csv_blocks import Cells, Odd, Shown, Source, groups, opened, tokenised
from finops.ledger.csv_plan import Plan, planned
from finops.ledger.csv_values import Fault, Values
from finops.ledger.parts import NARROW
from finops.ledger.sink import Sink, stored

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as pq

    from finops.ledger.handover import Scan

LEAST_BYTES, PACKED_TO = 32 << 20, 5
"""A file of less text is read sooner than the libraries are there. Packed ones are taken for a fifth of their text."""
GROUP_ROWS = 40_960
MOST_FAULTY = 4
"""After so many groups with faults, and more of them than without, the engine gets all that follow."""
ROW = "finops row"
"""The column of the rest that numbers its rows, from 1 at the first of the file."""


@dataclass(frozen=True)
class TypedCsv:
    """Files of typed rows, their number, and the file of the rows that the engine has to look at, all texts, if there are any."""

    files: tuple[Path, ...]
    rows: int
    rest: Path | None


def typed_csv(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    scan: Scan,
    header: Sequence[str],
    folder: Path,
    lineage: tuple[int, int],
    threads: int,
) -> TypedCsv | None:
    """Writes the rows of a CSV file to files in the `folder`. `header` names all of its columns; `lineage` is the batch's number
    and how many of its rows came before. None where the file is small, or left to the engine."""
    packed = scan.path.suffix.lower() in (".gz", ".zst")
    size = scan.path.stat().st_size * (PACKED_TO if packed else 1)
    said = " ".join([*scan.columns.values(), scan.where or ""]).lower()
    wanted = [name for name in header if name.replace('"', '""').lower() in said]
    if size < LEAST_BYTES or len(header) < 2 or scan.skip < 1 or not wanted or len(scan.delimiter.encode()) != 1:
        return None
    if ROW in (name.lower() for name in header):
        return None
    import pyarrow as pa
    from isal import isal_zlib

    folder.mkdir()
    try:
        with _kept_memory():
            return _Conversion(connection, contract, scan, header, wanted, folder, lineage).run(threads)
    except (Odd, EOFError, OSError, isal_zlib.error, pa.ArrowException):  # type: ignore[misc]  # isal has no types
        shutil.rmtree(folder)
        return None


@contextmanager
def _kept_memory() -> Iterator[None]:
    """Arrow's memory from the allocator that gives the least back to the system between two blocks, where there is that one: a
    tenth of the work was to get it again."""
    import pyarrow as pa

    usual = pa.default_memory_pool()
    with suppress(NotImplementedError):
        pa.set_memory_pool(pa.jemalloc_memory_pool())
    try:
        yield
    finally:
        pa.set_memory_pool(usual)


class _Conversion:
    """One file on its way. Groups of blocks are worked on side by side, and written in their order."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        contract: Contract,
        scan: Scan,
        header: Sequence[str],
        wanted: Sequence[str],
        folder: Path,
        lineage: tuple[int, int],
    ) -> None:
        import pyarrow as pa

        self._connection, self._contract, self._scan = connection, contract, scan
        self._cells, self._folder, self._lineage = Cells(header, scan.delimiter), folder, lineage
        self._texts = dict.fromkeys(wanted, pa.string())
        self._known = {name.lower(): name for name in header}
        self._plan: Plan | None = None
        self._makers: SimpleQueue[Values] = SimpleQueue()
        self._sound = self._faulty = 0

    def run(self, threads: int) -> TypedCsv:
        with opened(self._scan.path) as stream:
            if self._scan.follower is None:
                return self._run(stream, threads)
            with Shown(stream, self._scan.follower) as shown:
                typed = self._run(shown, threads)
                shown.end()
                return typed

    def _run(self, stream: Source, threads: int) -> TypedCsv:
        taken = groups(stream, self._scan.skip)
        first = next(taken, None)
        if first is None:
            raise Odd
        texts = tokenised(first, self._cells, self._texts)
        self._plan = planned(self._connection, self._contract, self._scan, texts, self._known)
        makers = [Values(self._connection, self._plan) for _ in range(threads)] if self._plan else []
        for maker in makers:
            self._makers.put(maker)
        try:
            with ThreadPoolExecutor(threads) as pool:
                return self._written(self._converted(first, taken, pool, threads))
        finally:
            for maker in makers:
                maker.close()

    def _converted(
        self, first: list[bytes], others: Iterator[list[bytes]], pool: ThreadPoolExecutor, threads: int
    ) -> Iterator[pa.RecordBatch | pa.Table]:
        """The groups in their order, as typed batches or as tables of texts; never more than a few of them at a time."""
        waiting: deque[Future[pa.RecordBatch | pa.Table]] = deque([pool.submit(self._group, first)])
        for group in others:
            waiting.append(pool.submit(self._group, group))
            if len(waiting) > threads + 1:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    def _group(self, group: list[bytes]) -> pa.RecordBatch | pa.Table:
        import duckdb
        import pyarrow as pa

        if self._plan is None or self._faulty > max(MOST_FAULTY, self._sound):
            return tokenised(group, self._cells, self._texts)
        table = tokenised(group, self._cells, self._plan.kinds)
        maker = self._makers.get()
        try:
            found, said = maker.columns(table)
        except (Fault, duckdb.Error):
            self._faulty += 1
            return tokenised(group, self._cells, self._texts)
        finally:
            self._makers.put(maker)
        self._sound += 1
        columns = [found[field.name] if field.name in found else pa.nulls(len(table), field.type) for field in self._schema()]
        names = [field.name for field in self._schema()]
        more = ([said], ["billed_text"]) if said is not None else ([], [])
        return pa.RecordBatch.from_arrays([*columns, *more[0]], [*names, *more[1]])

    def _schema(self) -> list[pa.Field]:
        """The columns that are written: those that the file feeds, and where parts of the contract may not lack them, all."""
        import pyarrow as pa

        made = self._plan.made if self._plan else {}
        told, texts = self._told(), pa.dictionary(pa.int32(), pa.string())
        kinds = {"text": texts, "map": pa.map_(texts, texts)}
        fields = [f for f in self._contract.fields if f.name in made or self._contract.name not in NARROW]
        return [pa.field(f.name, kinds.get(f.kind, stored(f)) if f.name in told else stored(f)) for f in fields]

    def _told(self) -> set[str]:
        """The columns of few values."""
        return {one.field.name for group in self._plan.told.values() for one in group} if self._plan else set()

    def _written(self, converted: Iterator[pa.RecordBatch | pa.Table]) -> TypedCsv:
        plainly = self._plan.plainly if self._plan else frozenset[str]()
        rest = _Rest(self._folder / "texts.parquet")
        sound = 0
        narrow = self._contract.name in NARROW
        sink = Sink(self._schema(), self._folder, self._lineage, GROUP_ROWS, plainly, repeated=self._told(), narrow=narrow)
        with sink, rest:
            for group in converted:
                if hasattr(group, "to_batches"):
                    rest.add(group, sink.rows)
                    sink.pass_over(group.num_rows)
                else:
                    sink.add(group)
                    sound += group.num_rows
        return TypedCsv(tuple(sink.files), sound, rest.file)


class _Rest:
    """One Parquet file of texts, each group of rows with their numbers."""

    def __init__(self, path: Path) -> None:
        self.file: Path | None = None
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def __enter__(self) -> _Rest:
        return self

    def __exit__(self, *_: object) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(self, texts: pa.Table, before: int) -> None:
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.parquet as pq

        rows = np.arange(before + 1, before + 1 + len(texts), dtype=np.int64)
        table = texts.append_column(ROW, pa.Array.from_buffers(pa.int64(), len(texts), [None, pa.py_buffer(rows)]))
        if self._writer is None:
            repeated = [name for name in texts.column_names if pc.count_distinct(texts[name]).as_py() * 4 < len(texts)]
            written = {"compression": "lz4", "use_dictionary": repeated, "write_statistics": False, "store_schema": False}
            self.file, self._writer = self._path, pq.ParquetWriter(self._path, table.schema, **written)
        self._writer.write_table(table, row_group_size=max(len(table), 1))
