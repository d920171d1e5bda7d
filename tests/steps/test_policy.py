"""`finops policy`: lists, shows and exports the sample's budgets."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import yaml

from finops.policies.litellm_keys import unknown_keys
from finops.policies.neutral import schema_text
from tests.conftest import Ran

Sample = Callable[..., Ran]


def test_export_writes_what_it_says(sample: Sample, tmp_path: Path) -> None:
    ran = sample("policy", "export", "--out", tmp_path / "out", "-f", "json")
    assert ran.code == 0, ran.err
    written = sorted(path.as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert sorted(row["file"] for row in ran.json["rows"]) == written
    assert {row["consumer"]: row["level"] for row in ran.json["rows"]} == {"neutral": "schema", "litellm": "verified"}
    lost = {row["consumer"]: row["not_expressed"] for row in ran.json["rows"]}
    assert lost["neutral"] == []
    assert {"policy": "company", "what": "the budget", "why": "it blocks and downgrades nothing, so no limit is set"} in lost[
        "litellm"
    ]


def test_exported_files_hold_the_budgets(sample: Sample, tmp_path: Path) -> None:
    assert sample("policy", "export", "--out", tmp_path / "out").code == 0
    document = yaml.safe_load((tmp_path / "out/neutral/budgets.yaml").read_text(encoding="utf-8"))
    jsonschema.validate(document, json.loads(schema_text()))
    assert {one["id"]: one["budget"]["amount"] for one in document["policies"]} == {
        "company": "5800",
        "openai": "1500",
        "deep-model": "560",
        "delta-travel": "900",
        "trip-planner": "20",
    }
    assert document["metadata"]["asOf"] == "2026-11-20"
    config = yaml.safe_load((tmp_path / "out/litellm/config.yaml").read_text(encoding="utf-8"))
    assert unknown_keys(config) == []
    prices = {one["model_name"]: one["litellm_params"]["input_cost_per_token"] for one in config["model_list"]}
    assert prices["gpt-5.6-sol"] == 4e-06  # the price since 2026-08-21, not the one before
    assert prices["gpt-4o-mini"] == 1.5e-07
    assert config["router_settings"]["provider_budget_config"] == {"openai": {"budget_limit": 1500, "time_period": "1mo"}}
    assert config["litellm_settings"]["fallbacks"] == [{"gpt-5.6-sol": ["gpt-4.1"]}]


def test_prices_are_those_of_the_business_date(sample: Sample, tmp_path: Path) -> None:
    assert sample("policy", "export", "--to", "litellm", "--out", tmp_path / "out", "--as-of", "2026-08-20").code == 0
    config = yaml.safe_load((tmp_path / "out/litellm/config.yaml").read_text(encoding="utf-8"))
    prices = {one["model_name"]: one["litellm_params"]["input_cost_per_token"] for one in config["model_list"]}
    assert prices["gpt-5.6-sol"] == 5e-06


def test_same_ledger_same_bytes(sample: Sample, tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert sample("policy", "export", "--out", tmp_path / name).code == 0
    for path in (tmp_path / "one").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "two" / path.relative_to(tmp_path / "one")).read_bytes()


def test_dry_run_writes_nothing(sample: Sample, tmp_path: Path) -> None:
    ran = sample("policy", "export", "--out", tmp_path / "out", "--dry-run")
    assert ran.code == 0
    assert "Nothing was written" in ran.out
    assert not (tmp_path / "out").exists()


def test_strict_fails_where_something_is_lost_and_writes_nothing(sample: Sample, tmp_path: Path) -> None:
    ran = sample("policy", "export", "--out", tmp_path / "out", "--strict")
    assert ran.code == 1
    assert "can't be expressed" in ran.err
    assert not (tmp_path / "out").exists()
    assert sample("policy", "export", "--to", "neutral", "--out", tmp_path / "out", "--strict").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("policy", "export", "--to", "litelm"), 2, "did you mean `litellm`?"),
        (("policy", "show", "nobody"), 2, "known: company"),
    ],
)
def test_errors_say_what_to_do(sample: Sample, arguments: tuple[str, ...], code: int, words: str) -> None:
    ran = sample(*arguments)
    assert ran.code == code
    assert words in ran.err


def test_no_budget_is_an_error_with_a_hint(finops: Sample, sample_home: Path, tmp_path: Path) -> None:
    ledger = sample_home.parent / "finops.duckdb"
    ran = finops("policy", "export", "--ledger", ledger, "--out", tmp_path / "out")
    assert ran.code == 2
    assert "[[budget]]" in ran.err


def test_list_and_show(sample: Sample) -> None:
    listed = sample("policy", "list", "-f", "json").json["rows"]
    assert [row["id"] for row in listed] == ["company", "deep-model", "delta-travel", "openai", "trip-planner"]
    assert listed[1]["guardrails"] == ["downgrade at 100 % to gpt-4.1"]
    shown = sample("policy", "show", "delta-travel", "-f", "json")
    assert {row["consumer"] for row in shown.json["rows"]} == {"litellm"}
    assert any("Postgres" in row["why"] for row in shown.json["rows"])


def test_two_budgets_of_one_name_are_refused(finops: Sample, tmp_path: Path) -> None:
    budget = '[[budget]]\nid = "a"\namount = "1"\n'
    (tmp_path / "finops.toml").write_text(budget * 2, encoding="utf-8")
    ran = finops("policy", "list")
    assert ran.code == 2
    assert "`a` stands twice (first on line 1)" in ran.err
