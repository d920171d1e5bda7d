"""Every figure of every table down to rows of files: what `explain --trace` gives adds up to what the command said."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

Sample = Callable[..., Ran]
OCTOBER = ("--month", "2026-10")


def answer(ran: Ran) -> dict[str, Any]:
    assert ran.code == 0, ran.err
    return dict(ran.json)


def traced(sample: Sample, table: str, *options: str) -> dict[str, Any]:
    """The answer of `explain TABLE --trace`, whose rows add up to its totals."""
    found = answer(sample("explain", table, "--trace", *options, "-f", "json"))
    for total in found["totals"]:
        for name in ("billed", "effective", "cost", "hours"):
            if total.get(name) is not None:
                own = [row[name] for row in found["rows"] if row["currency"] == total["currency"] and row.get(name) is not None]
                assert sum(Decimal(str(amount)) for amount in own) == Decimal(str(total[name])), name
    assert all(Path(row["file"]).name and row["line"] >= 1 for row in found["rows"] if row["file"])
    return found


def where(*conditions: str) -> list[str]:
    return [part for condition in conditions for part in ("--where", condition)]


def test_a_cell_of_cost_by_any_grouping(sample: Sample) -> None:
    rows = answer(sample("cost", "--by", "layer,service", *OCTOBER, "-f", "json"))["rows"]
    row = rows[1]
    found = traced(sample, "cost", *OCTOBER, *where(f"layer={row['layer']}", f"service={row['service']}"))
    assert found["totals"][0]["effective"] == row["cost"]
    assert {line["service"] for line in found["rows"]} == {row["service"]}
    (day,) = answer(sample("cost", "--by", "day,tenant", *where("day=2026-10-05", "tenant=__idle__"), "-f", "json"))["rows"]
    assert traced(sample, "cost", *where("day=2026-10-05", "tenant=__idle__"))["totals"][0]["effective"] == day["cost"]


def test_waste_of_every_cause(sample: Sample) -> None:
    rows = answer(sample("waste", "--by", "cause", *OCTOBER, "-f", "json"))["rows"]
    causes = {row["cause"]: row for row in rows if row["cost"] is not None}
    found = traced(sample, "waste", *OCTOBER)
    for cause, row in causes.items():
        own = [line["cost"] for line in found["rows"] if line["cause"] == cause and line["cost"] is not None]
        assert sum(Decimal(cost) for cost in own) == Decimal(row["cost"]), cause
    assert {line["cause"] for line in found["rows"]} == {row["cause"] for row in rows if row["cost"] or row["calls"]}
    loop = traced(sample, "waste", *OCTOBER, *where("cause=loop", "agent=price-checker"))
    assert loop["totals"][0]["cost"] == causes["loop"]["cost"]
    assert len({(line["file"], line["line"]) for line in loop["rows"]}) == len(loop["rows"])


def test_a_run_and_the_requests_of_an_agent(sample: Sample) -> None:
    run = answer(sample("traces", *OCTOBER, "--top", "1", "-f", "json"))["rows"][0]
    found = traced(sample, "traces", *where(f"run={run['run']}"))
    assert found["totals"] == [{"currency": "USD", "list_cost": run["list_cost"], "cost": run["cost"]}]
    units = answer(sample("cost", "--unit", "request", "--by", "agent", *OCTOBER, "-f", "json"))["rows"]
    agent = next(row for row in units if row["agent"] == "price-checker")
    told = traced(sample, "requests", *OCTOBER, *where("agent=price-checker"))["totals"][0]
    assert (told["requests"], told["tokens"] / told["requests"]) == (agent["units"], pytest.approx(agent["tokens_per_request"]))


def test_what_was_spent_what_changed_and_what_an_agent_cost(sample: Sample) -> None:
    spent = answer(sample("forecast", "-f", "json"))["totals"][0]["spent"]
    assert traced(sample, "forecast")["totals"][0]["effective"] == spent
    change = answer(sample("bridge", "--from", "2026-09", "--to", "2026-10", "-f", "json"))["totals"][0]["change"]
    found = traced(sample, "bridge", *OCTOBER)
    assert found["totals"][0]["effective"] == change
    assert any("an effect has no rows of its own" in note for note in found["meta"]["notes"])
    flagged = [row for row in answer(sample("flag", "-f", "json"))["rows"] if row["agent"] == "price-checker"]
    own = sum(Decimal(row["own_cost"]) for row in flagged)
    assert Decimal(traced(sample, "flag", *where("agent=price-checker"))["totals"][0]["effective"]) == own


def test_hours_of_instances(sample: Sample) -> None:
    found = traced(sample, "commitments", *OCTOBER, *where("instance_type=g6.xlarge", "purchase_option=on_demand"))
    sql = (
        "SELECT sum(hours) AS hours FROM fct_pool WHERE instance_type = 'g6.xlarge' AND purchase_option = 'on_demand'"
        " AND charge_month = DATE '2026-10-01'"
    )
    (known,) = answer(sample("query", sql, "-f", "json"))["rows"]
    assert Decimal(str(found["totals"][0]["hours"])) == Decimal(str(known["hours"])) > 0


def test_the_balance_its_rules_and_what_has_no_owner(sample: Sample) -> None:
    row = answer(sample("reconcile", *OCTOBER, "-f", "json"))["rows"][0]
    own = where(f"issuer={row['issuer']}", f"account={row['account']}")
    assert traced(sample, "reconcile", *OCTOBER, *own)["totals"][0]["billed"] == row["allocated"]
    direct = traced(sample, "reconcile", *OCTOBER, *own, *where("method=direct"))
    assert direct["totals"][0]["billed"] == row["direct"]
    estimated = answer(sample("reconcile", "--month", "2026-11", "-f", "json"))["rows"]
    whole = sum(Decimal(one["estimated"] or 0) for one in estimated)
    assert Decimal(traced(sample, "reconcile", "--month", "2026-11", *where("estimated=yes"))["totals"][0]["billed"]) == whole > 0
    rules = answer(sample("reconcile", "--rules", *OCTOBER, "-f", "json"))["rows"]
    matched = sum(Decimal(one["billed"]) for one in rules if (one["rule"], one["finding"]) == ("models", "matched"))
    assert Decimal(traced(sample, "rules", *OCTOBER, *where("rule=models"))["totals"][0]["billed"]) == matched
    nameless = answer(sample("reconcile", "--unattributed", *OCTOBER, "-f", "json"))["totals"]
    cost = next(one for one in nameless if (one["dimension"], one["what"]) == ("workflow", "cost"))["cost"]
    assert traced(sample, "unattributed", *OCTOBER, *where("dimension=workflow"))["totals"][0]["billed"] == cost


def test_units_trends_hours_and_the_inputs_of_estimates(sample: Sample) -> None:
    unit = next(
        row
        for row in answer(sample("cost", "--unit", "run", "--by", "agent", *OCTOBER, "-f", "json"))["rows"]
        if row["agent"] == "price-checker"
    )
    assert traced(sample, "units", *OCTOBER, *where("agent=price-checker"))["totals"][0]["effective"] == unit["cost"]
    trend = answer(sample("cost", "--trend", "month", "--by", "agent", *OCTOBER, "-f", "json"))["rows"]
    row = next(one for one in trend if one["agent"] == "price-checker")
    found = traced(sample, "units", *OCTOBER, *where("agent=price-checker", "layer=ai_compute"))
    assert found["totals"][0]["effective"] == row["cost"]
    options = answer(sample("reconcile", "--expect", "spot", *OCTOBER, "-f", "json"))["rows"]
    assert traced(sample, "expect", *OCTOBER)["totals"][0]["cost"] == str(sum(Decimal(one["cost"]) for one in options))
    inputs = traced(sample, "forecast", *where("figure=expected", "agent=price-checker"))
    assert any("`expected` is an estimate: these are its inputs" in note for note in inputs["meta"]["notes"])
    assert min(line["charge_day"] for line in inputs["rows"]) < "2026-11-01"
    excess = traced(sample, "anomalies", *where("agent=price-checker", "day=2026-10-05"))
    assert {line["charge_day"] for line in excess["rows"]} == {"2026-10-05"}
    assert traced(sample, "volatility", *where("agent=price-checker"))["rows"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("waste", "--trace", "--where", "rule=x"), "`waste` has no `rule`"),
        (("traces", "--trace"), "the rows of one run can be traced"),
        (("forecast", "--trace", "--month", "2026-10"), "a forecast has spent what the open month has"),
        (("flag", "--trace", "--month", "2026-10"), "the days before the business date"),
        (("bridge", "--trace", "--last", "30d"), "between two months"),
        (("unattributed", "--trace"), "which name is lacking?"),
        (("forecast", "--trace", "--where", "figure=luck"), "has no figure `luck`"),
        (("sources", "--trace", "--last", "30d"), "looks at months"),
        (("price-checker", "--where", "model=gpt-4o"), "name a row of a table"),
    ],
)
def test_what_can_not_be_asked(sample: Sample, arguments: tuple[str, ...], said: str) -> None:
    ran = sample("explain", *arguments)
    assert ran.code == 2
    assert said in ran.err
