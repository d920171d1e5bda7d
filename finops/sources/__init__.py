"""The sources: one module each, imported on use. Outsiders add theirs by the entry point `finops.sources`."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, cast

from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.sources.base import Source

MODULES = (
    "focus",
    "focus_invoices",
    "aws_cur",
    "aws_cost_explorer",
    "azure_costs",
    "gcp_billing",
    "oci_costs",
    "otlp",
    "otlp_metrics",
    "otlp_logs",
    "otlp_proto",
    "vllm_bench",
    "sglang_bench",
    "guidellm",
    "aiperf",
    "llmperf",
    "mlperf",
    "k6",
    "locust",
    "work_table",
    "claude_code",
    "codex",
    "litellm_logs",
    "litellm_rollups",
    "langfuse",
    "openai_reports",
    "anthropic_reports",
    "openrouter_activity",
    "helicone",
    "portkey",
    "agentops",
    "outcomes",
    "meters",
    "opencost",
    "samples",
    "prometheus",
)
"""A source's name is its module's name."""


def names() -> tuple[str, ...]:
    """Every source by name: the built-in ones in their order, then the outsiders' in alphabetical order."""
    return (*MODULES, *sorted(_outsiders()))


def source(name: str) -> Source:
    """The source of that name."""
    if name in MODULES:
        return cast("Source", import_module(f"finops.sources.{name}").SOURCE)
    outsider = _outsiders().get(name)
    if outsider is None:
        near = get_close_matches(name, names(), n=1)
        hint = f"did you mean `{near[0]}`?" if near else f"one of: {', '.join(names())}"
        raise UsageError(f"there is no source `{name}`", hint=hint)
    try:
        return cast("Source", outsider.load().SOURCE)
    except (ImportError, AttributeError) as error:
        hint = f"it comes from `{outsider.value}`; update or remove that package"
        raise UsageError(f"the source `{name}` can't be loaded: {error}", hint=hint) from error


def _outsiders() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group="finops.sources") if point.name not in MODULES}
