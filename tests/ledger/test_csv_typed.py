"""Large CSV files are read by the block: what comes out is what the engine's own reader gives, or the file is left to that. The
typed rows, rejects and totals of a bill are those that the engine's casts give."""

from __future__ import annotations

import csv
import gzip
import io
import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.core.contracts import CONTRACTS, Contract, Field
from finops.errors import DataError
from finops.ledger import csv_blocks, csv_typed, scan
from finops.ledger.casting import define_casts
from finops.sources.aws_cur import SOURCE as CUR
from finops.sources.base import Part, Source, TableScan
from finops.sources.focus import SOURCE
from tests.kits.source_kit import FOCUS
from tests.sources.bill_reading import read_bill

HEADER = ("a", "b", "c")
CONTRACT = Contract("texts", "three texts", tuple(Field(name) for name in HEADER), None)
PIECES = st.sampled_from(["x", "1.50", "é", " ", ",", ",", '"', '""', '"y"', '"p,q"', '"v\nw"', "\n", "\n", "\r\n", "\r", "NULL"])
CELLS = st.sampled_from(
    ["", "x", "1.50", "é", 'say "no"', "p,q", "v\nw", '"', ",", " pad ", "NULL", "a longer text than a block of the least"]
)


@dataclass
class Read:
    """Rows in order, and whether the engine set lines aside or refused the file."""

    rows: list[tuple[Any, ...]]
    odd: bool


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_typed, "LEAST_BYTES", 0)
    monkeypatch.setattr(csv_typed, "GROUP_ROWS", 20)
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 160)
    monkeypatch.setattr(csv_blocks, "GROUP_BYTES", 400)


def table(path: Path) -> TableScan:
    return TableScan(path, "csv", HEADER, {name: f'"{name}"' for name in HEADER})


def by_the_engine(path: Path) -> Read:
    with duckdb.connect() as connection:
        try:
            rows = connection.execute(f"SELECT a, b, c FROM ({scan._csv(connection, table(path))}) ORDER BY part_row").fetchall()
            return Read(rows, bool(scan.malformed_rows(connection, 1, "x")))
        except (duckdb.Error, DataError):
            return Read([], True)


def converted(given: TableScan, contract: Contract, threads: int = 2) -> csv_typed.TypedCsv | None:
    folder = given.path.with_name("typed")
    shutil.rmtree(folder, ignore_errors=True)
    with duckdb.connect() as connection:
        define_casts(connection)
        typed = csv_typed.typed_csv(connection, contract, given, given.header, folder, (1, 0), threads)
    assert typed is not None or not folder.exists()
    return typed


def by_the_block(path: Path, threads: int = 2) -> list[tuple[Any, ...]] | None:
    """The texts of the rows, none of them typed."""
    typed = converted(replace(table(path), where="a IS NULL OR true"), CONTRACT, threads)
    if typed is None:
        return None
    assert (typed.files, typed.rows) == ((), 0)
    with duckdb.connect() as connection:
        return connection.execute(f"SELECT a, b, c FROM read_parquet('{typed.rest}') ORDER BY \"{csv_typed.ROW}\"").fetchall()


SHARED = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@SHARED
@given(st.lists(PIECES, max_size=40))
def test_what_is_taken_reads_as_the_engine_reads_it(tmp_path: Path, pieces: list[str]) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(("a,b,c\n" + "".join(pieces)).encode())
    taken = by_the_block(path)
    if taken is not None:
        assert Read(taken, False) == by_the_engine(path)


@SHARED
@given(st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=30), st.sampled_from(["", ".gz"]), st.integers(1, 3))
def test_a_sound_file_is_taken(tmp_path: Path, rows: list[tuple[str, ...]], packing: str, threads: int) -> None:
    written = io.StringIO(newline="")
    csv.writer(written, lineterminator="\n").writerows([HEADER, *rows])
    path = tmp_path / f"t.csv{packing}"
    content = written.getvalue().encode()
    path.write_bytes(gzip.compress(content) if packing else content)
    found = by_the_block(path, threads)
    assert found == [tuple(cell or None for cell in row) for row in rows]
    assert Read(found, False) == by_the_engine(path)


@pytest.mark.parametrize(
    "content",
    [
        'a,b,c\n1,2,"3\n1,2,3\n',
        'a,b,c\n1,2,"3"x\n',
        'a,b,c\n1,2,x"3\n',
        'a,b,c\n1,2, "3"\n',
        "a,b,c\n1,2\n",
        "a,b,c\n1,2,3,4\n",
        "a,b,c\n1,2,3\r\n4,5,6\n",
        "a,b,c\n1,2,3\r4,5,6\n",
        "a,b,c\r1,2,3\r",
        "a,b,c\n1,2," + "3" * 160 + "\n",
        "a,b,c\n",
    ],
)
def test_what_readers_differ_on_is_left_to_the_engine(tmp_path: Path, content: str) -> None:
    path = tmp_path / "t.csv"
    path.write_bytes(content.encode())
    assert by_the_block(path) is None


