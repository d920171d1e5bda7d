"""Carbon in `finops place`: a company's own dated table, a column where it is given, and a criterion of the front."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.core.placing.carbon import Carbon, CarbonFact
from finops.errors import UsageError
from finops.prices.carbon import read_carbon
from tests.conftest import Ran
from tests.steps.benchmarks import AS_OF, benched

Finops = Callable[..., Ran]
D = Decimal
AT = date(2026, 5, 2)
HEAD = "date,region,instance_type,unit,value,source\n"
TABLE = (
    HEAD
    + "2026-01-01,us-east-1,,gCO2e/kWh,400,grid report 2025\n"
    + "2026-06-01,us-east-1,,gCO2e/kWh,350,grid report 2026\n"
    + "2026-12-01,us-east-1,,gCO2e/kWh,1,not known yet\n"
    + "2026-01-01,,g6.2xlarge,W,200,measured at the rack\n"
    + "2026-01-01,us-east-1,gr6.4xlarge,kgCO2e/h,0.01,vendor\n"
)


def placed(finops: Finops, home: Path, table: str | None) -> dict[str, Any]:
    """Where one benchmark's work could run in us-east-1."""
    benched(home, {})
    if table is not None:
        Path("carbon.csv").write_text(table)
        Path("finops.toml").write_text('[placement]\ncarbon = "carbon.csv"\n')
    ran = finops("place", "tagging", "--region", "us-east-1", "--top", "0", "-f", "json", *AS_OF)
    assert ran.code == 0, ran.err
    return ran.json


def test_carbon_of_a_unit_is_that_of_its_billed_hours(finops: Finops, tmp_path: Path) -> None:
    """5,000 images in half an hour on 200 W at 350 g per kWh: 0.07 kg an hour."""
    document = placed(finops, tmp_path, TABLE)
    rows = {(row["instance_type"], row["purchase_option"]): row for row in document["rows"]}
    own = rows["g6.2xlarge", "on_demand"]
    assert float(own["carbon_g_per_unit"]) == pytest.approx(0.007)
    spot = rows["g6.2xlarge", "spot"]
    assert float(spot["carbon_g_per_unit"]) == pytest.approx(0.007 * float(spot["overhead"]), rel=1e-5)
    other = rows["gr6.4xlarge", "on_demand"]
    assert float(other["carbon_g_per_unit"]) == pytest.approx(0.001)
    assert rows["g6.4xlarge", "on_demand"]["carbon_g_per_unit"] is None
    (note,) = [note for note in document["meta"]["notes"] if note.startswith("g CO2e")]
    assert "grid report 2026, measured at the rack, vendor, the oldest of 1 Jan 2026" in note
    assert "which counts as the worst" in note
    assert (own["front"], other["front"]) == (True, True), "dearer, and emits less"


def test_without_a_table_there_is_no_carbon(finops: Finops, tmp_path: Path) -> None:
    document = placed(finops, tmp_path, None)
    rows = {(row["instance_type"], row["purchase_option"]): row for row in document["rows"]}
    assert "carbon_g_per_unit" not in rows["g6.2xlarge", "on_demand"]
    assert rows["gr6.4xlarge", "on_demand"]["front"] is False
    assert not any("CO2e" in note for note in document["meta"]["notes"])


def test_the_table_shows_it_within_its_width(finops: Finops, tmp_path: Path) -> None:
    placed(finops, tmp_path, TABLE)
    ran = finops("place", "tagging", "--region", "us-east-1", *AS_OF)
    assert "g CO2e" in ran.out.splitlines()[0]
    assert max(len(line) for line in ran.out.splitlines() if line.startswith("─")) <= 115


def test_what_is_known_is_what_was_told_by_the_day() -> None:
    facts = [CarbonFact(AT, "r", "", "gCO2e/kWh", D(0), "hydro"), CarbonFact(AT, "", "t", "W", D(300), "us")]
    assert Carbon(facts, AT).per_hour("r", "t") == 0
    assert Carbon(facts, AT).per_hour("q", "t") is None
    assert Carbon(facts, AT).per_hour(None, "t") is None
    assert Carbon(facts, AT.replace(day=1)).per_hour("r", "t") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("date,region\n", "has other columns"),
        (HEAD + "May,r,,gCO2e/kWh,1,s\n", "`May` is not a date"),
        (HEAD + "2026-01-01,r,,kWh,1,s\n", "`kWh` is no unit of carbon"),
        (HEAD + "2026-01-01,r,t,gCO2e/kWh,1,s\n", "a line in gCO2e/kWh names a region alone"),
        (HEAD + "2026-01-01,,t,kgCO2e/h,1,s\n", "a line in kgCO2e/h names a region and an instance type"),
        (HEAD + "2026-01-01,r,,gCO2e/kWh,-1,s\n", "`-1` is not an amount"),
        (HEAD + "2026-01-01,r,,gCO2e/kWh,1,\n", "an amount without a source is not taken"),
        (HEAD + "2026-01-01,r,,gCO2e/kWh,1,s\n2026-01-01,r,,gCO2e/kWh,2,s\n", "is told twice"),
    ],
)
def test_a_line_that_is_none_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "carbon.csv"
    path.write_text(text)
    with pytest.raises(UsageError, match=r".") as caught:
        read_carbon(path)
    assert said in str(caught.value.what)


def test_a_table_that_is_not_there_is_told(finops: Finops, tmp_path: Path) -> None:
    benched(tmp_path, {})
    Path("finops.toml").write_text('[placement]\ncarbon = "none.csv"\n')
    ran = finops("place", "tagging", *AS_OF)
    assert (ran.code, "there is no file `" in ran.err, "[placement] carbon" in ran.err) == (2, True, True)
