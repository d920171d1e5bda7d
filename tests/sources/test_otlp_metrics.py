"""OTLP metrics: delta and cumulative, restarts, resends and what may be stored."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import DataError, FinopsError
from finops.sources.base import Reject
from finops.sources.detect import recognise
from finops.sources.otlp_metrics import SOURCE

S = 1_000_000_000
T = 1_793_599_200
Row = dict[str, Any]


def point(at: int, value: Any, start: int | None = None, **attributes: str) -> dict[str, Any]:
    listed = [{"key": key.replace("__", "."), "value": {"stringValue": text}} for key, text in attributes.items()]
    begun = {} if start is None else {"startTimeUnixNano": str((T + start) * S)}
    return {"attributes": listed, "timeUnixNano": str((T + at) * S), "asInt": value, **begun}


def total(name: str, temporality: int, *points: dict[str, Any], monotonic: bool = True, unit: str = "") -> dict[str, Any]:
    kind = {"aggregationTemporality": temporality, "isMonotonic": monotonic, "dataPoints": list(points)}
    return {"name": name, "unit": unit, "sum": kind}


def line(*metrics: dict[str, Any]) -> str:
    return json.dumps({"resourceMetrics": [{"resource": {}, "scopeMetrics": [{"metrics": list(metrics)}]}]}) + "\n"


def read(tmp_path: Path, content: str) -> tuple[list[Row], list[Reject], list[str]]:
    path = tmp_path / "metrics.jsonl"
    path.write_text(content, encoding="utf-8")
    assert recognise(path, None).name == "otlp_metrics"
    (part,) = SOURCE.parts(path, tmp_path)
    (load,) = SOURCE.open(part, {})
    return [row for batch in load.data for row in batch.to_pylist()], load.rejects, load.notes  # type: ignore[union-attr]


def shown(rows: list[Row]) -> list[tuple[str, float]]:
    return [(row["signal"], row["value"]) for row in rows]


def test_tokens_of_coding_agents_are_told_apart_and_totals_left_out(tmp_path: Path) -> None:
    claude = total("claude_code.token.usage", 1, *(point(60, 7, 0, type=t) for t in ("input", "output", "cacheRead")))
    codex = {"sum": 50.0, "count": 2, "bucketCounts": [2], "explicitBounds": []}
    points = [{**point(60, None, 0, token_type=t), **codex} for t in ("cached_input", "total")]
    histogram = {"name": "codex.turn.token_usage", "histogram": {"aggregationTemporality": 1, "dataPoints": points}}
    rows, rejects, notes = read(tmp_path, line(claude, histogram))
    assert sorted(shown(rows)) == [
        ("tokens_cache_read", 7.0),
        ("tokens_cache_read", 50.0),
        ("tokens_input_uncached", 7.0),
        ("tokens_output", 7.0),
    ]
    assert rejects == []
    assert notes == ["1 points repeat what others of their metric say (such as a total of parts): left out"]


def test_a_delta_that_is_sent_twice_counts_once(tmp_path: Path) -> None:
    one = line(total("claude_code.token.usage", 1, point(60, "7", 0, type="input"), point(120, "8", 60, type="input")))
    rows, _, _ = read(tmp_path, one + one)
    assert shown(rows) == [("tokens_input_uncached", 7.0), ("tokens_input_uncached", 8.0)]


def test_running_totals_become_gains_across_a_restart_in_any_order(tmp_path: Path) -> None:
    name = "gen_ai.client.inference.usage.output_tokens"
    points = [point(60, 10, 0), point(120, 25, 0), point(240, 4, 200), point(300, 9, 200)]
    lines = [line(total(name, 2, one)) for one in points]
    for content in ("".join(lines), "".join(reversed(lines)), "".join(lines + lines[1:3])):
        rows, _, notes = read(tmp_path, content)
        assert shown(rows) == [("tokens_output", value) for value in (10.0, 15.0, 4.0, 5.0)]
        assert notes == []


def test_a_running_total_that_began_long_before_only_counts_from_its_first_point(tmp_path: Path) -> None:
    rows, _, notes = read(
        tmp_path, line(total("jobs", 2, point(0, 1000, -86_400), point(60, 1003, -86_400), point(120, 2, -86_400)))
    )
    assert shown(rows) == [("jobs", 3.0), ("jobs", 2.0)]
    assert notes == ["1 running totals began before this file: what they held at their first point is left out"]


def test_levels_are_gauges_and_units_decide_the_scale(tmp_path: Path) -> None:
    level = total("db.client.connection.count", 2, point(0, 5), monotonic=False)
    gpu = {"name": "hw.gpu.utilization", "unit": "%", "gauge": {"dataPoints": [{**point(0, None), "asDouble": 50.0}]}}
    rows, _, _ = read(tmp_path, line(level, gpu))
    assert [(row["signal"], row["value"], row["kind"]) for row in rows] == [
        ("db_connections", 5.0, "gauge"),
        ("gpu_utilisation", 0.5, "gauge"),
    ]


def histogram(at: int, counts: list[int], start: int, unit: str = "ms") -> dict[str, Any]:
    figures = {"count": str(sum(counts)), "sum": 100.0 * sum(counts), "bucketCounts": [str(n) for n in counts]}
    one = {**point(at, None, start), **figures, "explicitBounds": [100, 200]}
    return {"name": "messaging.process.duration", "unit": unit, "histogram": {"aggregationTemporality": 2, "dataPoints": [one]}}


def test_a_histogram_gives_quantiles_of_what_came_since(tmp_path: Path) -> None:
    rows, _, _ = read(tmp_path, line(histogram(60, [10, 0, 0], -9000)) + line(histogram(120, [10, 4, 0], -9000)))
    assert shown(rows) == [
        ("processing_count", 4.0),
        ("processing_sum_s", 0.4),
        ("processing_p50_s", pytest.approx(0.15)),
        ("processing_p95_s", pytest.approx(0.195)),
        ("processing_p99_s", pytest.approx(0.199)),
    ]


def test_names_of_people_are_not_stored(tmp_path: Path) -> None:
    private = {"user__email": "ann@example.org", "user__id": "ann", "prompt": "secret", "model": "m", "type": "input"}
    rows, _, _ = read(tmp_path, line(total("claude_code.token.usage", 1, point(60, 7, 0, **private))))
    labels = dict(rows[0]["labels"])
    assert set(labels) == {"model", "type", "user.hash"}
    assert "ann" not in str(labels)


def test_what_can_not_be_read_is_rejected_alone(tmp_path: Path) -> None:
    bad = [point(0, "many"), {**point(0, 1), "timeUnixNano": None}, {"timeUnixNano": str(T * S)}]
    rows, rejects, _ = read(tmp_path, line(total("a", 1, *bad, point(0, 3, -60))) + '{"resourceMetrics":[{')
    assert shown(rows) == [("a", 3.0)]
    assert sorted(reject.row for reject in rejects) == [1, 1, 1, 2]
    with pytest.raises(DataError, match="nothing can be read"):
        read(tmp_path, '{"resourceMetrics":[{')


def test_snake_case_and_one_indented_document(tmp_path: Path) -> None:
    plain = json.loads(line(total("a", 1, point(60, 3, 0))))
    rows, _, _ = read(tmp_path, json.dumps(plain, indent=2))
    assert shown(rows) == [("a", 3.0)]
    text = json.dumps(plain).replace("resourceMetrics", "resource_metrics").replace("scopeMetrics", "scope_metrics")
    text = text.replace("dataPoints", "data_points").replace("timeUnixNano", "time_unix_nano").replace("asInt", "as_int")
    text = text.replace("aggregationTemporality", "aggregation_temporality").replace("isMonotonic", "is_monotonic")
    rows, _, _ = read(tmp_path, text)
    assert shown(rows) == [("a", 3.0)]


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=20), st.randoms(use_true_random=False))
def test_delta_and_cumulative_of_the_same_counts_sum_alike(
    tmp_path_factory: pytest.TempPathFactory, gains: list[int], random: Any
) -> None:
    folder = tmp_path_factory.mktemp("sums")
    deltas, totals, held = [], [], 0
    for index, gain in enumerate(gains):
        held += gain
        deltas.append(line(total("x", 1, point(60 * index + 60, gain, 60 * index))))
        totals.append(line(total("x", 2, point(60 * index + 60, held, 0))))
    random.shuffle(totals)
    assert sum(value for _, value in shown(read(folder, "".join(deltas))[0])) == sum(gains)
    assert sum(value for _, value in shown(read(folder, "".join(totals))[0])) == sum(gains)


@given(st.recursive(st.none() | st.integers() | st.text(max_size=5), lambda inner: st.lists(inner, max_size=3), max_leaves=8))
def test_no_shape_breaks_the_reader(tmp_path_factory: pytest.TempPathFactory, odd: Any) -> None:
    good = json.loads(line(total("x", 2, point(60, 1, 0))))
    metric = good["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0]
    for place in ("name", "unit", "sum", "gauge", "histogram"):
        changed = json.loads(json.dumps(good))
        changed["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0] = {**metric, place: odd}
        with suppress(FinopsError):  # anything else is a defect
            read(tmp_path_factory.mktemp("odd"), json.dumps(changed) + "\n")
