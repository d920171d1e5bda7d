"""Runs down to rows of files: the outcomes that say whether each was accepted, and its calls with their cost at list price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from finops.config import Settings
from finops.core.periods import Period
from finops.core.result import Column, Result
from finops.errors import DataError, UsageError
from finops.ledger.call_lines import call_lines
from finops.ledger.outcome_lines import outcome_lines
from finops.ledger.store import Reader
from finops.steps.judging.flag_cases import settled_until
from finops.steps.judging.models import MAIN_SHARE
from finops.steps.tracing.cost import require_same_rules

Row = dict[str, Any]
RUN_NAMES = ("run", "tenant", "agent", "workflow", "model", "judged", "settled")
COLUMNS = (
    *(Column("file", "File"), Column("line", "Row", "count"), Column("day", "Day", "date"), Column("what", "What it is")),
    *(Column("run", "Run"), Column("agent", "Agent", wide_only=True), Column("workflow", "Workflow", wide_only=True)),
    *(Column("model", "Model", wide_only=True), Column("accepted", "Accepted", "bool", wide_only=True)),
    *(Column("tokens", "Tokens", "count", wide_only=True), Column("currency", "Currency", wide_only=True)),
    Column("list_cost", "At list price", "money", "list_cost"),
)
NOTE = (
    "a run counts once: an outcome's row says whether it was accepted, its calls' rows what it cost at list price; success is "
    "accepted / judged, the cost of a success list cost / accepted"
)


def outcome_and_call_lines(
    reader: Reader,
    settings: Settings,
    where: Mapping[str, str | None],
    period: Period,
    meta: Row,
    notes: Sequence[str] = (),
) -> Result:
    """Rows of the runs that fit, which add up to what the ledger says of them. `judged` and `settled` are yes or no: whether an
    outcome is known, and whether its time for one is over."""
    allocation = require_same_rules(reader, settings)
    days = {"first": period.first, "last": period.last, "currency": settings.currency}
    told = reader.read("traced_runs", share=MAIN_SHARE, **days)
    until = settled_until(settings, told)
    runs = {row["run"]: row for row in told if _fits(row, where, row["day"] <= until[row["workflow"]])}
    if not runs:
        raise DataError("no run is so", where="--where", hint="`finops traces` lists runs; `--last 365d` looks further back")
    outcomes = outcome_lines(reader, sorted(runs))
    calls = call_lines(reader, allocation, "c.counted AND list_contains($1, c.run_id)", [sorted(runs)])
    rows = [_row(line, runs[line["run"]], "outcome") for line in outcomes]
    rows += [_row(line, runs[line["run"]], line["operation"]) for line in calls]
    said = {line["run"]: line["accepted"] for line in outcomes}
    by_span = [run for run, row in runs.items() if row["accepted"] is not None and run not in said]
    wrong = [run for run, accepted in said.items() if accepted != runs[run]["accepted"]]
    if wrong or _cost(calls) != _cost(list(runs.values())):
        hint = "`finops build --full`, then `finops doctor`"
        raise DataError("the rows do not add up to the figure", where=str(settings.ledger), hint=hint)
    own = [f"{len(by_span):,} runs are judged by the end state on their spans: their calls' rows"] if by_span else []
    return Result(COLUMNS, rows, _totals(list(runs.values())), meta, [NOTE, *own, *notes])


def _fits(row: Row, where: Mapping[str, str | None], settled: bool) -> bool:
    known = {**row, "judged": _yes(row["accepted"] is not None), "settled": _yes(settled)}
    for name in ("judged", "settled"):
        if where.get(name, "yes") not in ("yes", "no"):
            raise UsageError(f"`{where[name]}` is neither yes nor no", where=f"--where {name}", hint=f"--where {name}=yes")
    return all(known[name] == value for name, value in where.items())


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


def _row(line: Row, run: Row, what: str) -> Row:
    known = {column.key: line.get(column.key) for column in COLUMNS}
    if what == "outcome":
        what = f"outcome: {'accepted' if line['accepted'] else 'not accepted'}"
        known |= {name: run[name] for name in ("agent", "workflow", "model")}
    return known | {"what": what, "accepted": run["accepted"]}


def _cost(rows: Sequence[Row]) -> Decimal:
    return sum((row["list_cost"] for row in rows if row["list_cost"] is not None and row["currency"]), Decimal(0))


def _totals(runs: Sequence[Row]) -> list[Row]:
    """Runs, and those judged and accepted, with their list cost, by currency; a run of which a call has no price has none."""
    totals = []
    for currency in sorted({row["currency"] for row in runs}, key=str):
        own = [row for row in runs if row["currency"] == currency]
        judged = [row["accepted"] for row in own if row["accepted"] is not None]
        unpriced = sum(bool(row["unpriced_calls"]) for row in own)
        totals.append(
            {
                **{"currency": currency, "runs": len(own), "judged": len(judged), "accepted": sum(judged)},
                **{"unpriced_runs": unpriced, "list_cost": _cost(own) if currency else None},
            }
        )
    return totals
