"""`finops burn`, and `finops anomalies --state`: the planted loop and flood burn and nothing else does; what was told is kept."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from finops.core.detecting.burn import Burn
from finops.steps.detecting.burn_cost import cost_above
from tests.conftest import Ran

Finops = Callable[..., Ran]


def test_what_was_planted_burns_and_nothing_else(sample: Finops) -> None:
    ran = sample("burn", "--last", "90d", "-f", "json")
    assert ran.code == 0, ran.err
    burned = {(row["budget"], row["kind"]): row for row in ran.json["rows"] if row["opened"]}
    assert set(burned) == {("openai", "money"), ("fare-search", "errors")}
    assert burned["fare-search", "errors"]["opened"].startswith("2026-10-12")
    assert burned["fare-search", "errors"]["mostly"] == "route=search_fares (100%)"
    assert burned["openai", "money"]["mostly_path"] == "workflow=service-desk-triage / agent=answer-drafter"
    assert all(row["used"] < 1 for row in ran.json["rows"])
    assert Decimal(burned["openai", "money"]["cost"]) > 100, "what the flood cost above the budget's share"
    assert burned["fare-search", "errors"]["cost"] is None, "a tool's failures have no price of their own"
    assert Decimal(burned["fare-search", "errors"]["runs_cost"]) > 100, "the runs in which they happened have"


def test_only_hours_of_the_burn_count_and_the_share_of_each_is_taken_off() -> None:
    calls = [{"hour": hour, "cost": cost} for hour, cost in ((5, Decimal(9)), (7, Decimal(30)), (8, None), (9, Decimal(40)))]
    found = cost_above(Decimal(2), calls, Burn(opened=8, last=9, rate=14.4, window_h=3))
    assert found == {"cost": Decimal(70 - 4 * 2), "runs_cost": None}


def test_a_budget_that_is_too_small_is_an_incident_of_its_own(sample: Finops, sample_home: Path, tmp_path: Path) -> None:
    config = (sample_home / "finops.toml").read_text() + (
        '\n[[budget]]\nid = "tight"\nscope = { agent = "quote-approver" }\nperiod = "month"\namount = "20"\n'
    )
    Path("tight.toml").write_text(config)
    from finops.cli.app import run

    code = run(["anomalies", "--config", "tight.toml", "--ledger", str(tmp_path / "finops.duckdb"), "-f", "json", "-o", "a.json"])
    assert code == 0
    answer = json.loads(Path("a.json").read_text())
    stops = [row for row in answer["rows"] if row["class"] == "budget"]
    assert [row["path"] for row in stops] == ["agent=quote-approver"]
    assert stops[0]["excess"] is None
    assert any(note.startswith("budget tight is used up") for note in answer["meta"]["notes"])


def test_state_is_kept_between_runs(sample: Finops) -> None:
    def told(as_of: str, *more: str) -> list[str]:
        ran = sample("anomalies", "--as-of", as_of, "--last", "15d", "--state", "state.json", "-f", "json", *more)
        assert ran.code == 0, ran.err
        return [row["since_last"] for row in ran.json["rows"]]

    assert told("2026-10-12", "--dry-run") == ["new"]
    assert not Path("state.json").exists()
    assert told("2026-10-12") == ["new"]
    assert told("2026-10-14") == ["grown"]


def test_a_part_that_burns_where_the_whole_does_not_is_told(sample: Finops, tmp_path: Path) -> None:
    from finops.cli.app import run

    Path("wide.toml").write_text('[[envelope]]\nid = "all"\nscope = {}\nerror_share = "0.02"\n')
    ledger = str(tmp_path / "finops.duckdb")
    more = ["--last", "90d", "--as-of", "2026-11-20", "-f", "json", "-o", "a.json"]
    assert run(["burn", "--config", "wide.toml", "--ledger", ledger, *more]) == 0
    rows = json.loads(Path("a.json").read_text())["rows"]
    assert [(row["budget"], row["mostly"]) for row in rows if row["path"] == "everything"] == [
        ("all", "route=search_fares (95%)")
    ]
    parts = [row["path"] for row in rows if row["path"] != "everything"]
    assert parts == ["workflow=service-desk-triage / agent=triage-router"], "the burn of the whole names its own part"
    (router,) = [row for row in rows if row["path"] == parts[0]]
    assert Decimal(router["runs_cost"]) > 0
    assert router["cost"] is None, "its failed calls told no tokens"
    assert router["currency"] == "USD"


def test_an_envelope_that_cannot_mean_anything_is_one_error_with_its_line(
    sample: Finops, sample_home: Path, tmp_path: Path
) -> None:
    from finops.cli.app import run

    for wrong in ('scope = { service = "EC2" }\nerror_share = "0.1"', 'latency_ms = 10\nlatency_share = "1.5"'):
        Path("wrong.toml").write_text(f"[ledger]\nas_of = 2026-11-20\n\n[[envelope]]\n{wrong}\n")
        ledger = str(tmp_path / "finops.duckdb")
        assert run(["burn", "--config", "wrong.toml", "--ledger", ledger, "-o", "a.json"]) == 2
