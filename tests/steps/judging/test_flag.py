"""`finops flag` on small companies that trace their runs: who is judged, on which cost and value, and what it says otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from finops.steps.judging.flag import _of_currencies
from tests import schemas
from tests.conftest import Ran

AS_OF = "2026-03-31"
FIRST = datetime(2026, 1, 5, 9, tzinfo=UTC)
MODEL, INPUT = "gpt-4o", 40_000
"""A run of one call costs 0.10 USD: 40,000 input tokens at 2.50 USD per million."""
Company = Callable[..., dict[str, dict[str, Any]]]


def span(
    trace: int,
    number: int,
    at: datetime,
    agent: str,
    workflow: str,
    tokens: int,
    model: str = MODEL,
    left_out: str = "",
    tenant: str = "",
) -> dict[str, object]:
    """A call of a model; number 0 is the root of the trace, which leads the run and calls no model itself."""
    nanos = int(at.timestamp()) * 10**9 + number
    attributes: dict[str, str | int] = {"gen_ai.agent.name": agent, "gen_ai.workflow.name": workflow}
    attributes["gen_ai.operation.name"] = "chat" if number else "invoke_agent"
    attributes |= {"finops.left_out": left_out} if left_out and not number else {}
    attributes |= {"tenant.id": tenant} if tenant else {}
    if number:
        attributes |= {"gen_ai.provider.name": "openai", "gen_ai.request.model": model}
        attributes |= {"gen_ai.usage.input_tokens": tokens, "gen_ai.usage.output_tokens": 0}
    return {
        "traceId": f"{trace:032x}",
        "spanId": f"{trace * 10 + number + 1:016x}",
        **({"parentSpanId": f"{trace * 10 + 1:016x}"} if number else {}),
        "name": f"chat {model}" if number else f"invoke_agent {agent}",
        "kind": 3 if number else 1,
        "startTimeUnixNano": str(nanos),
        "endTimeUnixNano": str(nanos + 10**9),
        "attributes": [
            {"key": k, "value": {"intValue": str(v)} if isinstance(v, int) else {"stringValue": v}} for k, v in attributes.items()
        ],
    }


class Files:
    """Traces and outcomes of a company, written run by run."""

    def __init__(self) -> None:
        self.spans: list[dict[str, object]] = []
        self.outcomes = ["run,time,accepted,value,currency"]
        self.runs = 0

    def add(
        self,
        workflow: str,
        agents: tuple[str, ...],
        runs: int,
        accepted: int,
        *,
        unknown: int = 0,
        value: str = "",
        tokens: int = INPUT,
        model: str = MODEL,
        left_out: str = "",
        tenant: str = "",
    ) -> None:
        """Runs over 70 days, of which the first are accepted and the last have no outcome."""
        for n in range(runs):
            self.runs += 1
            at = FIRST + timedelta(hours=n * 70 * 24 // runs)
            size = tokens + (n % 5 - 2) * tokens // 10
            members = enumerate((agents[0], *agents))
            self.spans += [span(self.runs, i, at, agent, workflow, size, model, left_out, tenant) for i, agent in members]
            if n < runs - unknown:
                good = n * accepted % (runs - unknown) < accepted
                said = f"{'true' if good else 'false'},{value if good else ''},{'USD' if value and good else ''}"
                self.outcomes.append(f"{self.runs:032x},{at + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ},{said}")

    def write(self, folder: Path) -> None:
        folder.mkdir()
        document = {"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": self.spans}]}]}
        (folder / "traces.json").write_text(json.dumps(document) + "\n", encoding="utf-8")
        (folder / "outcomes.csv").write_text("\n".join(self.outcomes) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One ledger of several workflows; each test declares what their results are worth."""
    from finops.cli.app import run

    home = tmp_path_factory.mktemp("flag")
    files = Files()
    files.add("refunds", ("refunder", "looker-up"), 120, 30, unknown=20)
    files.add("short", ("beginner",), 29, 0)
    files.add("valued", ("appraiser",), 60, 40, value="0.30")
    files.add("search", ("thrifty",), 80, 60)
    files.add("search", ("wasteful",), 80, 30, tokens=3 * INPUT)
    files.add("search", ("middling",), 80, 50)
    files.add("silent", ("mute",), 40, 0, unknown=40)
    files.add("letters", ("writer",), 80, 56)
    files.add("letters", ("writer",), 80, 72, model="gpt-4o-mini")
    files.add("claims", ("adjuster", "finder", "checker"), 60, 42, left_out="none")
    files.add("claims", ("adjuster", "finder"), 60, 43, left_out="checker")
    files.add("claims", ("adjuster", "checker"), 60, 8, left_out="finder")
    files.add("claims", ("adjuster", "finder", "checker", "filer"), 40, 20)
    files.add("claims", ("adjuster", "finder", "checker"), 20, 10, left_out="filer")
    files.add("tours", ("guide",), 80, 72, tenant="north")
    files.add("tours", ("guide",), 80, 4, tenant="south")
    for name in ("terse", "plain", "brief"):
        files.add("drafts", (name,), 40, 30)
    files.add("drafts", ("wordy",), 40, 28, tokens=3 * INPUT)
    files.write(home / "exports")
    code = run(["ingest", str(home / "exports"), "--ledger", str(home / "finops.duckdb"), "-q", "-o", str(home / "log")])
    assert code == 0
    return home / "finops.duckdb"


