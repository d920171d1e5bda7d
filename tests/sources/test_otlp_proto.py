"""OTLP traces as Protobuf behind lengths: the same rows as JSON, and nothing that damage could break."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError
from finops.sources import otlp
from finops.sources.base import Load
from finops.sources.detect import recognise
from finops.sources.otlp_proto import SOURCE
from finops.sources.otlp_reading import frames as otlp_frames
from tests.sources.otlp_encoding import framed, span, traces

ROOT = Path(__file__).resolve().parent.parent.parent
START = 1_793_599_200_000_000_000
Row = dict[str, Any]


def read(path: Path, source: Any = SOURCE) -> tuple[list[Row], Load]:
    (part,) = source.parts(path, path.parent)
    (load,) = source.open(part, {})
    return [row for batch in load.data for row in batch.to_pylist()], load


def read_bytes(folder: Path, content: bytes) -> tuple[list[Row], Load]:
    path = folder / "traces.pb"
    path.write_bytes(content)
    return read(path)


def one_span(index: int, *attributes: Row, **fields: Any) -> Row:
    ids = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": f"{index + 1:016x}"}
    times = {"startTimeUnixNano": str(START + index), "endTimeUnixNano": str(START + index + 10**9)}
    return {**ids, "name": "chat m", **times, "attributes": list(attributes), **fields}


def document(*spans: Row) -> Row:
    resource = {"attributes": [{"key": "tenant.id", "value": {"stringValue": "acme"}}]}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": list(spans)}]}]}


def by_span(rows: list[Row]) -> list[Row]:
    return sorted(rows, key=lambda row: (row["trace"] or "", row["span"] or "", str(row)))


def test_the_sample_company_reads_alike_in_both_forms(tmp_path: Path) -> None:
    with gzip.open(ROOT / "sample_data/traces/agents-2026-07.jsonl.gz") as stream:
        lines = [line for line, _ in zip(stream, range(120), strict=False)]
    (tmp_path / "traces.jsonl").write_bytes(b"".join(lines))
    (tmp_path / "traces.pb").write_bytes(framed(*(traces(json.loads(line)) for line in lines)))
    assert recognise(tmp_path / "traces.pb", None).name == "otlp_proto"
    as_json, _ = read(tmp_path / "traces.jsonl", otlp.SOURCE)
    as_protobuf, load = read(tmp_path / "traces.pb")
    assert by_span(as_protobuf) == by_span(as_json)
    assert load.rejects == []
    assert len(as_json) > 1000


NAMES = st.sampled_from(
    [
        "gen_ai.operation.name",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "tenant.id",
        "cache.hit",
        "tool.name",
        "x",
    ]
)
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map(lambda text: {"stringValue": text}),
    st.integers(-(2**63), 2**63 - 1).map(lambda number: {"intValue": str(number)}),
    st.floats(allow_nan=False, allow_infinity=False).map(lambda number: {"doubleValue": number}),
    st.booleans().map(lambda truth: {"boolValue": truth}),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=3), max_size=3).map(
        lambda texts: {"arrayValue": {"values": [{"stringValue": text} for text in texts]}}
    ),
)
ATTRIBUTES = st.lists(st.builds(lambda key, value: {"key": key, "value": value}, NAMES, VALUES), max_size=5)


@given(st.lists(ATTRIBUTES, min_size=1, max_size=12), st.sampled_from([None, 0, 1, 2]))
def test_any_span_reads_alike_in_both_forms(
    tmp_path_factory: pytest.TempPathFactory, all_attributes: list[list[Row]], code: int | None
) -> None:
    folder = tmp_path_factory.mktemp("both")
    spans = [one_span(index, *attributes, status={"code": code}) for index, attributes in enumerate(all_attributes)]
    (folder / "traces.jsonl").write_text(json.dumps(document(*spans)) + "\n", encoding="utf-8")
    as_json, first = read(folder / "traces.jsonl", otlp.SOURCE)
    as_protobuf, second = read_bytes(folder, framed(traces(document(*spans))))
    assert by_span(as_protobuf) == by_span(as_json)
    assert sorted(reject.column or "" for reject in second.rejects) == sorted(reject.column or "" for reject in first.rejects)


@pytest.mark.parametrize("kept", ["protobuf", "json"])
def test_messages_compressed_one_by_one(tmp_path: Path, kept: str) -> None:
    plain = [document(one_span(1)), document(one_span(2))]
    messages = [traces(one) if kept == "protobuf" else json.dumps(one).encode() for one in plain]
    path = tmp_path / "traces.jsonl"
    path.write_bytes(framed(*(pa.compress(message, "zstd", asbytes=True) for message in messages)))
    assert recognise(path, None).name == "otlp_proto"
    rows, load = read(path)
    assert [row["span"] for row in rows] == ["0000000000000002", "0000000000000003"]
    assert load.rejects == []


def test_a_message_cut_short_costs_only_itself(tmp_path: Path) -> None:
    whole = framed(traces(document(one_span(1))), traces(document(one_span(2))))
    rows, load = read_bytes(tmp_path, whole[:-5])
    assert [row["span"] for row in rows] == ["0000000000000002"]
    assert [(reject.row, "cut short" in reject.reason) for reject in load.rejects] == [(2, True)]


def test_a_damaged_span_costs_only_itself(tmp_path: Path) -> None:
    bad = one_span(2, {"key": "tenant.id", "value": {"stringValue": "###"}})
    message = traces(document(one_span(1), bad, one_span(3))).replace(b"###", b"\xff\xfe\xfd")
    rows, load = read_bytes(tmp_path, framed(message))
    assert [row["span"] for row in rows] == ["0000000000000002", "0000000000000004"]
    assert [reject.reason for reject in load.rejects] == ["this holds bytes that are not UTF-8"]


def test_metrics_are_told_from_traces(tmp_path: Path) -> None:
    metric = b"\x0a\x01m"  # a name, where a span has its trace
    scope = b"\x12" + bytes([len(metric)]) + metric
    resource = b"\x0a\x00\x12" + bytes([len(scope)]) + scope
    with pytest.raises(DataError, match="no traces can be read"):
        read_bytes(tmp_path, framed(b"\x0a" + bytes([len(resource)]) + resource))


def test_a_length_that_lies_and_a_bomb_cost_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(otlp_frames, "LONGEST_LINE", 8 << 20)
    bomb = pa.compress(b"\x0a" * (64 << 20), "zstd", asbytes=True)
    for content in (b"\x00\x7f\xff\xff\x0a\x04", framed(bomb), b"\x00" * (1 << 20)):
        tracemalloc.start()
        with pytest.raises(DataError):
            read_bytes(tmp_path, content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 24 << 20


@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_damage_raises_nothing_but_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, tail: bytes, at: int, byte: int
) -> None:
    content = bytearray(framed(traces(document(one_span(1, {"key": "tenant.id", "value": {"stringValue": "a"}}), one_span(2)))))
    content[at % len(content)] = byte
    for damaged in (bytes(content) + tail, framed(tail), framed(span(one_span(1)) + tail)):
        try:
            rows, _ = read_bytes(tmp_path_factory.mktemp("damaged"), damaged)
        except FinopsError:
            continue
        assert all(row["start_time"] is not None for row in rows)
