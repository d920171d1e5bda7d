"""What an OTLP/HTTP request carries: its signal and encoding, whether it decodes, and the messages that answer it.

The receiver lives in this room because it reads OTLP: a body is checked by the same readers that will load it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from finops.sources.otlp_reading.metrics_shape import Metrics, each_metric, each_record, logs, metrics
from finops.sources.otlp_reading.shape import BROKEN, Unreadable, because, groups, groups_one_by_one, traces
from finops.sources.otlp_reading.values import span_id, trace_id
from finops.sources.otlp_reading.wire import OLD_SCOPES, fields
from finops.sources.otlp_reading.wire_logs import logs_in
from finops.sources.otlp_reading.wire_metrics import metrics_in

Encoding = Literal["protobuf", "json"]
CONTENT_TYPES: dict[str, Encoding] = {"application/x-protobuf": "protobuf", "application/json": "json"}
LENGTH_BYTES = 4
"""Protobuf is kept with each message behind its length, the highest byte first, as the Collector's file exporter writes it."""

_BYTES = 2
_BOM = b"\xef\xbb\xbf"


class Signal(NamedTuple):
    """One of the three things that OTLP carries: where it is posted, its key in JSON, and what its records are called."""

    name: str
    key: str
    records: str
    refused: str

    @property
    def path(self) -> str:
        return f"/v1/{self.name}"


SIGNALS = (
    Signal("traces", "resourceSpans", "spans", "rejectedSpans"),
    Signal("metrics", "resourceMetrics", "metrics", "rejectedDataPoints"),
    Signal("logs", "resourceLogs", "log records", "rejectedLogRecords"),
)


class Kind(NamedTuple):
    """What one spool file holds: a signal in an encoding. `opening` is a message without records that each file begins with, so
    that it is recognised whatever comes after."""

    signal: Signal
    encoding: Encoding

    @property
    def suffix(self) -> str:
        return ".pb" if self.encoding == "protobuf" else ".jsonl"

    @property
    def opening(self) -> bytes:
        return _framed(b"\x0a\x02\x0a\x00") if self.encoding == "protobuf" else f'{{"{self.signal.key}":[]}}\n'.encode()


KINDS = tuple(Kind(signal, encoding) for signal in SIGNALS for encoding in ("protobuf", "json"))


@dataclass(frozen=True)
class Checked:
    """A body that decodes: `record` is how the spool keeps it, `refused` counts the records in it that will not load."""

    record: bytes
    records: int
    refused: int = 0
    reason: str | None = None


def checked(kind: Kind, body: bytes) -> Checked:
    """Looks through a body. Raises Unreadable where it does not decode, or where none of its records would load."""
    found = _protobuf(kind.signal, body) if kind.encoding == "protobuf" else _json(kind.signal, body)
    if found.refused and found.refused == found.records:
        raise Unreadable(found.reason or "nothing in it can be read")
    return found


def whole_records(kind: Kind, content: bytes) -> int:
    """How many of the first bytes of a spool file are whole records that decode: what follows was cut short."""
    end = 0
    for stop, body in _records(kind, content):
        try:
            checked(kind, body)
        except Unreadable:
            break
        end = stop
    return end


def accepted(kind: Kind, refused: int, reason: str | None) -> bytes:
    """The body of a 200: empty, or with what was refused."""
    if kind.encoding == "json":
        partial = {kind.signal.refused: str(refused), "errorMessage": reason or ""}
        return json.dumps({"partialSuccess": partial} if refused else {}).encode()
    if not refused:
        return b""
    return _field(1, b"\x08" + _varint(refused) + _field(2, (reason or "").encode()))


def status(encoding: Encoding, code: int, message: str) -> bytes:
    """A `google.rpc.Status`: its code is one of gRPC's (3 invalid argument, 8 exhausted, 14 unavailable)."""
    if encoding == "json":
        return json.dumps({"code": code, "message": message}).encode()
    return b"\x08" + _varint(code) + _field(2, message.encode())


