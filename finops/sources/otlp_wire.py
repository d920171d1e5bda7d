"""Reads the Protobuf of OTLP traces by hand: only the fields that are used, bounded, into the shape that JSON has."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from hashlib import sha256

from msgspec import Raw

from finops.sources.otlp_shape import Attribute, Item, Items, Resource, ResourceSpans, ScopeSpans, Span, Status, Unreadable, Value

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_DOUBLE, _LONG = struct.Struct("<d"), struct.Struct("<Q")
_OLD_SCOPES = 1000
"""Where writers before 2022 put the scopes of a resource."""

Bytes = memoryview
Field = tuple[int, int, int, Bytes]
"""Its number, its wire type, its value where that is an integer, and its bytes where it has them."""

_NOTHING = memoryview(b"")


def resource_spans(message: bytes, refuse: Callable[[Unreadable], None]) -> list[ResourceSpans]:
    """A document's resources with their spans. A span that can't be read is refused alone; anything else raises Unreadable."""
    return [_resource(data, refuse) for number, kind, _, data in fields(memoryview(message)) if (number, kind) == (1, _BYTES)]


def fields(data: Bytes) -> Iterator[Field]:
    """The fields of one message, in order. Groups, and lengths beyond the message, raise Unreadable."""
    at, end = 0, len(data)
    while at < end:
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise _damaged()
        if kind == _VARINT:
            value, at = _varint(data, at)
            yield number, kind, value, _NOTHING
            continue
        size, at = _varint(data, at) if kind == _BYTES else (_SIZES.get(kind, -1), at)
        if size < 0 or at + size > end:
            raise _damaged()
        piece = data[at : at + size]
        at += size
        yield number, kind, _LONG.unpack(piece)[0] if kind == _FIXED64 else 0, piece


_SIZES = {_FIXED64: 8, _FIXED32: 4}


def _varint(data: Bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    for byte in data[at : at + 10]:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise _damaged()


def _damaged() -> Unreadable:
    return Unreadable("this message is cut short or damaged, or is not Protobuf")


def _resource(data: Bytes, refuse: Callable[[Unreadable], None]) -> ResourceSpans:
    resource, scopes = Resource(), list[ScopeSpans]()
    for number, kind, _, piece in fields(data):
        if kind == _BYTES and number == 1:
            resource = Resource([_attribute(one) for n, k, _, one in fields(piece) if (n, k) == (1, _BYTES)])
        elif kind == _BYTES and number in (2, _OLD_SCOPES):
            scopes.append(ScopeSpans(list(_spans(piece, refuse))))
    return ResourceSpans(resource, scopes)


def _spans(data: Bytes, refuse: Callable[[Unreadable], None]) -> Iterator[Span]:
    for number, kind, _, piece in fields(data):
        if (number, kind) == (2, _BYTES):
            try:
                yield _span(piece)
            except Unreadable as problem:
                refuse(problem)


def _span(data: Bytes) -> Span:
    span = Span(attributes=[])
    assert span.attributes is not None
    for number, kind, value, piece in fields(data):
        if kind == _BYTES and number in _IDS:
            setattr(span, _IDS[number], piece.hex())
        elif kind == _BYTES and number == 5:
            span.name = _text(piece)
        elif kind == _FIXED64 and number in _TIMES:
            setattr(span, _TIMES[number], value)
        elif kind == _BYTES and number == 9:
            span.attributes.append(_attribute(piece))
        elif kind == _BYTES and number == 15:
            span.status = Status(next((code for n, k, code, _ in fields(piece) if (n, k) == (3, _VARINT)), None))
    if span.startTimeUnixNano is None and len(span.traceId or "") != 32:
        raise Unreadable("this is no span: metrics and logs are read as OTLP/JSON only")
    return span


_IDS = {1: "traceId", 2: "spanId", 4: "parentSpanId"}
_TIMES = {7: "startTimeUnixNano", 8: "endTimeUnixNano"}


def _attribute(data: Bytes) -> Attribute:
    attribute = Attribute()
    for number, kind, _, piece in fields(data):
        if kind == _BYTES and number == 1:
            attribute.key = _text(piece)
        elif kind == _BYTES and number == 2:
            attribute.value = _value(piece)
    return attribute


def _value(data: Bytes) -> Value:
    value = Value()
    for number, kind, integer, piece in fields(data):
        if (number, kind) == (1, _BYTES):
            value.stringValue = _text(piece)
        elif (number, kind) == (2, _VARINT):
            value.boolValue = bool(integer)
        elif (number, kind) == (3, _VARINT):
            value.intValue = integer - (1 << 64) if integer >> 63 else integer
        elif (number, kind) == (4, _FIXED64):
            value.doubleValue = _DOUBLE.unpack(piece)[0]
        elif (number, kind) == (5, _BYTES):
            value.arrayValue = Items([_item(one) for n, k, _, one in fields(piece) if (n, k) == (1, _BYTES)])
        elif (number, kind) == (6, _BYTES):  # only ever compared, never read
            value.kvlistValue = Raw(f'"{sha256(piece).hexdigest()}"'.encode())
    return value


def _item(data: Bytes) -> Item:
    """One value of an array; deeper nesting is skipped."""
    return Item(next((_text(piece) for number, kind, _, piece in fields(data) if (number, kind) == (1, _BYTES)), None))


def _text(data: Bytes) -> str:
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise Unreadable("this span holds bytes that are not UTF-8") from None
