"""Turns spans into rows of the `call` contract, and rows into Arrow batches. Nothing that a prompt or an answer says is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from finops.core.tokens import Dialect, Usage, disjoint
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Reject
from finops.sources.otlp_attributes import FROM_RESOURCE, MAX_KEPT, MAX_TEXT, MAX_VALUE, NAMED_BY_SPAN, OPERATIONS, REPORTED_IN
from finops.sources.otlp_plan import COLUMNS, SLOTS, Plan, Plans
from finops.sources.otlp_shape import (
    BROKEN,
    Attribute,
    Group,
    Span,
    Traces,
    Unreadable,
    Value,
    because,
    groups,
    groups_one_by_one,
    traces,
)
from finops.sources.otlp_values import count, decimal, hashed, microseconds, seconds, span_id, text, trace_id, yes_no

if TYPE_CHECKING:
    import pyarrow as pa

Row = list[Any]

DIALECT: Dialect = "includes_cache"
"""What the conventions say of `gen_ai.usage.input_tokens`, also for providers whose own figure is without the cache."""


RESOURCE_IDENTITY = "resource.identity"
"""The kept attribute that lists the columns (tenant, agent, workflow) which a span has from its resource alone."""


class Rows:
    """Collects the rows of documents that are fed in; `batch` hands over those that have gathered."""

    def __init__(self, keep: tuple[str, ...] = ()) -> None:
        self.rejects: list[Reject] = []
        self.documents = 0
        self.other_signals = 0
        self._rows: list[Row] = []
        self._plans = Plans(keep)

    def __len__(self) -> int:
        return len(self._rows)

    def feed(self, line: bytes, number: int, position: int) -> None:
        """One line, or one document: `number` and `position` say where it stands in the file."""
        try:
            document = traces(line)
        except BROKEN as error:
            self._feed_one_by_one(line, number, position, because(error))
            return
        if document.resourceSpans is None and not self._is_empty(document, line):
            reason = f'this line (byte {position:,}) has no "resourceSpans": it is not OTLP/JSON of traces'
            self.rejects.append(Reject(number, reason))
            return
        self.documents += 1
        self._add(groups(document), number)

    def batch(self) -> pa.RecordBatch:
        """The rows so far, in the schema of the contract; they are forgotten here."""
        rows, self._rows = self._rows, []
        return _batch(rows)

    def _is_empty(self, document: Traces, line: bytes) -> bool:
        other = bool(document.resourceMetrics or document.resourceLogs)
        self.other_signals += other
        return other or line.strip(b" \t\r\n\xef\xbb\xbf") == b"{}"

    def _feed_one_by_one(self, line: bytes, number: int, position: int, whole: Unreadable) -> None:
        refused: list[Unreadable] = []
        try:
            found = list(groups_one_by_one(line, refused.append))
        except BROKEN:
            found = []
        self.documents += bool(found)
        if not found and not refused:
            refused = [Unreadable(f"{whole.reason} (byte {position:,})", whole.column)]
        self.rejects += [Reject(number, problem.reason, problem.column, problem.text) for problem in refused]
        self._add(found, number)

    def _add(self, found: Iterable[Group], number: int) -> None:
        known: list[Attribute] | None = None
        template: Row = []
        for attributes, spans in found:
            if attributes is not known:
                known, template = attributes, self._template(attributes, number)
            for span in spans:
                try:
                    self._rows.append(self._row(span, template))
                except Unreadable as problem:
                    where = f" (span {span.spanId[:32]})" if span.spanId else ""
                    self.rejects.append(Reject(number, problem.reason + where, problem.column, problem.text))

    def _template(self, attributes: list[Attribute], number: int) -> Row:
        """What the resource says of all its spans; its `attributes` slot names the columns that it filled."""
        row: Row = [None] * (len(SLOTS) + 1)
        row[_ATTRIBUTES] = {}
        try:
            full = row.copy()
            plan, values = self._planned(attributes)
            _fill(full, plan, values)
        except Unreadable as problem:
            self.rejects.append(Reject(number, f"resource: {problem.reason}", problem.column, problem.text))
            return row
        for column in FROM_RESOURCE:
            row[SLOTS[column]] = full[SLOTS[column]]
        row[_ATTRIBUTES], row[_OWNED] = _kept(plan, values, {}), _owned(row, row)
        return row

    def _planned(self, attributes: list[Attribute]) -> tuple[Plan, list[Value | None]]:
        return self._plans.plan(tuple([a.key for a in attributes])), [a.value for a in attributes]

    def _row(self, span: Span, template: Row) -> Row:
        row = template.copy()
        plan, values = self._planned(span.attributes or [])
        _fill(row, plan, values)
        row[_TRACE] = trace_id(span.traceId)
        row[_SPAN] = span_id(span.spanId, "spanId")
        row[_PARENT] = span_id(span.parentSpanId, "parentSpanId")
        start = microseconds(span.startTimeUnixNano, "startTimeUnixNano")
        if start is None:
            raise Unreadable("this span has no start time", "startTimeUnixNano")
        row[_START] = start
        row[_END] = microseconds(span.endTimeUnixNano, "endTimeUnixNano")
        if (after := row[_FIRST_TOKEN_S]) is not None:
            row[_FIRST_TOKEN] = start + after
        row[_NAME] = name = (span.name or "")[:MAX_TEXT] or None
        row[_OPERATION] = operation = _operation(row[_RAW_OPERATION], plan.usage)
        if operation in NAMED_BY_SPAN:
            _name_owner(row, _SLOT_NAMED[operation], name, template)
        if operation != "tool":
            row[_ARGS_HASH] = None
        if plan.usage:
            row[_TOKENS] = disjoint(Usage._make(row[_USAGE]), DIALECT)
        _set_status(row, span)
        if row[_COST] is not None and row[_CURRENCY] is None:
            row[_CURRENCY] = REPORTED_IN
        row[_ATTRIBUTES] = _attributes(row, plan, values, template)
        return row


def _slot(column: str) -> int:
    return SLOTS[column]


_TRACE, _SPAN, _PARENT, _NAME = _slot("trace"), _slot("span"), _slot("parent"), _slot("name")
_START, _END, _FIRST_TOKEN, _FIRST_TOKEN_S = (
    _slot("start_time"),
    _slot("end_time"),
    _slot("first_token_time"),
    _slot("@first_token_s"),
)
_OPERATION, _RAW_OPERATION, _ENTITY = _slot("operation"), _slot("@operation"), _slot("@entity")
_STATUS, _ERROR_CLASS, _ARGS_HASH = _slot("status"), _slot("error_class"), _slot("args_hash")
_COST, _CURRENCY, _ATTRIBUTES, _USER = _slot("reported_cost"), _slot("reported_currency"), _slot("attributes"), _slot("@user")
_TOKENS = slice(_slot("input_uncached"), _slot("identity_holds") + 1)
_USAGE = slice(_slot("@input"), _slot("@total") + 1)
_OWNED = len(SLOTS)
"""One more slot, used in templates only: the owners' columns that the resource fills."""
_SLOT_NAMED = {operation: _slot(column) for operation, column in NAMED_BY_SPAN.items()}
_OWNERS = tuple((column, _slot(column)) for column in ("tenant", "agent", "workflow"))
_READERS = {"seconds": seconds, "decimal": decimal}


