"""`ingest` from paths to answer: folders, patterns, what is refused, dry runs, and the commands beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finops.config import Overrides
from finops.core.talk import Silence
from finops.errors import DataError, ExitCode, UsageError
from finops.ledger.store import open_writer
from finops.steps.ingesting.ingest import Options, ingest
from tests.conftest import Ran

Finops = Callable[..., Ran]
HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,"
    "BilledCost,EffectiveCost,ListCost,ContractedCost,InvoiceIssuerName,ProviderName,PublisherName,ServiceName,InvoiceId,Tags"
)


def bill(path: Path, *costs: str, month: str = "2026-10", account: str = "1", currency: str = "USD", invoice: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    start = f"{month}-01T00:00:00Z"
    tags = '"{""tenant"": ""acme""}"'
    rows = [
        f'{account},{currency},{start},,{month}-{day:02}T00:00:00Z,,Usage,"{cost}",1,1,1,AWS,AWS,AWS,EC2,{invoice},{tags}'
        for day, cost in enumerate(costs, 1)
    ]
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    return path


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*paths: str | Path, **options: object) -> list[dict[str, object]]:
    """The rows of a call that builds nothing."""
    given = Options(build=False, **options)  # type: ignore[arg-type]  # each option has its own type
    return [dict(row) for row in ingest(Overrides(), paths, given, talk=Silence()).rows]


def statuses(*paths: str | Path, **options: object) -> dict[object, object]:
    return {row["path"]: row["status"] for row in run(*paths, **options)}


def test_a_folder_loads_what_it_holds_and_lists_what_it_can_not_read(tmp_path: Path) -> None:
    bill(tmp_path / "in" / "a.csv", "1", "2")
    bill(tmp_path / "in" / "deep" / "b.csv", "3", account="2")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    (tmp_path / "in" / ".hidden.csv").write_text("x")
    result = ingest(Overrides(), ["in"], Options(), talk=Silence())
    assert [(r["path"], r["status"], r["rows"], r["amount"]) for r in result.rows] == [
        ("in/a.csv", "loaded", 2, 3),
        ("in/deep/b.csv", "loaded", 1, 3),
        ("in/notes.txt", "refused", 0, None),
    ]
    assert result.rows[2]["reason"]
    assert result.totals == [{"rows": 3, "rejected": 0}]
    assert statuses("in") == {"in/a.csv": "unchanged", "in/deep/b.csv": "unchanged", "in/notes.txt": "refused"}


def test_a_file_of_a_folder_that_may_not_be_read_is_named_with_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be a bill, so it is not among the strangers, which are only counted."""
    bill(tmp_path / "in" / "a.csv", "1")
    bill(tmp_path / "in" / "locked.csv", "2")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    opened = Path.open

    def guarded(path: Path, *given: Any, **named: Any) -> Any:
        if path.name == "locked.csv":
            raise PermissionError(13, "Permission denied")
        return opened(path, *given, **named)

    monkeypatch.setattr(Path, "open", guarded)
    result = ingest(Overrides(), ["in"], Options(build=False), talk=Silence())
    assert [row["status"] for row in result.rows] == ["loaded", "refused", "refused"]
    assert "in/locked.csv: this file may not be read, and is not loaded" in result.notes
    assert any(note.startswith("1 files were not recognised") for note in result.notes)


