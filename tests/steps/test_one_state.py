"""A report shows one state of the ledger, though a load commits while it is made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from finops.config import Overrides
from finops.core.talk import Silence
from finops.ledger.store import one_state, open_reader
from finops.steps.ingesting.ingest import ingest
from finops.steps.reporting import answers as report_answers
from finops.steps.reporting.report import report_page
from tests.conftest import Ran
from tests.ledger.small_bills import deliver, line, write_bill

Finops = Callable[..., Ran]
HEAD = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,ChargePeriodStart,InvoiceIssuerName,ProviderName,ChargeCategory,"
    "ServiceName,BilledCost,EffectiveCost"
)


def bill(name: str, account: str, cost: str) -> Path:
    lines = [
        f"{account},USD,2026-10-01T00:00:00Z,2026-10-{day:02}T00:00:00Z,AWS,AWS,Usage,ec2,{cost},{cost}" for day in range(1, 25)
    ]
    Path(name).write_text("\n".join([HEAD, *lines]) + "\n", encoding="utf-8")
    return Path(name)


def test_a_load_half_way_does_not_reach_the_report(finops: Finops, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finops("ingest", bill("first.csv", "1", "10")).code == 0
    overrides = Overrides(as_of=date(2026, 10, 24))
    alone = report_page(overrides, talk=Silence())
    asked = report_answers._asked

    def loading(step: Callable[..., Any], own: Overrides) -> Any:
        """Another account's bill comes in before each step is asked."""
        ingest(Overrides(), [bill(f"{step.__name__}.csv", step.__name__, "1000")], talk=Silence())
        return asked(step, own)

    monkeypatch.setattr(report_answers, "_asked", loading)
    meanwhile = report_page(overrides, talk=Silence())
    assert meanwhile.headline == alone.headline
    assert meanwhile.spend == alone.spend
    assert meanwhile.reconciliation == alone.reconciliation
    monkeypatch.setattr(report_answers, "_asked", asked)
    after = report_page(overrides, talk=Silence())
    assert len(after.reconciliation) > len(alone.reconciliation)


def test_readers_inside_share_the_state_and_keep_their_own_names(tmp_path: Path) -> None:
    path = tmp_path / "finops.duckdb"
    deliver(path, write_bill(tmp_path / "a.csv", [line("1")]))
    count = "SELECT count(*) AS n, count(*) FILTER (hour(TIMESTAMPTZ '2026-01-01 00:00:00+00') = 0) AS utc FROM charge"
    with open_reader(path) as first:
        with one_state(first):
            deliver(path, write_bill(tmp_path / "b.csv", [line("2", account="b")]))
            with open_reader(path) as second:
                assert second.query(count) == [{"n": 1, "utc": 1}]
                second.query("CREATE TEMP TABLE own AS SELECT 1 AS one")
                with open_reader(path) as third:
                    assert third.query("SELECT count(*) AS n FROM duckdb_tables() WHERE temporary AND table_name = 'own'") == [
                        {"n": 0}
                    ]
            assert first.query(count) == [{"n": 1, "utc": 1}]
        with open_reader(path) as later:
            assert later.query(count)[0]["n"] == 2
