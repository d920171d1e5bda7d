"""A company's own kinds of files, read by a mapping: recognised, exact, refused row by row, and every mistake named."""

from __future__ import annotations

import contextlib
import csv
import gzip
import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.core.contracts import CONTRACTS
from finops.core.settings import Import
from finops.errors import DataError, FinopsError, UsageError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Reject
from finops.sources.detect import recognise
from finops.sources.glimpse import glimpse
from finops.sources.mapped import Mapped
from tests.sources.test_odd_entries import ODD

CALLS = {"start_time": "t", "operation": {"value": "inference"}}


def mapping(contract: str = "charge", columns: dict[str, Any] | None = None, **more: Any) -> Mapped:
    given = Import("vendor-x", contract, columns or {}, **more)
    return Mapped(given, lambda key: f"finops.toml:7 [[import]] vendor-x{f', {key}' if key else ''}")


def bill(**more: Any) -> Mapped:
    columns = {"BilledCost": "Amount", "ChargePeriodStart": "Date", "BillingCurrency": {"value": "EUR"}}
    return mapping("charge", columns | more.pop("columns", {}), **more)


def read(one: Mapped, path: Path) -> tuple[list[dict[str, Any]], list[Reject], list[str]]:
    """Rows without their nulls, rejects and notes."""
    (part,) = one.parts(path, path.parent)
    (load,) = one.open(part, {})
    rows = []
    for batch in load.data:  # type: ignore[union-attr]
        assert batch.schema.equals(arrow_schema(one.given.contract))
        rows += [{name: value for name, value in row.items() if value is not None} for row in batch.to_pylist()]
    return rows, load.rejects, load.notes


def written(path: Path, text: str) -> Path:
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def test_german_numbers_days_and_a_zone(tmp_path: Path) -> None:
    columns = {
        "ChargePeriodStart": {"column": "Date", "format": "%d.%m.%Y"},
        "ConsumedQuantity": {"column": "Minutes", "factor": 60},
        "Tags": {"columns": ["Team", "Cost Center"]},
    }
    one = bill(columns=columns, zone="Europe/Berlin", delimiter=";", decimal=",", thousands=".", skip_lines=2)
    text = (
        "\ufeffExported by Vendor X\r\n\r\nDate;amount;Minutes;Team;Cost Center\r\n"
        "01.10.2026;1.234,5600;1,5;a;\r\n29.03.2026;-,10;;;\r\n"
    )
    rows, rejects, notes = read(one, written(tmp_path / "x.csv.gz", text))
    assert rejects == []
    assert rows[0] == {
        "BilledCost": "1234.5600",
        "BillingCurrency": "EUR",
        "BillingPeriodStart": datetime(2026, 9, 30, 22),
        "ChargePeriodStart": datetime(2026, 9, 30, 22),
        "ConsumedQuantity": "90.0",
        "Tags": [("Team", "a")],
    }
    assert (rows[1]["BilledCost"], rows[1]["ChargePeriodStart"]) == ("-.10", datetime(2026, 3, 28, 23))
    assert rows[1]["BillingPeriodStart"] == datetime(2026, 2, 28, 23)
    assert ["month of the charge" in note for note in notes] == [True]


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16", "iso-8859-15"])
def test_a_table_that_is_not_utf8(tmp_path: Path, encoding: str) -> None:
    one = bill(columns={"BilledCost": "Betrag €" if encoding != "iso-8859-15" else "Größe"}, encoding=encoding, files=("*.csv",))
    text = "Date;Betrag €;Größe\r\n2026-10-01;1.5;2.5\r\n2026-10-02;1.5\r\n"
    path = tmp_path / "x.csv"
    path.write_bytes(text.encode(encoding))
    assert recognise(path, None, [one]) is one
    assert recognise(path, "vendor-x", [one]) is one
    rows, rejects, _ = read(one, path)
    assert [row["BilledCost"] for row in rows] == ["2.5" if encoding == "iso-8859-15" else "1.5"]
    assert [reject.row for reject in rejects] == [2]
    with pytest.raises(DataError):
        recognise(path, None, [bill(files=("*.csv",))])
    path.write_bytes(b"x" * (3 << 20))
    with pytest.raises(DataError):
        read(one, path)