def _fill(row: Row, plan: Plan, values: list[Value | None]) -> None:
    """Puts each value in its slot. The common forms are read here and now, the rest by their reader."""
    for slot, at in plan.texts:
        value = values[at]
        given = None if value is None else value.stringValue
        found = given if given and len(given) <= MAX_TEXT else text(value)
        if found is not None:
            row[slot] = found
    for slot, at in plan.counts:
        value = values[at]
        written = None if value is None else value.intValue
        if type(written) is str and len(written) < 15 and written.isascii() and written.isdigit():
            row[slot] = int(written)
        elif (number := count(value, _COLUMN_OF[slot])) is not None:
            row[slot] = number
    for slot, at, kind in plan.others:
        value = values[at]
        read = hashed(value) if kind == "hash" else yes_no(value) if kind == "yes_no" else _READERS[kind](value, _COLUMN_OF[slot])
        if read is not None:
            row[slot] = read


_COLUMN_OF = [name.removeprefix("@") for name in SLOTS]


def _operation(raw: str | None, has_usage: bool) -> str:
    known = OPERATIONS.get(raw.lower()) if raw is not None else None
    return known or ("inference" if has_usage else "other")


def _name_owner(row: Row, slot: int, name: str | None, template: Row) -> None:
    """`invoke_agent planner` names the agent where no attribute of the span does; a resource's name is weaker than the span's."""
    own = row[_ENTITY]
    if own is None and name is not None and OPERATIONS.get(name.partition(" ")[0].lower()) == row[_OPERATION]:
        own = name.partition(" ")[2].strip() or None
    if own is not None and row[slot] is template[slot]:
        row[slot] = own


def _set_status(row: Row, span: Span) -> None:
    code = None if span.status is None else span.status.code
    failed = code in (2, "2", "STATUS_CODE_ERROR") or row[_ERROR_CLASS] is not None
    row[_STATUS] = "error" if failed else "ok"


def _attributes(row: Row, plan: Plan, values: list[Value | None], template: Row) -> dict[str, str] | None:
    inherited: dict[str, str] = template[_ATTRIBUTES]
    user, owned = row[_USER], template[_OWNED]
    if not plan.kept and user is None and owned is None:
        return inherited or None
    kept = _kept(plan, values, inherited)
    if user is not None:
        kept["user.hash"] = user
    if owned is not None and (left := _owned(row, template) if plan.owners else owned):
        kept[RESOURCE_IDENTITY] = left
    return kept or None


def _owned(row: Row, template: Row) -> str | None:
    """The owners' columns that only the resource names: what a span inherits from its ancestors may go before them."""
    names = [column for column, slot in _OWNERS if template[slot] is not None and row[slot] is template[slot]]
    return ",".join(names) if names else None


def _kept(plan: Plan, values: list[Value | None], inherited: dict[str, str]) -> dict[str, str]:
    kept = inherited.copy()
    for name, at in plan.kept:
        value = values[at]
        given = None if value is None else value.stringValue
        found = given if given and len(given) <= MAX_VALUE else text(value)
        if found is not None and len(kept) < MAX_KEPT:
            kept[name] = found[:MAX_VALUE]
    return kept


def _batch(rows: list[Row]) -> pa.RecordBatch:
    import pyarrow as pa

    schema = arrow_schema("call")
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(COLUMNS)
    arrays = [
        _map_array(column, field.type) if name == "attributes" else pa.array(column, type=field.type)
        for name, field, column in zip(COLUMNS, schema, columns, strict=False)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _map_array(column: Iterable[dict[str, str] | None], kind: pa.DataType) -> pa.Array:
    """Maps from flat lists of names and values: three times as quick as from pairs."""
    import pyarrow as pa

    offsets: list[int | None] = []
    names: list[str] = []
    values: list[str] = []
    for kept in column:
        offsets.append(None if kept is None else len(names))
        if kept is not None:
            names += kept.keys()
            values += kept.values()
    flat = (pa.array(names, pa.string()), pa.array(values, pa.string()))
    return pa.MapArray.from_arrays(pa.array([*offsets, len(names)], pa.int32()), *flat).cast(kind)
