"""Whether an owner gets more frugal or asks for longer answers: calls a run, tokens a request and price a token, over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from finops.config import Overrides, load_settings
from finops.core.metrics import BY_ID
from finops.core.numbers import percent
from finops.core.periods import chosen_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.core.units.economics import UNITS, divided, unit_cost
from finops.errors import UsageError
from finops.ledger import unit_counts
from finops.ledger.cube import require_built
from finops.ledger.store import one_state
from finops.steps.reading import read_ledger

Row = dict[str, Any]
DIMENSIONS = ("tenant", "agent", "workflow", "model")
STEADY = 0.1
"""Changes of less than a tenth are not told."""
_SAID = {
    "calls_per_run": ("more calls a run", "fewer calls a run"),
    "input_per_request": ("longer prompts", "shorter prompts"),
    "output_per_request": ("longer answers", "shorter answers"),
    "cost_per_1m_tokens": ("dearer tokens", "cheaper tokens"),
}
_NUMBERS = (
    ("runs", "Runs", "number", "runs"),
    ("requests", "Requests", "number", None),
    ("calls_per_run", "Calls", "number", "calls_per_run"),
    ("input_per_request", "In", "number", "tokens_per_request"),
    ("output_per_request", "Out", "number", "tokens_per_request"),
)


def unit_trends(
    overrides: Overrides,
    *,
    every: str,
    by: Sequence[str] = ("agent",),
    month: str | None = None,
    last: str | None = None,
    where: Mapping[str, str | None] | None = None,
    talk: Talk,
) -> Result:
    """One row per name and month or week (`every`; a week goes by its Monday), with what changed since the one before."""
    settings = load_settings(overrides)
    for option, names in (("--by", by), ("--where", where or {})):
        for name in names:
            if name not in DIMENSIONS:
                raise UsageError(f"a trend is not known by `{name}`", where=option, hint="one of: " + ", ".join(DIMENSIONS))
    period = chosen_period(month, last, settings.as_of)
    keys = (*dict.fromkeys((*by, *(where or {}))), every)
    with read_ledger(settings) as reader, one_state(reader):
        require_built(reader, settings.currency)
        if unbuilt := reader.unbuilt():
            talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
        known = unit_counts.known_span(reader) or (settings.as_of, settings.as_of)
        first, end = (period.first, period.end) if period else (known[0], known[1] + timedelta(days=1))
        end = max(min(end, settings.as_of + timedelta(days=1)), first)
        costs = unit_counts.costs(reader, keys, first, end, settings.currency)
        runs, requests = (
            {tuple(row[name] for name in keys): row for row in read(reader, keys, first, end)}
            for read in (unit_counts.runs, unit_counts.requests)
        )
    rows = [_row(cost, keys, runs, requests) for cost in costs if _kept(cost, where or {})]
    rows = [row for row in rows if row["requests"]]
    rows.sort(key=lambda row: tuple(str(row[name]) for name in (*keys, "currency")))
    _tell_changes(rows, keys)
    label = period.label if period else f"{first}/{end - timedelta(days=1)}"
    meta = {"currency": settings.currency, "metric": "cost_per_1m_tokens", "as_of": settings.as_of, "period": label}
    notes = [
        "calls of a run, tokens in and out of a request, cost of 1M tokens and of a run: it costs calls x tokens x cost a token",
        f"changes below {percent(Decimal(repr(STEADY)))} are not told",
        *_open_note(rows, every, settings.as_of),
    ]
    return Result(_columns(by, every), rows, (), {**meta, "every": every}, notes)


def _kept(row: Row, where: Mapping[str, str | None]) -> bool:
    return all(row[name] == value for name, value in where.items())


def _row(cost: Row, keys: Sequence[str], runs: Mapping[Any, Row], requests: Mapping[Any, Row]) -> Row:
    key = tuple(cost[name] for name in keys)
    ran, asked = runs.get(key, {}), requests.get(key, {})
    made, tokens, output = asked.get("requests"), asked.get("tokens"), asked.get("output")
    number = ran.get("runs")
    amount = cost["cost"] if "model" in keys else cost["ai_cost"]
    enough = made is not None and made >= BY_ID["tokens_per_request"].floor and tokens is not None
    often = number is not None and number >= BY_ID["calls_per_run"].floor and ran.get("calls") is not None
    row = {name: cost[name] for name in (*keys, "currency")} | {"runs": number, "requests": made, "cost": amount}
    row["calls_per_run"] = divided(ran["calls"], number) if often and number else None
    row["input_per_request"] = divided(tokens - (output or 0), made) if enough and made and tokens is not None else None
    row["output_per_request"] = divided(output, made) if enough and made and output is not None else None
    row["cost_per_1m_tokens"], _ = unit_cost(amount, tokens, UNITS["1m_tokens"])
    row["cost_per_run"], _ = unit_cost(amount, number, UNITS["run"])
    return row


def _tell_changes(rows: Sequence[Row], keys: Sequence[str]) -> None:
    """Each row beside the one before it of the same names: by how much a run's cost changed, and the two largest reasons."""
    before: dict[tuple[Any, ...], Row] = {}
    for row in rows:
        name = (*(row[key] for key in keys[:-1]), row["currency"])
        earlier = before.get(name)
        row["change"] = row["reading"] = None
        if earlier is not None:
            row["change"] = _ratio(row["cost_per_run"], earlier["cost_per_run"])
            row["reading"] = _reading(row, earlier)
        before[name] = row


def _ratio(now: Decimal | None, then: Decimal | None) -> Decimal | None:
    return divided(now - then, then) if now is not None and then else None


def _reading(row: Row, earlier: Row) -> str | None:
    found = []
    for name, words in _SAID.items():
        change = _ratio(row[name], earlier[name])
        if change is not None and change > -1 and abs(change) >= Decimal(repr(STEADY)):
            sign = "+" if change > 0 else "−"
            found.append((abs(math.log1p(float(change))), f"{words[change < 0]} ({sign}{percent(abs(change))})"))
    known = any(row[name] is not None and earlier[name] is not None for name in _SAID)
    told = [text for _, text in sorted(found, reverse=True)[:2]]
    return ", ".join(told) or ("steady" if known else None)


def _columns(by: Sequence[str], every: str) -> list[Column]:
    columns = [Column(name, name.capitalize()) for name in (*by, every)]
    columns += [Column("currency", "Currency", wide_only=True)]
    columns += [Column(key, label, "number", metric, wide_only=key in ("runs", "requests")) for key, label, _, metric in _NUMBERS]
    columns += [Column("cost", "AI cost", "money", "effective_cost", wide_only=True)]
    columns += [Column("cost_per_1m_tokens", "Per 1M", "unit_price", "cost_per_1m_tokens")]
    columns += [
        Column("cost_per_run", "Per run", "unit_price", "cost_per_run"),
        Column("change", "Change", "ratio", wide_only=True),
    ]
    return [*columns, Column("reading", "Because of")]


def _open_note(rows: Sequence[Row], every: str, as_of: date) -> list[str]:
    newest = max((row[every] for row in rows), default=None)
    current = f"{as_of:%Y-%m}" if every == "month" else f"{as_of - timedelta(days=as_of.weekday())}"
    return [f"the {every} of {newest} is not over"] if newest == current else []
