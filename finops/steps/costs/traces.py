"""The path of a run: the dearest runs and what made them dear, or one run as a tree with cost and time per step."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.numbers import count, duration, money_table, percent, plain_decimal
from finops.core.periods import chosen_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.core.units.call_cost import CallRates
from finops.core.units.run_tree import Step, Tree, tree
from finops.errors import DataError, UsageError
from finops.ledger.cube import require_built
from finops.ledger.store import Reader, one_state
from finops.steps.reading import read_ledger

Row = dict[str, Any]
RUNS = (
    *(Column("run", "Run"), Column("workflow", "Workflow"), Column("agent", "Agent", wide_only=True)),
    *(Column("tenant", "Tenant", wide_only=True), Column("start_time", "Start", "time", wide_only=True)),
    *(Column("currency", "Currency", wide_only=True), Column("cost", "Cost", "money", "run_cost")),
    Column("list_cost", "At list price", "money", "list_cost", wide_only=True),
    *(Column("model_calls", "Model calls", "count", wide_only=True), Column("seconds", "Seconds", "number", wide_only=True)),
    *(
        Column("bottleneck", "Waits for"),
        Column("status", "Status", wide_only=True),
        Column("accepted", "Accepted", "bool", wide_only=True),
    ),
    Column("dear", "Beside the usual run"),
)
STEPS = (
    *(
        Column("depth", "Depth", "count", wide_only=True),
        Column("step", "Step"),
        Column("kind", "Kind"),
        Column("agent", "Agent", wide_only=True),
        Column("model", "Model", wide_only=True),
    ),
    *(Column("at_seconds", "At s", "number"), Column("seconds", "Seconds", "number"), Column("own_seconds", "Own s", "number")),
    *(Column("path_seconds", "On path s", "number"), Column("prefill_seconds", "To first token s", "number", wide_only=True)),
    Column("tokens", "Tokens", "count"),
    *(Column("cost", "Cost", "money", "run_cost"), Column("cost_below", "With below", "money", "run_cost")),
    *(Column("costs_below", "With below, by currency", "list", wide_only=True),),
    *(Column("list_cost", "At list price", "money", "list_cost", wide_only=True), Column("currency", "Currency", wide_only=True)),
    *(
        Column("status", "Status"),
        Column("error_class", "Error", wide_only=True),
        Column("attempt", "Attempt", "count", wide_only=True),
    ),
    *(Column(name, name.replace("_", " ").capitalize(), wide_only=True) for name in ("tool", "args_hash", "prompt_hash")),
    *(Column("prompt_route", "Route", wide_only=True), Column("prompt_version", "Prompt version", wide_only=True)),
    *(
        Column("trace", "Trace", wide_only=True),
        Column("span", "Span", wide_only=True),
        Column("parent", "Parent", wide_only=True),
    ),
)
_REPLAY = (
    "agent",
    "model",
    "status",
    "error_class",
    "attempt",
    "tool",
    "args_hash",
    "prompt_hash",
    "prompt_route",
    "prompt_version",
)
_INDENT = "· "
_EPOCH = datetime.fromisoformat("1970-01-01")
"""Stored times are UTC without a zone."""


def traces(
    overrides: Overrides,
    *,
    top: int = 10,
    month: str | None = None,
    last: str | None = None,
    where: Mapping[str, str | None] | None = None,
    talk: Talk,
) -> Result:
    """The dearest runs of a period: cost by its share of the bill, what they waited for, and how they differ from the usual."""
    settings = load_settings(overrides)
    conditions = {"workflow": None, "agent": None, "tenant": None}
    if unknown := next((name for name in where or () if name not in conditions), None):
        raise UsageError(f"runs have no `{unknown}`", where="--where", hint="one of: " + ", ".join(conditions))
    period = chosen_period(month, last or (None if month else "30d"), settings.as_of)
    assert period is not None
    with read_ledger(settings) as reader, one_state(reader):
        _ready(reader, settings, talk)
        window = {"first": period.first, "end": period.end, "currency": settings.currency}
        runs = reader.read("traces_runs", **window, **{**conditions, **(where or {})}, top=top)
        steps = _steps(reader, sorted({run["run_id"] for run in runs}))
    rows = [_run_row(run, steps[run["run_id"]]) for run in runs]
    meta = {"currency": settings.currency, "as_of": settings.as_of, "period": period.label}
    notes = ["`finops traces --run RUN` shows one as a tree"] if rows else ["no run of this time has a known cost"]
    if len(steps) < len(rows):
        notes.append("a run whose calls are billed in several currencies has a row for each")
    return Result(RUNS, rows, _totals(rows), meta, notes)


def trace_of(overrides: Overrides, run: str, *, talk: Talk) -> Result:
    """One run as a tree: inclusive and own cost and time of each step, and the time in which the run waited for it."""
    settings = load_settings(overrides)
    with read_ledger(settings) as reader, one_state(reader):
        _ready(reader, settings, talk)
        found = _steps(reader, [run])[run]
    if not found:
        raise DataError(f"no run `{run}` is in the ledger", where="--run", hint="`finops traces` lists runs with their names")
    made = _tree(found)
    by_key = {_key(row): row for row in found}
    currencies = {row["currency"] for row in found if row["currency"]}
    currency = currencies.pop() if len(currencies) == 1 else None
    rows = []
    for node in made.nodes:
        row, below = by_key[node.step.key], node.costs_below
        own = row["currency"] or (next(iter(below)) if len(below) == 1 else currency)
        rows.append(
            {
                "depth": node.depth,
                "step": _INDENT * min(node.depth, 12) + (row["name"] or row["operation"]),
                "kind": node.step.kind,
                **{name: row[name] for name in (*_REPLAY, "trace", "span", "parent")},
                "currency": own,
                "at_seconds": _seconds(node.step.start - made.start),
                "seconds": _seconds(node.step.end - node.step.start),
                "own_seconds": _seconds(node.own_time),
                "path_seconds": _seconds(node.path_time),
                "prefill_seconds": _between(row["start_time"], row["first_token_time"]),
                "tokens": (row["input_tokens"] or 0) + (row["output"] or 0) if row["counted"] and row["model"] else None,
                "cost": row["cost"],
                "cost_below": below.get(own) if own and below.keys() <= {own} else None,
                "costs_below": [f"{plain_decimal(cost)} {name}" for name, cost in below.items()],
                "list_cost": row["list_cost"],
            }
        )
    totals = [
        {"currency": currency, "cost": amount, "list_cost": listed} for currency, (amount, listed) in sorted(_sums(found).items())
    ]
    meta = {"run": run, "as_of": settings.as_of, "currency": settings.currency, "time_by_kind": _shares(made)}
    return Result(STEPS, rows, totals, meta, [*_path_notes(made), *_unpriced_notes(found)])


def _ready(reader: Reader, settings: Settings, talk: Talk) -> None:
    require_built(reader, settings.currency)
    if unbuilt := reader.unbuilt():
        talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")


def _steps(reader: Reader, runs: Sequence[str]) -> dict[str, list[Row]]:
    """The steps of each run, each counted one with its `cost`: list price by what the owner's calls of that day cost, billed
    or estimated, in the currency of that."""
    found: dict[str, list[Row]] = defaultdict(list)
    rows = reader.read("traces_steps", runs=list(runs)) if runs else []
    days: list[date] = sorted({row["day"] for row in rows})
    window = {"first": days[0], "end": days[-1] + timedelta(days=1)} if days else None
    rates = CallRates(reader.read("call_rates", **window) if window else ())
    for row in rows:
        found[row["run_id"]].append(rates.at_bill(row, row["list_cost"]))
    return found


def _tree(rows: Sequence[Row]) -> Tree:
    made = tree(
        Step(
            _key(row),
            f"{row['trace']} {row['parent']}" if row["parent"] else None,
            row["operation"],
            row["tool"] or row["name"] or "",
            _micros(row["start_time"]),
            max(_micros(row["end_time"]), _micros(row["start_time"])),
            row["cost"],
            row["currency"] or "",
        )
        for row in rows
    )
    assert made is not None
    return made


def _key(row: Row) -> str:
    return f"{row['trace']} {row['span']}" if row["span"] else str(row["call_key"])


def _run_row(run: Row, steps: Sequence[Row]) -> Row:
    cost, listed = _sums(steps).get(run["currency"], (None, None))
    return {
        "run": run["run_id"],
        **{
            name: run[name]
            for name in ("workflow", "agent", "tenant", "start_time", "currency", "model_calls", "status", "accepted")
        },
        "cost": cost,
        "list_cost": listed,
        "seconds": None if run["duration_ms"] is None else run["duration_ms"] / 1000,
        "bottleneck": _tree(steps).bottleneck() if steps else None,
        "dear": _dear(run),
    }


def _dear(run: Row) -> str | None:
    """How the run's cost, calls, tokens per call and price per token compare with the middle run of its workflow."""
    if run["list_cost"] is None or run["usual_runs"] < 10 or not run["usual_cost"]:
        return None
    parts = [f"{_times(run['list_cost'] / run['usual_cost'])} cost"]
    if run["usual_calls"] and run["model_calls"]:
        parts.append(f"{_times(Decimal(run['model_calls']) / run['usual_calls'])} calls")
    if run["usual_tokens"] and run["tokens"] and run["usual_calls"] and run["model_calls"]:
        each = Decimal(run["tokens"]) / run["model_calls"] / (Decimal(run["usual_tokens"]) / run["usual_calls"])
        parts.append(f"{_times(each)} tokens a call")
    if run["failed_calls"]:
        parts.append(f"{count(run['failed_calls'])} failed")
    return ", ".join(parts)


