"""Rows and columns of the `call` contract as Arrow batches, made from their buffers: Arrow's own conversion would load pandas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from finops.sources.arrow_schema import arrow_schema
from finops.sources.otlp_reading.plan import COLUMNS, SLOTS

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

_ATTRIBUTES = SLOTS["attributes"]


class Same:
    """A column that has the same value in every row."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


Column: TypeAlias = "list[Any] | Same | pa.Array | npt.NDArray[np.int64]"
"""A value for each row. In an array, of texts or of whole numbers, none is missing."""


def listed(column: Column | None, count: int) -> list[Any]:
    """A column's values; nulls where there is no column."""
    if isinstance(column, list):
        return column
    if column is None or isinstance(column, Same):
        return [None if column is None else column.value] * count
    found: list[Any] = column.tolist()
    return found


def is_whole(column: Column | None) -> bool:
    """Whether no value is missing."""
    if column is None or isinstance(column, Same):
        return column is not None and column.value is not None
    return not isinstance(column, list) or None not in column


class Gathered:
    """Batches that wait to be taken as one."""

    def __init__(self) -> None:
        self._batches: list[pa.RecordBatch] = []
        self._rows = 0

    def __len__(self) -> int:
        return self._rows

    def add_rows(self, rows: Sequence[Sequence[Any]]) -> None:
        """Rows by slot; slots behind the contract's columns are left out."""
        if not rows:
            return
        columns = {slot: list(column) for slot, column in zip(range(len(COLUMNS)), zip(*rows, strict=True), strict=False)}
        kept = columns.pop(_ATTRIBUTES)
        starts, names, values = list[int | None](), list[str](), list[str]()
        for one in kept:
            starts.append(None if one is None else len(names))
            if one is not None:
                names += one
                values += one.values()
        kind = arrow_schema("call").field(_ATTRIBUTES).type
        self._add(dict(columns), _maps(starts, names, values, kind), len(rows))

    def add_columns(self, columns: Mapping[int, Column], kept: Mapping[str, Column], count: int) -> None:
        """Columns by slot, of `count` rows; those not given are null. `kept` holds the attributes that every row has."""
        kind = arrow_schema("call").field(_ATTRIBUTES).type
        self._add(columns, _same_names(kept, count, kind) if kept else as_array(None, count, kind), count)

    def batch(self) -> pa.RecordBatch:
        """The rows so far, in the schema of the contract; they are forgotten here."""
        import pyarrow as pa

        batches, self._batches, self._rows = self._batches, [], 0
        if len(batches) == 1:
            return batches[0]
        schema = arrow_schema("call")
        whole = pa.Table.from_batches(batches, schema).combine_chunks().to_batches()
        return whole[0] if whole else pa.RecordBatch.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)

    def _add(self, columns: Mapping[int, Column], kept: pa.Array, count: int) -> None:
        import pyarrow as pa

        schema = arrow_schema("call")
        arrays = [
            kept if slot == _ATTRIBUTES else as_array(columns.get(slot), count, field.type) for slot, field in enumerate(schema)
        ]
        self._batches.append(pa.RecordBatch.from_arrays(arrays, schema=schema))
        self._rows += count


def as_array(column: Column | None, count: int, kind: pa.DataType) -> pa.Array:
    """A column as an Arrow array; nulls where there is no column."""
    import pyarrow as pa

    if isinstance(column, Same) and column.value is not None:
        return _same(column.value, count, kind)
    if column is None or isinstance(column, Same):
        return pa.nulls(count, kind)
    if not isinstance(column, list):
        return column if isinstance(column, pa.Array) else pa.Array.from_buffers(kind, count, [None, pa.py_buffer(column)])
    try:
        return pa.Array.from_buffers(kind, count, [None, *_buffers(column, kind)], 0)
    except TypeError:
        missing = column.count(None)
    if missing == count:
        return pa.nulls(count, kind)
    there = _bits([value is not None for value in column])
    nothing = "" if pa.types.is_string(kind) else 0
    filled = [nothing if value is None else value for value in column]
    return pa.Array.from_buffers(kind, count, [there, *_buffers(filled, kind)], missing)


def _buffers(column: list[Any], kind: pa.DataType) -> list[pa.Buffer]:
    """The buffers of values; raises TypeError where one is missing."""
    import numpy as np
    import pyarrow as pa

    if pa.types.is_boolean(kind):
        if None in column:
            raise TypeError
        return [_bits(column)]
    if not pa.types.is_string(kind):
        return [pa.py_buffer(np.array(column, np.int32 if pa.types.is_int32(kind) else np.int64))]
    together = "".join(column)
    data = together.encode()
    sizes = map(len, column if len(data) == len(together) else (value.encode() for value in column))
    ends = np.zeros(len(column) + 1, np.int32)
    np.cumsum(np.fromiter(sizes, np.int32, len(column)), out=ends[1:])
    return [pa.py_buffer(ends), pa.py_buffer(data)]


def _same(value: Any, count: int, kind: pa.DataType) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    if not pa.types.is_string(kind):
        return pa.Array.from_buffers(kind, count, [None, *_buffers([value] * count, kind)], 0)
    data = value.encode()
    ends = np.arange(count + 1, dtype=np.int32) * np.int32(len(data))
    return pa.Array.from_buffers(kind, count, [None, pa.py_buffer(ends), pa.py_buffer(data * count)], 0)


def _bits(flags: list[Any]) -> pa.Buffer:
    import numpy as np
    import pyarrow as pa

    return pa.py_buffer(np.packbits(np.array(flags, np.bool_), bitorder="little"))


def _same_names(kept: Mapping[str, Column], count: int, kind: pa.DataType) -> pa.Array:
    """Maps that all have the same names."""
    import numpy as np
    import pyarrow as pa

    width, text = len(kept), pa.string()
    columns = [as_array([c.value], 1, text) if isinstance(c, Same) else as_array(c, count, text) for c in kept.values()]
    places = np.empty((count, width), np.int64)
    before = 0
    for at, column in enumerate(columns):
        places[:, at] = before if len(column) < count else np.arange(before, before + count)
        before += len(column)
    order = pa.Array.from_buffers(pa.int64(), count * width, [None, pa.py_buffer(places)])
    ends = pa.Array.from_buffers(
        pa.int32(), count + 1, [None, pa.py_buffer(np.arange(0, count * width + 1, width, dtype=np.int32))]
    )
    return pa.MapArray.from_arrays(ends, _repeated(list(kept), count), pa.concat_arrays(columns).take(order), type=kind)


def _repeated(names: list[str], count: int) -> pa.Array:
    """The names, over and over."""
    import numpy as np
    import pyarrow as pa

    each = [name.encode() for name in names]
    data = b"".join(each)
    ends = np.zeros(len(each) * count + 1, np.int32)
    ends[1:] = (
        np.arange(0, len(data) * count, len(data), dtype=np.int32)[:, None] + np.cumsum([len(one) for one in each])
    ).ravel()
    return pa.Array.from_buffers(pa.string(), len(each) * count, [None, pa.py_buffer(ends), pa.py_buffer(data * count)])


def _maps(starts: list[int | None], names: list[str], values: list[str], kind: pa.DataType) -> pa.Array:
    """Maps from all their names and values, one after the other, and where each of them starts."""
    import pyarrow as pa

    ends = as_array([*starts, len(names)], len(starts) + 1, pa.int32())
    flat = (as_array(names, len(names), pa.string()), as_array(values, len(values), pa.string()))
    return pa.MapArray.from_arrays(ends, *flat, type=kind)
