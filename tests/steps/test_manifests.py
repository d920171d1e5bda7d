"""Exports with manifests: the newest version of each month is loaded, once, and takes the place of the one before."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from finops.errors import ExitCode
from tests.conftest import Ran

Finops = Callable[..., Ran]
CUR = (
    "bill/BillingPeriodStartDate,bill/PayerAccountId,bill/InvoiceId,lineItem/UsageStartDate,lineItem/LineItemType,"
    "lineItem/UnblendedCost,lineItem/CurrencyCode,lineItem/ProductCode"
)
CUR2 = CUR.replace("bill/", "bill_").replace("lineItem/", "line_item_")
CUR2 = "".join(f"_{c.lower()}" if c.isupper() else c for c in CUR2).replace("__", "_")


def cur(path: Path, *costs: str, month: str = "2026-10", invoice: str = "", header: str = CUR) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        f"{month}-01T00:00:00Z,123,{invoice},{month}-{day:02}T00:00:00Z,Usage,{cost},USD,AmazonEC2"
        for day, cost in enumerate(costs, 1)
    ]
    path.write_bytes(gzip.compress("\n".join([header, *rows, ""]).encode(), mtime=0))
    return path


def legacy(path: Path, assembly: str, *keys: str, month: str = "2026-10") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    start = month.replace("-", "")
    document = {
        "assemblyId": assembly,
        "account": "123",
        "columns": [{"category": "bill", "name": "InvoiceId"}],
        "charset": "UTF-8",
        "compression": "GZIP",
        "contentType": "text/csv",
        "reportId": "x",
        "reportName": "acme",
        "billingPeriod": {"start": f"{start}01T000000.000Z", "end": "20301101T000000.000Z"},
        "bucket": "b",
        "reportKeys": list(keys),
        "additionalArtifactKeys": [],
    }
    path.write_text(json.dumps(document))
    return path


def version(home: Path, assembly: str, *files: tuple[str, ...], month: str = "2026-10", invoice: str = "") -> None:
    """A report that keeps its versions: each in a folder of its own, the manifest of the month's folder names the newest."""
    period = home / "acme" / f"{month.replace('-', '')}01-20301101"
    keys = [f"billing/acme/{period.name}/{assembly}/acme-{n}.csv.gz" for n in range(1, len(files) + 1)]
    for n, costs in enumerate(files, 1):
        cur(period / assembly / f"acme-{n}.csv.gz", *costs, month=month, invoice=invoice)
    for folder in (period, period / assembly):
        legacy(folder / "acme-Manifest.json", assembly, *keys, month=month)
    (period / assembly / "acme-RedshiftManifest.json").write_text('{"entries": []}')


def ingested(finops: Finops, *arguments: object) -> tuple[list[tuple[Any, ...]], list[str]]:
    ran = finops("ingest", *arguments, "--no-build", "-f", "json")
    refused = any(row["status"] == "refused" for row in ran.json["rows"])
    assert ran.code == (ExitCode.DATA if refused else ExitCode.OK), ran.err
    return [(row["status"], row["rows"], row["amount"]) for row in ran.json["rows"]], ran.json["meta"]["notes"]


def total(finops: Finops) -> object:
    ran = finops("query", "SELECT sum(BilledCost) AS total, count(*) AS n FROM charge", "-f", "json")
    return ran.json["rows"][0]["total"], ran.json["rows"][0]["n"]


def test_of_all_versions_of_a_month_only_the_newest_is_loaded(finops: Finops, tmp_path: Path) -> None:
    home = tmp_path / "cur"
    version(home, "a1", ("1", "2"))
    version(home, "a2", ("1", "2"), ("4",))
    version(home, "s1", ("7",), month="2026-09")
    rows, notes = ingested(finops, "cur")
    assert sorted(rows) == [("loaded", 1, "4"), ("loaded", 1, "7"), ("loaded", 2, "3")]
    assert any("1 files belong to older versions" in note and "a1/acme-1.csv.gz" in note for note in notes)
    assert not any("not recognised" in note for note in notes), "manifests are read, not refused"
    assert any("files are manifests, or left out by one: " in note and "Manifest.json" in note for note in notes)
    assert total(finops) == ("14", 4)
    names = finops("query", "SELECT DISTINCT name FROM delivery ORDER BY 1", "-f", "json").json["rows"]
    assert [row["name"] for row in names] == ["aws:123/acme/2026-09", "aws:123/acme/2026-10"]
    assert {row[0] for row in ingested(finops, "cur")[0]} == {"unchanged"}
    assert total(finops) == ("14", 4)