@pytest.fixture
def ask(ledger: Path, finops: Callable[..., Ran], tmp_path: Path) -> Callable[..., Ran]:
    def asked(configuration: str, *arguments: object) -> Ran:
        (tmp_path / "finops.toml").write_text(configuration, encoding="utf-8")
        return finops("flag", "--ledger", ledger, "--as-of", AS_OF, *arguments)

    return asked


@pytest.fixture
def verdicts(ask: Callable[..., Ran]) -> Company:
    def told(configuration: str, *arguments: object) -> dict[str, dict[str, Any]]:
        ran = ask(configuration, "-f", "json", *arguments)
        assert ran.code == 0, ran.err
        jsonschema.validate(ran.json, schemas.schema("flag"))
        return {row["agent"]: row for row in ran.json["rows"]}

    return told


def value(amount: str, low: str | None = None, high: str | None = None, currency: str = "USD", **scope: str) -> str:
    given = {"per_accepted": amount, "currency": currency, **scope}
    given |= {"low": low} if low else {}
    given |= {"high": high} if high else {}
    lines = [f"{k.rstrip('_')} = {v if k == 'from' else json.dumps(v)}" for k, v in given.items()]
    return "[[value]]\n" + "\n".join(lines) + "\n"


def test_a_lead_is_judged_on_all_cost_of_its_runs(verdicts: Company) -> None:
    found = verdicts(value("0.50", "0.40", "0.60", workflow="refunds"))
    lead = found["refunder"]
    assert lead["verdict"] == "low_value_high_cost"
    assert Decimal(lead["cost"]) == 2 * 12  # its own calls and those of looker-up
    assert Decimal(lead["own_cost"]) == 12
    assert (lead["runs"], lead["judged_runs"], lead["accepted"]) == (120, 100, 30)
    assert Decimal(lead["cost_per_run"]) == pytest.approx(Decimal("0.2"), rel=Decimal("0.01"))
    assert Decimal(lead["cost_per_success"]) == pytest.approx(Decimal("0.6667"), rel=Decimal("0.01"))
    assert lead["break_even"] == pytest.approx(0.4, rel=0.01)
    assert lead["success_low"] < 0.3 < lead["success_high"]
    # 120 runs in 70 days, each 0.20 - 0.30 x 0.50 short
    assert Decimal(lead["expected_monthly_loss"]) == pytest.approx(Decimal(120 * 30 / 70 * 0.05), rel=Decimal("0.1"))
    assert any("20 runs have no outcome" in reason for reason in lead["reasons"])


def test_registry_report_and_flag_mean_the_same_cost_per_success(verdicts: Company) -> None:
    from finops.core.metrics import METRICS
    from finops.steps.reporting.page import cost_per_success

    lead = verdicts(value("0.50", workflow="refunds"))["refunder"]
    flow = {"workflow": "refunds", "cost": Decimal(lead["cost"]), "runs": lead["runs"], "accepted": lead["accepted"]}
    told, _ = cost_per_success([{**flow, "refused": lead["judged_runs"] - lead["accepted"]}])
    assert told is not None
    assert Decimal(lead["cost_per_success"]) == pytest.approx(told, rel=Decimal("0.001"))
    assert told == Decimal(24) * 100 / 120 / 30
    formula = next(metric.formula for metric in METRICS if metric.id == "cost_per_success")
    assert formula == "cost of the judged runs / accepted runs"
    assert "0.15" in lead["advice"]


