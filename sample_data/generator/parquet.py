"""A bill as Parquet: decimals, times with a zone and maps, as cloud exports write them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

from generator.bills import COLUMNS, MONEY, QUANTITIES, TIMES, Row


def write(path: Path, rows: list[Row], times: int) -> None:
    """Writes rows, each as often as the company is copied."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(name, _type(name, pa)) for name in COLUMNS])
    with pq.ParquetWriter(path, schema, compression="zstd", store_schema=False) as writer:
        for copy in range(times):
            columns = [pa.array([_value(name, row, copy) for row in rows], _type(name, pa)) for name in COLUMNS]
            writer.write_table(pa.Table.from_arrays(columns, schema=schema))


def _type(name: str, pa: object) -> object:
    if name in MONEY:
        return pa.decimal128(38, 12)  # type: ignore[attr-defined]
    if name in QUANTITIES:
        return pa.decimal128(38, 9)  # type: ignore[attr-defined]
    if name in TIMES:
        return pa.timestamp("us", tz="UTC")  # type: ignore[attr-defined]
    if name in ("Tags", "SkuPriceDetails"):
        return pa.map_(pa.string(), pa.string())  # type: ignore[attr-defined]
    return pa.string()  # type: ignore[attr-defined]


def _value(name: str, row: Row, copy: int) -> object:
    value = row[name]
    if isinstance(value, Decimal):
        return value.quantize(Decimal("1e-12") if name in MONEY else Decimal("1e-9"))
    if isinstance(value, dict):
        return sorted(value.items())
    if copy and value and name in ("ResourceId", "SubAccountId"):
        return f"{value}-{copy}"
    return value
