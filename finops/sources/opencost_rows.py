"""One set of OpenCost allocations as hourly meters: what each workload used of a node, and what the node could have given."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

from finops.sources.entry_values import Entry, Unreadable, amount, found, plain, text, time

IDLE = "__idle__"
MOST_HOURS = 24 * 32
"""Allocations of a longer window are refused: they say nothing of a day."""

_EXACT = Context(prec=60)
_PLACES = Decimal("1E-12")
_HOUR = timedelta(hours=1)
_GIB = Decimal(2**30)
_NEAR = Decimal("0.01")
_MEASURES = {"cpu_seconds": "cpuCoreHours", "gpu_seconds": "gpuHours", "memory_gib_seconds": "ramByteHours"}
_OF_NODE = {
    **{"k8s.namespace.name": "namespace", "k8s.cluster.name": "cluster", "k8s.node.name": "node", "k8s.pod.name": "pod"},
    **{"k8s.container.name": "container", "k8s.controller.name": "controller"},
}
_OF_SCALE_SET = re.compile(r"(?<=/virtualMachineScaleSets/)([^/]+)/virtualMachines/.*", re.IGNORECASE)
_CONTROLLERS = ("deployment", "statefulset", "daemonset", "replicaset", "job", "cronjob")
_PROVIDERS = {"aws": "aws", "gce": "gcp", "azure": "azure", "oci": "oci"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Allocation:
    """One entry of a set: hours of cores, GPUs and GiB of memory between two times. `resource` is the node, as bills name it."""

    name: str
    start: datetime
    end: datetime
    provider: str | None
    resource: str | None
    used: Mapping[str, Decimal | None]
    owners: Mapping[str, str | None]

    @property
    def idle(self) -> bool:
        return self.name == IDLE or self.name.endswith(f"/{IDLE}")

    @property
    def hours(self) -> Decimal:
        return Decimal((self.end - self.start) // timedelta(microseconds=1)) / Decimal(3_600_000_000)


def allocation(name: str, entry: Entry, identity: Mapping[str, Sequence[str]]) -> Allocation:
    """The allocation of an entry; raises Unreadable where it names no time, or a figure is none."""
    start = time(entry, "start", "window.start")
    end = time(entry, "end", "window.end")
    if start is None or end is None:
        raise Unreadable("this allocation names no window: neither `window` nor `start` and `end`", "window")
    if not start < end <= start + _HOUR * MOST_HOURS:
        what = "this window is empty" if end <= start else "this window is longer than a month; export with `step=1d`"
        raise Unreadable(what, "window", f"{start} to {end}")
    used = {column: _hours(entry, theirs) for column, theirs in _MEASURES.items()}
    memory = used["memory_gib_seconds"]
    used["memory_gib_seconds"] = None if memory is None else _EXACT.divide(memory, _GIB)
    given = text(entry, "properties.providerID")
    owners = {dimension: _owner(name, entry, items) for dimension, items in identity.items()}
    return Allocation(name, start, end, _provider(given), resource_of(given), used, owners)


def meters(allocations: Sequence[Allocation]) -> Iterator[Row]:
    """The rows of one set, hour by hour. Idle rows are no workload: with them it is known what their node could have given."""
    capacities, with_gpus = _capacities(allocations), {a.resource for a in allocations if a.used["gpu_seconds"]}
    for one in allocations:
        if one.idle and one.resource is None:
            continue
        measures = [name for name in _MEASURES if one.used[name] is not None]
        if not (one.resource in with_gpus or one.used["gpu_seconds"]):
            measures = [name for name in measures if name != "gpu_seconds"]
        for hour, shares in _by_hour(one, measures):
            yield {
                "hour": hour,
                "provider": one.provider,
                "resource": one.resource,
                "capacity": capacities.get(one.resource),
                **(dict.fromkeys(shares, "0") if one.idle else shares),
                **({} if one.idle else one.owners),
            }


def resource_of(provider_id: str | None) -> str | None:
    """The node as a bill names it: an AWS instance id, a Google Cloud instance's name, an Azure resource id, where the machines
    of a scale set are billed together. OpenCost writes the whole id of the node's provider, or what it has parsed from it."""
    if not provider_id:
        return None
    scheme, mark, rest = provider_id.partition("://")
    if not mark:
        return provider_id
    if scheme == "azure":
        return _OF_SCALE_SET.sub(r"\1", "/" + rest.strip("/"))
    return rest.rstrip("/").rsplit("/", 1)[-1] or None


