"""Brings facts and marts up to date with what was loaded: only what is new, unless what they depend on has changed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date

from finops.core.talk import Talk
from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.database import Database, Readable, literal
from finops.ledger.engine.macros import MACROS, define_macros
from finops.ledger.engine.model import all_models
from finops.ledger.engine.pricing import PriceInputs, write_prices
from finops.ledger.engine.runner import BuildReport, run_models

FINGERPRINT = "build.fingerprint"
"""The key in `meta` of what the last build went by."""


def build(
    database: Database,
    allocation: Allocation,
    prices: PriceInputs,
    as_of: date,
    talk: Talk,
    *,
    full: bool = False,
    select: Sequence[str] = (),
) -> BuildReport:
    """Builds and tests the slices of batches that are not built yet.
    Rules, owners, models or prices that changed make everything anew;
    `select` makes the named models, and what they read, anew."""
    define_macros(database)
    repriced = write_prices(database, prices, as_of)
    fingerprint = fingerprint_of(allocation)
    everything = full or bool(select) or repriced or built_by(database) != fingerprint
    touched = None if everything else unbuilt_days(database)
    if touched is not None and not touched:
        return BuildReport(False, {}, 0, 0)
    report = run_models(database, allocation, talk, touched=touched, select=select)
    if not select:
        database.execute("UPDATE batch SET built = TRUE WHERE NOT built")
        database.execute(f"DELETE FROM meta WHERE key = {literal(FINGERPRINT)}")
        database.execute(f"INSERT INTO meta VALUES ({literal(FINGERPRINT)}, {literal(fingerprint)})")
    return report


def fingerprint_of(allocation: Allocation) -> str:
    """One text that changes with rules, owners, models and macros."""
    parts = [repr(allocation), *MACROS, *(f"{model.name}\n{model.sql}" for model in all_models())]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def built_by(database: Readable) -> str | None:
    """The fingerprint of the last build, or None."""
    rows = database.query(f"SELECT value FROM meta WHERE key = {literal(FINGERPRINT)}")
    return str(rows[0]["value"]) if rows else None


def unbuilt_days(database: Database) -> dict[str, list[date]]:
    """Contract to the days that batches touch which were loaded or withdrawn since the last build."""
    touched: dict[str, list[date]] = {}
    for row in database.query("SELECT DISTINCT contract FROM batch WHERE NOT built ORDER BY contract"):
        touched[row["contract"]] = []
    rows = database.query(
        "SELECT DISTINCT b.contract, s.day FROM batch b JOIN slice s ON s.batch_id = b.batch_id "
        "WHERE NOT b.built AND s.day IS NOT NULL ORDER BY b.contract, s.day"
    )
    for row in rows:
        touched[row["contract"]].append(row["day"])
    return touched