@pytest.mark.parametrize(
    "files", [(("5",), ("6",)), (("1", "2"), ("9",)), (("1", "2"),), (("4",),), (("1",), ("2",), ("4",)), (("4",), ("1", "2"))]
)
def test_a_month_that_is_delivered_again_replaces_the_one_before(finops: Finops, tmp_path: Path, files: Any) -> None:
    """Whichever of its files changed, came or went, and wherever they lie now."""
    version(tmp_path / "first", "a1", ("1", "2"), ("4",))
    version(tmp_path / "then", "a2", *files)
    ingested(finops, "first")
    rows, _ = ingested(finops, "then")
    same = sorted(files) == [("1", "2"), ("4",)]
    assert {row[0] for row in rows} == {"unchanged" if same else "replaced"}
    costs = [int(cost) for file in files for cost in file]
    assert total(finops) == (str(sum(costs)), len(costs))
    version(tmp_path / "first", "a1", ("1", "2"), ("4",))
    ingested(finops, "first")
    assert total(finops) == ("7", 3)


def test_a_closed_month_is_restated_as_a_whole(finops: Finops, tmp_path: Path) -> None:
    version(tmp_path / "cur", "s1", ("1", "2"), ("4",), month="2026-09", invoice="I-9")
    version(tmp_path / "cur", "o1", ("1",))
    ingested(finops, "cur")
    version(tmp_path / "cur", "s2", ("1", "2"), ("5",), month="2026-09", invoice="I-9")
    refused = finops("ingest", "cur")
    assert refused.code == ExitCode.DATA
    assert "--restate 2026-09" in refused.err
    _, notes = ingested(finops, "cur", "--restate", "2026-09")
    assert "restated: 2026-09 AWS 123: 7 -> 8 USD (+1)" in notes


def test_a_file_that_the_manifest_names_and_that_is_not_there_is_an_error(finops: Finops, tmp_path: Path) -> None:
    version(tmp_path / "cur", "a1", ("1",))
    version(tmp_path / "cur", "a2", ("1",), ("2",))
    (tmp_path / "cur/acme/20261001-20301101/a2/acme-2.csv.gz").unlink()
    ran = finops("ingest", "cur")
    assert ran.code == ExitCode.DATA
    assert "1 of the 2 files of acme for 2026-10 are missing" in ran.err
    assert "a2/acme-2.csv.gz" in ran.err
    assert "hint:" in ran.err
    assert not (tmp_path / "finops.duckdb").exists()


def test_files_beside_the_report_are_loaded_as_ever(finops: Finops, tmp_path: Path) -> None:
    version(tmp_path / "in", "a1", ("1",))
    cur(tmp_path / "in" / "other.csv.gz", "32", month="2026-05")
    (tmp_path / "in" / "manifest.json").write_text('{"name": "of a web page"}')
    rows, _ = ingested(finops, "in")
    assert sorted(rows) == [("loaded", 1, "1"), ("loaded", 1, "32"), ("refused", 0, None)]


def test_a_manifest_alone_brings_its_files(finops: Finops, tmp_path: Path) -> None:
    version(tmp_path / "cur", "a1", ("1", "2"))
    version(tmp_path / "cur", "a2", ("4",))
    assert ingested(finops, "cur/acme/20261001-20301101/a1/acme-Manifest.json")[0] == [("loaded", 2, "3")]
    assert ingested(finops, "cur/acme/20261001-20301101/acme-Manifest.json")[0] == [("replaced", 1, "4")]


def test_versions_that_nothing_tells_apart_are_not_guessed(finops: Finops, tmp_path: Path) -> None:
    version(tmp_path / "cur", "a1", ("1",))
    version(tmp_path / "cur", "a2", ("2",))
    (tmp_path / "cur/acme/20261001-20301101/acme-Manifest.json").unlink()
    ran = finops("ingest", "cur")
    assert ran.code == ExitCode.DATA
    assert "two manifests of acme for 2026-10" in ran.err


