"""Fills a report page from the ledger: what was spent, by whom, on what evidence."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops import __version__
from finops.render.page import AgentRow, Headline, Page, PriceDate, Provenance, Quality, Series, Share, SourceRow
from finops.steps.reporting.answers import Answers
from finops.steps.reporting.parts import (
    company_budget,
    decimal,
    glossary,
    judged_over,
    reconciliation,
    reviews,
    spend_and_forecast,
    verdicts,
)
from finops.steps.reporting.period import Period, month_totals
from finops.steps.reporting.placement import placement_map

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.ledger.store import Reader

Rows = Sequence[Mapping[str, Any]]
LEFTOVER = "__"


@dataclass(frozen=True)
class _Costs:
    """Reads of cost, with billed cost standing in where a currency has no effective one."""

    reader: Reader
    billed_only: list[str]

    def read(self, name: str, **params: Any) -> list[dict[str, Any]]:
        return self.reader.read(name, **params, billed_only=self.billed_only)


def filled_page(
    reader: Reader, settings: Settings, period: Period, months: Rows, answers: Answers, billed_only: Sequence[str] = ()
) -> Page:
    """The page of one month; `months` is what every month cost. In the currencies `billed_only` billed cost is what counts."""
    costs = _Costs(reader, list(billed_only))
    days = costs.read("report_days", currency=period.currency, as_of=settings.as_of)
    agents = _agents(costs, settings, period, answers)
    spend = spend_and_forecast(days, period, answers.forecast, company_budget(settings.budgets, period.currency))
    chart, no_chart = placement_map(answers.placements)
    found, no_review = reviews(answers.flags)
    return Page(
        company=settings.ledger_place.name or settings.root.name,
        currency=period.currency,
        first=period.first,
        last=period.last,
        month_end=period.month_end,
        as_of=settings.as_of,
        closed=period.closed,
        headline=_headline(costs, period, months, days, agents, spend.forecast | {"budget": spend.figure.budget}),
        provenance=_provenance(reader, settings, chart.prices),
        spend=spend.figure if days else None,
        agents=agents,
        tenants=_shares(costs.read("report_tenants", **period.parameters())),
        workflows=_shares(costs.read("report_workflows", **period.parameters())),
        reviews=found,
        judged_over=judged_over(answers.flags),
        no_review=no_review,
        placement=chart.figure,
        no_placement=no_chart,
        reconciliation=reconciliation(answers.reconciliation, settings.as_of),
        quality=_quality(reader, settings, period, period.currency in billed_only),
        glossary=glossary(),
        other_currencies=tuple(
            (str(row["currency"]), row["cost"])
            for row in months
            if row["currency"] != period.currency
            and (row["month"].year, row["month"].month) == (period.first.year, period.first.month)
        ),
    )


def _headline(
    costs: _Costs, period: Period, months: Rows, days: Rows, agents: Sequence[AgentRow], forecast: Mapping[str, Any]
) -> Headline:
    now = [row for row in days if period.first <= row["day"] <= period.last]
    before = [row for row in days if period.before_first <= row["day"] <= period.before_last] if period.has_before else []
    workflows = costs.read("report_workflow_days", currency=period.currency, since=period.since, last=period.last)
    success, no_success = cost_per_success(_between(workflows, period.first, period.last))
    earlier, _ = cost_per_success(_between(workflows, period.before_first, period.before_last)) if before else (None, None)
    riser = _riser(agents) if before else None
    totals = [cost for _, cost in month_totals(months, period)]
    spent = _total(now, "cost")
    capacity = _total(now, "capacity")
    return Headline(
        spent=spent,
        spent_before=_total(before, "cost") if before else None,
        estimated=_total(now, "estimated"),
        expected=None if period.closed else forecast.get("expected"),
        low=None if period.closed else forecast.get("p10"),
        high=None if period.closed else forecast.get("p90"),
        budget=forecast.get("budget"),
        over_budget_probability=forecast.get("over_budget"),
        spend_days=_daily(days, "cost", period),
        months=(*totals, spent if period.closed else forecast.get("expected")),
        cost_per_success=success,
        cost_per_success_before=earlier,
        cost_per_success_weeks=_weeks(workflows, period),
        no_success=no_success,
        idle=_total(now, "idle") if capacity else None,
        capacity=capacity or None,
        idle_days=_daily(days, "idle", period) if capacity else (),
        unallocated=_total(now, "unallocated") if now else None,
        unallocated_days=_daily(days, "unallocated", period),
        riser=riser.agent if riser else None,
        rise=riser.spend - (riser.before or 0) if riser else None,
    )


def cost_per_success(rows: Rows) -> tuple[Decimal | None, str | None]:
    """The metric `cost_per_success`: cost of the judged runs by accepted runs, over the workflows that have outcomes; else why
    there is none. A judged run costs what a run of its workflow costs on average."""
    flows: dict[str, list[Decimal]] = {}
    for row in rows:
        sums = flows.setdefault(str(row["workflow"]), [Decimal(0)] * 4)
        for place, key in enumerate(("cost", "runs", "accepted", "refused")):
            sums[place] += row[key]
    if not any(runs for _, runs, _, _ in flows.values()):
        return None, "no runs are known: ingest traces"
    judged = [(cost, runs, ok, no) for cost, runs, ok, no in flows.values() if ok + no > 0 and runs > 0]
    if not judged:
        return None, "no outcomes are known: ingest outcomes"
    accepted = sum((ok for _, _, ok, _ in judged), Decimal(0))
    if not accepted:
        return None, "no run was accepted"
    return sum((cost * (ok + no) / runs for cost, runs, ok, no in judged), Decimal(0)) / accepted, None


def _weeks(workflows: Rows, period: Period) -> Series:
    """Cost per success of the last 13 weeks; a week without one is a gap."""
    weeks = []
    for back in range(12, -1, -1):
        end = period.last - timedelta(days=7 * back)
        weeks.append(cost_per_success(_between(workflows, end - timedelta(days=6), end))[0])
    return tuple(weeks)


def _riser(agents: Sequence[AgentRow]) -> AgentRow | None:
    """The agent whose spend rose most, where that is worth a sentence: at least 1 % of all spend."""
    total = sum((row.spend for row in agents), Decimal(0))
    named = [row for row in agents if not row.leftover]
    top = max(named, key=lambda row: (row.spend - (row.before or 0), row.agent), default=None)
    return top if top is not None and top.spend - (top.before or 0) > total / 100 else None


def _agents(costs: _Costs, settings: Settings, period: Period, answers: Answers) -> tuple[AgentRow, ...]:
    told = verdicts(answers.flags)
    rows = costs.read("report_agents", **period.parameters(), before_first=period.before_first, before_last=period.before_last)
    lines: dict[tuple[str, str], dict[date, Decimal]] = {}
    for row in costs.read("report_agent_days", currency=period.currency, since=period.since, last=period.last):
        lines.setdefault((row["agent"], row["workflow"]), {})[row["day"]] = row["cost"]
    values = {(row["agent"], row["workflow"]): row for row in costs.reader.read("report_values", **period.parameters())}
    return tuple(_agent(row, period, lines.get((row["agent"], row["workflow"]), {}), told, settings, values) for row in rows)


def _agent(
    row: Mapping[str, Any],
    period: Period,
    line: Mapping[date, Decimal],
    told: Mapping[tuple[str, str], Mapping[str, Any]],
    settings: Settings,
    values: Mapping[tuple[str, str], Mapping[str, Any]],
) -> AgentRow:
    key = (str(row["agent"]), str(row["workflow"]))
    leftover = key[0].startswith(LEFTOVER)
    verdict = told.get(key, {}) if not leftover else {}
    measured = _judged(verdict) if verdict else _measured(row, key, settings, values, period) if not leftover else {}
    return AgentRow(
        agent=key[0],
        workflow=key[1],
        spend=row["cost"],
        before=(row["before"] or Decimal(0)) if period.has_before else None,
        days=_days_line(line, period),
        verdict=verdict.get("verdict"),
        leftover=leftover,
        **measured,
    )


def _judged(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the verdict rests on: all cost of the runs that the agent leads."""
    success, value = decimal(row.get("success_rate")), decimal(row.get("value"))
    return {
        "runs": row.get("runs"),
        "success": success,
        "cost_per_success": decimal(row.get("cost_per_success")),
        "cost_per_run": decimal(row.get("cost_per_run")),
        "value_per_run": None if value is None or success is None else value * success,
    }


