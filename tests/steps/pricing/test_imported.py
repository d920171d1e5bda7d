"""`finops prices import`, `diff` and `list --on`: contracts in the ledger, what they change, and lists that fill gaps."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Ran

Finops = Callable[..., Ran]
AS_OF = ("--as-of", "2026-11-21")
CONTRACT = """# source: agreement 7
# currency: USD
provider,region,instance_type,price,discount,valid_from,valid_to
aws,us-east-1,p5.48xlarge,41.5,,2026-01-01,2027-01-01
aws,us-east-1,p5.48xlarge,39,,2027-01-01,2028-01-01
aws,us-east-1,m5.*,,12,2026-01-01,2027-01-01
"""


def price(finops: Finops, kind: str, *options: str) -> str:
    ran = finops("prices", "list", "--instance-type", kind, "--purchase-option", "on_demand", "-f", "json", *AS_OF, *options)
    return {row["region"]: row for row in ran.json["rows"]}["us-east-1"]["price"]


def test_a_contract_from_import_to_withdrawal(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "contract.csv").write_text(CONTRACT)
    tried = finops("prices", "import", "contract.csv", "--dry-run", "-f", "json", *AS_OF)
    assert {(r["sku"], r["from_day"]): r["after"] for r in tried.json["rows"]}["p5.48xlarge", "2027-01-01"] == "39"
    assert not (tmp_path / "finops.duckdb").exists()

    ran = finops("prices", "import", "contract.csv", "-f", "json", *AS_OF)
    assert ran.code == 0, ran.err
    row = ran.json["rows"][0]
    assert (row["status"], row["prices"], row["discounts"], row["changed"]) == ("imported", 2, 1, len(tried.json["rows"]))
    assert (price(finops, "p5.48xlarge"), price(finops, "m5.large")) == ("41.5", "0.08448")
    assert price(finops, "p5.48xlarge", "--on", "2027-01-01") == "39"
    assert price(finops, "p5.48xlarge", "--on", "2028-01-01") == "55.04"
    known = finops(
        "prices", "list", "--instance-type", "p5.48xlarge", "--region", "us-east-1", "-f", "json", "--as-of", "2026-11-20"
    )
    assert [r["price"] for r in known.json["rows"]][:1] == ["55.04"]  # nobody knew of it the day before

    assert finops("prices", "import", "contract.csv", "-f", "json", *AS_OF).json["rows"][0]["status"] == "unchanged"
    (tmp_path / "contract.csv").write_text(CONTRACT.replace("41.5", "40"))
    diff = finops("prices", "diff", "contract.csv", "-f", "json", *AS_OF).json
    assert [(r["sku"], r["before"], r["after"]) for r in diff["rows"]] == [("p5.48xlarge", "41.5", "40")]
    assert finops("prices", "import", "contract.csv", "-f", "json", *AS_OF).json["rows"][0]["status"] == "replaced"
    assert [(r["before"], r["after"]) for r in finops("prices", "diff", "-f", "json", *AS_OF).json["rows"]] == [("41.5", "40")]

    gone = finops("prices", "import", "contract.csv", "--withdraw", "-f", "json", *AS_OF)
    assert gone.json["rows"][0]["status"] == "withdrawn"
    assert (price(finops, "p5.48xlarge"), price(finops, "m5.large")) == ("55.04", "0.096")
    assert finops("query", "SELECT count(*) AS n FROM price_batch", "-f", "json").json["rows"] == [{"n": 3}]


def test_a_file_with_a_bad_row_changes_nothing(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "contract.csv").write_text(CONTRACT.replace("41.5", "0").replace(",39,", ",-1,"))
    ran = finops("prices", "import", "contract.csv", *AS_OF)
    assert ran.code == 1
    assert "contract.csv:5" in ran.err
    assert "`-1` is not a price" in ran.err
    assert "contract.csv:4: a price of zero" in ran.err
    assert "2 of 3 rows can't be taken" in ran.err
    assert not (tmp_path / "finops.duckdb").exists()
    assert finops("prices", "import", "nowhere.csv").code == 2
    assert finops("prices", "diff").code == 1


def test_what_a_contract_would_have_made_of_last_month(sample: Finops, tmp_path: Path) -> None:
    used = sample(
        "query",
        "SELECT provider, model, token_class, sum(list_cost) AS cost FROM fct_usage WHERE token_class = 'output' AND"
        " business_day >= '2026-10-01' AND business_day < '2026-11-01' GROUP BY ALL ORDER BY cost DESC LIMIT 1",
        "-f", "json",
    ).json["rows"][0]  # fmt: skip
    (tmp_path / "tokens.csv").write_text(f"provider,model,token_class,discount\n{used['provider']},{used['model']},output,25\n")
    found = sample("prices", "diff", tmp_path / "tokens.csv", "-f", "json", "--as-of", "2026-11-20").json
    assert [row["share"] for row in found["rows"]] == [-0.25]
    assert abs(float(found["totals"][0]["effect"]) + 0.25 * float(used["cost"])) < 1e-6
    assert "The use of 2026-10 at the new prices" in found["meta"]["notes"][1]


def test_a_table_says_which_prices_are_old_where_not_all_are(sample: Finops, tmp_path: Path) -> None:
    asked = ("place", "product-image-tagging", "--provider", "aws", "--as-of", "2026-11-20")
    before = sample(*asked).out
    assert "Price as of" not in before
    assert "All 34 prices are older than 30 days" in before
    rows = "aws,us-east-1,g6.xlarge,0.7,USD,2026-01-01,2027-01-01\n"
    (tmp_path / "own.csv").write_text("provider,region,instance_type,price,currency,valid_from,valid_to\n" + rows)
    assert sample("prices", "import", tmp_path / "own.csv", "--as-of", "2026-11-20").code == 0
    after = sample(*asked).out
    assert "Price as of" in after
    assert "33 of 34 prices are older than 30 days" in after


def test_another_list_fills_in_models_that_the_library_does_not_know(finops: Finops, tmp_path: Path) -> None:
    models = {
        "sample_spec": {"input_cost_per_token": 0},
        "gpt-4o": {"litellm_provider": "openai", "input_cost_per_token": 9e-6, "output_cost_per_token": 9e-6},
        "openai/tomorrow-1": {"litellm_provider": "openai", "input_cost_per_token": 1.25e-06, "output_cost_per_token": 1e-05},
        "dall-e": {"litellm_provider": "openai", "output_cost_per_image": 0.04},
    }
    (tmp_path / "model_prices.json").write_text(json.dumps(models))
    ran = finops("prices", "import", "model_prices.json", *AS_OF)
    assert ran.code == 0, ran.err
    assert "left out 1 entries" in ran.err

    def prices(model: str) -> dict[str, str]:
        rows = finops("prices", "list", "--model", model, "--provider", "openai", "-f", "json", *AS_OF).json["rows"]
        return {row["token_class"]: row["price"] for row in rows if row["service_tier"] == "standard"}

    assert prices("tomorrow-1") == {"input_uncached": "0.00000125", "output": "0.00001"}
    assert prices("gpt-4o")["input_uncached"] == "0.0000025"
    (tmp_path / "other.json").write_text("[1]")
    assert finops("prices", "import", "other.json").code == 1


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("openai,,,gpt-4o-mini,output,,0.6,1000 tokens,USD", "1,000 times above the price in force, 0.0000006 per token"),
        ("openai,,,gpt-4o-mini,output,,0.0006,1000000 tokens,USD", "1,000 times below the price in force"),
        ("aws,us-east-1,,,,egress_internet,90,gb,USD", "is its unit off by a factor of 1,000?"),
        ("azure,westeurope,Standard_NC4as_T4_v3,,,,0.0005,hour,USD", "is its unit off by a factor of 1,000?"),
        ("aws,ap-northeast-1,g6.xlarge,,,,150000,hour,JPY", "is its unit off by a factor of 1,000?"),
        ("aws,us-west-2,p5.48xlarge,,,,0.05504,hour,USD", "is its unit off by a factor of 1,000?"),
        ("aws,us-east-1,g6.xlarge,,,,0.7,hour,ZZZ", "`ZZZ` is not a currency"),
    ],
)
def test_units_that_are_off_and_currencies_that_are_none(finops: Finops, tmp_path: Path, row: str, said: str) -> None:
    head = "provider,region,instance_type,model,token_class,sku,price,unit,currency\n"
    (tmp_path / "own.csv").write_text(head + row + "\n")
    ran = finops("prices", "import", "own.csv", "--as-of", "2026-11-20")
    assert (ran.code, said in ran.err) == (1, True), ran.err


def test_a_name_that_is_nearly_another_s_is_taken_with_a_warning(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text("provider,region,instance_type,price,unit,currency\naws,us-east-1,g6.xlrge,0.7,hour,USD\n")
    ran = finops("prices", "import", "own.csv", "--as-of", "2026-11-20")
    assert (ran.code, "did you mean `g6.xlarge`?" in ran.err) == (0, True), ran.err
