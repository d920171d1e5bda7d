"""Side by side with SkyPilot 0.14.1 on the same catalogue: the same cheapest offers, and what it leaves out or gets wrong."""

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
HERE = ("--provider", "aws", "--region", "us-east-1", "--top", "0", "-f", "json", *AS_OF)
GPUS = (
    ("8xA100", "on_demand", "p4d.24xlarge", "21.957642"),
    ("1xL4", "on_demand", "g6.xlarge", "0.8048"),
    ("1xL4", "spot", "g6.xlarge", "0.410448"),
    ("1xT4", "spot", "g4dn.xlarge", "0.18936"),
    ("1xA10G", "spot", "g5.xlarge", "0.41246"),
    ("4xL40S", "on_demand", "g6e.12xlarge", "10.49264"),
    ("4xL40S", "spot", "g6e.24xlarge", "3.9170534"),
)
"""What it answers: accelerators, option, machine, price; the last four it rounds to .4125, 10.4926 and 3.9171."""
FAMILIES = ("m6i", "m6id", "m7i", "r6i", "r6id", "r7i", "c6i", "c6id", "c7i")
"""Where it looks for machines without accelerators, and nowhere else (`_DEFAULT_INSTANCE_FAMILY` of its AWS catalogue)."""
PRICES = "provider,region,{},price,unit,currency,valid_from\n"


@pytest.fixture
def holding(finops: Finops, tmp_path: Path) -> Callable[..., list[dict[str, Any]]]:
    """Machines that hold what is needed, cheapest first."""

    def found(needs: str, *more: object) -> list[dict[str, Any]]:
        ran = finops("place", "--needs", needs, *HERE, *more)
        assert ran.code == 0, ran.err
        rows: list[dict[str, Any]] = ran.json["rows"]
        return rows

    return found


def cheapest(rows: list[dict[str, Any]], option: str) -> tuple[str, Decimal]:
    price, name = min((D(row["hourly_price"]), row["instance_type"]) for row in rows if row["purchase_option"] == option)
    return name, price


def test_the_cheapest_offers_with_accelerators_are_the_same(holding: Callable[..., Any]) -> None:
    """A bigger machine may be the cheaper one on spot, as with four L40S."""
    found = {gpu: holding(f"gpu={gpu}") for gpu in {gpu for gpu, *_ in GPUS}}
    for gpu, option, machine, price in GPUS:
        assert cheapest(found[gpu], option) == (machine, pytest.approx(D(price), abs=D("0.00005"))), (gpu, option)


def test_measured_work_on_the_same_accelerators_is_placed_on_the_same_machines(finops: Finops, tmp_path: Path) -> None:
    said = {"8xA100": ("8x NVIDIA A100", 40), "1xL4": ("1x NVIDIA L4", 24), "4xL40S": ("4x NVIDIA L40S", None)}
    bench = {"instance_type": None, "region": None}
    benched(tmp_path, *({"workload": gpu, "hardware": name, "gpu_memory_gib": gb, **bench} for gpu, (name, gb) in said.items()))
    for gpu, option, machine, _ in GPUS:
        if gpu in said:
            assert cheapest(finops("place", gpu, *HERE).json["rows"], option)[0] == machine, (gpu, option)


def test_by_processors_and_memory_it_looks_at_few_families(holding: Callable[..., Any]) -> None:
    """4 or more CPUs and 16 GB or more: m6i.xlarge of 0.192 is the cheapest of its families, and neither of all x86 machines
    nor of all machines."""
    rows = holding("vcpu=4,memory=16")
    own = [row for row in rows if row["instance_type"].partition(".")[0] in FAMILIES]
    assert cheapest(own, "on_demand") == ("m6i.xlarge", D("0.192"))
    assert cheapest(holding("vcpu=4,memory=16,arch=x86_64"), "on_demand") == ("t3a.xlarge", D("0.1504"))
    assert cheapest(rows, "on_demand") == ("t4g.xlarge", D("0.1344")), "an Arm machine"
    assert {row["unit"] for row in rows} == {"machine hour"}


def test_it_gives_every_machine_the_same_run_time(finops: Finops, tmp_path: Path) -> None:
    """By the hour a T4 costs less than an L4. Five times as fast on the L4, the work costs less there."""
    benched(
        tmp_path, {"instance_type": "g4dn.xlarge", "duration_s": 9000.0}, {"instance_type": "g6.xlarge", "duration_s": 1800.0}
    )
    rows = [row for row in finops("place", "tagging", *HERE).json["rows"] if row["purchase_option"] == "on_demand"]
    by = {row["instance_type"]: row for row in rows}
    assert D(by["g4dn.xlarge"]["hourly_price"]) < D(by["g6.xlarge"]["hourly_price"])
    assert D(by["g4dn.xlarge"]["unit_cost"]) == D("0.526") * D("2.5") / 5000
    assert D(by["g6.xlarge"]["unit_cost"]) == D("0.8048") * D("0.5") / 5000
    assert D(by["g6.xlarge"]["monthly_cost"]) == D("0.8048") * 730, "a month, not the hour that it takes by default"


