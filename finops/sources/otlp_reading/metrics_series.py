"""Series of OTLP metrics: delta or cumulative, restarted or sent twice, they become what was added up to each point."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from hashlib import sha256
from typing import NamedTuple

from finops.errors import DataError
from finops.sources.base import Reject
from finops.sources.otlp_reading.attributes import KEPT, MAX_KEY, MAX_VALUE, NEVER_KEPT, USER_NAMES
from finops.sources.otlp_reading.metrics_shape import Histogram, HistogramPoint, Metric, NumberPoint, Numbers
from finops.sources.otlp_reading.shape import Attribute, Unreadable
from finops.sources.otlp_reading.values import microseconds, text
from finops.sources.signals import Buckets, Labels, Named, Point, labelled, named, quantile_points

MOST_BYTES, _POINT_BYTES, _FIGURE_BYTES = 800 << 20, 256, 32
"""Points are held until the file is read, since its lines come in no order and may come twice: so much memory they may take, of
which a point takes so much, and so much for each of its figures."""

FRESH_US = 90_000_000
"""A running total that is younger than this at its first point counts in full; an older one began before the file did."""

_DELTA, CUMULATIVE = (1, "1", "AGGREGATION_TEMPORALITY_DELTA"), (2, "2", "AGGREGATION_TEMPORALITY_CUMULATIVE")
_NO_VALUE = 1
_TOKEN_LABELS = frozenset({"gen_ai.token.type", "token_type", "type", "gen_ai.token.modality"})
_RESOURCE_LABELS = KEPT | {"service.instance.id", "host.name"}

Amounts = tuple[float, ...]
"""One figure; of a histogram its count, its sum and its buckets."""


class _Key(NamedTuple):
    """A series: `identity` keeps series apart whose labels look the same once private ones are taken off."""

    meant: Named
    labels: Labels
    bounds: tuple[float, ...] | None
    identity: tuple[str, ...]


class Gathered:
    """The points of a file."""

    def __init__(self, where: str, rejects: list[Reject]) -> None:
        self._where, self._rejects = where, rejects
        self._gauges: dict[_Key, dict[int, float]] = defaultdict(dict)
        self._deltas: dict[_Key, dict[tuple[int, int], Amounts]] = defaultdict(dict)
        self._totals: dict[_Key, dict[int, dict[int, Amounts]]] = defaultdict(lambda: defaultdict(dict))
        self._bytes = 0
        self._first: int | None = None
        self._left_out: Counter[str] = Counter()

    def add(self, line: int, resource: list[Attribute], metric: Metric) -> None:
        """A metric with its points; a point that can't be read is rejected alone."""
        if not metric.name:
            self._rejects.append(Reject(line, "this metric has no name", "name"))
            return
        for point, temporality, monotonic in _points(metric):
            try:
                self._add(resource, metric, point, temporality, monotonic)
            except Unreadable as problem:
                self._rejects.append(Reject(line, f"{metric.name[:80]}: {problem.reason}", problem.column, problem.text))
        if metric.summary is not None:
            self._left_out["summaries are left out: their quantiles can't be put together"] += 1

    def points(self) -> Iterator[Point]:
        """All rows, series by series in order of signal and labels."""
        for key, by_time in sorted(self._gauges.items(), key=_order):
            for time, value in sorted(by_time.items()):
                yield Point(time, key.meant.signal + key.meant.suffix, "gauge", key.labels, value * key.meant.scale)
        for key, deltas in sorted(self._deltas.items(), key=_order):
            for (time, _), amounts in sorted(deltas.items()):
                yield from _rows(key, time, amounts)
        for key, runs in sorted(self._totals.items(), key=_order):
            for time, amounts in sorted(self._gains(runs)):
                yield from _rows(key, time, amounts)

    def notes(self) -> list[str]:
        """What was left out, with counts."""
        return [f"{count:,} {what}" for what, count in sorted(self._left_out.items())]

    def _add(
        self,
        resource: list[Attribute],
        metric: Metric,
        point: NumberPoint | HistogramPoint,
        temporality: int | str | None,
        monotonic: bool,
    ) -> None:
        if (point.flags or 0) & _NO_VALUE:
            self._left_out["points are marked as without a value: left out"] += 1
            return
        time, start = microseconds(point.timeUnixNano, "timeUnixNano"), microseconds(point.startTimeUnixNano, "startTimeUnixNano")
        if time is None:
            raise Unreadable("this point has no time", "timeUnixNano")
        attributes = _texts(point.attributes or ())
        name = metric.name or ""
        meant = named(name, attributes, metric.unit)
        if meant is None:
            self._left_out["points repeat what others of their metric say (such as a total of parts): left out"] += 1
            return
        amounts, bounds = _amounts(point)
        if not all(map(math.isfinite, amounts)):
            self._left_out["points are NaN or infinite: left out"] += 1
            return
        self._bytes += _POINT_BYTES + _FIGURE_BYTES * len(amounts)
        if self._bytes > MOST_BYTES:
            what = f"the points of this file take more than {MOST_BYTES >> 20} MiB of memory"
            raise DataError(what, where=self._where, hint="let the Collector rotate its files by size")
        self._first = time if self._first is None else min(self._first, time)
        around = _texts(resource)
        key = _Key(meant, _labels(attributes, around), bounds, (name, *_flat(attributes), "", *_flat(around)))
        if temporality in _DELTA and monotonic:
            self._deltas[key][time, start or 0] = amounts
        elif temporality in CUMULATIVE and monotonic:
            self._totals[key][start or 0][time] = amounts
        elif temporality in _DELTA:
            self._left_out["points say by how much a level changed, but not what it is: left out"] += 1
        elif isinstance(point, NumberPoint):
            self._gauges[key][time] = amounts[0]
        else:
            self._left_out["points of histograms do not say since when they count: left out"] += 1

    def _gains(self, runs: dict[int, dict[int, Amounts]]) -> Iterator[tuple[int, Amounts]]:
        """What running totals gained up to each point. Each start is a run of its own: a restart begins again from zero."""
        for start, by_time in runs.items():
            before: Amounts | None = None
            for time, amounts in sorted(by_time.items()):
                if before is not None:
                    gains = tuple(now - then for now, then in zip(amounts, before, strict=False))
                    yield time, amounts if len(amounts) != len(before) or any(gain < 0 for gain in gains) else gains
                elif start and (start >= (self._first or 0) or time - start <= FRESH_US):
                    yield time, amounts
                else:
                    self._left_out["running totals began before this file: what they held at their first point is left out"] += 1
                before = amounts


