"""Tells OTLP traces, metrics and logs apart in messages behind their lengths: no byte names the signal, only its fields do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from finops.sources.otlp_reading.frames import LENGTH_BYTES, ZSTD, decompressed
from finops.sources.otlp_reading.lines import LONGEST_LINE
from finops.sources.otlp_reading.shape import Unreadable
from finops.sources.otlp_reading.wire import BYTES, FIXED32, FIXED64, OLD_SCOPES, SIZES, VARINT, Bytes, varint

TRACES, METRICS, LOGS = "OTLP traces behind lengths", "OTLP metrics behind lengths", "OTLP logs behind lengths"
SIGNALS = (TRACES, METRICS, LOGS)

_SHAPES: dict[str, dict[int, int]] = {
    TRACES: {
        **dict.fromkeys((1, 2, 3, 4, 5, 9, 11, 13, 15), BYTES),
        **dict.fromkeys((6, 10, 12, 14), VARINT),
        **{7: FIXED64, 8: FIXED64, 16: FIXED32},
    },
    METRICS: dict.fromkeys((1, 2, 3, 5, 7, 9, 10, 11, 12), BYTES),
    LOGS: {**dict.fromkeys((3, 5, 6, 9, 10, 12), BYTES), **{1: FIXED64, 2: VARINT, 7: VARINT, 8: FIXED32, 11: FIXED64}},
}
"""Each field of a span, a metric and a log record with its wire type. Fields beyond the last are of days to come."""

_ID_BYTES = {TRACES: {1: 16, 2: 8, 4: 8}, METRICS: {}, LOGS: {9: 16, 10: 8}}
_KEYS = {
    TRACES: (b'"resourceSpans"', b'"resource_spans"'),
    METRICS: (b'"resourceMetrics"', b'"resource_metrics"'),
    LOGS: (b'"resourceLogs"', b'"resource_logs"'),
}
_ITEMS_LOOKED_AT = 64
_UNPACKED_BYTES = 1 << 18


class Signals(NamedTuple):
    """Which of the signals a file may be: one where that is plain, several where its fields fit several, none where they fit
    none. `items` counts the spans, metrics or records that were looked at."""

    possible: tuple[str, ...]
    items: int


class _Field(NamedTuple):
    number: int
    kind: int
    data: Bytes
    whole: bool


class _Item(NamedTuple):
    """A span, a metric or a log record; it is not whole where the first bytes of the file end in it."""

    fields: list[_Field]
    whole: bool


def signals(start: bytes) -> Signals | None:
    """What the first bytes of a file say; None where they are no messages behind lengths."""
    if not _begins_framed(start):
        return None
    possible, items = set(SIGNALS), 0
    for message in _messages(start):
        if message.startswith(b"{"):
            possible &= {signal for signal, keys in _KEYS.items() if any(key in message for key in keys)}
            items += 1
        else:
            for item in _items(memoryview(message)):
                possible &= {signal for signal in SIGNALS if _fits(item, signal)}
                items += 1
                if items >= _ITEMS_LOOKED_AT:
                    break
        if items >= _ITEMS_LOOKED_AT:
            break
    return Signals(tuple(signal for signal in SIGNALS if signal in possible), items)


def _begins_framed(start: bytes) -> bool:
    """Whether a length of 4 bytes is followed by a zstd frame, or by a first field that fits into that length."""
    length, message = int.from_bytes(start[:LENGTH_BYTES], "big"), start[LENGTH_BYTES:]
    if length > LONGEST_LINE:
        return False
    if message.startswith(ZSTD):
        return True
    if message[:1] != b"\x0a":
        return False
    try:
        size, at = varint(memoryview(message), 1)
    except Unreadable:
        return False
    return at + size <= length and (size == 0 or message[at : at + 1] in (b"\x0a", b"\x12", b"\x1a"))


def _messages(start: bytes) -> Iterator[bytes]:
    """The messages in the first bytes, unpacked as far as is needed; the last may be cut off."""
    at = 0
    while at + LENGTH_BYTES < len(start):
        size = int.from_bytes(start[at : at + LENGTH_BYTES], "big")
        at += LENGTH_BYTES
        message = start[at : at + size]
        at += size
        yield decompressed(message, _UNPACKED_BYTES, 1 << 14)[0] if message.startswith(ZSTD) else message


def _items(message: Bytes) -> Iterator[_Item]:
    """The fields of each span, metric or record of a message, which may be cut off."""
    for resource in _fields(message):
        if (resource.number, resource.kind) != (1, BYTES):
            continue
        for scope in _fields(resource.data):
            if scope.number not in (2, OLD_SCOPES) or scope.kind != BYTES:
                continue
            for item in _fields(scope.data):
                if (item.number, item.kind) == (2, BYTES) and (found := list(_fields(item.data))):
                    yield _Item(found, item.whole)


def _fields(data: Bytes) -> Iterator[_Field]:
    """The fields of a message as far as they go."""
    at, end = 0, len(data)
    try:
        while at < end:
            tag, at = varint(data, at)
            number, kind = tag >> 3, tag & 7
            if kind == VARINT:
                _, at = varint(data, at)
                yield _Field(number, kind, data[:0], True)
                continue
            size, at = varint(data, at) if kind == BYTES else (SIZES.get(kind, -1), at)
            if size < 0 or number == 0:
                yield _Field(0, kind, data[:0], True)
                return
            yield _Field(number, kind, data[at : at + size], at + size <= end)
            at += size
    except Unreadable:
        return


def _fits(item: _Item, signal: str) -> bool:
    shape, ids = _SHAPES[signal], _ID_BYTES[signal]
    for field in item.fields:
        if field.number <= max(shape) and shape.get(field.number) != field.kind:
            return False
        if field.whole and field.number in ids and len(field.data) not in (0, ids[field.number]):
            return False
    numbers = {field.number for field in item.fields}
    return signal != TRACES or not item.whole or bool(numbers & {7, 8}) or numbers >= {1, 2}