def _measured(
    row: Mapping[str, Any],
    key: tuple[str, str],
    settings: Settings,
    values: Mapping[tuple[str, str], Mapping[str, Any]],
    period: Period,
) -> dict[str, Any]:
    """The agent's own cost by its runs of the period, where no verdict was given."""
    judged, runs = row["accepted"] + row["refused"], row["runs"]
    success = Decimal(row["accepted"]) / judged if judged else None
    return {
        "runs": int(runs) if runs else None,
        "success": success,
        "cost_per_success": row["cost"] * judged / runs / row["accepted"] if runs and row["accepted"] else None,
        "cost_per_run": row["cost"] / runs if runs and row["cost"] > 0 else None,
        "value_per_run": _value_per_run(key, success, judged, settings, values, period),
    }


def _value_per_run(
    key: tuple[str, str],
    success: Decimal | None,
    judged: int,
    settings: Settings,
    values: Mapping[tuple[str, str], Mapping[str, Any]],
    period: Period,
) -> Decimal | None:
    """What a judged run was worth: as its outcomes say, else the configured value of an accepted one."""
    if success is None:
        return None
    if key in values and judged:
        return Decimal(values[key]["value"]) / judged
    for value in reversed(settings.values):
        mine = value.agent == key[0] or (value.agent is None and value.workflow == key[1])
        if mine and value.currency == period.currency and (value.from_ is None or value.from_ <= period.last):
            return value.per_accepted * success
    return None


