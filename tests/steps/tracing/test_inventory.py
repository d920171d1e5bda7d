"""Every table of every command: which figures can be traced, and by what. A table or a column without an entry fails."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from finops.bundled import pricing_dir
from finops.cli.app import answer_of
from finops.cli.options import Globals
from finops.config import Overrides
from finops.core.explaining.figures import comes_to, row_of, value_of
from finops.steps.tracing.made import COMPUTED, FIGURES
from finops.steps.tracing.tables import TABLES
from tests.conftest import Ran
from tests.golden.test_golden import COMMANDS

HERE = Path(__file__).resolve().parents[2] / "golden"
Sample = Callable[..., Ran]
RANKS = ("rank", "age_days")
MADE = "made"
INVENTORY: dict[str, str] = {
    "cost-by-tenant": "cost", "cost-by-agent-model": "cost", "cost-per-accepted": "units", "cost-per-hosted-tokens": "units",
    "cost-trend": "units", "reconcile": "reconcile", "reconcile-sources": "sources", "reconcile-expect": "expect",
    "reconcile-rules": "rules", "forecast": "forecast", "forecast-by-workflow": "forecast", "bridge": "bridge",
    "bridge-by-agent": "bridge", "anomalies": "anomalies", "burn": "burn", "drift": "drift", "drift-by-tenant": "drift",
    "volatility": "volatility", "flag": "flag", "models": "models", "commitments": "commitments",
    "commitments-assumed": "commitments", "traces": "traces", "waste": "waste", "explain-agent": "cost",
    **dict.fromkeys(
        ("place", "place-replay", "spot", "mix", "mix-shared", "bench-list", "bench-cost", "bench-cost-sized", "prices-list",
         "prices-show", "prices-tiers", "prices-diff", "policy-list"), MADE,
    ),
}  # fmt: skip
"""Golden command to the table that traces its figures, or MADE where its answer says itself how each is made."""
ROWS: dict[str, str] = {
    "cost": "cost billed effective list contracted", "units": "cost units requests", "expect": "hours cost",
    "reconcile": "billed allocated direct metered shared idle left untagged unexplained unallocated", "rules": "billed charges",
    "sources": (
        "traces_list invoice gap long_context price_change cached_tokens service_tiers sampling sdk_retries missing_spans "
        "beyond_use not_billed_yet list_price exchange_rate discount commitments corrections credits adjustments tax "
        "other_services other_months invoice_only unexplained"
    ),
    "forecast": "spent", "bridge": "", "anomalies": "", "burn": "", "drift": "", "volatility": "",
    "flag": "cost own_cost", "models": "runs accepted", "commitments": "", "traces": "cost list_cost model_calls",
    "waste": "cost calls list_cost",
}  # fmt: skip
"""By table the columns that rows of files add up to."""
OVER: dict[str, str] = {
    "cost": "share",
    "units": (
        "unit_cost low high judged runs reserved_cost reserved_unit_cost used_share calls_per_run input_per_request "
        "output_per_request cost_per_1m_tokens cost_per_run change"
    ),
    "reconcile": "account source_total rounding difference invoice_total invoice_gap",
    "expect": "expected difference", "rules": "line groups driver_total reference_total", "bridge": "effect share",
    "forecast": "expected unchanged p2_5 p10 p25 p50 p75 p90 p97_5 budget skill", "anomalies": "excess expected p_value offset",
    "burn": "used burn highest cost runs_cost", "drift": "effect", "traces": "seconds", "waste": "share uncosted",
    "volatility": "days mean peak peak_to_mean peak_hour_to_mean variation at_risk demand price retries other",
    "flag": (
        "runs judged_runs accepted probability expected_monthly_loss saving saving_low saving_high cost_per_success success_rate "
        "success_low success_high break_even cost_per_run cost_per_success_low cost_per_success_high value value_low value_high "
        "probability_at_low probability_at_high returned returned_low returned_high loss_low loss_high failed_per_run "
        "tokens_per_run"
    ),
    "models": (
        "success_rate success_low success_high cost_per_run cost_per_success cost_per_success_low cost_per_success_high"
    ),
    "commitments": (
        "units coverage savings_rate monthly_cost demand always on_demand_price utilisation unused_cost too_many too_many_cost "
        "price break_even saving saving_p10 saving_p50 saving_p90 at_risk"
    ),
}  # fmt: skip
"""By table the columns that are shares, means or estimates over what is traced; the trace says of which kind and by what."""
NO_FIGURES = {
    "explain-metric": "words",
    "explain-trace": "the trace itself",
    "prices-stale": "counts of facts, which `prices list` has one by one",
    "query": "the user's own SELECT",
}


def figures_of(name: str) -> set[str]:
    """The columns of a golden answer that hold numbers."""
    rows = json.loads((HERE / "answers" / f"{name}.json").read_text(encoding="utf-8"))["rows"]
    values = [(key, value) for row in rows for key, value in row.items() if key not in RANKS and not isinstance(value, bool)]
    return {key for key, value in values if re.fullmatch(r"-?\d+(\.\d+)?(e-?\d+)?", str(value))}


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_table_with_figures_has_a_trace(name: str) -> None:
    if name in NO_FIGURES:
        return
    assert name in INVENTORY or not figures_of(name), "say in INVENTORY how its figures are traced"
    if INVENTORY.get(name) == MADE:
        command, *words = COMMANDS[name]
        assert not COMPUTED[command] or words[0] in COMPUTED[command]
    else:
        table = INVENTORY[name]
        assert table in TABLES
        new = figures_of(name) - {*ROWS[table].split(), *OVER.get(table, "").split()}
        assert not new, "say in ROWS or OVER how they are traced"


@pytest.fixture(scope="module")
def asked(sample_home: Path) -> Callable[[Sequence[str]], Any]:
    """The answer of a command on the sample company, as a Result."""
    told = Overrides(config=sample_home / "finops.toml", ledger=sample_home.parent / "finops.duckdb")
    return lambda words: answer_of(Globals(told), list(words))


EXTRA: dict[str, tuple[str, ...]] = {
    "place-traffic": (
        *("place", "product-image-tagging", "--provider", "gcp", "--top", "5", "--units-per-month", "5000", "--sync-gb", "200"),
        *("--move-gb", "4000", "--egress-gb", "20000", "--round-trip", "*=80", "--keeps", "request"),
    ),
    "place-needs": ("place", "--needs", "vcpu=4,memory=16,arch=x86_64", "--region", "us-east-1", "--top", "5"),
    "spot-calm": ("spot", "g6.xlarge", "--hazard", "0", "--checkpoint", "5h", "--work", "27h", "--nodes", "3", "--paths", "100"),
    "spot-notice": (
        *("spot", "g6.xlarge", "--hazard", "0.05", "--checkpoint", "notice", "--write", "10s", "--paths", "100"),
        *("--assume", "reserved_1y=37%"),
    ),
    "bench-day": ("bench", "cost", "--units-per-day", "50", "--against", "gpt-4o-mini", "--slo", "stated"),
}


@pytest.mark.parametrize("name", [*sorted(name for name, by in INVENTORY.items() if by == MADE), *EXTRA])
def test_the_parts_of_every_figure_come_to_it(name: str, asked: Callable[[Sequence[str]], Any], sample_home: Path) -> None:
    answer = asked(COMMANDS.get(name) or EXTRA[name])
    assert answer.rows
    keys = [column.key for column in answer.columns if column.kind in FIGURES]
    lines: dict[str, list[str]] = {}
    for place in range(0, len(answer.rows), max(1, len(answer.rows) // 12)):
        made = answer.made(place)
        row = row_of(answer.rows[place], made)
        found = {figure.name: figure for figure in made}
        for key in keys:
            if row.get(key) is None:
                continue
            assert key in found, f"{key} has no trace"
            figure = found[key]
            assert (figure.formula is None) == (figure.method is not None), key
            assert comes_to(figure, row), (key, row[key], value_of(figure, row))
        for part in (part for figure in made for part in figure.parts):
            assert part.file or part.source or "nothing was measured" in part.what or part.what.startswith("machine"), part
            if part.file and part.line and not part.file.endswith(".gz"):
                file = pricing_dir().parent / part.file if part.file.startswith("pricing/") else sample_home / part.file
                if part.file not in lines:
                    lines[part.file] = _own(file).read_text(encoding="utf-8").splitlines()
                assert 1 <= part.line <= len(lines[part.file])
                if part.file.startswith("pricing/") and part.name in ("listed", "full_listed"):
                    assert f"{part.value:f}" in lines[part.file][part.line - 1]


def _own(file: Path) -> Path:
    """The file of one's own prices that a golden command is given, under its name alone."""
    return file if file.exists() else HERE / file.name