@pytest.mark.parametrize(
    ("more", "text", "read_as"),
    [
        ({}, "1.5", "1.5"),
        ({}, " 1.5 ", "1.5"),
        ({}, "1e-7", "1e-7"),
        ({}, "1,5", None),
        ({}, "1_000", None),
        ({}, "$1", None),
        ({"decimal": ","}, "1,5", "1.5"),
        ({"decimal": ","}, "1.234", None),
        ({"decimal": ",", "thousands": "."}, "1.234", "1234"),
        ({"decimal": ",", "thousands": "."}, "1.23", None),
        ({"decimal": ",", "thousands": "."}, "12.345.678,9", "12345678.9"),
        ({"decimal": ",", "thousands": "."}, "1234,5", "1234.5"),
        ({"thousands": ","}, "1,234.5", "1234.5"),
        ({"thousands": "'"}, "1'234.5", "1234.5"),
    ],
)
def test_a_number_is_what_the_mapping_says_or_nothing(tmp_path: Path, more: Any, text: str, read_as: str | None) -> None:
    rows, rejects, _ = read(bill(delimiter=";", **more), written(tmp_path / "x.csv", f"Date;Amount\n2026-10-01;{text}\n"))
    if read_as is None:
        assert (rows, rejects[0].row, rejects[0].column, rejects[0].text) == ([], 1, "BilledCost", text)
    else:
        assert (rows[0]["BilledCost"], rejects) == (read_as, [])


@given(st.decimals(allow_nan=False, allow_infinity=False, places=9, min_value=-(10**15), max_value=10**15), st.integers(-6, 6))
def test_a_factor_is_exact(tmp_path_factory: pytest.TempPathFactory, amount: Decimal, shift: int) -> None:
    factor = Decimal(1).scaleb(shift)
    one = bill(columns={"BilledCost": {"column": "Amount", "factor": f"{factor:f}"}})
    path = written(tmp_path_factory.mktemp("f") / "x.csv", f"Date,Amount\n2026-10-01,{amount:f}\n")
    assert Decimal(read(one, path)[0][0]["BilledCost"]) == amount.scaleb(shift)


@pytest.mark.parametrize(
    ("spec", "text", "utc"),
    [
        ("Date", "2026-10-01T00:00:00Z", datetime(2026, 10, 1)),
        ("Date", "2026-10-01 00:00:00+05:30", datetime(2026, 9, 30, 18, 30)),
        ("Date", "2026-10-01", datetime(2026, 10, 1, 7)),
        ("Date", "2026-12-01 00:00", datetime(2026, 12, 1, 8)),
        ("Date", "1790812800", datetime(2026, 10, 1)),
        ("Date", "01.10.2026", None),
        ({"column": "Date", "format": "%m/%d/%Y %I:%M %p"}, "10/01/2026 01:05 PM", datetime(2026, 10, 1, 20, 5)),
        ({"column": "Date", "format": "%Y-%m-%d %H:%M:%S %z"}, "2026-10-01 00:00:00 +0200", datetime(2026, 9, 30, 22)),
        ({"column": "Date", "format": "%d.%m.%Y"}, "31.02.2026", None),
        ({"column": "Date", "format": "%d.%m.%Y"}, "2026-10-01", None),
        ({"column": "Date", "format": "unix_ms"}, "1790812800001", datetime(2026, 10, 1, 0, 0, 0, 1000)),
        ({"column": "Date", "format": "unix"}, "1e99", None),
        ({"column": "Date", "format": "unix"}, "1790812800.25", datetime(2026, 10, 1, 0, 0, 0, 250_000)),
        ("Date", "0001-01-01", None),
    ],
)
def test_a_time_without_a_zone_is_of_the_mappings_zone(tmp_path: Path, spec: Any, text: str, utc: datetime | None) -> None:
    one = bill(columns={"ChargePeriodStart": spec}, zone="America/Los_Angeles")
    rows, rejects, _ = read(one, written(tmp_path / "x.csv", f"Date,Amount\n{text},1\n"))
    assert [row["ChargePeriodStart"] for row in rows] == ([utc] if utc else [])
    assert [(reject.row, reject.column, reject.text) for reject in rejects] == ([] if utc else [(1, "ChargePeriodStart", text)])