def test_who_only_takes_part_is_not_given_a_value(verdicts: Company) -> None:
    row = verdicts(value("0.50", workflow="refunds"))["looker-up"]
    assert row["verdict"] == "insufficient_data"
    assert row["probability"] is None
    assert row["reasons"] == ["value not separable: judged with workflow refunds led by refunder"]
    assert Decimal(row["cost"]) == 12


def test_who_takes_part_and_has_its_own_value_is_judged_on_its_own_cost(verdicts: Company) -> None:
    found = verdicts(value("0.50", workflow="refunds") + value("5", agent="looker-up"))
    assert found["looker-up"]["verdict"] == "keep"
    assert Decimal(found["looker-up"]["value"]) == 5
    assert Decimal(found["looker-up"]["cost_per_run"]) == pytest.approx(Decimal("0.1"), rel=Decimal("0.01"))
    assert found["refunder"]["verdict"] == "low_value_high_cost"


def test_the_answer_that_depends_on_the_value_is_labelled(verdicts: Company) -> None:
    row = verdicts(value("0.50", "0.40", "2.00", workflow="refunds"))["refunder"]
    assert row["verdict"] == "low_value_high_cost"
    assert row["depends_on_value"] is True
    assert row["probability_at_low"] >= 0.9 > 0.5 > row["probability_at_high"]
    assert any(reason.startswith("depends on the value assumed") for reason in row["reasons"])


def test_no_flag_below_thirty_runs(verdicts: Company) -> None:
    row = verdicts(value("0.01", workflow="short"))["beginner"]
    assert (row["verdict"], row["runs"], row["action"]) == ("insufficient_data", 29, None)
    assert any("fewer than 30" in reason for reason in row["reasons"])


def test_values_of_outcomes_themselves(verdicts: Company) -> None:
    row = verdicts("")["appraiser"]
    assert row["verdict"] == "keep"
    assert Decimal(row["value"]) == Decimal("0.3")
    assert "as outcomes say" in " ".join(row["reasons"])


def test_without_a_value_agents_are_ranked_among_their_peers(verdicts: Company) -> None:
    found = verdicts("")
    ranks = {name: found[name]["rank"] for name in ("thrifty", "middling", "wasteful")}
    assert ranks == {"thrifty": 1, "middling": 2, "wasteful": 3}
    worst = found["wasteful"]
    assert worst["verdict"] == "insufficient_data"
    assert worst["reasons"][0] == "no value declared: add [[value]]"
    assert Decimal(worst["cost_per_success_low"]) < Decimal(worst["cost_per_success"]) < Decimal(worst["cost_per_success_high"])
    assert any("rank 3 of 3" in reason for reason in worst["reasons"])


def test_drivers_are_named_against_peers(verdicts: Company) -> None:
    reasons = " ".join(verdicts(value("0.30", workflow="search"))["wasteful"]["reasons"])
    assert "a run costs 3 times that of its peers" in reasons
    assert "its success rate is 0.6 times" in reasons
    assert "3 times the tokens" in reasons


def test_exempt_agents_are_kept_until_the_exemption_ends(verdicts: Company) -> None:
    losing = value("0.50", workflow="refunds")
    exempt = '[[exempt]]\nagent = "refunder"\nreason = "required by law"\nuntil = {}\n'
    row = verdicts(losing + exempt.format(AS_OF))["refunder"]
    assert row["verdict"] == "keep"
    assert row["probability"] > 0.9
    assert row["reasons"][0] == f"exempt until {AS_OF}: required by law"
    assert verdicts(losing + exempt.format("2026-03-30"))["refunder"]["verdict"] == "low_value_high_cost"


def test_who_is_exempt_is_told_and_whose_exemption_has_ended(ask: Callable[..., Ran]) -> None:
    exempt = '[[exempt]]\nagent = "{}"\nreason = "agreed"\nuntil = {}\n'
    ran = ask(
        exempt.format("refunder", AS_OF) + exempt.format("guide", "2026-03-30") + exempt.format("nobody", "2026-03-30"),
        "-f",
        "json",
    )
    notes = [note for note in ran.json["meta"]["notes"] if "exempt" in note]
    assert notes == [f"refunder is exempt until {AS_OF}: agreed", "the exemption of guide ended on 2026-03-30: agreed"]