def test_last_month_at_new_prices_goes_down_to_rows_and_lines(sample: Sample) -> None:
    """What a contract saves on instances and tokens: the charges and calls that used them, and both prices where they stand."""
    file = str(HERE / "contract.csv")
    rows = {(row["sku"], row["from_day"]): row for row in sample("prices", "diff", file, "-f", "json").json["rows"]}
    for sku, after in (("g6.xlarge", ["listed_after"]), ("gpt-4o-mini/output", ["discount_after", "listed_after"])):
        row = next(one for (name, _), one in sorted(rows.items()) if name == sku)
        named = ("--where", f"sku={sku}", "--where", f"from_day={row['from_day']}", "--where", "figure=effect")
        found = sample("explain", "prices", "--trace", *named, "-f", "json", "--", "diff", file).json
        parts: dict[str, list[dict[str, Any]]] = {}
        for one in found["rows"]:
            parts.setdefault(one["part"], []).append(one)
        assert {one["figure"]: one["value"] for one in found["totals"]}["effect"] == row["effect"]
        assert sorted({"listed_after", "discount_after"} & parts.keys()) == after
        assert {(one["file"], one["line"] is not None) for one in parts[after[0]]} == {("contract.csv", True)}
        use = parts["hours" if sku == "g6.xlarge" else "listed_use"]
        change = Decimal(row["after"]) - Decimal(row["before"])
        whole = sum(Decimal(one["value"]) for one in use) * change
        assert whole / (1 if sku == "g6.xlarge" else Decimal(row["before"])) == Decimal(row["effect"])
        assert all(one["file"] and one["line"] for one in use)


