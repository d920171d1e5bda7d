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
from tests.kits.source_kit import FOCUS, OUTCOMES, SAMPLES, loads, write_sample

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


def test_a_stranger_is_told_where_to_look_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError) as error:
        recognise(write(tmp_path, "x.csv", "a,b\n1,2\n"), None)
    hint = error.value.hint or ""
    assert "finops sources list" in hint
    assert "[[import]]" in hint
    assert len(hint) < 130


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("lineItem/UnblendedCost,bill/BillType", "AWS Cost and Usage Report"),
        ("MeterCategory,ResourceGroup,CostInBillingCurrency", "Azure cost export"),
        ("ChargeCategory,BillingCurrency,Cost", "FOCUS data without BilledCost"),
        ("TIMESTAMP,ContextTokens,GeneratedTokens", "trace of request lengths"),
        ("request_id,startTime,spend,model", "`litellm_logs` without `call_type`"),
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


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_names_that_mislead_and_wrong_sources_change_nothing(tmp_path: Path, name: str) -> None:
    """A file is what it holds: under the name of any other kind, and whatever `--source` says."""
    path = write_sample(name, tmp_path)
    (tmp_path / "misled").mkdir()
    others = {other for other, _ in SAMPLES.values() if Path(other).suffix == path.suffix}
    for other in sorted(others):
        misled = write(tmp_path / "misled", other, path.read_bytes())
        assert recognise(misled, None).name == name, other
    for wrong in MODULES[MODULES.index(name) % 3 :: 3]:
        if wrong != name:
            with pytest.raises(FinopsError) as error:
                recognise(path, wrong)
            assert f"`{wrong}`" in error.value.what
            assert f"`{name}`" in error.value.what
            assert f"--source {name}" in (error.value.hint or "")


KINDS = {"billing/aws_*.csv": "aws_cur", "billing/azure_*.csv": "azure_costs", "bench/llmperf/*/*.json": "llmperf"}
OTHERS = {
    "prices/*_ondemand_*": "a price list of instances",
    "prices/aws_spot_advisor*": "how often spot instances are interrupted",
    "prices/aws_instance_specs*": "a list of instance types",
    "traces/AzureLLM*": "a trace of request lengths",
    "traces/mooncake*": "a trace of request lengths",
    "outcomes/aider/*": "results of Aider's leaderboard",
    "forecast/*.parquet": "Parquet with the columns task",
}


@pytest.mark.parametrize("pattern", sorted(KINDS | OTHERS))
def test_real_files_are_recognised_or_refused_for_what_they_are(shared_file: Callable[[str], Path], pattern: str) -> None:
    folder, _, rest = pattern.partition("/")
    found = sorted(shared_file(folder).glob(rest))
    assert found
    for path in found[:8]:
        if pattern in KINDS:
            assert recognise(path, None).name == KINDS[pattern]
        else:
            with pytest.raises(DataError) as error:
                recognise(path, None)
            assert f"looks like {OTHERS[pattern]}" in error.value.what


@pytest.mark.parametrize(
    ("header", "what"),
    [
        ("ContractId,ContractCommitmentId,ContractCommitmentCategory,BillingCurrency", "ContractCommitment"),
        ("BillingPeriodStart,BillingPeriodEnd,BillingPeriodStatus,InvoiceIssuerName", "BillingPeriod"),
    ],
)
def test_datasets_of_focus_that_are_not_loaded_are_named(tmp_path: Path, header: str, what: str) -> None:
    with pytest.raises(DataError, match=f"the FOCUS dataset {what}.*not loaded"):
        recognise(write(tmp_path, "x.csv", f"{header}\n1,2,3,4\n"), None)


@pytest.mark.parametrize("text", ['{"FocusVersion":"1.2","SchemaId":"s"}', '{"ColumnDefinition":[{"ColumnName":"BilledCost"}]}'])
def test_metadata_beside_an_export_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError, match="FOCUS metadata") as error:
        recognise(write(tmp_path, "metadata.json", text), None)
    assert "files of data beside it" in (error.value.hint or "")


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