def test_a_delimiter_of_several_bytes_is_left_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a§b§c\n1§2§3\n", encoding="utf-8")
    assert converted(replace(table(path), delimiter="§"), CONTRACT) is None


def test_a_file_cut_short_is_left_to_the_engine(tmp_path: Path) -> None:
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"a,b,c\n" + b"1,2,3\n" * 999)[:-9])
    assert by_the_block(path) is None


def test_many_lines_within_one_quote_take_no_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 1 << 20)
    path = tmp_path / "t.csv"
    path.write_bytes(b'a,b,c\n"' + b"\n" * (2 << 20))
    assert by_the_block(path) is None


@pytest.mark.parametrize("block", [1 << 10, 1 << 20])
def test_a_bill_has_the_same_rows_and_rejects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    header, first, *_ = FOCUS.split("\n")
    lines = [first.replace("1,USD", f'"{n}\n{n % 3}",USD') for n in range(50)]
    path = tmp_path / "bill.csv"
    path.write_text("\n".join([header, *lines, first.replace("Usage", '"Us"age'), ""]), encoding="utf-8")
    odd = read_bill(SOURCE, path, tmp_path)
    path.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", block)
    sound = read_bill(SOURCE, path, tmp_path)
    monkeypatch.setattr(csv_typed, "LEAST_BYTES", 1 << 30)
    engine = read_bill(SOURCE, path, tmp_path)
    assert sound == engine
    assert (len(sound.rows), sound.rejects) == (50, [])
    assert (odd.rows, len(odd.rejects)) == (engine.rows, 1)


LONG = "0.1234567890123456789012345678"
AMOUNT = st.sampled_from(
    ["1.50", "0", "-3", "0.1234567890", "12." + "0" * 15, "", "7", "2.5E-06", "1e5", ".5", "5.", "+4", LONG, " ", "-1234567.5"]
)
BAD_AMOUNT = st.sampled_from(
    ["abc", " 1.5", "1e005", "1_000", "-", ".", "1.2.3", "1-2", "$5", "9" * 27, "4" * 31 + ".5", "NaN", "1,5", "1e-30"]
)
TIME = st.sampled_from(["2026-07-01T00:00:00Z", "2026-07-02 03:04:05", "2026-07-03", "2026-07-01T02:00:00+02:00"])
BAD_TIME = st.sampled_from(["", "2026-07-01 00Z", "yesterday", "2026-7-1"])
TEXT = st.sampled_from(
    ["a", "NULL", "", " ", "N/A", "Usage", "a longer text", "\u00e9", "AWS", "Tax", "Refund", "SavingsPlanNegation"]
)
TAGS = st.sampled_from(["", "{}", '{"a": "b"}', '{"user_a": "b", "c": null}', '{"a": 1, "a": 2}', '[{"key": "k", "value": "v"}]'])
BAD_TAGS = st.sampled_from(["not json", "[1]", "{"])
FOCUS_CELLS = {
    "BilledCost": (AMOUNT, BAD_AMOUNT),
    "EffectiveCost": (AMOUNT, BAD_AMOUNT),
    "ListUnitPrice": (AMOUNT, BAD_AMOUNT),
    "PricingQuantity": (AMOUNT, BAD_AMOUNT),
    "BillingCurrency": (st.sampled_from(["USD", "EUR"]), st.just("")),
    "BillingPeriodStart": (st.just("2026-07-01T00:00:00Z"), BAD_TIME),
    "ChargePeriodStart": (TIME, BAD_TIME),
    "ChargeCategory": (TEXT, TEXT),
    "ServiceProviderName": (TEXT, TEXT),
    "InvoiceIssuerName": (TEXT, TEXT),
    "ResourceId": (st.integers(0, 10**6).map(str), TEXT),
    "Tags": (TAGS, BAD_TAGS),
}
CUR_CELLS = {
    "line_item_unblended_cost": (AMOUNT, BAD_AMOUNT),
    "pricing_public_on_demand_cost": (AMOUNT, BAD_AMOUNT),
    "line_item_usage_amount": (AMOUNT, BAD_AMOUNT),
    "line_item_usage_start_date": (TIME, BAD_TIME),
    "bill_billing_period_start_date": (st.just("2026-07-01T00:00:00Z"), BAD_TIME),
    "line_item_line_item_type": (st.sampled_from(["Usage", "Tax", "SavingsPlanNegation", "DiscountedUsage", "Refund", ""]), TEXT),
    "line_item_operation": (st.sampled_from(["RunInstances", "EKSPod-EC2", ""]), TEXT),
    "line_item_usage_type": (st.sampled_from(["USW2-BoxUsage:g6.xlarge", "EU-SpotUsage:m5.large", ""]), TEXT),
    "line_item_currency_code": (st.sampled_from(["USD", "EUR"]), st.just("")),
    "line_item_resource_id": (st.integers(0, 10**6).map(str), TEXT),
    "resource_tags": (TAGS, BAD_TAGS),
}


