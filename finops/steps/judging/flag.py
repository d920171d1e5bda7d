"""Which agents return less than they cost: a verdict each, with its probability, its evidence and the money at stake."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core import numbers
from finops.core.judging.model_choice import choices
from finops.core.judging.value import DRAWS, INTERVAL, loss_interval, spend_together, together
from finops.core.judging.verdicts import FALSE_SHARE, FEWEST_DAYS, FEWEST_RUNS, SURE, depends_on_value
from finops.core.periods import Period, last_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import UsageError
from finops.ledger.cube import require_built
from finops.ledger.store import Reader
from finops.steps.judging.flag_cases import Case, Read, cases
from finops.steps.judging.flag_portfolio import action_row, actions_of, portfolio_notes, portfolio_total, settled_for_all
from finops.steps.judging.flag_reasons import Context, advice, exemption_notes, figures, reasons
from finops.steps.judging.models import judged_runs
from finops.steps.reading import read_ledger

Row = dict[str, Any]
WINDOW = "90d"
COLUMNS = (
    Column("agent", "Agent"),
    Column("workflow", "Workflow", wide_only=True),
    Column("verdict", "Verdict"),
    Column("probability", "Loses", "ratio", "probability"),
    Column("runs", "Runs", "count", "runs"),
    Column("cost", "Cost", "money", "effective_cost"),
    Column("expected_monthly_loss", "Loss/month", "money", "expected_monthly_loss"),
    Column("action", "Do"),
    Column("saving", "Saves/month", "money", "action_saving", wide_only=True),
    Column("saving_low", "Saves, low", "money", "action_saving", wide_only=True),
    Column("saving_high", "Saves, high", "money", "action_saving", wide_only=True),
    Column("action_what", "What", wide_only=True),
    Column("cost_per_success", "Per success", "money", "cost_per_success", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("judged_runs", "Judged", "count", wide_only=True),
    Column("accepted", "Accepted", "count", wide_only=True),
    Column("success_rate", "Success", "ratio", "success_rate", wide_only=True),
    Column("success_low", "Success, low", "ratio", wide_only=True),
    Column("success_high", "Success, high", "ratio", wide_only=True),
    Column("break_even", "Break-even success", "ratio", wide_only=True),
    Column("cost_per_run", "Cost of a run", "money", wide_only=True),
    Column("cost_per_success_low", "Per success, low", "money", wide_only=True),
    Column("cost_per_success_high", "Per success, high", "money", wide_only=True),
    Column("value", "Value of a success", "money", wide_only=True),
    Column("value_low", "Value, low", "money", wide_only=True),
    Column("value_high", "Value, high", "money", wide_only=True),
    Column("probability_at_low", "Loses at low value", "ratio", wide_only=True),
    Column("probability_at_high", "Loses at high value", "ratio", wide_only=True),
    Column("depends_on_value", "Depends on value", "bool", wide_only=True),
    Column("returned", "Return on cost", "number", wide_only=True),
    Column("returned_low", "Return, low", "number", wide_only=True),
    Column("returned_high", "Return, high", "number", wide_only=True),
    Column("loss_low", "Loss/month, low", "money", wide_only=True),
    Column("loss_high", "Loss/month, high", "money", wide_only=True),
    Column("adds", "Adds a run", "money", "adds_per_run", wide_only=True),
    Column("adds_low", "Adds, low", "money", "adds_per_run", wide_only=True),
    Column("adds_high", "Adds, high", "money", "adds_per_run", wide_only=True),
    Column("runs_without", "Runs without it", "count", wide_only=True),
    Column("own_cost", "Own cost", "money", "effective_cost", wide_only=True),
    Column("failed_per_run", "Failed and retried a run", "number", wide_only=True),
    Column("tokens_per_run", "Tokens a run", "number", wide_only=True),
    Column("rank", "Rank", "count", wide_only=True),
    Column("advice", "Advice", wide_only=True),
    Column("reasons", "Reasons", "list", wide_only=True),
)


def flag(overrides: Overrides, *, last: str = WINDOW, talk: Talk) -> Result:
    """One row per agent and workflow, the most money at stake first."""
    settings = load_settings(overrides)
    period = last_period(last, settings.as_of)
    if (period.end - period.first).days < FEWEST_DAYS:
        raise UsageError(
            f"{last} is too short to judge an agent", where="--last", hint=f"give at least {FEWEST_DAYS}d; usual is {WINDOW}"
        )
    with read_ledger(settings) as reader:
        require_built(reader, settings.currency)
        span = reader.read("flag_span", first=period.first, last=period.last)[0]
        known = str(span["currencies"]).split(",") if span["currencies"] else ["USD"]
        wanted = [settings.currency] if settings.currency else known
        answers = [_answer(settings, _read(reader, settings, period, currency)) for currency in wanted]
        meta = _meta(reader, settings, period)
    if meta["unbuilt"]:
        talk.warn(f"{meta['unbuilt']:,} batches are not built yet: `finops build`")
    notes = _of_currencies(wanted, [told for _, _, told in answers])
    if span["daily_outcomes"]:
        notes.append(f"{span['daily_outcomes']:,} outcomes name a day, not a run: they value the day and judge no run")
    return Result(COLUMNS, [row for rows, _, _ in answers for row in rows], [total for _, total, _ in answers], meta, notes)


def _of_currencies(currencies: Sequence[str], told: Sequence[Sequence[str]]) -> list[str]:
    """What is said of every currency once; the rest, where there are several, with its currency."""
    notes = [
        note if all(note in others for others in told) else f"{currency}: {note}"
        for currency, own in zip(currencies, told, strict=True)
        for note in own
    ]
    return list(dict.fromkeys(notes))


def _read(reader: Reader, settings: Settings, period: Period, currency: str) -> Read:
    days = {"first": period.first, "last": period.last}
    rows = {name: reader.read(f"flag_{name}", currency=currency, **days) for name in ("parts", "costs", "models", "left_out")}
    rows["runs"] = reader.read("flag_runs", currency=currency, by_tenant=False, **days)
    settled = {**days, "last": settled_for_all(settings, rows["runs"], period.last)}
    rows["tenants"] = reader.read("flag_runs", currency=currency, by_tenant=True, **settled)
    currencies: dict[str, list[str]] = {}
    for row in reader.read("flag_currencies", **days):
        currencies.setdefault(row["workflow"], []).append(row["currency"])
    compared = choices([one for one, of in judged_runs(reader, period.first, period.last, currency)[0] if of == currency])
    return Read(currency=currency, currencies=currencies, choices=compared, **rows)


def _answer(settings: Settings, read: Read) -> tuple[list[Row], Row, list[str]]:
    """Rows, total and notes of one currency."""
    judged = sorted(cases(settings, read), key=_stake)
    context = Context.of([case.unit for case in judged], read.models, read.choices)
    actions = actions_of(settings, read, judged, context)
    return (
        [{**_row(case, context), **action_row(action)} for case, action in zip(judged, actions, strict=True)],
        {**_total(judged, read.total, read.currency), **portfolio_total(actions)},
        _notes(judged, settings, read.total, read.currency) + portfolio_notes(judged, actions, read.total, read.currency),
    )


def _stake(case: Case) -> tuple[float, Decimal, str, str]:
    loss = case.margin.monthly_loss if case.margin else None
    return (0.0 if loss is None else -round(loss, 2) - 1, -(case.spend or Decimal(0)), case.unit.workflow, case.unit.agent)


def _row(case: Case, context: Context) -> Row:
    unit = case.unit
    tally = unit.tally
    return {
        "agent": unit.agent,
        "workflow": unit.workflow,
        "verdict": case.decision.verdict,
        "runs": tally["runs"],
        "cost": case.spend,
        "currency": case.currency,
        "judged_runs": tally["known"],
        "accepted": tally["accepted"],
        "own_cost": unit.own_cost,
        "rank": case.rank[0] if case.rank else None,
        "advice": advice(case),
        "reasons": reasons(case, context),
        **_measured(case),
        **_estimated(case),
    }


def _measured(case: Case) -> Row:
    """Figures that were counted."""
    tally, cost = case.unit.tally, case.unit.run_cost
    own = figures(case.unit)
    good = tally["accepted"]
    return {
        "cost_per_run": None if cost is None else _money(cost.mean),
        "cost_per_success": _money(cost.mean * tally["known"] / good) if cost and good and case.margin else None,
        "success_rate": _rounded(own["success"]),
        "failed_per_run": _rounded(own["again"]),
        "tokens_per_run": _rounded(own["tokens"]),
    }


def _estimated(case: Case) -> Row:
    """Figures that carry an interval, and their ends."""
    margin, worth = case.margin, case.worth
    if margin is None:
        return {}
    loss = loss_interval(margin)
    found: Row = (
        {}
        if case.added
        else {
            "success_low": _rounded(margin.success.low),
            "success_high": _rounded(margin.success.high),
            "cost_per_success_low": _money(margin.cost_per_success.low),
            "cost_per_success_high": _money(margin.cost_per_success.high),
        }
    )
    found |= {
        "probability": _rounded(margin.probability),
        "probability_at_low": _rounded(margin.probability_low),
        "probability_at_high": _rounded(margin.probability_high),
        "break_even": _rounded(margin.break_even),
    }
    if worth is not None:
        found |= {"value": _money(worth.base), "value_low": _money(worth.low), "value_high": _money(worth.high)}
        found["depends_on_value"] = depends_on_value(margin)
    if case.added is not None:
        found |= {"runs_without": case.added.without.runs, "cost_per_run": _money(case.added.cost.middle)}
        if case.added.worth is not None:
            own = case.added.worth
            found |= {"adds": _money(own.middle), "adds_low": _money(own.low), "adds_high": _money(own.high)}
    if loss is not None:
        found["expected_monthly_loss"] = _cents(loss.middle)
        found |= {"loss_low": _cents(loss.low), "loss_high": _cents(loss.high)}
    if margin.returned is not None:
        back = margin.returned
        found |= {"returned": _rounded(back.middle), "returned_low": _rounded(back.low), "returned_high": _rounded(back.high)}
    return found


def _flagged(judged: Sequence[Case]) -> list[Case]:
    return [case for case in judged if case.decision.verdict == "low_value_high_cost"]


def _total(judged: Sequence[Case], cost: Decimal, currency: str) -> Row:
    flagged = _flagged(judged)
    whole = together([case.margin for case in flagged if case.margin is not None])
    stopped = spend_together([case.margin for case in flagged if case.margin is not None])
    spent = sum((case.spend or Decimal(0) for case in flagged), Decimal(0))
    known = any(case.margin is not None for case in judged)
    return {
        "currency": currency,
        "cost": cost if judged else None,
        "agents": len({case.unit.agent for case in judged}),
        "flagged": len({case.unit.agent for case in flagged}),
        "expected_monthly_loss": _cents(whole.middle) if known else None,
        "loss_low": _cents(whole.low) if known else None,
        "loss_high": _cents(whole.high) if known else None,
        "flagged_share": _rounded(float(spent / cost)) if cost > 0 else None,
        "saved_if_stopped": _cents(stopped.middle) if known else None,
        "saved_low": _cents(stopped.low) if known else None,
        "saved_high": _cents(stopped.high) if known else None,
    }


def _if_stopped(flagged: Sequence[Case], agents: int, cost: Decimal, currency: str) -> list[str]:
    """What the flagged make of all cost, and what stopping them would save before the value that goes with them."""
    spent = sum((case.spend or Decimal(0) for case in flagged), Decimal(0))
    saved = spend_together([case.margin for case in flagged if case.margin is not None])
    if cost <= 0 or not saved.middle:
        return []
    names = len({case.unit.agent for case in flagged})
    return [
        f"{names} of {agents} agents, {numbers.percent_total(spent / cost)} of all cost: stopping "
        f"{'it' if names == 1 else 'them'} saves {numbers.money_within(saved.middle, saved.low, saved.high, currency)} a month "
        f"(80% interval {numbers.range_text(saved.low, saved.high, currency)}) and gives up what "
        f"{'it returns' if names == 1 else 'they return'}"
    ]


def _notes(judged: Sequence[Case], settings: Settings, total: Decimal, currency: str) -> list[str]:
    """What it comes to, and why for each agent to look at."""
    agents = len({case.unit.agent for case in judged})
    flagged = _flagged(judged)
    if not judged:
        return [f"no agent has cost in {currency} or runs in the days up to {settings.as_of}"]
    if flagged:
        whole = together([case.margin for case in flagged if case.margin is not None])
        amount = numbers.money_within(whole.middle, whole.low, whole.high, currency)
        within = numbers.range_text(whole.low, whole.high, currency)
        names = len({case.unit.agent for case in flagged})
        found = [
            f"{names} of {agents} agents {'returns' if names == 1 else 'return'} less than "
            f"{'it costs' if names == 1 else 'they cost'}: together {amount} a month (80% interval {within})"
        ]
        found += _if_stopped(flagged, agents, total, currency)
    elif any(case.margin is not None and case.margin.probability is not None for case in judged):
        found = [f"none of {agents} agents surely returns less than it costs"]
    else:
        found = [f"none of {agents} agents could be judged"]
    for case in judged:
        if case.decision.verdict in ("low_value_high_cost", "watch"):
            found.append(f"{case.unit.agent}: {'; '.join(reasons(case, Context())[:2])}")
    found += exemption_notes(judged, settings.exempt, settings.as_of)
    missing = sorted({case.unit.workflow for case in judged if case.unit.role == "leads" and case.worth is None})
    if missing:
        found.append(f"no value is known for results of {', '.join(missing)}: add [[value]] to finops.toml for a verdict")
    return found


def _meta(reader: Reader, settings: Settings, period: Period) -> dict[str, Any]:
    prices = reader.query("SELECT max(p.as_of) AS as_of FROM price_token p JOIN price_month m ON m.batch = p.batch")
    return {
        "currency": settings.currency,
        "metric": "effective",
        "as_of": settings.as_of,
        "period": period.label,
        "first": period.first,
        "last": period.last,
        "prices_as_of": prices[0]["as_of"] if prices else None,
        "interval": round(INTERVAL[1] - INTERVAL[0], 2),
        "draws": DRAWS,
        "fewest_runs": FEWEST_RUNS,
        "sure": SURE,
        "false_share": FALSE_SHARE,
        "unbuilt": reader.unbuilt(),
    }


def _money(amount: float) -> Decimal:
    """An estimated amount per run."""
    return Decimal(repr(round(amount, 6)))


def _cents(amount: float) -> Decimal:
    return Decimal(repr(round(amount, 2)))


def _rounded(number: float | None) -> float | None:
    return None if number is None else round(number, 6)
