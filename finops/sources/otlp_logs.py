"""OTLP logs: results of evaluations become outcomes, Claude Code's requests become calls."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import file_part
from finops.sources.otlp_reading.attributes import AGENT_NAMES, RUN_NAMES, SESSION_NAMES
from finops.sources.otlp_reading.documents import documents
from finops.sources.otlp_reading.frames import FRAMED_SUFFIXES
from finops.sources.otlp_reading.log_calls import sender_of, span_of
from finops.sources.otlp_reading.metrics_shape import Record, each_record, logs
from finops.sources.otlp_reading.rows import Rows
from finops.sources.otlp_reading.shape import Attribute, Resource, ResourceSpans, ScopeSpans, Traces, Unreadable
from finops.sources.otlp_reading.signal import LOGS
from finops.sources.otlp_reading.values import microseconds, text, trace_id
from finops.sources.otlp_reading.wire_logs import logs_in
from finops.sources.verdicts import verdict

if TYPE_CHECKING:
    import pyarrow as pa

EVALUATION = "gen_ai.evaluation.result"
BATCH_ROWS = 8192

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 the contract's times are naive UTC


class OtlpLogs:
    """Only these events are read, and nothing that a prompt or an answer says. Metrics of the same requests are signals and never
    cost, so that no request counts twice."""

    name = "otlp_logs"
    title = "OpenTelemetry logs: evaluation results, requests of Claude Code (OTLP/JSON, or Protobuf behind lengths)"
    contracts: tuple[str, ...] = ("outcome", "call")
    patterns: tuple[Pattern, ...] = (
        Pattern((".json", ".jsonl", ".ndjson"), head_any=('"resourceLogs"', '"resource_logs"')),
        Pattern(FRAMED_SUFFIXES, header_all=(LOGS,)),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return (file_part(path, root, text=False),)  # a line that is no text is refused alone

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        """Two passes over the file: one for each contract."""
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("outcome", _outcomes(part, rejects, notes), rejects, notes=notes)
        call_rejects: list[Reject] = []
        call_notes: list[str] = []
        keep = tuple(options.get("attributes") or ())
        yield Load("call", _calls(part, keep, call_rejects, call_notes), call_rejects, notes=call_notes)


SOURCE = OtlpLogs()


def event_of(record: Record) -> str:
    """The event's name, wherever its writer puts it."""
    if record.eventName:
        return record.eventName
    named = next((text(a.value) for a in record.attributes or () if a.key == "event.name"), None)
    return named or text(record.body) or ""


def _outcomes(part: Part, rejects: list[Reject], notes: list[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rows: list[dict[str, Any]] = []
    others = unknown = 0
    for number, document in documents(part.path, logs, logs_in, rejects):
        for resource, record in each_record(document):
            event = event_of(record)
            if event != EVALUATION:
                others += sender_of(event, record) is None
                continue
            try:
                rows.append(_outcome(resource, record))
            except Unreadable as problem:
                rejects.append(Reject(number, problem.reason, problem.column, problem.text))
                continue
            unknown += rows[-1]["accepted"] is None
            if len(rows) >= BATCH_ROWS:
                yield pa.RecordBatch.from_pylist(rows, schema=arrow_schema("outcome"))
                rows = []
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=arrow_schema("outcome"))
    if unknown:
        notes.append(f"{unknown:,} evaluations have no label that says pass or fail: whether the run was accepted is unknown")
    if others:
        notes.append(f"{others:,} log records are of other kinds: left out")


def _outcome(resource: list[Attribute], record: Record) -> dict[str, Any]:
    found = {a.key: value for a in (*resource, *(record.attributes or ())) if (value := text(a.value)) is not None}
    time = microseconds(record.timeUnixNano, "timeUnixNano") or microseconds(record.observedTimeUnixNano, "observedTimeUnixNano")
    if time is None:
        raise Unreadable("this evaluation has no time", "timeUnixNano")
    trace = trace_id(record.traceId)
    run = _first(found, RUN_NAMES) or trace or _first(found, SESSION_NAMES)
    agent = _first(found, AGENT_NAMES)
    if run is None and agent is None:
        raise Unreadable("this evaluation names neither a run nor an agent: no trace, no run, no conversation", "traceId")
    moment = _EPOCH + timedelta(microseconds=time)
    return {
        "run": run,
        "agent": agent,
        "day": None if run is not None else moment.replace(hour=0, minute=0, second=0, microsecond=0),
        "id": found.get("gen_ai.response.id") or record.spanId or None,
        "time": moment,
        "accepted": verdict(found.get("gen_ai.evaluation.score.label")),
        "evaluator": found.get("gen_ai.evaluation.name"),
    }


def _first(found: Mapping[str, str], names: Iterable[str]) -> str | None:
    return next((found[name] for name in names if name in found), None)


def _calls(part: Part, keep: tuple[str, ...], rejects: list[Reject], notes: list[str]) -> Iterator[pa.RecordBatch]:
    rows, counted = Rows(keep), Counter[str]()
    for number, document in documents(part.path, logs, logs_in, []):  # the pass before has told what can't be decoded
        for resource, record in each_record(document):
            event = event_of(record)
            sender = sender_of(event, record)
            if sender is None:
                continue
            try:
                span = span_of(event, record)
            except Unreadable as problem:
                rejects.append(Reject(number, problem.reason, problem.column, problem.text))
                continue
            counted[sender] += 1
            rows.feed_document(Traces([ResourceSpans(Resource(resource), [ScopeSpans([span])])]), number, 1024)
            if rows.full:
                yield rows.batch()
    yield rows.batch()
    rejects += rows.rejects
    for sender, requests in sorted(counted.items()):
        notes.append(
            f"{requests:,} requests of {sender} are calls, priced by their tokens; its metrics, where they are loaded as well,"
            " are signals and add no cost"
        )
