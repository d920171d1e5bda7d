"""Benchmarks of any kind as a plain CSV: units of work and the resource-hours, or the seconds, that they took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.core.contracts import CONTRACTS
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.bench_json import Node
from finops.sources.bench_rows import Found, Measured, benchmark_load, cells_of, moment
from finops.sources.files import file_part
from finops.sources.glimpse import glimpse
from finops.sources.hardware import Unreadable, named_in, with_sidecar
from finops.sources.rows import read_rows

_TIMES = ("resource_hours", "duration_s")
_OWN = ("workload", "units", "unit", "time", *_TIMES)
_AGREE = 0.01
"""By how much hours and seconds may differ where both are given: they are rounded."""


class WorkTable:
    """One row per line: `workload, units, resource_hours` or `duration_s`, and as far as known `instance_type, region, provider,
    count` and every other column of a benchmark. Resource-hours are the hours of all machines together."""

    name = "work_table"
    title = "units of work and the resource-hours they took (CSV)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (Pattern((".csv",), header_all=("workload", "units"), header_any=_TIMES),)

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [with_sidecar(file_part(path, root))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "table", _runs)


SOURCE = WorkTable()


def _runs(path: Path) -> Found:
    for row in read_rows(glimpse(path)):
        if isinstance(row, Reject):
            yield row.row, row
            continue
        number, texts = row
        try:
            yield number, _run(cells_of({name.strip().lower(): text for name, text in texts.items()}))
        except Unreadable as problem:
            yield number, Reject(number, problem.reason, problem.key, (texts.get(problem.key) or "")[:200] or None)


def _run(given: Node) -> Measured:
    units, workload = given.number("units"), given.text("workload")
    if not units:
        raise Unreadable("a benchmark needs units of work, more than none", "units")
    if workload is None:
        raise Unreadable("this line names no workload", "workload")
    values: dict[str, Any] = {"workload": workload, "units": units, "duration_s": _duration(given), "tool": given.text("tool")}
    values["time"] = _time(given)
    for field in CONTRACTS["benchmark"].fields:
        if field.name not in values and field.name in given.fields:
            values[field.name] = _value(given, field.name, field.kind)
    named = named_in({key: raw for key, raw in given.fields.items() if key not in ("units", "units_per_request")})
    known = {*_OWN, *values}
    others = {
        key: given.word(key) for key in sorted(given.fields) if key not in known and key not in CONTRACTS["benchmark"].names
    }
    return Measured(values, others, named)


def _value(given: Node, name: str, kind: str) -> Any:
    if kind == "map":
        raise Unreadable("this column can't be given in a table; give each attribute a column of its own", name)
    return given.whole(name) if kind == "int" else given.number(name) if kind == "float" else given.text(name)


def _time(given: Node) -> Any:
    text = given.text("time")
    found = moment(text)
    if text is not None and found is None:
        raise Unreadable("not a time with its zone, such as 2026-11-20T00:00:00Z", "time")
    return found


def _duration(given: Node) -> float:
    """How long the machines were busy, each: the hours of all of them over their count."""
    hours, seconds, count = given.number("resource_hours"), given.number("duration_s"), given.whole("count")
    if count == 0:
        raise Unreadable("a benchmark runs on one machine or more", "count")
    from_hours = None if hours is None else hours * 3600 / (count or 1)
    if from_hours is not None and seconds is not None and abs(from_hours - seconds) > _AGREE * max(from_hours, seconds):
        raise Unreadable("resource_hours and duration_s do not tell the same time", "resource_hours")
    found = seconds if seconds is not None else from_hours
    if not found:
        raise Unreadable("a benchmark needs the time it took, as resource_hours or duration_s", _TIMES[0])
    return found
