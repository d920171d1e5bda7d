"""The typed columns of some rows of a large CSV file: each distinct text is worked out once, and every row takes what it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.contracts import Field
from finops.ledger.casting import Cast, define_casts, value_name
from finops.ledger.connect import named, quoted
from finops.ledger.csv_plan import Made, Plan
from finops.ledger.csv_told import Told, code_array, encoded, repeated_text, text_array, told_map, whole
from finops.ledger.plain import LONGEST_NULL_WORD
from finops.ledger.sink import short, shortened, stored
from finops.ledger.totals import unsaid

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from finops.ledger.csv_told import Codes

_PLAIN_DIGITS = b"0123456789.-"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
"""As `finops_number` has it."""
_LEAST_PLAIN = 8
"""Where fewer than so many amounts stand beside one with an exponent, the engine reads them all."""
_MARK = "\1finops amount {}\1"


class Fault(Exception):
    """A row that the ledger would reject, or keep without something: the engine has to look at it."""


class Values:
    """Makes the columns of a plan. Each thread has one of its own: it remembers what texts say."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, plan: Plan) -> None:
        self._connection, self._plan = connection.cursor(), plan
        define_casts(self._connection)
        told = {own: _cast_query(made) for own, made in plan.told.items()}
        self._told = {own: Told(own, self._ask(sql)) for own, sql in told.items()}
        choices: dict[tuple[str, ...], list[Made]] = {}
        for made in plan.chosen:
            choices.setdefault(made.keys, []).append(made)
        self._choices = {keys: Told(keys, self._ask(_choice_query(made))) for keys, made in choices.items()}
        self._chosen = choices

    def close(self) -> None:
        """Lets go of the engine."""
        self._connection.close()

    def columns(self, table: pa.Table) -> tuple[dict[str, pa.Array], pa.Array | None]:
        """Every column of the contract by its name, and the raw texts of amounts that say more than is stored, if any does.
        Raises Fault where a row would not do."""

        own = {name: whole(table[name]) for name in table.column_names}
        own |= {name: encoded(own[name]) for name in self._plan.keys if not hasattr(own[name], "dictionary")}
        found: dict[str, pa.Array] = {}
        for keys, made in self._plan.told.items():
            rows, answer = self._told[keys].of(own, len(table))
            _refuse_marked(answer["bad"])
            found |= {one.field.name: _spread(answer[one.field.name], rows, one.field) for one in made}
        for one in self._plan.taken:
            found[one.field.name] = own[one.own[0]]
            if not _says_text(own[one.own[0]]):
                found |= self._by_row(table, (one,))
        if self._plan.by_row:
            found |= self._by_row(table, self._plan.by_row)
        said = self._choose(own, len(table), found)
        for name, one in self._plan.made.items():
            if one.field.required and found[name].null_count:
                raise Fault
        if "billed_text" in found:
            said = found.pop("billed_text")
        return found, said if said is not None and said.null_count < len(said) else None

    def _ask(self, sql: str) -> Callable[[pa.Table], pa.Table]:
        def ask(rows: pa.Table) -> pa.Table:
            self._connection.register("finops_rows", rows)
            return self._connection.sql(sql).to_arrow_table()

        return ask

    def _by_row(self, table: pa.Table, made: Sequence[Made]) -> dict[str, pa.Array]:
        answer = self._ask(_cast_query(made))(table)
        _refuse_marked(whole(answer["bad"]))
        found = {one.field.name: _as(whole(answer[one.field.name]), stored(one.field)) for one in made}
        if "billed_text" in answer.column_names:
            found["billed_text"] = _as(whole(answer["billed_text"]), stored(Field("t")))
        return found

    def _choose(self, own: Mapping[str, pa.Array], rows: int, found: dict[str, pa.Array]) -> pa.Array | None:
        """Adds the chosen amounts; gives the raw texts of what is billed where the amounts do not say it all."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        read: dict[str, tuple[pa.Array, pa.Array | None]] = {}
        for name, field in self._plan.amounts.items():
            same = next((n for n in read if stored(self._plan.amounts[n]) == stored(field) and own[n].equals(own[name])), None)
            read[name] = read[same] if same else self._amount(own[name], field)
        billed = None
        for keys, made in self._chosen.items():
            places, answer = self._choices[keys].of(own, rows)
            _refuse_marked(answer["bad"])
            for one in made:
                marks = [_MARK.format(name) for name in one.chosen]
                texts, others = answer[f"text {one.field.name}"].to_pylist(), answer[one.field.name]
                which = [marks.index(text) if text in marks else len(marks) + at for at, text in enumerate(texts)]
                if len(set(which)) == 1 and which[0] < len(marks):
                    value, text = read[one.chosen[which[0]]]
                else:
                    index = code_array(np.array(which, np.int32)).cast(pa.int64()).take(code_array(places))
                    given = [read[name] for name in one.chosen]
                    value = _choice(index, [amount for amount, _ in given], others)
                    some = [said if said is not None else pa.nulls(rows, pa.string()) for _, said in given]
                    none = (pa.nulls(1, pa.string())[0] for _ in others)
                    text = pc.choose(index, *some, *none) if any(said is not None for _, said in given) else None
                found[one.field.name] = value
                billed = text if one.field.name == "BilledCost" else billed
        return billed

    def _amount(self, texts: pa.Array, field: Field) -> tuple[pa.Array, pa.Array | None]:
        """An amount, and its raw texts where the engine had to round or to read them."""
        import pyarrow as pa

        texts, kind = texts.cast(pa.string()), stored(field)
        plain = _spelled_out(texts)
        if plain is not None and _fit(plain, kind):
            with suppress(pa.ArrowInvalid):
                return shortened(plain.cast(kind)), None
        made = Made(Field(field.name, field.kind), named(field.name), (field.name,))
        answer = self._ask(_cast_query((made,), unsaid(field.name, "VARCHAR")))(pa.table({field.name: texts}))
        _refuse_marked(whole(answer["bad"]))
        return whole(answer[field.name]), _as(whole(answer["billed_text"]), pa.string())


def _spelled_out(texts: pa.Array) -> pa.Array | None:
    """Amounts as digits, a point and a minus, where a few may have a plus or an exponent; None where they have more than that."""
    import pyarrow.compute as pc

    odd = _odd_rows(texts)
    if odd is None:
        return texts
    few = texts.filter(odd).to_pylist()
    if len(few) * _LEAST_PLAIN > len(texts) or not all(_NUMBER.fullmatch(text) for text in few):
        return None
    return pc.replace_with_mask(texts, odd, text_array([format(Decimal(text), "f") for text in few]))


def _odd_rows(texts: pa.Array) -> pa.Array | None:
    """Which texts have another character than digits, a point and a minus; None where none has."""
    import numpy as np
    import pyarrow as pa

    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32, len(texts) + 1, texts.offset * 4)
    if data is None or ends[0] == ends[-1]:
        return None
    text = bytes(data[int(ends[0]) : int(ends[-1])])
    others = set(text.translate(None, _PLAIN_DIGITS))
    if not others:
        return None
    letters, odd = np.frombuffer(text, np.uint8), np.zeros(len(texts), np.uint8)
    for other in others:
        odd[np.searchsorted(ends, np.flatnonzero(letters == other) + ends[0], "right") - 1] = 1
    bits = np.packbits(odd, bitorder="little")
    return pa.Array.from_buffers(pa.bool_(), len(texts), [None, pa.py_buffer(bits)])


def _fit(texts: pa.Array, kind: pa.Decimal128Type) -> bool:
    """Whether no text is so long that it may have more digits before its point than the type: Arrow would make another amount of
    it without a word."""
    import pyarrow.compute as pc

    longest = pc.max(pc.binary_length(texts)).as_py()
    return longest is None or longest <= kind.precision - kind.scale


def _choice(index: pa.Array, amounts: Sequence[pa.Array], others: pa.Array) -> pa.Array:
    """By row one of the amounts, or one of the `others` behind them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    least = shortened(others)
    if {least.type, *(one.type for one in amounts)} == {short()}:
        whole_numbers = [one.view(pa.int64()) for one in (*amounts, least)]
        return pc.choose(index, *whole_numbers[:-1], *whole_numbers[-1]).view(short())
    return pc.choose(index, *(_as(one, others.type) for one in amounts), *others)


