"""Input that lies: each gives one clear error with a hint and the right exit code, and leaves the ledger as it was."""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from finops.errors import ExitCode
from tests.conftest import Ran

Finops = Callable[..., Ran]
HEADER = (
    "BillingAccountId,BillingCurrency,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,ChargePeriodEnd,ChargeCategory,"
    "BilledCost,EffectiveCost,ListCost,ContractedCost,InvoiceIssuerName,ProviderName,PublisherName,ServiceName,Tags"
)
MONTH = "2026-10-01T00:00:00Z,2026-11-01T00:00:00Z,2026-10-02T00:00:00Z,2026-10-03T00:00:00Z"


def bill(*costs: str, tags: str = "{}") -> str:
    """A FOCUS file with a row for each cost."""
    quoted = tags.replace('"', '""')
    rows = [f'1,USD,{MONTH},Usage,"{cost}",1,1,1,AWS,AWS,AWS,EC2,"{quoted}"' for cost in costs]
    return "\n".join([HEADER, *rows]) + "\n"


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good bill and its ledger, to be copied."""
    from finops.cli.app import run

    folder = tmp_path_factory.mktemp("good")
    (folder / "good.csv").write_text(bill("1.5", "2.25"))
    assert run(["ingest", str(folder / "good.csv"), "--ledger", str(folder / "finops.duckdb"), "-q", "-o", os.devnull]) == 0
    return folder


@pytest.fixture
def known(finops: Finops, good: Path, tmp_path: Path) -> str:
    """A ledger with one good bill; answers with its canonical content."""
    shutil.copytree(good, tmp_path, dirs_exist_ok=True)
    return canonical(finops)


def canonical(finops: Finops) -> str:
    ran = finops("query", "--canonical", "charge", "-f", "csv")
    assert ran.code == ExitCode.OK, ran.err
    return ran.out


def deep(depth: int = 200_000) -> str:
    return '{"resourceSpans":' + "[" * depth + "]" * depth + "}\n"


LIES: dict[str, Callable[[Path], None]] = {
    "truncated.csv.gz": lambda p: p.write_bytes(gzip.compress(bill(*["1.0"] * 5000).encode())[:-400]) and None,
    "utf16.csv": lambda p: p.write_bytes(bill("1.0").encode("utf-16")[:-1]) and None,
    "utf32.csv": lambda p: p.write_bytes(bill("1.0").encode("utf-32")) and None,
    "latin1.csv": lambda p: p.write_bytes(bill("1.0", tags='{"team":"Zürich"}').encode("latin-1")) and None,
    "wide.csv": lambda p: p.write_text(",".join(f"c{i}" for i in range(1_000_000)) + "\n1\n") and None,
    "empty.csv": lambda p: p.write_bytes(b"") and None,
    "header_only_nul.csv": lambda p: p.write_bytes(b"\0" * 4096) and None,
    "bomb.jsonl": lambda p: p.write_text(deep()) and None,
    "bomb.json": lambda p: p.write_text(deep()) and None,
    "not_parquet.parquet": lambda p: p.write_bytes(b"PAR1 but not really") and None,
    "unknown.csv": lambda p: p.write_text("a,b\n1,2\n") and None,
}


@pytest.mark.parametrize("name", sorted(LIES))
def test_a_file_that_would_not_do(finops: Finops, tmp_path: Path, known: str, name: str) -> None:
    path = tmp_path / name
    LIES[name](path)
    ran = finops("ingest", name)
    assert ran.code == ExitCode.DATA, (ran.out, ran.err)
    assert ran.err.count("error:") == 1
    assert "hint:" in ran.err
    assert name in ran.err
    assert canonical(finops) == known


@pytest.mark.parametrize("cost", ["1e400", "NaN", "$1,000.00", "Infinity", "1_000", "0x10", "--1", "1.2.3"])
def test_a_number_that_is_none_is_refused_with_its_place(finops: Finops, tmp_path: Path, known: str, cost: str) -> None:
    (tmp_path / "odd.csv").write_text(bill("7.5", cost, "0.25").replace("1,USD", "2,USD"))
    strict = finops("ingest", "odd.csv", "--strict")
    assert strict.code == ExitCode.DATA
    assert "hint:" in strict.err
    assert canonical(finops) == known
    ran = finops("ingest", "odd.csv", "-f", "json", "--no-build")
    assert ran.code == ExitCode.DATA, "loaded, and the exit code tells of the row that was not"
    assert ran.json["rows"][0]["rejected"] == 1
    assert ran.json["rows"][0]["amount"] == "7.75"
    rejects = finops("query", "SELECT * FROM reject", "-f", "json").json["rows"]
    assert len(rejects) == 1
    assert "BilledCost" in json.dumps(rejects)
    assert cost in json.dumps(rejects)


def test_names_are_kept_as_they_are_and_harm_nothing(finops: Finops, tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    tags = json.dumps({"agent": evil, "tenant": '=HYPERLINK("http://x")'})
    (tmp_path / "evil.csv").write_text(bill("3", tags=tags))
    assert finops("ingest", "evil.csv").code == ExitCode.OK
    rows = finops("cost", "--by", "tenant,agent", "-f", "json", "--as-of", "2026-10-20").json["rows"]
    assert {row["agent"] for row in rows} == {evil}
    table = finops("cost", "--by", "tenant", "-f", "csv", "--as-of", "2026-10-20").out
    assert "\n'=HYPERLINK" in table or "\n\"'=HYPERLINK" in table
    assert finops("report", "--out", "out", "--as-of", "2026-10-20").code == ExitCode.OK
    assert evil not in (tmp_path / "out" / "report.html").read_text()


def test_paths_that_are_not_there(finops: Finops, tmp_path: Path, known: str) -> None:
    (tmp_path / "hollow").mkdir()
    for name, code in (("nowhere.csv", ExitCode.USAGE), ("hollow", ExitCode.DATA)):
        ran = finops("ingest", name)
        assert ran.code == code, (name, ran.err)
        assert ran.err.count("error:") == 1
        assert "hint:" in ran.err
    assert canonical(finops) == known


def test_a_read_without_a_ledger_says_how_to_begin(finops: Finops) -> None:
    ran = finops("cost", "--by", "agent")
    assert ran.code == ExitCode.DATA
    assert "finops ingest" in ran.err


def test_a_ledger_of_a_newer_version_is_left_alone(finops: Finops, tmp_path: Path, known: str) -> None:
    import duckdb

    path = tmp_path / "finops.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute("UPDATE meta SET value = '9999' WHERE key = 'schema_version'")
    before = path.read_bytes()
    ran = finops("cost", "--by", "agent")
    assert ran.code == ExitCode.DATA
    assert "newer" in ran.err
    assert finops("ingest", "good.csv").code == ExitCode.DATA
    assert path.read_bytes() == before


def test_a_file_that_is_no_ledger(finops: Finops, tmp_path: Path) -> None:
    (tmp_path / "finops.duckdb").write_bytes(b"this is not a database" * 100)
    ran = finops("cost", "--by", "agent")
    assert ran.code == ExitCode.DATA
    assert "hint:" in ran.err


def test_dumps_of_an_sdk_are_not_otlp(finops: Finops, shared_file: Callable[[str], Path]) -> None:
    folder = shared_file("traces/any_agent")
    ran = finops("ingest", folder)
    assert ran.code == ExitCode.DATA
    assert "OTLP" in ran.err + ran.out