def test_lines_of_an_imported_file_are_kept_in_the_ledger(finops: Sample, tmp_path: Path) -> None:
    (tmp_path / "contract.csv").write_text(CONTRACT)
    assert finops("prices", "import", "contract.csv", "--as-of", "2026-11-20").code == 0
    words = ("list", "--provider", "aws", "--region", "us-east-1", "--instance-type", "g6.xlarge")
    only = ("--where", "purchase_option=on_demand", "--as-of", "2026-11-20", "-f", "json")
    (listed,) = finops("explain", "prices", "--trace", *only, "--", *words).json["rows"]
    assert (listed["file"], CONTRACT.splitlines()[listed["line"] - 1].split(",")[5]) == ("contract.csv", "0.7")
    (tmp_path / "contract.csv").write_text("# one more line\n" + CONTRACT)
    again = finops("prices", "import", "contract.csv", "--as-of", "2026-11-20", "-f", "json").json["rows"]
    assert [row["status"] for row in again] == ["unchanged"]


def test_a_trace_names_each_row_once_and_says_the_formula(sample: Sample) -> None:
    ran = sample(
        *("explain", "place", "--trace", "--where", "instance_type=g6.xlarge", "--where", "purchase_option=spot"),
        *("--where", "figure=monthly_cost", "-f", "json", "--", "product-image-tagging", "--provider", "aws", "--top", "3"),
    )
    assert ran.code == 0, ran.err
    found = ran.json
    assert [one["figure"] for one in found["totals"]] == ["monthly_cost", "hourly_price"]
    assert found["totals"][0]["formula"] == "hourly_price * 730"
    assert {row["part"]: row["line"] for row in found["rows"]}.keys() == {"listed", "saving", "count"}
    assert all(row["file"] and row["line"] for row in found["rows"])


CONTRACT = """# source: agreement 9
# currency: USD
provider,region,instance_type,model,token_class,price,discount,unit,valid_from,valid_to,purchase_option
aws,us-east-1,g5.*,,,,5,,2026-01-01,,spot
aws,us-east-1,g6.xlarge,,,0.7,,hour,2026-01-01,2027-01-01,on_demand
"""
QUOTE = "# as_of: 2026-11-01\n# source: quote 4\n# currency: USD\n# provider: aws\ninstance_type,region,purchase_option,price\n"


def test_contracts_and_own_prices_are_traced_to_where_they_stand(finops: Sample, tmp_path: Path) -> None:
    (tmp_path / "contract.csv").write_text(CONTRACT)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "quote.csv").write_text(f"{QUOTE}g4dn.xlarge,us-east-1,on_demand,0.4\n")
    assert finops("prices", "import", "contract.csv", "--as-of", "2026-11-20").code == 0
    told = {}
    for machine, option in (
        ("g5.xlarge", "spot"),
        ("g6.xlarge", "spot"),
        ("g6.xlarge", "on_demand"),
        ("g4dn.xlarge", "on_demand"),
    ):
        words = ("list", "--provider", "aws", "--region", "us-east-1", "--instance-type", machine)
        only = ("--where", f"purchase_option={option}", "--prices", "own", "--as-of", "2026-11-20", "-f", "json")
        found = finops("explain", "prices", "--trace", *only, "--", *words).json
        files = [Path(row["file"]).name.partition("-")[0] for row in found["rows"]]
        told[machine, option] = (found["totals"][0]["formula"], files)
    assert told["g5.xlarge", "spot"] == ("listed * (1 - saving) * (1 - discount)", ["aws", "aws", "contract.csv"])
    assert told["g6.xlarge", "spot"] == ("listed * (1 - saving)", ["aws", "aws"])  # of the list price, not the contract's
    assert told["g6.xlarge", "on_demand"] == ("listed", ["contract.csv"])
    assert told["g4dn.xlarge", "on_demand"] == ("listed", ["quote.csv"])


