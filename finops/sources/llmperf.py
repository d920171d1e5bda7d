"""Results of LLMPerf: the summary of a run. The file of individual responses tells of the same run and is not read twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern
from finops.sources.bench_json import Node
from finops.sources.bench_rows import Measured, benchmark_load, from_records, moment
from finops.sources.files import file_part, head
from finops.sources.hardware import Unreadable, named_in, with_sidecar

_SUMMARY = '"results_num_completed_requests"'
_SHARES = {"ttft": ("p50", "p95", "p99"), "end_to_end_latency": ("p50", "p95", "p99")}
_COLUMN = {"ttft": "ttft", "end_to_end_latency": "e2e"}
_ATTRIBUTES = ("framework", "api", "version", "model_size", "mean_input_tokens", "mean_output_tokens")


class LLMPerf:
    """One row per summary. It states no duration: that is its completed requests over its completed requests a minute, and token
    sums are means times requests; each is the sum that LLMPerf divided. Latencies are in seconds. What LLMPerf calls the latency
    between tokens includes the first token, so it is no time per output token and stays out."""

    name = "llmperf"
    title = "summaries of LLMPerf (JSON)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (
        Pattern((".json",), head_all=(_SUMMARY, '"num_concurrent_requests"')),
        Pattern((".json",), head_all=('"error_code"', '"ttft_s"', '"end_to_end_latency_s"', '"number_output_tokens"')),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        """The file where it is a summary. Individual responses are no result of their own."""
        if _SUMMARY.encode() not in head(path):
            return ()
        return (with_sidecar(file_part(path, root)),)

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "llmperf", from_records(_runs))


SOURCE = LLMPerf()


def _runs(given: Node) -> Iterator[Measured]:
    completed, per_minute = given.whole("results_num_completed_requests"), given.number("results_num_completed_requests_per_min")
    if completed is None:
        raise Unreadable("this result has no results_num_completed_requests", "results_num_completed_requests")
    values: dict[str, Any] = {
        "model": given.text("model"),
        "time": moment(given.word("timestamp")),
        "duration_s": completed * 60 / per_minute if completed and per_minute else None,
        "completed": completed,
        "failed": given.whole("results_number_errors"),
        "max_concurrency": given.whole("num_concurrent_requests"),
        "input_tokens": _sum(given, "results_number_input_tokens_mean", completed),
        "output_tokens": _sum(given, "results_number_output_tokens_mean", completed),
        "requests_per_s": None if per_minute is None else per_minute / 60,
        "output_tokens_per_s": given.number("results_mean_output_throughput_token_per_s"),
    }
    for key, shares in _SHARES.items():
        for share in shares:
            seconds = given.number(f"results_{key}_s_quantiles_{share}")
            values[f"{_COLUMN[key]}_{share}_ms"] = None if seconds is None else seconds * 1000
    yield Measured(values, {key: given.word(key) for key in _ATTRIBUTES}, named_in(given.fields))


def _sum(given: Node, key: str, completed: int) -> float | None:
    """Tokens come in whole numbers: what a mean times its count misses is rounding."""
    mean = given.number(key)
    return None if mean is None else float(round(mean * completed))
