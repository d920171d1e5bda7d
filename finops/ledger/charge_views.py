"""Puts the views of charge lines over a built ledger again, each month by what it was placed by, for questions about lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from finops.ledger.engine.compiling import Allocation, expressions
from finops.ledger.engine.configured import NAME_TABLES, Configuration, in_force, put_in_force
from finops.ledger.engine.macros import define_macros
from finops.ledger.engine.model import all_models, selected
from finops.ledger.engine.months import differing, kept_configurations
from finops.ledger.engine.runner import compiled, trace_models
from finops.ledger.engine.slices import Dirty, within_days, write_dirty
from finops.ledger.store import Reader

_EACH_LINE = "SELECT l.* EXCLUDE (begun), CAST(1 AS BIGINT) AS charges FROM stg_line l"
"""`stg_alike` with each line by itself, and with its place in its file."""


class TempOnly:
    """A reader as the engine's database: what it executes is TEMP."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def execute(self, sql: str) -> int:
        answer = self._reader.query(sql.replace("CREATE OR REPLACE TABLE", "CREATE OR REPLACE TEMP TABLE", 1))
        return int(answer[0].get("Count", 0)) if answer else 0

    def query(self, sql: str) -> list[dict[str, Any]]:
        return self._reader.query(sql)


def charge_views(reader: Reader, allocation: Allocation, months: set[date]) -> Iterator[tuple[Allocation, set[date]]]:
    """For each group of months (of charge days) that share rules, owners and names: the staging models up to `stg_charge_line`
    are TEMP views and tables over their days while the group is the current one."""
    database = TempOnly(reader)
    define_macros(database, allocation.zone)
    today = in_force(database, allocation)
    for configuration, own in _by_configuration(reader, today, months):
        for table, (columns, _) in NAME_TABLES.items():
            database.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT {', '.join(columns)} FROM ledger.{table} LIMIT 0")
        put_in_force(database, configuration)
        days = frozenset(_month_days(reader, own))
        write_dirty(database, Dirty(days, frozenset(), frozenset()))
        names = expressions(configuration.allocation) | {"charge_within": within_days('c."ChargePeriodStart"', days)}
        behind_facts = trace_models(all_models())
        for model in selected(all_models(), ["stg_charge_line"]):
            if model.layer == "staging" and model not in behind_facts:
                by_line = model.name == "stg_alike"
                kind = "VIEW" if model.view or by_line else "TABLE"
                sql = _EACH_LINE if by_line else compiled(model, names)
                database.execute(f"CREATE OR REPLACE TEMP {kind} {model.name} AS\n{sql}")
        yield configuration.allocation, own


def _by_configuration(reader: Reader, today: Configuration, months: set[date]) -> list[tuple[Configuration, set[date]]]:
    """The months in groups, each with what it was placed by."""
    kept = kept_configurations(reader)
    apart = differing({month: kept[month].completed(today, month) for month in months & kept.keys()}, today)
    others = months.difference(*(group.months for group in apart))
    return [(group.configuration, set(group.months)) for group in apart] + ([(today, others)] if others else [])


def _month_days(reader: Reader, months: set[date]) -> list[date]:
    """All charge days of the months: what is metered in a month decides which rule a line falls under."""
    found = reader.query("SELECT DISTINCT CAST(hour AS DATE) AS d FROM meter UNION SELECT DISTINCT charge_day AS d FROM fct_pool")
    return [row["d"] for row in found if row["d"].replace(day=1) in months]
