"""Results of `vllm bench serve` with a hardware note beside each: the tagging work on five kinds of node, three times each."""

from __future__ import annotations

from collections.abc import Iterator

from generator.chance import stream

WORKLOAD = "product-image-tagging"
MODEL = "Qwen/Qwen2.5-VL-7B-Instruct"
HARDWARE = {  # instance type: provider, region, GPU, its memory in GiB, images a second, p95 of a request in ms
    "g6.xlarge": ("aws", "us-east-1", "NVIDIA L4", 24, 2.10, 6_900),
    "g5.xlarge": ("aws", "us-east-1", "NVIDIA A10G", 24, 2.45, 5_800),
    "g4dn.xlarge": ("aws", "us-east-1", "NVIDIA T4", 16, 0.92, 14_600),
    "g2-standard-4": ("gcp", "europe-west3", "NVIDIA L4", 24, 2.06, 7_000),
    "Standard_NC4as_T4_v3": ("azure", "westeurope", "NVIDIA T4", 16, 0.90, 14_900),
}
PROMPTS = 2_000


def results() -> Iterator[tuple[str, dict[str, object], dict[str, object]]]:
    """(name, vLLM's result, the hardware note) of every benchmark run."""
    for instance_type, (provider, region, gpu, memory, rate, p95) in HARDWARE.items():
        for repeat in (1, 2, 3):
            chance = stream("bench", instance_type, repeat)
            measured = rate * (0.99 + 0.02 * chance.random())
            name = f"tagging-{instance_type.replace('.', '-').replace('_', '-').lower()}-{repeat}"
            hardware = {"provider": provider, "region": region, "instance_type": instance_type, "gpu": gpu, "gpu_count": 1}
            hardware |= {
                "count": 1,
                "gpu_memory_gib": memory,
                "workload": WORKLOAD,
                "unit": "1k images",
                "units_per_request": 0.001,
                "repeat": repeat,
                "revision": "2026-10-01",
            }
            yield name, _result(measured, p95 * (0.98 + 0.04 * chance.random()), repeat, chance.random()), hardware


def _result(rate: float, p95: float, repeat: int, noise: float) -> dict[str, object]:
    duration = PROMPTS / rate
    inputs, outputs = PROMPTS * 612, PROMPTS * 74 + int(2_000 * noise)
    result: dict[str, object] = {"date": f"20261003-0{repeat}1500", "backend": "openai-chat", "label": WORKLOAD}
    result |= {"model_id": MODEL, "tokenizer_id": MODEL, "num_prompts": PROMPTS, "request_rate": "inf", "max_concurrency": 12}
    result |= {"duration": round(duration, 6), "completed": PROMPTS, "failed": 0}
    result |= {"total_input_tokens": inputs, "total_output_tokens": outputs}
    result |= {"request_throughput": round(PROMPTS / duration, 9), "request_goodput": round(PROMPTS / duration * 0.97, 9)}
    result |= {
        "output_throughput": round(outputs / duration, 6),
        "total_token_throughput": round((inputs + outputs) / duration, 6),
    }
    ratios = {
        "ttft": (0.10, 0.13, 0.20),
        "tpot": (0.0088, 0.0095, 0.0112),
        "itl": (0.0086, 0.0093, 0.0120),
        "e2el": (0.80, 1.0, 1.12),
    }
    for name, (median, high, p99) in ratios.items():
        result[f"mean_{name}_ms"] = round(p95 * median * 1.03, 3)
        result[f"median_{name}_ms"] = round(p95 * median, 3)
        result[f"std_{name}_ms"] = round(p95 * median * 0.14, 3)
        result[f"p95_{name}_ms"] = round(p95 * high, 3)
        result[f"p99_{name}_ms"] = round(p95 * p99, 3)
    return result
