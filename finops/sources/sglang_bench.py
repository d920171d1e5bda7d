"""Results of SGLang's `bench_serving`: JSON lines, one appended per run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern
from finops.sources.bench_json import Node
from finops.sources.bench_rows import Measured, benchmark_load, from_records
from finops.sources.files import file_part
from finops.sources.hardware import Unreadable, named_in, with_sidecar

FIGURES = {
    "input_tokens": "total_input_tokens",
    "output_tokens": "total_output_tokens",
    "requests_per_s": "request_throughput",
    "output_tokens_per_s": "output_throughput",
    "total_tokens_per_s": "total_throughput",
    "ttft_p50_ms": "median_ttft_ms",
    "ttft_p95_ms": "p95_ttft_ms",
    "ttft_p99_ms": "p99_ttft_ms",
    "tpot_p50_ms": "median_tpot_ms",
    "tpot_p99_ms": "p99_tpot_ms",
    "e2e_p50_ms": "median_e2e_latency_ms",
    "e2e_p95_ms": "p95_e2e_latency_ms",
    "e2e_p99_ms": "p99_e2e_latency_ms",
}
ATTRIBUTES = ("backend", "dataset_name", "request_rate", "tag", "random_input_len", "random_output_len", "sharegpt_output_len")
SERVER = ("tp_size", "dp_size", "pp_size", "ep_size", "version", "quantization", "dtype", "mem_fraction_static")
_MODEL = ("served_model_name", "model_path")


class SglangBench:
    """One row per line. The model and the shape of the server are in `server_info` where the server gave it; which GPU it ran on
    is not, so a sidecar says."""

    name = "sglang_bench"
    title = "results of SGLang `bench_serving` (JSON lines)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (
        Pattern((".jsonl", ".json"), head_all=('"total_output_tokens_retokenized"', '"duration"', '"completed"')),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [with_sidecar(file_part(path, root))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "sglang bench_serving", from_records(_runs))


SOURCE = SglangBench()


def _runs(given: Node) -> Iterator[Measured]:
    duration, completed = given.number("duration"), given.whole("completed")
    for value, key in ((duration, "duration"), (completed, "completed")):
        if value is None:
            raise Unreadable(f"this result has no {key}", key)
    sent = given.whole("num_prompts")
    values: dict[str, Any] = {column: given.number(key) for column, key in FIGURES.items()}
    values |= {
        "duration_s": duration,
        "completed": completed,
        "failed": sent - completed if sent is not None and completed is not None and sent >= completed else None,
        "max_concurrency": given.whole("max_concurrency"),
        "workload": given.word("tag"),
        "model": _model(given),
    }
    yield Measured(values, _attributes(given), named_in(given.fields))


def _model(given: Node) -> str | None:
    """The model by its served name; newer servers nest their arguments."""
    server = given.node("server_info")
    return next((name for key in _MODEL if (name := server.word(key))), None) or given.word("model_id") or given.word("model")


def _attributes(given: Node) -> dict[str, str | None]:
    kept = {key: given.word(key) for key in ATTRIBUTES}
    kept |= {key: given.word("server_info", key) for key in SERVER}
    kept |= {"cache_hit_rate_pct": given.word("cache_report", "cache_hit_rate_pct")}
    kept |= {"average_concurrency": given.word("concurrency")}
    return kept
