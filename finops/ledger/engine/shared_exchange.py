"""Rates by which owners' cost in other currencies counts where a pool is shared in the currency of the pool."""

from __future__ import annotations

from datetime import date

from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.database import Database, literal
from finops.ledger.engine.pricing import PriceInputs

TABLE = (
    "CREATE TABLE IF NOT EXISTS shared_exchange (day DATE, billed VARCHAR, told VARCHAR, weight HUGEINT, weight_total HUGEINT)"
)
SHARED_COLUMNS = ("day", "billed", "told", "weight", "weight_total")
_DAYS = """SELECT DISTINCT s.day FROM slice s JOIN batch b ON b.batch_id = s.batch_id
WHERE b.contract = 'charge' AND b.superseded_by IS NULL AND s.day IS NOT NULL ORDER BY s.day"""
_CURRENCIES = """SELECT DISTINCT c.currency FROM control c JOIN batch b ON b.batch_id = c.batch_id
WHERE b.contract = 'charge' AND b.superseded_by IS NULL ORDER BY c.currency"""


def write_shared_exchange(database: Database, allocation: Allocation, inputs: PriceInputs, kept: frozenset[date]) -> bool:
    """Makes the table hold the rates of all days with charges, between all currencies of bills, where a rule shares by cost of
    one's own or evenly; a day without a rate has a row without one. Closed months that are `kept` keep theirs, be it none.
    Answers whether months that are open would now come out differently."""
    database.execute(TABLE)
    before = {tuple(row.values())[:3]: tuple(row.values())[3:] for row in database.query("SELECT * FROM shared_exchange")}
    asked = []
    if any(rule.method == "shared" and rule.split in ("proportional", "even") for rule in allocation.rules):
        currencies = [row["currency"] for row in database.query(_CURRENCIES)]
        days = [row["day"] for row in database.query(_DAYS)] if len(currencies) > 1 else []
        asked = [(day, one, other) for day in days for one in currencies for other in currencies if one != other]
    after = {}
    for key in asked:
        if key[0].replace(day=1) not in kept:
            after[key] = inputs.exchange(*key) or (None, None)
        elif key in before:
            after[key] = before[key]
    if before == after:
        return False
    database.execute("DELETE FROM shared_exchange")
    rows = [f"({', '.join(map(literal, (*key, *rate)))})" for key, rate in after.items()]
    for start in range(0, len(rows), 1000):
        database.execute(f"INSERT INTO shared_exchange VALUES {', '.join(rows[start : start + 1000])}")
    return any(before[key] != after[key] for key in before.keys() & after.keys())
