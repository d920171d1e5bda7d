"""Rows and columns as Arrow batches of the `call` contract."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any

from finops.sources.arrow_schema import arrow_schema
from finops.sources.otlp_plan import COLUMNS, SLOTS

if TYPE_CHECKING:
    import pyarrow as pa

_ATTRIBUTES = SLOTS["attributes"]


def batch_of_rows(rows: Sequence[Sequence[Any]]) -> pa.RecordBatch:
    """A batch of rows; slots behind the contract's columns are left out."""
    import pyarrow as pa

    schema = arrow_schema("call")
    columns: list[Any] = list(zip(*rows, strict=True))[: len(COLUMNS)]
    arrays = [
        _maps(column, field.type) if slot == _ATTRIBUTES else pa.array(column, type=field.type)
        for slot, (field, column) in enumerate(zip(schema, columns, strict=True))
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Small batches as one."""
    import pyarrow as pa

    table = pa.Table.from_batches(batches, arrow_schema("call")).combine_chunks()
    return table.to_batches()[0] if batches else pa.RecordBatch.from_pylist([], arrow_schema("call"))


class Same:
    """A column that has the same value in every row."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value


def batch_of_columns(
    columns: dict[int, list[Any] | Same], kept: list[tuple[str, list[str] | Same]], count: int
) -> pa.RecordBatch:
    """A batch of columns by slot; those not given are null. `kept` holds the attributes that every row has."""
    import pyarrow as pa

    schema = arrow_schema("call")
    arrays = []
    for slot, field in enumerate(schema):
        column = columns.get(slot)
        if slot == _ATTRIBUTES:
            arrays.append(_alike_maps(kept, count, field.type))
        elif column is None:
            arrays.append(pa.nulls(count, field.type))
        elif isinstance(column, Same):
            arrays.append(pa.repeat(pa.scalar(column.value, field.type), count))
        else:
            arrays.append(pa.array(column, type=field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _maps(column: Iterable[dict[str, str] | None], kind: pa.DataType) -> pa.Array:
    """Maps from flat lists of names and values: three times as quick as from pairs."""
    import pyarrow as pa

    offsets: list[int | None] = []
    names: list[str] = []
    values: list[str] = []
    for kept in column:
        offsets.append(None if kept is None else len(names))
        if kept is not None:
            names += kept.keys()
            values += kept.values()
    flat = (pa.array(names, pa.string()), pa.array(values, pa.string()))
    return pa.MapArray.from_arrays(pa.array([*offsets, len(names)], pa.int32()), *flat).cast(kind)


def _alike_maps(kept: list[tuple[str, list[str] | Same]], count: int, kind: pa.DataType) -> pa.Array:
    """Maps that all have the same names."""
    import pyarrow as pa

    if not kept:
        return pa.nulls(count, kind)
    width = len(kept)
    values = chain.from_iterable(zip(*([v.value] * count if isinstance(v, Same) else v for _, v in kept), strict=True))
    flat = (pa.array([name for name, _ in kept] * count, pa.string()), pa.array(list(values), pa.string()))
    offsets = pa.array(range(0, width * count + 1, width), pa.int32())
    return pa.MapArray.from_arrays(offsets, *flat).cast(kind)
