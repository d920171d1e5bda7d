"""The figures of a table that is computed: each with its formula, and the rows, settings and options that its parts are from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.core.explaining.figures import Figure, Part, comes_to, names_in, number, row_of
from finops.core.numbers import plain_decimal
from finops.core.placing.unit_cost import rounded
from finops.core.result import Column, Result
from finops.errors import DataError, UsageError

Row = dict[str, Any]
COMPUTED: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(("place", "spot", "mix", "models"), ()),
    **{"bench": ("cost", "list"), "prices": ("list", "show", "diff"), "policy": ("list",)},
}
"""Commands whose figures are computed from prices, measurements and what they were told: asked again to be traced. Those with
sub-commands name the ones that can be."""
FIGURES: frozenset[str] = frozenset({"count", "money", "unit_price", "ratio", "number"})
"""The kinds of columns that hold figures."""
COLUMNS = (
    *(Column("part", "Part"), Column("value", "Value"), Column("what", "What it is"), Column("file", "File")),
    *(Column("line", "Row", "count"), Column("as_of", "Of", "date", wide_only=True)),
    *(Column("source", "Source", wide_only=True), Column("figures", "In", "list", wide_only=True)),
)


def made_lines(table: str, answer: Result, where: Mapping[str, str | None]) -> Result:
    """The parts of the figures of the one row of an answer that `where` names, all or that of `figure`. UsageError where it names
    none or several, or a figure that nothing tells of; DataError where parts do not come to their figure."""
    names = dict(where)
    wanted = names.pop("figure", None)
    if answer.made is None:
        raise UsageError(
            f"no row of files is behind this answer of `{table}`", where="--trace", hint="leave out the words behind `--`"
        )
    place = _place(table, answer, names)
    made = answer.made(place)
    row = row_of(answer.rows[place], made)
    figures = [one for one in made if row.get(one.name) is not None]
    between = {one.name: rounded(row[one.name]) for one in figures if one.name not in answer.rows[place]}
    if wanted is not None:
        _require(table, answer, row, figures, wanted)
        figures = _with_those_named(figures, wanted)
    for figure in figures:
        if not comes_to(figure, row):
            hint = "please report it with the command"
            raise DataError(f"the parts of `{figure.name}` do not come to the figure", where=table, hint=hint)
    row |= between
    totals = [
        {"figure": one.name, "value": _text(row[one.name]), "formula": one.formula, "method": one.method} for one in figures
    ]
    subject = {name: row.get(name) for name in _identity(answer)}
    meta = {**answer.meta, "subject": table, "where": dict(where), "row": subject}
    notes = [
        f"{one.name} {_text(row[one.name])} = {one.formula}"
        if one.formula
        else f"{one.name} {_text(row[one.name])}: {one.method}"
        for one in figures
    ]
    notes.append(
        "a formula comes to its figure before rounding; a name in it is a part (of parts of one name, the sum) or a figure"
    )
    return Result(COLUMNS, _lines(figures), totals, meta, notes)


def _place(table: str, answer: Result, names: Mapping[str, str | None]) -> int:
    known = _identity(answer)
    for name in names:
        if name not in known:
            raise UsageError(f"`{table}` has no `{name}`", where="--where", hint="one of: " + ", ".join((*known, "figure")))
    fits = [place for place, row in enumerate(answer.rows) if all(_text(row.get(name)) == value for name, value in names.items())]
    if len(fits) == 1:
        return fits[0]
    if not fits:
        raise UsageError(f"no row of `{table}` is so", where="--where", hint=f"`finops {table}` shows its rows")
    first, left = answer.rows[fits[0]], fits
    chosen: list[str] = []
    for name in known:
        same = [place for place in left if answer.rows[place].get(name) == first.get(name)]
        if len(same) < len(left):
            left, chosen = same, [*chosen, f"--where '{name}={_text(first.get(name)) or ''}'"]
    hint = f"such as {' '.join(chosen)}" if chosen else "nothing tells them apart"
    raise UsageError(f"{len(fits)} rows of `{table}` are so, and one is traced", where="--where", hint=hint)


def _identity(answer: Result) -> list[str]:
    """What a row is known by: every column that holds no figure, and counts among what was asked for."""
    return [column.key for column in answer.columns if column.kind in ("text", "count", "bool", "date")]


def _require(table: str, answer: Result, row: Mapping[str, Any], figures: Sequence[Figure], wanted: str) -> None:
    if any(one.name == wanted for one in figures):
        return
    hint = "can be traced: " + ", ".join(one.name for one in figures if one.name in {column.key for column in answer.columns})
    known = {column.key for column in answer.columns if column.kind in FIGURES}
    if wanted not in known:
        raise UsageError(f"`{table}` has no figure `{wanted}`", where="--where figure", hint=hint)
    if row.get(wanted) is None:
        raise UsageError(f"`{wanted}` is not known of this row", where="--where figure", hint=hint)
    raise UsageError(f"`{wanted}` of `{table}` has no rows of its own", where="--where figure", hint=hint)


def _with_those_named(figures: Sequence[Figure], wanted: str) -> list[Figure]:
    """The figure, and those of the row that its formula rests on."""
    by_name = {one.name: one for one in figures}
    found, left = [], [wanted]
    while left:
        one = by_name.pop(left.pop(0), None)
        if one is not None:
            found.append(one)
            left += set(names_in(one.formula)) - {part.name for part in one.parts} if one.formula else ()
    return found


def _lines(figures: Sequence[Figure]) -> list[Row]:
    """Each part once, with the figures that it is in."""
    found: dict[Part, list[str]] = {}
    for figure in figures:
        for part in figure.parts:
            found.setdefault(part, []).append(figure.name)
    return [
        {
            "part": part.name, "value": _text(part.value), "file": part.file, "line": part.line, "as_of": part.as_of,
            "what": f"{part.what} ({part.source})" if part.file is None and part.source else part.what,
            "source": part.source, "figures": list(dict.fromkeys(names)),
        }
        for part, names in found.items()
    ]  # fmt: skip


def _text(value: Any) -> str | None:
    """A value as it is asked for and shown: numbers in plain notation."""
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain_decimal(number(value)) if isinstance(value, int | float) or hasattr(value, "is_finite") else str(value)
