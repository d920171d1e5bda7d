"""`finops place` and `finops bench` on a ledger with a few benchmarks."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.steps.benchmarks import AS_OF, benched


@pytest.fixture
def bench(tmp_path: Path) -> Callable[..., Path]:
    """Writes a ledger with the given benchmarks, each said by how it differs from the default."""
    return partial(benched, tmp_path)


def test_the_cheapest_place_comes_first_and_the_words_say_what_it_rests_on(bench: Any, finops: Any) -> None:
    bench({})
    ran = finops("place", "tagging", "--top", "0", "-f", "json", *AS_OF)
    assert ran.code == 0
    rows, meta = ran.json["rows"], ran.json["meta"]
    costs = [Decimal(row["unit_cost"]) for row in rows]
    assert costs == sorted(costs)
    assert all(row["feasible"] for row in rows)
    assert {row["provider"] for row in rows} == {"aws", "gcp"}
    assert {row["unit"] for row in rows} == {"image"}
    (today,) = [row for row in rows if row["today"]]
    assert (today["region"], today["instance_type"], today["purchase_option"]) == ("us-east-1", "g6.2xlarge", "on_demand")
    assert today["reason"] is None
    assert Decimal(today["unit_cost"]) == Decimal("0.9776") * Decimal("0.5") / 5000
    assert Decimal(today["monthly_cost"]) == Decimal("0.9776") * 730
    elsewhere = next(row for row in rows if row["provider"] == "gcp" and row["purchase_option"] == "on_demand")
    assert "assumes the throughput measured on g6.2xlarge on aws" in elsewhere["reason"]
    assert meta["stale_prices"] == len(rows)
    assert meta["prices_as_of"] == "2025-07-28"
    assert meta["notes"][0].startswith(f"Best is gcp {rows[0]['region']} g2-standard-8 spot at $")
    assert "Moving saves" in meta["notes"][0]
    assert "lower bound" in meta["notes"][1]


def test_the_answer_has_the_promised_keys(bench: Any, finops: Any) -> None:
    import jsonschema

    bench({})
    answer = finops("place", "tagging", "--all", "-f", "json", *AS_OF).json
    schema = Path(__file__).resolve().parents[3] / "schema" / "place.schema.json"
    jsonschema.validate(answer, json.loads(schema.read_text(encoding="utf-8")))


def test_what_does_not_fit_is_listed_with_its_reason_on_request(bench: Any, finops: Any) -> None:
    bench({})
    rows = finops("place", "tagging", "--all", "--top", "0", "-f", "json", *AS_OF).json["rows"]
    reasons = {(row["instance_type"], row["region"]): row["reason"] for row in rows if not row["feasible"]}
    assert reasons["p5.48xlarge", None] == "not measured"
    assert reasons["g6.xlarge", None] == "fewer vCPUs (4) than measured (8)"
    assert reasons["g6.2xlarge", "eu-west-1"] in ("no on_demand price known in eu-west-1", "no spot price known in eu-west-1")
    assert all(row["unit_cost"] is None for row in rows if not row["feasible"])
    assert not any(row["feasible"] for row in rows[[r["feasible"] for r in rows].index(False) :])


def test_filters_and_limits(bench: Any, finops: Any) -> None:
    bench({}, {"model": "vision-7b", "max_concurrency": 64, "units": 8000.0, "e2e_p95_ms": 2400.0})
    rows = finops("place", "tagging", "--provider", "gcp", "--region", "us-east4", "-f", "json", *AS_OF).json["rows"]
    assert {(row["provider"], row["region"]) for row in rows} == {("gcp", "us-east4")}
    assert {row["load"] for row in rows} == {64}
    rows = finops("place", "tagging", "--latency-limit", "1000", "--top", "3", "-f", "json", *AS_OF).json["rows"]
    assert {row["load"] for row in rows} == {16}
    assert len(rows) == 4, "three and today's"
    ran = finops("place", "tagging", "--latency-limit", "100", "-f", "json", *AS_OF)
    assert ran.json["meta"]["notes"][0].startswith("No place is feasible")


def test_half_the_work_makes_a_unit_twice_as_dear_and_the_month_no_dearer(bench: Any, finops: Any) -> None:
    bench({})
    full = finops("place", "tagging", "-f", "json", *AS_OF).json["rows"]
    half = finops("place", "tagging", "--utilisation", "0.5", "-f", "json", *AS_OF).json["rows"]
    for one, other in zip(full, half, strict=True):
        assert Decimal(other["unit_cost"]) == pytest.approx(Decimal(one["unit_cost"]) * 2, rel=Decimal("1e-10"))
        assert one["monthly_cost"] == other["monthly_cost"]


def test_todays_place_can_be_configured(bench: Any, finops: Any, tmp_path: Path) -> None:
    bench({})
    (tmp_path / "finops.toml").write_text(
        '[placement]\nprovider = "gcp"\nregion = "europe-west4"\ninstance_type = "g2-standard-8"\npurchase_option = "spot"\n'
    )
    answer = finops("place", "tagging", "-f", "json", *AS_OF).json
    assert answer["meta"]["today"] == "gcp europe-west4 g2-standard-8 spot"


def test_repeats_are_added_up(bench: Any, finops: Any) -> None:
    bench({"units": 4000.0}, {"units": 6000.0, "repeat": 2, "e2e_p95_ms": 900.0})
    (today,) = [row for row in finops("place", "tagging", "-f", "json", *AS_OF).json["rows"] if row["today"]]
    assert Decimal(today["unit_cost"]) == Decimal("0.9776") * Decimal("0.5") / 5000
    assert today["p95_ms"] == 900


def test_ones_own_prices_win(bench: Any, finops: Any, tmp_path: Path) -> None:
    bench({})
    own = tmp_path / "own"
    own.mkdir()
    (own / "contract.csv").write_text(
        "# provider: aws\n# as_of: 2026-11-01\n# source: our contract\n# unit: hour\n# currency: USD\n"
        "instance_type,region,purchase_option,price\ng6.2xlarge,eu-west-1,on_demand,0.01\n"
    )
    rows = finops("place", "tagging", "--prices", own, "-f", "json", *AS_OF).json["rows"]
    assert (rows[0]["region"], rows[0]["purchase_option"], rows[0]["price_as_of"]) == ("eu-west-1", "on_demand", "2026-11-01")


def test_a_workload_that_was_not_measured(bench: Any, finops: Any) -> None:
    bench({})
    ran = finops("place", "triage", *AS_OF)
    assert ran.code == 1
    assert "there is no benchmark of `triage`" in ran.err
    assert "measured are tagging" in ran.err


def test_a_ledger_without_benchmarks_and_a_number_that_will_not_do(bench: Any, finops: Any) -> None:
    bench()
    assert finops("place", "tagging").code == 1
    assert finops("place", "tagging", "--utilisation", "1.5").code == 2
    assert finops("place", "tagging", "--utilisation", "x").code == 2
    assert finops("place", "tagging", "--latency-limit", "nan").code == 2
    assert finops("place", "tagging", "--restart", "inf").code == 2


def test_a_filter_that_nothing_is_known_of_is_a_mistake(bench: Any, finops: Any) -> None:
    bench({})
    ran = finops("place", "tagging", "--region", "us-est-1")
    assert ran.code == 2
    assert "`us-east-1`" in ran.err
    ran = finops("place", "tagging", "--provider", "acme")
    assert ran.code == 2
    assert "known are aws, azure, gcp" in ran.err
    assert finops("place", "tagging", "--provider", "Amazon Web Services", *AS_OF).code == 0


def test_a_run_that_lasts_for_ages_never_ends_on_spot(bench: Any, finops: Any) -> None:
    bench({"duration_s": 1e11})
    rows = finops("place", "tagging", "--all", "--top", "0", "-f", "json", *AS_OF).json["rows"]
    assert {row["purchase_option"] for row in rows if row["feasible"]} == {"on_demand"}
    assert "a run this long would never end on spot" in {row["reason"] for row in rows}


def test_before_the_first_snapshot_nothing_is_priced(bench: Any, finops: Any) -> None:
    bench({})
    answer = finops("place", "tagging", "--as-of", "2025-01-01", "-f", "json").json
    assert answer["rows"] == []
    assert answer["meta"]["notes"][0].startswith("No place is feasible")


def test_the_cost_of_a_benchmark_per_million_tokens_and_per_unit(bench: Any, finops: Any) -> None:
    bench({}, {"workload": "odd", "region": "eu-west-1"}, {"workload": "bare", "provider": None, "instance_type": None})
    rows = finops("bench", "cost", "-f", "json", *AS_OF).json["rows"]
    full = next(r for r in rows if r["workload"] == "tagging" and r["purchase_option"] == "on_demand")
    assert round(Decimal(full["per_1m_output_tokens"]), 6) == round(Decimal("0.9776") / 2 / Decimal("0.9"), 6)
    assert Decimal(full["unit_cost"]) == Decimal("0.00009776")
    (odd,) = [r for r in rows if r["workload"] == "odd"]
    assert (odd["unit_cost"], odd["reason"]) == (None, "no on_demand price known in eu-west-1")
    (bare,) = [r for r in rows if r["workload"] == "bare"]
    assert "hardware sidecar" in bare["reason"]
    assert len(finops("bench", "list", "-f", "json").json["rows"]) == 3
    assert len(finops("bench", "list", "odd", "-f", "json").json["rows"]) == 1


def test_the_same_question_gets_the_same_bytes(bench: Any, finops: Any) -> None:
    bench({}, {"max_concurrency": 64})
    assert finops("place", "tagging", "--all", *AS_OF).out == finops("place", "tagging", "--all", *AS_OF).out


def test_a_mistyped_machine_is_unknown_and_not_called_not_offered(bench: Any, finops: Any) -> None:
    bench({"instance_type": "g6.2xlrge"})
    says = "unknown instance type `g6.2xlrge` of aws: did you mean `g6.2xlarge`?"
    ran = finops("place", "tagging", "--all", "-f", "json", *AS_OF)
    assert [row["reason"] for row in ran.json["rows"] if row["instance_type"] == "g6.2xlrge"] == [says]
    assert any(says in note for note in ran.json["meta"]["notes"])
    ran = finops("bench", "cost", "-f", "json", *AS_OF)
    assert [row["reason"] for row in ran.json["rows"]] == [says]


def test_the_hint_of_an_unknown_workload_never_ends_in_nothing(bench: Any, finops: Any) -> None:
    bench({"workload": None})
    ran = finops("place", "tagging", *AS_OF)
    assert "measured are ;" not in ran.err
    assert "hardware sidecar" in ran.err
