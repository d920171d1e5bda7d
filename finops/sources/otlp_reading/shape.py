"""The shape of OTLP/JSON traces, typed: only what is used is decoded, unknown fields are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec import UNSET, DecodeError, MsgspecError, Raw, Struct, UnsetType, ValidationError, convert
from msgspec.json import Decoder


class Item(Struct, gc=False):
    """One value of an array."""

    stringValue: str | None = None


class Items(Struct, gc=False):
    """An array value; deeper nesting is skipped."""

    values: list[Item] | None = None


class Value(Struct, gc=False):
    """An attribute's value: one of these is set. 64-bit integers come as text, and readers must take numbers too."""

    stringValue: str | None = None
    intValue: int | str | float | None = None
    doubleValue: float | int | str | None = None
    boolValue: bool | None = None
    arrayValue: Items | None = None
    kvlistValue: Raw | None = None


class Attribute(Struct, gc=False):
    """A named value. Names may repeat: the last one wins."""

    key: str = ""
    value: Value | None = None


class Status(Struct, gc=False):
    """0 unset, 1 ok, 2 error; some writers spell the name out."""

    code: int | str | None = None


class Span(Struct, gc=False):
    """One span. Ids are hexadecimal, times are nanoseconds as text or number."""

    traceId: str | None = None
    spanId: str | None = None
    parentSpanId: str | None = None
    name: str | None = None
    startTimeUnixNano: int | str | None = None
    endTimeUnixNano: int | str | None = None
    attributes: list[Attribute] | None = None
    status: Status | None = None


class ScopeSpans(Struct, gc=False):
    """The spans of one instrumentation."""

    spans: list[Span] | None = None


class Resource(Struct, gc=False):
    """What produced the spans."""

    attributes: list[Attribute] | None = None


class ResourceSpans(Struct, gc=False):
    """The spans of one resource; `instrumentationLibrarySpans` is what files before 2022 call the scopes."""

    resource: Resource | None = None
    scopeSpans: list[ScopeSpans] | None = None
    instrumentationLibrarySpans: list[ScopeSpans] | None = None


class Traces(Struct, gc=False):
    """One document: a line of the Collector's file."""

    resourceSpans: list[ResourceSpans] | None = None
    resourceMetrics: Raw | UnsetType = UNSET
    resourceLogs: Raw | UnsetType = UNSET


class RawScope(Struct, gc=False):
    """The spans undecoded, so that one odd span does not cost its neighbours."""

    spans: list[Raw] | None = None


class RawResource(Struct, gc=False):
    """A resource and its spans, undecoded."""

    resource: Raw | UnsetType = UNSET
    scopeSpans: list[RawScope] | None = None
    instrumentationLibrarySpans: list[RawScope] | None = None


class RawTraces(Struct, gc=False):
    """A document whose spans are decoded one by one."""

    resourceSpans: list[RawResource] | None = None


class Unreadable(Exception):
    """A line, a span or a value that can't be read: why, in which field, and its text where that is no content."""

    def __init__(self, reason: str, column: str | None = None, text: str | None = None) -> None:
        super().__init__(reason)
        self.reason, self.column, self.text = reason, column, text


SLICE = 4096
"""So many spans of a large document are decoded at a time."""

BROKEN = (MsgspecError, RecursionError, UnicodeError)
"""What a decoder raises for a document that would not do."""

Group = tuple[list[Attribute], list[Span]]
"""A resource's attributes and the spans of one of its scopes."""

traces_as_written: Callable[[bytes | str], Traces] = Decoder(Traces).decode
_decode_raw = Decoder(RawTraces).decode
decoded_span: Callable[[bytes | str | Raw], Span] = Decoder(Span).decode
_decode_resource = Decoder(Resource | None).decode
_decode_any = Decoder(Any).decode


def traces(line: bytes) -> Traces:
    """The document; keys in snake_case, which some senders write, are taken for the camelCase ones."""
    document = traces_as_written(line)
    if document.resourceSpans is None and b'"resource_spans"' in line:
        return convert(camel(line), Traces)
    return document


def camel(line: bytes) -> Any:
    """A document in snake_case, as some senders write, with the keys that it should have."""
    return _camel_keys(_decode_any(line))


def groups(document: Traces) -> Iterator[Group]:
    """Each scope's spans with their resource's attributes."""
    for resource_spans in document.resourceSpans or ():
        resource = resource_spans.resource
        attributes = (resource.attributes if resource is not None else None) or []
        for scope in resource_spans.scopeSpans or resource_spans.instrumentationLibrarySpans or ():
            if scope.spans:
                yield attributes, scope.spans


def groups_one_by_one(line: bytes, refuse: Callable[[Unreadable], None]) -> Iterator[Group]:
    """The same for a document that did not decode as a whole: what can't be read is refused alone, the rest is given."""
    for resource_spans in _decode_raw(line).resourceSpans or ():
        scopes = resource_spans.scopeSpans or resource_spans.instrumentationLibrarySpans or ()
        try:
            raw = resource_spans.resource
            resource = None if isinstance(raw, UnsetType) else _decode_resource(raw)
        except BROKEN as error:
            for _ in (span for scope in scopes for span in scope.spans or ()):
                refuse(because(error, "resource"))
            continue
        attributes = (resource.attributes if resource is not None else None) or []
        for scope in scopes:
            spans = scope.spans or []
            for at in range(0, len(spans), SLICE):
                yield attributes, list(_readable(spans[at : at + SLICE], refuse))


def _readable(spans: list[Raw], refuse: Callable[[Unreadable], None]) -> Iterator[Span]:
    for raw in spans:
        try:
            yield decoded_span(raw)
        except BROKEN as error:
            refuse(because(error, "span"))


def because(error: Exception, what: str = "line") -> Unreadable:
    """Why a document could not be decoded, without anything that it says."""
    if isinstance(error, RecursionError):
        return Unreadable(f"this {what} is nested too deeply")
    if isinstance(error, UnicodeError):
        return Unreadable(f"this {what} holds bytes that are not UTF-8")
    if isinstance(error, ValidationError):
        reason, _, path = str(error).partition(" - at ")
        return Unreadable(f"this {what} does not have the shape of OTLP: {reason}", path.strip("`").removeprefix("$.") or None)
    if isinstance(error, DecodeError) and "truncated" in str(error):
        return Unreadable(f"this {what} is cut short or damaged")
    return Unreadable(f"this {what} is not JSON: {str(error).removeprefix('JSON is malformed: ')}")


def _camel_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(key): _camel_keys(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_camel_keys(item) for item in value]
    return value


def _camel(key: str) -> str:
    first, *others = key.split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in others)
