"""The report step: which month, which numbers, what it says when parts are missing, and the same bytes for the same ledger."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.core.result import Result
from finops.steps.reporting.files import data_files
from finops.steps.reporting.page import cost_per_success
from finops.steps.reporting.parts import cumulated, reconciliation, reviews, spend_and_forecast
from finops.steps.reporting.period import Period, chosen_period, month_totals
from finops.steps.reporting.placement import placement_map
from tests.conftest import Ran
from tests.render import pages

D = Decimal
AS_OF = date(2026, 11, 20)


def month(currency: str, first: date, cost: str = "10", last: date | None = None) -> dict[str, Any]:
    return {"currency": currency, "month": first, "first_day": first, "last_day": last or first, "cost": D(cost)}


def period(as_of: date = AS_OF) -> Period:
    months = [month("USD", date(2026, m, 1), str(m)) for m in range(8, 12)]
    return chosen_period(months, None, as_of)


def test_the_period_is_the_month_of_the_business_date() -> None:
    found = period()
    assert (found.first, found.last, found.month_end) == (date(2026, 11, 1), AS_OF, date(2026, 11, 30))
    assert (found.before_first, found.before_last) == (date(2026, 10, 1), date(2026, 10, 20))
    assert not found.closed
    assert found.has_before


def test_a_ledger_that_ends_earlier_is_shown_where_it_ends() -> None:
    found = period(date(2027, 3, 5))
    assert (found.first, found.last) == (date(2026, 11, 1), date(2026, 11, 30))
    assert (found.before_first, found.before_last) == (date(2026, 10, 1), date(2026, 10, 31))
    assert found.closed


def test_a_short_month_is_compared_with_all_of_itself() -> None:
    found = chosen_period([month("USD", date(2026, 2, 1)), month("USD", date(2026, 3, 1))], None, date(2026, 3, 30))
    assert found.before_last == date(2026, 2, 28)


def test_nothing_is_compared_with_days_that_the_ledger_does_not_know() -> None:
    months = [month("USD", date(2026, 10, 1)) | {"first_day": date(2026, 10, 5)}, month("USD", date(2026, 11, 1))]
    assert not chosen_period(months, None, AS_OF).has_before


def test_the_currency_is_the_one_known_longest_never_the_largest_number() -> None:
    months = [month("JPY", date(2026, 11, 1), "900000"), *(month("USD", date(2026, m, 1)) for m in (9, 10, 11))]
    assert chosen_period(months, None, AS_OF).currency == "USD"
    assert chosen_period(months, "JPY", AS_OF).currency == "JPY"
    assert chosen_period([], None, AS_OF).currency == "USD"


def test_only_whole_months_are_totals() -> None:
    months = [month("USD", date(2026, m, 1), str(m)) for m in range(8, 12)]
    months[0]["first_day"] = date(2026, 8, 9)
    assert [cost for _, cost in month_totals(months, chosen_period(months, None, AS_OF))] == [9, 10]


def test_spend_adds_up_day_by_day_and_silent_days_stay_level() -> None:
    days = [{"day": date(2026, 11, d), "cost": D(d)} for d in (1, 2, 5)]
    made = cumulated(days, period())
    assert [amount for _, amount in made] == [1, 3, 3, 3, 8]
    assert made[-1][0] == date(2026, 11, 5)
    assert cumulated([], period()) == ()


def forecast(**changes: Any) -> Result:
    row = {"period": "2026-11", "currency": "USD", "spent": D(8), "expected": D(48), "p10": D(40), "p25": D(44), "p75": D(52),
           "p90": D(60), "method": "weekly"}  # fmt: skip
    return Result((), [], totals=[{**row, **changes}])


def test_the_fan_ends_where_the_forecast_ends_and_only_widens() -> None:
    days = [{"day": date(2026, 11, d), "cost": D(2)} for d in range(1, 21)]
    part = spend_and_forecast(days, period(), forecast(), D(50))
    last = part.figure.fan[-1]
    assert (last.day, last.expected, last.p10, last.p90) == (date(2026, 11, 30), 48, 40, 60)
    assert part.figure.fan[0].day == date(2026, 11, 21)
    widths = [d.p90 - d.p10 for d in part.figure.fan if d.p90 is not None and d.p10 is not None]
    assert widths == sorted(widths)
    assert part.figure.no_interval is None


def test_a_forecast_day_by_day_is_drawn_as_it_is() -> None:
    path = [{"day": AS_OF + timedelta(days=n), "expected": D(40 + n), "p10": D(40), "p25": D(40), "p75": D(60), "p90": D(70)}
            for n in range(1, 15)]  # fmt: skip
    answer = Result((), [], totals=forecast().totals, meta={"days": path})
    fan = spend_and_forecast([{"day": AS_OF, "cost": D(40)}], period(), answer, None).figure.fan
    assert [d.expected for d in fan] == [41 + n for n in range(10)]


def test_spend_is_drawn_to_the_last_complete_day() -> None:
    """The forecast begins with the running day, whose spend is not all there yet."""
    path = [{"day": AS_OF + timedelta(days=n - 2), "expected": D(40 + n), "p10": D(40)} for n in range(1, 13)]
    answer = Result((), [], totals=forecast().totals, meta={"days": path})
    days = [{"day": date(2026, 11, d), "cost": D(2)} for d in range(1, 21)]
    figure = spend_and_forecast(days, period(), answer, None).figure
    assert figure.days[-1] == (date(2026, 11, 18), 36)
    assert figure.fan[0].day == date(2026, 11, 19)


def test_without_an_interval_there_is_a_reason() -> None:
    bare = forecast(p10=None, p25=None, p75=None, p90=None)
    days = [{"day": AS_OF, "cost": D(40)}]
    figure = spend_and_forecast(days, period(), bare, None).figure
    assert figure.fan[-1].p10 is None
    assert figure.no_interval == "the history is too short for an interval"
    figure = spend_and_forecast(days, period(), "nothing has been spent", None).figure
    assert (figure.fan, figure.no_interval) == ((), "nothing has been spent")


def test_cost_per_success_counts_judged_runs_of_judged_workflows_only() -> None:
    def row(workflow: str, cost: int, runs: int, accepted: int, refused: int) -> dict[str, Any]:
        return {"workflow": workflow, "cost": D(cost), "runs": runs, "accepted": accepted, "refused": refused}

    assert cost_per_success([row("a", 100, 10, 4, 1), row("b", 999, 5, 0, 0)]) == (D("12.5"), None)
    assert cost_per_success([row("a", 100, 10, 0, 0)]) == (None, "no outcomes are known: ingest outcomes")
    assert cost_per_success([row("a", 100, 10, 0, 3)]) == (None, "no run was accepted")
    assert cost_per_success([row("a", 100, 0, 0, 0)]) == (None, "no runs are known: ingest traces")
    assert cost_per_success([]) == (None, "no runs are known: ingest traces")


def test_reviews_come_by_what_is_at_stake() -> None:
    def row(agent: str, verdict: str, loss: str | None) -> dict[str, Any]:
        return {"agent": agent, "workflow": "w", "verdict": verdict, "expected_monthly_loss": loss, "reasons": ["because"]}

    rows = [
        row("a", "watch", "900"),
        row("b", "low_value_high_cost", "10"),
        row("c", "low_value_high_cost", "20"),
        row("d", "keep", None),
    ]
    found, why = reviews(Result((), rows))
    assert [r.agent for r in found] == ["c", "b", "a"]
    assert why is None
    assert (
        reviews(Result((), [row("a", "insufficient_data", None)]))[1] == "too few runs have an outcome, so no agent can be judged"
    )
    assert reviews("nothing there") == ((), "nothing there")


def test_bills_to_come_are_left_out() -> None:
    row = {"issuer": "AWS", "account": None, "currency": "USD", "billed": D(1), "allocated": D(1), "difference": D(0)}
    answer = Result((), [{**row, "period": p} for p in ("2026-10", "2026-12")])
    assert [r.period for r in reconciliation(answer, AS_OF)] == ["2026-10"]
    assert reconciliation(answer, AS_OF)[0].invoice_total is None


def place(region: str, name: str, option: str, cost: str | None, **more: Any) -> dict[str, Any]:
    row = {"provider": "aws", "region": region, "instance_type": name, "count": 1, "purchase_option": option, "model": "m",
           "feasible": cost is not None, "reason": None, "unit_cost": D(cost) if cost else None, "unit": "image",
           "currency": "USD", "monthly_cost": D(700), "today": False, "price_as_of": AS_OF, "price_source": "facts",
           "price_status": "current" if cost else "unknown"}  # fmt: skip
    return row | more


def test_the_map_tells_not_offered_from_no_price() -> None:
    rows = [
        place("us", "g6", "on_demand", "4", today=True),
        place("us", "g6", "spot", "1", price_as_of=date(2026, 5, 1), price_source="on-demand; advisor", price_status="old"),
        place("eu", "g6", "on_demand", "5"),
        place("eu", "g6", "spot", None, reason="no spot price known in eu"),
        place("us", "g5", "on_demand", "6"),
        place("us", "g5", "spot", None, reason="not offered as spot in us", price_status="not_offered"),
        place("eu", "g5", "spot", "6", currency="EUR"),
        place("us-central1", "g2", "on_demand", "3", provider="gcp"),
    ]
    part, why = placement_map((Result((), rows, meta={"workload": "tagging", "utilisation": D(1)}),))
    chart = part.figure
    assert why is None
    assert chart is not None
    cells = {(c.region, c.instance_type): c for panel in chart.panels for c in panel.cells}
    assert cells["eu", "g6"].spot.state == "no_price"
    assert cells["us", "g5"].spot.state == "not_offered"
    assert cells["eu", "g5"].on_demand.state == "no_price", "nobody said that it is not offered"
    assert cells["eu", "g5"].spot.state == "other_currency"
    assert [(p.provider, p.regions) for p in chart.panels] == [("aws", ("us", "eu")), ("gcp", ("us-central1",))]
    assert cells["us-central1", "g2"].spot.state == "no_price"
    assert cells["us", "g6"].spot.stale
    assert cells["us", "g6"].spot.derived
    assert (chart.best, chart.today) == (("aws", "us", "g6", "spot"), ("aws", "us", "g6", "on_demand"))
    assert chart.monthly_saving == D(525)
    assert {p.name: p.stale for p in part.prices} == {"aws on demand": False, "aws spot": True, "gcp on demand": False}


def test_without_prices_or_benchmarks_there_is_a_reason() -> None:
    assert placement_map("the ledger holds no benchmark")[1] == "the ledger holds no benchmark"
    assert placement_map(())[1] == "no benchmark has been ingested"
    nothing = Result((), [place("us", "g6", "spot", None)])
    assert placement_map((nothing,))[1] == "no benchmarked hardware has a known price"


def test_files_hold_the_numbers_exactly() -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = data_files(pages.full(), Path("data"))
    rows = list(csv.DictReader(files[Path("data/reconciliation.csv")].decode().splitlines()))
    assert rows[0]["billed"] == "20311.123456789"
    table = pq.read_table(pa.BufferReader(files[Path("data/reconciliation.parquet")]))
    assert table["billed"][0].as_py() == D("20311.123456789")
    assert {path.suffix for path in files} == {".csv", ".parquet"}
    assert files == data_files(pages.full(), Path("data"))


def test_a_name_is_no_formula_in_a_spreadsheet() -> None:
    text = data_files(pages.hostile(), Path())[Path("tenants.csv")].decode()
    assert "\n'=cmd()," in text


# The whole step, on the sample company and on real bills.


def test_the_sample_company(sample: Callable[..., Ran], tmp_path: Path) -> None:
    ran = sample("report", "--as-of", "2026-11-20", "--out", tmp_path / "r", "--data-dir", tmp_path / "d", "-f", "json")
    assert ran.code == 0, ran.err
    html = (tmp_path / "r" / "report.html").read_text(encoding="utf-8")
    assert len(html.encode()) < 150 * 1024
    assert re.search(r"<h1>November will close at \$\d", html)
    cost = sample("cost", "--by", "tenant", "--month", "2026-11", "--as-of", "2026-11-20", "-f", "json").json
    rows = list(csv.DictReader((tmp_path / "d" / "tenants.csv").read_text(encoding="utf-8").splitlines()))
    assert sum(D(row["spend"]) for row in rows) == sum(D(total["cost"]) for total in cost["totals"])
    agents = list(csv.DictReader((tmp_path / "d" / "agents.csv").read_text(encoding="utf-8").splitlines()))
    assert sum(D(row["spend"]) for row in agents) == sum(D(row["spend"]) for row in rows)
    for name in ("trip-planner", "quote-approver"):
        assert f"<h3>{name} " in html
    assert (tmp_path / "r" / "summary.md").read_text(encoding="utf-8").startswith("### AI cost report — `acme`")
    assert {row["file"] for row in ran.json["rows"]} >= {str(tmp_path / "r" / "report.html")}


def test_the_same_ledger_gives_the_same_bytes(sample: Callable[..., Ran], tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert sample("report", "--as-of", "2026-11-20", "--out", tmp_path / name).code == 0
    for file in ("report.html", "summary.md"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_a_bill_alone(finops: Callable[..., Ran], shared_file: Callable[[str], Path], tmp_path: Path) -> None:
    assert finops("ingest", shared_file("focus/focus_sample.csv")).code == 0
    ran = finops("report", "--as-of", "2026-11-20")
    assert ran.code == 0, ran.err
    html = (tmp_path / "finops-report" / "report.html").read_text(encoding="utf-8")
    assert "closed at" in html
    assert "no runs are known: ingest traces" in html
    assert "No benchmark to compare placements with" in html
    assert "Not checked against an invoice." in html


def test_no_ledger_is_a_clear_error(finops: Callable[..., Ran]) -> None:
    ran = finops("report")
    assert ran.code == 1
    assert "there is no ledger" in ran.err
    assert "hint:" in ran.err


@pytest.mark.parametrize("form", ["json", "csv", "table"])
def test_it_names_what_it_wrote(sample: Callable[..., Ran], tmp_path: Path, form: str) -> None:
    ran = sample("report", "--as-of", "2026-11-20", "-f", form)
    assert "report.html" in ran.out
    assert form != "json" or json.loads(ran.out)["meta"]["period"] == "2026-11-01/2026-11-20"


def test_the_last_day_of_a_month_is_not_over_yet() -> None:
    assert not period(date(2026, 11, 30)).closed
    assert period(date(2026, 12, 1)).closed


def test_a_month_whose_daily_spend_stops_early_never_closed() -> None:
    months = [month("USD", date(2026, 11, 1), last=date(2026, 11, 20)) | {"spend_days": 19}]
    found = chosen_period(months, None, date(2026, 12, 15))
    assert (found.last, found.month_end, found.closed) == (date(2026, 11, 20), date(2026, 11, 30), False)
    once = [month("USD", date(2026, 11, 1)) | {"spend_days": 1}]
    assert chosen_period(once, None, date(2026, 12, 15)).closed
