"""What a model's head promises, tested on what was just built: rows are unique by its grain, and it keeps its sums."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from finops.errors import DataError
from finops.ledger.engine.database import Readable
from finops.ledger.engine.model import Keeps, Model

HINT = "this is a defect of finops or of a changed model; the ledger stays as it was"


def check(database: Readable, model: Model, models: Mapping[str, Model], full: bool, built: int = 2) -> None:
    """Raises a DataError where the model breaks its promise, in the dirty slices or (`full`) anywhere. Where no more than one row
    was `built`, and that is all of them, no two can be the same."""
    if built > 1:
        check_grain(database, model, full)
    together: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Keeps]] = {}
    for keeps in model.keeps:
        together.setdefault((tuple(other for other, _ in keeps.sides), keeps.by), []).append(keeps)
    for alike in together.values():
        _check_keeps(database, model, alike, models, full)


def check_grain(database: Readable, model: Model, full: bool) -> None:
    """Raises a DataError where two rows are the same by the model's grain."""
    if not model.grain:
        return
    columns = ", ".join(model.grain)
    within = _within(model, full)
    digests = f"SELECT hash({columns}) AS digest FROM {model.name} {within}"  # one number a row: rows that differ in it differ
    if not database.query(f"SELECT 1 AS one FROM ({digests}) GROUP BY digest HAVING count(*) > 1 LIMIT 1"):
        return
    twice = database.query(
        f"SELECT {columns}, count(*) AS rows FROM {model.name} {within} GROUP BY {columns} HAVING count(*) > 1 LIMIT 1"
    )
    if twice:
        row = ", ".join(f"{key} = {value}" for key, value in twice[0].items() if value is not None)
        raise DataError(
            f"the model `{model.name}` has rows that are not unique by its grain ({row})", where=f"{model.name}.sql", hint=HINT
        )


def _check_keeps(database: Readable, model: Model, alike: Sequence[Keeps], models: Mapping[str, Model], full: bool) -> None:
    """Sums over the same models by the same columns, in one pass."""
    by = "".join(f"{column}, " for column in alike[0].by)
    full = full or any(model.slice_column != models[other].slice_column for other, _ in alike[0].sides)
    sides = [_summed(model, alike[0].by, [keeps.column for keeps in alike], "here", full)]
    for number, (other, _) in enumerate(alike[0].sides):
        columns = [keeps.sides[number][1] for keeps in alike]
        sides.append(_summed(models[other], alike[0].by, columns, "there", full))
    totals, broken = [], []
    for place in range(len(alike)):
        here, there = f"here_{place}", f"there_{place}"
        totals += [f"sum({here}) AS {here}", f"sum({there}) AS {there}"]
        broken.append(f"coalesce({here}, 0) <> coalesce({there}, 0) OR ({here} IS NULL) <> ({there} IS NULL)")
    group = f"GROUP BY {', '.join(alike[0].by)}" if by else ""
    summed = f"SELECT {by}{', '.join(totals)} FROM ({' UNION ALL BY NAME '.join(sides)}) {group}"
    rows = database.query(f"SELECT * FROM ({summed}) WHERE {' OR '.join(broken)} LIMIT 1")
    for place, keeps in enumerate(alike if rows else ()):
        here, there = rows[0][f"here_{place}"], rows[0][f"there_{place}"]
        if (here or 0) != (there or 0) or (here is None) != (there is None):
            row = ", ".join([*(f"{column} = {rows[0][column]}" for column in keeps.by), f"here = {here}, there = {there}"])
            raise DataError(
                f"the model `{model.name}` does not keep sum({keeps.column}): {row}", where=f"{model.name}.sql", hint=HINT
            )


def _summed(model: Model, by: Sequence[str], columns: Sequence[str], side: str, full: bool) -> str:
    """A SELECT of the sums of a model's columns, each side by itself: what is added up is narrow and is read once."""
    sums = ", ".join(f"sum({column}) AS {side}_{place}" for place, column in enumerate(columns))
    group = f"GROUP BY {', '.join(by)}" if by else ""
    return f"SELECT {', '.join([*by, sums])} FROM {model.name} {_within(model, full)} {group}"


def _within(model: Model, full: bool) -> str:
    if full or model.slice_column is None:
        return ""
    return f"WHERE {model.slice_column} IN (SELECT {model.slice_column} FROM dirty_{model.slice_column})"
