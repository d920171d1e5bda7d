"""`finops traces`: runs at their share of the bill, trees whose parts add up, errors that help."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import Ran
from tests.steps.costs.test_waste import CHAT, COST, Run, ingested

Finops = Callable[..., Ran]


def test_the_dearest_runs_and_their_trees_agree(sample: Finops) -> None:
    ran = sample("traces", "--last", "120d", "--top", "3", "-f", "json")
    assert ran.code == 0, ran.err
    runs = ran.json["rows"]
    assert runs[0]["workflow"] == "trip-planning"
    assert runs[0]["bottleneck"] == "model"
    assert "calls" in runs[0]["dear"]
    for run in runs:
        answer = sample("traces", "--run", run["run"], "-f", "json").json
        steps = answer["rows"]
        assert Decimal(answer["totals"][0]["cost"]) == Decimal(run["cost"])
        assert sum(Decimal(step["cost"]) for step in steps if step["cost"] is not None) == Decimal(run["cost"])
        assert sum(Decimal(step["cost_below"]) for step in steps if step["depth"] == 0) == Decimal(run["cost"])
        assert abs(sum(step["path_seconds"] for step in steps) - run["seconds"]) < 0.001 * len(steps)
        assert abs(sum(answer["meta"]["time_by_kind"].values()) - run["seconds"]) < 0.01


def test_runs_add_up_to_what_their_models_cost(sample: Finops) -> None:
    """The runs of a workflow are together its share of the provider's bill; a run at midnight may fall to either side."""
    runs = sample("traces", "--month", "2026-10", "--top", "1000", "--where", "workflow=quote-approval", "-f", "json").json[
        "rows"
    ]
    assert len(runs) < 1000
    cost = sample("cost", "--by", "model", "--where", "workflow=quote-approval", "--month", "2026-10", "-f", "json").json["rows"]
    of_models = sum(Decimal(row["cost"]) for row in cost if row["model"])
    assert abs(sum(Decimal(run["cost"]) for run in runs) / of_models - 1) < Decimal("0.005")


def test_a_run_without_a_bill_is_estimated_at_list(finops: Finops) -> None:
    ingested(finops, Run(1).chat().tool("search", "{}").chat(failed=True))
    ran = finops("traces", "--run", f"{1:032x}", "--as-of", "2026-10-20", "-f", "json")
    steps = ran.json["rows"]
    assert [step["depth"] for step in steps] == [0, 1, 1, 1]
    assert [step["kind"] for step in steps] == ["own work", "model", "external API", "model"]
    assert steps[0]["cost"] is None
    assert Decimal(steps[0]["cost_below"]) == 2 * COST
    assert ran.json["totals"][0]["cost"] == str(2 * COST).rstrip("0")


def test_a_table_shows_the_tree(finops: Finops) -> None:
    ingested(finops, Run(1).chat())
    ran = finops("traces", "--run", f"{1:032x}", "--as-of", "2026-10-20")
    assert "· chat" in ran.out
    assert "it waited for" in ran.out + ran.err


BILL = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,ChargePeriodEnd,InvoiceIssuerName,ProviderName,"
    "ChargeCategory,ServiceName,BilledCost,EffectiveCost,ListCost,x_Model\n"
    "1,{currency},2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,2026-10-03T00:00:00Z,OpenAI,OpenAI,Usage,API,{cost},{cost},{cost},{model}\n"
)


@pytest.fixture
def billed_abroad(finops: Finops) -> Finops:
    """Two runs of gpt-4o, 0.0105 USD at list price and 0.009 EUR on a bill in euros, and of gpt-4o-mini, billed in USD."""
    Path("euro.csv").write_text(BILL.format(currency="EUR", cost="0.009", model="gpt-4o"))
    Path("usd.csv").write_text(BILL.format(currency="USD", cost="0.0002", model="gpt-4o-mini"))
    Path("finops.toml").write_text('[currency]\nrates = "rates.csv"\n')
    Path("rates.csv").write_text("date,from,to,rate,source\n2026-10-01,EUR,USD,1.25,ECB\n")
    assert finops("ingest", "euro.csv", "usd.csv", "--no-build").code == 0
    ingested(finops, Run(1).chat().chat(), Run(2).chat(model="gpt-4o-mini").chat())
    return finops


