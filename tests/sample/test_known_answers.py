"""What is planted in the sample company is found, and in its true size: the truth was computed without finops."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

TRUTH = json.loads((Path(__file__).resolve().parents[2] / "sample_data" / "truth.json").read_text(encoding="utf-8"))
ISSUERS = {"aws": "Amazon Web Services, Inc.", "gcp": "Google Cloud", "openai": "OpenAI"}
PAYS = Decimal("0.92")
"""The contract with the model provider."""
EXACTLY = Decimal("1e-7")
"""Shares of thousands of prices by seconds, each cut to the twelve digits that an amount holds."""

Sample = Callable[..., Ran]


def rows(sample: Sample, *arguments: object) -> list[dict[str, Any]]:
    ran = sample(*arguments, "-f", "json", "-q")
    assert ran.code == 0, ran.err
    return ran.json["rows"]  # type: ignore[no-any-return]


def one(sample: Sample, sql: str) -> dict[str, Any]:
    (row,) = rows(sample, "query", sql)
    return row


def money(text: str | None) -> Decimal:
    return Decimal(text or 0)


@pytest.fixture
def reconciled(sample: Sample) -> list[dict[str, Any]]:
    return rows(sample, "reconcile")


def total(reconciled: list[dict[str, Any]], key: str, provider: str | None = None) -> Decimal:
    return sum((money(row[key]) for row in reconciled if provider is None or row["issuer"] == ISSUERS[provider]), Decimal(0))


def test_every_bill_is_read_and_placed(reconciled: list[dict[str, Any]]) -> None:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    names = {issuer: name for name, issuer in ISSUERS.items()}
    for row in reconciled:
        if row["billed"] is not None:
            found[names[row["issuer"]]][row["period"]] = row["billed"]
            assert row["difference"] == "0"
    assert found == TRUTH["billed"]
    assert total(reconciled, "billed") == total(reconciled, "allocated") == money(TRUTH["billed_total"])


def test_invoices_are_checked_where_they_are_known(reconciled: list[dict[str, Any]]) -> None:
    checked = {(row["issuer"], row["period"]): row["invoice_gap"] for row in reconciled if row["invoice_total"] is not None}
    months = ("2026-08", "2026-09", "2026-10")
    assert checked == {(ISSUERS[name], month): "0" for name in ("aws", "openai") for month in months}
    assert all(row["invoice_gap"] is None for row in reconciled if row["issuer"] == ISSUERS["gcp"])


def test_every_span_counts_once(sample: Sample) -> None:
    found = one(sample, "SELECT count(*) AS spans, count(*) FILTER (unpriced) AS unpriced FROM fct_call")
    assert found == {"spans": TRUTH["counted"]["spans"], "unpriced": TRUTH["counted"]["unpriced"]}
    assert one(sample, "SELECT count(*) AS runs FROM fct_run") == {"runs": TRUTH["counted"]["runs"]}


def test_calls_are_priced_to_the_last_digit(sample: Sample) -> None:
    sql = """SELECT agent, CAST(count(*) AS BIGINT) AS calls, sum(list_cost) AS list_cost FROM fct_call
             WHERE counted AND list_cost > 0 GROUP BY agent ORDER BY agent"""
    found = {row["agent"]: (row["calls"], row["list_cost"]) for row in rows(sample, "query", sql)}
    assert found == {agent: (known["calls"], known["list_cost"]) for agent, known in TRUTH["agents"].items()}


def test_the_models_bill_is_explained_by_the_calls(sample: Sample) -> None:
    sql = "SELECT sum(billed) AS billed FROM fct_allocation WHERE rule = 'models' AND method = 'metered'"
    billed = money(one(sample, sql)["billed"])
    late = money(one(sample, "SELECT sum(list_cost) AS c FROM fct_call WHERE counted AND call_day > '2026-11-18'")["c"])
    assert billed == money(TRUTH["model_calls"]["contract_cost"]) - late * PAYS


def test_outcomes_find_their_runs(sample: Sample) -> None:
    sql = """SELECT workflow, agent, count(*) AS runs, count(accepted) AS known, count(*) FILTER (accepted) AS accepted
             FROM fct_run GROUP BY workflow, agent ORDER BY workflow"""
    found = {row["workflow"]: row for row in rows(sample, "query", sql)}
    for name, known in TRUTH["workflows"].items():
        assert found[name]["agent"] == known["lead"]
        assert (found[name]["runs"], found[name]["known"], found[name]["accepted"]) == (
            known["runs"],
            known["outcomes"],
            known["accepted"],
        )


def test_exactly_the_two_losing_agents_are_flagged(sample: Sample) -> None:
    found = {row["agent"]: row for row in rows(sample, "flag")}
    flagged = sorted(agent for agent, row in found.items() if row["verdict"] == "low_value_high_cost")
    assert flagged == TRUTH["flagged"]
    for agent in flagged:
        assert found[agent]["probability"] >= 0.9
        assert money(found[agent]["expected_monthly_loss"]) > 0
        assert found[agent]["reasons"]


def test_the_one_that_only_looks_losing_is_kept(sample: Sample) -> None:
    found = {row["agent"]: row for row in rows(sample, "flag")}
    assert found[TRUTH["only_looks_losing"]]["verdict"] == "keep"


def test_idle_nodes(reconciled: list[dict[str, Any]]) -> None:
    for provider in ("aws", "gcp"):
        assert abs(total(reconciled, "idle", provider) - money(TRUTH["idle"][provider])) < EXACTLY
    assert abs(total(reconciled, "idle") - money(TRUTH["idle"]["billed"])) < EXACTLY


def test_untagged_cost(reconciled: list[dict[str, Any]]) -> None:
    assert total(reconciled, "untagged") == money(TRUTH["untagged"]["billed"])


def test_use_that_no_trace_knows_is_unexplained(reconciled: list[dict[str, Any]]) -> None:
    assert total(reconciled, "unexplained") == money(TRUTH["not_instrumented"]["billed"])


def test_retry_loop(sample: Sample) -> None:
    loop = TRUTH["retry_loop"]
    days = f"agent = '{loop['agent']}' AND call_day BETWEEN '{loop['from']}' AND '{loop['to']}' AND counted"
    found = one(
        sample,
        f"""SELECT sum(list_cost) AS list_cost, count(*) FILTER (list_cost > 0) AS calls,
                   count(*) FILTER (operation = 'tool' AND error_class = 'timeout') AS failed
            FROM fct_call WHERE {days}""",
    )
    assert found["calls"] == loop["agent_calls_on_these_days"]
    assert money(found["list_cost"]) * PAYS == money(loop["agent_cost_on_these_days"])
    assert found["failed"] == loop["calls"]
    other = one(sample, f"SELECT count(*) AS n FROM fct_call WHERE tool = 'search_fares' AND status = 'error' AND NOT ({days})")
    assert other == {"n": 0}


def test_spike_of_one_tenant(sample: Sample) -> None:
    spike = TRUTH["spike"]
    sql = f"""SELECT count(*) AS runs FROM fct_run WHERE tenant = '{spike["tenant"]}' AND workflow = '{spike["workflow"]}'
              AND run_day BETWEEN '{spike["from"]}' AND '{spike["to"]}'"""
    assert one(sample, sql) == {"runs": spike["tenant_runs_on_these_days"]}
    dearest = rows(
        sample,
        "query",
        f"""SELECT tenant, CAST(call_day AS VARCHAR) AS day, sum(list_cost) AS cost FROM fct_call
            WHERE counted AND workflow = '{spike["workflow"]}' GROUP BY ALL ORDER BY cost DESC LIMIT 3""",
    )
    assert {(row["tenant"], row["day"]) for row in dearest} == {(spike["tenant"], f"2026-09-{day}") for day in (22, 23, 24)}


def test_price_change(sample: Sample) -> None:
    change = TRUTH["price_change"]
    prices = zip(change["input_per_million"], ("0.5", "0.4"), change["output_per_million"], ("<", ">="), strict=True)
    for given, cached, made, side in prices:
        sql = f"""SELECT sum(list_cost) AS cost, sum(input_uncached) AS i, sum(cache_read) AS c, sum(output) AS o FROM fct_call
                  WHERE counted AND model = '{change["model"]}' AND call_day {side} '{change["date"]}'"""
        found = one(sample, sql)
        expected = (money(given) * int(found["i"]) + money(cached) * int(found["c"]) + money(made) * int(found["o"])) / 1_000_000
        assert money(found["cost"]) == expected > 0


@pytest.fixture
def places(sample: Sample) -> list[dict[str, Any]]:
    return [row for row in rows(sample, "place", "product-image-tagging", "--top", "0") if row["unit_cost"] is not None]


def place(places: list[dict[str, Any]], region: str, instance_type: str, option: str) -> dict[str, Any]:
    wanted = (region, instance_type, option)
    return next(row for row in places if (row["region"], row["instance_type"], row["purchase_option"]) == wanted)


def test_cheaper_region(places: list[dict[str, Any]]) -> None:
    known = TRUTH["cheaper_region"]
    here, there = (place(places, known[key], known["instance"], "on_demand") for key in ("from", "to"))
    saving = 1 - money(there["unit_cost"]) / money(here["unit_cost"])
    assert abs(saving - money(known["saving"])) < Decimal("0.0001")
    same = [row for row in places if row["instance_type"] == known["instance"] and row["purchase_option"] == "on_demand"]
    assert min(same, key=lambda row: money(row["unit_cost"])) == there


def test_spot_saving(places: list[dict[str, Any]]) -> None:
    known = TRUTH["spot_saving"]
    on_demand, spot = (place(places, known["region"], known["instance"], option) for option in ("on_demand", "spot"))
    assert on_demand["today"] is True
    assert (on_demand["hourly_price"], spot["hourly_price"]) == (known["on_demand"], known["spot"])
    saving = 1 - money(spot["unit_cost"]) / money(on_demand["unit_cost"])
    assert money(known["saving"]) - Decimal("0.02") < saving <= money(known["saving"])  # redone work costs a little


def test_forecast_holds_the_true_close(sample: Sample) -> None:
    ran = sample("forecast", "-f", "json", "-q")
    assert ran.code == 0, ran.err
    whole = ran.json["totals"][0]
    close = money(TRUTH["november"]["closes_at"])
    assert money(whole["p10"]) < close < money(whole["p90"])
    assert abs(money(whole["p50"]) / close - 1) < Decimal("0.04")
    assert money(whole["budget"]) == 5800
    assert money(whole["p50"]) > money(whole["budget"])


def test_an_ai_model_is_explained_by_owner_and_price_down_to_rows(sample: Sample) -> None:
    spent = sum((money(row["cost"]) for row in rows(sample, "cost", "--by", "model", "--where", "model=gpt-4o")), Decimal(0))
    ran = sample("explain", "gpt-4o", "-f", "json")
    assert ran.code == 0, ran.err
    assert {row["what"] for row in ran.json["rows"]} == {"gpt-4o"}
    assert [money(row["effective"]) for row in ran.json["totals"]] == [spent]
    assert any(note.startswith("list prices on") and "output $10.0" in note for note in ran.json["meta"]["notes"])
    traced = sample("explain", "gpt-4o", "--trace", "-f", "json").json
    assert traced["totals"] == ran.json["totals"]
    assert {row["model"] for row in traced["rows"]} == {"gpt-4o"}


@pytest.mark.parametrize("unit", ["run", "request"])
def test_units_and_their_cost_add_up_to_the_whole(sample: Sample, unit: str) -> None:
    answer = sample("cost", "--unit", unit, "--by", "workflow", "-f", "json").json
    (whole,) = answer["totals"]
    assert sum(Decimal(str(row["units"] or 0)) for row in answer["rows"]) == money(whole["units"])
    assert sum((money(row["cost"]) for row in answer["rows"]), Decimal(0)) == money(whole["cost"])
    for row in answer["rows"]:
        assert (row["unit_cost"] is None) == (row["reason"] is not None)
        if row["unit_cost"] is not None:
            assert abs(money(row["unit_cost"]) * Decimal(str(row["units"])) - money(row["cost"])) < Decimal("1e-6")


def test_an_accepted_run_pays_for_the_refused_ones(sample: Sample) -> None:
    found = {row["workflow"]: row for row in rows(sample, "cost", "--unit", "accepted", "--by", "workflow")}
    for name, known in TRUTH["workflows"].items():
        row = found[name]
        assert row["units"] == known["accepted"]
        assert money(row["low"]) < money(row["unit_cost"]) < money(row["high"])
        share = Decimal(known["accepted"]) / row["judged"]
        assert abs(money(row["cost"]) / Decimal(str(row["runs"])) / share - money(row["unit_cost"])) < Decimal("1e-9")
    assert found["__idle__"]["unit_cost"] is None


def test_classes_of_tokens_cost_what_the_models_bill_is(sample: Sample) -> None:
    classes = rows(sample, "cost", "--unit", "1m_tokens", "--by", "model,token_class")
    billed = {row["model"]: money(row["cost"]) for row in rows(sample, "cost", "--unit", "request", "--by", "model")}
    for model in ("gpt-4o", "gpt-4.1"):
        cost = sum((money(row["cost"]) for row in classes if row["model"] == model), Decimal(0))
        assert abs(cost - billed[model]) < Decimal("1e-6")
    by_class = {row["token_class"]: money(row["unit_cost"]) for row in classes if row["model"] == "gpt-4o"}
    assert by_class["cache_read"] < by_class["input_uncached"] < by_class["output"]


@pytest.mark.usefixtures("sample")
def test_a_margin_needs_the_revenue_and_says_so(finops: Sample, sample_home: Path) -> None:
    config = Path("units.toml")
    own = '[[seats]]\ntenant = "acme-retail"\nseats = 40\n[[revenue]]\ntenant = "acme-retail"\nper_month = "2500"\n'
    config.write_text((sample_home / "finops.toml").read_text(encoding="utf-8") + own, encoding="utf-8")
    given = ("--config", config, "--ledger", "finops.duckdb", "--month", "2026-10")
    margins = {row["tenant"]: row for row in rows(finops, "cost", "--unit", "revenue", *given)}
    row = margins["acme-retail"]
    assert (row["units"], money(row["unit_cost"])) == ("2500", 2500 - money(row["cost"]))
    assert margins["fjord-media"]["reason"].startswith("no revenue is given")
    seats = {row["tenant"]: row for row in rows(finops, "cost", "--unit", "seat", *given)}
    assert abs(money(seats["acme-retail"]["unit_cost"]) * 40 - money(row["cost"])) < Decimal("1e-9")
    (whole,) = finops("cost", "--unit", "revenue", *given, "-f", "json").json["totals"]
    assert (whole["unit_cost"], whole["reason"]) == (None, "not given for 5 of 6 tenants")
    assert finops("cost", "--unit", "seat", "--by", "agent", *given).code == 2
    assert finops("cost", "--unit", "run", "--metric", "billed", *given).code == 2


def test_the_reservation_that_is_too_large(sample: Sample) -> None:
    known = TRUTH["over_reserved"]
    found = rows(sample, "commitments", "--month", known["month"])
    today = next(row for row in found if row["instance_type"] == known["instance"] and row["plan"] == "today")
    a_month = Decimal(730) / known["hours"]
    assert (today["provider"], today["region"]) == (known["provider"], known["region"])
    assert (today["units"], today["units"] - today["too_many"]) == (known["units"], known["right_units"])
    assert (today["price"], today["on_demand_price"]) == (known["rate"], known["on_demand"])
    assert today["utilisation"] == float(known["utilisation"])
    assert abs(money(today["monthly_cost"]) - money(known["cost"]) * a_month) < EXACTLY
    assert abs(money(today["too_many_cost"]) - money(known["saving"]) * a_month) < EXACTLY
    assert abs(money(today["unused_cost"]) - money(known["unused_cost"]) * a_month) < EXACTLY
    cut = next(row for row in found if row["instance_type"] == known["instance"] and row["plan"] == "held, cut")
    assert (cut["units"], cut["break_even"]) == (known["right_units"], float(known["pays_at"]))
    assert abs(money(cut["monthly_cost"]) - money(known["right_cost"]) * a_month) < EXACTLY
    assert abs(money(cut["saving"]) - money(known["saving"]) * a_month) < EXACTLY
    assert all(row["too_many"] is None for row in found if row["instance_type"] != known["instance"])
    wasted = [row for row in rows(sample, "waste", "--month", known["month"]) if row["cause"] == "unused_commitment"]
    assert [money(row["cost"]) for row in wasted] == [money(known["unused_cost"])]
