"""The planted company's clouds: every place of each bill, its rules, parts of nodes and what is wasted, to the last digit."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from finops.core.numbers import plain_decimal
from tests.company.clouds import CURRENCIES, ISSUERS
from tests.conftest import LONG, Ran

Finops = Callable[..., Ran]
Row = dict[str, Any]
PLACES = ("billed", "direct", "metered", "shared", "idle", "left", "untagged", "unexplained")
MONTHS = ("2026-08", "2026-11")
KEYS = [f"{month} {provider}" for month in MONTHS for provider in ISSUERS]


@cache
def truth(home: Path) -> dict[str, Any]:
    """What the generator says that must be found."""
    found: dict[str, Any] = json.loads((home / "truth.json").read_text(encoding="utf-8"))
    return found


def rows_of(finops: Finops, home: Path, *arguments: str) -> list[Row]:
    ran = finops(*arguments, "--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-f", "json", "-q")
    assert ran.code == 0, ran.err
    return list(ran.json["rows"])


def amounts(row: Row, names: tuple[str, ...]) -> dict[str, Decimal]:
    return {name: amount for name in names if (amount := Decimal(row[name] or 0))}


def known(home: Path, part: str, key: str) -> dict[str, Decimal]:
    return {name: Decimal(amount) for name, amount in truth(home)[part][key].items()}


def shown(capsys: pytest.CaptureFixture[str], title: str, planted: dict[str, Decimal], found: dict[str, Decimal]) -> None:
    """What was planted and what was found, for whoever runs the long tests."""
    if LONG:
        with capsys.disabled():
            print(f"\n{title}: planted, found")
            for name in sorted({*planted, *found}):
                print(f"  {name:<30} {planted.get(name, 0):>24} {found.get(name, 0):>24}")


@pytest.fixture
def reconciled(finops: Finops, home: Path) -> dict[str, dict[str, Decimal]]:
    """By month and cloud, the accounts of all copies together."""
    names = {issuer: provider for provider, issuer in ISSUERS.items()}
    sums: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows_of(finops, home, "reconcile"):
        if row["billed"] is not None:
            assert row["difference"] == "0", row
        if row["issuer"] in names:
            assert row["currency"] == CURRENCIES[names[row["issuer"]]]
            for name, amount in amounts(row, PLACES).items():
                sums[f"{row['period']} {names[row['issuer']]}"][name] += amount
    return sums


def test_every_place_of_the_clouds_bills_has_what_was_planted(
    reconciled: dict[str, dict[str, Decimal]], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sorted(reconciled) == sorted(KEYS)
    for key in KEYS:
        shown(capsys, f"reconcile {key}", known(home, "billed", key), reconciled[key])
        assert reconciled[key] == known(home, "billed", key), key


@pytest.mark.parametrize("month", MONTHS)
def test_every_rule_has_its_charges_and_puts_nodes_on_whoever_used_them(
    finops: Finops, home: Path, month: str, capsys: pytest.CaptureFixture[str]
) -> None:
    matched: dict[tuple[str, str], list[Any]] = defaultdict(lambda: [0, Decimal(0)])
    parts: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for row in rows_of(finops, home, "reconcile", "--rules", "--month", month):
        if row["finding"] == "matched" and row["currency"]:
            matched[row["rule"], row["currency"]][0] += row["charges"]
            matched[row["rule"], row["currency"]][1] += Decimal(row["billed"])
        if row["finding"] == "placed on" and row["rule"].startswith("gpu-"):
            parts[row["rule"][4:]][row["tenant"]] = Decimal(row["billed"])
    for provider, currency in CURRENCIES.items():
        key = f"{month} {provider}"
        for rule, (charges, billed) in truth(home)["rules"][key].items():
            assert matched[rule, currency] == [charges, Decimal(billed)], rule
        shown(capsys, f"reconcile --rules {key}, nodes", known(home, "tenants", key), parts[provider])
        assert parts[provider] == known(home, "tenants", key)


@pytest.mark.parametrize("month", MONTHS)
def test_cost_that_names_nobody_is_found_by_service(finops: Finops, home: Path, month: str) -> None:
    found: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows_of(finops, home, "reconcile", "--unattributed", "--month", month):
        if (row["dimension"], row["what"], row["cause"]) == ("tenant", "cost", "no_rule_matched") and row["currency"] == "USD":
            found[row["detail"]] += Decimal(row["amount"])
    assert found == known(home, "untagged", f"{month} aws")


@pytest.mark.parametrize("month", MONTHS)
def test_waste_of_nodes_and_commitments_is_what_was_planted(
    finops: Finops, home: Path, month: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in rows_of(finops, home, "waste", "--month", month):
        if row["cause"] in ("idle", "unused_commitment") and row["cost"] is not None:
            found[row["currency"]][row["cause"]] += Decimal(row["cost"])
    for provider, currency in CURRENCIES.items():
        shown(capsys, f"waste {month} {provider}", known(home, "waste", f"{month} {provider}"), found[currency])
        assert found[currency] == known(home, "waste", f"{month} {provider}")


def test_needless_calls_cost_in_the_currency_of_their_bill_and_are_followed_to_their_rows(finops: Finops, home: Path) -> None:
    given = ("--month", "2026-11", "--config", home / "finops.toml", "--ledger", home / "l.duckdb", "-f", "json", "-q")
    answer, traced = finops("waste", *given).json, finops("explain", "waste", "--trace", *given).json
    priced = [row for row in answer["rows"] if row["calls"] and row["calls"] > row["uncosted"]]
    currencies = {row["currency"] for row in priced if row["agent"] == "quote-approver"}
    assert currencies == {"GBP"}  # Anthropic's, whose list prices are in dollars
    assert {row["currency"] for row in priced if row["agent"] == "answer-drafter"} == {"EUR"}
    assert all(Decimal(row["cost"]) > 0 for row in priced)
    wasted = {total["currency"]: total["cost"] for total in answer["totals"]}
    assert {total["currency"]: total["cost"] for total in traced["totals"]} == wasted


def test_runs_are_told_in_the_currency_of_their_bill(finops: Finops, home: Path) -> None:
    given = ("--month", "2026-11", "--where", "agent=quote-approver", "--top", "3")
    runs = rows_of(finops, home, "traces", *given)
    assert [row["currency"] for row in runs] == ["GBP"] * 3
    for row in runs:
        steps = rows_of(finops, home, "traces", "--run", row["run"])
        assert sum(Decimal(step["cost"] or 0) for step in steps) == Decimal(row["cost"]) > 0


@pytest.mark.parametrize("month", MONTHS)
def test_cost_of_nodes_by_tenant_is_what_was_planted(finops: Finops, home: Path, month: str) -> None:
    for provider in ISSUERS:
        rows = rows_of(finops, home, "cost", "--by", "tenant", "--where", f"rule=gpu-{provider}", "--month", month)
        assert {row["tenant"]: Decimal(row["cost"]) for row in rows} == known(home, "tenants", f"{month} {provider}")
        assert {row["currency"] for row in rows} == {CURRENCIES[provider]}


def test_the_restated_cloud_bill_says_whose_cost_changed(home: Path) -> None:
    """What the first version of AWS's lacked, and Mistral's bill in dollars, which came with the second."""
    lines = csv.DictReader((home / "bills/mistral.csv").read_text(encoding="utf-8").splitlines())
    others = sum(Decimal(line["BilledCost"]) for line in lines if line["BillingPeriodStart"].startswith("2026-08"))
    late = plain_decimal(Decimal(truth(home)["restated"]) + others)
    notes = json.loads((home / "restated.json").read_text(encoding="utf-8"))["meta"]["notes"]
    assert any(f"2026-08 __untagged__: 0 -> {late} USD (+{late})" in note for note in notes), notes
