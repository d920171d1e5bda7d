"""Running totals across segments: what a counter gained since its last point, though that one lies in a segment long loaded.

Exporters send the running total of a counter time and again. A reader of one file takes its first point for where the counter
stood; cut into segments, a stream would lose what was gained between the last point of one and the first of the next. So a
segment of metrics is settled before it is loaded: each cumulative point becomes the gain since the series' last point, which is
kept beside the spool. Points that are no newer than that one came twice, or late: their gain is in the newer one already."""

from __future__ import annotations

import contextlib
import math
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec

from finops.sources.base import Reject
from finops.sources.collecting.bodies import KINDS
from finops.sources.collecting.segment import sync_folder
from finops.sources.otlp_reading.documents import documents
from finops.sources.otlp_reading.metrics_series import CUMULATIVE, FRESH_US
from finops.sources.otlp_reading.metrics_shape import Histogram, HistogramPoint, Metric, NumberPoint, Numbers, metrics
from finops.sources.otlp_reading.shape import Attribute
from finops.sources.otlp_reading.wire_metrics import metrics_in

SETTLED = "-settled-metrics.jsonl"
FORGOTTEN_US = 86_400_000_000
"""A series that sent nothing for a day is forgotten: it begins anew."""

_DELTA = 1
_NEW = ".new"
_OPENING = next(kind.opening for kind in KINDS if kind.signal.name == "metrics" and kind.encoding == "json")


class _Last(msgspec.Struct, array_like=True):
    """Where a run of a series stood: at what time (microseconds), and its amounts then."""

    time: int
    amounts: list[float]


class _State(msgspec.Struct):
    """A series counts anew from each start. `applied` is the segment whose points are in `series` already, `since` the time of
    the first point that was ever seen."""

    applied: str = ""
    since: int | None = None
    series: dict[str, _Last] = msgspec.field(default_factory=dict)


class Totals:
    """The last point of every running total. Killed at any moment, each gain is counted once."""

    def __init__(self, folder: Path) -> None:
        self.begun_before = 0
        """Points of series that counted before the collector did: what they held by then is left out."""
        self._path = folder / "totals.json"
        self._state = _State()
        if self._path.is_file():
            with contextlib.suppress(msgspec.MsgspecError):  # not ours: every series begins anew
                self._state = msgspec.json.decode(self._path.read_bytes(), type=_State)

    def settle(self, segment: Path) -> Path:
        """Replaces a segment by what its points gained. Raises DataError where nothing in it can be read."""
        name = segment.name.partition(".")[0].removesuffix("-metrics")
        settled = segment.with_name(f"{name}{SETTLED}")
        fresh = settled.with_name(settled.name + _NEW)
        if self._state.applied != name:
            self._write(fresh, segment)
            self._state.applied = name
            self._forget()
            self._save()
        if fresh.exists():
            fresh.rename(settled)
        segment.unlink()
        sync_folder(segment.parent)
        return settled

    def _write(self, fresh: Path, segment: Path) -> None:
        rejects: list[Reject] = []
        with fresh.open("wb") as file:
            file.write(_OPENING)
            for _, document in documents(segment, metrics, metrics_in, rejects):
                for group in document.resourceMetrics or ():
                    around = (group.resource.attributes if group.resource is not None else None) or []
                    for metric in (metric for scope in group.scopeMetrics or () for metric in scope.metrics or ()):
                        self._settle(metric, _words(around))
                file.write(msgspec.json.encode(document) + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def _settle(self, metric: Metric, around: str) -> None:
        """Turns the cumulative points of a metric into gains; what is no running total stays as it is."""
        kinds: tuple[Numbers | Histogram | None, ...] = (metric.sum, metric.histogram, metric.exponentialHistogram)
        for kind in kinds:
            if (
                kind is None
                or kind.aggregationTemporality not in CUMULATIVE
                or (kind is metric.sum and not metric.sum.isMonotonic)
            ):
                continue
            kind.aggregationTemporality = _DELTA
            points: list[Any] = [*(kind.dataPoints or ())]
            kind.dataPoints = [point for point in points if self._gain(point, f"{metric.name}\n{around}")]
        for any_kind in (metric.gauge, *kinds):
            for point in (any_kind.dataPoints if any_kind is not None else None) or ():
                _writable(point)

    def _gain(self, point: NumberPoint | HistogramPoint, series: str) -> bool:
        """Makes a point the gain since the last one; False where it brings none. A point that can't be read is left for the
        reader, which says so."""
        try:
            time, start, amounts = _micros(point.timeUnixNano), _micros(point.startTimeUnixNano), _amounts(point)
        except ValueError:
            return True
        if not time or (point.flags or 0) & 1 or not all(map(math.isfinite, amounts)):
            return True
        words = f"{series}\n{start}\n{_words(point.attributes or [])}"
        key = sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:32]
        self._state.since = time if self._state.since is None else min(self._state.since, time)
        last = self._state.series.get(key)
        if last is not None and time <= last.time:
            return False
        self._state.series[key] = _Last(time, amounts)
        if last is None:
            whole = start > 0 and (start >= self._state.since or time - start <= FRESH_US)
            self.begun_before += not whole
            return whole
        gains = [now - then for now, then in zip(amounts, last.amounts, strict=False)]
        if len(amounts) == len(last.amounts) and min(gains) >= 0:  # else it was set back: all it holds is gained
            _set(point, gains)
        return True

    def _forget(self) -> None:
        newest = max((last.time for last in self._state.series.values()), default=0)
        self._state.series = {k: last for k, last in self._state.series.items() if newest - last.time <= FORGOTTEN_US}

    def _save(self) -> None:
        fresh = self._path.with_name(self._path.name + _NEW)
        with fresh.open("wb") as file:
            file.write(msgspec.json.encode(self._state))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._path)
        sync_folder(self._path.parent)


def _words(attributes: list[Attribute]) -> str:
    """Attributes as one text, in whatever order they came."""
    return "\n".join(sorted(msgspec.json.encode(attribute).decode("utf-8", "surrogatepass") for attribute in attributes))


def _micros(given: int | str | None) -> int:
    return int(given or 0) // 1000


def _amounts(point: NumberPoint | HistogramPoint) -> list[float]:
    if isinstance(point, NumberPoint):
        given = point.asDouble if point.asInt is None else point.asInt
        if given is None:
            raise ValueError
        return [float(given)]
    return [float(point.count or 0), float(point.sum or 0), *map(float, point.bucketCounts or ())]


def _set(point: NumberPoint | HistogramPoint, amounts: list[float]) -> None:
    if isinstance(point, NumberPoint):
        point.asInt, point.asDouble = None, amounts[0]
        return
    point.count, point.sum = amounts[0], amounts[1]
    if point.bucketCounts:
        point.bucketCounts = list(amounts[2:])


def _writable(point: NumberPoint | HistogramPoint) -> None:
    """JSON has no word for numbers that are none: they are written as text, which readers of OTLP/JSON take."""
    if isinstance(point, NumberPoint):
        if isinstance(point.asDouble, float) and not math.isfinite(point.asDouble):
            point.asDouble = str(point.asDouble)
        return
    if isinstance(point.sum, float) and not math.isfinite(point.sum):
        point.sum = str(point.sum)
    if not all(map(math.isfinite, point.explicitBounds or ())):
        point.explicitBounds = point.bucketCounts = None
