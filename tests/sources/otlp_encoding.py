"""Writes OTLP/JSON traces as Protobuf, for tests: the other direction of what `otlp_wire` reads."""

from __future__ import annotations

import struct
from typing import Any

Json = dict[str, Any]


def framed(*messages: bytes) -> bytes:
    """Messages, each behind its length."""
    return b"".join(struct.pack(">I", len(message)) + message for message in messages)


def traces(document: Json) -> bytes:
    """A document of OTLP/JSON."""
    return b"".join(_bytes(1, _resource_spans(one)) for one in document["resourceSpans"])


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    pieces = []
    while value >= 0x80:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*pieces, value])


def _bytes(number: int, value: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _resource_spans(given: Json) -> bytes:
    attributes = given.get("resource", {}).get("attributes", [])
    resource = _bytes(1, b"".join(_bytes(1, _attribute(one)) for one in attributes))
    return resource + b"".join(_bytes(2, _scope_spans(one)) for one in given["scopeSpans"])


def _scope_spans(given: Json) -> bytes:
    scope = _bytes(1, _bytes(1, b"test")) + _bytes(3, b"https://example.org/schema")
    return scope + b"".join(_bytes(2, span(one)) for one in given["spans"])


def span(given: Json) -> bytes:
    """One span, with fields beside those that are read."""
    found = b""
    for number, key in ((1, "traceId"), (2, "spanId"), (4, "parentSpanId")):
        found += _bytes(number, bytes.fromhex(given.get(key) or ""))
    found += _bytes(5, given.get("name", "").encode()) + _varint(6 << 3) + _varint(3)
    for number, key in ((7, "startTimeUnixNano"), (8, "endTimeUnixNano")):
        found += _varint(number << 3 | 1) + struct.pack("<Q", int(given.get(key) or 0))
    found += b"".join(_bytes(9, _attribute(one)) for one in given.get("attributes", []))
    found += _bytes(11, _bytes(2, b"an event")) + _varint(16 << 3 | 5) + struct.pack("<I", 257)
    code = (given.get("status") or {}).get("code")
    return found + (_bytes(15, _varint(3 << 3) + _varint(code)) if code is not None else b"")


def _attribute(given: Json) -> bytes:
    return _bytes(1, given["key"].encode()) + _bytes(2, _value(given["value"]))


def _value(given: Json) -> bytes:
    (kind, value), *_ = given.items()
    if kind == "stringValue":
        return _bytes(1, value.encode())
    if kind == "boolValue":
        return _varint(2 << 3) + _varint(int(value))
    if kind == "intValue":
        return _varint(3 << 3) + _varint(int(value))
    if kind == "doubleValue":
        return _varint(4 << 3 | 1) + struct.pack("<d", value)
    return _bytes(5, b"".join(_bytes(1, _value(one)) for one in value["values"]))
