"""Keys of a `vllm bench serve` result, and the columns they feed. Data only; the first key wins."""

from __future__ import annotations

NAMES: dict[str, tuple[str, ...]] = {
    "model": ("model_id",),
    "workload": ("label",),
    "time": ("date",),
}
FIGURES: dict[str, tuple[tuple[str, ...], bool]] = {
    "duration_s": (("duration",), False),
    "completed": (("completed",), True),
    "failed": (("failed",), True),
    "@sent": (("num_prompts",), True),
    "max_concurrency": (("max_concurrency",), True),
    "input_tokens": (("total_input_tokens",), False),
    "output_tokens": (("total_output_tokens",), False),
    "requests_per_s": (("request_throughput",), False),
    "output_tokens_per_s": (("output_throughput",), False),
    "total_tokens_per_s": (("total_token_throughput",), False),
    "goodput_per_s": (("request_goodput",), False),
    "ttft_p50_ms": (("median_ttft_ms", "p50_ttft_ms"), False),
    "ttft_p95_ms": (("p95_ttft_ms",), False),
    "ttft_p99_ms": (("p99_ttft_ms",), False),
    "tpot_p50_ms": (("median_tpot_ms", "p50_tpot_ms"), False),
    "tpot_p99_ms": (("p99_tpot_ms",), False),
    "e2e_p50_ms": (("median_e2el_ms", "p50_e2el_ms"), False),
    "e2e_p95_ms": (("p95_e2el_ms",), False),
    "e2e_p99_ms": (("p99_e2el_ms",), False),
}
"""Column to keys, and whether it is a whole number. A colon at the end of a key, as vLLM wrote `request_goodput:` until 2025, is
taken off before."""

ATTRIBUTES = ("backend", "endpoint_type", "label", "tokenizer_id", "request_rate", "burstiness", "num_prompts")
ATTRIBUTES_DROPPED = frozenset({"input_lens", "output_lens", "start_times", "ttfts", "itls", "generated_texts", "errors"})
"""The lists of `--save-detailed`: answers of the model are among them."""
MOST_ATTRIBUTES = 48

TIME_FORMATS = ("%Y%m%d-%H%M%S", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")
