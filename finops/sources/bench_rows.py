"""Rows of benchmarks from what a tool measured, what its file says of the hardware, and what a sidecar says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from finops.errors import DataError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Part, Reject
from finops.sources.bench_json import Node, records
from finops.sources.hardware import Unreadable, count_units, hardware_of, text_of, unpriced_note

if TYPE_CHECKING:
    import pyarrow as pa

MOST_ATTRIBUTES = 48
_SECONDS = re.compile(r"[0-9]{9,10}(\.[0-9]{1,12})?")


@dataclass(frozen=True)
class Measured:
    """One run as its file tells it. `values` holds columns of the contract; `named` what the file itself says of hardware and
    work, by the column names of HARDWARE. A sidecar wins over both."""

    values: Mapping[str, Any]
    attributes: Mapping[str, str | None] = field(default_factory=dict)
    named: Mapping[str, Any] = field(default_factory=dict)


Found = Iterator[tuple[int, Measured | Reject]]


def benchmark_load(part: Part, tool: str, read: Callable[[Path], Found]) -> Load:
    """The runs of a file as rows of the contract `benchmark`."""
    rejects: list[Reject] = []
    notes: list[str] = []
    return Load("benchmark", _batches(part, tool, read, rejects, notes), rejects, notes=notes)


def from_records(read: Callable[[Node], Iterator[Measured]]) -> Callable[[Path], Found]:
    """Reads every JSON document of a file with `read`; a document that can't be read is one Reject."""

    def found(path: Path) -> Found:
        for number, record in records(path):
            if isinstance(record, Reject):
                yield number, record
                continue
            try:
                for one in read(Node(record)):
                    yield number, one
            except Unreadable as problem:
                yield number, Reject(number, problem.reason, problem.key or None)

    return found


def _batches(
    part: Part, tool: str, read: Callable[[Path], Found], rejects: list[Reject], notes: list[str]
) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    hardware, rows = hardware_of(part.path), []
    for number, found in read(part.path):
        made = found if isinstance(found, Reject) else _row(number, found, tool, hardware)
        if isinstance(made, Reject):
            rejects.append(made)
        else:
            rows.append(made)
    if not rows and rejects:
        first = rejects[0]
        where = f"{part.path}, line {first.row}" + (f", {first.column}" if first.column else "")
        raise DataError(f"no benchmark result can be read: {first.reason}", where=where, hint="run the benchmark again")
    timeless = sum(row["duration_s"] is None for row in rows)
    if timeless:
        notes.append(f"{timeless:,} of {len(rows):,} results do not say how long they ran, and nothing in them tells")
    if note := unpriced_note(rows):
        notes.append(note)
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=arrow_schema("benchmark"))


def _row(number: int, found: Measured, tool: str, hardware: Mapping[str, Any]) -> dict[str, Any] | Reject:
    row: dict[str, Any] = {**dict.fromkeys(arrow_schema("benchmark").names), **found.values}
    named = {**found.named, **{key: value for key, value in hardware.items() if value is not None}}
    row |= {column: value for column, value in named.items() if column in row and column != "units" and value is not None}
    row["tool"] = row["tool"] or tool
    row["workload"] = row["workload"] or row["model"]
    unit = count_units(row, named)
    if row["duration_s"] is not None and row["duration_s"] <= 0:
        return Reject(number, "the run took no time", "duration")
    if all(row[column] is None for column in ("completed", "units", "output_tokens", "requests_per_s", "output_tokens_per_s")):
        return Reject(number, "this result tells of no work: no requests, no units, no tokens")
    row["attributes"] = _attributes(unit, found.attributes, hardware)
    return row


def _attributes(unit: str | None, own: Mapping[str, str | None], hardware: Mapping[str, Any]) -> dict[str, str] | None:
    """How the load was made, and whatever else the sidecar says in a word."""
    texts: dict[str, str | None] = dict(own)
    for key, raw in hardware.get("other", {}).items():
        try:
            texts[key] = None if bytes(raw)[:1] in (b"[", b"{", b"n") else text_of(raw, key)
        except Unreadable:
            continue
    kept = {} if unit is None else {"unit": unit}
    for key, text in sorted(texts.items()):
        if text and len(kept) < MOST_ATTRIBUTES:
            kept[key[:128]] = text[:256]
    return kept or None


def moment(text: str | None) -> datetime | None:
    """The time of a run, in UTC: a Unix time in seconds, or an ISO time that says its zone. None for anything else."""
    if text is None:
        return None
    try:
        if _SECONDS.fullmatch(text):
            return datetime(1970, 1, 1) + timedelta(seconds=float(text))  # noqa: DTZ001 naive UTC is what the ledger keeps
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else None
    except (ValueError, OverflowError):
        return None


def cells_of(texts: Mapping[str, str | None]) -> Node:
    """The texts of a table's row, to be read like a JSON object."""
    return Node({name: msgspec.Raw(msgspec.json.encode(text)) for name, text in texts.items()})