def test_since_and_until_choose_months(finops: Finops, tmp_path: Path) -> None:
    for month, cost in (("2026-08", "1"), ("2026-09", "2"), ("2026-10", "4")):
        version(tmp_path / "cur", "a1", (cost,), month=month)
    rows, notes = ingested(finops, "cur", "--since", "2026-09", "--until", "2026-10-01")
    assert rows == [("loaded", 1, "2")]
    assert any("2 periods lie outside" in note for note in notes)


@pytest.mark.parametrize("keep", [True, False], ids=["versions kept", "overwritten"])
def test_data_exports_lay_data_and_manifests_side_by_side(finops: Finops, tmp_path: Path, keep: bool) -> None:
    home, month = tmp_path / "any", "BILLING_PERIOD=2026-10"
    for run, costs in (("2026-10-02T06:00:00.000Z-x9", ("1",)), ("2026-10-03T06:00:00.000Z-a1", ("1", "8"))):
        below = f"{month}/{run}" if keep else month
        key = f"s3://bucket/deep/er/focus/data/{below}/focus-00001.csv.gz"
        cur(home / "data" / below / "focus-00001.csv.gz", *costs, header=CUR2)
        manifest = home / "metadata" / below / "focus-Manifest.json"
        manifest.parent.mkdir(parents=True, exist_ok=True)
        manifest.write_text(json.dumps({"executionId": run[-2:], "dataFiles": [key], "columns": []}))
    rows, notes = ingested(finops, "any")
    assert rows == [("loaded", 2, "9")]
    assert any("1 files belong to older" in note for note in notes) == keep
    assert total(finops) == ("9", 2)


SAMPLES = Path(__file__).resolve().parent.parent / "sources" / "samples" / "azure_costs"


@pytest.mark.parametrize("more", [0, 1])
def test_rows_that_are_passed_over_on_purpose_are_in_the_file_all_the_same(finops: Finops, tmp_path: Path, more: int) -> None:
    """Actual and amortised exports side by side: of each only a part is taken, and the manifests count them whole."""
    for kind in ("actual", "amortised"):
        folder = tmp_path / "az" / "exports" / kind / "20261001-20261031" / kind
        folder.mkdir(parents=True)
        data = folder / "part_0_0001.csv"
        data.write_bytes((SAMPLES / f"{kind}.csv").read_bytes())
        blob = {"blobName": f"exports/{kind}/20261001-20261031/{kind}/part_0_0001.csv", "byteCount": data.stat().st_size}
        blob["dataRowCount"] = len(data.read_text().splitlines()) - 1 + more
        run = {"runId": kind, "submittedTime": "2026-10-02T00:00:00Z", "startDate": "2026-10-01", "endDate": "2026-10-31"}
        document = {"exportConfig": {"exportName": kind}, "runInfo": run, "blobs": [blob]}
        (folder / "manifest.json").write_text(json.dumps(document))
    ran = finops("ingest", "az", "--no-build", "--ledger", "named.duckdb")
    if more:
        assert ran.code == ExitCode.DATA
        assert "its manifest says" in ran.err
        return
    assert ran.code == ExitCode.OK, ran.err
    assert finops("ingest", SAMPLES, "--no-build", "--ledger", "plain.duckdb").code == ExitCode.OK
    canonical = [
        finops("query", "--canonical", "charge", "-f", "csv", "--ledger", f"{one}.duckdb").out for one in ("named", "plain")
    ]
    assert canonical[0] == canonical[1]


def azure(home: Path, run: str, submitted: str, *costs: str, rows: int | None = None, size: int | None = None) -> None:
    header = (
        "BillingAccountId,Date,BillingPeriodStartDate,CostInBillingCurrency,BillingCurrency,ChargeType,SubscriptionId,MeterId"
    )
    lines = [f"7,10/{day:02}/2026,10/01/2026,{cost},USD,Usage,s,m" for day, cost in enumerate(costs, 1)]
    data = home / "exports/actual/20261001-20261031" / run / "part_0_0001.csv"
    data.parent.mkdir(parents=True, exist_ok=True)
    data.write_text("\n".join([header, *lines, ""]))
    blob = {"blobName": f"exports/actual/20261001-20261031/{run}/part_0_0001.csv"}
    blob |= {"byteCount": data.stat().st_size if size is None else size, "dataRowCount": len(costs) if rows is None else rows}
    document = {
        "manifestVersion": "2024-04-01",
        "blobCount": 1,
        "exportConfig": {"exportName": "actual", "resourceId": "/subscriptions/1/exports/actual", "type": "ActualCost"},
        "runInfo": {
            "runId": run,
            "submittedTime": submitted,
            "startDate": "2026-10-01T00:00:00",
            "endDate": "2026-10-31T00:00:00",
        },
        "blobs": [blob],
    }
    (data.parent / "manifest.json").write_text(json.dumps(document))