def test_a_run_is_told_in_the_currency_that_it_is_billed_in(billed_abroad: Finops) -> None:
    """Never two currencies in one figure: a run of several has a row for each, and its tree has every sum by currency."""
    given = ("--as-of", "2026-10-20", "-f", "json")
    answer = billed_abroad("traces", *given).json
    runs = {(row["run"][-1], row["currency"]): (row["cost"], row["list_cost"]) for row in answer["rows"]}
    assert runs == {
        **{("1", "EUR"): ("0.006", None), ("2", "EUR"): ("0.003", None)},
        ("2", "USD"): ("0.0002", "0.00021"),
    }
    assert {total["currency"]: total["cost"] for total in answer["totals"]} == {"EUR": "0.009", "USD": "0.0002"}
    assert "a run whose calls are billed in several currencies has a row for each" in answer["meta"]["notes"]
    tree = billed_abroad("traces", "--run", f"{2:032x}", *given).json
    root, mini, dear = tree["rows"]
    assert (root["cost_below"], root["costs_below"]) == (None, ["0.003 EUR", "0.0002 USD"])
    assert (mini["cost"], mini["cost_below"], mini["currency"]) == ("0.0002", "0.0002", "USD")
    assert (dear["cost"], dear["cost_below"], dear["currency"]) == ("0.003", "0.003", "EUR")
    assert {total["currency"]: total["cost"] for total in tree["totals"]} == {"EUR": "0.003", "USD": "0.0002"}
    assert any("at list price, are billed in another currency" in note for note in tree["meta"]["notes"])
    traced = billed_abroad("explain", "traces", "--trace", "--where", f"run={2:032x}", *given).json
    assert {total["currency"]: total["cost"] for total in traced["totals"]} == {"EUR": "0.003", "USD": "0.0002"}
    assert [row["currency"] for row in billed_abroad("traces", "--currency", "USD", *given).json["rows"]] == ["USD"]


def test_a_model_that_two_providers_bill_on_a_day_costs_each_call_what_its_own_bills(finops: Finops) -> None:
    """gpt-4o by OpenAI in pounds and by Azure in euros: a run has the part of each."""
    Path("gbp.csv").write_text(BILL.format(currency="GBP", cost="0.0030", model="gpt-4o"))
    Path("eur.csv").write_text(BILL.format(currency="EUR", cost="0.0032", model="gpt-4o").replace("OpenAI", "Microsoft"))
    assert finops("ingest", "gbp.csv", "eur.csv", "--no-build").code == 0
    run = Run(1).chat()
    run._add({**CHAT, "gen_ai.provider.name": "azure.ai.openai"})
    ingested(finops, run)
    given = ("--as-of", "2026-10-20", "-f", "json")
    runs = finops("traces", *given).json["rows"]
    assert {row["currency"]: row["cost"] for row in runs} == {"GBP": "0.003", "EUR": "0.0032"}
    steps = finops("traces", "--run", f"{1:032x}", *given).json["rows"]
    assert [(step["cost"], step["currency"]) for step in steps[1:]] == [("0.003", "GBP"), ("0.0032", "EUR")]
    by_class = finops("cost", "--unit", "1m_tokens", "--by", "token_class", *given).json
    sums = {currency: Decimal(0) for currency in ("EUR", "GBP")}
    for row in by_class["rows"]:
        sums[row["currency"]] += Decimal(row["cost"])
    assert sums == {"EUR": Decimal("0.0032"), "GBP": Decimal("0.003")}
    assert any("there is cost in EUR, GBP: a total is the part in its currency" in note for note in by_class["meta"]["notes"])


def test_in_a_reporting_currency_a_run_has_one_row(billed_abroad: Finops) -> None:
    """0.003 EUR are 0.00375 USD at the rate of the day."""
    Path("finops.toml").write_text('[currency]\nrates = "rates.csv"\nreport = "USD"\n')
    ran = billed_abroad("traces", "--as-of", "2026-10-20", "-f", "json")
    assert {row["run"][-1]: row["cost"] for row in ran.json["rows"]} == {"1": "0.0075", "2": "0.00395"}
    tree = billed_abroad("traces", "--run", f"{2:032x}", "--as-of", "2026-10-20", "-f", "json").json
    assert tree["rows"][0]["cost_below"] == "0.00395"


def test_tokens_by_class_cost_what_they_are_billed(billed_abroad: Finops) -> None:
    by = ("--unit", "1m_tokens", "--by", "token_class", "--as-of", "2026-10-20", "-f", "json")
    rows = billed_abroad("cost", *by).json["rows"]
    sums = {currency: sum(Decimal(row["cost"]) for row in rows if row["currency"] == currency) for currency in ("EUR", "USD")}
    assert sums == {"EUR": Decimal("0.009"), "USD": Decimal("0.0002")}


@pytest.mark.parametrize(
    ("given", "code", "said"),
    [
        (("--run", "nobody"), 1, "no run `nobody`"),
        (("--run", "x", "--last", "3d"), 2, "nothing narrows it"),
        (("--where", "colour=red"), 2, "runs have no `colour`"),
    ],
)
def test_errors(sample: Finops, given: tuple[str, ...], code: int, said: str) -> None:
    ran = sample("traces", *given)
    assert ran.code == code
    assert said in ran.err