def _cast_query(made: Sequence[Made], billed: str | None = None) -> str:
    """SQL for the typed columns of the rows, in their order, and whether one of them is at fault."""
    casts = [Cast(one.field, "VARCHAR") for one in made]
    faults = [cast.fault or "false" for cast in casts]
    faults += [
        f"{named(value_name(c.field))} IS NULL AND {named(c.field.name)} IS NOT NULL AND {c.is_given}"
        for c in casts
        if c.field.kind == "map"
    ]
    if billed is None and any(one.field.name == "BilledCost" for one in made):
        billed = unsaid("BilledCost", "VARCHAR")
    raw = ", ".join(f"({one.sql}) AS {named(one.field.name)}" for one in made)
    given = ", ".join(f"{cast.given} AS {named(cast.field.name)}" for cast in casts)
    values = ", ".join(f"{cast.value} AS {named(value_name(cast.field))}" for cast in casts)
    shown = ", ".join(f"{named(value_name(cast.field))} AS {named(cast.field.name)}" for cast in casts)
    more = f", {billed} AS billed_text" if billed else ""
    return (
        f"SELECT {shown}, coalesce({' OR '.join(f'({fault})' for fault in faults)}, false) AS bad{more}"
        f" FROM (SELECT *, {values} FROM (SELECT {given} FROM (SELECT {raw} FROM finops_rows)))"
    )


