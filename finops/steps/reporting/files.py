"""Every figure's numbers as CSV and Parquet, exact, from the same tables that the page shows."""

from __future__ import annotations

import csv
import io
from decimal import ROUND_HALF_EVEN, Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.render.tables import Table, figure_tables, plain_cell

if TYPE_CHECKING:
    import pyarrow as pa

    from finops.render.page import Page


_SMALLEST = Decimal(1).scaleb(-12)
_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)


def data_files(page: Page, folder: Path) -> dict[Path, bytes]:
    """The files and their content, two for each figure."""
    files: dict[Path, bytes] = {}
    for table in figure_tables(page):
        files[folder / f"{table.name}.csv"] = _csv(table)
        files[folder / f"{table.name}.parquet"] = _parquet(table)
    return files


def _csv(table: Table) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    for row in table.rows:
        writer.writerow([_cell(_stored(row.get(column.key))) for column in table.columns])
    return out.getvalue().encode("utf-8")


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run as a formula is quoted with an apostrophe."""
    if value is None:
        return ""
    plain = plain_cell(value)
    return f"'{plain}" if isinstance(value, str) and value[:1] in "=+-@\t\r" and value else plain


def _stored(value: Any) -> Any:
    """Amounts as the ledger stores them; quotients are cut to the same twelve digits."""
    if not isinstance(value, Decimal) or value.as_tuple().exponent >= -12:  # type: ignore[operator]
        return value
    return value.quantize(_SMALLEST, context=_EXACT)


def _parquet(table: Table) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = [pa.array([_stored(row.get(c.key)) for row in table.rows], type=_type(c.kind, pa)) for c in table.columns]
    made = pa.table(columns, names=[column.key for column in table.columns])
    sink = pa.BufferOutputStream()
    pq.write_table(made, sink)
    return bytes(sink.getvalue().to_pybytes())


def _type(kind: str, pa: Any) -> pa.DataType:
    amount = pa.decimal128(38, 12)
    types = {
        "money": amount,
        "unit_price": amount,
        "ratio": amount,
        "count": pa.int64(),
        "date": pa.date32(),
        "bool": pa.bool_(),
    }
    return types.get(kind, pa.string())
