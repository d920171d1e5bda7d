"""The files of `pricing/`: schema, regions, currencies, size, and that every fact is dated and licensed."""

from __future__ import annotations

import json

import jsonschema
import pytest

from finops.bundled import pricing_dir
from finops.core import numbers
from finops.errors import UsageError
from finops.prices import PROVIDERS, provider
from finops.prices.base import PriceQuery
from finops.prices.book import PriceBook
from finops.prices.fact_files import read_facts
from finops.prices.names import provider_aliases, regions
from finops.prices.tokens import token_price_batch

INSTANCES = sorted((pricing_dir() / "instances").glob("*.csv"))


@pytest.mark.parametrize("path", INSTANCES, ids=lambda path: path.name)
def test_rows_follow_the_schema_and_the_file_is_named_after_its_date(path) -> None:  # type: ignore[no-untyped-def]
    facts = read_facts(path)
    schema = json.loads((pricing_dir() / "schema.json").read_text(encoding="utf-8"))
    check = jsonschema.Draft202012Validator(schema)
    rows = [{name: value for name, value in row.items() if name != "licence"} for row in facts.dicts()]
    for row in rows[:: max(1, len(rows) // 300)]:
        check.validate(row)
    assert path.name == f"{facts.head['provider']}-{facts.head['as_of']}.csv"
    assert "Apache-2.0" in facts.head["licence"]


def test_no_fact_stands_twice() -> None:
    for path in INSTANCES:
        facts = read_facts(path)
        keys = [tuple(row[:3]) for row in facts.rows]
        assert len(keys) == len(set(keys))


def test_every_region_has_a_place() -> None:
    assert set(PriceBook.load().places()) <= set(regions())


def test_currencies_have_the_digits_that_numbers_are_written_with() -> None:
    for row in read_facts(pricing_dir() / "currencies.csv").dicts():
        assert numbers._minor_digits(row["currency"]) == int(row["minor_units"]), row["currency"]


def test_aliases_are_lower_case_and_every_seller_of_tokens_has_one_name() -> None:
    aliases = provider_aliases()
    assert all(alias == alias.lower().strip() for alias in aliases)
    assert all(aliases.get(name, name) == name for name in aliases.values())
    assert {"openai", "anthropic", "aws", "azure", "gcp", "mistral"} <= {point.provider for point in token_price_batch().points}


def test_the_facts_stay_modest() -> None:
    assert sum(path.stat().st_size for path in pricing_dir().rglob("*") if path.is_file()) < 4_000_000


@pytest.mark.parametrize("name", PROVIDERS)
def test_providers_say_what_they_are(name: str) -> None:
    found = provider(name)
    assert (found.name, bool(found.title), isinstance(found.complete, bool)) == (name, True, True)
    assert found.cloud in ("aws", "azure", "gcp", "")


@pytest.mark.parametrize("name", ["snapshots", "tokens"])
def test_providers_hand_over_dated_prices(name: str) -> None:
    point = next(iter(provider(name).fetch(PriceQuery(), token_price_batch().as_of)))
    assert provider(name).name == name
    assert point.price > 0
    assert point.source
    assert point.as_of <= token_price_batch().as_of


def test_a_provider_that_does_not_exist() -> None:
    with pytest.raises(UsageError, match="no price provider `acme`"):
        provider("acme")
