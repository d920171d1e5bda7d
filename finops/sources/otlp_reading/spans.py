"""One span becomes one row of the contract `call`, carefully, value by value. Nothing that a prompt or an answer says stays."""

from __future__ import annotations

from decimal import Context, Decimal
from typing import Any

from finops.core.tokens import Usage, disjoint
from finops.sources.otlp_reading.attributes import (
    FROM_RESOURCE,
    MAX_KEPT,
    MAX_TEXT,
    MAX_VALUE,
    NAMED_BY_SPAN,
    OPERATIONS,
    REPORTED_IN,
)
from finops.sources.otlp_reading.plan import SLOTS, Plan
from finops.sources.otlp_reading.shape import Attribute, Span, Unreadable, Value
from finops.sources.otlp_reading.values import count, decimal, hashed, microseconds, seconds, span_id, text, trace_id, yes_no

Row = list[Any]

RESOURCE_IDENTITY = "resource.identity"
"""The kept attribute that lists the columns (tenant, agent, workflow) which a span has from its resource alone."""

FAILED = (2, "2", "STATUS_CODE_ERROR")


class At:
    """Where each column stands in a row."""

    TRACE, SPAN, PARENT, NAME = SLOTS["trace"], SLOTS["span"], SLOTS["parent"], SLOTS["name"]
    START, END, FIRST_TOKEN, FIRST_TOKEN_S = (SLOTS[c] for c in ("start_time", "end_time", "first_token_time", "@first_token_s"))
    OPERATION, RAW_OPERATION, ENTITY = SLOTS["operation"], SLOTS["@operation"], SLOTS["@entity"]
    STATUS, ERROR_CLASS, ARGS_HASH = SLOTS["status"], SLOTS["error_class"], SLOTS["args_hash"]
    COST, CURRENCY, ATTRIBUTES, USER = SLOTS["reported_cost"], SLOTS["reported_currency"], SLOTS["attributes"], SLOTS["@user"]
    INPUT_COST, OUTPUT_COST = SLOTS["@input_cost"], SLOTS["@output_cost"]
    TOKENS = slice(SLOTS["input_uncached"], SLOTS["identity_holds"] + 1)
    USAGE = slice(SLOTS["@input"], SLOTS["@total"] + 1)


OWNERS = tuple((column, SLOTS[column]) for column in ("tenant", "agent", "workflow"))
SLOT_NAMED = {operation: SLOTS[column] for operation, column in NAMED_BY_SPAN.items()}
COLUMN_OF = [name.removeprefix("@") for name in SLOTS]
_EXACT = Context(prec=80)
_READERS = {"seconds": seconds, "decimal": decimal}


def empty_template() -> Row:
    """A resource that says nothing of its spans."""
    row: Row = [None] * len(SLOTS)
    row[At.ATTRIBUTES] = {}
    return row


def template_of(attributes: list[Attribute], plan: Plan) -> Row:
    """What a resource says of all its spans: rows start as a copy of it."""
    row, values = empty_template(), [a.value for a in attributes]
    full = row.copy()
    _fill(full, plan, values)
    for column in FROM_RESOURCE:
        row[SLOTS[column]] = full[SLOTS[column]]
    row[At.ATTRIBUTES] = _kept(plan, values, {})
    return row


def row_of(span: Span, plan: Plan, template: Row) -> Row:
    """The row of a span; raises Unreadable where it has no start, or a value that is not what it should be."""
    row, values = template.copy(), [a.value for a in span.attributes or ()]
    for _, slot in OWNERS:
        row[slot] = None
    _fill(row, plan, values)
    row[At.TRACE] = trace_id(span.traceId)
    row[At.SPAN] = span_id(span.spanId, "spanId")
    row[At.PARENT] = span_id(span.parentSpanId, "parentSpanId")
    start = microseconds(span.startTimeUnixNano, "startTimeUnixNano")
    if start is None:
        raise Unreadable("this span has no start time", "startTimeUnixNano")
    row[At.START] = start
    row[At.END] = microseconds(span.endTimeUnixNano, "endTimeUnixNano")
    if (after := row[At.FIRST_TOKEN_S]) is not None:
        row[At.FIRST_TOKEN] = start + after
    row[At.NAME] = (span.name or "")[:MAX_TEXT] or None
    row[At.OPERATION] = operation = operation_of(row[At.RAW_OPERATION], plan)
    if operation in SLOT_NAMED and row[SLOT_NAMED[operation]] is None:
        row[SLOT_NAMED[operation]] = _own_name(row)
    if operation != "tool":
        row[At.ARGS_HASH] = None
    if plan.usage:
        row[At.TOKENS] = disjoint(Usage._make(row[At.USAGE]), plan.dialect)
    code = None if span.status is None else span.status.code
    row[At.STATUS] = "error" if code in FAILED or row[At.ERROR_CLASS] is not None else "ok"
    row[At.COST] = whole_cost(row[At.COST], row[At.INPUT_COST], row[At.OUTPUT_COST])
    if row[At.COST] is not None and row[At.CURRENCY] is None:
        row[At.CURRENCY] = REPORTED_IN
    row[At.ATTRIBUTES] = _attributes(row, plan, values, template)
    return row


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
        elif (number := count(value, COLUMN_OF[slot])) is not None:
            row[slot] = number
    for slot, at, kind in plan.others:
        value = values[at]
        read = hashed(value) if kind == "hash" else yes_no(value) if kind == "yes_no" else _READERS[kind](value, COLUMN_OF[slot])
        if read is not None:
            row[slot] = read


def operation_of(raw: str | None, plan: Plan) -> str:
    """The contract's operation of a name; an unknown name with token counts is an inference."""
    known = OPERATIONS.get(raw.lower()) if raw is not None else None
    return known or ("inference" if plan.usage else "other")


def whole_cost(cost: str | None, input_cost: str | None, output_cost: str | None) -> str | None:
    """The reported cost, else the sum of that of input and output where both are reported."""
    if cost is not None or input_cost is None or output_cost is None:
        return cost
    return format(_EXACT.add(Decimal(input_cost), Decimal(output_cost)), "f")


def _own_name(row: Row) -> str | None:
    """`invoke_agent planner` names the agent where no attribute of the span does."""
    if row[At.ENTITY] is not None:
        return str(row[At.ENTITY])
    first, _, rest = (row[At.NAME] or "").partition(" ")
    return rest.strip() or None if OPERATIONS.get(first.lower()) == row[At.OPERATION] else None


def _attributes(row: Row, plan: Plan, values: list[Value | None], template: Row) -> dict[str, str] | None:
    """What is kept, and which owners only the resource names: what a span inherits from its ancestors may go before them."""
    kept = _kept(plan, values, template[At.ATTRIBUTES])
    if row[At.USER] is not None:
        kept["user.hash"] = row[At.USER]
    from_resource = [column for column, slot in OWNERS if row[slot] is None and template[slot] is not None]
    if from_resource:
        kept[RESOURCE_IDENTITY] = ",".join(from_resource)
    for column in from_resource:
        row[SLOTS[column]] = template[SLOTS[column]]
    return kept or None


def _kept(plan: Plan, values: list[Value | None], inherited: dict[str, str]) -> dict[str, str]:
    kept = inherited.copy()
    for name, at in plan.kept:
        value = values[at]
        given = None if value is None else value.stringValue
        found = given if given and len(given) <= MAX_VALUE else text(value)
        if found is not None and len(kept) < MAX_KEPT:
            kept[name] = found[:MAX_VALUE]
    return kept
