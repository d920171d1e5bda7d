"""Reads the Protobuf of OTLP by hand, bounded, into the shape that JSON has: what all signals share, and the spans."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TypeVar

from msgspec import Raw

from finops.sources.otlp_reading.shape import (
    Attribute,
    Item,
    Items,
    Resource,
    ResourceSpans,
    ScopeSpans,
    Span,
    Status,
    Unreadable,
    Value,
)

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
DOUBLE, _LONG = struct.Struct("<d"), struct.Struct("<Q")
OLD_SCOPES = 1000
"""Where writers before 2022 put the scopes of a resource."""

Bytes = memoryview
Field = tuple[int, int, int, Bytes]
"""Its number, its wire type, its value where that is an integer, and its bytes where it has them."""

_NOTHING = memoryview(b"")
Read = TypeVar("Read")


def resource_spans(message: bytes, refuse: Callable[[Unreadable], None]) -> list[ResourceSpans]:
    """A document's resources with their spans. A span that can't be read is refused alone; anything else raises Unreadable."""
    return [
        ResourceSpans(resource, [ScopeSpans(list(each(scope, _span, refuse))) for scope in scopes])
        for resource, scopes in resources(message)
    ]


def resources(message: bytes) -> Iterator[tuple[Resource, list[Bytes]]]:
    """The resources of a document of any signal, each with its scopes undecoded."""
    for number, kind, _, data in fields(memoryview(message)):
        if (number, kind) != (1, BYTES):
            continue
        resource, scopes = Resource(), list[Bytes]()
        for inner, inner_kind, _, piece in fields(data):
            if inner_kind == BYTES and inner == 1:
                resource = Resource(attributes_in(piece, 1))
            elif inner_kind == BYTES and inner in (2, OLD_SCOPES):
                scopes.append(piece)
        yield resource, scopes


def each(scope: Bytes, read: Callable[[Bytes], Read], refuse: Callable[[Unreadable], None]) -> Iterator[Read]:
    """What stands in a scope: its spans, metrics or records; one that can't be read is refused alone."""
    for number, kind, _, piece in fields(scope):
        if (number, kind) == (2, BYTES):
            try:
                yield read(piece)
            except Unreadable as problem:
                refuse(problem)


def fields(data: Bytes) -> Iterator[Field]:
    """The fields of one message, in order. Groups, and lengths beyond the message, raise Unreadable."""
    at, end = 0, len(data)
    while at < end:
        tag, at = varint(data, at)
        number, kind = tag >> 3, tag & 7
        if number == 0:
            raise damaged()
        if kind == VARINT:
            value, at = varint(data, at)
            yield number, kind, value, _NOTHING
            continue
        size, at = varint(data, at) if kind == BYTES else (SIZES.get(kind, -1), at)
        if size < 0 or at + size > end:
            raise damaged()
        piece = data[at : at + size]
        at += size
        yield number, kind, _LONG.unpack(piece)[0] if kind == FIXED64 else 0, piece


SIZES = {FIXED64: 8, FIXED32: 4}


def varint(data: Bytes, at: int) -> tuple[int, int]:
    """An unsigned integer of 64 bits, and where it ends."""
    value = shift = 0
    for byte in data[at : at + 10]:
        value |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
    raise damaged()


def damaged() -> Unreadable:
    """What is raised where the bytes make no message."""
    return Unreadable("this message is cut short or damaged, or is not Protobuf")


def _span(data: Bytes) -> Span:
    span = Span(attributes=[])
    assert span.attributes is not None
    for number, kind, value, piece in fields(data):
        if kind == BYTES and number in _IDS:
            setattr(span, _IDS[number], piece.hex())
        elif kind == BYTES and number == 5:
            span.name = text_of(piece)
        elif kind == FIXED64 and number in _TIMES:
            setattr(span, _TIMES[number], value)
        elif kind == BYTES and number == 9:
            span.attributes.append(attribute_of(piece))
        elif kind == BYTES and number == 15:
            span.status = Status(next((code for n, k, code, _ in fields(piece) if (n, k) == (3, VARINT)), None))
    if span.startTimeUnixNano is None and len(span.traceId or "") != 32:
        raise Unreadable("this is no span: it has neither a trace nor a time")
    return span


_IDS = {1: "traceId", 2: "spanId", 4: "parentSpanId"}
_TIMES = {7: "startTimeUnixNano", 8: "endTimeUnixNano"}


def attributes_in(data: Bytes, wanted: int) -> list[Attribute]:
    """The attributes that a message holds in the field of that number."""
    return [attribute_of(piece) for number, kind, _, piece in fields(data) if (number, kind) == (wanted, BYTES)]


def attribute_of(data: Bytes) -> Attribute:
    """A name with its value."""
    attribute = Attribute()
    for number, kind, _, piece in fields(data):
        if kind == BYTES and number == 1:
            attribute.key = text_of(piece)
        elif kind == BYTES and number == 2:
            attribute.value = value_of(piece)
    return attribute


def value_of(data: Bytes) -> Value:
    """A value of any kind; what is nested in it is only ever compared."""
    value = Value()
    for number, kind, integer, piece in fields(data):
        if (number, kind) == (1, BYTES):
            value.stringValue = text_of(piece)
        elif (number, kind) == (2, VARINT):
            value.boolValue = bool(integer)
        elif (number, kind) == (3, VARINT):
            value.intValue = integer - (1 << 64) if integer >> 63 else integer
        elif (number, kind) == (4, FIXED64):
            value.doubleValue = DOUBLE.unpack(piece)[0]
        elif (number, kind) == (5, BYTES):
            value.arrayValue = Items([_item(one) for n, k, _, one in fields(piece) if (n, k) == (1, BYTES)])
        elif (number, kind) == (6, BYTES):  # only ever compared, never read
            value.kvlistValue = Raw(f'"{sha256(piece).hexdigest()}"'.encode())
    return value


def _item(data: Bytes) -> Item:
    """One value of an array; deeper nesting is skipped."""
    return Item(next((text_of(piece) for number, kind, _, piece in fields(data) if (number, kind) == (1, BYTES)), None))


def text_of(data: Bytes) -> str:
    """A text."""
    try:
        return str(data, "utf-8")
    except UnicodeDecodeError:
        raise Unreadable("this holds bytes that are not UTF-8") from None