def _times(ratio: Decimal) -> str:
    return f"{ratio:.1f}×" if ratio < 10 else f"{ratio:,.0f}×"


def _sums(rows: Sequence[Row]) -> dict[str, tuple[Decimal | None, Decimal | None]]:
    """Cost and list price by currency: the list price of calls that are billed in another currency is in neither sum."""
    sums: dict[str, tuple[Decimal | None, Decimal | None]] = {}
    for row in rows:
        if row["weighed"] is not None and row["currency"] is not None:
            cost, listed = sums.get(row["currency"], (None, None))
            sums[row["currency"]] = (_plus(cost, row["cost"]), _plus(listed, row["list_cost"]))
    return sums


def _plus(total: Decimal | None, amount: Decimal | None) -> Decimal | None:
    return total if amount is None else (total or Decimal(0)) + amount


def _totals(rows: Sequence[Row]) -> list[Row]:
    found = []
    for currency in sorted({row["currency"] for row in rows}):
        known = [row["cost"] for row in rows if row["currency"] == currency and row["cost"] is not None]
        found.append({"currency": currency, "cost": sum(known, Decimal(0)) if known else None, "metric": "run_cost"})
    return found


def _shares(made: Tree) -> dict[str, float]:
    return {kind: _seconds(time) for kind, time in sorted(made.time_by_kind().items(), key=lambda item: (-item[1], item[0]))}