def _provider(provider_id: str | None) -> str | None:
    scheme, mark, _ = (provider_id or "").partition("://")
    if mark:
        return _PROVIDERS.get(scheme)
    return "aws" if re.fullmatch(r"i-[0-9a-f]{8,17}", provider_id or "") else None


def _hours(entry: Entry, name: str) -> Decimal | None:
    given = amount(entry, name)
    if given is None:
        return None
    value = Decimal(given)
    if not 0 <= value < Decimal(10) ** 20:
        raise Unreadable("this can't be a number of hours", name, given)
    return value


def _owner(name: str, entry: Entry, items: Iterable[str]) -> str | None:
    """The first of the identity's names that says something: of what OpenCost says of a workload, or of its labels."""
    labels: dict[str, Any] = dict(part.split("=", 1) for part in name.split("/") if "=" in part)
    for below in ("properties.annotations", "properties.namespaceLabels", "properties.labels"):
        given = found(entry, below)
        labels |= given if isinstance(given, dict) else {}
    kind = (text(entry, "properties.controllerKind") or "").lower()
    for item in items:
        way, _, wanted = item.partition(":")
        if way not in ("attr", "tag"):
            continue
        property_name = _OF_NODE.get(wanted)
        if kind in _CONTROLLERS and wanted == f"k8s.{kind}.name":
            property_name = "controller"
        said = text(entry, f"properties.{property_name}") if property_name else None
        label = labels.get(wanted, labels.get(re.sub(r"\W", "_", wanted, flags=re.ASCII)))
        if said is None and label is not None and not isinstance(label, dict | list):
            said = plain(label)
        if said and not said.startswith("__"):
            return said
    return None


def _capacities(allocations: Sequence[Allocation]) -> dict[str | None, str]:
    """Units of each node whose idle share is told: GPUs where it has any, else cores; all that was used or idle, over time."""
    of_node: dict[str, list[Allocation]] = defaultdict(list)
    for one in allocations:
        if one.resource is not None:
            of_node[one.resource].append(one)
    capacities: dict[str | None, str] = {}
    for node, rows in of_node.items():
        if not any(one.idle for one in rows):
            continue
        unit = "gpu_seconds" if any(one.used["gpu_seconds"] for one in rows) else "cpu_seconds"
        lived = max(one.end for one in rows) - min(one.start for one in rows)
        hours = Decimal(lived // timedelta(microseconds=1)) / Decimal(3_600_000_000)
        units = _EXACT.divide(sum((one.used[unit] or Decimal(0) for one in rows), Decimal(0)), hours)
        whole = units.to_integral_value()
        units = whole if abs(units - whole) < _NEAR else units.quantize(Decimal("0.001"), ROUND_CEILING)
        if units > 0:
            capacities[node] = f"{units:f}"
    return capacities


def _by_hour(one: Allocation, measures: Sequence[str]) -> Iterator[tuple[datetime, Row]]:
    """The hours that the allocation touches with their shares, in seconds; the last hour takes what rounding leaves."""
    left = {name: ((one.used[name] or Decimal(0)) * 3600).quantize(_PLACES, context=_EXACT) for name in measures}
    whole, hour = dict(left), one.start.replace(minute=0, second=0, microsecond=0)
    span = one.end - one.start
    while hour < one.end:
        after = hour + _HOUR
        part = min(after, one.end) - max(hour, one.start)
        share = Decimal(part // timedelta(microseconds=1)) / Decimal(span // timedelta(microseconds=1))
        shares = {
            name: left[name] if after >= one.end else (whole[name] * share).quantize(_PLACES, context=_EXACT) for name in measures
        }
        left = {name: left[name] - shares[name] for name in measures}
        yield hour, {name: f"{value:f}" for name, value in shares.items()}
        hour = after