def test_to_it_reservations_cost_nothing(finops: Finops, holding: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        PRICES.format("instance_type,purchase_option") + "aws,us-east-1,g6.xlarge,reserved_1y,0.5,hour,USD,2026-11-01\n"
    )
    assert finops("prices", "import", "own.csv", *AS_OF).code == 0
    row = next(row for row in holding("gpu=1xL4") if row["purchase_option"] == "reserved_1y")
    assert (row["unit_cost"], row["monthly_cost"], row["years"]) == ("0.5", "365", 1)


def test_to_it_another_region_of_the_same_cloud_costs_no_transfer(finops: Finops, tmp_path: Path) -> None:
    """1,000 GB from N. Virginia to Oregon are 20 $, and from São Paulo to Oregon 138 $."""
    (tmp_path / "own.csv").write_text(
        PRICES.format("instance_type")
        + "".join(f"aws,{region},g6.2xlarge,0.5,hour,USD,2026-11-01\n" for region in ("us-west-2", "sa-east-1"))
    )
    assert finops("prices", "import", "own.csv", *AS_OF).code == 0
    benched(tmp_path, {})
    for home, cost in (("us-east-1", "20"), ("sa-east-1", "138")):
        (tmp_path / "finops.toml").write_text(
            f'[placement]\nprovider = "aws"\nregion = "{home}"\ninstance_type = "g6.2xlarge"\npurchase_option = "on_demand"\n'
        )
        ran = finops(
            "place",
            "tagging",
            "--units-per-month",
            "1000",
            "--sync-gb",
            "1000",
            "--provider",
            "aws",
            "--top",
            "0",
            "-f",
            "json",
            *AS_OF,
        )
        assert ran.code == 0, ran.err
        moved = {(row["region"], row["purchase_option"]): row["transfer_monthly"] for row in ran.json["rows"]}
        assert (moved["us-west-2", "on_demand"], moved[home, "on_demand"]) == (cost, "0")


def test_its_large_egress_costs_less_than_its_small_one(finops: Finops, tmp_path: Path) -> None:
    """60 TB cost it 716.80 $ and 20 TB 1,791.91 $. Tiers add up: 10,239 x .09 + 40,960 x .085 + 10,240 x .07 = 5,119.91 $."""
    benched(tmp_path, {})
    costs = []
    for gb in (20_480, 61_440):
        ran = finops("place", "tagging", "--units-per-month", "1", "--egress-gb", gb, *HERE)
        costs.append({row["transfer_monthly"] for row in ran.json["rows"]})
    assert costs == [{"1791.91"}, {"5119.91"}]


def test_it_prices_no_disk(finops: Finops, tmp_path: Path) -> None:
    """Nobody told what a disk costs: no place is feasible, which is not free. Told, 500 GB at 0.08 are 40 $ a
    month, and 80 on two machines."""
    benched(tmp_path, {}, {"workload": "pair", "count": 2})
    disk = ("--units-per-month", "1", "--disk-gb", "500")
    ran = finops("place", "tagging", "--all", *disk, *HERE)
    assert not any(row["feasible"] for row in ran.json["rows"])
    assert any("storage_block of aws us-east-1" in (row["reason"] or "") for row in ran.json["rows"])
    (tmp_path / "own.csv").write_text(PRICES.format("sku") + "aws,us-east-1,storage_block,0.08,gb_month,USD,2026-11-01\n")
    assert finops("prices", "import", "own.csv", *AS_OF).code == 0
    for workload, cost in (("tagging", "40"), ("pair", "80")):
        assert {row["transfer_monthly"] for row in finops("place", workload, *disk, *HERE).json["rows"]} == {cost}


def test_memory_is_that_of_one_accelerator(holding: Callable[..., Any]) -> None:
    """Eight A100 of 40 GB have no accelerator of 80 GB; its field is that of one for some rows and of all for others."""
    assert {row["instance_type"] for row in holding("gpu=8xA100,gpu-memory=40")} >= {"p4d.24xlarge", "p4de.24xlarge"}
    assert {row["instance_type"] for row in holding("gpu=8xA100,gpu-memory=80")} == {"p4de.24xlarge"}


def test_a_zero_is_no_price(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(PRICES.format("instance_type") + "aws,us-east-1,g6.xlarge,0,hour,USD,2026-11-01\n")
    ran = finops("prices", "import", "own.csv", *AS_OF)
    assert (ran.code, "zero" in ran.err) == (1, True), ran.err


@pytest.mark.parametrize(
    ("needs", "said"),
    [
        ("cpus=4", "is no need of a machine"), ("vcpu=0", "above 0"), ("vcpu=1.5", "whole number"),
        ("gpu=0xL4", "no accelerator"), ("arch=mips", "no architecture"), ("vcpu=4,vcpu=5", "second of its name"),
        (" ", "nothing is needed"),
    ],
)  # fmt: skip
def test_mistakes_are_told(finops: Finops, needs: str, said: str) -> None:
    ran = finops("place", "--needs", needs)
    assert (ran.code, said in ran.err) == (2, True), ran.err


def test_a_workload_or_what_is_needed(finops: Finops) -> None:
    for arguments in ((), ("tagging", "--needs", "vcpu=4"), ("--replay", "2026-10", "--needs", "vcpu=4")):
        assert finops("place", *arguments).code == 2