def test_json_lines_by_path_keep_every_digit(tmp_path: Path) -> None:
    columns = {
        "start_time": "meta.at",
        "response": "id",
        "input_uncached": "usage.prompt_tokens",
        "cache_read": "usage.cached",
        "output": "usage.completion_tokens",
        "reported_cost": {"column": ["cost.total", "cost_usd"]},
        "tenant": "customer",
        "attributes": "labels",
    }
    one = mapping("call", columns, constants={"operation": "inference", "provider": "openai"}, tokens="includes_cache")
    lines = [
        '{"id":"a","meta":{"at":"2026-10-01T00:00:00Z"},"usage":{"prompt_tokens":100,"cached":60,"completion_tokens":7},'
        '"cost":{"total":0.12345678901234567890123},"labels":{"team":"x"}}',
        '{"id":"b","meta":{"at":1790812800},"usage":{"prompt_tokens":5,"cached":9},"cost_usd":"1.10"}',
        '{"id":"c","meta":null}',
        "[1]",
        '{"id":"d","meta":{"at":"2026-10-01T00:00:00Z"},"usage":{"prompt_tokens":-1}}',
    ]
    rows, rejects, notes = read(one, written(tmp_path / "calls.jsonl", "\n".join(lines) + "\n"))
    assert rows[0] == {
        "response": "a",
        "start_time": datetime(2026, 10, 1),
        "operation": "inference",
        "provider": "openai",
        "input_uncached": 40,
        "cache_read": 60,
        "output": 7,
        "identity_holds": True,
        "reported_cost": "0.12345678901234567890123",
        "attributes": [("team", "x")],
    }
    assert (rows[1]["identity_holds"], rows[1]["reported_cost"]) == (False, "1.10")
    assert [(reject.row, reject.column) for reject in rejects] == [(3, "start_time"), (4, None), (5, None)]
    assert any("no row has `customer`" in note for note in notes)


def test_parquet_with_types_and_structs(tmp_path: Path) -> None:
    table = pa.table(
        {
            "day": pa.array([datetime(2026, 10, 1), None], pa.timestamp("ns")),
            "cost": pa.array([Decimal("1.000000000000000001"), Decimal("2")], pa.decimal128(38, 18)),
            "hours": pa.array([1.5, float("nan")]),
            "who": pa.array([{"tenant": "acme"}, None]),
            "tags": pa.array([[("a", "1")], []], pa.map_(pa.string(), pa.string())),
        }
    )
    pq.write_table(table, tmp_path / "x.parquet")
    columns = {
        "BilledCost": "cost",
        "ChargePeriodStart": "day",
        "ConsumedQuantity": "hours",
        "x_TenantId": "who.tenant",
        "Tags": "tags",
    }
    one = mapping("charge", columns, constants={"BillingCurrency": "usd"}, decimal=",", zone="Europe/Berlin")
    rows, rejects, _ = read(one, tmp_path / "x.parquet")
    assert [(r.row, r.column) for r in rejects] == [(2, "ChargePeriodStart")]
    assert (rows[0]["BilledCost"], rows[0]["ConsumedQuantity"], rows[0]["BillingCurrency"]) == (
        "1.000000000000000001",
        "1.5",
        "USD",
    )
    assert (rows[0]["x_TenantId"], rows[0]["Tags"]) == ("acme", [("a", "1")])
    assert rows[0]["ChargePeriodStart"] == datetime(2026, 9, 30, 22)
    with pytest.raises(DataError, match="no column `hour`"):
        read(
            mapping("charge", {**columns, "ConsumedQuantity": "hour"}, constants={"BillingCurrency": "usd"}),
            tmp_path / "x.parquet",
        )


