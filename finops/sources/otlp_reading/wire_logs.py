"""Reads the Protobuf of OTLP logs by hand, into the shape that JSON has."""

from __future__ import annotations

from collections.abc import Callable

from finops.sources.otlp_reading.metrics_shape import Logs, Record, ResourceLogs, ScopeLogs
from finops.sources.otlp_reading.shape import Unreadable
from finops.sources.otlp_reading.wire import BYTES, FIXED64, Bytes, attribute_of, each, fields, resources, text_of, value_of


def logs_in(message: bytes, refuse: Callable[[Unreadable], None]) -> Logs:
    """A document. A record that can't be read is refused alone; anything else raises Unreadable."""
    return Logs(
        [
            ResourceLogs(resource, [ScopeLogs(list(each(scope, _record, refuse))) for scope in scopes])
            for resource, scopes in resources(message)
        ]
    )


def _record(data: Bytes) -> Record:
    record = Record(attributes=[])
    assert record.attributes is not None
    for number, kind, value, piece in fields(data):
        if (number, kind) == (1, FIXED64):
            record.timeUnixNano = value
        elif (number, kind) == (11, FIXED64):
            record.observedTimeUnixNano = value
        elif (number, kind) == (5, BYTES):
            record.body = value_of(piece)
        elif (number, kind) == (6, BYTES):
            record.attributes.append(attribute_of(piece))
        elif (number, kind) == (9, BYTES):
            record.traceId = piece.hex()
        elif (number, kind) == (10, BYTES):
            record.spanId = piece.hex()
        elif (number, kind) == (12, BYTES):
            record.eventName = text_of(piece)
    return record
