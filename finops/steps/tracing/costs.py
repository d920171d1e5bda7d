"""Which cost is behind a figure of each command's table: names that a row is known by, days, and what has no rows of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Literal

from finops.config import Settings
from finops.core.attribution import DIMENSIONS as OWNERS
from finops.core.attribution import UNTAGGED
from finops.core.periods import Period, chosen_period, month_text
from finops.core.result import Result
from finops.errors import UsageError
from finops.ledger.cube import DIMENSIONS
from finops.ledger.store import Reader
from finops.steps.forecasting.history import HISTORY_D, complete_until
from finops.steps.tracing.cost import cost_lines
from finops.steps.tracing.nameless import nameless_lines

Row = dict[str, Any]
_NO_DAYS = tuple(name for name in DIMENSIONS if name not in ("day", "month"))
_UNITS = ("tenant", "agent", "workflow", "model", "token_class", "layer")
SPENT = "spent"


@dataclass(frozen=True)
class CostTable:
    """How a table's figures are cost: the names of its rows, the days that the command looks at when it is told none, and
    whether a month is one of bills, of business days, or of use (UTC)."""

    names: tuple[str, ...]
    usual: str | None = None
    days: Literal["billing", "business", "charge"] = "business"
    basis: Literal["billed"] | None = None
    as_billed: bool = False
    """Whether the command tells the currencies of the bills, whatever cost is told in elsewhere."""
    notes: tuple[str, ...] = ()


COST_TABLES: Mapping[str, CostTable] = {
    "cost": CostTable(tuple(DIMENSIONS), days="billing"),
    "reconcile": CostTable(
        ("estimated", *_NO_DAYS),
        as_billed=True,
        days="billing",
        basis="billed",
        notes=(
            "`billed` adds up to what is allocated; direct, metered, shared ... are `--where method=NAME`; `Row billed` is what "
            "the file's row says, at the stored scale",
            "estimates are in no total of reconcile: `--where estimated=yes` has them",
        ),
    ),
    "rules": CostTable(
        ("estimated", "rule", *(name for name in _NO_DAYS if name != "rule")),
        as_billed=True,
        days="charge",
        basis="billed",
        notes=("what a rule has and whom it is placed on: `--where rule=ID`, and `--where agent=NAME`",),
    ),
    "unattributed": CostTable(
        ("dimension", "what", "cause", "detail", "source", "estimated", *_NO_DAYS),
        as_billed=True,
        days="billing",
        notes=("rows of cost; those of calls: `--where what=calls`, and `--where cause=ID` of them",),
    ),
    "units": CostTable(
        _UNITS,
        notes=(
            "the cost of a unit is this cost over the number of units: requests, tokens and the calls of runs are in "
            "`finops explain requests --trace`; a trend's cost has `--where layer=ai_compute`",
        ),
    ),
    "flag": CostTable(
        ("agent", "workflow"),
        usual="90d",
        notes=(
            "own_cost is this cost; the cost of who leads is that of its workflow: `--where workflow=NAME` without an agent",
            "runs, accepted and success: `finops explain runs --trace --where settled=yes --where judged=yes`, with the rows of "
            "outcomes and calls",
            "probabilities and losses are estimates, computed from those counts, this cost and [[value]] (core/judging/value.py)",
        ),
    ),
    "anomalies": CostTable(
        ("day", "tenant", "agent", "workflow", "model", "provider", "region", "instance_type", "service"),
        usual="60d",
        days="charge",
        notes=(
            "an excess is an estimate: this cost less what was expected of its days, which is computed from the days before; it "
            "has no rows of its own",
        ),
    ),
    "volatility": CostTable(
        ("tenant", "agent", "workflow", "model"),
        usual="90d",
        notes=("means, peaks and risks are computed from the sums of these rows by day: an estimate where it says risk",),
    ),
    "forecast": CostTable(("figure", *_NO_DAYS)),
}
_ESTIMATED = ("expected", "p2_5", "p10", "p25", "p50", "p75", "p90", "p97_5", "skill")


def cost_figures(
    reader: Reader,
    settings: Settings,
    table: str,
    where: Mapping[str, str | None],
    month: str | None,
    last: str | None,
    meta: Row,
) -> Result:
    """The rows of bills, and estimates, behind the row of a table that `where` names."""
    told = COST_TABLES[table]
    if told.as_billed:
        settings = replace(settings, reporting=None)
    if table == "forecast":
        return _forecast(reader, settings, where, month, last, meta)
    if table == "flag" and month:
        raise UsageError("`flag` looks at the days before the business date", where="--month", hint="use `--last`")
    period = chosen_period(month, last or (told.usual if not month else None), settings.as_of)
    meta["period"] = period.label if period else None
    basis: Any = told.basis
    where = dict(where)
    if "estimated" in where:
        basis = "estimated" if _yes(where.pop("estimated")) else "billed"
    if table == "unattributed":
        lacking = _dimension(where.pop("dimension", None))
        if where.pop("what", "cost") == "calls":
            return nameless_lines(reader, settings, lacking, where, period, meta)
        if calls := {"cause", "detail", "source"} & set(where):
            hint = "cost goes by method, rule and service"
            raise UsageError(f"`{min(calls)}` names calls", where="--where", hint=f"--where what=calls; {hint}")
        where[lacking] = UNTAGGED
    of_bills = settings.view == "billed" or told.as_billed
    if told.days == "billing" and period is not None and period.is_month and of_bills:
        return cost_lines(reader, settings, where, month=period.first, meta=meta, notes=told.notes, basis=basis)
    days: Any = (
        "c.charge_day" if told.days == "charge" or (table == "cost" and not (period and period.is_month)) else "c.business_day"
    )
    return cost_lines(reader, settings, where, **_span(period), days=days, meta=meta, notes=told.notes, basis=basis)


def _span(period: Period | None) -> Row:
    return {} if period is None else {"first": period.first, "end": period.end}


def _yes(text: str | None) -> bool:
    if text not in ("yes", "no"):
        raise UsageError(f"`{text}` is neither yes nor no", where="--where estimated", hint="--where estimated=yes")
    return text == "yes"


def _dimension(name: str | None) -> str:
    if name not in OWNERS:
        raise UsageError("which name is lacking?", where="--where", hint="dimension=" + ", dimension=".join(OWNERS))
    return name


def _forecast(
    reader: Reader, settings: Settings, where: Mapping[str, str | None], month: str | None, last: str | None, meta: Row
) -> Result:
    """What was spent, or, of a figure that is an estimate, the days that it is computed from."""
    if month or last:
        raise UsageError("a forecast has spent what the open month has", where="--month", hint="leave it out")
    names = dict(where)
    figure = names.pop("figure", SPENT) or SPENT
    if figure not in (SPENT, *_ESTIMATED):
        hint = f"one of: {SPENT}, " + ", ".join(_ESTIMATED)
        raise UsageError(f"`forecast` has no figure `{figure}`", where="--where figure", hint=hint)
    first = settings.as_of.replace(day=1)
    if figure == SPENT:
        meta["period"] = month_text(first)
        notes = [
            f"what is expected of the rest of the month is an estimate: `--where figure={_ESTIMATED[0]}` has what it comes from"
        ]
        end = settings.as_of + timedelta(days=1)
        return cost_lines(reader, settings, names, first=first, end=end, meta=meta, notes=notes)
    reach = complete_until(reader, settings.as_of, settings.currency)
    since = reach - timedelta(days=HISTORY_D - 1)
    meta["period"] = f"{since}/{reach}"
    notes = [
        f"`{figure}` is an estimate: these are its inputs, which do not add up to it. It is computed from the daily sums of what "
        "recurs among them (what is charged once or by the month is left out), by the method that the forecast names",
        "what was spent, which is no estimate: `--where figure=spent`; the budget: `finops explain policy --trace -- list`",
    ]
    return cost_lines(reader, settings, names, first=since, end=reach + timedelta(days=1), meta=meta, notes=notes)