def test_rows_that_are_none_are_left_out_and_counted(tmp_path: Path) -> None:
    text = "Date,Amount,Kind\n2026-10-01,1,usage\n2026-10-01,2,Total\n,4,\n2026-10-02,8,tax\n"
    path = written(tmp_path / "x.csv", text)
    rows, rejects, notes = read(bill(leave_out={"Kind": ["Total", ""]}), path)
    assert ([row["BilledCost"] for row in rows], rejects) == (["1", "8"], [])
    assert "2 rows are left out, as the mapping says" in notes
    rows, _, _ = read(bill(only={"Kind": "usage"}, leave_out={"Date": ""}), path)
    assert [row["BilledCost"] for row in rows] == ["1"]
    with pytest.raises(DataError, match="no column `Knd` for leave_out"):
        read(bill(leave_out={"Knd": "x"}, files=("*",)), path)


def test_items_of_a_json_document(tmp_path: Path) -> None:
    one = bill(files=("*.json",), items="data.usage")
    document = {
        "data": {"usage": [{"Date": "2026-10-01", "Amount": 1.50}, {"Date": "2026-10-01", "Amount": "2"}, 7]},
        "more": False,
    }
    path = written(tmp_path / "x.json", json.dumps(document, indent=1))
    assert recognise(path, None, [one]) is one
    rows, rejects, _ = read(one, path)
    assert ([row["BilledCost"] for row in rows], [reject.row for reject in rejects]) == (["1.5", "2"], [3])
    _, rejects, _ = read(one, written(tmp_path / "y.json", '{"data": 1}'))
    assert rejects[0].reason == "there is no list under `data.usage`"


def test_words_of_the_file_become_words_of_the_contract(tmp_path: Path) -> None:
    spec = {"column": "state", "values": {"Resolved": True, "Escalated": "false"}}
    one = mapping("outcome", {"run": "ticket", "time": "closed", "accepted": spec, "human_minutes": "minutes"})
    lines = ["ticket,closed,state,minutes", "1,2026-10-01,Resolved,3", "2,2026-10-01,Escalated,", "3,2026-10-01,Open,1"]
    text = "\n".join([*lines, ",2026-10-01,Resolved,1", ""])
    rows, rejects, _ = read(one, written(tmp_path / "x.csv", text))
    assert [(row["run"], row["accepted"]) for row in rows] == [("1", True), ("2", False)]
    assert [(reject.row, reject.text) for reject in rejects] == [(3, "Open"), (4, None)]
    assert "neither a run nor an agent" in rejects[1].reason


