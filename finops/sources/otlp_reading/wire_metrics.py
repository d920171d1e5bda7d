"""Reads the Protobuf of OTLP metrics by hand, into the shape that JSON has."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from finops.sources.otlp_reading.metrics_shape import (
    Histogram,
    HistogramPoint,
    Metric,
    Metrics,
    NumberPoint,
    Numbers,
    ResourceMetrics,
    ScopeMetrics,
)
from finops.sources.otlp_reading.shape import Unreadable
from finops.sources.otlp_reading.wire import (
    BYTES,
    DOUBLE,
    FIXED64,
    VARINT,
    Bytes,
    attribute_of,
    damaged,
    each,
    fields,
    resources,
    text_of,
)

_POINTS, _TEMPORALITY, _MONOTONIC = 1, 2, 3


def metrics_in(message: bytes, refuse: Callable[[Unreadable], None]) -> Metrics:
    """A document. A metric that can't be read is refused alone; anything else raises Unreadable."""
    return Metrics(
        [
            ResourceMetrics(resource, [ScopeMetrics(list(each(scope, _metric, refuse))) for scope in scopes])
            for resource, scopes in resources(message)
        ]
    )


def _metric(data: Bytes) -> Metric:
    metric = Metric()
    for number, kind, _, piece in fields(data):
        if kind != BYTES:
            continue
        if number == 1:
            metric.name = text_of(piece)
        elif number == 3:
            metric.unit = text_of(piece)
        elif number == 5:
            metric.gauge = _numbers(piece)
        elif number == 7:
            metric.sum = _numbers(piece)
        elif number == 9:
            metric.histogram = _histogram(piece, _bucket_point)
        elif number == 10:
            metric.exponentialHistogram = _histogram(piece, _exponential_point)
        elif number == 11:
            metric.summary = Histogram()
    return metric


def _numbers(data: Bytes) -> Numbers:
    points: list[NumberPoint] = []
    numbers = Numbers(points)
    for number, kind, value, piece in fields(data):
        if (number, kind) == (_POINTS, BYTES):
            points.append(_number_point(piece))
        elif (number, kind) == (_TEMPORALITY, VARINT):
            numbers.aggregationTemporality = value
        elif (number, kind) == (_MONOTONIC, VARINT):
            numbers.isMonotonic = bool(value)
    return numbers


def _histogram(data: Bytes, read: Callable[[Bytes], HistogramPoint]) -> Histogram:
    points: list[HistogramPoint] = []
    histogram = Histogram(points)
    for number, kind, value, piece in fields(data):
        if (number, kind) == (_POINTS, BYTES):
            points.append(read(piece))
        elif (number, kind) == (_TEMPORALITY, VARINT):
            histogram.aggregationTemporality = value
    return histogram


def _number_point(data: Bytes) -> NumberPoint:
    point = NumberPoint(attributes=[])
    assert point.attributes is not None
    for number, kind, value, piece in fields(data):
        if (number, kind) == (2, FIXED64):
            point.startTimeUnixNano = value
        elif (number, kind) == (3, FIXED64):
            point.timeUnixNano = value
        elif (number, kind) == (4, FIXED64):
            point.asDouble, point.asInt = _double(piece), None
        elif (number, kind) == (6, FIXED64):
            point.asDouble, point.asInt = None, value - (1 << 64) if value >> 63 else value
        elif (number, kind) == (7, BYTES):
            point.attributes.append(attribute_of(piece))
        elif (number, kind) == (8, VARINT):
            point.flags = value
    return point


def _bucket_point(data: Bytes) -> HistogramPoint:
    return _histogram_point(data, attributes=9)


def _exponential_point(data: Bytes) -> HistogramPoint:
    return _histogram_point(data, attributes=1)


def _histogram_point(data: Bytes, attributes: int) -> HistogramPoint:
    """Both kinds of histogram number these fields alike, but for the attributes and the buckets, which only one has here."""
    point = HistogramPoint(attributes=[])
    assert point.attributes is not None
    counts: list[int] = []
    bounds: list[float] = []
    for number, kind, value, piece in fields(data):
        if (number, kind) == (attributes, BYTES):
            point.attributes.append(attribute_of(piece))
        elif (number, kind) == (2, FIXED64):
            point.startTimeUnixNano = value
        elif (number, kind) == (3, FIXED64):
            point.timeUnixNano = value
        elif (number, kind) == (4, FIXED64):
            point.count = value
        elif (number, kind) == (5, FIXED64):
            point.sum = _double(piece)
        elif attributes == 9 and number == 6 and kind in (BYTES, FIXED64):
            counts += _many(piece, "Q")
        elif attributes == 9 and number == 7 and kind in (BYTES, FIXED64):
            bounds += _many(piece, "d")
        elif (number, kind) == (10, VARINT):
            point.flags = value
    point.bucketCounts, point.explicitBounds = [*counts], bounds
    return point


def _many(data: Bytes, code: str) -> tuple[Any, ...]:
    """Numbers of 8 bytes each: packed into one field, or one that stands alone."""
    if len(data) % 8:
        raise damaged()
    return struct.unpack(f"<{len(data) // 8}{code}", data)


def _double(data: Bytes) -> float:
    found: float = DOUBLE.unpack(data)[0]
    return found