def _path_notes(made: Tree) -> list[str]:
    whole = made.end - made.start
    if not whole:
        return []
    parts = [f"{kind} {duration(seconds)} ({percent(seconds * 1_000_000 / whole)})" for kind, seconds in _shares(made).items()]
    return [f"took {duration(whole / 1_000_000)}; it waited for: " + ", ".join(parts)]


def _unpriced_notes(rows: Sequence[Row]) -> list[str]:
    unpriced = sum(1 for row in rows if row["unpriced"])
    notes = [f"{count(unpriced)} calls have no known price"] if unpriced else []
    notes += [
        f"{count(calls)} calls, {money_table(listed, currency)} at list price, are on no bill and no estimate"
        for currency, (calls, listed) in _listed(row for row in rows if row["cost"] is None)
    ]
    abroad = [row for row in rows if row["cost"] is not None and row["currency"] != row["listed_in"]]
    notes += [
        f"{count(calls)} calls, {money_table(listed, currency)} at list price, are billed in another currency"
        for currency, (calls, listed) in _listed(abroad)
    ]
    return notes


def _listed(rows: Iterable[Row]) -> list[tuple[str, tuple[int, Decimal]]]:
    """By currency of list prices, the calls that have one and what they come to."""
    sums: dict[str, tuple[int, Decimal]] = {}
    for row in rows:
        if row["weighed"] is not None and row["listed_in"] is not None:
            calls, listed = sums.get(row["listed_in"], (0, Decimal(0)))
            sums[row["listed_in"]] = (calls + 1, listed + row["weighed"])
    return sorted(sums.items())


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _seconds(micros: int) -> float:
    return round(micros / 1_000_000, 3)


def _between(start: datetime | None, end: datetime | None) -> float | None:
    return None if start is None or end is None else _seconds(_micros(end) - _micros(start))
