"""Closed months: they keep the rules, owners and prices they were closed with, in every build, until restated."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from finops.core.contracts import CALL
from finops.core.settings import AccountMap, Identity, Rule, Workflow
from finops.core.talk import Silence
from finops.ledger.deliveries import Intake
from finops.ledger.engine.build import build
from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.configured import allocation_document, allocation_of_document, dates_of_change
from finops.ledger.engine.months import closed_months, kept_configurations
from finops.ledger.engine.pricing import PriceInputs
from finops.ledger.engine.runner import BuildReport
from finops.ledger.store import open_reader, open_writer
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load
from tests.ledger.small_bills import deliver, line, part_of, write_bill

SEPTEMBER, OCTOBER = date(2026, 9, 1), date(2026, 10, 1)
TO_LEFT = Allocation(rules=(Rule("shared", "shared", match={"ServiceName": "S"}, split="left"),))
TO_ACME = Allocation(rules=(Rule("shared", "direct", match={"ServiceName": "S"}, owner={"tenant": "acme"}),))


@dataclass(frozen=True)
class Point:
    """A price of every model's output."""

    price: Decimal
    provider: str = "openai"
    model: str = "m"
    token_class: str = "output"
    service_tier: str = "standard"
    variant: str = ""
    min_input_tokens: int = 0
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    tod_from: Any = None
    tod_to: Any = None
    currency: str = "USD"


@dataclass(frozen=True)
class Batch:
    """A batch of one price."""

    name: str
    points: Sequence[Point]
    as_of: date = date(2026, 10, 1)
    source: str = "test"

    def of(self, models: Collection[tuple[str, str]]) -> list[Point]:
        return [point for point in self.points if (point.provider, point.model) in models]


