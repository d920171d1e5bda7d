"""Runs the models: staging afresh, facts and marts by slice, each tested as soon as it stands."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from finops.core.talk import Talk
from finops.errors import DataError, OutOfMemory
from finops.ledger.engine.checks import check, check_grain
from finops.ledger.engine.compiling import Allocation, expressions, write_tables
from finops.ledger.engine.configured import in_force, put_in_force
from finops.ledger.engine.database import Database
from finops.ledger.engine.line_runs import EVERY_LINE, insert_in_runs, is_in_runs, need_runs
from finops.ledger.engine.macros import define_macros
from finops.ledger.engine.model import Model, all_models, selected
from finops.ledger.engine.months import KeptMonths
from finops.ledger.engine.pieces import insert_in_pieces, is_in_pieces, need_pieces, whole
from finops.ledger.engine.slices import (
    Dirty,
    call_chunks,
    charge_chunks,
    dirty_slices,
    on_days,
    touched_by_everything,
    within_days,
    write_days,
    write_dirty,
    write_dirty_calls,
)
from finops.ledger.engine.touched import EVERYTHING, Touched

SORTED_LINES = 100_000
"""What comes of more billing lines, or of so many calls that they are built in pieces, is kept in the order in which it comes:
sorting rows of so many columns takes longer than making them, and no figure depends on their order. What is of several months
is put in the order of its days, so that a later build of one month reads no other."""


@dataclass(frozen=True)
class BuildReport:
    """What a build did: whether it made everything anew, and per model how many rows were built."""

    full: bool
    rows: Mapping[str, int]
    charge_days: int
    call_days: int
    kept: tuple[str, ...] = ()
    """Closed months that are placed by other rules, owners or prices than today's."""


def run_models(
    database: Database,
    allocation: Allocation,
    talk: Talk,
    *,
    touched: Mapping[str, Iterable[date]] | None = None,
    select: Sequence[str] = (),
    models: Sequence[Model] | None = None,
    kept: Sequence[KeptMonths] = (),
    whole: bool = False,
) -> BuildReport:
    """Builds the slices that `touched` days dirty (None: everything) and tests them. Commits nothing: the caller does.
    Months in `kept` go by their own configuration; models that are not of months are built once, by today's, of runs and business
    days that are touched, or as a `whole`: where anything but rows has changed."""
    chosen = tuple(models) if models is not None else all_models()
    if select:
        chosen = selected(chosen, select)
    full = touched is None
    dirty = dirty_slices(touched_by_everything(database) if touched is None else touched)
    define_macros(database, allocation.zone)
    database.execute("SET preserve_insertion_order = false")  # what is kept is sorted: the order of the rest takes memory only
    rows = dict.fromkeys((model.name for model in chosen), 0)
    in_parts = touched is not None and not whole and all(_exists(database, name) for name in ("fct_call", "fct_cost", "fct_run"))
    gathered = Touched(database, dirty, touched) if in_parts and touched is not None else None
    apart = [(group.configuration, own) for group in kept if (own := dirty.of(group.months.__contains__))]
    if apart:
        today = in_force(database, allocation)
        sliced = tuple(model for model in chosen if model.is_of_months)
        for number, (configuration, own) in enumerate(apart):
            put_in_force(database, configuration)
            _run(database, configuration.allocation, talk, sliced, own, rows, _Full(full and number == 0, False), None)
        put_in_force(database, today)
        others = frozenset().union(*(group.months for group in kept))
        dirty_today = dirty.of(lambda month: month not in others)
    else:
        write_tables(database, allocation)
        dirty_today = dirty
    _run(database, allocation, talk, chosen, dirty_today, rows, _Full(full and not apart, full and not apart), gathered)
    if full and apart:
        for model in chosen:
            if model.layer != "staging":
                check_grain(database, model, True)
    database.execute("SET preserve_insertion_order = true")
    return BuildReport(full, rows, len(dirty.charge_days), len(dirty.call_days))


@dataclass(frozen=True)
class _Full:
    """Whether tables are made new, and whether all their rows are tested."""

    build: bool
    check: bool


def _run(
    database: Database,
    allocation: Allocation,
    talk: Talk,
    chosen: Sequence[Model],
    dirty: Dirty,
    rows: dict[str, int],
    full: _Full,
    gathered: Touched | None,
) -> None:
    """One pass over the models for the dirty slices, under the configuration in force."""
    write_dirty(database, dirty)
    names = expressions(allocation) | EVERYTHING | {"charge_within": within_days('c."ChargePeriodStart"', dirty.charge_days)}
    by_name = {model.name: model for model in chosen}
    trace = trace_models(chosen)
    talk.stage("Building", len(chosen))
    if trace and (full.build or dirty.call_days or not _exists(database, "fct_call")):
        chunks = call_chunks(database, dirty.call_days)
        for number, chunk in enumerate(chunks):
            write_dirty_calls(database, chunk)
            for model in trace:
                order = "" if need_pieces(database, model) else _sorted(model)
                built = _build(database, model, names, full.build and number == 0, order)
                check(database, model, by_name, full.check and len(chunks) == 1, built)
                rows[model.name] += built
        write_dirty_calls(database, dirty)
        talk.advance(len(trace), rows.get("fct_call", 0))
    months = charge_chunks(database, dirty.charge_days)
    for number, days in enumerate(months):
        is_last = number == len(months) - 1
        if len(months) > 1:
            write_days(database, "charge_day", days)
            names |= {"charge_within": within_days('c."ChargePeriodStart"', days)}
        has_months = len({day.replace(day=1) for day in days}) > 1
        for model in chosen:
            order = _sorted(model) if rows.get("stg_alike", 0) <= SORTED_LINES else _by_slice(model) if has_months else ""
            if model in trace or not (is_last or model.is_of_months):
                continue
            is_new, is_tested = full.build and number == 0, full.check and len(months) == 1
            if not model.is_of_months:
                parts = gathered.conditions(model.slice) if gathered else None
                is_new = is_tested = parts is None
                names |= parts or EVERYTHING
            built = _build(database, model, names, is_new, order)
            if not model.view:
                check(database, model, by_name, is_tested, built)
            rows[model.name] += built
            talk.advance(int(is_last), rows[model.name])
    _drop_staging(database, chosen)


