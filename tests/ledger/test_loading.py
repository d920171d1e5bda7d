"""Loading rows: casts, rejects with their place, exact control totals, and every format that the ledger reads itself."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from finops.core.contracts import CHARGE
from finops.errors import DataError
from finops.ledger import repeated_maps
from finops.ledger.deliveries import Intake
from finops.ledger.loading import load_batch
from finops.ledger.store import open_reader, open_writer
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Reject, TableScan
from tests.ledger.small_bills import HEADER, charge_load, charges, deliver, line, part_of, write_bill


def loaded(tmp_path: Path, *rows: tuple[str, ...], **changes: Any) -> Path:
    """A ledger of one bill."""
    ledger = tmp_path / "finops.duckdb"
    path = write_bill(tmp_path / "bill.csv", rows)
    with open_writer(ledger) as writer:
        Intake(writer).take("bills", part_of(path), [charge_load(path, **changes)])
    return ledger


def rejects(ledger: Path) -> list[tuple[int, str | None, str, str | None]]:
    with open_reader(ledger) as reader:
        rows = reader.query("SELECT row_number, column_name, reason, raw_text FROM reject ORDER BY ALL")
    return [tuple(row.values()) for row in rows]  # type: ignore[misc]


@pytest.mark.parametrize("cost", ["1e400", "NaN", "$1,000.00", "Infinity", "1_000", " 1.5 ", "0x10", "1.2.3", "--1", "1e", ""])
def test_a_cost_that_can_not_be_read_is_a_reject_with_its_place(tmp_path: Path, cost: str) -> None:
    ledger = loaded(tmp_path, line("7.5"), line(cost), line("0.25"))
    assert [row["BilledCost"] for row in charges(ledger)] == [Decimal("0.25"), Decimal("7.5")]
    ((row, column, reason, text),) = rejects(ledger)
    assert (row, column, text) == (2, "BilledCost", cost or None)
    assert reason == ("not a plain number" if cost else "missing")
    with open_reader(ledger) as reader:
        assert [r["part_row"] for r in reader.query("SELECT part_row FROM charge ORDER BY 1")] == [1, 3]


def test_an_amount_beyond_the_stored_range_is_a_reject(tmp_path: Path) -> None:
    ledger = loaded(tmp_path, line("1"), line("9" * 27), line("1e90"))
    assert [(r[0], r[2]) for r in rejects(ledger)] == [
        (2, "an amount that does not fit DECIMAL(38, 12)"),
        (3, "an amount that does not fit DECIMAL(38, 12)"),
    ]


@pytest.mark.parametrize("null", ["", " ", "\t", "NULL", "null", "(null)", "N/A"])
def test_the_words_for_null_are_null(tmp_path: Path, null: str) -> None:
    (row,) = charges(loaded(tmp_path, line("1", service=null, tags=null, invoice=null)))
    assert (row["ServiceName"], row["Tags"], row["InvoiceId"]) == (None, None, None)


@pytest.mark.parametrize("word", ["Null", "none", "None", "0", "-", "na"])
def test_other_words_are_kept(tmp_path: Path, word: str) -> None:
    assert charges(loaded(tmp_path, line("1", service=word)))[0]["ServiceName"] == word


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-10-01T00:00:00Z", datetime(2026, 10, 1)),
        ("2026-10-01", datetime(2026, 10, 1)),
        ("2026-10-01 01:02:03", datetime(2026, 10, 1, 1, 2, 3)),
        ("2026-10-01T01:02:03+02:00", datetime(2026, 9, 30, 23, 2, 3)),
        ("2026-10-01 01:02:03.25-0530", datetime(2026, 10, 1, 6, 32, 3, 250000)),
        ("2026-10-01T01:02:03 UTC", datetime(2026, 10, 1, 1, 2, 3)),
        ("2026-10-01T01:02Z", datetime(2026, 10, 1, 1, 2)),
    ],
)
def test_times_become_utc(tmp_path: Path, text: str, utc: datetime) -> None:
    cells = list(line("1"))
    cells[HEADER.index("ChargePeriodStart")] = text
    assert charges(loaded(tmp_path, tuple(cells)))[0]["ChargePeriodStart"] == utc


@pytest.mark.parametrize("text", ["10/1/26", "2026-13-01", "20261001", "infinity", "yesterday", "2026-10-01T25:00:00Z"])
def test_a_time_that_can_not_be_read_is_a_reject(tmp_path: Path, text: str) -> None:
    cells = list(line("1"))
    cells[HEADER.index("ChargePeriodStart")] = text
    ledger = loaded(tmp_path, line("2"), tuple(cells))
    assert [(r[0], r[1], r[3]) for r in rejects(ledger)] == [(2, "ChargePeriodStart", text)]


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ('{"a": "b", "n": 1.50, "t": true, "z": null}', {"a": "b", "n": "1.50", "t": "true", "z": None}),
        ('{"a": {"deep": [1]}}', {"a": '{"deep":[1]}'}),
        ('{"a": 1, "a": 2}', {"a": "1"}),
        ('{"user:a/b~c.d": "x"}', {"user:a/b~c.d": "x"}),
        ('[{"key": "a", "value": "b"}, {"Key": "c", "Value": "d"}]', {"a": "b", "c": "d"}),
        ("{}", {}),
        ('{"=cmd()": "=1+1"}', {"=cmd()": "=1+1"}),
    ],
)
def test_tags_become_a_map(tmp_path: Path, text: str, tags: dict[str, Any]) -> None:
    (row,) = charges(loaded(tmp_path, line("1", tags=text)))
    assert {k: json.loads(v) if k == "n" else v for k, v in row["Tags"].items()} == {
        k: json.loads(v) if k == "n" else v for k, v in tags.items()
    }


@pytest.mark.parametrize("text", ["{bad", "[1]", '"x"', "[" * 50_000 + "]" * 50_000, '{"a":' * 50_000])
def test_tags_that_are_no_object_cost_no_row(tmp_path: Path, text: str) -> None:
    path = write_bill(tmp_path / "bill.csv", [line("1", tags=text), line("2")])
    (done,) = deliver(tmp_path / "finops.duckdb", path)
    assert (done.rows, done.rejected) == (2, 0)
    assert done.notes == ("1 rows have tags or attributes that are not a JSON object; they are kept without",)


def test_lines_with_another_number_of_cells_are_rejects_and_row_numbers_stay(tmp_path: Path) -> None:
    path = write_bill(tmp_path / "bill.csv", [line("1"), line("2")[:4], line("3"), (*line("4"), "x"), line("bad"), line("6")])
    ledger = tmp_path / "finops.duckdb"
    (done,) = deliver(ledger, path)
    assert (done.rows, done.rejected) == (3, 3)
    assert [(r[0], r[1]) for r in rejects(ledger)] == [(2, "InvoiceIssuerName"), (4, None), (5, "BilledCost")]
    with open_reader(ledger) as reader:
        rows = reader.query("SELECT part_row, BilledCost AS cost FROM charge ORDER BY part_row")
    assert [(r["part_row"], int(r["cost"])) for r in rows] == [(1, 1), (3, 3), (6, 6)]


def test_quotes_and_line_breaks_inside_cells(tmp_path: Path) -> None:
    services = ['say "hi"', "two\nlines", "a,b", " padded "]
    ledger = loaded(tmp_path, *(line("1", service=service) for service in services))
    assert [row["ServiceName"] for row in charges(ledger)] == sorted(services)


def test_a_line_of_many_megabytes_is_a_reject(tmp_path: Path) -> None:
    path = write_bill(tmp_path / "bill.csv", [line("1"), line("2", service="x" * (6 << 20)), line("3")])
    (done,) = deliver(tmp_path / "finops.duckdb", path)
    assert (done.rows, done.rejected) == (2, 1)


def test_a_file_of_which_no_row_can_be_read_is_refused(tmp_path: Path) -> None:
    path = write_bill(tmp_path / "bill.csv", [line("x"), line("y")])
    with pytest.raises(DataError, match="none of the rows") as caught:
        deliver(tmp_path / "finops.duckdb", path)
    assert caught.value.where == f"{path}, row 1, column BilledCost"


def test_strict_loads_nothing(tmp_path: Path) -> None:
    ledger = tmp_path / "finops.duckdb"
    with pytest.raises(DataError, match="1 of 2 rows cannot be read"):
        deliver(ledger, write_bill(tmp_path / "bill.csv", [line("1"), line("x")]), strict=True)
    assert not ledger.exists()


def test_a_header_of_too_many_columns(tmp_path: Path) -> None:
    path = write_bill(tmp_path / "bill.csv", [line("1")])
    wide = TableScan(path, "csv", tuple(f"c{i}" for i in range(100_000)), {"BilledCost": '"c1"'})
    with pytest.raises(DataError, match="100,000 columns"), open_writer(tmp_path / "l.duckdb") as writer:
        load_batch(writer, Load("charge", wide), delivery_id=1, ingest=1, where=str(path))


def test_repeated_column_names_do_not_confuse(tmp_path: Path) -> None:
    path = tmp_path / "bill.csv"
    write_bill(path, [(*line("1"), "other", "")])
    load = charge_load(path, header=(*HEADER, "billedcost", ""))
    with open_writer(tmp_path / "l.duckdb") as writer:
        assert load_batch(writer, load, delivery_id=1, ingest=1, where=str(path)).rows == 1


def _parquet(path: Path, rows: int = 1, **columns: Any) -> Load:
    import pyarrow as pa
    import pyarrow.parquet as pq

    now = datetime(2026, 10, 1)
    base = {
        "BillingAccountId": ["a"],
        "BillingCurrency": ["USD"],
        "BillingPeriodStart": pa.array([now], pa.timestamp("us")),
        "InvoiceIssuerName": ["Issuer"],
        "ChargePeriodStart": pa.array([now.replace(tzinfo=UTC)], pa.timestamp("ns", "Europe/Berlin")),
        "BilledCost": pa.array([Decimal("1.25")], pa.decimal128(20, 10)),
    }
    first = pa.table(base)
    table = pa.table({name: pa.concat_arrays([first[name].chunk(0)] * rows) for name in base} | columns)
    pq.write_table(table, path)
    return Load("charge", TableScan(path, "parquet", tuple(table.column_names), {n: f'"{n}"' for n in table.column_names}))


def _one(tmp_path: Path, load: Load) -> dict[str, Any]:
    ledger = tmp_path / "l.duckdb"
    with open_writer(ledger) as writer:
        Intake(writer).take("bills", part_of(load.data.path), [load])  # type: ignore[union-attr]
    return charges(ledger)[0]


def test_typed_parquet(tmp_path: Path) -> None:
    import pyarrow as pa

    row = _one(
        tmp_path,
        _parquet(
            tmp_path / "b.parquet",
            ListCost=pa.array([0.1], pa.float64()),
            EffectiveCost=pa.array([3], pa.int64()),
            ContractedCost=["1.5e-8"],
            Tags=pa.array([[("team", "x")]], pa.map_(pa.string(), pa.string())),
            SkuPriceDetails=pa.array([{"GpuCount": 1, "InstanceType": "g6"}]),
        ),
    )
    assert row["BilledCost"] == Decimal("1.25")
    assert (row["ListCost"], row["EffectiveCost"]) == (Decimal("0.1"), Decimal(3))
    assert row["ContractedCost"] == Decimal("0.000000015")
    assert row["ChargePeriodStart"] == datetime(2026, 10, 1)
    assert row["Tags"] == {"team": "x"}
    assert row["SkuPriceDetails"] == {"GpuCount": "1", "InstanceType": "g6"}


def test_parquet_tags_as_a_list_of_pairs(tmp_path: Path) -> None:
    import pyarrow as pa

    pairs = pa.array([[{"key": "team", "value": "x"}]])
    assert _one(tmp_path, _parquet(tmp_path / "b.parquet", Tags=pairs))["Tags"] == {"team": "x"}


def test_tags_that_repeat_are_read_once_and_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [
        '{"a": 1}',
        '{"a": 1, "a": 2}',
        '[{"key": "k", "value": "v"}]',
        "null",
        "nope",
        "",
        None,
        '{"n": {"x": [1]}, "z": null}',
    ]
    path = tmp_path / "b.parquet"
    load = _parquet(path, rows=8 * len(texts), Tags=texts * 8)
    found, tables = [], []
    for least in (1, 10**9):
        monkeypatch.setattr(repeated_maps, "_LEAST_ROWS", least)
        ledger = tmp_path / f"{least}.duckdb"
        with open_writer(ledger) as writer:
            done = Intake(writer).take("bills", part_of(path), [load])
            tables.append(len(writer.query("SELECT 1 FROM duckdb_tables() WHERE table_name LIKE 'finops_texts_%'")))
        found.append((done.notes, [row["Tags"] for row in charges(ledger)]))
    assert tables == [1, 0]
    assert found[0] == found[1]
    assert found[0][1].count({"a": "1"}) == 16


def test_maps_that_are_made_of_other_columns_are_read_once_and_read_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow as pa

    tags = [[("user_a", "1")], [("user_a", "1"), ("a", "2")], [("k", "v"), ("k", "w")], [("n", None)], [], None, [("'\"", "\\")]]
    names = ["x", None, "x", "y", "x", "x", "y"]
    maps = pa.array(tags * 8, pa.map_(pa.string(), pa.string()))
    path, found, tables = tmp_path / "b.parquet", [], []
    load = _parquet(path, rows=8 * len(tags), t=maps, n=names * 8)
    made = "regexp_replace(CAST(to_json(\"t\") AS VARCHAR), '\"user_', '\"', 'g')"
    more = f'CASE WHEN "n" = \'y\' THEN \'{{"y": 1}}\' WHEN "n" = \'"t"\' THEN NULL ELSE {made} END'
    columns = {**load.data.columns, "Tags": made, "SkuPriceDetails": more}  # type: ignore[union-attr]
    own = {name: sql for name, sql in columns.items() if name not in ("t", "n")}
    scan = replace(load.data, columns=own)  # type: ignore[type-var]
    for least in (1, 10**9):
        monkeypatch.setattr(repeated_maps, "_LEAST_ROWS", least)
        ledger = tmp_path / f"{least}.duckdb"
        with open_writer(ledger) as writer:
            done = Intake(writer).take("bills", part_of(path), [Load("charge", scan)])
            tables.append(len(writer.query("SELECT 1 FROM duckdb_tables() WHERE table_name LIKE 'finops_texts_%'")))
        found.append((done.notes, [(row["Tags"], row["SkuPriceDetails"]) for row in charges(ledger)]))
    assert tables == [2, 0]
    assert found[0] == found[1]
    assert found[0][1].count(({"a": "1"}, {"a": "1"})) == 16
    assert found[0][1].count(({"n": None}, {"y": "1"})) == 8


def test_amounts_that_are_alike_keep_their_own_values_and_faults(tmp_path: Path) -> None:
    costs = ["1.5", "1.50", "x", "2", "1_0", "NULL"]
    same, other = [*costs[:2], "x", "2", "1_0", "NULL"], ["1.5", "1.5", "1", "nope", "3", "7"]
    load = _parquet(tmp_path / "b.parquet", rows=6, EffectiveCost=same, ListCost=other, BilledCost=costs)
    ledger = tmp_path / "l.duckdb"
    with open_writer(ledger) as writer:
        Intake(writer).take("bills", part_of(tmp_path / "b.parquet"), [load])
    rows = charges(ledger)
    assert [(row["BilledCost"], row["EffectiveCost"], row["ListCost"]) for row in rows] == [(Decimal("1.5"),) * 3] * 2
    assert [(row, column, text) for row, column, _, text in rejects(ledger)] == [
        (3, "BilledCost", "x"),
        (4, "ListCost", "nope"),
        (5, "BilledCost", "1_0"),
        (6, "BilledCost", None),
    ]


def test_parts_hold_what_the_file_says_and_nothing_else(tmp_path: Path) -> None:
    row = _one(tmp_path, _parquet(tmp_path / "b.parquet"))
    assert set(row) >= set(CHARGE.names)
    part = next((tmp_path / "l.duckdb.d").glob("charge-*.parquet"))
    with open_writer(tmp_path / "l.duckdb") as writer:
        columns = {found["column_name"] for found in writer.query(f"DESCRIBE SELECT * FROM read_parquet('{part}')")}
    assert len(columns & set(CHARGE.names)) == 6


def test_a_load_takes_few_threads_with_small_row_groups_and_gives_them_back(tmp_path: Path) -> None:
    load = _parquet(tmp_path / "b.parquet", rows=30_000)
    with open_writer(tmp_path / "l.duckdb", threads=16) as writer:
        Intake(writer).take("bills", part_of(tmp_path / "b.parquet"), [load])
        assert writer.query("SELECT current_setting('threads') AS n") == [{"n": 16}]
        part = next((tmp_path / "l.duckdb.d").glob("charge-*.parquet"))
        sizes = writer.query(f"SELECT DISTINCT row_group_id, row_group_num_rows AS n FROM parquet_metadata('{part}')")
    assert sum(size["n"] for size in sizes) == 30_000
    assert max(size["n"] for size in sizes) <= 98_304 // 4


def test_amounts_whose_sum_can_not_be_kept_are_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="can't be added up"):
        loaded(tmp_path, *[line(cost="9" * 26 + ".0000000000001")] * 3, *[line(cost="9" * 26)] * 2)


@pytest.mark.parametrize("cost", [float("nan"), float("inf"), 1e300])
def test_parquet_doubles_that_are_no_amount(tmp_path: Path, cost: float) -> None:
    load = _parquet(tmp_path / "b.parquet", BilledCost=[cost])
    with pytest.raises(DataError, match="none of the rows"):
        _one(tmp_path, load)


def test_jsonl(tmp_path: Path) -> None:
    path = tmp_path / "o.jsonl"
    path.write_text(
        '{"run": "r1", "t": "2026-10-01T00:00:00Z", "ok": true, "v": 1.50, "x": {"a": 1}}\n'
        '{"run": "r2", "t": "2026-10-01T00:00:00Z", "ok": "maybe"}\n{"run": null, "t": "2026-10-02", "v": null}\n'
    )
    scan = TableScan(
        path, "jsonl", ("run", "t", "ok", "v", "x"), {"run": '"run"', "time": '"t"', "accepted": '"ok"', "value": '"v"'}
    )
    ledger = tmp_path / "l.duckdb"
    with open_writer(ledger) as writer:
        load_batch(writer, Load("outcome", scan), delivery_id=1, ingest=1, where=str(path))
        found = writer.query("SELECT run, accepted, value, batch_id, part_row FROM outcome ORDER BY part_row")
    assert [tuple(row.values()) for row in found] == [("r1", True, Decimal("1.5"), 1, 1), (None, None, None, 1, 3)]
    assert rejects(ledger) == [(2, "accepted", "neither true nor false", "maybe")]


def _batches(costs: list[str]) -> Iterator[Any]:
    import pyarrow as pa

    schema = arrow_schema("charge")
    now = datetime(2026, 10, 1)
    fixed = {"BillingCurrency": "USD", "BillingPeriodStart": now, "ChargePeriodStart": now, "Tags": [("k", "v")]}
    for cost in costs:
        yield pa.RecordBatch.from_pylist(
            [{name: (fixed | {"BilledCost": cost}).get(name) for name in CHARGE.names}], schema=schema
        )


def test_arrow_batches_and_the_rejects_of_their_source(tmp_path: Path) -> None:
    ledger = tmp_path / "l.duckdb"
    load = Load("charge", _batches(["1.5", "oops", "2"]), [Reject(9, "torn line", text="{")])
    with open_writer(ledger) as writer:
        done = load_batch(writer, load, delivery_id=1, ingest=1, where="x")
    assert (done.rows, done.rejected) == (2, 2)
    assert rejects(ledger) == [(2, "BilledCost", "not a plain number", "oops"), (9, None, "torn line", "{")]


def test_what_a_source_raises_while_it_streams_is_what_the_user_sees(tmp_path: Path) -> None:
    def torn() -> Iterator[Any]:
        yield from _batches(["1"])
        raise DataError("the file ends in the middle", hint="fetch it again")

    with pytest.raises(DataError, match="the file ends in the middle"), open_writer(tmp_path / "l.duckdb") as writer:
        load_batch(writer, Load("charge", torn()), delivery_id=1, ingest=1, where="x")


_COSTS = st.one_of(
    st.decimals(min_value=-(10**9), max_value=10**9, places=28, allow_nan=False).map(lambda d: f"{d:f}"),
    st.decimals(min_value=-(10**13), max_value=10**13, places=3, allow_nan=False).map(lambda d: f"{d:f}"),
    st.builds(lambda m, e: f"{m}e{e}", st.integers(-(10**6), 10**6), st.integers(-60, 9)),
    st.sampled_from(["0", ".5", "5.", "+1", "-0.0000000000004999", "0.0000000000005", "1.81E-8", "1E+05"]),
)


@settings(max_examples=40)
@given(st.lists(_COSTS, min_size=1, max_size=12))
@example(["0." + "1" * 70, "-99999999999999999999.123456789012", "1e-99"])
def test_source_total_is_the_exact_sum_of_the_text(costs: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        ledger = loaded(Path(folder), *(line(cost, currency="EUR" if n % 3 else "USD") for n, cost in enumerate(costs)))
        with open_reader(ledger) as reader:
            rows = reader.query("SELECT currency, source_total, rounding, stored FROM control ORDER BY currency")
            stored = reader.query("SELECT BillingCurrency AS c, sum(BilledCost) AS s FROM charge GROUP BY c ORDER BY c")
    with localcontext(prec=300):
        for row in rows:
            own = [Decimal(cost) for n, cost in enumerate(costs) if (n % 3 > 0) == (row["currency"] == "EUR")]
            assert Decimal(row["source_total"]) == sum(own, Decimal(0))
            assert Decimal(row["rounding"]) == row["stored"] - Decimal(row["source_total"])
            assert abs(Decimal(row["rounding"])) <= Decimal("5e-13") * len(own)
    assert [(r["currency"], r["stored"]) for r in rows] == [(r["c"], r["s"]) for r in stored]
