"""Budgets as a LiteLLM proxy configuration: prices, limits of providers and models, fallbacks; the rest is named, not dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Literal

from finops.policies.base import Export, Guardrail, NotExpressed, Policy, PolicySet
from finops.policies.documents import json_lines, limit, yaml_text

# A provider's name here, and the prefix by which LiteLLM routes to it and counts its budget.
PREFIXES: Mapping[str, str] = {
    "anthropic": "anthropic", "aws": "bedrock", "azure": "azure", "cohere": "cohere", "deepseek": "deepseek",
    "fireworks": "fireworks_ai", "gcp": "vertex_ai", "groq": "groq", "mistral": "mistral", "openai": "openai",
    "openrouter": "openrouter", "perplexity": "perplexity", "together": "together_ai", "x-ai": "xai",
}  # fmt: skip
_OWN_CREDENTIALS = frozenset({"azure", "bedrock", "vertex_ai"})
"""Prefixes whose credentials LiteLLM takes from the cloud's own environment, not from one key."""
DURATIONS: Mapping[str, str] = {"day": "1d", "week": "7d", "month": "1mo"}
PRICE_KEYS: Mapping[str, str] = {
    "input": "input_cost_per_token",
    "output": "output_cost_per_token",
    "cache_read": "cache_read_input_token_cost",
}
HEAD = (
    "Start with: litellm --config config.yaml  (LITELLM_MASTER_KEY and the providers' keys in the environment)",
    "Limits count from the first request, not by the calendar, and live in memory: a restart forgets what was spent",
    "unless router_settings names a Redis. Accounting is after the fact: calls already running may overshoot.",
    "not-expressed.jsonl names what this file can't do; requests.jsonl holds what a proxy with Postgres can do by API.",
)


class _LiteLLM:
    """`config.yaml` for the proxy, API requests for a proxy with a database, and what neither can do."""

    name = "litellm"
    title = "LiteLLM proxy configuration"
    level: Literal["verified", "schema", "shape"] = "verified"

    def render(self, policies: PolicySet) -> Export:
        plan = _Plan(policies)
        for policy in sorted(policies.policies, key=lambda one: one.id):
            plan.take(policy)
        missing = plan.missing
        lines = [{"policy": one.policy, "what": one.what, "why": one.why} for one in missing]
        files = {"config.yaml": yaml_text(plan.config(), HEAD), "not-expressed.jsonl": json_lines(lines)}
        if plan.requests:
            files["requests.jsonl"] = json_lines(plan.requests)
        return Export(files, tuple(missing))


EXPORTER = _LiteLLM()


