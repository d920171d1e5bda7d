"""How long placements take: 40 instance types x 40 regions x 4 ways to buy x 10 workloads, 10,000 simulated runs on spot, and the
replay of 10 million calls on other models."""

from __future__ import annotations

import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

from finops.core.placing.front import with_front
from finops.core.placing.placement import Assumptions, Measurement, best_per_place
from finops.core.spot.job import Job
from finops.core.spot.paths import simulated
from finops.prices.book import PriceBook
from finops.steps.placing.place import places
from finops.steps.placing.placement_limits import Limits
from tests.bench import replays

TYPES, REGIONS, OPTIONS, WORKLOADS = 40, 40, ("on_demand", "spot", "reserved_1y", "reserved_3y"), 10
HEAD = "# provider: bench\n# as_of: 2026-11-01\n# source: made up\n# unit: hour\n# currency: USD\n"


def book(folder: Path) -> PriceBook:
    """Prices of all types in all regions, and nothing else."""
    prices = [
        f"t{kind},r{region},{option},{(kind + 1) * (region + 40) / (50 * (way + 1)):.4f}"
        for kind in range(TYPES)
        for region in range(REGIONS)
        for way, option in enumerate(OPTIONS)
    ]
    (folder / "prices.csv").write_text(
        HEAD + "\n".join(["instance_type,region,purchase_option,price", *prices]), encoding="utf-8"
    )
    specs = [f"t{kind},L4,1,24,{8 + kind},{32 + kind}" for kind in range(TYPES)]
    names = "instance_type,gpu_name,gpu_count,gpu_memory_gb,vcpu,memory_gib"
    (folder / "specs.csv").write_text(HEAD + "\n".join([names, *specs]), encoding="utf-8")
    return PriceBook.load(folder)


def measured(prices: PriceBook, number: int) -> Measurement:
    return Measurement(
        workload=f"w{number}", model="m", revision=None, provider="bench", region="r0", instance_type="t0", hardware=None,
        count=1, load=8, repeats=1, duration_s=Decimal(900 + number), units=Decimal(1000 + number), unit="image",
        output_tokens=None, p95_ms=800.0, spec=prices.specs("bench", "t0"),
    )  # fmt: skip


def main() -> dict[str, float]:
    """Processor seconds, and of the replay those on the wall."""
    with TemporaryDirectory() as folder:
        prices = book(Path(folder))
    begun, rows = time.process_time(), 0
    for number in range(WORKLOADS):
        found = places([measured(prices, number)], prices, Assumptions(), Limits(), date(2026, 11, 20))
        rows += sum(row.feasible for row in with_front(best_per_place(list(found))))
    placing = time.process_time() - begun
    begun = time.process_time()
    simulated(Job(200, 0.1, 1.0, 0.05, 0.2), 0.5, 10_000)
    simulating = time.process_time() - begun
    return {"places": rows, "place_cpu_s": round(placing, 3), "simulate_cpu_s": round(simulating, 3), **replays.measure()}


if __name__ == "__main__":
    print(main())
