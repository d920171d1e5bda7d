"""Arrow batches in which nothing needs a cast go to Parquet as they are, which costs a third of the way through the engine.

What that means is told by `casting`: a batch that has amounts, a null word, or anything that would be rejected or changed there,
is not plain, and is left to the engine with all that follow it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.contracts import Contract, Field
from finops.ledger.schema import LINEAGE, SQL_TYPES

if TYPE_CHECKING:
    import duckdb
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa
    import pyarrow.parquet as pq

GROUP_ROWS, GROUPS_PER_FILE = 122_880, 64
MARKS = ("fault_column", "fault_text", "fault_map", "billed_text")
"""What staged rows say of faults: of plain ones nothing."""

LONGEST_NULL_WORD = 6
"""No null word has more characters, and none begins behind "!" but text: see finops_text."""

MOST_TEXTS = 65_536
_LAST_TIME = 2**61


@dataclass(frozen=True)
class Plain:
    """The files that plain batches were written to, their rows, and the batches that are left; None where all are written."""

    files: tuple[Path, ...]
    rows: int
    rest: Iterator[pa.RecordBatch] | None


def write_plain(
    connection: duckdb.DuckDBPyConnection,
    contract: Contract,
    batches: Iterator[pa.RecordBatch],
    folder: Path,
    lineage: tuple[int, int],
) -> Plain:
    """Writes batches as long as they are plain. `lineage` is the batch's number and how many of its rows came before."""
    test, sink = _Test(connection, contract), _Sink(contract, folder, lineage)
    odd: pa.RecordBatch | None = None
    with sink:
        for batch in batches:
            if batch.num_rows and test.is_plain(batch):
                sink.add(batch)
            elif batch.num_rows or not sink.rows:
                odd = batch
                break
    if odd is None and sink.rows:
        return Plain(tuple(sink.files), sink.rows, None)
    return Plain(tuple(sink.files), sink.rows, batches if odd is None else chain((odd,), batches))


