"""The true figures of everything that is planted, computed from what was generated, not from what finops makes of it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal

from generator import company
from generator.bills import Row
from generator.gpu import Hour
from generator.prices import billed_cost, cost_at, list_cost
from generator.reservation import used_and_all_hours
from generator.runs import Call, Run
from generator.tables import outcomes

Json = dict[str, object]
PRICE_CHANGE = date(2026, 8, 21)
RESERVED_MONTH = date(2026, 10, 1)
_STRAY = ("Amazon Elastic Block Store",)


def plain(amount: Decimal) -> str:
    """A decimal as text: no exponent, no trailing zeros, at most twelve digits after the point."""
    text = format(amount.quantize(Decimal("1e-12"), rounding=ROUND_HALF_EVEN), "f").rstrip("0").rstrip(".")
    return text or "0"


def truth(runs: list[Run], hours: list[Hour], bills: dict[str, list[Row]], counted: Json) -> Json:
    """All known answers. `bills` hold the whole of November; what is not delivered yet is left out here."""
    rows = {name: [row for row in all_rows if delivered(name, row)] for name, all_rows in bills.items()}
    calls = [call for run in runs for call in run.calls if call.day <= company.AS_OF]
    return {
        "company": "acme",
        "currency": "USD",
        "first_day": str(company.FIRST_DAY),
        "as_of": str(company.AS_OF),
        "counted": counted,
        "billed": {name: _by_month(given) for name, given in rows.items()},
        "billed_total": plain(_sum(row for given in rows.values() for row in given)),
        "model_calls": {"priced": len(calls), "list_cost": plain(list_cost(calls)), "contract_cost": plain(billed_cost(calls))},
        "agents": _agents(calls),
        "workflows": {name: _workflow(name, runs) for name in company.WORKFLOWS},
        "flagged": ["quote-approver", "trip-planner"],
        "only_looks_losing": "contract-reviewer",
        "retry_loop": _retry_loop(calls, runs),
        "spike": _spike(calls, runs),
        "price_change": _price_change(calls),
        "untagged": _untagged(rows["aws"]),
        "idle": _idle(hours),
        "not_instrumented": {
            "model": "gpt-5-mini",
            "billed": plain(_sum(r for r in rows["openai"] if _model(r) == "gpt-5-mini")),
        },
        "cheaper_region": _cheaper_region(),
        "spot_saving": _spot_saving(),
        "over_reserved": _over_reserved(),
        "november": {"closes_at": plain(_sum(r for given in bills.values() for r in given if _month(r) == "2026-11"))},
    }


def delivered(provider: str, row: Row) -> bool:
    """Whether the bill holds this row on the business date."""
    last = company.OPENAI_BILLED_TO if provider == "openai" else company.CLOUD_BILLED_TO
    start = row["ChargePeriodStart"]
    assert isinstance(start, datetime)
    return start.date() <= last


def _sum(rows: Iterable[Row]) -> Decimal:
    return sum((Decimal(str(row["BilledCost"])) for row in rows), Decimal(0))


def _month(row: Row) -> str:
    start = row["ChargePeriodStart"]
    assert isinstance(start, datetime)
    return f"{start:%Y-%m}"


def _model(row: Row) -> object:
    details = row["SkuPriceDetails"]
    return details.get("ModelId") if isinstance(details, dict) else None


def _by_month(rows: list[Row]) -> Json:
    months: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        months[_month(row)] += Decimal(str(row["BilledCost"]))
    return {month: plain(total) for month, total in sorted(months.items())}


def _agents(calls: list[Call]) -> Json:
    by_agent: dict[str, list[Call]] = defaultdict(list)
    for call in calls:
        by_agent[call.agent].append(call)
    return {
        agent: {"calls": len(made), "list_cost": plain(list_cost(made)), "contract_cost": plain(billed_cost(made))}
        for agent, made in sorted(by_agent.items())
    }


def _workflow(name: str, runs: list[Run]) -> Json:
    """Model cost alone: what a workflow costs on top (GPU, storage, logs) makes a loss larger, never smaller."""
    own = [run for run in runs if run.workflow == name and run.start.date() <= company.AS_OF]
    said = [row["accepted"] for row in outcomes(own)]  # what came after the business date is not known yet
    accepted, known = said.count("true"), len(said)
    cost = billed_cost(call for run in own for call in run.calls)
    base, low, high = (Decimal(value) for value in company.VALUES[name])
    return {
        "lead": company.WORKFLOWS[name]["lead"],
        "runs": len(own),
        "outcomes": known,
        "accepted": accepted,
        "model_cost": plain(cost),
        "model_cost_per_run": plain(cost / len(own)),
        "value_per_run": plain(base * accepted / known),
        "value_per_run_low": plain(low * accepted / known),
        "value_per_run_high": plain(high * accepted / known),
    }


def _retry_loop(calls: list[Call], runs: list[Run]) -> Json:
    wasted = [call for call in calls if call.in_loop]
    first, last = company.LOOP_DAYS
    hit = sum(any(call.in_loop for call in run.calls) for run in runs)
    whole = [call for call in calls if call.agent == "price-checker" and first <= call.day <= last]
    return {
        "agent": "price-checker",
        "from": str(first),
        "to": str(last),
        "runs": hit,
        "calls": len(wasted),
        "cost": plain(billed_cost(wasted)),
        "agent_calls_on_these_days": len(whole),
        "agent_cost_on_these_days": plain(billed_cost(whole)),
    }


def _spike(calls: list[Call], runs: list[Run]) -> Json:
    first, last = company.SPIKE_DAYS
    extra = [call for call in calls if call.in_spike]
    whole = [run for run in runs if _spiked(run) and first <= run.start.date() <= last]
    days = (last - first).days + 1
    return {
        "tenant": company.SPIKE_TENANT,
        "workflow": "service-desk-triage",
        "from": str(first),
        "to": str(last),
        "runs": company.SPIKE_RUNS * days,
        "calls": len(extra),
        "cost": plain(billed_cost(extra)),
        "tenant_runs_on_these_days": len(whole),
        "tenant_runs_on_a_usual_day": plain(Decimal(_usual_runs(runs)).quantize(Decimal("0.1"))),
    }


def _spiked(run: Run) -> bool:
    return run.tenant == company.SPIKE_TENANT and run.workflow == "service-desk-triage"


def _usual_runs(runs: list[Run]) -> Decimal:
    usual = [run for run in runs if _spiked(run) and not run.spike and run.start.date() <= company.AS_OF]
    return Decimal(len(usual)) / ((company.AS_OF - company.FIRST_DAY).days + 1)


def _price_change(calls: list[Call]) -> Json:
    since = [call for call in calls if call.model == "gpt-5.6-sol" and call.day >= PRICE_CHANGE]
    before, after = company.TOKEN_PRICES["gpt-5.6-sol"]
    return {
        "model": "gpt-5.6-sol",
        "date": str(PRICE_CHANGE),
        "input_per_million": [before[1], after[1]],
        "output_per_million": [before[3], after[3]],
        "saved_since": plain(cost_at(since, company.FIRST_DAY) - billed_cost(since)),
    }


def _untagged(rows: list[Row]) -> Json:
    disks = [row for row in rows if row["ServiceName"] in _STRAY]
    server = [row for row in rows if row["ResourceId"] == "i-0f00dcafe"]
    return {
        "billed": plain(_sum(disks) + _sum(server)),
        "server": {"resource": "i-0f00dcafe", "since": str(company.UNTAGGED_FROM), "billed": plain(_sum(server))},
        "disks": {"resource": "vol-0d41", "billed": plain(_sum(disks))},
    }


def _idle(hours: list[Hour]) -> Json:
    """Of the node hours that are billed: price x the part of the hour that no workload used."""
    idle: dict[str, Decimal] = defaultdict(Decimal)
    total = Decimal(0)
    for hour in hours:
        if hour.start.date() > company.CLOUD_BILLED_TO:
            break
        for number in hour.nodes:
            node = company.NODES[number]
            used = sum(seconds for (n, _), seconds in hour.used.items() if n == number)
            idle[node["provider"]] += Decimal(node["price"]) * (3600 - used) / 3600
            total += Decimal(node["price"])
    whole = sum(idle.values(), Decimal(0))
    share = (whole / total).quantize(Decimal("0.0001"))
    return {"billed": plain(whole), "gpu_billed": plain(total), "share": plain(share)} | {
        name: plain(amount) for name, amount in sorted(idle.items())
    }


def _cheaper_region() -> Json:
    here, there = Decimal(company.G2_EUROPE_WEST3), Decimal(company.G2_US_EAST4)
    return {
        "provider": "gcp",
        "instance": "g2-standard-4",
        "from": "europe-west3",
        "to": "us-east4",
        "price": plain(here),
        "cheaper": plain(there),
        "saving": plain((1 - there / here).quantize(Decimal("0.0001"))),
    }


def _spot_saving() -> Json:
    return {
        "provider": "aws",
        "region": "us-east-1",
        "instance": "g6.xlarge",
        "on_demand": company.G6_ON_DEMAND,
        "spot": company.G6_SPOT,
        "saving": plain(Decimal(company.SPOT_SAVING_PERCENT) / 100),
    }


def _over_reserved() -> Json:
    """October's hours. Each server pays for itself in the reservation if it runs in more than rate / on-demand of the hours."""
    rate, on_demand, units = Decimal(company.RESERVED_RATE), Decimal(company.RESERVED_ON_DEMAND), company.RESERVED_UNITS
    used, hours = used_and_all_hours(RESERVED_MONTH)
    always = sum(desk["runs"] == "always" for desk in company.DESKS)
    in_office = used - always * hours
    assert Decimal(in_office) / hours < rate / on_demand
    unused_cost = rate * (units * hours - used)
    right = rate * always * hours + on_demand * in_office
    return {
        "commitment": company.RESERVATION,
        "provider": "aws",
        "region": "us-east-1",
        "instance": company.RESERVED_TYPE,
        "on_demand": plain(on_demand),
        "rate": plain(rate),
        "pays_at": plain(rate / on_demand),
        "units": units,
        "month": f"{RESERVED_MONTH:%Y-%m}",
        "hours": hours,
        "used_hours": used,
        "unused_hours": units * hours - used,
        "utilisation": plain((Decimal(used) / (units * hours)).quantize(Decimal("1e-9"))),
        "cost": plain(rate * units * hours),
        "unused_cost": plain(unused_cost),
        "right_units": always,
        "right_cost": plain(right),
        "saving": plain(rate * units * hours - right),
    }
