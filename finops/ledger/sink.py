"""Parquet files of rows that are typed already, with their lineage, written in a second thread while the next rows are made."""

from __future__ import annotations

from collections.abc import Collection
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.core.contracts import Field
from finops.ledger.schema import LINEAGE, SQL_TYPES

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

ROWS_PER_FILE = 7_864_320
MARKS = ("fault_column", "fault_text", "fault_map", "billed_text")
"""What staged rows say of faults: of these rows nothing, but for the raw text of an amount."""
_NO_FAULT = frozenset(MARKS[:-1])


class Sink:
    """Takes batches with the columns of `own`, and after them, where a batch has it, `billed_text`. `plainly` names the columns
    whose values hardly repeat, `repeated` those of few values. A `narrow` one leaves out columns that say nothing, and keeps
    amounts in half the space as long as they fit: what does not is begun in another file. Use it in a `with` block; `files` are
    whole after it. `rows` counts those that came or were passed over: the next one's number is one more."""

    def __init__(
        self,
        own: list[pa.Field],
        folder: Path,
        lineage: tuple[int, int],
        group_rows: int,
        plainly: Collection[str],
        *,
        repeated: Collection[str] = (),
        narrow: bool = False,
    ) -> None:
        import pyarrow as pa

        self.files: list[Path] = []
        self.rows = 0
        self._folder, self._group_rows = folder, group_rows
        self._batch_id, self._before = lineage
        marks = [pa.field(name, pa.bool_() if name == "fault_map" else pa.string()) for name in MARKS]
        self._schema = pa.schema([*own, *(pa.field(name, pa.int64()) for name in LINEAGE), *marks])
        self._own = len(own)
        self._plainly, self._repeated = plainly, repeated
        self._kept = {*LINEAGE, MARKS[-1]} if narrow else {*self._schema.names}
        self._wide = set[str]() if narrow else {*self._schema.names}
        self._waiting: list[list[pa.Array]] = []
        self._waiting_rows = self._file_rows = 0
        self._writer: pq.ParquetWriter | None = None
        self._beside = ThreadPoolExecutor(1)
        self._writing: Future[None] | None = None

    def __enter__(self) -> Sink:
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
            column if column.type in (field.type, short()) else pa.nulls(count, field.type)
            for column, field in zip(batch.columns[: self._own], self._schema, strict=False)
        ]
        arrays += [pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(one)]) for one in numbers]
        arrays += [_mark(count, field.type) for field in list(self._schema)[len(arrays) :]]
        if len(batch.columns) > self._own:
            arrays[-1] = batch.columns[-1]
        self._waiting.append(arrays)
        self.rows += count
        self._waiting_rows += count
        if self._waiting_rows >= self._group_rows:
            self._flush()

    def pass_over(self, rows: int) -> None:
        """Counts rows of the source that go elsewhere."""
        self.rows += rows

    def _flush(self) -> None:
        if self._waiting_rows:
            self._written()
            self._writing = self._beside.submit(self._write, self._waiting, self._waiting_rows)
            self._waiting, self._waiting_rows = [], 0

    def _written(self) -> None:
        """Waits for the rows that are being written."""
        if self._writing is not None:
            self._writing.result()

    def _write(self, waiting: list[list[pa.Array]], rows: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        wide = len(self._wide)
        columns = {field.name: self._column(field, [arrays[at] for arrays in waiting]) for at, field in enumerate(self._schema)}
        kept = self._kept | {name for name, column in columns.items() if column.null_count < rows and name not in _NO_FAULT}
        if kept != self._kept or len(self._wide) > wide:
            self._close()
            self._kept = kept
        table = pa.table({name: column for name, column in columns.items() if name in kept})
        if len(waiting) > 1:
            table = table.unify_dictionaries()
        if self._writer is None:
            self._folder.mkdir(exist_ok=True)
            self.files.append(self._folder / f"plain_{len(self.files):06}.parquet")
            options = _written_as(table.schema, self._plainly, self._repeated)
            self._writer = pq.ParquetWriter(self.files[-1], table.schema, **options)
        self._writer.write_table(table, row_group_size=rows)
        self._file_rows += rows
        if self._file_rows >= ROWS_PER_FILE:
            self._close()

    def _column(self, field: pa.Field, arrays: list[pa.Array]) -> pa.ChunkedArray:
        """A column in one type: an amount in the short one, where no amount before was too long for that."""
        import pyarrow as pa

        if field.name not in self._wide and pa.types.is_decimal(field.type):
            arrays = [shortened(array) for array in arrays]
            if any(array.type == field.type for array in arrays):
                self._wide.add(field.name)
        if field.name in self._wide:
            arrays = [array if array.type == field.type else array.cast(field.type) for array in arrays]
        return pa.chunked_array(arrays)

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._file_rows = None, 0


def _written_as(schema: pa.Schema, plainly: Collection[str], repeated: Collection[str]) -> dict[str, Any]:
    """How columns are written: line numbers, and times that are not `repeated`, by their differences; what hardly repeats as it
    is, all others by a dictionary. Of the least and the greatest only those are kept that a question may ask for: not of ids,
    amounts and maps, and not of texts that come with their dictionary, for which they cost as much as the texts."""
    import pyarrow as pa

    times = {f.name for f in schema if pa.types.is_timestamp(f.type)}
    rising = [f.name for f in schema if f.name in LINEAGE or (f.name in times and f.name not in repeated)]
    by_value = [f for f in schema if f.name not in rising and f.name not in plainly]
    asked = [
        f.name for f in by_value if not (pa.types.is_decimal(f.type) or pa.types.is_map(f.type) or pa.types.is_dictionary(f.type))
    ]
    return {
        "compression": "zstd",
        "store_schema": False,
        "store_decimal_as_integer": True,
        "use_dictionary": [path for f in by_value for path in _paths(f)],
        "column_encoding": dict.fromkeys(rising, "DELTA_BINARY_PACKED"),
        "write_statistics": [*rising, *asked],
    }


def _paths(field: pa.Field) -> list[str]:
    """The names that a column goes by in Parquet: a map is one of its keys and one of its values."""
    import pyarrow as pa

    inner = ("key", "value") if pa.types.is_map(field.type) else ()
    return [f"{field.name}.key_value.{name}" for name in inner] or [field.name]


def stored(field: Field) -> pa.DataType:
    """The Arrow type of a column as the ledger keeps it."""
    import pyarrow as pa

    if field.kind in ("money", "quantity", "price"):
        digits, places = SQL_TYPES[field.kind].removeprefix("DECIMAL(").removesuffix(")").split(", ")
        return pa.decimal128(int(digits), int(places))
    types = {"time": pa.timestamp("us"), "int": pa.int64(), "float": pa.float64(), "bool": pa.bool_()}
    return types.get(field.kind) or (pa.map_(pa.string(), pa.string()) if field.kind == "map" else pa.string())


def short() -> pa.DataType:
    """The Arrow type of money and quantities below a million, which is enough for nearly all of them."""
    import pyarrow as pa

    return pa.decimal64(18, 12)


def shortened(amounts: pa.Array) -> pa.Array:
    """Money and quantities in the short type, where all of them fit; anything else as it is."""
    import pyarrow as pa

    if not pa.types.is_decimal128(amounts.type) or amounts.type.scale != short().scale:
        return amounts
    try:
        return amounts.cast(short())
    except pa.ArrowInvalid:
        return amounts


def _mark(count: int, kind: pa.DataType) -> pa.Array:
    """Nothing is at fault."""
    import pyarrow as pa

    if not pa.types.is_boolean(kind):
        return pa.nulls(count, kind)
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(bytes(count // 8 + 1))])
