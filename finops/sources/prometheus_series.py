"""Series of Prometheus: gathered compactly, then told apart into gauges, counters, summaries and histograms."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Iterator, Mapping

from finops.errors import DataError
from finops.sources.signal_names import Kind
from finops.sources.signals import Buckets, Labels, Named, Point, increases, is_known, labelled, named, quantile_points

MOST_POINTS = 10_000_000
"""Points are held until the file is read: a counter's gain and a histogram's quantiles need their neighbours."""

Key = tuple[str, Labels]
Values = list[tuple[int, float]]


class Series:
    """The points of a file by name and labels."""

    def __init__(self, where: str) -> None:
        self.native_histograms = 0
        self._where, self._count = where, 0
        self._times: dict[Key, array[int]] = {}
        self._values: dict[Key, array[float]] = {}
        self._labels: dict[Key, dict[str, str]] = {}
        self._declared: dict[str, str] = {}
        self._not_finite = self._repeated = self._single = self._created = 0

    def declare(self, name: str, kind: str) -> None:
        """What a `# TYPE` line says."""
        self._declared[name] = kind

    def add(self, name: str, labels: Mapping[str, str], time: int, value: float) -> None:
        if not math.isfinite(value):
            self._not_finite += 1
            return
        self._count += 1
        if self._count > MOST_POINTS:
            what = f"the file holds more than {MOST_POINTS:,} points"
            raise DataError(what, where=self._where, hint="export shorter periods, or a longer step, into several files")
        key = name, tuple(sorted(labels.items()))
        if key not in self._times:
            self._times[key], self._values[key] = array("q"), array("d")
            self._labels[key] = {label: text for label, text in labels.items() if label != "__name__"}
        self._times[key].append(time)
        self._values[key].append(value)

    def points(self) -> Iterator[Point]:
        """All rows, series by series in order of name and labels."""
        bases = {name.removesuffix("_bucket") for name, _ in self._times if name.endswith("_bucket")}
        histograms: dict[Key, dict[float, Key]] = defaultdict(dict)
        for key in sorted(self._times):
            name, labels = key[0], self._labels[key]
            base = name.removesuffix("_bucket")
            if base != name and (bound := _bound(labels.get("le"))) is not None:
                rest = {label: text for label, text in labels.items() if label != "le"}
                histograms[base, tuple(sorted(rest.items()))][bound] = key
            elif name.endswith("_created") and not is_known(name):
                self._created += 1
            else:
                yield from self._plain(key, name, labels, bases)
        for (base, rest_labels), keys in sorted(histograms.items()):
            yield from self._histogram(base, dict(rest_labels), keys)

    def notes(self) -> list[str]:
        """What was left out, with counts."""
        told = [
            (self._not_finite, "points are NaN or infinite: left out"),
            (self._repeated, "points repeat a time of their series: the last one counts"),
            (self._single, "counters have one point only, so what they gained is unknown: left out"),
            (self._created, "`_created` series say only when a counter began: left out"),
            (self.native_histograms, "series hold native histograms, which are not read; query histogram_quantile() instead"),
        ]
        return [f"{count:,} {what}" for count, what in told if count]

    def _plain(self, key: Key, name: str, labels: dict[str, str], bases: set[str]) -> Iterator[Point]:
        share = _share(labels.get("quantile")) if "quantile" in labels else None
        if share is not None:
            meant = named(name, labels)
            rest = labelled({label: text for label, text in labels.items() if label != "quantile"})
            if meant is not None:
                word = f"p{share * 100:.10g}".replace(".", "")
                for time, value in self._read(key):
                    yield Point(time, meant.quantile(word), "histogram", rest, value * meant.scale)
            return
        found = self._meant(name, labels, bases)
        if found is None:
            return
        meant, kind = found
        values = self._read(key)
        if kind == "counter":
            self._single += len(values) == 1
            values = list(increases(values))
        plain = labelled(labels)
        for time, value in values:
            yield Point(time, meant.signal, kind, plain, value * meant.scale)

    def _meant(self, name: str, labels: dict[str, str], bases: set[str]) -> tuple[Named, Kind] | None:
        """What a series that is neither bucket nor quantile stands for."""
        for suffix in ("_sum", "_count"):
            base = name.removesuffix(suffix)
            distribution = base in bases or self._declared.get(base) in ("histogram", "summary")
            meant = named(base, labels)
            spread = is_known(base) and (meant is None or meant.kind != "gauge")  # a gauge has no sum: that is a name of its own
            if base != name and not is_known(name) and (distribution or spread):
                if meant is None:
                    return None
                if meant.kind == "counter":  # a distribution that is told apart by a label: its sum is the count of tokens
                    return (meant, "counter") if suffix == "_sum" else None
                scale, unit = (meant.scale, meant.suffix) if suffix == "_sum" else (1.0, "")
                return Named(f"{meant.signal}{suffix}{unit}", "counter", scale, ""), "counter"
        known = next((one for one in (name, name.removesuffix("_total")) if is_known(one)), name)
        meant = named(known, labels)
        if meant is None:
            return None
        declared = self._declared.get(name) or self._declared.get(name.removesuffix("_total"))
        if meant.kind == "gauge" or declared == "gauge":
            return meant, "gauge"
        is_counter = meant.kind == "counter" or declared == "counter" or name.endswith("_total")
        if meant.kind == "histogram":  # one figure of a distribution, such as a mean by a recording rule
            return Named(f"{meant.signal}{meant.suffix}", None, meant.scale, ""), "gauge"
        return meant, "counter" if is_counter else "gauge"

    def _histogram(self, base: str, labels: dict[str, str], keys: dict[float, Key]) -> Iterator[Point]:
        meant = named(base, labels)
        if meant is None or meant.kind == "counter":
            return
        bounds, plain = sorted(keys), labelled(labels)
        at: dict[int, dict[float, float]] = defaultdict(dict)
        for bound in bounds:
            values = self._read(keys[bound])
            self._single += len(values) == 1 and bound == bounds[-1]
            for time, value in increases(values):
                at[time][bound] = value
        for time in sorted(at):
            if len(at[time]) == len(bounds):
                buckets = _buckets(bounds, [at[time][bound] for bound in bounds])
                yield from quantile_points(time, meant, plain, buckets)

    def _read(self, key: Key) -> Values:
        """The points of a series by time, each time once."""
        by_time = dict(zip(self._times[key], self._values[key], strict=True))
        self._repeated += len(self._times[key]) - len(by_time)
        return sorted(by_time.items())


def _buckets(bounds: list[float], cumulative: list[float]) -> Buckets:
    """Counts by bucket from counts up to each bound; a count that falls (scraped between two updates) counts as none."""
    counts, before = [], 0.0
    for value in cumulative:
        counts.append(max(value - before, 0.0))
        before = max(value, before)
    finite = tuple(bound for bound in bounds if math.isfinite(bound))
    return Buckets(finite, tuple(counts) if len(finite) < len(bounds) else (*counts, 0.0))


def _bound(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None


def _share(text: str | None) -> float | None:
    found = _bound(text)
    return found if found is not None and 0 <= found <= 1 else None
