"""Rows of a Parquet file as entries of an export: maps become objects, numbers with a fraction stay text."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.errors import DataError
from finops.sources.entry_values import Entry
from finops.sources.files import opened

ROWS_AT_ONCE = 2048


def parquet_entries(path: Path) -> Iterator[tuple[int, Entry]]:
    """Each row with its number from 1."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        with opened(path) as stream:
            file = pq.ParquetFile(stream)
            maps = {field.name for field in file.schema_arrow if pa.types.is_map(field.type)}
            for batch in file.iter_batches(ROWS_AT_ONCE):
                for row in batch.to_pylist():
                    number += 1
                    yield number, {name: _value(value, name in maps) for name, value in row.items()}
    except (pa.ArrowException, UnicodeDecodeError) as error:
        what = "this Parquet file is cut short or damaged"
        raise DataError(what, where=str(path), hint="fetch or export the file again") from error


def _value(value: Any, is_map: bool) -> Any:
    if is_map and value is not None:
        return {str(key): _value(one, is_map=False) for key, one in value}
    return str(value) if isinstance(value, float | Decimal) else value
