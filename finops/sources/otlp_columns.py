"""Many spans with the same attribute names are read together: column by column, where all of them are in good order.

Whatever is odd, even in one value, makes `add_alike` answer False, and the spans go the careful way one by one. Both ways give
the same rows; a test holds them against each other."""

from __future__ import annotations

import re
from operator import attrgetter, sub
from typing import Any

from finops.core.tokens import Usage, disjoint
from finops.sources.otlp_alike import Alike, AlikeTexts
from finops.sources.otlp_arrow import Column, Gathered, Same, listed
from finops.sources.otlp_attributes import FROM_RESOURCE, MAX_KEPT, MAX_TEXT, MAX_VALUE, REPORTED_IN
from finops.sources.otlp_plan import SLOTS, Plan
from finops.sources.otlp_shape import Unreadable
from finops.sources.otlp_spans import (
    COLUMN_OF,
    DIALECT,
    OWNERS,
    RESOURCE_IDENTITY,
    SLOT_NAMED,
    At,
    Row,
    operation_of,
    whole_cost,
)
from finops.sources.otlp_values import decimal, hashed, microseconds, seconds, yes_no

Columns = dict[int, Column]
Shape = tuple[tuple[int, ...], tuple[str, ...]]


def shape_of(template: Row) -> Shape:
    """Which columns a resource fills and which attributes it keeps: within one shape nothing is missing here and there."""
    return tuple(slot for slot in _RESOURCE_SLOTS if template[slot] is not None), tuple(template[At.ATTRIBUTES])


_RESOURCE_SLOTS = tuple(SLOTS[column] for column in FROM_RESOURCE)


class _Odd(Exception):
    """Something that the careful way must look at."""


def add_alike(gathered: Gathered, alike: Alike | AlikeTexts) -> bool:
    """Adds the spans' rows, in their order; False where any of them needs care, and then nothing is added."""
    plan, rows = alike.plan, len(alike)
    try:
        columns, inherited = _from_resources(alike.templates)
        own = _own_columns(alike)
        owned = [column for column, slot in OWNERS if slot in columns and slot not in own]
        _lay_over(columns, own, rows)
        _add_span_fields(columns, alike)
        _add_operation(columns, plan, rows)
        _add_tokens(columns, plan, rows)
        _add_status(columns, alike)
        kept = _kept(columns, inherited, own, alike)
    except (_Odd, Unreadable):
        return False
    if owned:
        kept[RESOURCE_IDENTITY] = Same(",".join(owned))
    gathered.add_columns(columns, kept, rows)
    return True


def _from_resources(templates: list[Row]) -> tuple[Columns, dict[str, Column]]:
    """The columns and the kept attributes that come from the spans' resources, all of one shape."""
    slots, names = shape_of(templates[0])
    if len(set(map(id, templates))) == 1:
        first = templates[0]
        return {slot: Same(first[slot]) for slot in slots}, {name: Same(first[At.ATTRIBUTES][name]) for name in names}
    kept = [template[At.ATTRIBUTES] for template in templates]
    return {slot: [t[slot] for t in templates] for slot in slots}, {name: [k[name] for k in kept] for name in names}


def _own_columns(alike: Alike | AlikeTexts) -> dict[int, list[Any]]:
    own: dict[int, list[Any]] = {}
    plan = alike.plan
    for slot, at in reversed(plan.texts):
        if slot not in own:
            own[slot] = alike.texts(at, MAX_TEXT)
        elif None in own[slot]:
            weaker = alike.texts(at, MAX_TEXT)
            own[slot] = [w if s is None else s for s, w in zip(own[slot], weaker, strict=True)]
    for slot, at in plan.counts:
        own[slot] = _stronger(own.get(slot), alike.counts(at, COLUMN_OF[slot]))
    for slot, at, kind in plan.others:
        values = alike.values(at)
        name = COLUMN_OF[slot]
        if kind == "hash":
            read: list[Any] = [hashed(value) for value in values]
        elif kind == "yes_no":
            read = [yes_no(value) for value in values]
        else:
            reader = seconds if kind == "seconds" else decimal
            read = [reader(value, name) for value in values]
        own[slot] = _stronger(own.get(slot), read)
    return own


def _stronger(weak: list[Any] | None, strong: list[Any]) -> list[Any]:
    return strong if weak is None else [w if s is None else s for s, w in zip(strong, weak, strict=True)]


def _lay_over(columns: Columns, own: dict[int, list[Any]], rows: int) -> None:
    """What spans say goes before what their resource says."""
    for slot, column in own.items():
        if slot in columns and None in column:
            if any(slot == owner for _, owner in OWNERS):
                raise _Odd
            weak = listed(columns[slot], rows)
            column = [w if own_value is None else own_value for own_value, w in zip(column, weak, strict=True)]
        columns[slot] = column


_HEX = re.compile("[0-9a-f]+").fullmatch


def _ids(given: list[str | None], digits: int) -> list[str | None]:
    """Ids in good order, none missing, none zero."""
    if None in given:
        raise _Odd
    together = "".join(given)  # type: ignore[arg-type]
    if set(map(len, given)) != {digits} or not _HEX(together) or "0" * digits in given:  # type: ignore[arg-type]
        raise _Odd
    return given