def test_the_folder_of_the_ledger_itself(tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", "1")
    assert statuses(".") == {"a.csv": "loaded"}
    assert statuses(".") == {"a.csv": "unchanged"}


def test_a_pattern(tmp_path: Path) -> None:
    for month in ("2026-09", "2026-10"):
        bill(tmp_path / "x" / month / "bill.csv", "1", month=month)
    assert statuses("x/*/bill.csv") == {"x/2026-09/bill.csv": "loaded", "x/2026-10/bill.csv": "loaded"}
    bill(tmp_path / "x" / "2026-10" / "bill.csv", "2")
    assert statuses("x/*/bill.csv") == {"x/2026-09/bill.csv": "unchanged", "x/2026-10/bill.csv": "replaced"}


def test_files_of_the_same_name_in_two_folders_are_two_files(tmp_path: Path) -> None:
    paths = [bill(tmp_path / month / "bill.csv", "1", month=month) for month in ("2026-09", "2026-10")]
    assert list(statuses(*paths).values()) == ["loaded", "loaded"]


@pytest.mark.parametrize("make", ["nothing", "missing", "hollow", "strange", "empty"])
def test_what_can_not_be_ingested_is_one_clear_error(tmp_path: Path, make: str) -> None:
    (tmp_path / "hollow").mkdir()
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange" / "a.txt").write_text("hello")
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(UsageError if make in ("nothing", "missing") else DataError) as caught:
        run(*([] if make == "nothing" else [make]))
    assert caught.value.hint
    assert not (tmp_path / "finops.duckdb").exists()


def test_one_bad_file_undoes_the_whole_call(tmp_path: Path) -> None:
    good = bill(tmp_path / "good.csv", "1")
    bad = bill(tmp_path / "bad.csv", "$1,000.00", account="2")
    with pytest.raises(DataError, match="none of the rows"):
        run(good, bad)
    assert not (tmp_path / "finops.duckdb").exists()


def test_a_dry_run_checks_everything_and_loads_nothing(tmp_path: Path) -> None:
    path = bill(tmp_path / "a.csv", "1")
    assert run(path, dry_run=True)[0]["status"] == "loaded"
    assert not (tmp_path / "finops.duckdb").exists()
    run(path)
    before = (tmp_path / "finops.duckdb").read_bytes()
    assert run(bill(path, "2"), dry_run=True)[0]["status"] == "replaced"
    assert (tmp_path / "finops.duckdb").read_bytes() == before


def test_without_a_build_readers_say_so(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", "1")
    assert finops("ingest", "a.csv", "--no-build").code == ExitCode.OK
    ran = finops("query", "SELECT 1 AS one", "-f", "json")
    assert ran.json["meta"]["unbuilt"] == 1
    assert "finops build" in ran.err
    assert finops("build").code == ExitCode.OK
    assert finops("query", "SELECT 1 AS one", "-f", "json").json["meta"]["unbuilt"] == 0


def test_a_restated_month_tells_the_difference_per_account_and_owner(finops: Finops, tmp_path: Path) -> None:
    path = bill(tmp_path / "sep.csv", "10", month="2026-09", invoice="I-9")
    bill(tmp_path / "oct.csv", "5")
    assert finops("ingest", "sep.csv", "oct.csv").code == ExitCode.OK
    bill(path, "12.5", month="2026-09", invoice="I-9")
    refused = finops("ingest", "sep.csv")
    assert refused.code == ExitCode.DATA
    assert "--restate 2026-09" in refused.err
    ran = finops("ingest", "sep.csv", "--restate", "2026-09", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    assert "restated: 2026-09 AWS 1: 10 -> 12.5 USD (+2.5)" in ran.json["meta"]["notes"]
    assert "restated: 2026-09 acme: 10 -> 12.5 USD (+2.5)" in ran.json["meta"]["notes"]


def test_two_currencies_are_never_added(tmp_path: Path) -> None:
    path = bill(tmp_path / "a.csv", "1")
    more = bill(tmp_path / "b.csv", "2", currency="EUR").read_text().splitlines()[1]
    path.write_text(path.read_text() + more + "\n")
    result = ingest(Overrides(), [path], Options(build=False), talk=Silence())
    assert (result.rows[0]["amount"], result.rows[0]["currency"]) == (None, None)
    assert any("2 EUR, 1 USD" in note or "1 USD, 2 EUR" in note for note in result.notes)


def test_query_takes_one_select_and_nothing_else(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", "1.50")
    finops("ingest", "a.csv", "--no-build")
    ran = finops("query", "SELECT BilledCost, Tags, TIMESTAMPTZ '2026-10-01 00:00:00+02' AS t FROM charge", "-f", "json")
    assert ran.json["rows"] == [{"BilledCost": "1.5", "Tags": {"tenant": "acme"}, "t": "2026-09-30T22:00:00Z"}]
    for sql in (
        "DELETE FROM batch",
        "SELECT 1; SELECT 2",
        "COPY (SELECT 1) TO 'x.csv'",
        "SELEC 1",
        "SELECT nothing",
        "",
        "SET x = 1",
    ):
        ran = finops("query", sql)
        assert ran.code == ExitCode.USAGE, sql
        assert "hint:" in ran.err
    assert not (tmp_path / "x.csv").exists()
    for sql in ("SHOW TABLES", "DESCRIBE charge", "FROM batch", "VALUES (1), (2)", "WITH a AS (SELECT 1 AS x) SELECT x FROM a"):
        assert finops("query", sql).code == ExitCode.OK, sql


def test_doctor_names_damage_and_tidies(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", "1")
    finops("ingest", "a.csv")
    (tmp_path / "finops.duckdb.d" / "charge-lost.parquet").write_bytes(b"x")
    (tmp_path / "finops.duckdb.copy-1").write_bytes(b"x")
    ran = finops("doctor", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    tidied = {row["detail"] for row in ran.json["rows"] if row["status"] == "tidied"}
    assert tidied == {"charge-lost.parquet", "finops.duckdb.copy-1"}
    part = next((tmp_path / "finops.duckdb.d").iterdir())
    content = part.read_bytes()
    part.write_bytes(content[:-1] + b"?")
    ran = finops("doctor", "-f", "json")
    assert ran.code == ExitCode.DATA
    assert any(row["status"] == "damaged" and part.name in row["detail"] for row in ran.json["rows"])
    part.unlink()
    assert finops("doctor").code == ExitCode.DATA
    assert finops("query", "SELECT 1").code == ExitCode.DATA
    part.write_bytes(content)
    assert finops("doctor").code == ExitCode.OK


def test_doctor_reads_beside_a_writer_and_leaves_what_may_be_the_writers(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "a.csv", "1")
    finops("ingest", "a.csv")
    with open_writer(tmp_path / "finops.duckdb", wait_s=1, command="test"):
        ran = finops("doctor", "--wait", "0", "-f", "json")
        assert ran.code == ExitCode.OK, ran.err
        checks = {row["check"]: row["detail"] for row in ran.json["rows"]}
        assert "keep their grain" in checks["model tests"]
        assert checks["unbuilt"] == "none: every batch is built"
        (tmp_path / "finops.duckdb.copy-1").write_bytes(b"x")
        ran = finops("doctor", "--wait", "0", "-f", "json")
        assert ran.code == ExitCode.OK, ran.err
        assert "may be its own" in " ".join(ran.json["meta"]["notes"])
        assert "tidied" not in {row["status"] for row in ran.json["rows"]}


def test_init_writes_a_configuration_that_loads_and_never_writes_over_one(finops: Finops, tmp_path: Path) -> None:
    assert finops("doctor").code == ExitCode.OK
    assert finops("init", "--dry-run").code == ExitCode.OK
    assert not (tmp_path / "finops.toml").exists()
    assert finops("init").code == ExitCode.OK
    text = (tmp_path / "finops.toml").read_text()
    uncommented = "\n".join(
        line.removeprefix("# ") if "=" in line or line.startswith("# [") else line for line in text.splitlines()
    )
    (tmp_path / "all.toml").write_text(uncommented)
    (tmp_path / "rates.csv").write_text("date,from,to,rate,source\n")
    for name in ("finops.toml", "all.toml"):
        assert finops("doctor", "--config", name).code == ExitCode.OK, name
    assert finops("init").code == ExitCode.USAGE
    assert (tmp_path / "finops.toml").read_text() == text


def test_the_exit_code_tells_that_something_was_not_taken_and_the_rest_is_loaded(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "in" / "a.csv", "1")
    (tmp_path / "in" / "README.md").write_text("# exports")
    assert finops("ingest", "in").code == ExitCode.OK, "nobody exports data as Markdown"
    (tmp_path / "in" / "strange.csv").write_text("a,b\n1,2\n")
    bill(tmp_path / "in" / "b.csv", "2", "many", account="2")
    ran = finops("ingest", "in", "-f", "json")
    assert ran.code == ExitCode.DATA
    assert "1 file was refused and 1 row was rejected; everything else is loaded: exit code 1" in ran.err
    status = {row["path"]: (row["status"], row["rows"], row["rejected"]) for row in ran.json["rows"]}
    assert status == {
        "in/README.md": ("left out", 0, 0),
        "in/a.csv": ("unchanged", 0, 0),
        "in/b.csv": ("loaded", 1, 1),
        "in/strange.csv": ("refused", 0, 0),
    }
    assert finops("ingest", "in", "--dry-run", "-q").code == ExitCode.DATA
    (tmp_path / "in" / "strange.csv").unlink()
    assert finops("ingest", "in").code == ExitCode.OK, "what was rejected once is not told again"