def _records(kind: Kind, content: bytes) -> Iterator[tuple[int, bytes]]:
    """Each whole record of a spool file with where it ends."""
    at = 0
    while at < len(content):
        if kind.encoding == "json":
            begin, stop = at, content.find(b"\n", at) + 1
        else:
            begin = at + LENGTH_BYTES
            stop = begin + int.from_bytes(content[at:begin], "big")
        if not begin < stop <= len(content):
            return
        yield stop, content[begin:stop]
        at = stop


def _protobuf(signal: Signal, body: bytes) -> Checked:
    if signal.name != "traces":
        return _decoded(signal, body)
    records = refused = 0
    for resource in _inside(memoryview(body)):
        for scope in _inside(resource, 2, OLD_SCOPES):
            for record in _inside(scope, 2):
                records += 1
                refused += not _names_a_span(record)
    return Checked(_framed(body), records, refused, "a span without a trace id of 16 bytes and a span id of 8")


def _decoded(signal: Signal, body: bytes) -> Checked:
    problems: list[Unreadable] = []
    if signal.name == "metrics":
        records = sum(1 for _ in each_metric(metrics_in(body, problems.append)))
    else:
        records = sum(1 for _ in each_record(logs_in(body, problems.append)))
    return Checked(_framed(body), records + len(problems), len(problems), problems[0].reason if problems else None)


def _inside(message: memoryview, *numbers: int) -> Iterator[memoryview]:
    return (piece for number, kind, _, piece in fields(message) if kind == _BYTES and number in (numbers or (1,)))


def _names_a_span(span: memoryview) -> bool:
    sizes = {number: len(piece) for number, kind, _, piece in fields(span) if kind == _BYTES and number in (1, 2)}
    return sizes.get(1) == 16 and sizes.get(2) == 8


def _json(signal: Signal, body: bytes) -> Checked:
    line = body.removeprefix(_BOM).strip()
    try:
        line.decode("utf-8")
        if b"\0" in line:
            raise Unreadable("the body holds a NUL byte: it is no JSON")
        if not line.startswith(b"{"):
            raise Unreadable("the body is not a JSON object")
        records, refused = _COUNT[signal.name](line)
    except BROKEN as error:
        raise because(error, "body") from error
    reason = None if not refused else refused[0].reason + (f" ({refused[0].column})" if refused[0].column else "")
    one_line = line.replace(b"\r", b" ").replace(b"\n", b" ")  # between values only: inside strings JSON escapes them
    return Checked(one_line + b"\n", records, len(refused), reason)


def _spans(line: bytes) -> tuple[int, list[Unreadable]]:
    refused: list[Unreadable] = []
    try:
        document = traces(line)
        if document.resourceSpans is None and line.strip(b"{} \t\r\n"):
            raise Unreadable('the body has no "resourceSpans"')
        found = list(groups(document))
    except BROKEN:
        found = list(groups_one_by_one(line, refused.append))
        if not refused:
            raise
    records = len(refused)
    for _, spans in found:
        records += len(spans)
        for span in spans:
            try:
                if not (trace_id(span.traceId) and span_id(span.spanId, "spanId")):
                    refused.append(Unreadable("a span has no trace id or no span id"))
            except Unreadable as problem:
                refused.append(problem)
    return records, refused


def _metrics(line: bytes) -> tuple[int, list[Unreadable]]:
    document: Metrics = metrics(line)
    if document.resourceMetrics is None and line.strip(b"{} \t\r\n"):
        raise Unreadable('the body has no "resourceMetrics"')
    return sum(1 for _ in each_metric(document)), []


def _logs(line: bytes) -> tuple[int, list[Unreadable]]:
    document = logs(line)
    if document.resourceLogs is None and line.strip(b"{} \t\r\n"):
        raise Unreadable('the body has no "resourceLogs"')
    return sum(1 for _ in each_record(document)), []


_COUNT: dict[str, Callable[[bytes], tuple[int, list[Unreadable]]]] = {"traces": _spans, "metrics": _metrics, "logs": _logs}


def _framed(message: bytes) -> bytes:
    return len(message).to_bytes(LENGTH_BYTES, "big") + message


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | _BYTES]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    pieces = bytearray()
    while value >= 0x80:
        pieces.append(value & 0x7F | 0x80)
        value >>= 7
    pieces.append(value)
    return bytes(pieces)