@pytest.mark.parametrize(
    ("contract", "columns", "more", "what", "hint"),
    [
        ("charge", {"BiledCost": "a"}, {}, "`charge` has no column `BiledCost`", "`BilledCost`"),
        ("charge", {"billedcost": "a"}, {}, "`charge` has no column `billedcost`", "`BilledCost`"),
        ("charge", {"BilledCost": "a"}, {}, "`BillingCurrency` is missing (and ChargePeriodStart)", "constants"),
        ("charges", {}, {}, "there is no contract `charges`", "`charge`"),
        ("call", {"start_time": "t"}, {}, "`operation` is missing", "constants"),
        ("call", {**CALLS, "model": {"colum": "m"}}, {}, "unknown key `colum`", "`column`"),
        ("call", {**CALLS, "model": {"column": "m", "value": "x"}}, {}, "needs one of", "column"),
        ("call", {**CALLS, "model": 5}, {}, "expected the name of a column", "value"),
        ("call", {**CALLS, "model": {"columns": ["a", "b"]}}, {}, "makes a map", "first"),
        ("call", {**CALLS, "model": {"column": "m", "factor": 2}}, {}, "is for numbers", ""),
        ("call", {**CALLS, "output": {"column": "m", "factor": "0"}}, {}, "not a factor", "0.01"),
        ("call", {**CALLS, "end_time": {"column": "m", "format": "%Q"}}, {}, "not how a time is written", "%d.%m.%Y"),
        ("call", {**CALLS, "end_time": {"column": "m", "format": "%H:%M"}}, {}, "not how a time is written", "%d.%m.%Y"),
        ("call", {**CALLS, "model": {"column": "m", "format": "%Y"}}, {}, "is for times", ""),
        ("call", {**CALLS, "attempt": {"value": "once"}}, {}, "`once` can't be a attempt: not a whole number", ""),
        ("call", CALLS, {"constants": {"operation": "tool"}}, "both a column and a constant", ""),
        ("call", CALLS, {"encoding": "utf-99"}, "there is no encoding `utf-99`", "windows-1252"),
        ("call", CALLS, {"encoding": "latin-1"}, "`encoding` needs `files`", ""),
        ("call", CALLS, {"items": "data"}, "`items` needs `files`", ""),
        ("call", CALLS, {"zone": "Mars"}, "there is no time zone `Mars`", "Europe"),
        ("call", CALLS, {"delimiter": ";;"}, "can't be a delimiter", "one character"),
        ("call", CALLS, {"thousands": "."}, "can't separate thousands", ""),
        ("charge", {}, {"tokens": "includes_cache"}, "`tokens` belongs to calls", ""),
        ("outcome", {"time": "t", "accepted": "a"}, {}, "belong to no run", "`run`"),
        ("outcome", {"run": "r", "time": "t", "value": "v"}, {}, "its `currency` is not", "USD"),
        ("meter", {"hour": "h"}, {}, "measure nothing", "gpu_seconds"),
        ("sample", {}, {"constants": {"time": "2026-10-01", "signal": "x", "value": 1}}, "no column of the file is mapped", ""),
    ],
)
def test_a_mapping_that_would_not_do_is_one_error_with_its_line(
    contract: str, columns: Any, more: Any, what: str, hint: str
) -> None:
    with pytest.raises(UsageError) as caught:
        mapping(contract, columns, **more)
    assert what in caught.value.what
    assert (caught.value.where or "").startswith("finops.toml:7 [[import]] vendor-x")
    assert hint in (caught.value.hint or "")


def test_a_column_that_the_file_does_not_have_is_named_with_the_nearest(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "Date,Amounts\n2026-10-01,1\n")
    with pytest.raises(DataError) as caught:
        read(bill(files=("*.csv",)), path)
    assert caught.value.what == "the file has no column `Amount` for BilledCost"
    assert "finops.toml:7 [[import]] vendor-x, BilledCost" in (caught.value.where or "")
    assert "`Amounts`" in (caught.value.hint or "")
    spec = {"column": ["Gross", "Amounts"], "optional": True}
    assert read(bill(columns={"BilledCost": spec}), path)[0][0]["BilledCost"] == "1"


def test_a_column_twice_in_the_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="more than once"):
        read(bill(columns={"BilledCost": "amount"}), written(tmp_path / "x.csv", "Date,Amount,AMOUNT\n2026-10-01,1,2\n"))
    rows, _, _ = read(bill(), written(tmp_path / "y.csv", "Date,Amount,AMOUNT\n2026-10-01,1,2\n"))
    assert rows[0]["BilledCost"] == "1"


def test_it_is_recognised_by_name_or_by_columns(tmp_path: Path) -> None:
    path = written(tmp_path / "vendor_x_10.csv.gz", "Date,Amount\n2026-10-01,1\n")
    for one in (bill(files=("Vendor_X_*.csv",)), bill(requires=("amount",)), bill(), bill(files=("*.csv",), requires=("Date",))):
        assert recognise(path, None, [one]) is one
        assert recognise(path, "vendor-x", [one]) is one
    for one in (bill(files=("y*.csv",)), bill(requires=("Amounts",)), bill(files=("*.csv",), requires=("Day",))):
        with pytest.raises(DataError) as caught:
            recognise(path, None, [one])
        assert "it is not `vendor-x`" in (caught.value.hint or "")
    assert recognise(path, "vendor-x", [bill(files=("y*.csv",))]).name == "vendor-x", "asked for, and the columns are right"
    folder = tmp_path / "exports" / "x"
    folder.mkdir(parents=True)
    inner = written(folder / "a.csv", "Date,Amount\n2026-10-01,1\n")
    assert bill(files=("exports/*/a.csv",)).claims(glimpse(inner))
    assert not bill(files=("other/*/a.csv",)).claims(glimpse(inner))