def _times(given: list[int | str | None], field: str) -> list[int | None]:
    try:
        digits = "".join(given)  # type: ignore[arg-type]
        if digits.isascii() and digits.isdigit() and "" not in given and max(map(len, given)) <= 18 + _fits(given):  # type: ignore[arg-type]
            times = [int(nanoseconds) // 1000 for nanoseconds in given]  # type: ignore[arg-type]
            if min(times) > 0:
                return times  # type: ignore[return-value]
    except TypeError:
        pass  # a number, or nothing
    return [microseconds(value, field) for value in given]


def _fits(given: list[Any]) -> int:
    """1 where nineteen digits are within 64 bits for sure: text of equal length is ordered like its numbers."""
    return int(max(given) < "9" and set(map(len, given)) == {19})


def _add_span_fields(columns: Columns, alike: Alike | AlikeTexts) -> None:
    columns[At.TRACE] = _ids(alike.field("traceId"), 32)
    columns[At.SPAN] = _ids(alike.field("spanId"), 16)
    parents = alike.field("parentSpanId")
    if above := [parent for parent in parents if parent]:
        _ids(above, 16)
    columns[At.PARENT] = [parent or None for parent in parents]
    starts = _times(alike.field("startTimeUnixNano"), "startTimeUnixNano")
    if None in starts:
        raise _Odd
    columns[At.START] = starts
    columns[At.END] = _times(alike.field("endTimeUnixNano"), "endTimeUnixNano")
    if isinstance(after := columns.get(At.FIRST_TOKEN_S), list):
        columns[At.FIRST_TOKEN] = [None if a is None else s + a for s, a in zip(starts, after, strict=True)]
    columns[At.NAME] = [(name or "")[:MAX_TEXT] or None for name in alike.field("name")]


def _add_operation(columns: Columns, plan: Plan, rows: int) -> None:
    raw = listed(columns.get(At.RAW_OPERATION), rows)
    known = {name: operation_of(name, plan) for name in set(raw)}
    for operation in set(known.values()) & SLOT_NAMED.keys():
        named = columns.get(SLOT_NAMED[operation])
        if not isinstance(named, list) or None in named:
            raise _Odd
    columns[At.OPERATION] = operations = Same(next(iter(known.values()))) if len(known) == 1 else [known[name] for name in raw]
    if At.ARGS_HASH in columns:
        hashes, each = listed(columns[At.ARGS_HASH], rows), listed(operations, rows)
        columns[At.ARGS_HASH] = [h if operation == "tool" else None for h, operation in zip(hashes, each, strict=True)]


def _add_tokens(columns: Columns, plan: Plan, rows: int) -> None:
    if not plan.usage:
        return
    given, output, cached, *others = (columns.get(slot) for slot in range(At.USAGE.start, At.USAGE.stop))
    if any(other is not None for other in others) or given is None or output is None:
        usage = zip(*(listed(columns.get(s), rows) for s in range(At.USAGE.start, At.USAGE.stop)), strict=True)
        for offset, column in enumerate(zip(*(disjoint(Usage._make(one), DIALECT) for one in usage), strict=True)):
            columns[At.TOKENS.start + offset] = list(column)
        return
    given, output, read = listed(given, rows), listed(output, rows), listed(cached, rows)
    columns[SLOTS["cache_read"]], columns[SLOTS["output"]] = read, output
    if None not in given and (cached is None or None not in read):
        uncached = given if cached is None else list(map(sub, given, read))
        if min(uncached) >= 0:
            columns[SLOTS["input_uncached"]], columns[SLOTS["identity_holds"]] = uncached, Same(True)
            return
    tokens = [disjoint(Usage(i, o, r), DIALECT) for i, o, r in zip(given, output, read, strict=True)]
    for name in ("input_uncached", "identity_holds"):
        columns[SLOTS[name]] = list(map(attrgetter(name), tokens))


def _add_status(columns: Columns, alike: Alike | AlikeTexts) -> None:
    failed = alike.failed()
    errors = columns.get(At.ERROR_CLASS)
    if isinstance(errors, list):
        failed = [f or error is not None for f, error in zip(failed, errors, strict=True)]
    columns[At.STATUS] = ["error" if f else "ok" for f in failed] if any(failed) else Same("ok")
    if At.INPUT_COST in columns and At.OUTPUT_COST in columns:
        parts = [listed(columns[slot], len(alike)) for slot in (At.INPUT_COST, At.OUTPUT_COST)]
        columns[At.COST] = list(map(whole_cost, listed(columns.get(At.COST), len(alike)), *parts))
    if isinstance(costs := columns.get(At.COST), list):
        currencies = listed(columns.get(At.CURRENCY), len(alike))
        columns[At.CURRENCY] = [
            REPORTED_IN if cost is not None and currency is None else currency
            for cost, currency in zip(costs, currencies, strict=True)
        ]


def _kept(
    columns: Columns, inherited: dict[str, Column], own: dict[int, list[Any]], alike: Alike | AlikeTexts
) -> dict[str, Column]:
    plan = alike.plan
    kept = inherited
    if len(kept) + len(plan.kept) > MAX_KEPT:
        raise _Odd
    slots = {at: slot for slot, at in plan.texts}
    for name, at in plan.kept:
        values = own[slots[at]] if at in slots and _stands_alone(plan, slots[at]) else alike.texts(at, MAX_VALUE)
        if None in values:
            raise _Odd
        kept[name] = values if max(map(len, values)) <= MAX_VALUE else [value[:MAX_VALUE] for value in values]
    users = columns.get(At.USER)
    if users is not None:
        if isinstance(users, list) and None in users:
            raise _Odd
        kept["user.hash"] = users
    return kept


def _stands_alone(plan: Plan, slot: int) -> bool:
    """Whether one attribute alone feeds the column."""
    return sum(one == slot for one, _ in plan.texts) == 1
