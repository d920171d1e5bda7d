"""The same table as spreadsheets and other systems write it: every source of tables reads it alike, through `ingest`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from finops.config import Overrides
from finops.core.talk import Silence
from finops.errors import FinopsError
from finops.sources.detect import recognise
from finops.steps.ingesting.ingest import Options, ingest
from tests.kits.source_kit import SAMPLES, write_sample

Table = list[list[str]]
ALSO_TABLES = ("gcp_billing", "helicone", "langfuse", "litellm_logs", "portkey", "samples")
"""Sources whose samples are JSON and that read tables of the same columns."""
KINDS = sorted({name for name, (file, _) in SAMPLES.items() if file.endswith(".csv")} | {*ALSO_TABLES})


def table_of(name: str, folder: Path) -> tuple[Table, str]:
    """The sample as a table, and the name of its file."""
    path = write_sample(name, folder)
    text = path.read_text(encoding="utf-8")
    path.unlink()
    if path.suffix == ".csv":
        return list(csv.reader(io.StringIO(text))), path.name
    rows: Any = json.loads(text) if path.suffix == ".json" else [json.loads(line) for line in text.splitlines()]
    rows = rows["data"] if isinstance(rows, dict) else rows
    columns = list(dict.fromkeys(key for row in rows for key in row))
    return [columns, *([cell(row.get(column)) for column in columns] for row in rows)], f"{path.stem}.csv"


def cell(value: Any) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value)
    return "" if value is None else str(value)


def written(rows: Table, end: str = "\n", **how: Any) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator=end, **how).writerows(rows)
    return stream.getvalue()


def turned(rows: Table) -> Table:
    """The columns from the last to the first, and one more."""
    return [[*reversed(row), "Zusatz ü" if row is rows[0] else 'x "y"; z'] for row in rows]


DIALECTS: dict[str, Callable[[Table], bytes]] = {
    "plain": lambda rows: written(rows).encode(),
    "marked, windows, all quoted, empty lines behind": lambda rows: (
        b"\xef\xbb\xbf" + (written(rows, "\r\n", quoting=csv.QUOTE_ALL) + "\r\n\r\n").encode()
    ),
    "semicolons and spaces": lambda rows: written([[f" {name} " for name in rows[0]], *rows[1:]], delimiter=";").encode(),
    "utf-16": lambda rows: written(rows, "\r\n", delimiter="\t").encode("utf-16"),
    "told separator, other order, one more, no last end": lambda rows: (
        ("sep=;\r\n" + written(turned(rows), "\r\n", delimiter=";")).rstrip().encode()
    ),
}


def taken(path: Path, ledger: Path) -> tuple[Any, ...]:
    result = ingest(Overrides(ledger=ledger), [path], Options(build=False, dry_run=True), talk=Silence())
    (row,) = result.rows
    return tuple(row[key] for key in ("source", "path", "rows", "rejected", "amount", "currency"))


@pytest.mark.parametrize("name", KINDS)
def test_every_dialect_of_a_table_is_read_alike(tmp_path: Path, name: str) -> None:
    rows, file = table_of(name, tmp_path)
    path = tmp_path / file
    found = {}
    for dialect, encoded in DIALECTS.items():
        path.write_bytes(encoded(rows))
        found[dialect] = taken(path, tmp_path / "finops.duckdb")
    assert found["plain"][0] == name
    assert found["plain"][2] > 0
    assert found == dict.fromkeys(DIALECTS, found["plain"])


def test_json_lines_behind_a_mark(tmp_path: Path) -> None:
    path = write_sample("gcp_billing", tmp_path)
    plain = taken(path, tmp_path / "finops.duckdb")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert taken(path, tmp_path / "finops.duckdb") == plain


@pytest.mark.parametrize("name", ["anthropic_reports", "openai_reports", "opencost"])
def test_an_answer_that_was_kept_twice_in_a_file_counts_once(tmp_path: Path, name: str) -> None:
    path = write_sample(name, tmp_path)
    once = taken(path, tmp_path / "finops.duckdb")
    text = json.dumps(json.loads(path.read_text(encoding="utf-8")))
    path.write_text(f"{text}\n{text}\n")
    assert taken(path, tmp_path / "finops.duckdb") == once


def pairs() -> Iterator[tuple[str, str]]:
    """Each kind of file with two others that it may be mistaken for: its neighbours."""
    for place, name in enumerate(KINDS):
        yield name, KINDS[place - 1]
        yield name, KINDS[(place + 1) % len(KINDS)]


@pytest.mark.parametrize(("name", "other"), list(pairs()))
def test_a_table_with_the_columns_of_two_kinds_names_both_and_a_wrong_source_is_told_the_right_one(
    tmp_path: Path, name: str, other: str
) -> None:
    (rows, file), (more, _) = table_of(name, tmp_path), table_of(other, tmp_path)
    path = tmp_path / file
    path.write_text(written(rows))
    with pytest.raises(FinopsError) as wrong:
        recognise(path, other)
    assert f"`--source {name}`" in (wrong.value.hint or "")
    have = {column.lower() for column in rows[0]}
    added = [column for column in more[0] if column.lower() not in have]
    path.write_text(written([[*rows[0], *added], *([*row, *[""] * len(added)] for row in rows[1:])]))
    said = told(path)
    assert said == name or (f"`{name}`" in said and f"`--source {name}`" in said), said
    assert recognise(path, name).name == name


def told(path: Path) -> str:
    """The kind that the file is taken for, or what is said against it."""
    try:
        return recognise(path, None).name
    except FinopsError as error:
        return f"{error.what} {error.hint}"


def test_utf_16_of_the_other_order_of_bytes_is_the_same_delivery(tmp_path: Path) -> None:
    rows, file = table_of("focus", tmp_path)
    path, ledger = tmp_path / file, tmp_path / "finops.duckdb"
    path.write_text(written(rows), encoding="utf-8")
    ingest(Overrides(ledger=ledger), [path], Options(build=False), talk=Silence())
    path.write_bytes(b"\xfe\xff" + written(rows).encode("utf-16-be"))
    (row,) = ingest(Overrides(ledger=ledger), [path], Options(build=False), talk=Silence()).rows
    assert (row["path"], row["status"]) == (str(path), "unchanged")
