"""How a Result looks in each format. Numbers for people come from `core.numbers`; machines get exact text."""

from __future__ import annotations

import csv
import html
import io
import json
import math
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from finops.cli.layout import blocks, cut, text_limits, wrapped
from finops.core import numbers
from finops.core.result import Column, Result

SCHEMA_VERSION = 1
WIDEST_TEXT = 44
_PATHS = ("path", "file")


def rendered(result: Result, form: str, *, wide: bool = False, width: int | None = None) -> str:
    """The whole answer as text in one of the formats; a table within `width` columns, where they are given."""
    if form == "table":
        return _table(result, wide, width)
    writers: dict[str, Callable[[Result, bool], str]] = {
        "json": _json,
        "jsonl": _jsonl,
        "csv": _csv,
        "md": _markdown,
    }
    return writers[form](result, wide)


def _json(result: Result, _wide: bool) -> str:
    meta = {**result.meta, "notes": list(result.notes)}
    if result.files:
        meta["files"] = list(result.files)
    document = {
        "schema_version": SCHEMA_VERSION,
        "meta": plain(meta),
        "rows": [_machine_row(result.columns, row) for row in result.rows],
        "totals": [plain(total) for total in result.totals],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _jsonl(result: Result, _wide: bool) -> str:
    return "".join(json.dumps(_machine_row(result.columns, row), ensure_ascii=False) + "\n" for row in result.rows)


def _csv(result: Result, _wide: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([column.key for column in result.columns])
    for row in result.rows:
        writer.writerow([_csv_cell(column, row.get(column.key)) for column in result.columns])
    return out.getvalue()


def _csv_cell(column: Column, value: Any) -> str:
    """Text that a spreadsheet would run as a formula is quoted with an apostrophe."""
    if value is None:
        return ""
    item = plain(value)
    text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
    return f"'{text}" if column.kind in ("text", "list") and text[:1] in "=+-@\t\r" and text else text


def _machine_row(columns: Sequence[Column], row: Mapping[str, Any]) -> dict[str, Any]:
    return {column.key: _machine_value(column, row.get(column.key)) for column in columns}


def _machine_value(column: Column, value: Any) -> Any:
    """Counts, ratios and numbers are JSON numbers; money and unit prices are decimal strings."""
    if isinstance(value, Decimal) and column.kind in ("ratio", "number", "count"):
        return int(value) if column.kind == "count" else round(float(value), 9)
    if isinstance(value, float) and math.isfinite(value) and column.kind == "ratio":
        return round(value, 9)
    return plain(value)


def plain(value: Any) -> Any:
    """A value as JSON knows it: money as a decimal string, times in RFC 3339, the rest as it is."""
    if isinstance(value, Decimal):
        return numbers.plain_decimal(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None  # JSON has no word for it
    if isinstance(value, datetime):
        return numbers.time_rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def shown(column: Column, row: Mapping[str, Any]) -> str:
    """A cell for people."""
    value = row.get(column.key)
    currency = str(row.get("currency") or "")
    if value is None:
        return "n/a" if column.kind in ("money", "unit_price", "ratio", "number", "count") else ""
    if column.kind == "money":
        return numbers.money_table(value, currency)
    if column.kind == "unit_price":
        return numbers.unit_price(value, currency, str(row.get("unit") or "") if column.says_unit else "")
    if column.kind == "ratio":
        return numbers.percent(value)
    if column.kind == "count":
        return numbers.count(value)
    if column.kind == "bool":
        return "yes" if value else "no"
    if column.kind == "list":
        return "; ".join(str(item) for item in value)
    if isinstance(value, datetime):
        return numbers.time_rfc3339(value)
    if isinstance(value, date):
        return value.isoformat()
    return _number(value) if isinstance(value, float | Decimal) else str(value)


def _number(value: float | Decimal) -> str:
    """A quantity of no fixed unit: whole with thousands separators, else four figures."""
    if not math.isfinite(value):
        return numbers.NOT_AVAILABLE
    whole = value == int(value) or not -1000 < value < 1000
    return f"{value:,.0f}" if whole else f"{value:.4g}"


def _table(result: Result, wide: bool, width: int | None) -> str:
    columns = [column for column in result.columns if wide or not column.wide_only]
    fitting = None if wide else width
    lines: list[str] = []
    if result.rows:
        lines += _fitted(
            columns, [[_clipped(c, shown(c, row), wide or width is not None) for c in columns] for row in result.rows], fitting
        )
    lines += [wrapped(line, width) for line in _totals_lines(result, wide)]
    for below in result.below:
        shown_columns = [column for column in below.columns if wide or not column.wide_only]
        cells = [[_clipped(c, shown(c, row), True) for c in shown_columns] for row in below.rows]
        lines += ["", wrapped(below.title, width), *_fitted(shown_columns, cells, fitting)]
    if result.notes:
        lines += [""] if lines else []
        lines += [wrapped(note, width) for note in result.notes]
    lines += [f"wrote {name}" for name in result.files]
    return "\n".join(lines) + "\n" if lines else "nothing to show\n"


def _clipped(column: Column, text: str, wide: bool) -> str:
    text = " ".join(text.split())
    return text if wide else cut(text, WIDEST_TEXT, keep_end=column.key in _PATHS)


def _fitted(columns: Sequence[Column], cells: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """The table within so many columns: texts cut, then columns in several blocks under each other; nothing but
    empty columns is left out."""
    if width is None:
        return _aligned(columns, cells)
    said = [i for i, column in enumerate(columns) if column.kind not in ("text", "list") or any(row[i] for row in cells)]
    columns, cells = [columns[i] for i in said], [[row[i] for i in said] for row in cells]
    lines = [[column.label for column in columns], *cells]
    shrinks = [column.kind in ("text", "list") for column in columns]
    limits = text_limits([max(len(line[i]) for line in lines) for i in range(len(columns))], shrinks, width)
    short = [
        [cut(cell, limits[i], keep_end=columns[i].key in _PATHS) if shrinks[i] else cell for i, cell in enumerate(row)]
        for row in cells
    ]
    told: list[str] = []
    for block in blocks([max(len(line[i]) for line in [lines[0], *short]) for i in range(len(columns))], width):
        told += [""] if told else []
        told += _aligned([columns[i] for i in block], [[row[i] for i in block] for row in short])
    return told


def _aligned(columns: Sequence[Column], cells: Sequence[Sequence[str]]) -> list[str]:
    from rich.cells import cell_len

    heads = [column.label for column in columns]
    widths = [max(cell_len(line[i]) for line in [heads, *cells]) for i in range(len(columns))]
    right = [column.kind in ("money", "unit_price", "ratio", "number", "count") for column in columns]

    def line(values: Sequence[str]) -> str:
        gaps = (" " * (width - cell_len(value)) for value, width in zip(values, widths, strict=True))
        fitted = (gap + value if r else value + gap for value, gap, r in zip(values, gaps, right, strict=True))
        return "  ".join(fitted).rstrip()

    return [line(heads), line(["─" * width for width in widths]), *(line(values) for values in cells)]


def _totals_lines(result: Result, wide: bool) -> list[str]:
    kinds = {column.key: column for column in result.columns if wide or not column.wide_only}
    lines = []
    for total in result.totals:
        parts = [
            f"{kinds[key].label.lower()} {shown(kinds[key], total)}"
            for key in total
            if key in kinds and key != "currency" and kinds[key].kind != "text"
        ]
        if parts:
            currency = f" {total['currency']}" if total.get("currency") else ""
            lines.append(f"total{currency}: " + ", ".join(parts))
    return ["", *lines] if lines and result.rows else lines


def _markdown(result: Result, wide: bool) -> str:
    lines = _markdown_table(result.columns, result.rows, wide) if result.rows else []
    for text in _totals_lines(result, wide):
        lines += ["", _escaped(text)] if text else []
    for below in result.below:
        lines += ["", _escaped(below.title), "", *_markdown_table(below.columns, below.rows, wide)]
    for text in result.notes:
        lines += ["", _escaped(text)]
    return "\n".join(lines) + "\n"


def _markdown_table(columns: Sequence[Column], rows: Sequence[Mapping[str, Any]], wide: bool) -> list[str]:
    columns = [column for column in columns if wide or not column.wide_only]
    right = ("money", "unit_price", "ratio", "number", "count")
    return [
        "| " + " | ".join(_escaped(c.label) for c in columns) + " |",
        "|" + "|".join("---:" if c.kind in right else "---" for c in columns) + "|",
        *("| " + " | ".join(_escaped(shown(c, row)) for c in columns) + " |" for row in rows),
    ]


def _escaped(text: str) -> str:
    return html.escape(" ".join(text.split()), quote=False).replace("|", "\\|")
