"""OpenCost and Kubecost allocations (answers of `/allocation`): weights on the bill of the nodes, never cost beside it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import documents
from finops.sources.entry_values import Unreadable, amount
from finops.sources.files import file_part
from finops.sources.opencost_rows import Allocation, Row, allocation, meters

if TYPE_CHECKING:
    import pyarrow as pa

_SUFFIXES = (".json", ".jsonl", ".ndjson")
BATCH_ROWS = 8192
STATED = "totalCost"


class OpenCost:
    """Meters by node, hour and workload. What OpenCost says that they cost is kept as the file's stated total and added to
    nothing. Options: `identity`, the names by dimension that say whose a workload is."""

    name = "opencost"
    title = "OpenCost and Kubecost allocations (JSON of `/allocation`)"
    contracts: tuple[str, ...] = ("meter",)
    patterns: tuple[Pattern, ...] = (Pattern(_SUFFIXES, head_all=('"cpuCoreHours"', '"ramByteHours"', '"gpuHours"')),)
    reads_identity = True
    """Owners are named while the file is read: another identity makes other rows of it."""

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:
        rejects: list[Reject] = []
        totals: dict[str, str] = {}
        load = Load("meter", iter(()), rejects, totals)
        load.data = _batches(_Reading(part.path, options.get("identity") or {}, load, totals))
        yield load


SOURCE = OpenCost()


class _Reading:
    """One pass over the file: its sets, and what is to be told of them."""

    def __init__(self, path: Path, identity: Mapping[str, Sequence[str]], load: Load, totals: dict[str, str]) -> None:
        self.path, self._identity, self._load, self._totals = path, identity, load, totals
        self._number = self._workloads = self._nameless = self._nowhere = self._unplaced_idle = self._still = 0
        self._spread = self._again = 0
        self._seen: set[bytes] = set()
        self._cost = Decimal(0)

    def rows(self) -> Iterator[Row]:
        for item in documents(self.path):
            if isinstance(item, Reject):
                self._load.rejects.append(item)
                continue
            for one in _sets(item[1]):
                if not self._is_again(one):
                    yield from meters(self._allocations(one))
        self._tell()

    def _is_again(self, given: Mapping[str, Any]) -> bool:
        """Whether a set of these names and times was there: answers that overlap are often kept in one file."""
        told = [(name, entry.get("window"), entry.get("start"), entry.get("end")) for name, entry in given.items() if entry]
        key = sha256(json.dumps(sorted(told, key=str), default=str).encode("utf-8", "surrogatepass")).digest()
        is_again = bool(told) and key in self._seen
        self._again += is_again
        self._seen.add(key)
        return is_again

    def _allocations(self, given: Mapping[str, Any]) -> list[Allocation]:
        found = []
        for name, entry in given.items():
            self._number += 1
            try:
                if not isinstance(entry, dict):
                    raise Unreadable("this allocation is not a JSON object", name, entry)
                if entry.get("type") and "gpuHours" not in entry:
                    raise Unreadable("this is an asset, which the bill speaks of, and no allocation", "type", entry["type"])
                one = allocation(name, entry, self._identity)
                self._cost += Decimal(amount(entry, STATED) or 0)
            except Unreadable as problem:
                self._load.rejects.append(Reject(self._number, problem.reason, problem.column, problem.text))
                continue
            if self._counted(one):
                found.append(one)
        return found

    def _counted(self, one: Allocation) -> bool:
        """Counts what is to be told of the allocation; false where it is no meter."""
        if one.idle:
            self._unplaced_idle += one.resource is None
            return True
        if not any(one.used.values()):
            self._still += 1
            return False
        self._workloads += 1
        self._nowhere += one.resource is None
        self._nameless += not any(one.owners.values())
        self._spread += one.hours > 1
        return True

    def _tell(self) -> None:
        said = (
            (self._again, "sets of allocations repeat the names and times of one before, in this file: the first counts"),
            (self._spread, "allocations span more than an hour: their use is spread evenly over it"),
            (self._nowhere, "allocations name no node: they weigh on no node's bill; export them by pod or by namespace,node"),
            (self._unplaced_idle, "idle rows are not by node: what nodes did not give is unknown; export with `idleByNode=true`"),
            (self._still, "allocations used neither CPU, GPU nor memory: left out"),
            (self._nameless, 'allocations name no owner; in [identity], "attr:k8s.namespace.name" takes their namespace'),
        )
        self._load.notes += [f"{count:,} {words}" for count, words in said if count]
        if self._cost:
            self._totals[STATED] = f"{self._cost:f}"


def _sets(document: Any) -> Iterator[Mapping[str, Any]]:
    """The sets of allocations by name: an answer's `data`, Kubecost's `sets`, or a set by itself."""
    data = document.get("data", document)
    if isinstance(data, dict) and isinstance(data.get("sets"), list):
        data = [one.get("allocations") for one in data["sets"] if isinstance(one, dict)]
    for one in data if isinstance(data, list) else [data]:
        if isinstance(one, dict):
            yield one


def _batches(reading: _Reading) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    rows, schema = reading.rows(), arrow_schema("meter")
    while block := list(islice(rows, BATCH_ROWS)):
        yield pa.RecordBatch.from_pylist(block, schema=schema)
