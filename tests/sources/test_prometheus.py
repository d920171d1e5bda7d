"""Prometheus: answers as JSON and metrics as text become samples in the one vocabulary of signals."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources.base import Reject
from finops.sources.detect import recognise
from finops.sources.prometheus import SOURCE
from finops.sources.signal_names import MEANINGS, SIGNALS, SPLITS
from finops.sources.signals import Buckets, increases, named, quantile

T = 1_793_599_200
Row = dict[str, Any]


def read(tmp_path: Path, content: str, name: str = "x.json") -> tuple[list[Row], list[Reject], list[str]]:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert recognise(path, None).name == "prometheus"
    (part,) = SOURCE.parts(path, tmp_path)
    (load,) = SOURCE.open(part, {})
    rows = [row for batch in load.data for row in batch.to_pylist()]  # type: ignore[union-attr]
    return rows, load.rejects, load.notes


def answer(*series: tuple[dict[str, str], Sequence[tuple[float, str]]]) -> str:
    result = [{"metric": metric, "values": values} for metric, values in series]
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def shown(rows: list[Row]) -> list[tuple[str, float]]:
    return [(row["signal"], row["value"]) for row in rows]


def test_gauges_keep_their_gaps_and_drop_what_is_no_number(tmp_path: Path) -> None:
    points = [(T, "3"), (T + 60.5, "NaN"), (T + 120, "+Inf"), (T + 600.25, "5")]
    rows, rejects, notes = read(tmp_path, answer(({"__name__": "celery_queue_length", "queue_name": "gpu"}, points)))
    assert [(row["time"], row["value"]) for row in rows] == [
        (datetime(2026, 11, 2, 6, 0), 3.0),
        (datetime(2026, 11, 2, 6, 10, 0, 250_000), 5.0),
    ]
    assert {row["signal"] for row in rows} == {"queue_depth"}
    assert rows[0]["kind"] == "gauge"
    assert dict(rows[0]["labels"]) == {"queue": "gpu", "queue_name": "gpu"}
    assert (rejects, notes) == ([], ["2 points are NaN or infinite: left out"])


@pytest.mark.parametrize(
    ("name", "value", "signal", "right"),
    [
        ("vllm:num_requests_waiting", "4", "queue_depth", 4.0),
        ("sglang:num_queue_reqs", "4", "queue_depth", 4.0),
        ("tgi_queue_size", "4", "queue_depth", 4.0),
        ("nv_inference_pending_request_count", "4", "queue_depth", 4.0),
        ("vllm:kv_cache_usage_perc", "0.5", "kv_cache_used", 0.5),
        ("DCGM_FI_DEV_GPU_UTIL", "87", "gpu_utilisation", 0.87),
        ("DCGM_FI_DEV_FB_USED", "2", "gpu_memory_used", 2097152.0),
        ("serve_deployment_queued_queries", "1", "queue_depth", 1.0),
        ("ApproximateAgeOfOldestMessage", "31", "oldest_age_s", 31.0),
        ("kafka_consumergroup_lag", "9", "queue_depth", 9.0),
        ("rabbitmq_queue_messages_unacked", "9", "in_flight", 9.0),
        ("temporal_worker_task_slots_used", "9", "workers_busy", 9.0),
        ("keda_scaler_metrics_value", "9", "scaler_value", 9.0),
        ("my_own_metric", "9", "my_own_metric", 9.0),
        ("temporal_activity_schedule_to_start_latency", "9", "temporal_activity_schedule_to_start_latency", 9.0),
    ],
)
def test_names_of_many_systems_are_one_vocabulary(tmp_path: Path, name: str, value: str, signal: str, right: float) -> None:
    rows, _, _ = read(tmp_path, answer(({"__name__": name}, [(T, value)])))
    assert [row["signal"] for row in rows] == [signal]
    assert rows[0]["value"] == pytest.approx(right)


def test_a_counter_gives_what_it_gained_across_a_restart_and_a_gap(tmp_path: Path) -> None:
    points = [(T, "100"), (T + 60, "130"), (T + 600, "7"), (T + 660, "7")]
    rows, _, _ = read(tmp_path, answer(({"__name__": "vllm:prompt_tokens_total"}, points)))
    assert shown(rows) == [("tokens_input", 30.0), ("tokens_input", 7.0), ("tokens_input", 0.0)]
    assert {row["kind"] for row in rows} == {"counter"}


def test_a_counter_with_one_point_is_counted_not_guessed(tmp_path: Path) -> None:
    rows, _, notes = read(tmp_path, answer(({"__name__": "vllm:prompt_tokens_total"}, [(T, "100")])))
    assert rows == []
    assert notes == ["1 counters have one point only, so what they gained is unknown: left out"]


def test_a_histogram_gives_quantiles_of_what_came_between(tmp_path: Path) -> None:
    name = "vllm:e2e_request_latency_seconds"
    before, after = {"1": 10, "2": 10, "+Inf": 10}, {"1": 60, "2": 100, "+Inf": 110}
    series: list[tuple[dict[str, str], Sequence[tuple[float, str]]]] = [
        ({"__name__": f"{name}_bucket", "le": le}, [(T, str(before[le])), (T + 60, str(after[le]))]) for le in before
    ]
    series += [
        ({"__name__": f"{name}_count"}, [(T, "10"), (T + 60, "110")]),
        ({"__name__": f"{name}_sum"}, [(T, "5"), (T + 60, "95")]),
    ]
    rows, _, _ = read(tmp_path, answer(*series))
    assert shown(rows) == [
        ("latency_count", 100.0),
        ("latency_sum_s", 90.0),
        ("latency_p50_s", 1.0),
        ("latency_p95_s", 2.0),
        ("latency_p99_s", 2.0),
    ]


@pytest.mark.parametrize(
    ("name", "signal"),
    [("kafka_consumergroup_lag_sum", "queue_depth"), ("rabbitmq_queue_messages_ready_sum", "rabbitmq_queue_messages_ready_sum")],
)
def test_the_sum_of_a_gauge_is_a_level_and_no_distribution(tmp_path: Path, name: str, signal: str) -> None:
    """A recording rule or an exporter adds up partitions: its one point tells the backlog, and it may fall."""
    rows, _, notes = read(tmp_path, answer(({"__name__": name}, [(T, "12"), (T + 60, "5")])))
    assert shown(rows) == [(signal, 12.0), (signal, 5.0)]
    assert {row["kind"] for row in rows} == {"gauge"}
    assert notes == []


def test_milliseconds_become_seconds(tmp_path: Path) -> None:
    name = "ray_serve_deployment_processing_latency_ms_bucket"
    series: list[tuple[dict[str, str], Sequence[tuple[float, str]]]] = [
        ({"__name__": name, "le": le}, [(T, "0"), (T + 60, "8")]) for le in ("500", "+Inf")
    ]
    rows, _, _ = read(tmp_path, answer(*series))
    assert shown(rows)[0] == ("processing_p50_s", 0.25)


def test_an_expression_is_called_as_its_file(tmp_path: Path) -> None:
    rows, _, _ = read(tmp_path, answer(({"queue": "a"}, [(T, "3")])), "oldest_age.json")
    assert shown(rows) == [("oldest_age", 3.0)]


def test_a_moment_is_read_as_well_and_an_error_is_told(tmp_path: Path) -> None:
    one = {"metric": {"__name__": "tgi_queue_size"}, "value": [T, "2"]}
    rows, _, _ = read(tmp_path, json.dumps({"status": "success", "data": {"resultType": "vector", "result": [one]}}))
    assert shown(rows) == [("queue_depth", 2.0)]
    with pytest.raises(DataError, match="out of memory"):
        read(tmp_path, '{"status":"error","error":"out of memory","data":{"resultType":"matrix","result":[]}}')


def test_broken_series_and_points_are_rejected_alone(tmp_path: Path) -> None:
    good = {"metric": {"__name__": "tgi_queue_size"}, "values": [[T, "2"], [T + 1, "many"], [-5, "1"], [1e300, "1"]]}
    content = {"data": {"resultType": "matrix", "result": [{"metric": []}, good]}}
    rows, rejects, _ = read(tmp_path, json.dumps(content))
    assert shown(rows) == [("queue_depth", 2.0)]
    assert [reject.row for reject in rejects] == [1, 2]
    assert "3 points" in rejects[1].reason


OPENMETRICS = """# HELP vllm:num_requests_waiting Waiting.
# TYPE vllm:num_requests_waiting gauge
vllm:num_requests_waiting{model_name="a \\"b\\", c"} 4 1793599200.5
# TYPE http_requests counter
http_requests_total{code="500"} 10 1793599200 # {trace_id="abc"} 1 1793599200
http_requests_total{code="500"} 15 1793599260
http_requests_created{code="500"} 1793590000 1793599260
{"my.dotted.name","queue"="q"} 2.5 1793599200
rpc_seconds{quantile="0.95"} 0.2 1793599200000
# EOF
"""


def test_text_in_both_forms(tmp_path: Path) -> None:
    rows, rejects, notes = read(tmp_path, OPENMETRICS, "dump.om")
    assert rejects == []
    assert sorted(shown(rows)) == [
        ("http_requests_total", 5.0),
        ("my.dotted.name", 2.5),
        ("queue_depth", 4.0),
        ("rpc_seconds_p95", 0.2),
    ]
    waiting = next(row for row in rows if row["signal"] == "queue_depth")
    assert dict(waiting["labels"]) == {"model_name": 'a "b", c'}
    assert waiting["time"].microsecond == 500_000
    assert next(row for row in rows if row["signal"] == "rpc_seconds_p95")["time"] == datetime(2026, 11, 2, 6)
    assert notes == ["1 `_created` series say only when a counter began: left out"]


def test_text_without_times_takes_that_of_the_file_name_or_is_rejected(tmp_path: Path) -> None:
    text = "# TYPE tgi_queue_size gauge\ntgi_queue_size 4\n"
    rows, rejects, _ = read(tmp_path, text, "node.prom")
    assert rows == []
    assert [(reject.row, "no time" in reject.reason) for reject in rejects] == [(2, True)]
    rows, rejects, _ = read(tmp_path, text, "node-2026-11-20T10:00:30Z.prom")
    assert (shown(rows), rejects) == ([("queue_depth", 4.0)], [])
    assert rows[0]["time"] == datetime(2026, 11, 20, 10, 0, 30)


def test_the_vocabulary_is_one(tmp_path: Path) -> None:
    signals = {signal.name for signal in SIGNALS}
    assert len(signals) == len(SIGNALS)
    assert {meaning.signal for meaning in MEANINGS} <= signals
    assert {signal for split in SPLITS for signal in split.signals.values()} <= signals
    names = [name.lower() for meaning in MEANINGS for name in meaning.names]
    assert len(names) == len(set(names))
    codex = named("codex.turn.token_usage", {"token_type": "total"})
    assert codex is None, "the total repeats its parts"


@given(st.lists(st.floats(0, 1e12), max_size=30))
def test_increases_of_a_counter_that_never_falls_sum_to_its_gain(gains: list[float]) -> None:
    values = [float(round(gain)) for gain in gains]
    points, total = [(0, 0.0)], 0.0
    for index, value in enumerate(values, start=1):
        points.append((index, total := total + value))
    assert sum(value for _, value in increases(points)) == pytest.approx(total)


@given(st.lists(st.integers(0, 100), min_size=4, max_size=4), st.floats(0, 1), st.floats(0, 1))
def test_quantiles_are_in_order_and_within_bounds(counts: list[int], one: float, other: float) -> None:
    buckets = Buckets((1.0, 2.0, 4.0), tuple(map(float, counts)))
    low, high = quantile(buckets, min(one, other)), quantile(buckets, max(one, other))
    if sum(counts) == 0:
        assert low is None
    else:
        assert low is not None
        assert high is not None
        assert 0 <= low <= high <= 4


@given(st.text(max_size=300))
def test_no_text_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    path = tmp_path_factory.mktemp("text") / "x.prom"
    path.write_bytes(b"# TYPE a gauge\n" + text.replace("\0", "").encode("utf-8", "replace"))
    (part,) = SOURCE.parts(path, path.parent)
    for load in SOURCE.open(part, {}):
        assert all(row["signal"] for batch in load.data for row in batch.to_pylist())  # type: ignore[union-attr]
