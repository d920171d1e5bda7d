"""On which hardware a benchmark ran, and what work it did: from the result itself, else from a sidecar file beside it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec

from finops.errors import DataError
from finops.sources.base import Part
from finops.sources.files import opened

LARGEST = 256 << 20
"""A result with all its detailed lists; it is held in memory."""

SIDECAR = "hardware.json"
BROKEN = (msgspec.MsgspecError, RecursionError, UnicodeError)
"""What msgspec raises for text that is not the JSON that was asked for."""

Record = Mapping[str, msgspec.Raw]

HARDWARE: dict[str, tuple[tuple[str, ...], Literal["text", "whole", "float"]]] = {
    "workload": (("workload",), "text"),
    "revision": (("revision", "model_revision"), "text"),
    "provider": (("provider", "cloud"), "text"),
    "region": (("region",), "text"),
    "instance_type": (("instance_type", "machine_type"), "text"),
    "hardware": (("gpu", "gpu_name", "accelerator", "hardware"), "text"),
    "count": (("count", "instance_count", "instances"), "whole"),
    "repeat": (("repeat",), "whole"),
    "gpu_memory_gib": (("gpu_memory_gib",), "float"),
    "units": (("units",), "text"),
    "unit": (("unit",), "text"),
    "units_per_request": (("units_per_request",), "float"),
}
"""What a sidecar, or `--metadata`, may say. `units` is how much work the run did; where it is a word, it names the unit and every
finished request is one."""

HARDWARE_KEYS = frozenset(key for keys, _ in HARDWARE.values() for key in keys)
_RESULT_SUFFIXES = (".gz", ".zst", ".json", ".jsonl", ".csv", ".txt")
_COUNT = re.compile(r"[0-9.]{1,30}")


class Unreadable(Exception):
    """A value that should be a number or a name and is not."""

    def __init__(self, reason: str, key: str) -> None:
        super().__init__(reason)
        self.reason, self.key = reason, key


def sidecar_of(path: Path) -> Path | None:
    """The file that says on which hardware a result was measured: `NAME.hardware.json`, else `hardware.json` in the folder."""
    stem = path.name
    for suffix in _RESULT_SUFFIXES:
        stem = stem.removesuffix(suffix)
    own, shared = path.with_name(f"{stem}.{SIDECAR}"), path.with_name(SIDECAR)
    return own if own.is_file() else shared if shared.is_file() else None


def with_sidecar(part: Part) -> Part:
    """The part, whose hash also stands for its sidecar: where that changes, the result is loaded anew."""
    sidecar = sidecar_of(part.path)
    if sidecar is None:
        return part
    own = sha256(whole_content(sidecar)).hexdigest()
    return part.sealed(lambda text: sha256((text + own).encode()).hexdigest())


def hardware_of(path: Path) -> dict[str, Any]:
    """What the sidecar of a result says; nothing where there is none. `other` holds the keys that mean no column."""
    sidecar = sidecar_of(path)
    if sidecar is None:
        return {}
    try:
        given = msgspec.json.decode(whole_content(sidecar), type=dict[str, msgspec.Raw])
        return {**named_in(given), "other": {key: raw for key, raw in given.items() if key not in HARDWARE_KEYS}}
    except BROKEN as error:
        what = "this is not a JSON object of provider, region, instance_type, count, gpu and workload"
        raise DataError(what, where=str(sidecar), hint="mend it, or take it away") from error
    except Unreadable as problem:
        raise DataError(problem.reason, where=f"{sidecar}, {problem.key}", hint="mend it, or take it away") from problem


def named_in(given: Record) -> dict[str, Any]:
    """What is said of the hardware and of the work done."""
    found: dict[str, Any] = {}
    for column, (keys, kind) in HARDWARE.items():
        for key in keys:
            if key in given and found.get(column) is None:
                found[column] = text_of(given[key], key) if kind == "text" else number_of(given[key], key, kind == "whole")
    return found


def count_units(row: dict[str, Any], named: Mapping[str, Any]) -> str | None:
    """Sets the units of work done where they are named, and answers with what one is called."""
    units, unit = named.get("units"), named.get("unit")
    if units is not None and not _COUNT.fullmatch(units):
        units, unit = None, unit or units
    each, completed = named.get("units_per_request"), row["completed"]
    if units is not None:
        row["units"] = float(units)
    elif completed is not None and each is not None:
        row["units"] = completed * each
    elif completed is not None and unit is not None and row["units"] is None:
        row["units"] = float(completed)
    return unit


def unpriced_note(rows: list[dict[str, Any]]) -> str | None:
    """The sentence for results that can't be priced, since they name no hardware."""
    unpriced = sum(row["instance_type"] is None and row["hardware"] is None for row in rows)
    if not unpriced:
        return None
    return (
        f"{unpriced:,} of {len(rows):,} results name no hardware, so they can't be priced: put provider, region,"
        f" instance_type and count into a file {SIDECAR} beside them"
    )


def number_of(raw: msgspec.Raw, key: str, whole: bool) -> Any:
    """A number that is not negative; also as text, as `--metadata` writes all it is given. None where it says null."""
    try:
        value = msgspec.json.decode(raw, type=int | float | str | None)
        if isinstance(value, str):
            value = (
                float(value) if re.fullmatch(r"[0-9.]{1,30}([eE][+-]?[0-9]{1,2})?", value) else None if not value.strip() else -1
            )
        if isinstance(value, float) and whole:
            value = int(value) if value.is_integer() else -1
    except (*BROKEN, ValueError) as error:
        raise Unreadable("this is not a number that can be read", key) from error
    if value is not None and not 0 <= value < 2**63:
        raise Unreadable("this is not a number that can be read", key)
    return value if value is None or whole else float(value)


def text_of(raw: msgspec.Raw, key: str) -> str | None:
    """A text, or a number as text; None where it says null."""
    try:
        value = msgspec.json.decode(raw, type=str | int | float | bool | None)
    except BROKEN as error:
        raise Unreadable("this is not a text that can be read", key) from error
    return None if value is None else str(value)[:512]


def whole_content(path: Path) -> bytes:
    """The decompressed bytes, no more than LARGEST."""
    with opened(path) as stream:
        content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise DataError(
            f"this file is larger than {LARGEST >> 20} MiB", where=str(path), hint="save it without `--save-detailed`"
        )
    return content