def _choice_query(made: Sequence[Made]) -> str:
    """SQL for what is chosen: the mark of an amount, or a value that has nothing to do with any. Such a value has to be exact."""
    marks = ", ".join(
        f"{quoted(_MARK.format(name))} AS {named(name)}" for name in dict.fromkeys(n for o in made for n in o.chosen)
    )
    texts = ", ".join(f"({one.sql}) AS {named('text ' + one.field.name)}" for one in made)
    values, faults = [], []
    for one in made:
        text, cast = named("text " + one.field.name), Cast(Field(one.field.name, one.field.kind), "VARCHAR")
        value = cast.value.replace(named(one.field.name), text)
        values.append(f"{value} AS {named(one.field.name)}")
        marked = " OR ".join(f"{text} = {quoted(_MARK.format(name))}" for name in one.chosen)
        inexact = f"{value} IS NULL OR strlen({text}) > 12 OR contains(lower({text}), 'e')"
        faults.append(f"({text} IS NOT NULL AND NOT ({marked}) AND ({inexact}))")
    return (
        f"SELECT {', '.join(values)}, {', '.join(named('text ' + one.field.name) for one in made)},"
        f" coalesce({' OR '.join(faults)}, false) AS bad FROM (SELECT {texts} FROM (SELECT *, {marks} FROM finops_rows))"
    )


def _spread(answers: pa.Array, rows: Codes, field: Field) -> pa.Array:
    """For each row its answer; texts stay told once."""
    import pyarrow as pa

    kind = stored(field)
    answers = _as(answers, kind)
    if field.kind == "map":
        answers = told_map(answers)
    if field.kind != "text":
        return shortened(answers).take(code_array(rows))
    if len(answers) == 1:
        return repeated_text(answers, len(rows))
    told = answers.dictionary_encode()
    return pa.DictionaryArray.from_arrays(told.indices.take(code_array(rows)), told.dictionary)


def _says_text(column: pa.Array) -> bool:
    """Whether no text can be a word for null."""
    import pyarrow.compute as pc

    if column.null_count == len(column):
        return True
    return bool(pc.min(pc.binary_length(column)).as_py() > LONGEST_NULL_WORD and pc.min(column).as_py() > "!")


def _refuse_marked(bad: pa.Array) -> None:
    import pyarrow.compute as pc

    if pc.any(bad).as_py():
        raise Fault


def _as(column: pa.Array, kind: Any) -> pa.Array:
    return column if column.type == kind else column.cast(kind)
