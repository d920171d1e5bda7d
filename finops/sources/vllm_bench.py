"""Results of `vllm bench serve`, with the hardware they ran on from a sidecar file or from `--metadata`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.errors import DataError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.bench_json import records
from finops.sources.files import bare_name, file_part
from finops.sources.hardware import (
    HARDWARE_KEYS,
    SIDECAR,
    Record,
    Unreadable,
    count_units,
    hardware_of,
    named_in,
    number_of,
    text_of,
    unpriced_note,
    with_sidecar,
)
from finops.sources.vllm_keys import ATTRIBUTES, ATTRIBUTES_DROPPED, FIGURES, MOST_ATTRIBUTES, NAMES, TIME_FORMATS

if TYPE_CHECKING:
    import pyarrow as pa

_TWIN = ".pytorch.json"


class VllmBench:
    """One row per benchmark run. `NAME.hardware.json` beside `NAME.json`, else `hardware.json` in the folder, names provider,
    region, instance type, number of instances, GPU, workload and units of work; values given by `--metadata` do the same."""

    name = "vllm_bench"
    title = "results of `vllm bench serve` (JSON)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (
        Pattern(
            (".json", ".jsonl"),
            head_all=('"model_id"', '"request_throughput"', '"total_output_tokens"'),
            head_any=('"duration"',),
        ),
        Pattern((SIDECAR,), head_all=('"instance_type"',), head_any=('"provider"', '"gpu"')),
        Pattern((_TWIN,), head_any=('"benchmark"', '"metric"')),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        """The file itself. A sidecar, and the copy that vLLM writes for PyTorch's dashboard, are no results of their own."""
        if bare_name(path).endswith((SIDECAR, _TWIN)):
            return ()
        return (with_sidecar(file_part(path, root)),)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("benchmark", _batches(part, rejects, notes), rejects, notes=notes)


SOURCE = VllmBench()


def _batches(part: Part, rejects: list[Reject], notes: list[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    hardware = hardware_of(part.path)
    rows = []
    for number, record in records(part.path):
        made = record if isinstance(record, Reject) else _row(number, record, hardware)
        if isinstance(made, Reject):
            rejects.append(made)
        else:
            rows.append(made)
    if not rows and rejects:
        first = rejects[0]
        where = f"{part.path}, line {first.row}" + (f", {first.column}" if first.column else "")
        raise DataError(f"no benchmark result can be read: {first.reason}", where=where, hint="run the benchmark again")
    if note := unpriced_note(rows):
        notes.append(note)
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=arrow_schema("benchmark"))


def _row(number: int, record: Record, hardware: Mapping[str, Any]) -> dict[str, Any] | Reject:
    given = {key.strip().removesuffix(":"): raw for key, raw in record.items()}
    try:
        row = {**dict.fromkeys(arrow_schema("benchmark").names), **_figures(given)}
        named = {**named_in(given), **hardware}
    except Unreadable as problem:
        return Reject(number, problem.reason, problem.key)
    for column, key in (("duration_s", "duration"), ("completed", "completed")):
        if row[column] is None:
            return Reject(number, f"this result has no {key}", key)
    row |= {column: value for column, value in named.items() if column in row and column != "units" and value is not None}
    row["workload"] = row["workload"] or row["model"]
    row["tool"] = "vllm bench serve"
    row["time"] = _time(row["time"])
    unit = count_units(row, named)
    row["attributes"] = _attributes(given, named, unit)
    return row


def _figures(given: Record) -> dict[str, Any]:
    """What the run measured; requests that were sent and did not finish have failed."""
    found: dict[str, Any] = {}
    for column, keys in NAMES.items():
        found[column] = next((text for key in keys if key in given and (text := text_of(given[key], key))), None)
    for column, (keys, whole) in FIGURES.items():
        numbers = (number_of(given[key], key, whole) for key in keys if key in given)
        found[column] = next((number for number in numbers if number is not None), None)
    sent, completed = found.pop("@sent"), found["completed"]
    if found["failed"] is None and sent is not None and completed is not None and sent >= completed:
        found["failed"] = sent - completed
    return found


def _time(text: str | None) -> datetime | None:
    """The start as vLLM writes it, without a zone, taken as UTC; None where `--metadata` has put something else there."""
    for form in TIME_FORMATS if text else ():
        try:
            return datetime.strptime(text or "", form)  # noqa: DTZ007 naive UTC is what the ledger keeps
        except ValueError:
            continue
    return None


def _attributes(given: Record, named: Mapping[str, Any], unit: str | None) -> dict[str, str] | None:
    """How the load was made, and whatever else `--metadata` or the sidecar say in a word."""
    kept = {} if unit is None else {"unit": unit}
    others = {key: raw for key, raw in given.items() if key in ATTRIBUTES or not _is_figure(key)}
    for key, raw in sorted({**others, **named.get("other", {})}.items()):
        if bytes(raw)[:1] in (b"[", b"{", b"n"):
            continue
        try:
            text = text_of(raw, key)
        except Unreadable:
            continue
        if text and len(kept) < MOST_ATTRIBUTES:
            kept[key[:128]] = text[:256]
    return kept or None


def _is_figure(key: str) -> bool:
    return key in _KNOWN_KEYS or key.endswith("_ms") or key in ATTRIBUTES_DROPPED


_KNOWN_KEYS = (
    {key for keys in NAMES.values() for key in keys} | {key for keys, _ in FIGURES.values() for key in keys} | HARDWARE_KEYS
)