class _Sink:
    """Parquet files of typed rows, with their lineage. They are written in a second thread, while the next rows are made."""

    def __init__(self, contract: Contract, folder: Path, lineage: tuple[int, int]) -> None:
        import pyarrow as pa

        self.files: list[Path] = []
        self.rows = 0
        self._folder = folder
        self._batch_id, self._before = lineage
        own = [pa.field(field.name, _stored(field)) for field in contract.fields]
        marks = [pa.field(name, pa.bool_() if name == "fault_map" else pa.string()) for name in MARKS]
        self._schema = pa.schema([*own, *(pa.field(name, pa.int64()) for name in LINEAGE), *marks])
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._groups = 0
        self._writer: pq.ParquetWriter | None = None
        self._beside = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> _Sink:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._flush()
            self._written()
        finally:
            self._beside.shutdown()
            self._close()

    def add(self, batch: pa.RecordBatch) -> None:
        import numpy as np
        import pyarrow as pa

        count, first = batch.num_rows, self._before + self.rows + 1
        numbers = (np.full(count, self._batch_id, np.int64), np.arange(first, first + count, dtype=np.int64))
        arrays = [
            column if column.type == field.type else pa.nulls(count, field.type)
            for column, field in zip(batch.columns, self._schema, strict=False)
        ]
        arrays += [pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(one)]) for one in numbers]
        arrays += [_mark(count, field.type) for field in list(self._schema)[len(arrays) :]]
        self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
        self.rows += count
        self._waiting_rows += count
        if self._waiting_rows >= GROUP_ROWS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting_rows:
            self._written()
            self._writing = self._beside.submit(self._write, self._waiting, self._waiting_rows)
            self._waiting, self._waiting_rows = [], 0

    def _written(self) -> None:
        """Waits for the rows that are being written."""
        if self._writing is not None:
            self._writing.result()

    def _write(self, batches: list[pa.RecordBatch], rows: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._folder.mkdir(exist_ok=True)
            self.files.append(self._folder / f"plain_{len(self.files):06}.parquet")
            self._writer = pq.ParquetWriter(self.files[-1], self._schema, **_written_as(self._schema))
        self._writer.write_table(pa.Table.from_batches(batches, self._schema), row_group_size=rows)
        self._groups += 1
        if self._groups >= GROUPS_PER_FILE:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._groups = None, 0


_OWN_IDS = frozenset(("trace", "span", "parent", "response"))


def _written_as(schema: pa.Schema) -> dict[str, Any]:
    """How columns are written: times and line numbers by their differences, ids that hardly repeat as they are, all others by a
    dictionary. Of ids the least and the greatest tell nothing."""
    import pyarrow as pa

    rising = [f.name for f in schema if pa.types.is_timestamp(f.type) or f.name in LINEAGE]
    repeated = [path for f in schema if f.name not in rising and f.name not in _OWN_IDS for path in _paths(f)]
    told = [*rising, *(path for path in repeated if "." not in path)]
    encoding = dict.fromkeys(rising, "DELTA_BINARY_PACKED")
    written = {"use_dictionary": repeated, "column_encoding": encoding, "write_statistics": told}
    return {"compression": "zstd", "store_schema": False, **written}


def _paths(field: pa.Field) -> list[str]:
    """The names that a column goes by in Parquet: a map is one of its keys and one of its values."""
    import pyarrow as pa

    inner = ("key", "value") if pa.types.is_map(field.type) else ()
    return [f"{field.name}.key_value.{name}" for name in inner] or [field.name]


class _Test:
    """Tells plain batches of a contract from others. Texts that have been looked at are remembered."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, contract: Contract) -> None:
        self._connection, self._contract = connection, contract
        self._texts: set[str] = set()

    def is_plain(self, batch: pa.RecordBatch) -> bool:
        if tuple(batch.schema.names) != self._contract.names:
            return False
        return all(self._is_plain(field, column) for field, column in zip(self._contract.fields, batch.columns, strict=True))

    def _is_plain(self, field: Field, column: pa.Array) -> bool:
        if column.null_count == len(column):
            return not field.required and (field.kind in _NO_PLAIN_VALUES or column.type == _stored(field) or not len(column))
        if field.kind in _NO_PLAIN_VALUES or column.type != _stored(field) or (field.required and column.null_count):
            return False
        checks: dict[str, Callable[[pa.Array], bool]] = {"text": self._says_text, "time": _in_range, "map": _names_differ}
        return checks[field.kind](column) if field.kind in checks else True

    def _says_text(self, column: pa.Array) -> bool:
        """Whether no text is one that `finops_text` takes for null."""
        import pyarrow.compute as pc

        if pc.min(pc.binary_length(column)).as_py() > LONGEST_NULL_WORD and pc.min(column).as_py() > "!":
            return True
        new = set(pc.unique(column).to_pylist()) - {None} - self._texts
        if new and self._connection.execute(_NULL_WORDS, [list(new)]).fetchall()[0][0]:
            return False
        if len(self._texts) < MOST_TEXTS:
            self._texts |= new
        return True


_NO_PLAIN_VALUES = ("money", "quantity", "price", "float")
_NULL_WORDS = "SELECT count(*) AS n FROM (SELECT unnest(CAST($1 AS VARCHAR[])) AS t) WHERE finops_text(t) IS NULL"


def _stored(field: Field) -> pa.DataType:
    import pyarrow as pa

    if field.kind in ("money", "quantity", "price"):
        digits, places = SQL_TYPES[field.kind].removeprefix("DECIMAL(").removesuffix(")").split(", ")
        return pa.decimal128(int(digits), int(places))
    types = {"time": pa.timestamp("us"), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    return types.get(field.kind) or (pa.map_(pa.string(), pa.string()) if field.kind == "map" else pa.string())


def _mark(count: int, kind: pa.DataType) -> pa.Array:
    """Nothing is at fault."""
    import pyarrow as pa

    if not pa.types.is_boolean(kind):
        return pa.nulls(count, kind)
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(bytes(count // 8 + 1))])


def _in_range(column: pa.Array) -> bool:
    """Whether no time stands for infinity."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ends = pc.min_max(column.cast(pa.int64()))
    return bool(ends["min"].as_py() > -_LAST_TIME and ends["max"].as_py() < _LAST_TIME)


def _names_differ(column: pa.Array) -> bool:
    """Whether no map says a name twice, which the engine would refuse."""
    import numpy as np

    ends = _numbers(column.offsets)
    names = column.keys.slice(int(ends[0]), int(ends[-1] - ends[0])).dictionary_encode()
    said, starts, sizes = _numbers(names.indices), ends[:-1] - ends[0], np.diff(ends)
    for size in np.unique(sizes[sizes > 1]).tolist():
        rows = said[starts[sizes == size][:, None] + np.arange(size)]
        others = np.append(True, (rows[1:] != rows[:-1]).any(axis=1))  # most say what the one before says
        ordered = np.sort(rows[others], axis=1)
        if (ordered[:, 1:] == ordered[:, :-1]).any():
            return False
    return True


def _numbers(column: pa.Array) -> npt.NDArray[np.int32]:
    """Whole numbers of 32 bits, none missing. Arrow's own way to NumPy would load pandas."""
    import numpy as np

    return np.frombuffer(column.buffers()[1], np.int32, len(column), column.offset * 4)
