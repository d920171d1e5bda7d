"""Running totals cut into segments: every gain counts once, however the stream is cut, whatever comes twice or late."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.sources.collecting import totals as collect_totals
from finops.sources.collecting.totals import Totals
from finops.sources.detect import recognise
from finops.sources.otlp_metrics import SOURCE

START, STEP = 1_793_599_200_000_000_000, 10_000_000_000
CUMULATIVE, DELTA = 2, 1
Point = dict[str, Any]


def point(number: int, total: int, *, start: int = START, **more: Any) -> Point:
    return {"startTimeUnixNano": str(start), "timeUnixNano": str(START + number * STEP), "asInt": str(total), **more}


def document(*points: Point, temporality: int = CUMULATIVE, kind: str = "sum", monotonic: bool = True) -> bytes:
    """One metric: how many jobs were done."""
    held = {"dataPoints": list(points), "aggregationTemporality": temporality, "isMonotonic": monotonic}
    metric = {"name": "jobs.done", "unit": "1", kind: held}
    return json.dumps({"resourceMetrics": [{"scopeMetrics": [{"metrics": [metric]}]}]}).encode()


def segment(folder: Path, number: int, *documents: bytes) -> Path:
    path = folder / f"20260101T000000Z-{number:06}-abcdef-metrics.jsonl"
    path.write_bytes(b"".join(document + b"\n" for document in documents))
    return path


def gains(path: Path) -> list[tuple[str, float]]:
    """What the reader of metrics makes of a segment."""
    (part,) = SOURCE.parts(path, path.parent)
    (load,) = SOURCE.open(part, {})
    rows = [(row["signal"], row["value"]) for batch in load.data for row in batch.to_pylist()]  # type: ignore[union-attr]
    assert load.rejects == []
    return rows


def total(paths: list[Path]) -> float:
    return sum(value for path in paths for _, value in gains(path))


RUNS = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=3)
"""What a counter gained from point to point, in each life of its process."""


@settings(max_examples=40)
@given(RUNS, st.lists(st.booleans(), min_size=20, max_size=20), st.lists(st.booleans(), min_size=20, max_size=20))
def test_however_it_is_cut_each_gain_counts_once(
    tmp_path_factory: pytest.TempPathFactory, runs: list[list[int]], cuts: list[bool], twice: list[bool]
) -> None:
    folder = tmp_path_factory.mktemp("totals")
    documents, number = [], 0
    for run in runs:
        begun, level = START + number * STEP, 0
        for gain in run:
            level, number = level + gain, number + 1
            documents.append(document(point(number, level, start=begun)))
    settled, held, made = [], [], 0
    for at, one in enumerate(documents):
        held += [one, one] if twice[at] else [one]
        held += [documents[at - 1]] if at and twice[at - 1] else []
        if cuts[at] or at == len(documents) - 1:
            settled.append(Totals(folder).settle(segment(folder, made, *held)))
            held, made = [], made + 1
    assert total(settled) == sum(map(sum, runs))
    assert not list(folder.glob("*-abcdef-metrics.jsonl")), "what was settled takes the place of what came"


@pytest.mark.parametrize("stopped", ["written", "saved", "renamed"])
def test_killed_on_the_way_it_does_the_same_again(tmp_path: Path, stopped: str, monkeypatch: pytest.MonkeyPatch) -> None:
    totals = Totals(tmp_path)
    settled = [totals.settle(segment(tmp_path, 0, document(point(1, 5))))]
    raw = segment(tmp_path, 1, document(point(2, 7)), document(point(3, 12)))

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if stopped == "written":
            patch.setattr(Totals, "_save", killed)
        elif stopped == "saved":
            save = Totals._save
            patch.setattr(Totals, "_save", lambda totals: (save(totals), killed()))
        else:
            patch.setattr(Path, "unlink", killed)
        with pytest.raises(KeyboardInterrupt):
            totals.settle(raw)
    settled.append(Totals(tmp_path).settle(raw))
    assert total(settled) == 12
    assert not raw.exists()


def test_a_counter_that_began_long_before_counts_from_its_first_point(tmp_path: Path) -> None:
    totals, long_ago = Totals(tmp_path), START - 86_400 * 10**9
    first = totals.settle(segment(tmp_path, 0, document(point(1, 5000, start=long_ago))))
    second = totals.settle(segment(tmp_path, 1, document(point(2, 5003, start=long_ago))))
    assert (gains(first), total([second]), totals.begun_before) == ([], 3, 1)
    assert [recognise(path, None).name for path in (first, second)] == ["otlp_metrics", "otlp_metrics"]


def test_a_counter_that_was_set_back_counts_what_it_holds(tmp_path: Path) -> None:
    totals = Totals(tmp_path)
    settled = [
        totals.settle(segment(tmp_path, number, document(point(number + 1, level)))) for number, level in enumerate((9, 4))
    ]
    assert total(settled) == 13


@pytest.mark.parametrize(
    ("temporality", "kind", "monotonic"), [(DELTA, "sum", True), (CUMULATIVE, "sum", False), (0, "gauge", False)]
)
def test_what_is_no_running_total_stays_as_it_is(tmp_path: Path, temporality: int, kind: str, monotonic: bool) -> None:
    totals, levels = Totals(tmp_path), (9, 4, 4)
    settled = [
        totals.settle(
            segment(tmp_path, n, document(point(n + 1, level), temporality=temporality, kind=kind, monotonic=monotonic))
        )
        for n, level in enumerate(levels)
    ]
    assert [value for path in settled for _, value in gains(path)] == list(levels)


def test_series_are_told_apart_by_labels_in_any_order(tmp_path: Path) -> None:
    a, b = ({"key": key, "value": {"stringValue": key}} for key in "ab")
    totals = Totals(tmp_path)
    first = document(point(1, 5, attributes=[a, b]), point(1, 100, attributes=[a]))
    second = document(point(2, 7, attributes=[b, a]), point(2, 101, attributes=[a]))
    settled = [totals.settle(segment(tmp_path, number, one)) for number, one in enumerate((first, second))]
    assert [total([path]) for path in settled] == [105, 3]


def test_histograms_gain_by_bucket(tmp_path: Path) -> None:
    def histogram(number: int, *counts: int) -> bytes:
        at = {"startTimeUnixNano": str(START), "timeUnixNano": str(START + number * STEP)}
        buckets = {
            "count": str(sum(counts)),
            "sum": sum(counts) * 0.5,
            "bucketCounts": list(map(str, counts)),
            "explicitBounds": [1.0],
        }
        return document({**at, **buckets}, kind="histogram")

    totals = Totals(tmp_path)
    settled = [totals.settle(segment(tmp_path, number, histogram(number + 1, *c))) for number, c in enumerate(((3, 1), (4, 3)))]
    counts = [value for path in settled for signal, value in gains(path) if signal.endswith("_count")]
    assert counts == [4, 3]


def test_numbers_that_are_none_stay_what_they_are(tmp_path: Path) -> None:
    raw = segment(tmp_path, 0, document(point(1, 0, asInt=None, asDouble="NaN"), point(2, 3)))
    assert total([Totals(tmp_path).settle(raw)]) == 3


def test_series_that_fell_silent_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_totals, "FORGOTTEN_US", STEP // 1000)
    totals, other = Totals(tmp_path), [{"key": "a", "value": {"stringValue": "b"}}]
    totals.settle(segment(tmp_path, 0, document(point(1, 5), point(1, 5, attributes=other))))
    totals.settle(segment(tmp_path, 1, document(point(9, 6))))
    assert len(json.loads((tmp_path / "totals.json").read_text(encoding="utf-8"))["series"]) == 1
