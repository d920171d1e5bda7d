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


class Sink:
    """Takes batches with the columns of `own`, and after them, where a batch has it, `billed_text`. `plainly` names the columns
    whose values hardly repeat. Use it in a `with` block; `files` are whole after it. `rows` counts those that came or were passed
    over: the next one's number is one more."""

    def __init__(
        self, own: list[pa.Field], folder: Path, lineage: tuple[int, int], group_rows: int, plainly: Collection[str]
    ) -> None:
        import pyarrow as pa

        self.files: list[Path] = []
        self.rows = 0
        self._folder, self._group_rows = folder, group_rows
        self._batch_id, self._before = lineage
        marks = [pa.field(name, pa.bool_() if name == "fault_map" else pa.string()) for name in MARKS]
        self._schema = pa.schema([*own, *(pa.field(name, pa.int64()) for name in LINEAGE), *marks])
        self._own = len(own)
        self._options = _written_as(self._schema, plainly)
        self._waiting: list[pa.RecordBatch] = []
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
            column if column.type == field.type else pa.nulls(count, field.type)
            for column, field in zip(batch.columns[: self._own], self._schema, strict=False)
        ]
        arrays += [pa.Array.from_buffers(pa.int64(), count, [None, pa.py_buffer(one)]) for one in numbers]
        arrays += [_mark(count, field.type) for field in list(self._schema)[len(arrays) :]]
        if len(batch.columns) > self._own:
            arrays[-1] = batch.columns[-1]
        self._waiting.append(pa.RecordBatch.from_arrays(arrays, schema=self._schema))
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

    def _write(self, batches: list[pa.RecordBatch], rows: int) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        if self._writer is None:
            self._folder.mkdir(exist_ok=True)
            self.files.append(self._folder / f"plain_{len(self.files):06}.parquet")
            self._writer = pq.ParquetWriter(self.files[-1], self._schema, **self._options)
        table = pa.Table.from_batches(batches, self._schema)
        if len(batches) > 1:
            table = table.unify_dictionaries()
        self._writer.write_table(table, row_group_size=rows)
        self._file_rows += rows
        if self._file_rows >= ROWS_PER_FILE:
            self._close()

    def _close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._file_rows = None, 0


def _written_as(schema: pa.Schema, plainly: Collection[str]) -> dict[str, Any]:
    """How columns are written: times and line numbers by their differences, what hardly repeats as it is, all others by a
    dictionary. Of the least and the greatest only those are kept that a question may ask for: not of ids, amounts and maps."""
    import pyarrow as pa

    rising = [f.name for f in schema if pa.types.is_timestamp(f.type) or f.name in LINEAGE]
    repeated = [path for f in schema if f.name not in rising and f.name not in plainly for path in _paths(f)]
    amounts = {f.name for f in schema if pa.types.is_decimal(f.type)}
    told = [*rising, *(path for path in repeated if "." not in path and path not in amounts)]
    encoding = dict.fromkeys(rising, "DELTA_BINARY_PACKED")
    written = {"use_dictionary": repeated, "column_encoding": encoding, "write_statistics": told}
    return {"compression": "zstd", "store_schema": False, **written}


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


def _mark(count: int, kind: pa.DataType) -> pa.Array:
    """Nothing is at fault."""
    import pyarrow as pa

    if not pa.types.is_boolean(kind):
        return pa.nulls(count, kind)
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(bytes(count // 8 + 1))])
