"""`finops prices`: the list, one name in full, and how old everything is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema

AS_OF = ("--as-of", "2026-11-20")


def test_instance_prices_have_the_promised_keys(finops: Any) -> None:
    answer = finops("prices", "list", "--instance-type", "g2-standard-8", "--purchase-option", "spot", "-f", "json", *AS_OF).json
    schema = Path(__file__).resolve().parents[3] / "schema" / "prices-list.schema.json"
    jsonschema.validate(answer, json.loads(schema.read_text(encoding="utf-8")))
    assert len(answer["rows"]) > 10
    assert {row["purchase_option"] for row in answer["rows"]} == {"spot"}
    assert answer["meta"]["stale_prices"] == len(answer["rows"])


def test_token_prices_of_a_model_are_of_one_token(finops: Any) -> None:
    rows = finops("prices", "list", "--provider", "OpenAI", "--model", "gpt-4o", "-f", "json", *AS_OF).json["rows"]
    prices = {row["token_class"]: row["price"] for row in rows if row["service_tier"] == "standard"}
    assert prices == {"input_uncached": "0.0000025", "cache_read": "0.00000125", "output": "0.00001"}


def test_a_price_that_nobody_knows_is_said_and_is_not_free(finops: Any) -> None:
    ran = finops("prices", "list", "--provider", "aws", "--region", "eu-west-1", "--instance-type", "g6.xlarge", "-f", "json")
    assert ran.json["rows"] == []
    assert ran.json["meta"]["notes"] == ["g6.xlarge: no on_demand price known in eu-west-1."]
    assert "not the same as free" in finops("prices", "list", "--instance-type", "nothing.large").out


def test_a_purchase_option_that_does_not_exist(finops: Any) -> None:
    ran = finops("prices", "list", "--purchase-option", "barter")
    assert ran.code == 2
    assert "on_demand, spot" in ran.err


def test_one_name_in_full(finops: Any) -> None:
    out = finops("prices", "show", "p5.48xlarge", *AS_OF).out
    assert "8 x H100 of 80 GB, 192 vCPUs" in out
    assert "taken back in a month" in out
    assert "is billed as claude-sonnet-4-5" in finops("prices", "show", "claude-sonnet-4-5-20250929", *AS_OF).out


def test_a_near_name_is_proposed(finops: Any) -> None:
    ran = finops("prices", "show", "g6.xlarg")
    assert ran.code == 1
    assert "`g6.xlarge`" in ran.err


def test_stale_prices_are_shown_and_fail_only_when_strict(finops: Any) -> None:
    ran = finops("prices", "stale", "-f", "json", *AS_OF)
    assert ran.code == 0
    ages = {(row["provider"], row["purchase_option"]): (row["age_days"], row["stale"]) for row in ran.json["rows"]}
    assert ages["gcp", "spot"] == (106, True)
    assert ages["*", "tokens"] == (11, False)
    strict = finops("prices", "stale", "--strict", *AS_OF)
    assert strict.code == 4
    assert "11 of 12 price snapshots are older than 30 days" in strict.err
