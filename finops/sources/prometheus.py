"""Prometheus: answers of its query API as JSON, and its text exposition or OpenMetrics with times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import bare_name, file_part
from finops.sources.otlp_reading.lines import whole
from finops.sources.prometheus_series import Series
from finops.sources.prometheus_text import read_text
from finops.sources.signals import LAST_MICROSECOND, batches

if TYPE_CHECKING:
    import pyarrow as pa

_JSON = (".json", ".jsonl", ".ndjson")
_TEXT = (".prom", ".om", ".openmetrics", ".metrics", ".txt")
_LONGEST_SERIES = 16 << 20
"""Prometheus itself answers with at most 11,000 points of a series."""
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeError)


class Prometheus:
    """One row per point. A counter's row holds what it gained since the point before; a histogram gives its quantiles. Steps
    without data stay missing. The answer to an expression has no name: it is called as its file is."""

    name = "prometheus"
    title = "Prometheus range queries (JSON) and metrics as text (OpenMetrics)"
    contracts: tuple[str, ...] = ("sample",)
    patterns: tuple[Pattern, ...] = (
        Pattern(_JSON, head_all=('"resultType"', '"result"'), head_any=('"matrix"', '"vector"')),
        Pattern(_TEXT, head_any=("# TYPE ", "# HELP ")),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return (file_part(path, root),)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("sample", _batches(part, rejects, notes), rejects, notes=notes)


SOURCE = Prometheus()


class _Result(msgspec.Struct):
    """One series of an answer: `values` of a range, `value` of one moment."""

    metric: dict[str, str] = {}
    values: list[tuple[float, str | float]] = []
    value: tuple[float, str | float] | None = None
    histograms: msgspec.Raw | None = None
    histogram: msgspec.Raw | None = None


class _Data(msgspec.Struct):
    resultType: str
    result: list[msgspec.Raw] = []


class _Answer(msgspec.Struct):
    status: str = "success"
    since: int = 0
    """Seconds since 1970 before which points only lead up to what is asked for: a page of a live server begins a step early."""
    error: str | None = None
    data: _Data | None = None
    resultType: str | None = None
    result: list[msgspec.Raw] = []
    warnings: list[str] | None = None


def _batches(part: Part, rejects: list[Reject], notes: list[str]) -> Iterator[pa.RecordBatch]:
    series = Series(str(part.path))
    since = 0
    if bare_name(part.path).endswith(_JSON):
        since = _read_answers(part.path, series, rejects, notes) * 1_000_000
    else:
        read_text(part.path, series, rejects)
    yield from batches(point for point in series.points() if point.time >= since)
    notes += series.notes()


def _read_answers(path: Path, series: Series, rejects: list[Reject], notes: list[str]) -> int:
    """Adds every series; answers with the time from which on points count, in seconds."""
    row, nameless, since = 0, bare_name(path).rsplit(".", 1)[0], 0
    for answer in _answers(path):
        since = max(since, answer.since)
        if answer.status != "success":
            what = f"Prometheus answered with an error: {(answer.error or 'without a reason')[:200]}"
            raise DataError(what, where=str(path), hint="correct the query and export it again")
        notes += [f"Prometheus warns: {warning[:200]}" for warning in answer.warnings or ()]
        data = answer.data or _Data(answer.resultType or "", answer.result)
        if data.resultType not in ("matrix", "vector"):
            what = f"the result is of type {data.resultType[:40] or 'unknown'}, not matrix or vector"
            raise DataError(what, where=str(path), hint="export a range query: /api/v1/query_range")
        for raw in data.result:
            row += 1
            if len(memoryview(raw)) > _LONGEST_SERIES:
                rejects.append(Reject(row, f"the series is longer than {_LONGEST_SERIES >> 20} MiB: query a shorter range"))
                continue
            try:
                result = msgspec.json.decode(raw, type=_Result)
            except _BROKEN as error:
                rejects.append(Reject(row, f"the series can't be read: {error}"))
                continue
            _add(result, row, nameless, series, rejects)
    return since


def _add(result: _Result, row: int, nameless: str, series: Series, rejects: list[Reject]) -> None:
    name = result.metric.get("__name__") or nameless
    wrong = 0
    if result.histograms is not None or result.histogram is not None:
        series.native_histograms += 1
    for time_s, value in [*result.values, *([result.value] if result.value else [])]:
        time = round(time_s * 1_000_000) if 0 < time_s < LAST_MICROSECOND / 1_000_000 else 0
        number = _number(value)
        if time == 0 or number is None:
            wrong += 1
        else:
            series.add(name, result.metric, time, number)
    if wrong:
        what = f"{wrong:,} points have no time in seconds, or a value that is no number"
        rejects.append(Reject(row, what, text=name[:80]))


def _number(value: str | float) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _answers(path: Path) -> list[_Answer]:
    """One document, or one per line."""
    content = whole(path, "save the answers for shorter ranges, each in a file of its own")
    try:
        return [msgspec.json.decode(content, type=_Answer)]
    except _BROKEN as error:
        lines = [line for line in BytesIO(content) if not line.isspace()]
        reason = str(error)
    try:
        if len(lines) > 1:
            return [msgspec.json.decode(line, type=_Answer) for line in lines]
    except _BROKEN as error:
        reason = str(error)
    what = f"this is no answer of Prometheus: {reason[:200]}"
    raise DataError(what, where=str(path), hint="save what /api/v1/query_range answers, whole")
