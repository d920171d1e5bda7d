"""Tries an `[[import]]` on a file: what would be read, how the first rows look, what is refused, what it adds up to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from finops.core.contracts import CONTRACTS
from finops.core.numbers import plain_decimal, time_rfc3339
from finops.errors import FinopsError
from finops.ledger.deliveries import Intake
from finops.ledger.store import Writer, open_writer
from finops.sources.mapped import Mapped
from finops.sources.mapped_columns import Target
from finops.sources.mapped_finish import advice
from finops.sources.mapped_rows import look

FIRST_ROWS = 3
_SHOWN_REASONS = 5
_SHOWN_COLUMNS = 12


def tried(path: Path, one: Mapped) -> tuple[dict[str, Any], list[str]]:
    """The row of the answer for this file, and what to tell of it: it is loaded as ever, into a ledger that is thrown away."""
    seen = look(path, one.given)
    lacking = one.lacking(seen)
    row: dict[str, Any] = {
        "source": one.name,
        "mapped": [f"{target.name} <- {_origin(target)}" for target in one.targets],
        "unused": one.unused(seen),
        "missing": [f"{item.column} (for {item.target})" for item in lacking],
        "columns": len(one.wanted),
    }
    told = [f"mapped: {', '.join(row['mapped'])}"]
    if row["unused"]:
        more = len(row["unused"]) - _SHOWN_COLUMNS
        told.append(f"not used: {', '.join(row['unused'][:_SHOWN_COLUMNS])}" + (f" and {more} more" if more > 0 else ""))
    try:
        with TemporaryDirectory() as folder, open_writer(Path(folder) / "check.duckdb", command="finops sources check") as writer:
            loaded, more_told = _loaded(writer, path, one)
            writer.discard()
    except FinopsError as error:
        hint = f" ({error.hint})" if error.hint else ""
        return {**row, "status": "refused", "reason": f"{error.what}{hint}"}, told
    mapped = {target.name for target in one.targets}
    return {**row, **loaded, "status": "readable"}, [*told, *more_told, *advice(one.given, mapped)]


def _loaded(writer: Writer, path: Path, one: Mapped) -> tuple[dict[str, Any], list[str]]:
    part = next(iter(one.parts(path, path.parent)))
    done = Intake(writer).take(one.name, part, one.open(part, {}))
    writer.refresh_views()
    single = next(iter(done.amounts.items())) if len(done.amounts) == 1 else (None, None)
    first = [_said(row) for row in writer.query(f"SELECT * FROM {one.given.contract} ORDER BY part_row LIMIT {FIRST_ROWS}")]
    found = {"rows": done.rows, "rejected": done.rejected, "amount": single[1], "currency": single[0], "first_rows": first}
    told = [*done.notes, *_totals(writer, one, done.amounts)]
    for number, row in enumerate(first, 1):
        told.append(f"row {number}: {', '.join(f'{name}={value}' for name, value in row.items())}")
    refused = _refused(writer)
    return {**found, "reason": refused[0] if refused else None}, [*told, *refused]


def _totals(writer: Writer, one: Mapped, amounts: Mapping[str, Decimal]) -> list[str]:
    """What the file adds up to: billed amounts per currency, else each quantity and count; and from when to when."""
    contract = CONTRACTS[one.given.contract]
    said = [f"billed {plain_decimal(amount)} {currency}" for currency, amount in amounts.items()]
    summed = [t.name for t in one.targets if t.shape.kind in ("quantity", "int") and contract.name != "charge"]
    for name in summed:
        total = writer.query(f'SELECT sum("{name}") AS total FROM {contract.name}')[0]["total"]
        if total is not None:
            said.append(f"{name} {plain_decimal(Decimal(total))}")
    if contract.time is not None:
        span = writer.query(f'SELECT min("{contract.time}") AS first, max("{contract.time}") AS last FROM {contract.name}')[0]
        if span["first"] is not None:
            said.append(f"from {time_rfc3339(span['first'])} to {time_rfc3339(span['last'])}")
    return [f"totals: {', '.join(said)}"] if said else []


def _refused(writer: Writer) -> list[str]:
    rows = writer.query(
        "SELECT column_name, reason, count(*) AS n, min(row_number) AS first, arg_min(raw_text, row_number) AS raw FROM reject"
        f" GROUP BY column_name, reason ORDER BY n DESC, first, column_name, reason LIMIT {_SHOWN_REASONS}"
    )
    return [
        f"{row['n']:,} rows refused: {row['column_name'] + ': ' if row['column_name'] else ''}{row['reason']}"
        f" (row {row['first']}{_text(row['raw'])})"
        for row in rows
    ]


def _said(row: Mapping[str, Any]) -> dict[str, Any]:
    """The columns that hold something, as people and JSON write them."""
    return {name: _shown(value) for name, value in row.items() if value is not None and name not in ("batch_id", "part_row")}


def _shown(value: Any) -> Any:
    if isinstance(value, Decimal):
        return plain_decimal(value)
    return time_rfc3339(value) if isinstance(value, datetime) else value


def _origin(target: Target) -> str:
    return (" and " if target.gathered else " or ").join(target.columns) if target.value is None else f'"{target.value}"'


def _text(raw: str | None) -> str:
    return f", `{raw[:80]}`" if raw else ""