@st.composite
def bills(draw: st.DrawFn, cells: dict[str, tuple[st.SearchStrategy[str], st.SearchStrategy[str]]]) -> list[list[str]]:
    """Many rows of a few sound values, and a few rows with something else."""
    few = {name: draw(st.lists(sound, min_size=1, max_size=3)) for name, (sound, _) in cells.items()}
    count, turn = draw(st.integers(5, 60)), draw(st.integers(1, 7))
    rows = [[own[(at * turn + place) % len(own)] for place, own in enumerate(few.values())] for at in range(count)]
    for at, place in draw(st.lists(st.tuples(st.integers(0, count - 1), st.integers(0, len(cells) - 1)), max_size=6)):
        rows[at][place] = draw(st.one_of(*list(cells.values())[place]))
    for at, row in enumerate(rows):  # one column of which no text comes twice
        row[list(cells).index(next(name for name in cells if "esource" in name))] += f"i-{at}"
    return rows


def same_by_both_ways(source: Source, cells: Iterable[str], rows: list[list[str]], folder: Path, delimiter: str) -> None:
    path = folder / "bill.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows([list(cells), *rows])
    found = []
    for least in (0, 1 << 40):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_typed, "LEAST_BYTES", least)
            patch.setattr(csv_blocks, "BLOCK_BYTES", 1 << 11)
            patch.setattr(csv_blocks, "GROUP_BYTES", 1 << 11)
            bill = read_bill(source, path, folder)
        bill.rows = [
            {k: v for k, v in row.items() if k != "billed_text"} for row in sorted(bill.rows, key=lambda r: r["part_row"])
        ]
        found.append(bill)
    assert found[0] == found[1]


@settings(SHARED, max_examples=10)
@given(bills(FOCUS_CELLS), st.sampled_from([",", ";", "\t"]))
def test_any_focus_bill_is_typed_as_the_engine_types_it(tmp_path: Path, rows: list[list[str]], delimiter: str) -> None:
    same_by_both_ways(SOURCE, FOCUS_CELLS, rows, tmp_path, delimiter)


@settings(SHARED, max_examples=10)
@given(bills(CUR_CELLS))
def test_any_report_of_aws_is_typed_as_the_engine_types_it(tmp_path: Path, rows: list[list[str]]) -> None:
    same_by_both_ways(CUR, CUR_CELLS, rows, tmp_path, ",")


DIGITS = st.from_regex(r"[0-9]{1,40}", fullmatch=True)


@settings(SHARED, max_examples=4)
@given(st.lists(st.tuples(st.sampled_from(["", "-"]), DIGITS, st.sampled_from(["", ".5", ".000000000001"])), min_size=1))
def test_amounts_of_any_length_are_kept_or_refused(tmp_path: Path, amounts: list[tuple[str, ...]]) -> None:
    sound = ["", "1", "1", "1", "USD", "2026-07-01", "2026-07-02", "Usage", "AWS", "AWS", "i-0", "{}"]
    same_by_both_ways(SOURCE, FOCUS_CELLS, [["".join(amount), *sound[1:]] for amount in amounts], tmp_path, ",")


WRITTEN = st.from_regex(r"[+-]?([0-9]{1,28}(\.[0-9]{0,14})?|\.[0-9]{1,14})([eE][+-]?[0-9]{1,3})?", fullmatch=True)


@settings(SHARED, max_examples=4)
@given(st.lists(WRITTEN, min_size=1, max_size=3))
def test_a_few_amounts_with_exponents_are_kept_or_refused(tmp_path: Path, amounts: list[str]) -> None:
    sound = ["1", "1", "1", "USD", "2026-07-01", "2026-07-02", "Usage", "AWS", "AWS"]
    rows = [[amount, *sound, f"i-{at}", "{}"] for at, amount in enumerate([*["1.5", "-2", ""] * 10, *amounts, *["3"] * 10])]
    same_by_both_ways(SOURCE, FOCUS_CELLS, rows, tmp_path, ",")


def test_only_rows_near_a_fault_are_left_to_the_engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_blocks, "BLOCK_BYTES", 1 << 11)
    monkeypatch.setattr(csv_blocks, "GROUP_BYTES", 1 << 11)
    names = list(FOCUS_CELLS)
    sound = ["1.5", "2.5E-06", LONG, "1", "USD", "2026-07-01T00:00:00Z", "2026-07-02", "Usage", "AWS", "AWS", "", '{"a": "b"}']
    rows = [[f"i-{at}" if name == "ResourceId" else cell for name, cell in zip(names, sound, strict=True)] for at in range(200)]
    path = tmp_path / "bill.csv"
    found = []
    for cell in ("1.5", "one and a half"):
        rows[100][names.index("EffectiveCost")] = cell
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([names, *rows])
        (load,) = SOURCE.open(Part(path, path.name, "", 1), {})
        assert isinstance(load.data, TableScan)
        typed = converted(load.data, CONTRACTS["charge"])
        assert typed is not None
        found.append((typed.rows, typed.rest is None))
    assert found[0] == (200, True)
    assert 0 < found[1][0] < 200
    assert not found[1][1]
