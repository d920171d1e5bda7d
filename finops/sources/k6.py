"""Results of k6: the JSON of `handleSummary`, and the older one of `--summary-export`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern
from finops.sources.bench_json import Node
from finops.sources.bench_rows import Measured, benchmark_load, from_records
from finops.sources.files import file_part
from finops.sources.hardware import Unreadable, with_sidecar

_LATENCIES = {"e2e_p50_ms": "med", "e2e_p95_ms": "p(95)", "e2e_p99_ms": "p(99)"}


class K6:
    """One row per summary. A request is what counts as work; which are units of work, and on what hardware the service under load
    ran, a sidecar says. The older layout states no duration: it follows from requests and requests a second."""

    name = "k6"
    title = "summaries of k6 load tests (JSON)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (
        Pattern((".json",), head_all=('"metrics"', '"http_reqs"'), head_any=('"root_group"', '"http_req_duration"')),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [with_sidecar(file_part(path, root))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "k6", from_records(_runs))


SOURCE = K6()


def _runs(given: Node) -> Iterator[Measured]:
    requests, times = _values(given, "http_reqs"), _values(given, "http_req_duration")
    sent, rate = requests.whole("count"), requests.number("rate")
    if sent is None:
        raise Unreadable("this summary counts no HTTP requests", "metrics.http_reqs.count")
    milliseconds = given.number("state", "testRunDurationMs")
    failed = _failed(given, sent)
    users = _values(given, "vus").whole("max")
    values: dict[str, Any] = {
        "duration_s": milliseconds / 1000 if milliseconds is not None else sent / rate if sent and rate else None,
        "completed": sent if failed is None else sent - failed,
        "failed": failed,
        "requests_per_s": rate,
        "max_concurrency": _values(given, "vus_max").whole("max") if users is None else users,
    }
    values |= {column: times.number(key) for column, key in _LATENCIES.items()}
    yield Measured(values, {"iterations": _values(given, "iterations").word("count")})


def _values(given: Node, metric: str) -> Node:
    """The figures of a metric: a level deeper in the newer layout."""
    found = given.node("metrics", metric)
    return found.node("values") if "values" in found.fields else found


def _failed(given: Node, sent: int) -> int | None:
    """How many requests failed. `http_req_failed` counts the truth of "it failed", so its passes are the failures."""
    failures = _values(given, "http_req_failed").whole("passes")
    if failures is not None and failures > sent:
        raise Unreadable("more requests failed than were sent", "metrics.http_req_failed.passes")
    return failures
