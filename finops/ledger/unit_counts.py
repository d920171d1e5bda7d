"""Cost and work by the same names, for unit economics: effective cost, runs with their outcomes, requests and tokens of a time.

Days are business days; every run counts as many times as sampling makes it stand for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from finops.ledger.store import Reader

Rows = list[dict[str, Any]]
PERIODS = {"month": "strftime({day}, '%Y-%m')", "week": "strftime(date_trunc('week', {day}), '%Y-%m-%d')"}
"""Dimensions of time; a week goes by its Monday."""
_DAYS = {"cost": "c.business_day", "run": "r.run_day", "use": "u.business_day"}
_WEIGHT = "CAST(c.sampling_weight AS DECIMAL(18, 6))"


def known_span(reader: Reader) -> tuple[date, date] | None:
    """The first and the last business day with cost."""
    row = reader.query("SELECT min(c.business_day) AS first, max(c.business_day) AS last FROM fct_cost c")[0]
    return None if row["first"] is None else (row["first"], row["last"])


def costs(reader: Reader, by: Sequence[str], first: date, end: date, currency: str | None) -> Rows:
    """Per name and currency: `cost`, of it `ai_cost` (the layer of AI compute), and what is estimated."""
    keys = _keys(by, "c", _DAYS["cost"])
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
    owners = [name for name in by if name not in PERIODS]
    names = "".join(f"t.{name}, " for name in owners)
    took = "".join(f"c.{name}, " for name in owners)
    led = "".join(f"r.{name}, " for name in owners)
    leads = (
        ""
        if "model" in owners
        else f"UNION ALL SELECT {led}r.run_id, CAST(0 AS DECIMAL(18, 6)) AS calls, 1 AS weight FROM fct_run r"
    )
    only = "AND c.model IS NOT NULL" if "model" in owners else ""
    keys = _keys(by, "t", _DAYS["run"])
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
    """Per name: `requests` to models, their `tokens` and of these the `output`, as many as sampling makes them stand for."""
    keys = _keys(by, "u", _DAYS["use"])
    grouped = f"GROUP BY {_numbers(len(by))} ORDER BY {_numbers(len(by))}" if by else ""
    return reader.query(
        f"""
        SELECT {keys}
            CAST(sum(CASE WHEN u.token_class IS NULL THEN u.calls END) AS DECIMAL(38, 12)) AS requests,
            CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
            CAST(sum(CASE WHEN u.token_class IN ('output', 'audio_output', 'image_output') THEN u.tokens END) AS DECIMAL(38, 12))
                AS output
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
        SELECT u.call_day AS day, u.tenant, u.agent, u.workflow, u.model, u.provider, u.token_class, u.currency,
            CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
            CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
        FROM fct_usage u
        WHERE u.token_class IS NOT NULL AND u.call_day >= $first AND u.call_day < $end
        GROUP BY 1, 2, 3, 4, 5, 6, 7, 8 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8
        """,
        {"first": first, "end": end},
    )


def told_by_spans(reader: Reader, by: Sequence[str], attribute: str, first: date, end: date) -> Rows:
    """Per name: `units` that spans say in an attribute, each as many times as sampling makes the span stand for; of a span that
    several sources have, once. They count on the day on which their run began."""
    keys = _keys(by, "c", _DAYS["run"])
    grouped = f"GROUP BY {_numbers(len(by))} ORDER BY {_numbers(len(by))}" if by else ""
    return reader.query(
        f"""
        WITH said AS (
            SELECT s.trace, s.span, max(TRY_CAST(s.attributes[$attribute] AS DECIMAL(18, 6))) AS units
            FROM call s
            WHERE s.attributes[$attribute] IS NOT NULL AND s.trace IS NOT NULL
            GROUP BY s.trace, s.span
        )
        SELECT {keys}CAST(sum(d.units * {_WEIGHT}) AS DECIMAL(38, 12)) AS units
        FROM said d
        JOIN fct_call c ON c.trace = d.trace AND c.span = d.span
        JOIN fct_run r ON r.run_id = c.run_id
        WHERE d.units IS NOT NULL AND r.run_day >= $first AND r.run_day < $end
        {grouped}
        """,
        {"attribute": attribute, "first": first, "end": end},
    )


def capacity_costs(reader: Reader, first: date, end: date, currency: str | None) -> Rows:
    """Effective cost of AI capacity that names no model, by month, place, rule and owner: what was used, and what was idle."""
    return reader.query(
        """
        SELECT strftime(c.business_day, '%Y-%m') AS month, c.tenant, c.agent, c.workflow, c.currency,
            concat_ws('|', c.service, c.region, c.instance_type, c.rule) AS place,
            CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost
        FROM fct_cost c
        WHERE c.layer = 'ai_compute' AND c.model IS NULL AND c.token_class IS NULL AND c.method IN ('metered', 'idle', 'direct')
            AND c.business_day >= $first AND c.business_day < $end AND ($currency IS NULL OR c.currency = $currency)
        GROUP BY 1, 2, 3, 4, 5, 6
        HAVING sum(c.effective) IS NOT NULL
        ORDER BY 1, 2, 3, 4, 5, 6
        """,
        {"first": first, "end": end, "currency": currency},
    )


def hosted_tokens(reader: Reader, first: date, end: date) -> Rows:
    """Tokens of models that have no list price and no charge, by month, owner and model: they run on capacity of one's own."""
    return reader.query(
        """
        SELECT strftime(u.business_day, '%Y-%m') AS month, u.tenant, u.agent, u.workflow, u.model,
            CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens
        FROM fct_usage u
        WHERE u.token_class IS NOT NULL AND u.list_cost IS NULL AND u.model IS NOT NULL
            AND u.business_day >= $first AND u.business_day < $end
            AND NOT EXISTS (SELECT 1 AS one FROM fct_cost c WHERE c.model = u.model)
        GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
        """,
        {"first": first, "end": end},
    )


def _keys(by: Sequence[str], table: str, day: str) -> str:
    return "".join(f"{PERIODS[name].format(day=day) if name in PERIODS else f'{table}.{name}'} AS {name}, " for name in by)


def _numbers(count: int) -> str:
    return ", ".join(str(number + 1) for number in range(count))