class _Plan:
    """What the configuration will hold, filled policy by policy."""

    def __init__(self, policies: PolicySet) -> None:
        self.policies = policies
        self.limits: dict[str, tuple[Decimal, str]] = {}
        self.providers: dict[str, dict[str, Any]] = {}
        self.fallbacks: dict[str, str] = {}
        self.requests: list[dict[str, Any]] = []
        self.missing: list[NotExpressed] = []
        self.models = {name: prices for name, prices in sorted(policies.models.items()) if self._can_serve(name, prices)}

    def take(self, policy: Policy) -> None:
        """Puts one policy where LiteLLM can hold it, and names the rest of it."""
        if policy.currency != "USD":
            return self._miss(policy, f"{policy.amount} {policy.currency}", "LiteLLM counts in USD only")
        self._name_soft_actions(policy)
        stops = _stops(policy)
        if not stops:
            return self._miss(policy, "the budget", "it blocks and downgrades nothing, so no limit is set")
        scope = set(policy.scope)
        if scope == {"provider"}:
            self._limit_provider(policy, stops)
        elif scope in ({"model"}, {"model", "provider"}):
            self._limit_model(policy, stops)
        elif scope in ({"tenant"}, {"agent"}):
            self._request(policy, stops[0])
        elif not scope:
            self._miss(policy, "the company's budget", "a proxy-wide max_budget is enforced only with Postgres")
        else:
            by = " and ".join(sorted(scope))
            self._miss(policy, f"a budget by {by}", "LiteLLM's file has no such key; tags are an enterprise feature")
        return None

    def config(self) -> dict[str, Any]:
        """The configuration, in its fixed order."""
        settings: dict[str, Any] = {"num_retries": 0}
        if self.providers:
            settings = {"provider_budget_config": dict(sorted(self.providers.items())), **settings}
        document: dict[str, Any] = {"model_list": [self._deployment(name) for name in sorted(self.models)]}
        document["router_settings"] = settings
        if self.fallbacks:
            document["litellm_settings"] = {"fallbacks": [{name: [to]} for name, to in sorted(self.fallbacks.items())]}
        return document | {"general_settings": {"master_key": "os.environ/LITELLM_MASTER_KEY"}}

    def _deployment(self, name: str) -> dict[str, Any]:
        prefix = PREFIXES[self.policies.providers[name]]
        parameters: dict[str, Any] = {"model": f"{prefix}/{name}"}
        if prefix not in _OWN_CREDENTIALS:
            parameters["api_key"] = f"os.environ/{prefix.upper()}_API_KEY"
        parameters |= {key: self.models[name][kind] for kind, key in PRICE_KEYS.items() if kind in self.models[name]}
        if name in self.limits:
            parameters["max_budget"], parameters["budget_duration"] = self.limits[name]
        return {"model_name": name, "litellm_params": parameters}

    def _can_serve(self, name: str, prices: Mapping[str, Decimal]) -> bool:
        provider = self.policies.providers.get(name, "")
        if provider not in PREFIXES:
            why = f"LiteLLM has no provider `{provider}` known here; its calls bypass the budgets"
        elif not prices.get("input"):
            why = "no price is known, and LiteLLM would count its calls as free"
        else:
            if name in self.policies.tiered:
                what, size = f"the higher price of {name}", self.policies.tiered[name]
                self.missing.append(
                    NotExpressed("*", what, f"requests from {size} input tokens on are counted at the lower price")
                )
            return True
        self.missing.append(NotExpressed("*", f"model {name}", why))
        return False

    def _limit_provider(self, policy: Policy, stops: Sequence[Guardrail]) -> None:
        provider = policy.scope["provider"]
        prefix = PREFIXES.get(provider)
        if prefix is None:
            return self._miss(policy, f"provider {provider}", "LiteLLM has no such provider known here")
        if prefix in self.providers:
            return self._miss(policy, "a second budget of this provider", "LiteLLM holds one budget for each provider")
        own = [name for name in self.models if self.policies.providers[name] == provider]
        hard = self._possible_stop(policy, stops, lambda target: self._why_not_another_provider(provider, target))
        if hard is None:
            return None
        if hard.to_model:
            self.fallbacks |= {name: hard.to_model for name in own if name not in self.fallbacks}
        self.providers[prefix] = {"budget_limit": limit(policy.amount, hard.at), "time_period": DURATIONS[policy.period]}
        return self._name_window(policy)

    def _limit_model(self, policy: Policy, stops: Sequence[Guardrail]) -> None:
        name = policy.scope["model"]
        if (
            name not in self.models
            or policy.scope.get("provider", self.policies.providers[name]) != self.policies.providers[name]
        ):
            return self._miss(policy, f"model {name}", "no call named it and no price is known for it")
        if name in self.limits:
            return self._miss(policy, f"a second budget of {name}", "LiteLLM holds one budget for each deployment")
        hard = self._possible_stop(policy, stops, lambda target: self._why_not_cheaper(name, target))
        if hard is None:
            return None
        if hard.to_model:
            self.fallbacks[name] = hard.to_model
        self.limits[name] = (limit(policy.amount, hard.at), DURATIONS[policy.period])
        return self._name_window(policy)

    def _possible_stop(
        self, policy: Policy, stops: Sequence[Guardrail], why_not: Callable[[str], str | None]
    ) -> Guardrail | None:
        """The first stop that can be had; a block behind a downgrade never comes to pass, and that is named."""
        for rail in stops:
            why = why_not(rail.to_model or "") if rail.action == "downgrade" else None
            if why is not None:
                self._miss(policy, f"downgrade to {rail.to_model}", why)
                continue
            if rail.action == "downgrade" and any(one.action == "block" for one in policy.guardrails):
                self._miss(policy, "block", f"calls fall back to {rail.to_model} instead")
            return rail
        return None

    def _why_not_another_provider(self, provider: str, target: str) -> str | None:
        if target in self.models and self.policies.providers[target] != provider:
            return None
        return "it is not served by another provider, so the same budget would stop it"

    def _why_not_cheaper(self, name: str, target: str) -> str | None:
        if target in self.models and _cheaper(self.models[target], self.models[name]):
            return None
        return f"no lower price than that of {name} is known for it"

    def _request(self, policy: Policy, hard: Guardrail) -> None:
        """What only a proxy with Postgres can hold, as the API request that creates it."""
        ((dimension, name),) = policy.scope.items()
        sums = {"max_budget": limit(policy.amount, hard.at), "budget_duration": DURATIONS[policy.period]}
        if dimension == "tenant":
            self.requests.append({"method": "POST", "path": "/team/new", "body": {"team_id": name, "team_alias": name, **sums}})
            how = "/team/new; give the tenant's keys that team"
        else:
            self.requests.append({"method": "POST", "path": "/budget/new", "body": {"budget_id": f"{dimension}-{name}", **sums}})
            how = "/budget/new; give the agent's key that budget_id"
        self._miss(policy, f"{dimension} {name}", f"needs Postgres: requests.jsonl holds {how}")

    def _name_soft_actions(self, policy: Policy) -> None:
        stops = _stops(policy)
        for rail in policy.guardrails:
            if rail not in stops:
                what = f"{rail.action} at {rail.at:f}"
                self._miss(policy, what, "LiteLLM's file acts only where the budget is used up")

    def _name_window(self, policy: Policy) -> None:
        self._miss(policy, f"calendar {policy.period}", "the window counts from the first request after a start of the proxy")

    def _miss(self, policy: Policy, what: str, why: str) -> None:
        self.missing.append(NotExpressed(policy.id, what, why))


def _stops(policy: Policy) -> list[Guardrail]:
    """The guardrails that keep calls from the model, first one first: a limit stands where the first possible one does."""
    wanted = ("block",) if {"model", "provider"}.isdisjoint(policy.scope) else ("block", "downgrade")  # a team can't fall back
    return sorted((rail for rail in policy.guardrails if rail.action in wanted), key=lambda rail: rail.at)


def _cheaper(one: Mapping[str, Decimal], other: Mapping[str, Decimal]) -> bool:
    kinds = [kind for kind in ("input", "output") if kind in other]
    return all(kind in one and one[kind] <= other[kind] for kind in kinds) and any(one[kind] < other[kind] for kind in kinds)