def test_what_a_mapping_claims_is_its_own_and_two_mappings_are_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "o.csv", "run,time,accepted,evaluator\nr,2026-10-01,true,x\n")
    assert recognise(path, None).name == "outcomes"
    one = mapping("outcome", {"run": "run", "time": "time", "accepted": "accepted"})
    assert recognise(path, None, [one]) is one
    assert recognise(path, "outcomes", [one]).name == "outcomes"
    other = Mapped(Import("other", "outcome", one.given.columns), lambda _key: "finops.toml:9")
    with pytest.raises(DataError, match="both `vendor-x` and `other` claim") as caught:
        recognise(path, None, [one, other])
    assert "`requires`" in (caught.value.hint or "")
    with pytest.raises(UsageError, match="this is not `focus`") as wrong:
        recognise(path, "focus", [one])
    assert "--source vendor-x" in (wrong.value.hint or "")
    with pytest.raises(UsageError, match="no source `vendor_x`") as unknown:
        recognise(path, "vendor_x", [one])
    assert "`vendor-x`" in (unknown.value.hint or "")


def test_a_changed_mapping_is_another_content(tmp_path: Path) -> None:
    path = written(tmp_path / "x.csv", "Date,Amount\n2026-10-01,1\n")
    (first,), (same,), (other,) = (
        one.parts(path, tmp_path) for one in (bill(), bill(line=30), bill(columns={"ListCost": "Amount"}))
    )
    assert first == same
    assert first.content_hash != other.content_hash


@pytest.mark.parametrize(
    "content", [b"", b"\0" * 99, b"PAR1 no", b'Date,Amount\n"2026', b"x" * (2 << 20), b"[" * 99_999, b"\xff\xfe,"]
)
def test_garbage_is_one_clear_error_or_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.csv").write_bytes(content)
    with contextlib.suppress(FinopsError):
        assert read(bill(files=("x.csv",)), tmp_path / "x.csv")[0] == []


@settings(max_examples=60)
@given(
    contract=st.sampled_from(["charge", "call", "run", "outcome", "meter", "sample", "benchmark"]),
    column=st.integers(0, 200),
    value=ODD,
    form=st.sampled_from(["jsonl", "csv"]),
)
def test_odd_values_are_rejects_or_rows(
    tmp_path_factory: pytest.TempPathFactory, contract: str, column: int, value: Any, form: str
) -> None:
    fields = CONTRACTS[contract].fields
    good = {"time": "2026-10-01T00:00:00Z", "bool": "true", "map": '{"a":"b"}', "text": "tool"}
    row = {one.name: good.get(one.kind, "1") for one in fields}
    odd = row | {fields[column % len(fields)].name: value}
    path = tmp_path_factory.mktemp("odd") / f"x.{form}"
    if form == "jsonl":
        path.write_text(json.dumps(row) + "\n" + json.dumps(odd) + "\n")
    else:
        with path.open("w", newline="", encoding="utf-8", errors="replace") as stream:
            table = csv.DictWriter(stream, list(row))
            table.writeheader()
            table.writerows([row, odd])
    with contextlib.suppress(DataError):  # a NUL byte is no text
        rows, rejects, _ = read(mapping(contract, {name: name for name in row}), path)
        assert len(rows) + len(rejects) == 2
        assert rows


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8)


@given(st.lists(st.tuples(CELL, CELL, CELL)))
def test_no_row_is_lost(tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]]) -> None:
    path = tmp_path_factory.mktemp("rows") / "x.jsonl"
    lines = [json.dumps({"Date": a, "Amount": b, "n": {"who": c}}) for a, b, c in table]
    lines.append('{"Date":"2026-10-01","Amount":"1"}')
    path.write_text("\n".join(lines) + "\n")
    rows, rejects, _ = read(bill(columns={"x_TenantId": "n.who"}), path)
    assert len(rows) + len(rejects) == len(lines)


def test_every_contract_can_be_mapped() -> None:
    for contract in CONTRACTS.values():
        columns = {one.name: one.name for one in contract.fields}
        assert [target.name for target in mapping(contract.name, columns).targets] == list(contract.names)
