"""`[[import]]` from configuration to the bill: ingested, delivered, reconciled and checked like any other source."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import pytest

from finops.errors import ExitCode
from tests.conftest import Ran

Finops = Callable[..., Ran]

CONFIG = """
[[import]]
name = "vendor-x"
files = "vendor_x_*.csv"          # its own name = "not a key"
contract = "charge"
delimiter = ";"
decimal = ","
constants = { BillingCurrency = "EUR", InvoiceIssuerName = "Vendor X", ChargeCategory = "Usage" }
[import.columns]
BilledCost = { column = "Cents", factor = "0.01" }
EffectiveCost = { column = "Cents", factor = "0.01" }
ChargePeriodStart = { column = "Day", format = "%d.%m.%Y" }
x_TenantId = "Customer"

[[import]]
name = "tickets"
contract = "outcome"
requires = ["ticket", "solved.by"]
columns = { run = "ticket", time = "at", accepted = "solved.ok", evaluator = "solved.by" }
"""
BILL = "Day;Customer;Cents;Note\n01.10.2026;acme;123,456;a\n02.10.2026;globex;-0,5;\nTotal;;122,956;\n"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "finops.toml").write_text(CONFIG)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "vendor_x_2026-10.csv").write_text(BILL)
    ticket = '{"ticket":"t1","at":"2026-10-02T00:00:00Z","solved":{"ok":true,"by":"ann"}}\n'
    (tmp_path / "in" / "tickets.jsonl").write_text(ticket)
    return tmp_path


def test_imports_load_and_reconcile_to_the_last_digit(finops: Finops, home: Path) -> None:
    ran = finops("ingest", "in", "-f", "json")
    assert ran.code == ExitCode.DATA, "a row is rejected"
    rows = [(row["path"], row["source"], row["status"], row["rows"], row["rejected"], row["amount"]) for row in ran.json["rows"]]
    assert rows == [
        ("in/tickets.jsonl", "tickets", "loaded", 1, 0, None),
        ("in/vendor_x_2026-10.csv", "vendor-x", "loaded", 2, 1, "1.22956"),
    ]
    (line,) = finops("reconcile", "-f", "json").json["rows"]
    assert (line["source_total"], line["billed"], line["allocated"], line["difference"]) == ("1.22956", "1.22956", "1.22956", "0")
    costs = finops("cost", "--by", "tenant", "--month", "2026-10", "-f", "json").json["rows"]
    assert {row["tenant"]: row["cost"] for row in costs} == {"acme": "1.23456", "globex": "-0.005"}
    reject = finops("query", "SELECT row_number, column_name, raw_text FROM reject", "-f", "json").json["rows"]
    assert reject == [{"row_number": 3, "column_name": "ChargePeriodStart", "raw_text": "Total"}]
    assert finops("query", "SELECT run, accepted FROM outcome", "-f", "json").json["rows"] == [{"run": "t1", "accepted": True}]


def test_a_delivery_is_unchanged_until_the_file_or_its_mapping_changes(finops: Finops, home: Path) -> None:
    def statuses(*arguments: str) -> list[tuple[str, str]]:
        ran = finops("ingest", "in", *arguments, "-f", "json")
        assert ran.code == (ExitCode.DATA if any(row["rejected"] for row in ran.json["rows"]) else ExitCode.OK), ran.err
        return [(row["status"], row["source"]) for row in ran.json["rows"]]

    assert statuses() == [("loaded", "tickets"), ("loaded", "vendor-x")]
    assert statuses() == [("unchanged", "tickets"), ("unchanged", "vendor-x")]
    text = CONFIG.replace('x_TenantId = "Customer"', 'x_TenantId = "Note"')
    (home / "finops.toml").write_text("# moved down\n" + text)
    assert statuses() == [("unchanged", "tickets"), ("replaced", "vendor-x")]
    costs = finops("cost", "--by", "tenant", "--month", "2026-10", "-f", "json").json["rows"]
    assert {row["tenant"] for row in costs} == {"a", "__untagged__"}
    moved = home / "in" / "vendor_x_again.csv"
    moved.write_text(BILL.replace("123,456", "1"))
    refused = finops("ingest", "in")
    assert refused.code == ExitCode.DATA
    assert "--as part" in refused.err


def test_a_named_source_is_checked(finops: Finops, home: Path) -> None:
    wrong = finops("ingest", "in/vendor_x_2026-10.csv", "--source", "focus")
    assert (wrong.code, "--source vendor-x" in wrong.err) == (ExitCode.USAGE, True)
    wrong = finops("ingest", "in/tickets.jsonl", "--source", "vendor-x")
    assert (wrong.code, "--source tickets" in wrong.err) == (ExitCode.USAGE, True)
    (home / "renamed.csv").write_text(BILL)
    assert finops("ingest", "renamed.csv").code == ExitCode.DATA
    assert "1 row was rejected" in finops("ingest", "renamed.csv", "--source", "vendor-x").err


def test_the_list_shows_imports(finops: Finops, home: Path) -> None:
    row = finops("sources", "list", "-f", "json").json["rows"][-2]
    assert (row["source"], row["contracts"], row["endings"]) == ("vendor-x", ["charge"], ["vendor_x_*.csv"])
    assert "finops.toml:2 [[import]]" in row["title"]


def test_check_shows_what_a_mapping_makes_of_a_file(finops: Finops, home: Path) -> None:
    ran = finops("sources", "check", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    tickets, bill = ran.json["rows"]
    assert (tickets["path"], tickets["source"], tickets["rows"]) == ("in/tickets.jsonl", "tickets", 1)
    assert (bill["rows"], bill["rejected"], bill["amount"], bill["currency"]) == (2, 1, "1.22956", "EUR")
    assert (bill["unused"], bill["missing"]) == (["Note"], [])
    assert "BilledCost <- Cents" in bill["mapped"]
    assert bill["first_rows"][0]["BilledCost"] == "1.23456"
    assert bill["first_rows"][0]["ChargePeriodStart"] == "2026-10-01T00:00:00Z"
    notes = "\n".join(ran.json["meta"]["notes"])
    for said in ("totals: billed 1.22956 EUR, from 2026-10-01T00:00:00Z to 2026-10-02", "1 rows refused", "row 3, `Total`"):
        assert said in notes
    assert "ServiceProviderName is not mapped" in notes
    assert not (home / "finops.duckdb").exists()


def test_check_names_what_would_not_do_with_its_line(finops: Finops, home: Path) -> None:
    text = CONFIG.replace('"Cents", factor = "0.01" }\nE', '"Cent", factor = "0.01" }\nE').replace("accepted =", "acepted =")
    (home / "finops.toml").write_text(text)
    ran = finops("sources", "check", "-f", "json")
    assert ran.code == ExitCode.DATA
    mapping, bill = ran.json["rows"]
    assert (mapping["path"], mapping["source"]) == ("finops.toml:19 [[import]] tickets, acepted", "tickets")
    assert mapping["reason"].startswith("`outcome` has no column `acepted` (did you mean `accepted`? It has: run, agent, ")
    assert (bill["status"], bill["missing"]) == ("refused", ["Cent (for BilledCost)"])
    assert "did you mean `Cents`?" in bill["reason"]
    failed = finops("ingest", "in")
    assert (failed.code, "finops.toml:19" in failed.err) == (ExitCode.USAGE, True)


@pytest.mark.parametrize(
    ("key", "broken"), [("delimiter =", "delimeter ="), ('"charge"', '"charges"'), ('name = "vendor-x"', "")]
)
def test_a_mapping_that_would_not_do_stops_what_needs_it_and_nothing_else(
    finops: Finops, home: Path, key: str, broken: str
) -> None:
    """Wrong by a key, by what it means, or without a name."""
    (home / "finops.toml").write_text(CONFIG)
    assert finops("ingest", "in", "-q").code == ExitCode.DATA, "a row is rejected"
    (home / "finops.toml").write_text(CONFIG.replace(key, broken, 1))
    for command in (("cost", "--by", "tenant"), ("doctor",), ("build",), ("sources", "list"), ("reconcile",)):
        ran = finops(*command)
        assert ran.code == ExitCode.OK, (command, ran.err)
        assert ("finops.toml:2 [[import]]" in ran.err) == (key != '"charge"'), command
    checked = finops("sources", "check", "-f", "json")
    assert checked.code == ExitCode.DATA
    assert [row["status"] for row in checked.json["rows"] if "[[import]]" in row["path"]] == ["refused"]
    stopped = finops("ingest", "in")
    assert (stopped.code, "[[import]]" in stopped.err) == (ExitCode.USAGE, True)
    ran = finops("ingest", "in/tickets.jsonl", "--dry-run")
    assert ran.code == ExitCode.OK, ran.err
    assert "[[import]]" in ran.err + ran.out


def test_check_says_why_a_mapping_claims_nothing(finops: Finops, home: Path) -> None:
    (home / "x.csv").write_text("a,b\n1,2\n")
    ran = finops("sources", "check", "x.csv", "-f", "json")
    assert ran.code == ExitCode.DATA
    notes = "\n".join(ran.json["meta"]["notes"])
    assert "`vendor-x`: none of the 1 files is of this kind (x.csv: its name is not `vendor_x_*.csv`)" in notes
    assert "it has no column `ticket`" in notes
    (home / "finops.toml").write_text("")
    assert finops("sources", "check").code == ExitCode.USAGE


def test_two_imports_of_one_name_and_names_of_sources_are_refused(finops: Finops, home: Path) -> None:
    (home / "finops.toml").write_text(CONFIG.replace('"tickets"', '"vendor-x"'))
    ran = finops("ingest", "in")
    assert (ran.code, "two imports are called `vendor-x`" in ran.err, "line 2" in ran.err) == (ExitCode.USAGE, True, True)
    (home / "finops.toml").write_text(CONFIG.replace('"tickets"', '"focus"'))
    ran = finops("ingest", "in")
    assert (ran.code, "there is a source `focus` already" in ran.err) == (ExitCode.USAGE, True)


def test_every_given_path_is_accounted_for(finops: Finops, home: Path) -> None:
    history = ",".join(
        ("Timestamp", "User Count", "Type", "Name", "Requests/s", "Failures/s", "50%", "95%", "Total Request Count")
    )
    (home / "in" / "run_stats_history.csv").write_text(history + "\n")
    (home / "in" / "notes.txt").write_text("hello")
    rows = finops("ingest", "in", "-f", "json").json["rows"]
    assert {row["path"]: (row["source"], row["status"]) for row in rows} == {
        "in/notes.txt": (None, "refused"),
        "in/run_stats_history.csv": ("locust", "left out"),
        "in/tickets.jsonl": ("tickets", "loaded"),
        "in/vendor_x_2026-10.csv": ("vendor-x", "loaded"),
    }


def test_the_example_of_the_readme_reads_a_file_that_fits(finops: Finops, tmp_path: Path) -> None:
    readme = (Path(__file__).resolve().parent.parent.parent / "README.md").read_text()
    (tmp_path / "finops.toml").write_text(readme.split("```toml\n", 1)[1].split("```", 1)[0])
    text = "Date;Amount;Customer;Account;Team;Cost Center;Product\n01.10.2026;1,5;;acme;a;;GPT-4o (EU)\n"
    (tmp_path / "vendor_x_1.csv").write_text(text)
    ran = finops("sources", "check", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    (row,) = ran.json["rows"]
    assert (row["rows"], row["amount"], row["first_rows"][0]["x_Model"]) == (1, "1.5", "gpt-4o")


def test_every_contract_loads_and_builds_through_a_mapping(finops: Finops, tmp_path: Path) -> None:
    time = "2026-10-01T00:00:00Z"
    given = {
        "charge": {"BilledCost": "1", "BillingCurrency": "USD", "ChargePeriodStart": time},
        "call": {"start_time": time, "operation": "inference", "trace": "t", "span": "s", "model": "m", "output": "3"},
        "run": {"run": "t", "start_time": time, "workflow": "w"},
        "outcome": {"run": "t", "time": time, "accepted": "yes", "human_minutes": "1.5"},
        "meter": {"hour": time, "resource": "r", "cpu_seconds": "60", "capacity": "2"},
        "sample": {"time": time, "signal": "queue_depth", "value": "4", "labels": '{"queue":"q"}'},
        "benchmark": {"workload": "w", "model": "m", "units": "10", "duration_s": "2.5", "count": "1"},
        "invoice": {"currency": "USD", "billing_period": time, "invoice": "I-1", "billed": "1", "issuer": "X"},
    }
    text = ""
    for contract, row in given.items():
        columns = ", ".join(f'"{name}" = "{contract} {name}"' for name in row)
        text += f'[[import]]\nname = "our-{contract}"\ncontract = "{contract}"\ncolumns = {{ {columns} }}\n\n'
        with (tmp_path / f"{contract}.tsv").open("w", newline="") as stream:
            table = csv.writer(stream, delimiter="\t")
            table.writerows([[f"{contract} {name}" for name in row], list(row.values())])
    (tmp_path / "finops.toml").write_text(text)
    ran = finops("ingest", *(f"{contract}.tsv" for contract in given), "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    assert {row["source"]: (row["rows"], row["rejected"]) for row in ran.json["rows"]} == {f"our-{c}": (1, 0) for c in given}
    (row,) = finops("query", "SELECT run_id, workflow, accepted, human_minutes FROM fct_run", "-f", "json").json["rows"]
    assert row == {"run_id": "t", "workflow": "w", "accepted": True, "human_minutes": "1.5"}
    checked = finops("sources", "check", "-f", "json")
    assert checked.code == ExitCode.OK, checked.err
    assert {row["source"] for row in checked.json["rows"]} == {f"our-{contract}" for contract in given}
