"""Meters, as CSV or JSON lines: which workload used how much of a resource in an hour."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import file_part
from finops.sources.records import Shape, Values, batches

_SUFFIXES = (".csv", ".jsonl", ".ndjson")
_DRIVERS = ("gpu_seconds", "cpu_seconds", "memory_gib_seconds")


def _finish(values: Values) -> str | None:
    """A meter stands for the whole hour in which its time lies."""
    if values["hour"] is not None:
        values["hour"] = values["hour"].replace(minute=0, second=0, microsecond=0)
    if all(values[driver] is None for driver in (*_DRIVERS, "requests")):
        return f"it measures nothing: none of {', '.join(_DRIVERS)}, requests is given"
    return None


SHAPE = Shape(
    "meter",
    synonyms={
        "hour": ("hour_start", "time", "timestamp"),
        "account": ("account_id",),
        "region": ("region_id",),
        "resource": ("resource_id", "node", "instance_id"),
        "capacity": ("gpus", "capacity_units"),
        "tenant": ("tenant_id",),
        "agent": ("agent_id", "agent_name"),
        "workflow": ("workflow_name",),
    },
    finish=_finish,
)


class Meters:
    """One row per hour, resource and workload."""

    name = "meters"
    title = "hourly meters of resource use (CSV, JSON lines)"
    contracts: tuple[str, ...] = ("meter",)
    patterns: tuple[Pattern, ...] = (
        *(Pattern(_SUFFIXES, header_all=(driver,), header_any=("hour", *SHAPE.synonyms["hour"])) for driver in _DRIVERS),
        *(Pattern(_SUFFIXES, header_all=(hour, "requests")) for hour in ("hour", "hour_start")),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        yield Load("meter", batches(part, SHAPE, rejects), rejects)


SOURCE = Meters()