def test_values_have_dates_and_a_currency(verdicts: Company) -> None:
    old, new = value("0.10", workflow="refunds"), value("9", workflow="refunds", **{"from": "2026-01-01"})
    assert verdicts(old + new)["refunder"]["verdict"] == "keep"
    late = value("0.10", workflow="refunds", **{"from": "2026-01-20"})
    row = verdicts(late)["refunder"]
    assert row["verdict"] == "low_value_high_cost"
    assert any("before 2026-01-20" in reason for reason in row["reasons"])
    future = verdicts(value("0.10", workflow="refunds", **{"from": "2026-04-01"}))["refunder"]
    assert "no value declared: add [[value]]" in future["reasons"]
    foreign = verdicts(value("0.10", workflow="refunds", currency="EUR"))["refunder"]
    assert foreign["verdict"] == "insufficient_data"
    assert foreign["reasons"][0] == "its value is declared in EUR, its cost is in USD"


def test_runs_without_outcomes_prove_nothing(verdicts: Company) -> None:
    row = verdicts(value("9", workflow="silent"))["mute"]
    assert row["verdict"] == "insufficient_data"
    assert row["cost_per_success"] is None
    assert "no outcomes are known" in row["reasons"]


def test_runs_that_are_too_recent_don_t_count(verdicts: Company) -> None:
    row = verdicts(value("0.50", workflow="refunds"), "--as-of", "2026-02-10")["refunder"]
    assert any("too recent" in reason for reason in row["reasons"])
    assert row["judged_runs"] < row["runs"] < 120


def test_says_what_it_comes_to_and_sorts_by_money(ask: Callable[..., Ran]) -> None:
    ran = ask(value("0.50", workflow="refunds") + value("0.20", workflow="search"))
    assert "agents return less than they cost: together $" in ran.out
    rows = ask(value("0.50", workflow="refunds") + value("0.20", workflow="search"), "-f", "json").json
    losses = [Decimal(row["expected_monthly_loss"] or -1) for row in rows["rows"]]
    assert losses == sorted(losses, reverse=True)
    total = rows["totals"][0]
    flagged = [row for row in rows["rows"] if row["verdict"] == "low_value_high_cost"]
    assert total["flagged"] == len(flagged) > 1
    assert abs(Decimal(total["expected_monthly_loss"]) - sum(Decimal(r["expected_monthly_loss"]) for r in flagged)) < Decimal(
        "0.05"
    )
    assert Decimal(total["loss_low"]) <= Decimal(total["expected_monthly_loss"]) <= Decimal(total["loss_high"])


def test_says_what_stopping_the_flagged_would_save(ask: Callable[..., Ran]) -> None:
    total = ask(value("0.50", workflow="refunds"), "-f", "json").json["totals"][0]
    # 120 runs of two calls in 70 days: 0.20 USD each, 120 * 30.4 / 70 runs a month; of all cost by its own share
    assert float(total["saved_if_stopped"]) == pytest.approx(0.2 * 120 * 30.4 / 70, rel=0.05)
    assert Decimal(total["saved_low"]) < Decimal(total["saved_if_stopped"]) < Decimal(total["saved_high"])
    assert total["flagged_share"] == pytest.approx(24 / float(total["cost"]), abs=0.001)


def test_a_model_that_another_does_better_is_named(verdicts: Company, finops: Callable[..., Ran], ledger: Path) -> None:
    said = verdicts(value("0.20", workflow="letters"))["writer"]["reasons"]
    assert "gpt-4o-mini does the same work at 94% less a run and is accepted as often: `finops models`" in said
    rows = finops("models", "--ledger", ledger, "--as-of", AS_OF, "--workflow", "letters", "-f", "json").json["rows"]
    assert [(row["model"], row["runs"], row["accepted"], row["verdict"]) for row in rows] == [
        ("gpt-4o-mini", 80, 72, "cheapest success"),
        ("gpt-4o", 80, 56, "dominated by gpt-4o-mini"),
    ]
    assert float(rows[1]["cost_per_success"]) == pytest.approx(0.1 * 80 / 56, rel=1e-3)


