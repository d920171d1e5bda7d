"""The LiteLLM configuration: known keys only, plain decimals, never looser than asked, and honest about the rest."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from finops.policies.base import Export, Guardrail, Policy, PolicySet
from finops.policies.documents import limit
from finops.policies.litellm import EXPORTER
from finops.policies.litellm_keys import unknown_keys
from tests.kits.exporter_kit import policy_set

BLOCK = Guardrail(Decimal(1), "block")
KIT = policy_set()


def render(*policies: Policy) -> tuple[dict[str, Any], Export]:
    """(config.yaml read back, the export) of policies on the kit's models."""
    export = EXPORTER.render(PolicySet(policies, KIT.as_of, KIT.models, KIT.providers))
    return yaml.safe_load(export.files["config.yaml"]), export


def policy(scope: dict[str, str], *rails: Guardrail, amount: str = "900", currency: str = "USD") -> Policy:
    return Policy("one", scope, "month", Decimal(amount), currency, rails)


def reasons(export: Export, name: str = "one") -> list[str]:
    return [f"{missing.what}: {missing.why}" for missing in export.not_expressed if missing.policy == name]


def deployment(config: dict[str, Any], model: str) -> dict[str, Any]:
    return next(one["litellm_params"] for one in config["model_list"] if one["model_name"] == model)


def test_every_key_is_known_to_the_proxy() -> None:
    config = yaml.safe_load(EXPORTER.render(KIT).files["config.yaml"])
    assert unknown_keys(config) == []


def test_unknown_keys_are_found() -> None:
    config, _ = render(policy({"provider": "openai"}, BLOCK))
    config["router_settings"]["provider_bugdet_config"] = {}
    config["router_settings"]["provider_budget_config"]["openai"]["limit"] = 1
    config["model_list"][0]["litellm_params"]["max_bugdet"] = 1
    config["litellm_setings"] = {}
    assert unknown_keys(config) == [
        "litellm_setings",
        "model_list[0].litellm_params.max_bugdet",
        "router_settings.provider_budget_config.openai.limit",
        "router_settings.provider_bugdet_config",
    ]


def test_prices_and_limits_are_plain_decimals_that_yaml_reads_as_numbers() -> None:
    text = EXPORTER.render(KIT).files["config.yaml"]
    assert "input_cost_per_token: 0.00000015" in text
    assert not re.search(r"\d[eE][+-]?\d", text)
    assert deployment(yaml.safe_load(text), "big")["cache_read_input_token_cost"] == 4e-07


def test_provider_budget() -> None:
    config, export = render(policy({"provider": "openai"}, Guardrail(Decimal("0.8"), "warn"), BLOCK))
    assert config["router_settings"]["provider_budget_config"] == {"openai": {"budget_limit": 900, "time_period": "1mo"}}
    assert [reason.split(":")[0] for reason in reasons(export)] == ["warn at 0.8", "calendar month"]


def test_model_budget_with_downgrade() -> None:
    config, _ = render(policy({"model": "big"}, Guardrail(Decimal("0.95"), "downgrade", "small"), BLOCK, amount="560.01"))
    assert deployment(config, "big")["max_budget"] == 532.0095
    assert deployment(config, "big")["budget_duration"] == "1mo"
    assert config["litellm_settings"]["fallbacks"] == [{"big": ["small"]}]


def test_a_dearer_or_unknown_target_is_not_a_downgrade() -> None:
    for source, target in (("small", "big"), ("big", "huge"), ("big", "big")):
        config, export = render(policy({"model": source}, Guardrail(Decimal(1), "downgrade", target)))
        assert "litellm_settings" not in config
        assert "max_budget" not in deployment(config, source)
        assert any(f"downgrade to {target}" in reason for reason in reasons(export))


def test_a_block_stands_where_a_downgrade_is_not_possible() -> None:
    rails = (Guardrail(Decimal("0.9"), "downgrade", "small"), BLOCK)
    config, export = render(policy({"provider": "openai"}, *rails))
    assert config["router_settings"]["provider_budget_config"]["openai"]["budget_limit"] == 900
    assert "litellm_settings" not in config
    assert any("downgrade to small" in reason for reason in reasons(export))


def test_a_watched_budget_sets_no_limit() -> None:
    config, export = render(policy({"provider": "openai"}), policy({"model": "big"}, Guardrail(Decimal("0.8"), "warn")))
    assert "provider_budget_config" not in config["router_settings"]
    assert "max_budget" not in deployment(config, "big")
    assert len([reason for reason in reasons(export) if reason.startswith("the budget")]) == 2


def test_tenants_and_agents_become_api_requests() -> None:
    _, export = render(policy({"tenant": "t"}, BLOCK), policy({"agent": "a"}, BLOCK, amount="20.00009"))
    requests = [json.loads(line) for line in export.files["requests.jsonl"].splitlines()]
    assert {request["path"] for request in requests} == {"/team/new", "/budget/new"}
    assert next(r["body"] for r in requests if r["path"] == "/budget/new") == {
        "budget_id": "agent-a",
        "max_budget": 20,
        "budget_duration": "1mo",
    }
    assert all("Postgres" in reason for reason in reasons(export))


def test_unpriced_models_are_left_out_and_named() -> None:
    config, export = render(policy({"model": "unpriced"}, BLOCK))
    assert [one["model_name"] for one in config["model_list"]] == ["big", "small"]
    assert reasons(export, "*")
    assert reasons(export)


def test_other_currencies_and_company_budgets_are_named() -> None:
    for given_policy in (
        policy({"provider": "openai"}, BLOCK, currency="EUR"),
        policy({}, BLOCK),
        policy({"workflow": "w"}, BLOCK),
    ):
        config, export = render(given_policy)
        assert "provider_budget_config" not in config["router_settings"]
        assert reasons(export)


def test_no_secret_stands_in_the_file() -> None:
    config, _ = render(policy({"provider": "openai"}, BLOCK))
    assert config["general_settings"] == {"master_key": "os.environ/LITELLM_MASTER_KEY"}
    assert {one["litellm_params"]["api_key"] for one in config["model_list"]} == {"os.environ/OPENAI_API_KEY"}


AMOUNTS = st.decimals(min_value=0, max_value=10**7, places=9, allow_nan=False, allow_infinity=False)


@given(amount=AMOUNTS, share=st.decimals(min_value=0, max_value=1, places=4))
def test_a_limit_is_never_looser_and_hardly_tighter(amount: Decimal, share: Decimal) -> None:
    rounded = limit(amount, share)
    assert rounded <= amount * share
    assert amount * share - rounded < Decimal("0.0001")


@given(amount=AMOUNTS, at=st.decimals(min_value="0.01", max_value=1, places=2))
def test_exported_limits_are_never_looser(amount: Decimal, at: Decimal) -> None:
    rail = Guardrail(at, "block")
    scopes = ({"provider": "openai"}, {"model": "big"}, {"tenant": "t"})
    _, export = render(*(Policy(str(n), scope, "day", amount, "USD", (rail,)) for n, scope in enumerate(scopes)))
    text = export.files["config.yaml"]
    limits = [Decimal(found) for found in re.findall(r"(?:budget_limit|max_budget): ([0-9.]+)", text)]
    request = json.loads(export.files["requests.jsonl"])
    assert len(limits) == 2
    assert all(one <= amount * at for one in [*limits, Decimal(str(request["body"]["max_budget"]))])
