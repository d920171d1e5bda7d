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


SHARED = "rates = [1, 2]\nmemory_gb = [4, 18]\n"
GPU = '[[machine]]\nname = "a"\nprice = "2"\ngpu = "A100"\ngpu_memory_gb = 40\nserves = [10, 10]\n'


def test_models_share_gpus_and_what_is_lost_is_told(finops: Finops, tmp_path: Path) -> None:
    """2 of 10 a second and 18 of 40 GB: 2g has the rate, 3g the memory. Lost: 1 - 0.1 - 0.45 of the price."""
    (tmp_path / "fleet.toml").write_text(SHARED + 'names = ["embed", "chat"]\n' + GPU, encoding="utf-8")
    ran = finops("mix", "fleet.toml", "-f", "json")
    assert ran.code == 0, ran.err
    row = ran.json["rows"][0]
    assert (row["machines"], row["hourly_cost"], row["whole_hourly_cost"], row["sharing"]) == (1, "2", "4", "mig")
    assert row["lost_hourly_cost"] == "0.9"
    assert row["gpus"][0].startswith("1 x (chat on 3g.20gb"), row["gpus"]
    assert "with each model on GPUs of its own $4.00" in ran.json["meta"]["notes"][0]
    (tmp_path / "fleet.toml").write_text(SHARED + GPU + 'sharing = "none"\n', encoding="utf-8")
    assert finops("mix", "fleet.toml", "-f", "json").json["rows"][0]["machines"] == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rates = [1]\nmemory_gb = [0]\n" + GPU.replace("[10, 10]", "[1]"), "a figure above 0"),
        ("rates = [1]\nmemory_gb = [1, 2]\n" + GPU.replace("[10, 10]", "[1]"), "a figure above 0"),
        (SHARED + 'names = ["x", "x"]\n' + GPU, "a name of its own"),
        (SHARED + GPU.replace("gpu_memory_gb = 40", ""), "how much memory"),
        (SHARED + GPU + "gpus = 0\n", "`gpus` is a whole number"),
        (SHARED + GPU + 'sharing = "half"\n', "`sharing` is one of"),
        (SHARED + GPU.replace("A100", "L4") + 'sharing = "mig"\n', "no MIG slices are known of L4"),
        (SHARED + GPU + 'slices = {"1g.6gb" = [1, 1]}\n', "no slice `1g.6gb`"),
        (SHARED + GPU + 'slices = {"1g.5gb" = [1]}\n', "1 figures for 2 models"),
        (SHARED.replace("18", "90") + GPU, "no fleet serves every model"),
        ("rates = [1, 2]\n" + GPU, "`gpu` is not known"),
        ("rate = [1, 2]\n" + GPU, "`rate` is not known"),
        ("slices = 2\n" + SHARED + GPU, "models are not split"),
    ],
)
def test_mistakes_of_shared_gpus_are_told(finops: Finops, tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "fleet.toml").write_text(text, encoding="utf-8")
    ran = finops("mix", "fleet.toml")
    assert (ran.code, said in ran.err) == (1, True), ran.err
