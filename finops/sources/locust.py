"""Results of Locust: the CSV of statistics. The CSV of their history tells of the same run and is not read twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.bench_rows import Found, Measured, benchmark_load, cells_of
from finops.sources.files import file_part
from finops.sources.glimpse import glimpse
from finops.sources.hardware import Unreadable, with_sidecar
from finops.sources.rows import read_rows

_ALL = "Aggregated"
_HISTORY = ("Timestamp", "User Count", "Total Request Count")
_LATENCIES = {"e2e_p50_ms": "50%", "e2e_p95_ms": "95%", "e2e_p99_ms": "99%"}


class Locust:
    """One row per file: the line `Aggregated`, which the lines above it add up to. It states no duration: that is its
    requests over its requests a second."""

    name = "locust"
    title = "statistics of Locust load tests (CSV)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (
        Pattern((".csv",), header_all=("Type", "Name", "Request Count", "Failure Count", "Requests/s")),
        Pattern((".csv",), header_all=_HISTORY),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        """The file where it holds the statistics. Their history is no result of its own."""
        if set(glimpse(path).header).issuperset(_HISTORY):
            return ()
        return (with_sidecar(file_part(path, root)),)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "locust", _runs)


SOURCE = Locust()


def _runs(path: Path) -> Found:
    requests = 0
    for row in read_rows(glimpse(path)):
        if isinstance(row, Reject):
            yield row.row, row
            continue
        number, texts = row
        if texts.get("Name") != _ALL:
            requests += 1
            continue
        try:
            yield number, _run(texts, requests)
        except Unreadable as problem:
            yield number, Reject(number, problem.reason, problem.key)
        return
    yield (
        max(requests, 1),
        Reject(max(requests, 1), f"no line is named {_ALL}: the test was stopped before it was summed up", "Name"),
    )


def _run(texts: Mapping[str, str | None], endpoints: int) -> Measured:
    given = cells_of(texts)
    sent, failed = given.whole("Request Count"), given.whole("Failure Count")
    rate = given.number("Requests/s")
    if sent is None:
        raise Unreadable("this line counts no requests", "Request Count")
    if failed is not None and failed > sent:
        raise Unreadable("more requests failed than were sent", "Failure Count")
    values: dict[str, Any] = {
        "duration_s": sent / rate if sent and rate else None,
        "completed": sent if failed is None else sent - failed,
        "failed": failed,
        "requests_per_s": rate,
    }
    values |= {column: given.number(key) for column, key in _LATENCIES.items()}
    return Measured(values, {"endpoints": str(endpoints)})
