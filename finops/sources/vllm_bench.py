"""Results of `vllm bench serve`, with the hardware they ran on from a sidecar file or from `--metadata`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from finops.errors import DataError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import bare_name, file_part, opened
from finops.sources.vllm_keys import ATTRIBUTES, ATTRIBUTES_DROPPED, FIGURES, HARDWARE, MOST_ATTRIBUTES, NAMES, TIME_FORMATS

if TYPE_CHECKING:
    import pyarrow as pa

LARGEST = 256 << 20
"""A result with all its detailed lists; it is held in memory."""

SIDECAR = "hardware.json"
_TWIN = ".pytorch.json"
_BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeError)

Record = Mapping[str, msgspec.Raw]


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
        part, sidecar = file_part(path, root), sidecar_of(path)
        if sidecar is not None:
            both = part.content_hash + sha256(_bytes(sidecar)).hexdigest()
            part = replace(part, content_hash=sha256(both.encode()).hexdigest())
        return (part,)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        notes: list[str] = []
        yield Load("benchmark", _batches(part, rejects, notes), rejects, notes=notes)


SOURCE = VllmBench()


def sidecar_of(path: Path) -> Path | None:
    """The file that says on which hardware a result was measured."""
    stem = path.name
    for suffix in (".gz", ".zst", ".json", ".jsonl"):
        stem = stem.removesuffix(suffix)
    own, shared = path.with_name(f"{stem}.{SIDECAR}"), path.with_name(SIDECAR)
    return own if own.is_file() else shared if shared.is_file() else None


def _batches(part: Part, rejects: list[Reject], notes: list[str]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    sidecar = sidecar_of(part.path)
    hardware = _hardware(sidecar) if sidecar is not None else {}
    rows = []
    for number, record in _records(part.path):
        made = record if isinstance(record, Reject) else _row(number, record, hardware)
        if isinstance(made, Reject):
            rejects.append(made)
        else:
            rows.append(made)
    if not rows and rejects:
        first = rejects[0]
        where = f"{part.path}, line {first.row}" + (f", {first.column}" if first.column else "")
        raise DataError(f"no benchmark result can be read: {first.reason}", where=where, hint="run the benchmark again")
    unpriced = sum(row["instance_type"] is None and row["hardware"] is None for row in rows)
    if unpriced:
        notes.append(
            f"{unpriced:,} of {len(rows):,} results name no hardware, so they can't be priced: put provider, region,"
            f" instance_type and count into a file {SIDECAR} beside them"
        )
    if rows:
        yield pa.RecordBatch.from_pylist(rows, schema=arrow_schema("benchmark"))


def _records(path: Path) -> Iterator[tuple[int, Record | Reject]]:
    """The results in a file: one document, a list, or one per line as `--append-result` leaves them."""
    content = _bytes(path).removeprefix(b"\xef\xbb\xbf")
    try:
        yield 1, msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        return
    except _BROKEN:
        pass
    try:
        yield from enumerate(msgspec.json.decode(content, type=list[dict[str, msgspec.Raw]]), start=1)
        return
    except _BROKEN:
        pass
    for number, line in enumerate(content.splitlines(), start=1):
        if line.strip():
            try:
                yield number, msgspec.json.decode(line, type=dict[str, msgspec.Raw])
            except _BROKEN as error:
                reason = "it is nested too deeply" if isinstance(error, RecursionError) else "it is not a whole JSON object"
                yield number, Reject(number, f"this line is no result: {reason}")


def _row(number: int, record: Record, hardware: Mapping[str, Any]) -> dict[str, Any] | Reject:
    given = {key.strip().removesuffix(":"): raw for key, raw in record.items()}
    try:
        row = {**dict.fromkeys(arrow_schema("benchmark").names), **_figures(given)}
        named = {**_from_metadata(given), **hardware}
    except _Unreadable as problem:
        return Reject(number, problem.reason, problem.key)
    for column, key in (("duration_s", "duration"), ("completed", "completed")):
        if row[column] is None:
            return Reject(number, f"this result has no {key}", key)
    row |= {column: value for column, value in named.items() if column in row and value is not None}
    row["tool"] = "vllm bench serve"
    row["time"] = _time(row["time"])
    unit = _count_units(row, named)
    row["attributes"] = _attributes(given, named, unit)
    return row


def _figures(given: Record) -> dict[str, Any]:
    """What the run measured; requests that were sent and did not finish have failed."""
    found: dict[str, Any] = {}
    for column, keys in NAMES.items():
        found[column] = next((text for key in keys if key in given and (text := _text(given[key], key))), None)
    for column, (keys, whole) in FIGURES.items():
        numbers = (_number(given[key], key, whole) for key in keys if key in given)
        found[column] = next((number for number in numbers if number is not None), None)
    sent, completed = found.pop("@sent"), found["completed"]
    if found["failed"] is None and sent is not None and completed is not None and sent >= completed:
        found["failed"] = sent - completed
    return found


class _Unreadable(Exception):
    """A value that should be a number or a name and is not."""

    def __init__(self, reason: str, key: str) -> None:
        super().__init__(reason)
        self.reason, self.key = reason, key


def _number(raw: msgspec.Raw, key: str, whole: bool) -> Any:
    """A number that is not negative; also as text, as `--metadata` writes all it is given. None where it says null."""
    try:
        value = msgspec.json.decode(raw, type=int | float | str | None)
        if isinstance(value, str):
            value = (
                float(value) if re.fullmatch(r"[0-9.]{1,30}([eE][+-]?[0-9]{1,2})?", value) else None if not value.strip() else -1
            )
        if isinstance(value, float) and whole:
            value = int(value) if value.is_integer() else -1
    except (*_BROKEN, ValueError) as error:
        raise _Unreadable("this is not a number that can be read", key) from error
    if value is not None and not 0 <= value < 2**63:
        raise _Unreadable("this is not a number that can be read", key)
    return value if value is None or whole else float(value)


def _text(raw: msgspec.Raw, key: str) -> str | None:
    try:
        value = msgspec.json.decode(raw, type=str | int | float | bool | None)
    except _BROKEN as error:
        raise _Unreadable("this is not a text that can be read", key) from error
    return None if value is None else str(value)[:512]


def _time(text: str | None) -> datetime | None:
    """The start as vLLM writes it, without a zone, taken as UTC; None where `--metadata` has put something else there."""
    for form in TIME_FORMATS if text else ():
        try:
            return datetime.strptime(text or "", form)  # noqa: DTZ007 naive UTC is what the ledger keeps
        except ValueError:
            continue
    return None


def _hardware(sidecar: Path) -> dict[str, Any]:
    try:
        given = msgspec.json.decode(_bytes(sidecar), type=dict[str, msgspec.Raw])
        return {**_from_metadata(given), "other": {key: raw for key, raw in given.items() if key not in _HARDWARE_KEYS}}
    except _BROKEN as error:
        what = "this is not a JSON object of provider, region, instance_type, count, gpu and workload"
        raise DataError(what, where=str(sidecar), hint="mend it, or take it away") from error
    except _Unreadable as problem:
        raise DataError(problem.reason, where=f"{sidecar}, {problem.key}", hint="mend it, or take it away") from problem


_HARDWARE_KEYS = {key for keys, _ in HARDWARE.values() for key in keys}


def _from_metadata(given: Record) -> dict[str, Any]:
    """What is said of the hardware and of the work done."""
    found: dict[str, Any] = {}
    for column, (keys, kind) in HARDWARE.items():
        for key in keys:
            if key in given and found.get(column) is None:
                found[column] = _text(given[key], key) if kind == "text" else _number(given[key], key, kind == "whole")
    return found


def _count_units(row: dict[str, Any], named: Mapping[str, Any]) -> str | None:
    """Sets the units of work done, and answers with what one is called."""
    units, unit = named.get("units"), named.get("unit")
    if units is not None and not re.fullmatch(r"[0-9.]{1,30}", units):
        units, unit = None, unit or units
    each = named.get("units_per_request")
    row["units"] = float(units) if units is not None else row["completed"] * each if each is not None else None
    if row["units"] is None and unit is not None:
        row["units"] = float(row["completed"])
    return unit


def _attributes(given: Record, named: Mapping[str, Any], unit: str | None) -> dict[str, str] | None:
    """How the load was made, and whatever else `--metadata` or the sidecar say in a word."""
    kept = {} if unit is None else {"unit": unit}
    others = {key: raw for key, raw in given.items() if key in ATTRIBUTES or not _is_figure(key)}
    for key, raw in sorted({**others, **named.get("other", {})}.items()):
        if bytes(raw)[:1] in (b"[", b"{", b"n"):
            continue
        try:
            text = _text(raw, key)
        except _Unreadable:
            continue
        if text and len(kept) < MOST_ATTRIBUTES:
            kept[key[:128]] = text[:256]
    return kept or None


def _is_figure(key: str) -> bool:
    return key in _KNOWN_KEYS or key.endswith("_ms") or key in ATTRIBUTES_DROPPED


_KNOWN_KEYS = (
    {key for keys in NAMES.values() for key in keys} | {key for keys, _ in FIGURES.values() for key in keys} | _HARDWARE_KEYS
)


def _bytes(path: Path) -> bytes:
    with opened(path) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(
            f"this file is larger than {LARGEST >> 20} MiB", where=str(path), hint="save it without `--save-detailed`"
        )
    return content
