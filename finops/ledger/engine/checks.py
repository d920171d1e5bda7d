"""What a model's head promises, tested on what was just built: rows are unique by its grain, and it keeps its sums."""

from __future__ import annotations

from collections.abc import Mapping

from finops.errors import DataError
from finops.ledger.engine.database import Readable
from finops.ledger.engine.model import Keeps, Model

HINT = "this is a defect of finops or of a changed model; the ledger stays as it was"


def check(database: Readable, model: Model, models: Mapping[str, Model], full: bool) -> None:
    """Raises a DataError where the model breaks its promise, in the dirty slices or (`full`) anywhere."""
    check_grain(database, model, full)
    for keeps in model.keeps:
        _check_keeps(database, model, keeps, models, full)


def check_grain(database: Readable, model: Model, full: bool) -> None:
    """Raises a DataError where two rows are the same by the model's grain."""
    if not model.grain:
        return
    columns = ", ".join(model.grain)
    twice = database.query(
        f"SELECT {columns}, count(*) AS rows FROM {model.name} {_within(model, full)} "
        f"GROUP BY {columns} HAVING count(*) > 1 LIMIT 1"
    )
    if twice:
        row = ", ".join(f"{key} = {value}" for key, value in twice[0].items() if value is not None)
        raise DataError(
            f"the model `{model.name}` has rows that are not unique by its grain ({row})", where=f"{model.name}.sql", hint=HINT
        )


def _check_keeps(database: Readable, model: Model, keeps: Keeps, models: Mapping[str, Model], full: bool) -> None:
    by = "".join(f"{column}, " for column in keeps.by)
    sides = [f"SELECT {by}{keeps.column} AS amount, 0 AS side FROM {model.name} {_within(model, full)}"]
    for other, column in keeps.sides:
        where = _within(models[other], full) if model.slice_column == models[other].slice_column else ""
        sides.append(f"SELECT {by}{column} AS amount, 1 AS side FROM {other} {where}")
    totals = "sum(CASE side WHEN 0 THEN amount END) AS here, sum(CASE side WHEN 1 THEN amount END) AS there"
    group = f"GROUP BY {', '.join(keeps.by)}" if keeps.by else ""
    broken = database.query(
        f"SELECT * FROM (SELECT {by}{totals} FROM ({' UNION ALL '.join(sides)}) {group}) "
        "WHERE coalesce(here, 0) <> coalesce(there, 0) OR (here IS NULL) <> (there IS NULL) LIMIT 1"
    )
    if broken:
        row = ", ".join(f"{key} = {value}" for key, value in broken[0].items())
        raise DataError(
            f"the model `{model.name}` does not keep sum({keeps.column}): {row}", where=f"{model.name}.sql", hint=HINT
        )


def _within(model: Model, full: bool) -> str:
    if full or model.slice_column is None:
        return ""
    return f"WHERE {model.slice_column} IN (SELECT {model.slice_column} FROM dirty_{model.slice_column})"
