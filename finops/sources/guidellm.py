"""Results of GuideLLM: `benchmarks.json` in the layout with `args` and in the newer one with `config`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern
from finops.sources.bench_json import Node
from finops.sources.bench_rows import Measured, benchmark_load, from_records, moment
from finops.sources.files import file_part
from finops.sources.hardware import Unreadable, named_in, with_sidecar

_MODEL = (("config", "backend", "model"), ("worker", "backend_model"), ("config", "model"), ("args", "model"))
_MODEL_OF_ALL = (("args", "model"), ("config", "backend", "model"), ("config", "model"))
_STRATEGY = (("config", "strategy"), ("args", "strategy"), ("scheduler", "strategy"))
_TOTALS = (("metrics", "request_totals"), ("request_totals",))
_ATTRIBUTES = ("warmup_duration", "cooldown_duration")
_RATES = {
    "requests_per_s": "requests_per_second",
    "output_tokens_per_s": "output_tokens_per_second",
    "total_tokens_per_s": "tokens_per_second",
}
_MILLISECONDS = {"ttft": "time_to_first_token_ms", "tpot": "time_per_output_token_ms"}


class GuideLLM:
    """One row per benchmark of a sweep. Requests of warm-up and cool-down are left out, as GuideLLM itself leaves them out of its
    metrics. `request_latency` is in seconds, all other latencies are in milliseconds. The only machine it names is the client's,
    so a sidecar says on which hardware the model ran."""

    name = "guidellm"
    title = "results of GuideLLM (`benchmarks.json`)"
    contracts: tuple[str, ...] = ("benchmark",)
    patterns: tuple[Pattern, ...] = (
        Pattern((".json",), head_all=('"benchmarks"',), head_any=('"guidellm_version"', '"generative_benchmark"')),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [with_sidecar(file_part(path, root))]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        yield benchmark_load(part, "guidellm", from_records(_runs))


SOURCE = GuideLLM()


def _runs(report: Node) -> Iterator[Measured]:
    benchmarks = report.nodes("benchmarks")
    if not benchmarks:
        raise Unreadable("this report holds no benchmark", "benchmarks")
    model = next((found for path in _MODEL_OF_ALL if (found := report.word(*path))), None)
    for one in benchmarks:
        yield _run(one, model)


def _run(one: Node, model_of_all: str | None) -> Measured:
    metrics = one.node("metrics")
    totals = next((node for path in _TOTALS if (node := _object(one, path)).fields), Node({}))
    strategy = next((node for path in _STRATEGY if (node := _object(one, path)).fields), Node({}))
    values: dict[str, Any] = {
        "model": next((found for path in _MODEL if (found := one.word(*path))), None) or model_of_all,
        "time": moment(one.word("start_time")),
        "duration_s": one.number("duration"),
        "completed": totals.whole("successful"),
        "failed": totals.whole("errored"),
        "max_concurrency": strategy.whole("max_concurrency") or strategy.whole("streams"),
        "input_tokens": metrics.number("prompt_token_count", "successful", "total_sum"),
        "output_tokens": metrics.number("output_token_count", "successful", "total_sum"),
    }
    values |= {column: metrics.number(key, "successful", "mean") for column, key in _RATES.items()}
    for column, key in _MILLISECONDS.items():
        shares = ("p50", "p95", "p99") if column == "ttft" else ("p50", "p99")
        values |= {f"{column}_{share}_ms": _percentile(metrics, key, share) for share in shares}
    for share in ("p50", "p95", "p99"):
        seconds = _percentile(metrics, "request_latency", share)
        values[f"e2e_{share}_ms"] = None if seconds is None else seconds * 1000
    attributes = {key: one.word(key) for key in _ATTRIBUTES}
    attributes |= {"strategy": strategy.word("type_"), "rate": strategy.word("rate"), "incomplete": totals.word("incomplete")}
    return Measured(values, attributes, named_in(_object(one, ("extras",)).fields))


def _percentile(metrics: Node, key: str, share: str) -> float | None:
    return metrics.number(key, "successful", "percentiles", share)


def _object(one: Node, path: tuple[str, ...]) -> Node:
    """The object in one of several places; a place that holds something else is not it."""
    try:
        return one.node(*path)
    except Unreadable:
        return Node({})