def _shares(rows: Rows) -> tuple[Share, ...]:
    """Owners by spend, then what belongs to nobody."""
    shares = [Share(str(row["name"]), row["cost"], str(row["name"]).startswith(LEFTOVER)) for row in rows if row["cost"]]
    return tuple(sorted(shares, key=lambda share: (share.leftover, -share.amount, share.name)))


def _quality(reader: Reader, settings: Settings, period: Period, billed_only: bool) -> Quality:
    found = reader.read("report_quality", first=period.first, last=period.last)[0]
    uncosted = reader.read("report_uncosted", **period.parameters())[0]
    rejects = reader.read("report_rejects")
    return Quality(
        sources=tuple(
            SourceRow(str(r["source"]), int(r["files"]), int(r["rows"]), int(r["rejected"]))
            for r in reader.read("report_sources")
        ),
        rejects=tuple(
            (f"{r['column_name']}: {r['reason']}" if r["column_name"] else r["reason"], int(r["rows"])) for r in rejects
        ),
        calls=int(found["calls"]),
        unpriced_calls=int(found["unpriced_calls"]),
        runs=int(found["runs"]),
        unknown_runs=int(found["unknown_runs"]),
        uncosted_charges=int(uncosted["charges"]),
        uncosted_billed=uncosted["billed"],
        billed_only=billed_only,
        unbuilt=reader.unbuilt(),
        rates=tuple(dict.fromkeys(settings.rates_told)),
    )


def _provenance(reader: Reader, settings: Settings, prices: Sequence[PriceDate]) -> Provenance:
    digest = hashlib.sha256()
    for row in reader.read("report_snapshot"):
        digest.update(f"{row['source']}\0{row['content_hash']}\n".encode())
    configuration = "defaults"
    if settings.config is not None:
        configuration = hashlib.sha256(settings.config.read_bytes()).hexdigest()[:12]
    tokens = [
        PriceDate("token prices", _date(row["as_of"]), str(row["source"] or "")) for row in reader.read("report_token_prices")
    ]
    return Provenance(
        version=__version__,
        configuration=configuration,
        snapshot=digest.hexdigest()[:16],
        prices=(*tokens, *prices),
    )


def _date(value: Any) -> date | None:
    return None if value is None else date(value.year, value.month, value.day)


def _between(rows: Rows, first: date, last: date) -> Rows:
    return [row for row in rows if first <= row["day"] <= last]


def _total(rows: Rows, key: str) -> Decimal:
    return sum((row[key] for row in rows), Decimal(0))


def _daily(rows: Rows, key: str, period: Period) -> Series:
    return _days_line({row["day"]: row[key] for row in rows}, period)


def _days_line(known: Mapping[date, Decimal], period: Period) -> Series:
    """90 days: nothing before the ledger begins, 0 where nothing was spent."""
    start = period.ledger_first or period.first
    days = [period.since + timedelta(days=n) for n in range(90)]
    return tuple(None if day < start else known.get(day, Decimal(0)) for day in days)
