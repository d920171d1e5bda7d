"""Many spans with the same attribute names are read together: column by column, where all of them are in good order.

Whatever is odd, even in one value, makes `add_alike` answer False, and the spans go the careful way one by one. Both ways give
the same rows; a test holds them against each other."""

from __future__ import annotations

import re
from operator import attrgetter, sub
from typing import TYPE_CHECKING, Any

from finops.core.tokens import Usage, disjoint
from finops.sources.otlp_reading.alike import Alike, AlikeTexts
from finops.sources.otlp_reading.arrow import Column, Gathered, Same, is_whole, listed
from finops.sources.otlp_reading.attributes import FROM_RESOURCE, MAX_KEPT, MAX_TEXT, MAX_VALUE, REPORTED_IN
from finops.sources.otlp_reading.block import among
from finops.sources.otlp_reading.pieces import (
    chosen,
    different,
    fits_bytes,
    least,
    sizes_of,
    sizes_within,
    whole_numbers,
    without,
    written_bytes,
)
from finops.sources.otlp_reading.plan import SLOTS, Plan
from finops.sources.otlp_reading.shape import Unreadable
from finops.sources.otlp_reading.spans import (
    COLUMN_OF,
    OWNERS,
    RESOURCE_IDENTITY,
    SLOT_NAMED,
    At,
    Row,
    operation_of,
    whole_cost,
)
from finops.sources.otlp_reading.values import decimal, hashed, microseconds, seconds, yes_no

if TYPE_CHECKING:
    import pyarrow as pa

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
        columns, inherited = _from_resources(alike)
        own = _own_columns(alike)
        owned = [column for column, slot in OWNERS if slot in columns and slot not in own]
        _lay_over(columns, own, rows)
        _add_span_fields(columns, alike)
        _add_operation(columns, own, plan, rows)
        _add_tokens(columns, plan, rows)
        _add_status(columns, alike)
        kept = _kept(columns, inherited, own, alike)
    except (_Odd, Unreadable):
        return False
    if owned:
        kept[RESOURCE_IDENTITY] = Same(",".join(owned))
    gathered.add_columns(columns, kept, rows)
    return True


def _from_resources(alike: Alike | AlikeTexts) -> tuple[Columns, dict[str, Column]]:
    """The columns and the kept attributes that come from the spans' resources, all of one shape."""
    slots, names = shape_of(alike.owners[0])
    columns = {slot: alike.inherited([row[slot] for row in alike.owners]) for slot in slots}
    return columns, {name: alike.inherited([row[At.ATTRIBUTES][name] for row in alike.owners]) for name in names}


def _own_columns(alike: Alike | AlikeTexts) -> Columns:
    own: Columns = {}
    plan, rows = alike.plan, len(alike)
    for slot, at in reversed(plan.texts):
        if slot not in own:
            own[slot] = alike.texts(at, MAX_TEXT)
        elif not is_whole(own[slot]):
            own[slot] = _first_of(own[slot], alike.texts(at, MAX_TEXT), rows)
    for slot, at in plan.counts:
        own[slot] = _first_of(alike.counts(at, COLUMN_OF[slot]), own.get(slot), rows)
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
        own[slot] = _first_of(read, own.get(slot), rows)
    return own


def _first_of(strong: Column, weak: Column | None, rows: int) -> Column:
    """The values of one column, and of the other where those are missing."""
    if weak is None or is_whole(strong):
        return strong
    return [w if s is None else s for s, w in zip(listed(strong, rows), listed(weak, rows), strict=True)]


def _lay_over(columns: Columns, own: Columns, rows: int) -> None:
    """What spans say goes before what their resource says."""
    for slot, column in own.items():
        if slot in columns and not is_whole(column) and any(slot == owner for _, owner in OWNERS):
            raise _Odd
        columns[slot] = _first_of(column, columns.get(slot), rows)


_HEX = re.compile("[0-9a-f]+").fullmatch


