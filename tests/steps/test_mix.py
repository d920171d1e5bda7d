"""`finops mix` on files of rates and machines."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from tests.conftest import ROOT, Ran

Finops = Callable[..., Ran]
EXAMPLE = ROOT / "tests/golden/mix.toml"
ONE = '[[machine]]\nname = "a"\nprice = "1"\nserves = [1]\n'


def test_the_published_example_with_a_machine_of_the_price_facts(finops: Finops) -> None:
    ran = finops("mix", EXAMPLE, "-f", "json", "--as-of", "2026-11-20")
    assert ran.code == 0, ran.err
    rows = {row["machine"]: row for row in ran.json["rows"]}
    assert {name: row["machines"] for name, row in rows.items()} == {"A10G": 3, "A100": 1, "g6.xlarge": 0}
    assert Decimal(ran.json["totals"][0]["hourly_cost"]) == Decimal("6.70")
    assert rows["A10G"]["alone_hourly_cost"] == "12.12"
    assert (rows["g6.xlarge"]["alone_hourly_cost"], rows["g6.xlarge"]["hourly_price"]) == (None, "0.8048")
    assert Decimal(ran.json["totals"][0]["monthly_cost"]) == Decimal("6.70") * 730


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rates = [1", "not TOML"),
        ("rates = []\n" + ONE, "`rates` is a list of numbers"),
        ("rates = [-1]\n" + ONE, "`rates` is a list of numbers"),
        ("rates = [1]", "names no machines"),
        ("rates = [1, 2]\n" + ONE, "1 figures for 2 sizes"),
        ("rates = [1]\n" + ONE + ONE, "the same name"),
        ("rates = [1]\n" + ONE.replace('"1"', '"0"'), "is not a price"),
        ("rates = [1]\n" + ONE.replace("name", "nmae"), "`nmae` is not known"),
        ("rates = [1]\n" + ONE.replace('price = "1"', 'provider = "aws"'), "a provider, region and instance type"),
        ("rates = [1]\n" + ONE.replace("[1]", "[0]"), "no fleet serves every size"),
        ("rates = [1]\nslices = 0.5\n" + ONE, "`slices` is a whole number"),
    ],
)
def test_mistakes_are_told(finops: Finops, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "fleet.toml").write_text(text, encoding="utf-8")
    ran = finops("mix", "fleet.toml")
    assert (ran.code, said in ran.err) == (1, True), ran.err


def test_a_file_that_is_not_there(finops: Finops) -> None:
    assert finops("mix", "absent.toml").code == 2