def trace_models(models: Sequence[Model]) -> tuple[Model, ...]:
    """The models sliced by trace day and the staging behind them: they run once per run of days."""
    names = [model.name for model in models if model.slice == "trace_day"]
    return selected(models, names)


def compiled(model: Model, names: Mapping[str, str]) -> str:
    """The model's SELECT with the expressions in braces filled in; it is whole unless the names say which piece is meant."""
    names = {**whole(model), **EVERY_LINE, **names}

    def filled(match: re.Match[str]) -> str:
        if match[1] not in names:
            raise DataError(
                f"the model `{model.name}` names an expression `{match[1]}` that there is not", where=f"{model.name}.sql"
            )
        return names[match[1]]

    return re.sub(r"\{\{(\w+)\}\}", filled, model.sql).rstrip().rstrip(";")


def _build(database: Database, model: Model, names: Mapping[str, str], full: bool, order: str) -> int:
    """How many rows were built."""
    sql = compiled(model, names)
    is_staging, column = model.layer == "staging", model.slice_column
    if model.view:
        return database.execute(f"CREATE OR REPLACE TEMP VIEW {model.name} AS\n{sql}")
    can_be_parted = is_in_pieces(model) or is_in_runs(model)
    if full or is_staging or column is None or not _exists(database, model.name):
        made = f"CREATE OR REPLACE {'TEMP TABLE' if is_staging else 'TABLE'} {model.name} AS\nSELECT * FROM (\n{sql}\n)"
        try:
            if not (need_pieces(database, model) or need_runs(database, model)):
                return database.execute(f"{made}{order}")
        except OutOfMemory:
            if not (can_be_parted or _can_be_halved(model)):
                raise
        database.execute(f"{made} LIMIT 0")
    else:
        database.execute(f"DELETE FROM {model.name} WHERE {_dirty(database, column)}")
    if not can_be_parted:
        return _insert_in_halves(database, model, sql, order)

    def insert(part: Mapping[str, str]) -> int:
        return _insert(database, model, compiled(model, {**names, **part}), order)

    return insert_in_pieces(database, model, insert) if is_in_pieces(model) else insert_in_runs(database, insert)


def _insert(database: Database, model: Model, sql: str, order: str) -> int:
    """Inserts what a SELECT answers, of facts and marts the dirty slices."""
    column = None if model.layer == "staging" else model.slice_column
    within = f" WHERE {_dirty(database, column)}" if column else ""
    return database.execute(f"INSERT INTO {model.name} BY NAME\nSELECT * FROM (\n{sql}\n){within}{order}")


def _insert_in_halves(database: Database, model: Model, sql: str, order: str) -> int:
    """Inserts it by half of the days at a time where memory does not do for all together."""
    try:
        return _insert(database, model, sql, order)
    except OutOfMemory:
        column = model.slice_column
        days = _dirty_days(database, column) if column and _can_be_halved(model) else []
        if column is None or len(days) < 2:
            raise
        rows = 0
        for half in (days[: len(days) // 2], days[len(days) // 2 :]):
            write_days(database, column, half)
            rows += _insert_in_halves(database, model, sql, order)
        write_days(database, column, days)
        return rows


def _can_be_halved(model: Model) -> bool:
    """Whether its rows can be inserted by their days."""
    return model.layer != "staging" and model.slice_column in ("charge_day", "call_day")


def _dirty(database: Database, column: str) -> str:
    """Days are written out, so that what a model reads of other days is passed over and not made first."""
    if column == "run_id":
        return f"{column} IN (SELECT {column} FROM dirty_{column})"
    return on_days(column, _dirty_days(database, column))


def _dirty_days(database: Database, column: str) -> list[date]:
    return [row["day"] for row in database.query(f"SELECT {column} AS day FROM dirty_{column} ORDER BY day")]


def _sorted(model: Model) -> str:
    if model.layer == "staging":
        return ""
    return f"\nORDER BY {', '.join(f'{column} NULLS FIRST' for column in model.grain)}" if model.grain else ""


def _by_slice(model: Model) -> str:
    return f"\nORDER BY {model.slice_column}" if model.layer != "staging" and model.slice_column else ""


def _exists(database: Database, table: str) -> bool:
    return bool(database.query(f"SELECT 1 AS one FROM duckdb_tables() WHERE table_name = '{table}' AND NOT temporary"))


def _drop_staging(database: Database, models: Sequence[Model]) -> None:
    for model in reversed(models):
        if model.layer == "staging":
            database.execute(f"DROP {'VIEW' if model.view else 'TABLE'} IF EXISTS temp.{model.name}")