def _ids(given: Column, digits: int) -> Column:
    """Ids in good order, none missing, none zero."""
    if not isinstance(given, list):
        return _ids_of_array(given, digits)
    if None in given:
        raise _Odd
    together = "".join(given)
    if set(map(len, given)) != {digits} or not _HEX(together) or "0" * digits in given:
        raise _Odd
    return given


def _ids_of_array(given: Column, digits: int) -> Column:
    if isinstance(given, Same) or sizes_within(given) != (digits, digits) or not _are_ids(given, digits):
        raise _Odd
    return given


def _are_ids(given: pa.Array, digits: int) -> bool:
    """Whether texts, all of that many bytes or empty, are hexadecimal and not all zero."""
    written = written_bytes(given)
    if not among(b"0123456789abcdef")[written].all():
        return False
    return not (written.reshape(-1, digits) == ord("0")).all(axis=1).any()


def _times(given: Column, field: str, rows: int) -> Column:
    if not isinstance(given, list | Same):
        nanoseconds = whole_numbers(given, 19)
        if nanoseconds is not None and nanoseconds.min() >= 1000:
            return nanoseconds // 1000
    written = listed(given, rows)
    try:
        digits = "".join(written)
        if digits.isascii() and digits.isdigit() and "" not in written and max(map(len, written)) <= 18 + _fits(written):
            times = [int(nanoseconds) // 1000 for nanoseconds in written]
            if min(times) > 0:
                return times
    except TypeError:
        pass  # a number, or nothing
    return [microseconds(value, field) for value in written]


def _fits(given: list[Any]) -> int:
    """1 where nineteen digits are within 64 bits for sure: text of equal length is ordered like its numbers."""
    return int(max(given) < "9" and set(map(len, given)) == {19})


def _add_span_fields(columns: Columns, alike: Alike | AlikeTexts) -> None:
    rows = len(alike)
    columns[At.TRACE] = _ids(alike.field("traceId"), 32)
    columns[At.SPAN] = _ids(alike.field("spanId"), 16)
    columns[At.PARENT] = _parents(alike.field("parentSpanId"), rows)
    starts = _times(alike.field("startTimeUnixNano"), "startTimeUnixNano", rows)
    if not is_whole(starts):
        raise _Odd
    columns[At.START] = starts
    columns[At.END] = _times(alike.field("endTimeUnixNano"), "endTimeUnixNano", rows)
    if isinstance(after := columns.get(At.FIRST_TOKEN_S), list):
        columns[At.FIRST_TOKEN] = [None if a is None else s + a for s, a in zip(listed(starts, rows), after, strict=True)]
    names = alike.field("name")
    if isinstance(names, list | Same) or not fits_bytes(names, MAX_TEXT):
        names = [(name or "")[:MAX_TEXT] or None for name in listed(names, rows)]
    columns[At.NAME] = names


def _parents(given: Column, rows: int) -> Column:
    if not isinstance(given, list | Same):
        sizes = sizes_of(given)
        there = sizes == 16
        if (there | (sizes == 0)).all() and _are_ids(given, 16):
            return without(given, there)
    parents = listed(given, rows)
    if above := [parent for parent in parents if parent]:
        _ids(above, 16)
    return [parent or None for parent in parents]


def _add_operation(columns: Columns, own: Columns, plan: Plan, rows: int) -> None:
    raw = columns.get(At.RAW_OPERATION)
    names, places = different(raw, rows)
    known = [operation_of(name, plan) for name in names]
    if not all(is_whole(own.get(SLOT_NAMED[operation])) for operation in set(known) & SLOT_NAMED.keys()):
        raise _Odd
    operations = Same(known[0]) if len(set(known)) == 1 else chosen(known, places)
    columns[At.OPERATION] = operations
    if At.ARGS_HASH in columns:
        hashes, each = listed(columns[At.ARGS_HASH], rows), listed(operations, rows)
        columns[At.ARGS_HASH] = [h if operation == "tool" else None for h, operation in zip(hashes, each, strict=True)]


def _add_tokens(columns: Columns, plan: Plan, rows: int) -> None:
    if not plan.usage:
        return
    given, output, cached, *others = (columns.get(slot) for slot in range(At.USAGE.start, At.USAGE.stop))
    if any(other is not None for other in others) or given is None or output is None or plan.dialect != "includes_cache":
        usage = zip(*(listed(columns.get(s), rows) for s in range(At.USAGE.start, At.USAGE.stop)), strict=True)
        for offset, column in enumerate(zip(*(disjoint(Usage._make(one), plan.dialect) for one in usage), strict=True)):
            columns[At.TOKENS.start + offset] = list(column)
        return
    columns[SLOTS["cache_read"]], columns[SLOTS["output"]] = Same(None) if cached is None else cached, output
    if is_whole(given) and (cached is None or is_whole(cached)):
        uncached = given if cached is None else _less(given, cached, rows)
        if least(uncached) >= 0:
            columns[SLOTS["input_uncached"]], columns[SLOTS["identity_holds"]] = uncached, Same(True)
            return
    usage = zip(*(listed(one, rows) for one in (given, output, cached)), strict=True)
    tokens = [disjoint(Usage(i, o, r), plan.dialect) for i, o, r in usage]
    for name in ("input_uncached", "identity_holds"):
        columns[SLOTS[name]] = list(map(attrgetter(name), tokens))


def _less(column: Column, other: Column, rows: int) -> Column:
    if isinstance(column, list) or isinstance(other, list):
        return list(map(sub, listed(column, rows), listed(other, rows)))
    return column - other  # type: ignore[operator]  # both are numbers of NumPy


def _add_status(columns: Columns, alike: Alike | AlikeTexts) -> None:
    rows = len(alike)
    failed: Column = alike.failed()
    errors = columns.get(At.ERROR_CLASS)
    if errors is not None and is_whole(errors):
        failed = Same(True)
    elif isinstance(errors, list):
        failed = [f or error is not None for f, error in zip(listed(failed, rows), errors, strict=True)]
    if isinstance(failed, Same) or not any(failed):
        columns[At.STATUS] = Same("error" if isinstance(failed, Same) and failed.value else "ok")
    else:
        columns[At.STATUS] = ["error" if f else "ok" for f in failed]
    if At.INPUT_COST in columns and At.OUTPUT_COST in columns:
        parts = [listed(columns.get(slot), rows) for slot in (At.COST, At.INPUT_COST, At.OUTPUT_COST)]
        columns[At.COST] = list(map(whole_cost, *parts))
    if isinstance(costs := columns.get(At.COST), list):
        currencies = listed(columns.get(At.CURRENCY), rows)
        columns[At.CURRENCY] = [
            REPORTED_IN if cost is not None and currency is None else currency
            for cost, currency in zip(costs, currencies, strict=True)
        ]


def _kept(columns: Columns, inherited: dict[str, Column], own: Columns, alike: Alike | AlikeTexts) -> dict[str, Column]:
    plan = alike.plan
    kept = inherited
    if len(kept) + len(plan.kept) > MAX_KEPT:
        raise _Odd
    slots = {at: slot for slot, at in plan.texts}
    for name, at in plan.kept:
        values = own[slots[at]] if at in slots and _stands_alone(plan, slots[at]) else alike.texts(at, MAX_VALUE)
        if not is_whole(values):
            raise _Odd
        kept[name] = _cut(values, len(alike))
    users = columns.get(At.USER)
    if users is not None:
        if not is_whole(users):
            raise _Odd
        kept["user.hash"] = users
    return kept


def _stands_alone(plan: Plan, slot: int) -> bool:
    """Whether one attribute alone feeds the column."""
    return sum(one == slot for one, _ in plan.texts) == 1


def _cut(values: Column, rows: int) -> Column:
    """Texts of at most so many characters as are kept."""
    if isinstance(values, Same):
        return Same(values.value[:MAX_VALUE])
    if not isinstance(values, list) and sizes_within(values)[1] <= MAX_VALUE:
        return values
    return [value[:MAX_VALUE] for value in listed(values, rows)]
