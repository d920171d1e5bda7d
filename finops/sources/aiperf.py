"""Results of AIPerf and of genai-perf, its predecessor: `profile_export_aiperf.json`, `*_genai_perf.json`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern
from finops.sources.bench_json import Node
from finops.sources.bench_rows import Measured, benchmark_load, from_records, moment
from finops.sources.files import file_part
from finops.sources.hardware import Unreadable, with_sidecar

_LATENCIES = {"e2e": "request_latency", "ttft": "time_to_first_token", "tpot": "inter_token_latency"}
_SHARES = {"e2e": ("p50", "p95", "p99"), "ttft": ("p50", "p95", "p99"), "tpot": ("p50", "p99")}
_MS_PER = {"ms": 1.0, "milliseconds": 1.0, "s": 1e3, "sec": 1e3, "seconds": 1e3, "us": 1e-3, "ns": 1e-6, "nanoseconds": 1e-6}
_MODELS = (("endpoint", "model_names"), ("endpoint", "models"), ("models", "items"), ("model_names",), ("model",), ("models",))
_CONCURRENCY = (("loadgen", "concurrency"), ("concurrency",), ("perf_analyzer", "stimulus", "concurrency"))
_ATTRIBUTES = ("aiperf_version", "schema_version", "was_cancelled", "is_complete")


class AIPerf:
    """One row per file. Totals of a run stand under `avg`. The names of the GPUs come from `telemetry_data` where it was on; a
    sidecar says which machine they are in. genai-perf states no duration: it follows from requests and requests a second."""

    name = "aiperf"
    title = "results of AIPerf and genai-perf (JSON)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (
        Pattern(
            (".json",),
            head_all=('"request_throughput"', '"request_latency"', '"avg"', '"unit"'),
            head_any=('"benchmark_duration"', '"output_sequence_length"', '"input_config"'),
        ),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [with_sidecar(file_part(path, root))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "aiperf", from_records(_runs))


SOURCE = AIPerf()


def _runs(given: Node) -> Iterator[Measured]:
    own = any(key in given.fields for key in ("benchmark_duration", "aiperf_version", "schema_version"))
    completed, rate = _whole_total(given, "request_count"), _total(given, "request_throughput")
    duration = _in_ms(given, "benchmark_duration", "avg")
    values: dict[str, Any] = {
        "tool": "aiperf" if own else "genai-perf",
        "model": _first_names(given),
        "time": _start(given),
        "duration_s": duration / 1000 if duration is not None else completed / rate if completed and rate else None,
        "completed": completed,
        "failed": _whole_total(given, "error_request_count"),
        "max_concurrency": _concurrency(given),
        "input_tokens": _tokens(given, "total_isl", "input_sequence_length", completed),
        "output_tokens": _tokens(given, "total_osl", "output_sequence_length", completed),
        "requests_per_s": rate,
        "output_tokens_per_s": _total(given, "output_token_throughput"),
        "total_tokens_per_s": _total(given, "total_token_throughput"),
        "goodput_per_s": _total(given, "goodput") if "goodput" in given.fields else _total(given, "request_goodput"),
    }
    for column, key in _LATENCIES.items():
        values |= {f"{column}_{share}_ms": _in_ms(given, key, share) for share in _SHARES[column]}
    attributes = {key: given.word(key) for key in _ATTRIBUTES}
    attributes["cached_input_tokens"] = given.word("total_usage_prompt_cache_read_tokens", "avg")
    yield Measured(values, attributes, {"hardware": _gpus(given)})


def _total(given: Node, key: str) -> float | None:
    return given.number(key, "avg")


def _whole_total(given: Node, key: str) -> int | None:
    return given.whole(key, "avg")


def _tokens(given: Node, total: str, each: str, completed: int | None) -> float | None:
    """The run's total, else the mean of a request times the requests, which is the same sum."""
    stated, mean = _total(given, total), _total(given, each)
    if stated is not None:
        return stated
    return None if mean is None or completed is None else float(round(mean * completed))


def _in_ms(given: Node, key: str, statistic: str) -> float | None:
    value, unit = given.number(key, statistic), given.text(key, "unit")
    if value is None:
        return None
    if unit is None or unit.strip().lower() not in _MS_PER:
        raise Unreadable(f"`{unit}` is not a unit of time that is known", f"{key}.unit")
    return value * _MS_PER[unit.strip().lower()]


def _first_names(given: Node) -> str | None:
    """The model, or the models that were called in turn."""
    for path in _MODELS:
        try:
            names = given.names("input_config", *path)
        except Unreadable:
            continue
        if names:
            return ", ".join(names)
    return None


def _concurrency(given: Node) -> int | None:
    for path in _CONCURRENCY:
        try:
            found = given.whole("input_config", *path)
        except Unreadable:
            continue
        if found is not None:
            return found
    return None


def _start(given: Node) -> Any:
    return moment(given.word("start_time"))


def _gpus(given: Node) -> str | None:
    """The GPUs that telemetry saw, such as `4xNVIDIA L4`; None where there are none, or different ones."""
    names = [
        name
        for endpoint in given.node("telemetry_data").nodes("endpoints")
        for gpu in endpoint.nodes("gpus")
        if (name := gpu.word("gpu_name")) is not None
    ]
    if len(set(names)) != 1:
        return None
    return names[0] if len(names) == 1 else f"{len(names)}x{names[0]}"
