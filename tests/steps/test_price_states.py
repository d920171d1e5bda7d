"""Old, not offered, unknown: three different things, in the terminal and in the report's map, on price sets of one's own."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Ran
from tests.steps.benchmarks import benched

Finops = Callable[..., Ran]
AS_OF = ("--as-of", "2026-11-20")
HEAD = (
    "# provider: aws\n# as_of: {}\n# source: our desk\n# unit: hour\n# currency: {}\ninstance_type,region,purchase_option,price\n"
)


@pytest.fixture
def desk(tmp_path: Path) -> Callable[..., Path]:
    """Writes own price facts: a file for each date and currency."""
    (tmp_path / "own").mkdir()

    def wrote(as_of: str, *rows: str, currency: str = "USD") -> Path:
        (tmp_path / "own" / f"{as_of}-{currency}.csv").write_text(HEAD.format(as_of, currency) + "\n".join(rows) + "\n")
        return tmp_path / "own"

    return wrote


def states(rows: list[dict[str, Any]]) -> dict[tuple[str, str, str], str | None]:
    return {(row["region"], row["instance_type"], row["purchase_option"]): row["price_status"] for row in rows}


def test_a_place_says_what_is_known_of_its_price(finops: Finops, desk: Callable[..., Path], tmp_path: Path) -> None:
    benched(tmp_path, {"instance_type": "g6.xlarge"})
    desk("2026-11-15", "g6.xlarge,us-east-1,on_demand,0.8", "g6.xlarge,ap-south-1,on_demand,")
    own = desk("2026-09-01", "g6.xlarge,eu-central-1,on_demand,0.95")
    given = ("place", "tagging", "--provider", "aws", "--all", "--top", "0", "--prices", own, *AS_OF)
    found = states(finops(*given, "-f", "json").json["rows"])
    assert found["us-east-1", "g6.xlarge", "on_demand"] == "current"
    assert found["eu-central-1", "g6.xlarge", "on_demand"] == "old"
    assert found["ap-south-1", "g6.xlarge", "on_demand"] == "unknown", "an empty price: offered there, nobody told it"
    assert found["us-west-2", "g6.xlarge", "on_demand"] == "unknown", "a region that no list covers"
    table = finops(*given).out
    head = table.splitlines()[0]
    assert "Price is" in head
    assert len(head) <= 115
    assert {"current", "old", "unknown"} <= set(re.findall(r"\w+", table))


def test_what_a_whole_list_leaves_out_is_not_offered_and_what_a_contract_leaves_out_is_unknown(
    finops: Finops, desk: Callable[..., Path], tmp_path: Path
) -> None:
    """The bundled list of us-east-1 has no p3.2xlarge any more on spot's side; a contract over one machine covers no region."""
    benched(tmp_path, {"instance_type": "Standard_NC4as_T4_v3", "provider": "azure", "region": "eastus"})
    own = desk("2026-11-15", "g6.xlarge,eu-west-1,on_demand,0.9")
    rows = finops("place", "tagging", "--all", "--top", "0", "--prices", own, *AS_OF, "-f", "json").json["rows"]
    azure = {place: state for place, state in states(rows).items() if place[1] == "Standard_NC4as_T4_v3"}
    assert "not_offered" in azure.values(), "the list of a region leaves the type out"
    assert azure["eastus", "Standard_NC4as_T4_v3", "spot"] == "unknown", "no list tells of Azure's spot"
    near = [row for row in rows if row["region"] == "eu-west-1" and row["instance_type"].startswith("g4dn")]
    assert {row["price_status"] for row in near if row["purchase_option"] == "on_demand"} == {"unknown"}
    asked = ("prices", "list", "--provider", "aws", "--region", "eu-west-1", "--instance-type", "g6e.4xlarge", *AS_OF)
    notes = finops(*asked, "--prices", own, "-f", "json").json["meta"]["notes"]
    assert "not offered" not in " ".join(notes)


def test_where_all_prices_are_old_one_line_says_so_and_none_is_marked(
    finops: Finops, desk: Callable[..., Path], tmp_path: Path
) -> None:
    benched(tmp_path, {"instance_type": "g6.xlarge"})
    ran = finops("place", "tagging", "--provider", "aws", *AS_OF)
    assert re.search(r"All \d+ prices are older than 30 days on 2026-11-20; the oldest is of 2025-07-28\.", ran.err + ran.out)
    assert "Price as of" not in ran.out
    own = desk("2026-11-15", "g6.xlarge,us-east-1,on_demand,0.8")
    mixed = finops("place", "tagging", "--provider", "aws", "--prices", own, *AS_OF)
    assert re.search(r"\d+ of \d+ prices are older than 30 days", mixed.err + mixed.out)
    assert "Price as of" in mixed.out


def test_prices_in_several_currencies_are_not_compared(finops: Finops, desk: Callable[..., Path], tmp_path: Path) -> None:
    benched(tmp_path, {"instance_type": "g6.xlarge"})
    own = desk("2026-11-15", "g6.xlarge,eu-west-3,on_demand,0.1", currency="EUR")
    answer = finops("place", "tagging", "--provider", "aws", "--prices", own, *AS_OF, "-f", "json").json
    notes = " ".join(answer["meta"]["notes"])
    assert "Prices are in EUR and USD: places are compared within a currency alone." in notes
    assert notes.startswith("Best is aws us-east-1"), "today's place is paid in dollars"


def test_the_report_s_map_draws_them_apart(finops: Finops, desk: Callable[..., Path], tmp_path: Path) -> None:
    benched(tmp_path, {"instance_type": "g6.xlarge"})
    desk(
        "2026-11-15",
        "g6.xlarge,us-east-1,on_demand,0.08",
        "g6.xlarge,ap-south-1,on_demand,",
        "g6.2xlarge,ap-south-1,on_demand,0.11",
    )
    desk("2026-11-15", "g6.2xlarge,eu-west-3,on_demand,0.1", "g6.2xlarge,us-east-1,spot,0.09", currency="EUR")
    own = desk("2026-09-01", "g6.xlarge,eu-west-3,on_demand,0.09")
    assert finops("build").code == 0
    ran = finops("report", "--prices", own, "--out", "page", *AS_OF)
    assert ran.code == 0, ran.err
    page = (tmp_path / "page" / "report.html").read_text(encoding="utf-8")
    drawn = page[page.index('class="heat"') :]
    drawn = unescape(re.sub(r"<[^>]+>", " ", drawn[: drawn.index("</figure>")]))
    assert "no price" in drawn
    assert "other currency" in drawn
    assert re.search(r"0\.0000\d+\*", drawn), "an old price among new ones is marked"
    assert "*: an old price." in drawn
    assert "“No price”: no price is known there." in drawn
