"""`finops forecast` with planned changes, what-if questions and changed list prices."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran

HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,BilledCost,"
    "EffectiveCost,ListCost,ContractedCost,ProviderName,InvoiceIssuerName,PublisherName,ServiceName,RegionId,Tags"
)
PLAN = """
[[plan]]
what = "claims bot goes live"
from = 2026-12-11
to = 2026-12-21
scope = {tenant = "acme", agent = "claims-bot"}
per_day = "12.50"

[[plan]]
what = "steady ends"
from = 2026-12-01
scope = {agent = "steady"}
spend = "-100%"

[[plan]]
what = "audit"
from = 2026-12-10
once = 150
"""


def bill() -> str:
    """Two agents, 10 and 30 a day on two services since August; both rise on Mondays."""
    lines = [HEADER]
    for n in range(111):
        day = date(2026, 8, 1) + timedelta(days=n)
        month = day.replace(day=1)
        after = (month + timedelta(days=32)).replace(day=1)
        for agent, service, cost in (("steady", "Search", 10), ("busy", "Search", 20), ("busy", "Mail", 10)):
            tags = json.dumps({"agent": agent, "tenant": "acme"}).replace('"', '""')
            amount = cost + (day.weekday() == 0)
            spans = ",".join(f"{at}T00:00:00Z" for at in (month, after, day, day + timedelta(days=1)))
            lines.append(f'1,USD,{spans},Usage,{amount},{amount},{amount},{amount},AWS,AWS,AWS,{service},us-east-1,"{tags}"')
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from finops.cli.app import run

    home = tmp_path_factory.mktemp("planned")
    (home / "bill.csv").write_text(bill(), encoding="utf-8")
    (home / "finops.toml").write_text("", encoding="utf-8")
    (home / "plan.toml").write_text(PLAN, encoding="utf-8")
    assert run(["ingest", str(home / "bill.csv"), "--config", str(home / "finops.toml"), "-q", "-o", "/dev/null"]) == 0
    return home


Ask = Callable[..., Ran]


@pytest.fixture
def ask(finops: Callable[..., Ran], home: Path) -> Ask:
    def asked(*arguments: object) -> Ran:
        return finops("forecast", *arguments, "--as-of", "2026-11-20", "-f", "json", "--config", home / "finops.toml")

    return asked


def rows(ran: Ran, period: str, by: str) -> dict[str, dict[str, Any]]:
    assert ran.code == 0, ran.err
    return {row[by]: row for row in ran.json["rows"] if row["period"] == period}


def test_a_plan_adds_and_ends_and_everything_adds_up(ask: Ask, home: Path) -> None:
    plain = rows(ask("--months", "1", "--by", "agent"), "2026-12", "agent")
    ran = ask("--months", "1", "--by", "agent", "--plan", home / "plan.toml")
    found = rows(ran, "2026-12", "agent")
    assert Decimal(found["claims-bot"]["expected"]) == 125
    assert Decimal(found["__planned__"]["expected"]) == 150
    assert Decimal(found["steady"]["expected"]) == 0
    assert found["busy"]["expected"] == plain["busy"]["expected"]
    assert found["steady"]["unchanged"] == plain["steady"]["expected"]
    total = next(row for row in ran.json["totals"] if row["period"] == "2026-12")
    assert sum(Decimal(row["expected"]) for row in found.values()) == Decimal(total["expected"])
    effects = [Decimal(row["effect"]) for row in ran.json["meta"]["changes"] if row["period"] == "2026-12"]
    assert sum(effects) == Decimal(total["expected"]) - Decimal(total["unchanged"])


def test_a_plan_of_the_settings_counts_always(finops: Callable[..., Ran], home: Path) -> None:
    config = home / "with-plans.toml"
    config.write_text(PLAN, encoding="utf-8")
    ran = finops("forecast", "--months", "1", "--as-of", "2026-11-20", "-f", "json", "--config", config)
    assert "claims bot goes live: +$125 in December" in ran.err


def test_a_change_of_price_moves_only_what_it_is_about_and_the_same_total_by_any_grouping(ask: Ask) -> None:
    question = ("--months", "1", "--price", "Mail=+50%")
    by_service, by_agent = (rows(ask(*question, "--by", by), "2026-12", by) for by in ("service", "agent"))
    plain = rows(ask("--months", "1", "--by", "service"), "2026-12", "service")
    assert by_service["Search"]["expected"] == plain["Search"]["expected"]
    assert abs(Decimal(by_service["Mail"]["expected"]) - Decimal(plain["Mail"]["expected"]) * Decimal("1.5")) < 5
    sums = [sum(Decimal(row["expected"]) for row in of.values()) for of in (by_service, by_agent)]
    assert sums[0] == sums[1]
    assert by_agent["steady"]["expected"] == by_agent["steady"]["unchanged"]
    assert Decimal(by_service["Mail"]["p90"]) > Decimal(plain["Mail"]["p90"])


def test_volume_starts_on_the_day_after_the_business_date(ask: Ask) -> None:
    ran = ask("--volume", "busy=-100%")
    total = ran.json["totals"][0]
    spent, gone = Decimal(total["spent"]), Decimal(total["unchanged"]) - Decimal(total["expected"])
    assert spent == 19 * 40 + 3 * 3
    assert abs(gone - (10 * 30 + 2 * 2)) < 6


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--volume", "bsy=+10%"), "did you mean `busy`?"),
        (("--volume", "busy=10%"), "write it with its sign"),
        (("--volume", "busy"), "NAME=CHANGE"),
        (("--price", "Mail=-200%"), "-100% is the most"),
        (("--model", "gpt-9=gpt-4o"), "no model is called `gpt-9`"),
        (("--plan", "nowhere.toml"), "there is no file of plans"),
    ],
)
def test_questions_that_make_no_sense(ask: Ask, arguments: tuple[str, str], said: str) -> None:
    ran = ask(*arguments)
    assert ran.code == 2
    assert said in ran.err


@pytest.mark.parametrize(
    ("plan", "said"),
    [
        ('[[plan]]\nwhat = "x"\nfrom = 2026-12-01\n', "says no change"),
        ('[[plan]]\nwhat = "x"\nfrom = 2026-12-01\nspend = "+1%"\nonce = 3\n', "says `spend` and `once`"),
        ('[[plan]]\nwhat = "x"\nfrom = 2026-12-01\nscope = {agnt = "a"}\nspend = "+1%"\n', "did you mean `agent`?"),
        ('[[plan]]\nwhat = "x"\nfrom = 2026-12-01\nscope = {agent = "a"}\nmodel = "b"\n', "must say of which model"),
        ('[[plan]]\nwhat = "x"\nwhen = 2026-12-01\n', "unknown key `when`"),
    ],
)
def test_plans_that_make_no_sense_name_their_line(ask: Ask, tmp_path: Path, plan: str, said: str) -> None:
    (tmp_path / "plan.toml").write_text(plan, encoding="utf-8")
    ran = ask("--plan", tmp_path / "plan.toml")
    assert ran.code == 2
    assert said in ran.err
    assert ":1 [[plan]]" in ran.err


def test_a_plan_about_nobody_says_so(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "p.toml").write_text('[[plan]]\nwhat = "x"\nfrom = 2026-11-21\nscope = {agent = "zoe"}\nspend = "+9%"\n')
    ran = ask("--plan", tmp_path / "p.toml")
    assert ran.code == 0
    assert "x changes nothing: no agent `zoe` has spent anything" in ran.err