def prices(name: str, price: str, model: str = "m") -> PriceInputs:
    return PriceInputs(
        {"openai": "openai"},
        lambda: Batch(name, [Point(Decimal(price), model=model)]),
        lambda _provider, _model: ("openai", model),
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A closed September and an open October of one account, with one call in each."""
    path = tmp_path / "ledger" / "finops.duckdb"
    september = [line("10", month="2026-09", invoice="I-9"), line("5", month="2026-09", invoice="I-9", service="T")]
    deliver(path, write_bill(tmp_path / "bill.csv", [*september, line("20", month="2026-10"), line("7", service="T")]))
    load_calls(path, tmp_path / "calls.log", [datetime(2026, 9, 10), datetime(2026, 10, 10)])
    return path


def load_calls(ledger: Path, log: Path, times: Iterable[datetime]) -> None:
    log.write_text(" ".join(map(str, times)))
    rows = [
        {
            "span": f"{t}",
            "trace": f"{t}",
            "operation": "inference",
            "start_time": t,
            "provider": "openai",
            "model": "M",
            "output": 3,
        }
        for t in times
    ]
    batch = pa.RecordBatch.from_pylist([{n: row.get(n) for n in CALL.names} for row in rows], schema=arrow_schema("call"))
    with open_writer(ledger) as writer:
        intake = Intake(writer)
        intake.take("log", part_of(log), [Load("call", iter([batch]))])
        intake.finish()


def built(ledger: Path, allocation: Allocation, inputs: PriceInputs = prices("v1", "1"), **how: Any) -> BuildReport:
    with open_writer(ledger) as writer:
        return build(writer, allocation, inputs, date(2026, 10, 20), Silence(), **how)


def placed(ledger: Path) -> dict[tuple[str, str], Decimal]:
    """Month and tenant to what was billed."""
    with open_reader(ledger) as reader:
        rows = reader.query(
            "SELECT strftime(billing_month, '%m') AS m, tenant, sum(billed) AS n FROM fct_cost"
            " WHERE basis = 'billed' GROUP BY ALL"
        )
    return {(row["m"], row["tenant"]): row["n"] for row in rows}


def priced(ledger: Path) -> list[tuple[Any, ...]]:
    """Day, list cost and model of each call."""
    with open_reader(ledger) as reader:
        rows = reader.query("SELECT strftime(call_day, '%m-%d') AS day, list_cost, model FROM fct_call ORDER BY start_time")
    return [(row["day"], row["list_cost"], row["model"]) for row in rows]


def everything(ledger: Path) -> dict[str, list[dict[str, Any]]]:
    with open_reader(ledger) as reader:
        return {
            table: reader.query(f"SELECT * FROM {table} ORDER BY ALL")
            for table in (
                "fct_call",
                "fct_usage",
                "fct_pool",
                "fct_allocation",
                "fct_estimate",
                "fct_cost",
                "fct_run",
                "mart_agent_day",
            )
        }


LEFT_THEN_ACME = {
    ("09", "__left__"): Decimal(10),
    ("09", "__untagged__"): Decimal(5),
    ("10", "acme"): Decimal(20),
    ("10", "__untagged__"): Decimal(7),
}


def test_a_changed_rule_places_open_months_only(ledger: Path) -> None:
    assert built(ledger, TO_LEFT).kept == ()
    report = built(ledger, TO_ACME)
    assert report.kept == ("2026-09",)
    assert placed(ledger) == LEFT_THEN_ACME
    assert built(ledger, TO_ACME).rows == {}


def test_a_full_build_runs_each_month_by_its_own_rules(ledger: Path) -> None:
    built(ledger, TO_LEFT)
    built(ledger, TO_ACME, prices("v2", "2"))
    before = everything(ledger)
    report = built(ledger, TO_ACME, prices("v2", "2"), full=True)
    assert report.full
    assert report.kept == ("2026-09",)
    assert report.rows["fct_cost"] == len(before["fct_cost"])
    assert everything(ledger) == before


def test_a_restated_month_takes_todays_rules_and_prices(ledger: Path) -> None:
    built(ledger, TO_LEFT)
    built(ledger, TO_ACME, prices("v2", "2"))
    report = built(ledger, TO_ACME, prices("v2", "2"), restate=[SEPTEMBER])
    assert report.kept == ()
    assert placed(ledger)["09", "acme"] == 10
    assert [cost for _, cost, _ in priced(ledger)] == [6, 6]
    before = everything(ledger)
    built(ledger, TO_ACME, prices("v2", "2"), full=True)
    assert everything(ledger) == before


def test_new_prices_and_names_leave_closed_months_alone(ledger: Path) -> None:
    built(ledger, TO_LEFT)
    assert priced(ledger) == [("09-10", 3, "m"), ("10-10", 3, "m")]
    built(ledger, TO_LEFT, prices("v2", "2", "m-2"))
    expected = [("09-10", 3, "m"), ("10-10", 6, "m-2")]
    assert priced(ledger) == expected
    built(ledger, TO_LEFT, prices("v2", "2", "m-2"), full=True)
    assert priced(ledger) == expected


def test_names_are_looked_for_again_when_prices_come_back(ledger: Path) -> None:
    ours = prices("ours", "1")
    built(ledger, TO_LEFT, ours)
    built(ledger, TO_LEFT, replace(ours, tokens=lambda: Batch("theirs", []), resolve_model=lambda _provider, _model: None))
    assert priced(ledger)[1][1] is None
    built(ledger, TO_LEFT, ours)
    assert priced(ledger) == [("09-10", 3, "m"), ("10-10", 3, "m")]


def test_what_arrives_late_is_placed_by_what_its_month_was_closed_with(ledger: Path, tmp_path: Path) -> None:
    built(ledger, TO_LEFT)
    built(ledger, TO_ACME)
    with open_writer(ledger) as writer:
        intake = Intake(writer, how="part")
        late = write_bill(tmp_path / "late.csv", [line("3", month="2026-09", day=9, invoice="I-9")])
        from tests.ledger.small_bills import take

        take(intake, late)
        intake.finish()
    load_calls(ledger, tmp_path / "late.log", [datetime(2026, 9, 20)])
    built(ledger, TO_ACME)
    assert placed(ledger) == LEFT_THEN_ACME | {("09", "__left__"): Decimal(13)}
    assert [cost for _, cost, _ in priced(ledger)] == [3, 3, 3]


def test_a_month_that_closes_later_keeps_what_it_had_then(ledger: Path, tmp_path: Path) -> None:
    built(ledger, TO_LEFT)
    built(ledger, TO_ACME)
    october = [line("20", month="2026-10", invoice="I-10"), line("7", service="T", invoice="I-10")]
    september = [line("10", month="2026-09", invoice="I-9"), line("5", month="2026-09", invoice="I-9", service="T")]
    deliver(ledger, write_bill(tmp_path / "bill.csv", [*september, *october, line("1", month="2026-11")]))
    built(ledger, TO_ACME)
    with open_reader(ledger) as reader:
        assert sorted(kept_configurations(reader)) == [SEPTEMBER, OCTOBER]
    assert built(ledger, Allocation()).kept == ("2026-09", "2026-10")
    assert placed(ledger) == LEFT_THEN_ACME | {("11", "__untagged__"): Decimal(1)}


def test_accounts_without_invoice_numbers_hold_no_month_open(ledger: Path, tmp_path: Path) -> None:
    deliver(ledger, write_bill(tmp_path / "other.csv", [line("1", month="2026-09", account="b")]))
    with open_writer(ledger) as writer:
        built_ = build(writer, TO_LEFT, prices("v1", "1"), date(2026, 10, 20), Silence())
        assert built_.rows
        assert closed_months(writer) == {SEPTEMBER}
    deliver(ledger, write_bill(tmp_path / "third.csv", [line("1", month="2026-09", account="c", invoice="I")]))
    with open_writer(ledger) as writer:
        build(writer, TO_LEFT, prices("v1", "1"), date(2026, 10, 20), Silence())
        assert closed_months(writer) == frozenset()


def test_an_allocation_survives_its_document() -> None:
    allocation = Allocation(
        Identity(tenant=("tag:team",)),
        (AccountMap("1", tenant="a", from_=date(2026, 1, 1), line=3),),
        (
            Rule(
                "r",
                "metered",
                {"tag:x": ["a", "b"]},
                date(2026, 2, 1),
                None,
                "requests",
                ("resource",),
                tolerance=Decimal("0.25"),
                line=9,
            ),
        ),
        (Workflow("w", "session", 3, ("human", "judge")),),
    )
    text = allocation_document(allocation)
    again = allocation_of_document(text)
    assert allocation_document(again) == text
    assert again.rules[0].tolerance == Decimal("0.25")
    assert again.rules[0].from_ == date(2026, 2, 1)
    assert again.workflows[0].evaluators == ("human", "judge")
    assert again.identity.tenant == ("tag:team",)


def test_a_rule_with_dates_dirties_the_months_of_its_dates(ledger: Path, tmp_path: Path) -> None:
    rule, other = Rule("r", "shared", from_=date(2026, 3, 5), line=1), Rule("s", "shared", line=2)
    before = Allocation(rules=(rule, other))
    later = Rule("r", "shared", from_=date(2026, 3, 5), to=date(2026, 4, 1), line=1)
    assert dates_of_change(before, before) == []
    assert dates_of_change(before, Allocation(rules=(rule, Rule("s", "shared", line=7)))) == []
    assert dates_of_change(before, Allocation(rules=(later, other))) == [
        (date(2026, 3, 5), None),
        (date(2026, 3, 5), date(2026, 4, 1)),
    ]
    assert dates_of_change(before, Allocation(rules=(other, rule))) is None
    assert dates_of_change(before, Allocation(Identity(tenant=()), rules=before.rules)) is None
    built(ledger, TO_LEFT)
    dated = Allocation(rules=(*TO_LEFT.rules, Rule("late", "shared", {"ServiceName": "T"}, date(2026, 11, 1), split="left")))
    assert built(ledger, dated).charge_days == 0
    dated = Allocation(rules=(*TO_LEFT.rules, Rule("late", "shared", {"ServiceName": "T"}, date(2026, 10, 1), split="left")))
    assert built(ledger, dated).charge_days == 31
    assert placed(ledger)["10", "__left__"] == 27