def _points(metric: Metric) -> Iterator[tuple[NumberPoint | HistogramPoint, int | str | None, bool]]:
    numbers: tuple[Numbers | None, ...] = (metric.gauge, metric.sum)
    for kind in numbers:
        for point in (kind.dataPoints if kind is not None else None) or ():
            assert kind is not None
            yield point, kind.aggregationTemporality if kind is metric.sum else None, bool(kind.isMonotonic)
    histograms: tuple[Histogram | None, ...] = (metric.histogram, metric.exponentialHistogram)
    for histogram in histograms:
        for one in (histogram.dataPoints if histogram is not None else None) or ():
            assert histogram is not None
            yield one, histogram.aggregationTemporality, True


def _rows(key: _Key, time: int, amounts: Amounts) -> Iterator[Point]:
    meant = key.meant
    if key.bounds is None:
        signal = meant.signal if meant.kind != "histogram" else f"{meant.signal}_sum{meant.suffix}"
        yield Point(time, signal, "counter", key.labels, amounts[0] * meant.scale)
        return
    count, total, *counts = amounts
    if meant.kind == "counter":  # tokens told apart by a label: only their sum counts
        yield Point(time, meant.signal, "counter", key.labels, total * meant.scale)
        return
    yield Point(time, f"{meant.signal}_count", "counter", key.labels, count)
    yield Point(time, f"{meant.signal}_sum{meant.suffix}", "counter", key.labels, total * meant.scale)
    if len(counts) == len(key.bounds) + 1:
        yield from quantile_points(time, meant, key.labels, Buckets(key.bounds, tuple(counts)))


def _amounts(point: NumberPoint | HistogramPoint) -> tuple[Amounts, tuple[float, ...] | None]:
    if isinstance(point, NumberPoint):
        given = point.asDouble if point.asInt is None else point.asInt
        if given is None:
            raise Unreadable("this point has no value", "asDouble")
        return (_number(given, "asDouble"),), None
    counts = [_number(count, "bucketCounts") for count in point.bucketCounts or ()]
    first = _number(point.count or 0, "count"), _number(point.sum or 0, "sum")
    return (*first, *counts), tuple(point.explicitBounds or ())


def _number(given: float | int | str, column: str) -> float:
    try:
        return float(given)
    except (ValueError, OverflowError):
        raise Unreadable("this is not a number", column, str(given)[:64]) from None


def _texts(attributes: Iterable[Attribute]) -> dict[str, str]:
    found = ((attribute.key, text(attribute.value)) for attribute in attributes)
    return {name: value for name, value in found if value is not None}


def _flat(texts: dict[str, str]) -> tuple[str, ...]:
    return tuple(part for item in sorted(texts.items()) for part in item)


def _labels(attributes: dict[str, str], resource: dict[str, str]) -> Labels:
    """What may be stored: a user's name becomes a hash, addresses and texts are left away."""
    kept = {name: value for name, value in resource.items() if name in _RESOURCE_LABELS}
    kept |= {name: value for name, value in attributes.items() if _may_stay(name)}
    user = next((attributes[name] for name in USER_NAMES if name in attributes), None)
    if user is not None:
        kept["user.hash"] = sha256(user.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return labelled({name[:MAX_KEY]: value[:MAX_VALUE] for name, value in kept.items()})


def _may_stay(name: str) -> bool:
    low = name.lower()
    private = low.startswith(("user.", "enduser.")) or low in USER_NAMES
    return not private and (name in _TOKEN_LABELS or not any(word in low for word in NEVER_KEPT))


def _order(item: tuple[_Key, object]) -> tuple[str, Labels, tuple[str, ...], tuple[float, ...]]:
    key = item[0]
    return key.meant.signal, key.labels, key.identity, key.bounds or ()
