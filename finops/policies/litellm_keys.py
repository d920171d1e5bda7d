"""The keys that a LiteLLM configuration may have. The proxy ignores what it does not know, without a word, so this checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

DEPLOYMENT = frozenset({"model_name", "litellm_params", "model_info"})
PARAMETERS = frozenset({
    "model", "api_key", "api_base", "api_version", "input_cost_per_token", "output_cost_per_token", "cache_read_input_token_cost",
    "cache_creation_input_token_cost", "max_budget", "budget_duration", "rpm", "tpm", "max_tokens", "timeout",
})  # fmt: skip
PROVIDER_BUDGET = frozenset({"budget_limit", "time_period"})
SECTIONS: Mapping[str, frozenset[str]] = {
    "router_settings": frozenset(
        {"provider_budget_config", "num_retries", "redis_host", "redis_port", "redis_password", "timeout"}
    ),
    "litellm_settings": frozenset({"fallbacks", "cache", "cache_params", "num_retries", "request_timeout"}),
    "general_settings": frozenset({"master_key", "database_url"}),
}


def unknown_keys(config: Mapping[str, Any]) -> list[str]:
    """Paths of keys that LiteLLM would silently ignore."""
    return sorted(_unknown(config))


def _unknown(config: Mapping[str, Any]) -> Iterator[str]:
    yield from _beyond("", config, {"model_list", *SECTIONS})
    for number, deployment in enumerate(config.get("model_list", ())):
        yield from _beyond(f"model_list[{number}].", deployment, DEPLOYMENT)
        yield from _beyond(f"model_list[{number}].litellm_params.", deployment.get("litellm_params", {}), PARAMETERS)
    for name, keys in SECTIONS.items():
        yield from _beyond(f"{name}.", config.get(name, {}), keys)
    budgets = config.get("router_settings", {}).get("provider_budget_config", {})
    for provider, budget in budgets.items():
        yield from _beyond(f"router_settings.provider_budget_config.{provider}.", budget, PROVIDER_BUDGET)


def _beyond(path: str, given: Mapping[str, Any], known: Iterable[str]) -> Iterator[str]:
    return (path + key for key in given if key not in set(known))
