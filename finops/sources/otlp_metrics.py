"""OTLP metrics: gauges, sums and histograms become samples in the one vocabulary of signals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import file_part
from finops.sources.otlp_reading.documents import documents
from finops.sources.otlp_reading.frames import FRAMED_SUFFIXES
from finops.sources.otlp_reading.metrics_series import Gathered
from finops.sources.otlp_reading.metrics_shape import each_metric, metrics
from finops.sources.otlp_reading.signal import METRICS
from finops.sources.otlp_reading.wire_metrics import metrics_in
from finops.sources.signals import batches

if TYPE_CHECKING:
    import pyarrow as pa


class OtlpMetrics:
    """One row per point. Sums give what was added since the point before, whatever their temporality; histograms give quantiles,
    a count and a sum. Tokens and cost that coding agents count are signals, never cost."""

    name = "otlp_metrics"
    title = "OpenTelemetry metrics (OTLP/JSON, or Protobuf behind lengths)"
    contracts: tuple[str, ...] = ("sample",)
    patterns: tuple[Pattern, ...] = (
        Pattern((".json", ".jsonl", ".ndjson"), head_any=('"resourceMetrics"', '"resource_metrics"')),
        Pattern(FRAMED_SUFFIXES, header_all=(METRICS,)),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return (file_part(path, root, text=False),)  # a line that is no text is refused alone

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("sample", _batches(part, rejects, notes), rejects, notes=notes)


SOURCE = OtlpMetrics()


def _batches(part: Part, rejects: list[Reject], notes: list[str]) -> Iterator[pa.RecordBatch]:
    gathered = Gathered(str(part.path), rejects)
    for number, document in documents(part.path, metrics, metrics_in, rejects):
        for resource, metric in each_metric(document):
            gathered.add(number, resource, metric)
    yield from batches(gathered.points())
    notes += gathered.notes()
