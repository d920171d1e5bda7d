"""The rules of an ingest call: repetition, replacement, pieces, overlaps, closed months, files that grow."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from finops.ledger.deliveries import Intake
from finops.ledger.store import open_reader, open_writer
from finops.sources.base import Load
from tests.ledger.small_bills import charge_load, charges, deliver, line, part_of, write_bill

SEPTEMBER = {"month": "2026-09", "invoice": "I-9"}
OCTOBER = {"month": "2026-10", "invoice": "I-10"}


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "ledger" / "finops.duckdb"


def total(ledger: Path) -> Decimal:
    return sum((row["BilledCost"] for row in charges(ledger)), Decimal(0))


def test_the_same_content_is_unchanged_whatever_its_name(ledger: Path, tmp_path: Path) -> None:
    rows = [line("1"), line("1")]
    (first,) = deliver(ledger, write_bill(tmp_path / "bill.csv", rows))
    before = ledger.read_bytes()
    again, renamed = deliver(ledger, write_bill(tmp_path / "bill.csv", rows), write_bill(tmp_path / "copy.csv", rows))
    assert (first.status, again.status, renamed.status) == ("loaded", "unchanged", "unchanged")
    assert first.amounts == {"USD": Decimal(2)}
    assert renamed.notes == ("the same content is loaded as bill.csv",)
    assert ledger.read_bytes() == before


def test_the_same_name_replaces_what_it_loaded(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("1"), line("2", day=2), line("3", account="b")]))
    (done,) = deliver(ledger, write_bill(tmp_path / "bill.csv", [line("10")]))
    assert done.status == "replaced"
    assert total(ledger) == 10


def test_content_that_was_replaced_may_come_back(ledger: Path, tmp_path: Path) -> None:
    old, new = [line("1")], [line("2")]
    for rows, status in ((old, "loaded"), (new, "replaced"), (old, "replaced"), (old, "unchanged")):
        (done,) = deliver(ledger, write_bill(tmp_path / "bill.csv", rows))
        assert done.status == status
    assert total(ledger) == 1


def test_a_known_name_with_quite_other_months_is_refused(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("1", month="2026-09")]))
    path = write_bill(tmp_path / "bill.csv", [line("2")])
    with pytest.raises(DataError, match="holds other periods now") as caught:
        deliver(ledger, path)
    assert "--as part" in (caught.value.hint or "")
    assert total(ledger) == 1
    deliver(ledger, path, how="part")
    assert total(ledger) == 3
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("5")]))  # replaces October's, leaves September's
    assert total(ledger) == 6
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("7", month="2026-11")]), how="replacement")
    assert total(ledger) == 7


def test_files_of_one_call_never_conflict(ledger: Path, tmp_path: Path) -> None:
    paths = [write_bill(tmp_path / f"{n}.csv", [line(str(n)), line(str(n))]) for n in (1, 2, 3)]
    assert {done.status for done in deliver(ledger, *paths)} == {"loaded"}
    assert total(ledger) == 12
    assert {done.status for done in deliver(ledger, *reversed(paths))} == {"unchanged"}


def test_a_new_name_that_overlaps_is_refused_with_both_ways_out(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "one.csv", [line("1"), line("2", day=2), line("4", account="b")]))
    before = ledger.read_bytes()
    two = write_bill(tmp_path / "two.csv", [line("8", day=2)])
    with pytest.raises(DataError) as caught:
        deliver(ledger, two)
    assert "account a in 2026-10 (2026-10-02)" in caught.value.what
    assert "`one.csv`" in caught.value.what
    assert "--as part" in (caught.value.hint or "")
    assert "--as replacement" in (caught.value.hint or "")
    assert ledger.read_bytes() == before
    deliver(ledger, two, how="part")
    assert total(ledger) == 15


@pytest.mark.parametrize(
    "change", [{"account": "b"}, {"day": 3}, {"month": "2026-11"}], ids=["another account", "another day", "another month"]
)
def test_what_does_not_overlap_stands_beside(ledger: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    deliver(ledger, write_bill(tmp_path / "one.csv", [line("1"), line("2", day=2)]))
    deliver(ledger, write_bill(tmp_path / "two.csv", [line("4", **change)]))
    assert total(ledger) == 7


def test_a_replacement_takes_the_days_that_it_covers_and_keeps_the_rest(ledger: Path, tmp_path: Path) -> None:
    rows = [line(str(day), day=day) for day in range(1, 7)]
    deliver(ledger, write_bill(tmp_path / "one.csv", [*rows, line("100", account="b"), line("0.5", month="2026-09")]))
    deliver(ledger, write_bill(tmp_path / "two.csv", [line("30", day=3), line("50", day=5)]), how="replacement")
    assert sorted(row["BilledCost"] for row in charges(ledger)) == [Decimal(x) for x in ("0.5", "1", "2", "6", "30", "50", "100")]
    with open_reader(ledger) as reader:
        assert reader.query(
            "SELECT sum(CAST(source_total AS DECIMAL(38, 2))) AS s FROM control JOIN batch USING (batch_id)"
            " WHERE superseded_by IS NULL"
        ) == [{"s": total(ledger)}]
    (done,) = deliver(ledger, write_bill(tmp_path / "one.csv", [*rows, line("100", account="b"), line("0.5", month="2026-09")]))
    assert done.status == "unchanged"


def test_batches_that_come_and_go_are_unbuilt(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("1", day=4)]))
    with open_writer(ledger) as writer:
        assert writer.unbuilt() == 1
        writer.execute("UPDATE batch SET built = true")
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("1", day=9)]))
    with open_reader(ledger) as reader:
        assert reader.unbuilt() == 2
        days = reader.query("SELECT DISTINCT day(day) AS d FROM slice JOIN batch USING (batch_id) WHERE NOT built ORDER BY d")
    assert [row["d"] for row in days] == [4, 9]


def test_a_closed_month_changes_only_with_consent(ledger: Path, tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    deliver(ledger, write_bill(bill, [line("1", **SEPTEMBER), line("2", **OCTOBER)]))
    deliver(ledger, write_bill(bill, [line("1", **SEPTEMBER), line("3", **OCTOBER)]))  # October is the newest: open
    before = ledger.read_bytes()
    write_bill(bill, [line("1.5", **SEPTEMBER), line("3", **OCTOBER)])
    with pytest.raises(DataError, match="a closed month: 2026-09") as caught:
        deliver(ledger, bill)
    assert caught.value.where == "2026-09 Issuer a: 1 -> 1.5 USD (+0.5)"
    assert "--restate 2026-09" in (caught.value.hint or "")
    assert ledger.read_bytes() == before
    old = {path.name for path in Path(f"{ledger}.d").iterdir()}
    with open_writer(ledger) as writer:
        intake = Intake(writer, restate=["2026-09"])
        intake.take("bills", part_of(bill), [charge_load(bill)])
        assert intake.finish() == ["restated: 2026-09 Issuer a: 1 -> 1.5 USD (+0.5)"]
    assert total(ledger) == Decimal("4.5")
    assert old < {path.name for path in Path(f"{ledger}.d").iterdir()}


def test_a_closed_month_may_be_delivered_again_in_other_files_and_another_order(ledger: Path, tmp_path: Path) -> None:
    closed = [line("1", **SEPTEMBER), line("2", day=2, **SEPTEMBER)]
    deliver(ledger, write_bill(tmp_path / "bill.csv", [*closed, line("3", **OCTOBER)]))
    deliver(ledger, write_bill(tmp_path / "bill.csv", [*reversed(closed), line("4", **OCTOBER)]))
    assert total(ledger) == 7


def test_late_rows_of_a_closed_month_need_consent(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "a.csv", [line("1", **SEPTEMBER), line("2", **OCTOBER)]))
    late = write_bill(tmp_path / "late.csv", [line("5", day=20, **SEPTEMBER)])
    with pytest.raises(DataError, match="closed month"):
        deliver(ledger, late)
    deliver(ledger, late, how="part")
    assert total(ledger) == 8


def test_a_month_without_an_invoice_is_open(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("1", month="2026-09"), line("2")]))
    deliver(ledger, write_bill(tmp_path / "bill.csv", [line("9", month="2026-09"), line("2")]))
    assert total(ledger) == 11


def _calls(path: Path, offset: int) -> Load:
    import pyarrow as pa

    from finops.core.contracts import CALL
    from finops.sources.arrow_schema import arrow_schema

    lines = path.read_bytes()[offset:].decode().splitlines()
    rows = [{"span": text, "operation": "tool", "start_time": 1_790_000_000_000_000} for text in lines]
    batch = pa.RecordBatch.from_pylist([{n: row.get(n) for n in CALL.names} for row in rows], schema=arrow_schema("call"))
    return Load("call", iter([batch]))


def _take_log(ledger: Path, path: Path) -> tuple[int, str]:
    with open_writer(ledger) as writer:
        intake, part = Intake(writer), part_of(path)
        if known := intake.known("log", part):
            return 0, known.status
        offset = intake.offset("log", part)
        done = intake.take("log", part, [_calls(path, offset)], offset)
        intake.finish()
        return done.rows, done.status


def test_of_a_log_that_grew_only_the_tail_is_loaded(ledger: Path, tmp_path: Path) -> None:
    path = tmp_path / "calls.log"
    path.write_text("a\nb\n")
    assert _take_log(ledger, path) == (2, "loaded")
    path.write_text("a\nb\nc\n")
    assert _take_log(ledger, path) == (1, "loaded")
    assert _take_log(ledger, path) == (0, "unchanged")
    with open_reader(ledger) as reader:
        rows = reader.query("SELECT span, part_row FROM call ORDER BY part_row")
    assert [tuple(row.values()) for row in rows] == [("a", 1), ("b", 2), ("c", 3)]
    path.write_text("x\nb\nc\nd\n")  # rewritten: whole again
    assert _take_log(ledger, path) == (4, "replaced")
    path.write_text("x\nb\nc\nd")
    assert _take_log(ledger, path) == (4, "replaced")  # shorter
    path.write_text("x\nb\nc\nd2\n")  # its last line was torn
    assert _take_log(ledger, path) == (4, "replaced")
    with open_reader(ledger) as reader:
        assert [row["span"] for row in reader.query("SELECT span FROM call ORDER BY span")] == ["b", "c", "d2", "x"]


ROWS = st.lists(
    st.builds(
        line,
        st.decimals(min_value=-100, max_value=100, places=13, allow_nan=False).map(lambda d: f"{d:f}"),
        account=st.sampled_from(["a", "b"]),
        currency=st.sampled_from(["USD", "EUR"]),
        month=st.sampled_from(["2026-09", "2026-10"]),
        day=st.integers(1, 28),
        tags=st.sampled_from(["", '{"t": "1"}']),
    ),
    min_size=1,
    max_size=10,
)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=15)
@given(ROWS)
def test_p4_twice_is_once(rows: list[tuple[str, ...]]) -> None:
    with _folder() as home:
        path = write_bill(home / "bill.csv", rows)
        deliver(home / "l.duckdb", path)
        once = charges(home / "l.duckdb")
        deliver(home / "l.duckdb", path)
        assert charges(home / "l.duckdb") == once


@settings(max_examples=15)
@given(ROWS, ROWS)
def test_p5_the_later_version_stands(first: list[tuple[str, ...]], second: list[tuple[str, ...]]) -> None:
    assume({row[0:3:2] for row in first} & {row[0:3:2] for row in second})
    with _folder() as home:
        deliver(home / "l.duckdb", write_bill(home / "bill.csv", first))
        deliver(home / "l.duckdb", write_bill(home / "bill.csv", second))
        deliver(home / "only.duckdb", home / "bill.csv")
        assert charges(home / "l.duckdb") == charges(home / "only.duckdb")


@settings(max_examples=15)
@given(ROWS, st.integers(2, 4), st.booleans(), st.randoms(use_true_random=False))
def test_p6_pieces_in_any_order_are_the_whole(rows: list[tuple[str, ...]], pieces: int, calls: bool, chance: Any) -> None:
    parts = [part for n in range(pieces) if (part := rows[n::pieces])]
    assume(len({tuple(part) for part in parts}) == len(parts))
    with _folder() as home:
        paths = [write_bill(home / f"{n}.csv", part) for n, part in enumerate(parts)]
        chance.shuffle(paths)
        for call in [[path] for path in paths] if calls else [paths]:
            deliver(home / "l.duckdb", *call, how="part")
        deliver(home / "whole.duckdb", write_bill(home / "bill.csv", rows))
        assert charges(home / "l.duckdb") == charges(home / "whole.duckdb")


def test_replacements_of_one_call_are_settled_together_in_any_order(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "one.csv", [line(str(day), day=day) for day in range(1, 8)]))
    new = [write_bill(tmp_path / f"{day}.csv", [line(f"{day}0", day=day)]) for day in (3, 5)]
    deliver(ledger, *new, how="replacement")
    assert sorted(row["BilledCost"] for row in charges(ledger)) == [1, 2, 4, 6, 7, 30, 50]


@pytest.mark.parametrize("backwards", [True, False])
def test_what_one_file_gives_up_another_of_the_call_may_bring(ledger: Path, tmp_path: Path, backwards: bool) -> None:
    deliver(ledger, write_bill(tmp_path / "m.csv", [line("1"), line("2", day=2)]))
    files = [write_bill(tmp_path / "a.csv", [line("2", day=2)]), write_bill(tmp_path / "m.csv", [line("1")])]
    deliver(ledger, *(files[::-1] if backwards else files))
    assert total(ledger) == 3