def test_same_ledger_same_bytes(ask: Callable[..., Ran]) -> None:
    configuration = value("0.50", workflow="refunds")
    assert ask(configuration, "-f", "json").out == ask(configuration, "-f", "json").out


def test_a_window_too_short_is_refused(ask: Callable[..., Ran]) -> None:
    ran = ask("", "--last", "27d")
    assert ran.code == 2
    assert "too short" in ran.err
    assert "28d" in ran.err


def test_other_days_and_other_currencies_have_nobody(ask: Callable[..., Ran]) -> None:
    nowhere = ask("", "--currency", "EUR")
    assert nowhere.code == 2
    assert "no cost is in `EUR`" in nowhere.err
    assert "no agent has cost" in ask("", "--as-of", "2025-01-01").out


def test_runs_without_an_agent_tell_what_it_adds(verdicts: Company) -> None:
    told = verdicts(value("0.50", workflow="claims"))
    assert told["finder"]["verdict"] == "keep"
    assert float(told["finder"]["adds"]) == pytest.approx(0.5 * 34 / 60, rel=0.1)
    assert Decimal(told["finder"]["adds_low"]) < Decimal(told["finder"]["adds"]) < Decimal(told["finder"]["adds_high"])
    assert float(told["finder"]["cost_per_run"]) == pytest.approx(0.10, rel=0.05)
    assert told["finder"]["runs_without"] == 60
    assert told["checker"]["verdict"] == "low_value_high_cost"
    assert told["checker"]["advice"].startswith("leave it out")
    assert "of 60 runs with it are accepted" in told["checker"]["reasons"][1]
    (said,) = told["filer"]["reasons"][:1]
    assert said == "value not separable: judged with workflow claims led by adjuster; 20 judged runs without it, 30 are needed"
    assert told["looker-up"]["reasons"][0].startswith("value not separable")
    assert told["looker-up"]["adds"] is None


def test_each_agent_has_what_saves_most_on_it(ask: Callable[..., Ran]) -> None:
    amounts = {"refunds": "0.20", "tours": "0.30", "drafts": "1.00", "letters": "1.00"}
    ran = ask("".join(value(amount, workflow=name) for name, amount in amounts.items()), "-f", "json")
    told = {row["agent"]: row for row in ran.json["rows"]}
    month = 30 / 70
    assert told["refunder"]["action"] == "retire"
    assert (told["guide"]["action"], told["guide"]["action_what"]) == ("shrink", "stop it for south")
    assert float(told["guide"]["saving"]) == pytest.approx(month * (80 * 0.10 - 4 * 0.30), rel=0.15)
    assert (told["writer"]["action"], told["writer"]["action_what"]) == ("move", "to gpt-4o-mini from gpt-4o")
    assert float(told["writer"]["saving"]) == pytest.approx(month * 80 * 0.10 * 0.94, rel=0.15)
    assert (told["wordy"]["action"], told["wordy"]["action_what"]) == ("re-prompt", "to about 40,000 tokens a run from 120,000")
    assert float(told["wordy"]["saving"]) == pytest.approx(month * 40 * 0.20, rel=0.15)
    for row in told.values():
        assert (row["saving"] is None) == (row["action"] is None)
        assert row["saving"] is None or Decimal(row["saving_low"]) <= Decimal(row["saving"]) <= Decimal(row["saving_high"])
    (total,) = ran.json["totals"]
    assert total["actions"] == 4
    assert (
        Decimal(total["saving_low"]) < sum(Decimal(row["saving"] or 0) for row in told.values()) < Decimal(total["saving_high"])
    )
    assert any("retire 1, shrink 1, move 1, re-prompt 1; together" in note for note in ran.json["meta"]["notes"])


def test_what_is_said_of_one_currency_names_it_and_what_is_said_of_all_stands_once() -> None:
    told = [["none of 2 agents could be judged", "no value is known"], ["none of 3 agents could be judged", "no value is known"]]
    assert _of_currencies(["EUR", "USD"], told) == [
        *("EUR: none of 2 agents could be judged", "no value is known"),
        "USD: none of 3 agents could be judged",
    ]
    assert _of_currencies(["USD"], told[:1]) == told[0]
