"""Results of MLPerf Inference: `mlperf_log_summary.txt` as LoadGen writes it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern
from finops.sources.bench_rows import Found, Measured, benchmark_load
from finops.sources.files import file_part, head
from finops.sources.hardware import with_sidecar

_LINE = re.compile(r"([^:\n]{1,80}?)\s*:\s*(.*)")
_PERCENTILE = re.compile(r"(50|95|99)\.00 percentile (.*?) ?\(ns\)", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,2})?")
_COLUMNS = {"latency": "e2e", "first token latency": "ttft", "time to output token": "tpot"}
_WITHOUT = ("tpot_p95_ms",)
_REQUESTS = ("Completed samples per second", "Samples per second")
_TOKENS = ("Completed tokens per second", "Tokens per second")
_ATTRIBUTES = {
    "scenario": "Scenario",
    "mode": "Mode",
    "target_qps": "target_qps",
    "scheduled_per_s": "Scheduled samples per second",
}
_NS_PER_MS = 1e6


class MLPerf:
    """One row per summary, and only where LoadGen found the result valid. What was scheduled is no throughput. Offline hands all
    its samples over at once: their number over their rate is how long it took, and a latency is no request's. The other scenarios
    do not say how long they ran. The system stands in a file of its own, so a sidecar says."""

    name = "mlperf"
    title = "summaries of MLPerf Inference (`mlperf_log_summary.txt`)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (Pattern((".txt",), head_all=("MLPerf Results Summary", "Scenario", "Result is")),)

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [with_sidecar(file_part(path, root))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "mlperf inference", _runs)


SOURCE = MLPerf()


def _runs(path: Path) -> Found:
    said = _lines(path)
    verdict = said.get("Result is")
    if verdict != "VALID":
        what = f"LoadGen says that this result is {verdict or 'without a verdict'}; only a VALID one measures anything"
        raise DataError(what, where=str(path), hint="run it again until it is VALID, or take it away")
    offline = said.get("Scenario", "").lower() == "offline"
    rate, tokens_per_s = _first(said, _REQUESTS), _first(said, _TOKENS)
    samples = _number(said.get("samples_per_query")) if offline else None
    duration = samples / rate if samples and rate else None
    values: dict[str, Any] = {
        "model": None,
        "duration_s": duration,
        "completed": int(samples) if samples else None,
        "requests_per_s": rate,
        "output_tokens_per_s": tokens_per_s,
        "output_tokens": tokens_per_s * duration if tokens_per_s and duration else None,
    }
    if not offline:
        values |= _latencies(said)
    attributes: dict[str, str | None] = {name: said.get(key) for name, key in _ATTRIBUTES.items()}
    yield 1, Measured({**values}, {**attributes, "sut": said.get("SUT name")})


def _lines(path: Path) -> dict[str, str]:
    """Every `key : value` of the summary, the first of each."""
    said: dict[str, str] = {}
    for line in head(path).decode("utf-8", "replace").splitlines():
        match = _LINE.fullmatch(line.strip())
        if match:
            said.setdefault(match[1], match[2].strip())
    return said


def _latencies(said: Mapping[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for key, text in said.items():
        match, value = _PERCENTILE.fullmatch(key), _number(text)
        name = match and _COLUMNS.get(match[2].lower())
        column = f"{name}_p{match[1]}_ms" if match and name else None
        if column is not None and column not in _WITHOUT and value is not None:
            found[column] = value / _NS_PER_MS
    return found


def _first(said: Mapping[str, str], keys: tuple[str, ...]) -> float | None:
    return next((value for key in keys if (value := _number(said.get(key))) is not None), None)


def _number(text: str | None) -> float | None:
    return float(text) if text and _NUMBER.fullmatch(text) else None