def test_runs_of_an_azure_export_replace_each_other(finops: Finops, tmp_path: Path) -> None:
    azure(tmp_path / "az", "z-first", "2026-10-02T01:00:00Z", "1")
    azure(tmp_path / "az", "a-second", "2026-10-03T01:00:00Z", "1", "2")
    rows, notes = ingested(finops, "az")
    assert rows == [("loaded", 2, "3")]
    assert any("azure:subscriptions/1/exports/actual/2026-10: 1 files" in note for note in notes)
    azure(tmp_path / "az", "third", "2026-10-04T01:00:00Z", "1", "2", "4")
    assert ingested(finops, "az")[0] == [("replaced", 3, "7")]
    assert total(finops) == ("7", 3)


@pytest.mark.parametrize(("wrong", "said"), [({"rows": 3}, "2 rows, and its manifest says 3"), ({"size": 9}, "says 9")])
def test_a_file_that_is_not_what_its_manifest_says_loads_nothing(
    finops: Finops, tmp_path: Path, wrong: dict[str, int], said: str
) -> None:
    azure(tmp_path / "az", "r", "2026-10-02T01:00:00Z", "1", "2", **wrong)
    ran = finops("ingest", "az")
    assert ran.code == ExitCode.DATA
    assert said in ran.err
    assert not (tmp_path / "finops.duckdb").exists()
    assert finops("ingest", "az/exports/actual/20261001-20261031/r/part_0_0001.csv").code == ExitCode.OK


def test_what_since_and_until_do_not_bound_is_said(finops: Finops, tmp_path: Path) -> None:
    cur(tmp_path / "a.csv.gz", "1")
    _, notes = ingested(finops, "a.csv.gz", "--since", "2026-11")
    assert any("1 files that no manifest names were taken whole" in note for note in notes)


def test_sources_check_tells_what_a_manifest_names(finops: Finops, tmp_path: Path) -> None:
    version(tmp_path / "cur", "a1", ("1",), ("2",))
    ran = finops("sources", "check", "cur", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    found = {Path(row["path"]).name: row["status"] for row in ran.json["rows"]}
    assert found["acme-Manifest.json"] == "manifest"
    assert found["acme-1.csv.gz"] == "readable"
    assert any("names 2 files of acme, 2026-10" in note for note in ran.json["meta"]["notes"])


@pytest.mark.parametrize(
    ("document", "code", "said"),
    [
        ({"assemblyId": "a", "billingPeriod": {"start": "20261001T0"}, "reportKeys": []}, ExitCode.OK, "names no files"),
        ({"blobs": [], "runInfo": {"startDate": "2026-10-01"}}, ExitCode.OK, "names no files"),
        ({"executionId": "a", "columns": []}, ExitCode.DATA, "names no data files"),
        ({"executionId": "a", "dataFiles": ["x.csv.gz"]}, ExitCode.DATA, "names no billing period"),
    ],
    ids=str,
)
def test_manifests_that_name_nothing(finops: Finops, tmp_path: Path, document: Any, code: ExitCode, said: str) -> None:
    cur(tmp_path / "in" / "a.csv.gz", "1")
    (tmp_path / "in" / "acme-Manifest.json").write_text(json.dumps(document))
    ran = finops("ingest", "in", "--no-build", "-f", "json")
    assert ran.code == code, ran.err
    assert said in ran.err + ran.out


def test_a_real_report_behind_a_manifest(finops: Finops, tmp_path: Path, shared_file: Callable[[str], Path]) -> None:
    period = tmp_path / "cur" / "20230101-20230201"
    (period / "a1").mkdir(parents=True)
    (period / "a1" / "acme-1.csv").write_bytes(shared_file("billing/aws_cur_legacy_sample.csv").read_bytes())
    legacy(period / "acme-Manifest.json", "a1", "p/acme/20230101-20230201/a1/acme-1.csv", month="2023-01")
    assert ingested(finops, "cur")[0] == [("loaded", 1281, "1.6823086974")]
