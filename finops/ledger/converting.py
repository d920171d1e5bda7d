"""Shows a reader all cost in one currency: TEMP views stand in for the facts, each amount at the rate of its day, rounded once.

What is billed stays as it is: the views are the reader's own. A row without a rate keeps its currency, so that nothing is lost
and nothing is added up that is not alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from finops.ledger.charge_views import TempOnly
from finops.ledger.engine.database import quoted
from finops.ledger.engine.macros import define_macros
from finops.ledger.engine.model import all_models
from finops.ledger.engine.runner import compiled
from finops.ledger.engine.touched import EVERYTHING
from finops.ledger.store import Reader

RateOf = Callable[[date, str], tuple[int, int] | None]
"""What one unit of a currency is worth on a day, as a fraction (`core.exchange.ratio`)."""
_COSTS = ("billed", "effective", "list", "contracted")
_AMOUNTS = (
    ("fct_cost", "charge_day", "currency", _COSTS),
    ("fct_pool", "charge_day", "currency", _COSTS),
    ("fct_usage", "call_day", "currency", ("list_cost",)),
    ("fct_call", "call_day", "currency", ("list_cost",)),
    ("fct_run", "run_day", "currency", ("list_cost",)),
    ("fct_run", "run_day", "value_currency", ("value",)),
)
_CHARGE = (
    'CAST(t."ChargePeriodStart" AS DATE)',
    '"BillingCurrency"',
    ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"),
)


@dataclass(frozen=True)
class Used:
    """The rates of a currency between two days: how many days of cost have one, and how many have none."""

    currency: str
    first: date
    last: date
    days: int
    without: int


def in_currency(reader: Reader, quote: str, rate_of: RateOf, zone: str) -> list[Used]:
    """From now on `reader` has its facts, its charges and each agent's day in `quote`."""
    built = {row["name"] for row in reader.query("SELECT table_name AS name FROM duckdb_tables() WHERE NOT temporary")}
    if not built.issuperset(table for table, *_ in _AMOUNTS):
        return []
    define_macros(TempOnly(reader), zone)
    used = _write_rates(reader, quote, rate_of)
    tables: dict[str, list[tuple[str, str, tuple[str, ...]]]] = {}
    for table, day, currency, amounts in _AMOUNTS:
        tables.setdefault(table, []).append((f"t.{day}", currency, amounts))
    for table, parts in tables.items():
        reader.query(f"CREATE TEMP VIEW {table} AS {_converted(f'ledger.{table}', parts)}")
    reader.query("ALTER VIEW charge RENAME TO charge_as_billed")
    reader.query(f"CREATE TEMP VIEW charge AS {_converted('charge_as_billed', [_CHARGE])}")
    (days,) = [model for model in all_models() if model.name == "mart_agent_day"]
    reader.query(f"CREATE TEMP VIEW mart_agent_day AS {compiled(days, EVERYTHING)}")
    return used


def _converted(table: str, parts: list[tuple[str, str, tuple[str, ...]]]) -> str:
    shown, joins = [], []
    for number, (day, currency, amounts) in enumerate(parts):
        rate = f"r{number}"
        joins.append(f"LEFT JOIN exchange_rate {rate} ON {rate}.day = {day} AND {rate}.base = t.{currency}")
        shown.append(f"coalesce({rate}.quote, t.{currency}) AS {currency}")
        shown += [
            f'CASE WHEN {rate}.day IS NULL THEN t."{name}"'
            f' ELSE money_of(money_muldiv(money_units(t."{name}"), {rate}.weight, {rate}.weight_total)) END AS "{name}"'
            for name in amounts
        ]
    return f"SELECT t.* REPLACE ({', '.join(shown)}) FROM {table} t {' '.join(joins)}"


def _write_rates(reader: Reader, quote: str, rate_of: RateOf) -> list[Used]:
    """The rates of every day that anything has, of every currency but the one that is shown."""
    spans = reader.query(
        """
        SELECT s.currency, min(s.first) AS first, max(s.last) AS last FROM (
            SELECT c.currency, min(c.charge_day) AS first, max(c.charge_day) AS last FROM ledger.fct_cost c GROUP BY c.currency
            UNION ALL
            SELECT c.currency, min(c.call_day), max(c.call_day) FROM ledger.fct_call c GROUP BY c.currency
            UNION ALL
            SELECT r.value_currency, min(r.run_day), max(r.run_day) FROM ledger.fct_run r GROUP BY r.value_currency
        ) s
        WHERE s.currency IS NOT NULL AND s.currency <> $quote GROUP BY s.currency ORDER BY s.currency
        """,
        {"quote": quote},
    )
    reader.query("CREATE TEMP TABLE exchange_rate (day DATE, base VARCHAR, quote VARCHAR, weight HUGEINT, weight_total HUGEINT)")
    used: list[Used] = []
    for row in spans:
        values = []
        days = [row["first"] + timedelta(days=n) for n in range((row["last"] - row["first"]).days + 1)]
        for day in days:
            if (rate := rate_of(day, row["currency"])) is not None:
                values.append(f"(DATE '{day}', {quoted(row['currency'])}, {quoted(quote)}, {rate[0]}, {rate[1]})")
        if values:
            reader.query(f"INSERT INTO exchange_rate VALUES {', '.join(values)}")
        used.append(_used(reader, row))
    return used


def _used(reader: Reader, row: dict[str, Any]) -> Used:
    """Of the days on which there is cost, how many have a rate."""
    (found,) = reader.query(
        """
        SELECT count(*) AS days, count(r.day) AS known FROM (
            SELECT DISTINCT c.charge_day AS day FROM ledger.fct_cost c WHERE c.currency = $currency
        ) d
        LEFT JOIN exchange_rate r ON r.day = d.day AND r.base = $currency
        """,
        {"currency": row["currency"]},
    )
    return Used(row["currency"], row["first"], row["last"], found["known"], found["days"] - found["known"])
