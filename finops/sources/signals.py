"""From points of metrics to rows of the contract `sample`: names by the vocabulary, increases of counters, quantiles."""

from __future__ import annotations

import math
import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from itertools import islice, pairwise
from typing import TYPE_CHECKING, NamedTuple

from finops.sources.arrow_schema import arrow_schema
from finops.sources.signal_names import MEANINGS, QUEUE_LABELS, SIGNALS, SPLITS, UNIT_SCALES, Kind

if TYPE_CHECKING:
    import pyarrow as pa

QUANTILES = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
BATCH_ROWS = 8192
LAST_MICROSECOND = 4_102_444_800_000_000
"""The year 2100: a time behind it is a mistake of unit."""

Labels = tuple[tuple[str, str], ...]


class Point(NamedTuple):
    """One row: the time in microseconds since 1970, in UTC."""

    time: int
    signal: str
    kind: Kind
    labels: Labels
    value: float


class Named(NamedTuple):
    """What a metric's name means: a signal, its kind where the vocabulary knows it, the scale and the unit behind a quantile."""

    signal: str
    kind: Kind | None
    scale: float
    suffix: str

    def quantile(self, word: str) -> str:
        return f"{self.signal}_{word}{self.suffix}"


class Buckets(NamedTuple):
    """A histogram: upper bounds without infinity, and what fell below or at each and above the last."""

    bounds: tuple[float, ...]
    counts: tuple[float, ...]


def named(name: str, labels: Mapping[str, str], unit: str | None = None) -> Named | None:
    """The meaning of a metric with these labels; None where it only repeats what others say."""
    split = _SPLIT.get(_folded(name))
    if split is not None:
        signal = split.signals.get(labels.get(split.label, ""))
        return None if signal is None else Named(signal, "counter", 1, "")
    return _named(name, unit)


@lru_cache(maxsize=4096)
def _named(name: str, unit: str | None) -> Named:
    meaning = _MEANING.get(_folded(name))
    if meaning is None:
        return Named(name, None, 1, "")
    known = _SIGNAL[meaning.signal]
    dimension, scale = UNIT_SCALES.get(unit or "", ("", 1.0))
    suffix = "_s" if known.kind == "histogram" and known.unit == "s" else ""
    return Named(known.name, known.kind, scale if dimension == known.unit else meaning.scale, suffix)


@lru_cache(maxsize=4096)
def _folded(name: str) -> str:
    return re.sub(r"[.:/\-_]+", "_", name).strip("_").lower()


_SIGNAL = {signal.name: signal for signal in SIGNALS}
_MEANING = {_folded(name): meaning for meaning in MEANINGS for name in meaning.names}
_SPLIT = {_folded(name): split for split in SPLITS for name in split.names}


def is_known(name: str) -> bool:
    """Whether the vocabulary has this name."""
    return _folded(name) in _MEANING or _folded(name) in _SPLIT


def labelled(labels: Mapping[str, str]) -> Labels:
    """Labels in order; the one that names a queue also stands as `queue`."""
    kept = {name: value for name, value in labels.items() if value != "" and name != "__name__"}
    queue = next((kept[name] for name in QUEUE_LABELS if name in kept), None)
    if queue is not None:
        kept["queue"] = queue
    return tuple(sorted(kept.items()))


def quantile(buckets: Buckets, share: float) -> float | None:
    """The quantile, linear within its bucket as Prometheus reckons it; above the last bound it is the last bound."""
    total = sum(buckets.counts)
    if total <= 0 or not buckets.bounds:
        return None
    sums, below = [], 0.0
    for count in buckets.counts:
        sums.append(below := below + count)
    rank = share * total
    at = bisect_left(sums, rank)
    if at >= len(buckets.bounds):
        return buckets.bounds[-1]
    upper = buckets.bounds[at]
    lower = buckets.bounds[at - 1] if at else min(0.0, upper)
    inside = buckets.counts[at]
    return upper if inside <= 0 else lower + (upper - lower) * (rank - (sums[at] - inside)) / inside


def quantile_points(time: int, meant: Named, labels: Labels, buckets: Buckets) -> Iterator[Point]:
    """A point for each quantile of what was observed; none where nothing was."""
    for share, word in QUANTILES:
        value = quantile(buckets, share)
        if value is not None and math.isfinite(value):
            yield Point(time, meant.quantile(word), "histogram", labels, value * meant.scale)


def increases(points: Iterable[tuple[int, float]]) -> Iterator[tuple[int, float]]:
    """What a counter gained up to each point after the first, by time; where it fell it began again from zero."""
    for (_, before), (time, value) in pairwise(points):
        yield time, value - before if value >= before else value


def batches(points: Iterable[Point]) -> Iterator[pa.RecordBatch]:
    """The points in the contract's Arrow schema."""
    import pyarrow as pa

    schema, rest = arrow_schema("sample"), iter(points)
    while block := list(islice(rest, BATCH_ROWS)):
        columns = [
            pa.array([p.time for p in block], pa.int64()).cast(pa.timestamp("us")),
            pa.array([p.signal for p in block], pa.string()),
            pa.array([p.kind for p in block], pa.string()),
            pa.array([p.labels for p in block], schema.field("labels").type),
            pa.array([p.value for p in block], pa.float64()),
        ]
        yield pa.RecordBatch.from_arrays(columns, schema=schema)
