"""Traces, metrics and logs as Protobuf behind lengths: told apart by their fields alone, and read to the rows of their JSON."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from finops.errors import DataError, UsageError
from finops.sources import otlp, source
from finops.sources.base import Load
from finops.sources.detect import recognise
from finops.sources.otlp_reading.frames import frames
from tests.kits.source_kit import FILES, ROOT, loads
from tests.sources.otlp_encoding import framed, traces
from tests.sources.otlp_official import documents, encoded

JSON = {
    "otlp_metrics": FILES / "otlp_metrics/metrics.jsonl",
    "otlp_logs": FILES / "otlp_logs/logs.jsonl",
}
SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "startTimeUnixNano": "1793599260000000000"}
WAYS: dict[str, Callable[[list[bytes]], tuple[str, bytes]]] = {
    "plain": lambda messages: (".pb", framed(*messages)),
    "each message compressed": lambda messages: (".data", framed(*(zstd(one) for one in messages))),
    "gzip": lambda messages: (".pb.gz", gzip.compress(framed(*messages))),
    "zstd": lambda messages: (".pb.zst", zstd(framed(*messages))),
    "named as JSON": lambda messages: (".json", framed(*messages)),
}


def zstd(content: bytes) -> bytes:
    packed: bytes = pa.compress(content, "zstd", asbytes=True)
    return packed


def messages(name: str) -> list[bytes]:
    """What the official classes made of the sample in JSON."""
    with JSON[name].with_suffix(".pb").open("rb") as stream:
        return [frame.data or b"" for frame in frames(stream)]


def shown(found: list[tuple[Load, list[dict[str, Any]] | None]]) -> list[tuple[str, list[str], list[str]]]:
    return [(load.contract, sorted(map(str, rows or [])), load.notes) for load, rows in found]


def spans(*, like: int) -> list[dict[str, Any]]:
    with gzip.open(ROOT / "sample_data/traces/agents-2026-07.jsonl.gz") as stream:
        return [json.loads(line) for line, _ in zip(stream, range(like), strict=False)]


@pytest.mark.parametrize("way", sorted(WAYS))
@pytest.mark.parametrize("name", sorted(JSON))
def test_each_signal_is_recognised_and_reads_as_its_json_does(tmp_path: Path, name: str, way: str) -> None:
    suffix, content = WAYS[way](messages(name))
    path = tmp_path / f"export{suffix}"
    path.write_bytes(content)
    assert recognise(path, None).name == name
    found = loads(source(name), path)
    assert shown(found) == shown(loads(source(name), JSON[name]))
    assert all(load.rejects == [] for load, _ in found)


@pytest.mark.parametrize("name", sorted(JSON))
def test_the_samples_are_what_the_official_classes_write(name: str) -> None:
    assert messages(name) == [encoded(one) for one in documents(JSON[name])]


@pytest.mark.parametrize("name", sorted(JSON))
def test_messages_of_json_behind_lengths(tmp_path: Path, name: str) -> None:
    path = tmp_path / "export.json"
    path.write_bytes(framed(*(zstd(json.dumps(one).encode()) for one in documents(JSON[name]))))
    assert recognise(path, None).name == name
    assert shown(loads(source(name), path)) == shown(loads(source(name), JSON[name]))


def test_official_traces_read_as_their_json_does(tmp_path: Path) -> None:
    given = spans(like=60)
    (tmp_path / "traces.pb").write_bytes(framed(*(encoded(one) for one in given)))
    (tmp_path / "traces.jsonl").write_text("".join(json.dumps(one) + "\n" for one in given), encoding="utf-8")
    assert recognise(tmp_path / "traces.pb", None).name == "otlp_proto"
    as_protobuf, as_json = loads(source("otlp_proto"), tmp_path / "traces.pb"), loads(otlp.SOURCE, tmp_path / "traces.jsonl")
    assert shown(as_protobuf) == shown(as_json)
    assert len(as_json[0][1] or []) > 500


def test_every_kind_of_point_reads_as_its_json_does(tmp_path: Path) -> None:
    times = {"startTimeUnixNano": "1793599200000000000", "timeUnixNano": "1793599260000000000"}
    kinds = {
        "gauge": {"dataPoints": [{**times, "asDouble": 0.25}, {**times, "asInt": "-3"}, {**times, "flags": 1}]},
        "sum": {"aggregationTemporality": 2, "isMonotonic": True, "dataPoints": [{**times, "asInt": str(2**62)}]},
        "histogram": {"aggregationTemporality": 2, "dataPoints": [{**times, "count": "2", "sum": 1.5, "bucketCounts": ["2"]}]},
        "exponentialHistogram": {"aggregationTemporality": 1, "dataPoints": [{**times, "count": "2", "sum": 1.5, "scale": -1}]},
        "summary": {"dataPoints": [{**times, "count": "2", "sum": 1.5}]},
    }
    metrics = [{"name": f"queue.{kind}", "unit": "1", kind: points} for kind, points in kinds.items()]
    document = {"resourceMetrics": [{"scopeMetrics": [{"metrics": metrics}]}]}
    (tmp_path / "m.jsonl").write_text(json.dumps(document) + "\n", encoding="utf-8")
    (tmp_path / "m.pb").write_bytes(framed(encoded(document)))
    one = source("otlp_metrics")
    assert recognise(tmp_path / "m.pb", None).name == "otlp_metrics"
    assert shown(loads(one, tmp_path / "m.pb")) == shown(loads(one, tmp_path / "m.jsonl"))
    assert loads(one, tmp_path / "m.pb")[0][1]


def test_a_damaged_metric_or_record_costs_only_itself(tmp_path: Path) -> None:
    for name in sorted(JSON):
        first, second = messages(name)
        mark = b"claude_code.token.usage" if name == "otlp_metrics" else b"gen_ai.evaluation.name"
        path = tmp_path / f"{name}.pb"
        path.write_bytes(framed(first.replace(mark, b"\xff" * len(mark)), second))
        found = loads(source(name), path)
        assert [(r.row, r.reason) for load, _ in found for r in load.rejects] == [(1, "this holds bytes that are not UTF-8")]
        assert any(rows for _, rows in found)


def test_a_wrong_source_is_refused_with_the_right_one_named(tmp_path: Path) -> None:
    path = tmp_path / "export.pb"
    path.write_bytes((FILES / "otlp_metrics/metrics.pb").read_bytes())
    with pytest.raises(UsageError, match="otlp_metrics") as error:
        recognise(path, "otlp_proto")
    assert "--source otlp_metrics" in (error.value.hint or "")


def test_messages_that_may_be_any_signal_say_so(tmp_path: Path) -> None:
    path = tmp_path / "export.pb"
    path.write_bytes(framed(b"\x0a\x09\x0a\x00\x12\x05\x12\x03\x2a\x01x"))  # one item: a field 5 of text, which each signal has
    with pytest.raises(DataError, match="claim this file") as error:
        recognise(path, None)
    assert error.value.hint == "say which it is: `--source otlp_metrics` or `--source otlp_logs`"
    assert recognise(path, "otlp_logs").name == "otlp_logs"


@pytest.mark.parametrize("content", [framed(b"\x0a\x00"), framed(b"\x0a\x04\x0a\x00\x12\x00", b"", b"\x0a\x00")])
def test_messages_that_hold_nothing_say_so(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "export.pb"
    path.write_bytes(content)
    with pytest.raises(DataError, match="hold no spans, metrics or log records"):
        recognise(path, None)


def test_other_messages_are_nobodys(tmp_path: Path) -> None:
    path = tmp_path / "export.pb"
    item = b"\x29" + b"\0" * 8  # a field 5 of 8 bytes, which none of them has
    path.write_bytes(framed(b"\x0a\x0f\x0a\x00\x12\x0b\x12\x09" + item))
    with pytest.raises(DataError, match="binary data"):
        recognise(path, None)


def test_a_first_message_that_is_longer_than_the_head_is_still_told(tmp_path: Path) -> None:
    long = {**SPAN, "attributes": [{"key": "x", "value": {"stringValue": "y" * (2 << 20)}}]}
    path = tmp_path / "export.pb"
    path.write_bytes(framed(traces({"resourceSpans": [{"scopeSpans": [{"spans": [long]}]}]})))
    assert recognise(path, None).name == "otlp_proto"