def test_runs_and_models_go_down_to_outcomes_and_calls(sample: Sample) -> None:
    row = next(one for one in sample("models", "-f", "json").json["rows"] if one["group"] == "contract-review")
    named = ("--where", "group=contract-review", "--where", f"model={row['model']}")
    found = sample("explain", "models", "--trace", *named, "-f", "json").json
    (total,) = found["totals"]
    assert (total["runs"], total["judged"], total["accepted"]) == (row["runs"], row["runs"], row["accepted"])
    assert float(total["list_cost"]) / row["runs"] == pytest.approx(float(row["cost_per_run"]), abs=1e-6)
    assert sum(line["what"] == "outcome: accepted" for line in found["rows"]) == row["accepted"]
    spent = [float(line["list_cost"]) for line in found["rows"] if line["list_cost"] is not None]
    assert sum(spent) == pytest.approx(float(total["list_cost"]), abs=1e-6)
    lead = sample("explain", "runs", "--trace", "--where", "agent=quote-approver", "--where", "settled=yes", "-f", "json").json
    own = [one for one in sample("flag", "-f", "json").json["rows"] if one["agent"] == "quote-approver"]
    assert (lead["totals"][0]["judged"], lead["totals"][0]["accepted"]) == (own[0]["judged_runs"], own[0]["accepted"])


def test_models_of_files_say_their_entries(finops: Sample, tmp_path: Path) -> None:
    (tmp_path / "board.csv").write_text("model,runs,accepted,total_cost\na-1,50,40,12.5\nb-2,60,50,30\n")
    found = finops("explain", "models", "--trace", "--where", "model=a-1", "-f", "json", "--", "board.csv").json
    told = {row["part"]: (row["value"], row["source"]) for row in found["rows"]}
    assert told == {"runs": ("50", "board.csv"), "accepted": ("40", "board.csv"), "cost_per_run": ("0.25", "board.csv")}
    assert {one["figure"]: one["formula"] for one in found["totals"]}["success_rate"] == "accepted / runs"


@pytest.mark.parametrize("table", ["drift", "burn"])
def test_estimates_over_calls_name_their_method_and_their_calls(sample: Sample, table: str) -> None:
    found = sample("explain", table, "--trace", "--where", "agent=price-checker", "--last", "3d", "-f", "json").json
    assert found["rows"]
    assert any(f"core/detecting/{table}.py" in note for note in found["meta"]["notes"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("ingest", "--trace"), "no agent, tenant, workflow, model or table whose figures can be traced"),
        (("prices", "--trace", "--", "refresh", "aws"), "which table of `prices`?"),
        (("cost", "--trace", "--", "--by", "agent"), "is traced without words of its own"),
        (("cost_per_success", "--", "x"), "nothing is asked with words without `--trace`"),
        (("mix", "--trace", "--where", "machine=H100", "--", str(HERE / "mix.toml")), "no row of `mix` is so"),
        (("mix", "--trace", "--where", "cloud=x", "--", str(HERE / "mix.toml")), "`mix` has no `cloud`"),
        (("mix", "--trace", "--", str(HERE / "mix.toml")), "3 rows of `mix` are so"),
        (("mix", "--trace", "--month", "2026-10", "--", str(HERE / "mix.toml")), "is asked with its own words"),
        (
            ("mix", "--trace", "--where", "machine=A100", "--where", "figure=luck", "--", str(HERE / "mix.toml")),
            "no figure `luck`",
        ),
        (("runs", "--trace", "--where", "judged=perhaps"), "neither yes nor no"),
        (("models", "--trace", "--month", "2026-10"), "the days before the business date"),
    ],
)
def test_what_can_not_be_traced_says_what_can(sample: Sample, arguments: tuple[str, ...], said: str) -> None:
    ran = sample("explain", *arguments)
    assert ran.code == 2, ran.err
    assert said in ran.err
    assert "hint:" in ran.err
