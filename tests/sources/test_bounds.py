"""Hostile sizes: lines without an end, documents of a gigabyte, bombs and depths are refused or read in bounded memory."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from finops.errors import DataError
from finops.sources import base, files, glimpse, source
from finops.sources.detect import recognise
from finops.sources.otlp_reading import chunks as otlp_chunks
from finops.sources.otlp_reading import lines as otlp_lines
from finops.sources.otlp_reading import metrics_series as otlp_metrics_series
from finops.sources.otlp_reading import rows as otlp_rows
from tests.conftest import LONG
from tests.kits.source_kit import FOCUS, SAMPLES, loads, write_sample
from tests.sources.measured import read_apart
from tests.sources.otlp_encoding import framed

MIB = 1 << 20
GIGABYTE = 1024 * MIB if LONG else 320 * MIB
"""The size of a hostile file: writing the full one takes time."""
LINES = ("otlp", "otlp_metrics", "otlp_logs", "litellm_logs", "helicone", "portkey", "samples", "sglang_bench", "gcp_billing")
TABLES = ("meters", "outcomes", "oci_costs", "focus", "aws_cur", "azure_costs", "openrouter_activity", "locust", "work_table")


def sparse(path: Path, before: bytes, size: int, after: bytes = b"") -> Path:
    """A file with a hole: zeros that take no room on disk."""
    with path.open("wb") as stream:
        stream.write(before)
        stream.seek(size, 1)
        stream.write(after or b"\0")
    return path


def blanks(path: Path, before: bytes, size: int, after: bytes) -> Path:
    """A file with a gigabyte or so of blanks in one line."""
    with path.open("wb") as stream:
        stream.write(before)
        for _ in range(size // MIB):
            stream.write(b" " * MIB)
        stream.write(after)
    return path


def first_line(name: str, folder: Path) -> bytes:
    (folder / "sample").mkdir(exist_ok=True)
    return write_sample(name, folder / "sample").read_bytes().split(b"\n", 1)[0] + b"\n"


def test_a_line_of_a_gigabyte_takes_no_gigabyte_of_memory(tmp_path: Path) -> None:
    whole = first_line("otlp", tmp_path)
    read = read_apart(sparse(tmp_path / "big.jsonl", whole + b'{"x":"' + b" " * (2 * MIB), 1024 * MIB, b'"}\n' + whole))
    assert read.rows >= 2
    assert read.rejects == ["this line is longer than 128 MiB"]
    assert read.peak_mib < 700


@pytest.mark.parametrize("name", LINES if LONG else ("litellm_logs",))
def test_neither_does_a_line_of_another_source(tmp_path: Path, name: str) -> None:
    whole = first_line(name, tmp_path)
    path = blanks(tmp_path / "big.jsonl", whole + b'{"x":"', GIGABYTE, b'"}\n' + whole)
    read = read_apart(path)
    path.unlink()
    assert read.peak_mib < 1024
    assert read.rows or (read.error and read.hint) or name == "gcp_billing"  # that one the ledger reads itself
    if name in ("otlp", "litellm_logs", "helicone", "portkey"):
        assert read.rows >= 2
        assert any("is longer than" in reason for reason in read.rejects)


def test_such_a_line_is_one_reject_in_parallel_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_lines, "LONGEST_LINE", 50_000)
    monkeypatch.setattr(otlp_chunks, "LONGEST_LINE", 50_000)
    monkeypatch.setattr(otlp_chunks, "CHUNK_BYTES", 8192)
    whole = first_line("otlp", tmp_path)
    content = whole * 3 + b'{"x":"' + b" " * 200_000 + b'"}\n' + whole * 4
    path = tmp_path / "big.jsonl.gz"
    path.write_bytes(gzip.compress(content))
    with gzip.open(path) as stream:
        chunks = list(otlp_chunks.stream_chunks(stream, 0, b""))
    done = [otlp_chunks.read_chunk(chunk, ()) for chunk in chunks]
    assert sum(one.documents for one in done) == 7
    assert [len(one.rejects) for one in done if one.rejects] == [1]
    assert sum(one.lines for one in done) == 8
    assert chunks[-1].end == len(content)


def test_a_large_line_reads_as_a_small_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_sample("otlp", tmp_path)
    before = loads(source("otlp"), path)
    monkeypatch.setattr(otlp_rows, "LARGE_BYTES", 0)
    monkeypatch.setattr("finops.sources.otlp_reading.shape.SLICE", 3)
    after = loads(source("otlp"), path)
    assert sorted(map(str, after[0][1] or [])) == sorted(map(str, before[0][1] or []))
    assert after[0][0].rejects == before[0][0].rejects == []


def test_a_torn_line_of_a_gigabyte_is_taken_up_again_in_bounded_time(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(otlp_lines, "LONGEST_LINE", 1000)
    path = tmp_path / "torn.jsonl"
    path.write_bytes(b'{"a":1}\n{"b":"' + b" " * (4 * MIB))
    with path.open("rb") as stream:
        number, start, begun = otlp_lines.resume(stream, path.stat().st_size)
    assert (number, start, len(begun)) == (2, 8, 1001)


DOCUMENTS = {
    "traces.json": b'{\n  "resourceSpans": [\n',
    "observations.json": b'[\n  {"id": "o", "type": "GENERATION", "traceId": "t", "startTime": "2026-10-01T00:00:00Z",'
    b' "usageDetails": {}, "costDetails": {}},\n',
    "answer.json": b'{\n "status": "success", "data": {"resultType": "matrix", "result": [\n',
    "logs.json": b'{\n  "resourceLogs": [\n',
}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
def test_a_document_of_a_gigabyte_is_refused_with_a_hint(tmp_path: Path, name: str) -> None:
    read = read_apart(blanks(tmp_path / name, DOCUMENTS[name], GIGABYTE, b"]}\n"))
    (tmp_path / name).unlink()
    assert read.error is not None
    assert "MiB" in read.error
    assert read.hint
    assert read.peak_mib < 1024


def test_an_array_is_read_item_by_item(tmp_path: Path) -> None:
    item = {"id": "o", "type": "GENERATION", "traceId": "t", "startTime": "2026-10-01T00:00:00Z", "model": "m", "name": "n"}
    item |= {"usageDetails": {"input": 5, "output": 7}, "costDetails": {"total": 0.5}, "metadata": {"k": list(range(200))}}
    path = tmp_path / "observations.json"
    count = (90 if LONG else 30) * MIB // len(json.dumps(item))
    path.write_text("[" + ",\n".join([json.dumps(item)] * count) + "]", encoding="utf-8")
    read = read_apart(path)
    assert (read.rows, read.error) == (count, None)
    assert read.peak_mib < (700 if LONG else 400)


@pytest.mark.parametrize("name", TABLES if LONG else ("meters", "focus"))
def test_a_table_with_a_line_of_a_gigabyte_is_refused(tmp_path: Path, name: str) -> None:
    header, first = (write_sample(name, tmp_path).read_bytes().split(b"\n", 2))[:2]
    path = blanks(tmp_path / SAMPLES[name][0], header + b"\n" + first + b"\n1,", GIGABYTE, b"\n" + first + b"\n")
    read = read_apart(path)
    path.unlink()
    assert read.error is not None
    assert "longer than" in read.error
    assert read.peak_mib < 512


@pytest.mark.parametrize("packing", [".gz", ".zst"])
@pytest.mark.parametrize("name", ["bill.csv", "traces.jsonl", "spans.pb"])
def test_a_bomb_is_refused(tmp_path: Path, packing: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "BOMB_BYTES", 32 * MIB)
    starts = {"bill.csv": FOCUS.encode(), "traces.jsonl": b'{"resourceSpans":[]}\n', "spans.pb": framed(b"\x0a\x02\x12\x00")}
    path = tmp_path / f"{name}{packing}"
    content = starts[name] + b" " * (64 * MIB)
    path.write_bytes(gzip.compress(content, 1) if packing == ".gz" else pa.compress(content, "zstd", asbytes=True))
    one = source({"bill.csv": "focus", "traces.jsonl": "otlp", "spans.pb": "otlp_proto"}[name])
    with pytest.raises(DataError, match="unpacks to more than 200 times its size") as error:
        loads(one, path)
    assert path.name in (error.value.hint or "")


def test_a_bomb_of_real_size_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl.zst"
    with pa.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(b'{"resourceSpans":[]}\n')
        for _ in range(640):
            stream.write(b'{"resourceSpans":[]}\n' * (MIB // 21))
    assert path.stat().st_size < MIB
    read = read_apart(path)
    assert read.error is not None
    assert "unpacks to more than" in read.error
    assert read.peak_mib < 512


def test_a_parquet_file_that_claims_too_much_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bill.parquet"
    header = FOCUS.split("\n", 1)[0].split(",")
    pq.write_table(pa.table({name: pa.array(["1"]).take(pa.array([0] * 400_000)) for name in header}), path)
    assert recognise(path, None).name == "focus"
    monkeypatch.setattr(glimpse, "MOST_ROWS", 100_000)
    monkeypatch.setattr(glimpse, "ROWS_PER_BYTE", 10)
    with pytest.raises(DataError, match=r"claims to hold 400,000 rows"):
        recognise(path, None)


def test_points_that_would_fill_the_memory_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_metrics_series, "MOST_BYTES", 500)
    with pytest.raises(DataError, match="points of this file take more than") as error:
        loads(source("otlp_metrics"), write_sample("otlp_metrics", tmp_path))
    assert "rotate" in (error.value.hint or "")


def nested(name: str, depth: int) -> bytes:
    inner = b'{"a":' * depth + b"1" + b"}" * depth
    starts = {
        "otlp": b'{"resourceSpans":[{"resource":{"attributes":[{"key":"k","value":{"kvlistValue":%b}}]},"scopeSpans":[]}]}\n',
        "otlp_metrics": b'{"resourceMetrics":[{"resource":%b}]}\n',
        "otlp_logs": b'{"resourceLogs":[{"resource":%b}]}\n',
        "prometheus": b'{"status":"success","data":{"resultType":"matrix","result":[%b]}}\n',
        "k6": b'{"metrics":{"http_reqs":%b,"iterations":{}},"root_group":{},"state":{"testRunDurationMs":1}}\n',
    }
    return starts[name] % inner


@pytest.mark.parametrize("name", ["otlp", "otlp_metrics", "otlp_logs", "prometheus", "k6"])
def test_deep_nesting_is_an_error_or_a_reject(tmp_path: Path, name: str) -> None:
    path = tmp_path / SAMPLES[name][0]
    for depth in (2000, 100_000):
        path.write_bytes(nested(name, depth))
        try:
            found = loads(source(name), path)
        except DataError as error:
            assert error.hint  # noqa: PT017 either will do
        else:
            assert not any(rows for _, rows in found)


@pytest.mark.parametrize("name", ["otlp", "otlp_metrics", "otlp_logs", "otlp_proto", "litellm_logs", "samples", "meters"])
def test_a_flood_of_rejects_is_refused(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "MOST_REJECTS", 50)
    path = write_sample(name, tmp_path)
    path.write_bytes(path.read_bytes() + (framed(b"\x0a\x01") if name == "otlp_proto" else b"1\n") * 60)
    with pytest.raises(DataError, match="more than 50 rows can't be read; the first, row ") as error:
        loads(source(name), path)
    assert error.value.hint


def test_such_a_flood_takes_little_memory(tmp_path: Path) -> None:
    path = tmp_path / "traces.jsonl"
    path.write_bytes(first_line("otlp", tmp_path) + b"1\n" * (20 * MIB))
    read = read_apart(path, processes=2)
    assert "more than 200,000 rows can't be read" in (read.error or "")
    assert read.peak_mib < 512


@pytest.mark.parametrize("name", ["otlp", "otlp_logs", "otlp_metrics", "litellm_logs", "samples"])
def test_half_a_character_does_not_cost_its_line(tmp_path: Path, name: str) -> None:
    path = write_sample(name, tmp_path)
    whole = loads(source(name), path)
    halves = json.dumps({"x": "cut \ud83d", "y": "\\ud83d \U0001f600"})[1:]
    lines = [line for line in path.read_bytes().split(b"\n") if line][:3]
    path.write_bytes(b"".join(line[:-1].rstrip() + b", " + halves.encode() + b"\n" for line in lines))
    found = loads(source(name), path)
    assert all(load.rejects == [] for load, _ in found)
    assert [len(rows or []) > 0 for _, rows in found] == [len(rows or []) > 0 for _, rows in whole]


ODD: dict[str, Any] = {
    "nul": lambda content: content.replace(b"a", b"\0", 1),
    "utf16": lambda content: content.decode("utf-8", "replace").encode("utf-16"),
    "latin1": lambda content: content + "\xe9\n".encode("latin-1"),
    "utf8 bom": lambda content: b"\xef\xbb\xbf" + content,
    "crlf": lambda content: content.replace(b"\n", b"\r\n"),
    "cut": lambda content: content[: len(content) * 2 // 3],
}


@pytest.mark.parametrize("way", sorted(ODD))
@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_odd_encodings_give_rows_rejects_or_one_clear_error(tmp_path: Path, name: str, way: str) -> None:
    path = write_sample(name, tmp_path)
    path.write_bytes(ODD[way](path.read_bytes()))
    try:
        recognise(path, None)
        loads(source(name), path)
    except DataError as error:
        assert error.hint  # noqa: PT017 either will do


@pytest.mark.parametrize("packing", ["gzip", "zstd"])
@pytest.mark.parametrize("name", ["focus", "otlp", "otlp_proto", "litellm_logs"])
def test_a_packed_file_cut_anywhere_is_one_clear_error(tmp_path: Path, name: str, packing: str) -> None:
    path = write_sample(name, tmp_path)
    content = path.read_bytes()
    packed = gzip.compress(content) if packing == "gzip" else pa.compress(content, "zstd", asbytes=True)
    target = path.with_name(f"{path.name}{'.gz' if packing == 'gzip' else '.zst'}")
    for cut in range(5, len(packed) - 1, max(1, len(packed) // 23)):
        target.write_bytes(packed[:cut])
        with pytest.raises(DataError, match="cut short"):
            loads(source(name), target)


def test_a_parquet_file_cut_or_damaged_is_one_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "bill.parquet"
    header, row = FOCUS.split("\n", 2)[:2]
    pq.write_table(
        pa.table({name: [value] * 500 for name, value in zip(header.split(","), row.split(",", 7), strict=True)}), path
    )
    content = path.read_bytes()
    for cut in range(5, len(content) - 1, 97):
        path.write_bytes(content[:cut])
        with pytest.raises(DataError, match="Parquet"):
            recognise(path, None)
