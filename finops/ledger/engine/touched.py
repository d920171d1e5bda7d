"""Runs and business days that a build touches: they lie in no one month, and are found while what they come from is built."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

from finops.ledger.engine.database import Database, literal
from finops.ledger.engine.slices import Dirty

EVERYTHING = dict.fromkeys(("calls_of_runs", "told_of_runs", "cost_of_days", "runs_of_days", "calls_of_days"), "TRUE")
"""The conditions of models that are built as a whole."""

_ONE_DAY = timedelta(days=1)


class Touched:
    """Gathers them while the models they come from are built. `said` are the days of outcomes and of runs that are new."""

    def __init__(self, database: Database, dirty: Dirty, said: Mapping[str, Iterable[date]]) -> None:
        self._database, self._dirty, self._said = database, dirty, said
        self._currency = self._least_currency()
        database.execute(
            "CREATE OR REPLACE TEMP TABLE dirty_run_id (run_id VARCHAR); CREATE OR REPLACE TEMP TABLE dirty_day (day DATE)"
        )
        self._add_runs_of_calls()

    def conditions(self, kind: str) -> dict[str, str] | None:
        """Of models with that kind of slice, at the time when they are built; None where they are built as a whole."""
        return self._runs() if kind == "run" else self._days() if kind == "business_day" else None

    def _runs(self) -> dict[str, str]:
        """Once calls are built: the conditions of the runs, with those that they were parts of before."""
        self._add_runs_of_calls()
        for contract, moment, alias in (("outcome", "time", "o"), ("run", "start_time", "r")):
            days = ", ".join(map(literal, sorted(set(self._said.get(contract, ())))))
            if days:
                self._add_runs(f"SELECT {alias}.run FROM {contract} {alias} WHERE CAST({alias}.{moment} AS DATE) IN ({days})")
        self._database.execute(
            "CREATE OR REPLACE TEMP TABLE dirty_run_id AS SELECT DISTINCT run_id FROM dirty_run_id WHERE run_id IS NOT NULL"
        )
        self._add_days_of_runs()
        within = "run_id IN (SELECT d.run_id FROM dirty_run_id d)"
        spans = self._database.query(
            f"SELECT min(first_call_day) AS first_day, max(last_call_day) AS last_day FROM fct_run WHERE {within}"
        )[0]
        reach = [day for day in (*self._dirty.call_days, *spans.values()) if day is not None]
        around = f" AND c.call_day BETWEEN {literal(min(reach))} AND {literal(max(reach))}" if reach else ""
        return {"calls_of_runs": f"c.{within}{around}", "told_of_runs": "r.run IN (SELECT d.run_id FROM dirty_run_id d)"}

    def _days(self) -> dict[str, str] | None:
        """Once runs and cost are built: the conditions of the business days; None where all days are touched."""
        if self._least_currency() != self._currency:
            return None
        self._add_days_of_runs()
        days = {near for day in (*self._dirty.charge_days, *self._dirty.call_days) for near in _near(day)}
        if days:
            values = ", ".join(f"({literal(day)})" for day in sorted(days))
            self._database.execute(f"INSERT INTO dirty_day VALUES {values}")
        self._database.execute(
            "CREATE OR REPLACE TEMP TABLE dirty_day AS SELECT DISTINCT day FROM dirty_day WHERE day IS NOT NULL"
        )
        within = "IN (SELECT d.day FROM dirty_day d)"
        near_by = "SELECT d.day + n.days FROM dirty_day d CROSS JOIN (VALUES (-1), (0), (1)) n(days)"
        calls = f"business_day(k.start_time) {within} AND k.call_day IN ({near_by})"
        return {"cost_of_days": f"c.business_day {within}", "runs_of_days": f"r.run_day {within}", "calls_of_days": calls}

    def _least_currency(self) -> object:
        return self._database.query("SELECT min(currency) AS currency FROM fct_cost")[0]["currency"]

    def _add_runs_of_calls(self) -> None:
        days = ", ".join(map(literal, sorted(self._dirty.call_days)))
        if days:
            self._add_runs(f"SELECT DISTINCT c.run_id FROM fct_call c WHERE c.call_day IN ({days})")

    def _add_runs(self, sql: str) -> None:
        self._database.execute(f"INSERT INTO dirty_run_id {sql}")

    def _add_days_of_runs(self) -> None:
        runs = "SELECT d.run_id FROM dirty_run_id d"
        self._database.execute(f"INSERT INTO dirty_day SELECT DISTINCT r.run_day FROM fct_run r WHERE r.run_id IN ({runs})")


def _near(day: date) -> Iterable[date]:
    """The day and its neighbours: business days of another zone reach over."""
    return (near for near in (day - _ONE_DAY if day > date.min else day, day, day + _ONE_DAY if day < date.max else day))
