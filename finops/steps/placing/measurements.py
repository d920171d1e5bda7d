"""Benchmarks in the ledger as measurements: repeats of one load on one kind of machine added up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.placing.placement import Measurement, accelerator_of
from finops.core.placing.unit_cost import exact
from finops.errors import DataError
from finops.prices.names import canonical_provider

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.prices.book import PriceBook

MILLION = Decimal(1_000_000)
PER_MILLION_OUTPUT = "1M output tokens"
_COLUMNS = (
    "d.path AS file, b.part_row AS line, workload, tool, model, revision, provider, region, instance_type, hardware, count, "
    "repeat, time, duration_s, units, "
    "input_tokens, output_tokens, requests_per_s, output_tokens_per_s, goodput_per_s, ttft_p50_ms, ttft_p95_ms, tpot_p50_ms, "
    "tpot_p99_ms, e2e_p95_ms, completed, failed, max_concurrency, gpu_memory_gib, attributes"
)
_SAME = ("workload", "model", "revision", "provider", "region", "instance_type", "hardware", "count", "max_concurrency", "tool")
"""What repeats of one measurement have in common."""


def benchmark_rows(settings: Settings, workload: str | None = None) -> list[dict[str, Any]]:
    """The benchmark runs of the ledger, of one workload or all, in a fixed order; it is an error where there are none."""
    from finops.ledger.store import open_reader

    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        rows = reader.query(
            f"SELECT {_COLUMNS} FROM benchmark b LEFT JOIN batch o ON o.batch_id = b.batch_id "
            "LEFT JOIN delivery d ON d.delivery_id = o.delivery_id ORDER BY workload, model, provider, instance_type, hardware, "
            "region, max_concurrency, repeat, time, duration_s, units, output_tokens, completed"
        )
    if not rows:
        raise DataError(
            "the ledger holds no benchmark",
            where=str(settings.ledger),
            hint="`finops ingest` a result of a benchmark or load test with a hardware sidecar beside it",
        )
    names = sorted({row["workload"] for row in rows if row["workload"]})
    if workload is not None and workload not in names:
        raise DataError(
            f"there is no benchmark of `{workload}`",
            where=str(settings.ledger),
            hint=f"measured are {', '.join(names)}; see `finops bench list`"
            if names
            else "no benchmark of this ledger names its workload: add one in a hardware sidecar",
        )
    return [row for row in rows if workload is None or row["workload"] == workload]


def measurements(rows: list[dict[str, Any]], book: PriceBook) -> list[Measurement]:
    """One measurement per workload, tool, model, machine, number of machines and load, in a fixed order."""
    groups: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        groups[tuple(_text(row[name]) for name in _SAME)].append(row)
    found = [_measurement(groups[key], book) for key in sorted(groups)]
    return [measurement for measurement in found if measurement is not None]


def _measurement(repeats: list[dict[str, Any]], book: PriceBook) -> Measurement | None:
    """The repeats added up; None where neither time and work nor a rate are known, since nothing follows from them."""
    first = repeats[0]
    counted = [(row, _units(row)) for row in repeats]
    usable = [(row, *work) for row, work in counted if work is not None and row["duration_s"]]
    if not usable:
        rated = [row for row in map(_hour_at_rate, repeats) if row is not None]
        usable = [(row, *work) for row in rated if (work := _units(row)) is not None]
    if not usable:
        return None
    unit = usable[0][2]
    same = [(row, units) for row, units, name in usable if name == unit]
    runs = [row for row, _ in same]
    provider = canonical_provider(first["provider"]) or first["provider"]
    spec = book.specs(provider, first["instance_type"]) if provider and first["instance_type"] else None
    return Measurement(
        workload=first["workload"] or "",
        model=first["model"],
        revision=first["revision"],
        provider=provider,
        region=first["region"],
        instance_type=first["instance_type"],
        hardware=first["hardware"],
        count=first["count"] or 1,
        load=first["max_concurrency"],
        repeats=len(same),
        duration_s=sum((exact(row["duration_s"]) for row, _ in same), Decimal(0)),
        units=sum((units for _, units in same), Decimal(0)),
        unit=unit,
        output_tokens=_sum(runs, "output_tokens"),
        p95_ms=_worst(runs, "e2e_p95_ms"),
        spec=spec or (None if first["instance_type"] else accelerator_of(first["hardware"], first["gpu_memory_gib"])),
        input_tokens=_sum(runs, "input_tokens"),
        requests=_sum(runs, "completed"),
        goodput=_goodput(runs),
        ttft_p50_ms=_mean(runs, "ttft_p50_ms"),
        ttft_p95_ms=_worst(runs, "ttft_p95_ms"),
        tpot_p50_ms=_mean(runs, "tpot_p50_ms"),
        tpot_p99_ms=_worst(runs, "tpot_p99_ms"),
        seconds_per_unit=tuple(exact(row["duration_s"]) / units for row, units in same),
        rows=[{**row, "units": units} for row, units in same],
    )


def _sum(rows: list[dict[str, Any]], name: str) -> Decimal | None:
    """The sum, where every repeat says."""
    found = [exact(row[name]) for row in rows if row[name]]
    return sum(found, Decimal(0)) if len(found) == len(rows) else None


def _worst(rows: list[dict[str, Any]], name: str) -> float | None:
    found = [float(row[name]) for row in rows if row[name] is not None]
    return max(found) if len(found) == len(rows) else None


def _mean(rows: list[dict[str, Any]], name: str) -> float | None:
    found = [float(row[name]) for row in rows if row[name] is not None]
    return sum(found) / len(found) if len(found) == len(rows) else None


def _goodput(rows: list[dict[str, Any]]) -> Decimal | None:
    """Good requests over all finished ones, where every repeat says; never above 1."""
    done = _sum(rows, "completed")
    if not done or any(row["goodput_per_s"] is None for row in rows):
        return None
    good = sum((exact(row["goodput_per_s"]) * exact(row["duration_s"]) for row in rows), Decimal(0))
    return min(good / done, Decimal(1))


def _hour_at_rate(row: Mapping[str, Any]) -> dict[str, Any] | None:
    """A run that states its rates but neither its time nor its work, as an hour at those rates."""
    tokens_per_s, requests_per_s = row["output_tokens_per_s"], row["requests_per_s"]
    if any(row[stated] for stated in ("duration_s", "units", "output_tokens", "completed")):
        return None
    tokens = exact(tokens_per_s) * 3600 if tokens_per_s else None
    requests = exact(requests_per_s) * 3600 if requests_per_s else None
    return {**row, "duration_s": 3600, "output_tokens": tokens, "completed": requests}


def _units(row: Mapping[str, Any]) -> tuple[Decimal, str] | None:
    """How much work a run did and what it is called: its own units, else output tokens, else finished requests."""
    attributes = dict(row["attributes"] or {})
    if row["units"]:
        return exact(row["units"]), attributes.get("unit") or "unit"
    if row["output_tokens"]:
        return exact(row["output_tokens"]) / MILLION, PER_MILLION_OUTPUT
    if row["completed"]:
        return exact(row["completed"]), "request"
    return None


def _text(value: object) -> str:
    return "" if value is None else f"{value:012d}" if isinstance(value, int) else str(value)
