"""`finops place`: where data may live, users' round trip, moved data, interruptions as asked."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.steps.benchmarks import AS_OF, benched

Finops = Callable[..., Ran]
D = Decimal


@pytest.fixture
def placed(finops: Finops, tmp_path: Path) -> Callable[..., Any]:
    """Runs `finops place tagging` on one benchmark, measured on one L4 of AWS."""
    benched(tmp_path, {})

    def ran(*arguments: object) -> Any:
        found = finops("place", "tagging", "--top", "0", *arguments, "-f", "json", *AS_OF)
        assert found.code == 0, found.err
        return found.json

    return ran


def test_data_may_live_only_where_it_is_allowed_to(placed: Callable[..., Any]) -> None:
    rows = placed("--within", "DE,nl", "--all")["rows"]
    assert {row["region"] for row in rows if row["feasible"]} == {"europe-west3", "europe-west4"}
    reasons = {row["reason"] for row in rows if row["region"] == "us-east-1" and row["purchase_option"] == "on_demand"}
    assert "stands in US, not in DE, NL" in reasons
    assert {row["region"] for row in placed("--within", "europe")["rows"]} > {"europe-west3", "europe-west1"}


def test_the_round_trip_is_part_of_the_latency(placed: Callable[..., Any]) -> None:
    rows = placed("--round-trip", "us-east4=20,us-central1=400,*=100", "--latency-limit", "930")["rows"]
    assert {row["region"]: row["p95_ms"] for row in rows}["us-east4"] == 840
    assert "us-central1" not in {row["region"] for row in rows}
    unknown = placed("--round-trip", "us-east4=20", "--latency-limit", "930")["rows"]
    regions = {row["region"] for row in unknown if row["feasible"]}
    assert regions == {"us-east4"}, "where the round trip is not known the limit is not kept"


def test_moved_data_can_make_the_cheaper_place_the_dearer_one(placed: Callable[..., Any]) -> None:
    """1,000,000 images a month take 100 hours. Data leaves AWS for another cloud by the internet's tiers: the first GB is free,
    then 0.09 to 10,240 GB, then 0.085."""
    month = ("--units-per-month", "1000000")
    without, moved = placed(*month), placed(*month, "--sync-gb", "20480", "--move-gb", "1001", "--months", "10")
    assert without["rows"][0]["provider"] == "gcp"
    first = moved["rows"][0]
    assert (first["provider"], first["region"], first["transfer_monthly"]) == ("aws", "us-east-1", "0")
    away = next(row for row in moved["rows"] if row["provider"] == "gcp")
    assert D(away["transfer_monthly"]) == 10_239 * D("0.09") + 10_240 * D("0.085")
    assert D(away["transfer_once"]) == 1_000 * D("0.09")
    assert D(away["total_monthly"]) == pytest.approx(
        D(away["unit_cost"]) * 1_000_000 + D(away["transfer_monthly"]) + D(9), rel=D("1e-9")
    )
    assert "data transfer is included" in " ".join(moved["meta"]["notes"])


def test_moved_data_needs_a_volume_and_a_place_to_leave(finops: Finops, tmp_path: Path) -> None:
    benched(tmp_path, {"region": "eu-west-1"})
    ran = finops("place", "tagging", "--sync-gb", "10", *AS_OF)
    assert (ran.code, "--units-per-month" in ran.err) == (2, True)
    ran = finops("place", "tagging", "--sync-gb", "10", "--units-per-month", "5", *AS_OF)
    assert (ran.code, "where the data is today is not known" in ran.err) == (2, True)


def test_interruptions_as_asked_and_what_they_take(placed: Callable[..., Any]) -> None:
    def spot(*arguments: object) -> dict[str, Any]:
        rows = placed("--provider", "aws", *arguments)["rows"]
        found: dict[str, Any] = next(row for row in rows if row["purchase_option"] == "spot")
        return found

    run, kept, served = (spot("--hazard", "0.5", "--keeps", what) for what in ("run", "10m", "request"))
    assert run["overhead"] > kept["overhead"] > served["overhead"] > 1
    assert served["overhead"] == pytest.approx(1 + 0.5 / 12, abs=1e-4), "a request of 820 ms is hardly lost; five minutes are"
    assert run["interruptions_per_month"] == 365
    assert spot()["interruptions_per_month"] < 1


def test_links_between_accelerators_and_machines_are_part_of_what_fits(finops: Finops, tmp_path: Path) -> None:
    """Four A100 of 80 GB, measured on NVLink: Google's board fits, Azure's cards in slots do not."""
    bench = {"provider": "gcp", "region": "us-central1", "instance_type": "a2-ultragpu-4g"}
    benched(tmp_path, bench, {**bench, "workload": "pair", "count": 2})
    rows = finops("place", "tagging", "--all", "--top", "0", "-f", "json", *AS_OF).json["rows"]
    reasons = {row["instance_type"]: row["reason"] for row in rows if not row["feasible"]}
    assert reasons["Standard_NC96ads_A100_v4"] == "its accelerators are linked by PCIe, measured with NVLink"
    assert {row["instance_type"] for row in rows if row["feasible"]} == {"a2-ultragpu-4g"}


def test_no_more_machines_than_there_are(placed: Callable[..., Any]) -> None:
    """5,000 images take half an hour: 10,000,000 a month take 1,000 hours, which are two machines of 730."""
    month = ("--units-per-month", "10000000", "--provider", "aws", "--all")
    reason = "2 machines are needed and 1 are to be had"
    rows = placed(*month, "--capacity", "us-*/g6.2xlarge=1,*/*=9")["rows"]
    found = {(row["instance_type"], row["purchase_option"]): row for row in rows if row["region"] == "us-east-1"}
    assert found["g6.2xlarge", "on_demand"]["reason"] == reason
    assert found["g6.4xlarge", "on_demand"]["feasible"]
    assert not any(row["feasible"] for row in placed("--capacity", "*/*=0")["rows"])


def test_a_capacity_that_can_not_be_read(finops: Finops) -> None:
    for text in ("g6.xlarge=1", "us-east-1/g6.xlarge=some", "us-east-1/=1", "us-east-1/g6.xlarge"):
        ran = finops("place", "tagging", "--capacity", text)
        assert (ran.code, "--capacity" in ran.err) == (2, True), ran.err
