"""Cost and work by the same names, for unit economics: effective cost, runs with their outcomes, requests and tokens of a time.

Days are business days; every run counts as many times as sampling makes it stand for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from finops.ledger.store import Reader

Rows = list[dict[str, Any]]
_MONTHS = {
    "cost": "strftime(c.business_day, '%Y-%m')",
    "run": "strftime(r.run_day, '%Y-%m')",
    "use": "strftime(u.business_day, '%Y-%m')",
}
_WEIGHT = "CAST(c.sampling_weight AS DECIMAL(18, 6))"


def known_span(reader: Reader) -> tuple[date, date] | None:
    """The first and the last business day with cost."""
    row = reader.query("SELECT min(c.business_day) AS first, max(c.business_day) AS last FROM fct_cost c")[0]
    return None if row["first"] is None else (row["first"], row["last"])


def costs(reader: Reader, by: Sequence[str], first: date, end: date, currency: str | None) -> Rows:
    """Per name and currency: `cost`, of it `ai_cost` (the layer of AI compute), and what is estimated."""
    keys = _keys(by, "c", _MONTHS["cost"])
    return reader.query(
        f"""
        SELECT {keys}c.currency,
            CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost,
            CAST(sum(CASE WHEN c.layer = 'ai_compute' THEN c.effective END) AS DECIMAL(38, 12)) AS ai_cost,

            CAST(sum(CASE WHEN c.basis = 'estimated' THEN c.effective END) AS DECIMAL(38, 12)) AS estimated
        FROM fct_cost c
        WHERE c.business_day >= $first AND c.business_day < $end AND ($currency IS NULL OR c.currency = $currency)
        GROUP BY {_numbers(len(by) + 1)} ORDER BY {_numbers(len(by) + 1)}
        """,
        {"first": first, "end": end, "currency": currency},
    )


def runs(reader: Reader, by: Sequence[str], first: date, end: date) -> Rows:
    """Per name: `runs` that began in the time and in which it took part, `calls` of models in them, and the runs `judged` and
    `accepted`, which are counted as they are."""
    owners = [name for name in by if name != "month"]
    names = "".join(f"t.{name}, " for name in owners)
    took = "".join(f"c.{name}, " for name in owners)
    led = "".join(f"r.{name}, " for name in owners)
    leads = (
        ""
        if "model" in owners
        else f"UNION ALL SELECT {led}r.run_id, CAST(0 AS DECIMAL(18, 6)) AS calls, 1 AS weight FROM fct_run r"
    )
    only = "AND c.model IS NOT NULL" if "model" in owners else ""
    keys = "".join(f"{_MONTHS['run'] if name == 'month' else f't.{name}'} AS {name}, " for name in by)
    grouped = f"GROUP BY {_numbers(len(by))} ORDER BY {_numbers(len(by))}" if by else ""
    return reader.query(
        f"""
        WITH part AS (
            SELECT {took}c.run_id,
                CASE WHEN c.operation IN ('inference', 'embeddings') THEN {_WEIGHT} ELSE 0 END AS calls,
                {_WEIGHT} AS weight
            FROM fct_call c WHERE c.counted {only}
            {leads}
        ),
        took_part AS (
            SELECT {names}t.run_id, sum(t.calls) AS calls, max(t.weight) AS weight FROM part t GROUP BY {names}t.run_id
        )
        SELECT {keys}
            CAST(sum(t.weight) AS DECIMAL(38, 6)) AS runs,
            CAST(sum(t.calls) AS DECIMAL(38, 6)) AS calls,
            count(r.accepted) AS judged,
            count(CASE WHEN r.accepted THEN 1 END) AS accepted
        FROM took_part t
        JOIN fct_run r ON r.run_id = t.run_id
        WHERE r.run_day >= $first AND r.run_day < $end
        {grouped}
        """,
        {"first": first, "end": end},
    )


def requests(reader: Reader, by: Sequence[str], first: date, end: date) -> Rows:
    """Per name: `requests` to models and their `tokens`, both as many as sampling makes them stand for."""
    keys = _keys(by, "u", _MONTHS["use"])
    grouped = f"GROUP BY {_numbers(len(by))} ORDER BY {_numbers(len(by))}" if by else ""
    return reader.query(
        f"""
        SELECT {keys}
            CAST(sum(CASE WHEN u.token_class IS NULL THEN u.calls END) AS DECIMAL(38, 12)) AS requests,
            CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens
        FROM fct_usage u
        WHERE u.model IS NOT NULL AND u.business_day >= $first AND u.business_day < $end
        {grouped}
        """,
        {"first": first, "end": end},
    )


def class_days(reader: Reader, first: date, end: date) -> Rows:
    """Tokens and their cost at list price by day (UTC), owner, model and class."""
    return reader.query(
        """
        SELECT u.call_day AS day, u.tenant, u.agent, u.workflow, u.model, u.token_class, u.currency,
            CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
            CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
        FROM fct_usage u
        WHERE u.token_class IS NOT NULL AND u.call_day >= $first AND u.call_day < $end
        GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7
        """,
        {"first": first, "end": end},
    )


def _keys(by: Sequence[str], table: str, month: str) -> str:
    return "".join(f"{month if name == 'month' else f'{table}.{name}'} AS {name}, " for name in by)


def _numbers(count: int) -> str:
    return ", ".join(str(number + 1) for number in range(count))
