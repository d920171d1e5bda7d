"""Recognising files: by content, never by belief, and never with a traceback."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError, UsageError
from finops.sources import MODULES, names, source
from finops.sources.base import Pattern
from finops.sources.detect import matches, recognise
from finops.sources.glimpse import glimpse
from tests.kits.source_kit import FOCUS, OUTCOMES, loads

ENDINGS = (".csv", ".json", ".jsonl", ".parquet", ".csv.gz", ".jsonl.zst", ".txt")
STARTS = (b"", b"PAR1", b"\x1f\x8b", b"{", b"[", b"\xef\xbb\xbf", FOCUS.splitlines()[0].encode() + b"\n", b'{"resourceSpans":[')


def write(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_names_and_modules() -> None:
    assert names()[: len(MODULES)] == MODULES
    assert all(source(name).name == name for name in names())


def test_an_unknown_source_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError) as error:
        source("outcome")
    assert error.value.hint == "did you mean `outcomes`?"


def test_a_wrong_source_is_refused_and_the_right_one_named(tmp_path: Path) -> None:
    path = write(tmp_path, "bill.csv", FOCUS)
    with pytest.raises(UsageError, match="not `outcomes`") as error:
        recognise(path, "outcomes")
    assert "--source focus" in (error.value.hint or "")


def test_two_claims_are_an_error_that_names_both(tmp_path: Path) -> None:
    path = write(tmp_path, "both.csv", "hour,agent,accepted,gpu_seconds\n2026-10-01T00:00:00Z,a,true,1\n")
    with pytest.raises(DataError, match="`outcomes` and `meters`"):
        recognise(path, None)
    assert recognise(path, "meters").name == "meters"
    assert recognise(path, "outcomes").name == "outcomes"


def test_a_file_under_another_name_is_told_how_to_be_named(tmp_path: Path) -> None:
    path = write(tmp_path, "bill.txt", FOCUS)
    with pytest.raises(DataError, match="`focus` under another name") as error:
        recognise(path, None)
    assert ".csv" in (error.value.hint or "")
    assert recognise(path, "focus").name == "focus"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('{"spans":[{"name":"call_llm","context":{"trace_id":1},"start_time":1}]}', "`spans` of an SDK dump, not OTLP"),
        ('{"a":1}', "JSON with the keys a"),
        ("[" * 2000, "nested more than 500 levels"),
    ],
)
def test_json_that_no_source_reads_is_described(tmp_path: Path, text: str, what: str) -> None:
    with pytest.raises(DataError, match=what) as error:
        recognise(write(tmp_path, "x.json", text), None)
    assert error.value.hint


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("lineItem/UnblendedCost,bill/BillType", "AWS Cost and Usage Report"),
        ("MeterCategory,ResourceGroup,CostInBillingCurrency", "Azure cost export"),
        ("ChargeCategory,BillingCurrency,Cost", "FOCUS data without BilledCost"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens", "trace of request lengths"),
        ("a,b,c", "a table with the columns a, b, c"),
    ],
)
def test_tables_that_no_source_reads_are_described(tmp_path: Path, header: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        recognise(write(tmp_path, "x.csv", f"{header}\n1,2,3\n"), None)


def test_the_sdk_dumps_are_not_otlp(shared_file: Callable[[str], Path]) -> None:
    for path in sorted(shared_file("traces/any_agent").glob("*.json")):
        with pytest.raises(DataError, match="JSON with `spans` of an SDK dump, not OTLP"):
            recognise(path, None)


def test_every_focus_file_that_is_at_hand_is_recognised(shared_file: Callable[[str], Path]) -> None:
    for path in sorted(shared_file("focus").rglob("*.csv")):
        assert recognise(path, None).name == "focus"


def test_a_path_that_is_not_there_and_a_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "nowhere.csv", tmp_path, tmp_path / ("n" * 300)):
        with pytest.raises(FinopsError) as error:
            recognise(path, None)
        assert error.value.where is not None


def test_a_header_is_read_without_regard_to_case_blanks_or_delimiter(tmp_path: Path) -> None:
    text = "\ufeff\n" + OUTCOMES.replace(",", ";").replace("run_id", " RUN_ID ")
    path = write(tmp_path, "o.csv", text)
    assert recognise(path, None).name == "outcomes"
    ((load, rows),) = loads(source("outcomes"), path)
    assert rows is not None
    assert [row["run"] for row in rows] == ["r1", "r2"]
    assert load.rejects == []


def test_a_look_at_a_huge_line_reads_little(tmp_path: Path) -> None:
    path = tmp_path / "huge.csv"
    with path.open("wb") as stream:
        stream.write(b"a,")
        stream.truncate(1 << 30)
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(DataError):
        recognise(path, None)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 32 << 20


def test_a_pattern_wants_all_that_it_names(tmp_path: Path) -> None:
    seen = glimpse(write(tmp_path, "x.csv", "a,B\n1,2\n"))
    assert matches(Pattern((".csv",), header_all=("A", "b")), seen)
    assert not matches(Pattern((".csv",), header_all=("a", "c")), seen)
    assert not matches(Pattern((".json",), header_all=("a",)), seen)
    assert not matches(Pattern((".csv",), header_any=("c",)), seen)
    assert matches(Pattern((".csv",), head_any=("a,", "zz"), head_all=("1",)), seen)


@given(st.sampled_from(ENDINGS), st.sampled_from(STARTS), st.binary(max_size=600), st.booleans())
def test_arbitrary_bytes_raise_nothing_but_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, ending: str, start: bytes, rest: bytes, packed: bool
) -> None:
    content = gzip.compress(start + rest) if packed and ending.endswith(".gz") else start + rest
    path = write(tmp_path_factory.mktemp("bytes"), f"x{ending}", content)
    with suppress(FinopsError):
        recognise(path, None)
    for name in MODULES:
        with suppress(FinopsError):
            loads(source(name), path)
