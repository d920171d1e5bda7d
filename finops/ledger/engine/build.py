"""Brings facts and marts up to date with what was loaded: only what is new, unless what they depend on has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from finops.core.talk import Talk
from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.configured import (
    Configuration,
    allocation_document,
    allocation_of_document,
    dates_of_change,
    in_force,
    within,
)
from finops.ledger.engine.database import Database, Readable, literal
from finops.ledger.engine.macros import MACROS, define_macros
from finops.ledger.engine.model import all_models
from finops.ledger.engine.months import closed_months, differing, keep_configurations, kept_configurations, month_names
from finops.ledger.engine.pricing import PriceInputs, write_prices
from finops.ledger.engine.runner import BuildReport, run_models
from finops.ledger.engine.shared_exchange import write_shared_exchange
from finops.ledger.engine.slices import touched_by_everything

FINGERPRINT = "build.fingerprint"
"""The key in `meta` of what the last build went by."""

ALLOCATION = "build.allocation"
"""The key in `meta` of the rules and owners of the last build."""

RESTATE = "build.restate"
"""The key in `meta` of the closed months that the next build is to restate."""

Touched = dict[str, list[date]]


def build(
    database: Database,
    allocation: Allocation,
    prices: PriceInputs,
    as_of: date,
    talk: Talk,
    *,
    full: bool = False,
    select: Sequence[str] = (),
    restate: Iterable[date] = (),
) -> BuildReport:
    """Builds and tests the slices of batches that are not built yet. Rules, owners or prices that changed make open months
    anew, models that changed or `full` all months; closed months are placed by what they were closed with, unless `restate`
    names them. `select` makes the named models, and what they read, anew."""
    define_macros(database, allocation.zone)
    restated = frozenset(restate) | months_to_restate(database)
    closed = closed_months(database)
    kept = {month: c for month, c in kept_configurations(database).items() if month in closed and month not in restated}
    anew = full or bool(select) or models_changed(database, allocation.zone)
    repriced = write_prices(database, prices, as_of, kept=frozenset(kept), restated=restated, everything=anew)
    repriced |= write_shared_exchange(database, allocation, prices, frozenset(kept))
    today = in_force(database, allocation)
    kept = {month: configuration.completed(today, month) for month, configuration in kept.items()}
    if anew:
        touched = None
    else:
        touched = _touched(database, allocation, kept, repriced, restated)
    apart = differing(kept, today)
    told = month_names(month for group in apart for month in group.months)
    if not select and months_to_restate(database):
        _set_meta(database, RESTATE, "")
    if touched is not None and not touched:
        return BuildReport(False, {}, 0, 0, told)
    whole = repriced or bool(restated) or _allocation_changed(database, allocation) or _withdrawn(database)
    report = run_models(database, allocation, talk, touched=touched, select=select, kept=apart, whole=whole)
    if not select:
        database.execute("UPDATE batch SET built = TRUE WHERE NOT built")
        _set_meta(database, FINGERPRINT, fingerprint_of(allocation))
        _set_meta(database, ALLOCATION, allocation_document(allocation))
        keep_configurations(database, {month: kept.get(month, today) for month in closed})
    return replace(report, kept=told)


def fingerprint_of(allocation: Allocation) -> str:
    """One text that changes with rules, owners, models and macros."""
    parts = [allocation_document(allocation), allocation.zone, *MACROS, *(f"{model.name}\n{model.sql}" for model in all_models())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def models_changed(database: Readable, zone: str) -> bool:
    """Whether the last build went by other models, macros or business days, or there was none."""
    before = _last_allocation(database)
    return before is None or built_by(database) != fingerprint_of(replace(before, zone=zone))


def restate_later(database: Database, months: Iterable[date]) -> None:
    """The next build restates these closed months."""
    if together := months_to_restate(database) | frozenset(months):
        _set_meta(database, RESTATE, ",".join(f"{month:%Y-%m}" for month in sorted(together)))


def months_to_restate(database: Readable) -> frozenset[date]:
    """The closed months that were loaded to be restated and are not built since."""
    return frozenset(date.fromisoformat(f"{month}-01") for month in (_meta(database, RESTATE) or "").split(",") if month)


def built_by(database: Readable) -> str | None:
    """The fingerprint of the last build, or None."""
    return _meta(database, FINGERPRINT)


def unbuilt_days(database: Database) -> Touched:
    """Contract to the days that batches touch which were loaded or withdrawn since the last build."""
    touched: Touched = {}
    for row in database.query("SELECT DISTINCT contract FROM batch WHERE NOT built ORDER BY contract"):
        touched[row["contract"]] = []
    rows = database.query(
        "SELECT DISTINCT b.contract, s.day FROM batch b JOIN slice s ON s.batch_id = b.batch_id "
        "WHERE NOT b.built AND s.day IS NOT NULL ORDER BY b.contract, s.day"
    )
    for row in rows:
        touched[row["contract"]].append(row["day"])
    return touched


def _touched(
    database: Database, allocation: Allocation, kept: Mapping[date, Configuration], repriced: bool, restated: frozenset[date]
) -> Touched:
    """The days of what is new, of open months that would come out differently, and of months to be restated."""
    touched = unbuilt_days(database)
    before = _last_allocation(database)
    changed = _allocation_changed(database, allocation)
    if not (repriced or changed or restated):
        return touched
    spans = dates_of_change(before, allocation) if changed and before is not None else [] if before is not None else None
    for contract, days in touched_by_everything(database).items():
        found = touched.setdefault(contract, [])
        for day in days:
            month = day.replace(day=1)
            is_changed = repriced or spans is None or within(day, spans)
            if month in restated or (month not in kept and is_changed):
                found.append(day)
    return touched


def _allocation_changed(database: Readable, allocation: Allocation) -> bool:
    before = _last_allocation(database)
    return before is None or allocation_document(before) != allocation_document(allocation)


def _withdrawn(database: Readable) -> bool:
    """Whether outcomes or runs were taken back since the last build: with their rows is gone which runs they were of."""
    gone = "NOT built AND superseded_by IS NOT NULL AND contract IN ('outcome', 'run')"
    return bool(database.query(f"SELECT 1 AS one FROM batch WHERE {gone} LIMIT 1"))


def _last_allocation(database: Readable) -> Allocation | None:
    document = _meta(database, ALLOCATION)
    return None if document is None else allocation_of_document(document)


def _meta(database: Readable, key: str) -> str | None:
    rows = database.query(f"SELECT value FROM meta WHERE key = {literal(key)}")
    return str(rows[0]["value"]) if rows else None


def _set_meta(database: Database, key: str, value: str) -> None:
    database.execute(f"DELETE FROM meta WHERE key = {literal(key)}")
    database.execute(f"INSERT INTO meta VALUES ({literal(key)}, {literal(value)})")
