"""The shape of OTLP/JSON metrics and logs, typed: only what is used is decoded, unknown fields are skipped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from msgspec import Struct, convert
from msgspec.json import Decoder

from finops.sources.otlp_reading.shape import Attribute, Resource, Value, camel

Count = int | str | float


class NumberPoint(Struct, gc=False):
    """One figure of a gauge or a sum."""

    attributes: list[Attribute] | None = None
    startTimeUnixNano: int | str | None = None
    timeUnixNano: int | str | None = None
    asInt: int | str | float | None = None
    asDouble: float | int | str | None = None
    flags: int | None = None


class HistogramPoint(Struct, gc=False):
    """Counts by bucket. An exponential one has a scale instead of bounds: only its count and sum are used."""

    attributes: list[Attribute] | None = None
    startTimeUnixNano: int | str | None = None
    timeUnixNano: int | str | None = None
    count: int | str | float | None = None
    sum: float | int | str | None = None
    bucketCounts: list[Count] | None = None
    explicitBounds: list[float] | None = None
    flags: int | None = None


class Numbers(Struct, gc=False):
    """A gauge, or a sum with its temporality: 1 delta, 2 cumulative."""

    dataPoints: list[NumberPoint] | None = None
    aggregationTemporality: int | str | None = None
    isMonotonic: bool | None = None


class Histogram(Struct, gc=False):
    """A distribution with its temporality."""

    dataPoints: list[HistogramPoint] | None = None
    aggregationTemporality: int | str | None = None


class Metric(Struct, gc=False):
    """One metric; one of its kinds is set."""

    name: str | None = None
    unit: str | None = None
    gauge: Numbers | None = None
    sum: Numbers | None = None
    histogram: Histogram | None = None
    exponentialHistogram: Histogram | None = None
    summary: Histogram | None = None


class ScopeMetrics(Struct, gc=False):
    metrics: list[Metric] | None = None


class ResourceMetrics(Struct, gc=False):
    resource: Resource | None = None
    scopeMetrics: list[ScopeMetrics] | None = None


class Metrics(Struct, gc=False):
    """One document."""

    resourceMetrics: list[ResourceMetrics] | None = None


class Record(Struct, gc=False):
    """One log record; its body is left alone but for the name of an event in older writers."""

    timeUnixNano: int | str | None = None
    observedTimeUnixNano: int | str | None = None
    eventName: str | None = None
    body: Value | None = None
    attributes: list[Attribute] | None = None
    traceId: str | None = None
    spanId: str | None = None


class ScopeLogs(Struct, gc=False):
    logRecords: list[Record] | None = None


class ResourceLogs(Struct, gc=False):
    resource: Resource | None = None
    scopeLogs: list[ScopeLogs] | None = None


class Logs(Struct, gc=False):
    """One document."""

    resourceLogs: list[ResourceLogs] | None = None


Document = TypeVar("Document", Metrics, Logs)

_metrics, _logs = Decoder(Metrics), Decoder(Logs)


def metrics(line: bytes) -> Metrics:
    """The document; keys in snake_case are taken for the camelCase ones."""
    return convert(camel(line), Metrics, strict=False) if b'"resource_metrics"' in line else _metrics.decode(line)


def logs(line: bytes) -> Logs:
    """The same for logs."""
    return convert(camel(line), Logs, strict=False) if b'"resource_logs"' in line else _logs.decode(line)


def each_metric(document: Metrics) -> Iterator[tuple[list[Attribute], Metric]]:
    """Each metric with its resource's attributes."""
    for group in document.resourceMetrics or ():
        attributes = (group.resource.attributes if group.resource is not None else None) or []
        for scope in group.scopeMetrics or ():
            for metric in scope.metrics or ():
                yield attributes, metric


def each_record(document: Logs) -> Iterator[tuple[list[Attribute], Record]]:
    """Each log record with its resource's attributes."""
    for group in document.resourceLogs or ():
        attributes = (group.resource.attributes if group.resource is not None else None) or []
        for scope in group.scopeLogs or ():
            for record in scope.logRecords or ():
                yield attributes, record
