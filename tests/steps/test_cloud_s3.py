"""`ingest s3://…` against moto: manifests first, nothing fetched twice, and one clear error for whatever AWS refuses."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, IncompleteReadError
from moto import mock_aws

from finops.errors import ExitCode
from finops.sources.clouds import s3 as cloud_s3
from tests.conftest import Ran
from tests.steps.test_manifests import cur, legacy, version

Finops = Callable[..., Ran]


@pytest.fixture(autouse=True)
def bucket(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """An empty bucket `bills`; the configuration of the machine is out of sight."""
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-of-anyone")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="bills")
        yield client


@pytest.fixture
def fetches(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The keys that were fetched, in order."""
    keys: list[str] = []
    fetch = cloud_s3.S3Bucket.fetch

    def counted(self: Any, found: Any, path: Path, told: Any) -> None:
        keys.append(found.key)
        fetch(self, found, path, told)

    monkeypatch.setattr(cloud_s3.S3Bucket, "fetch", counted)
    return keys


def put(client: Any, folder: Path, prefix: str) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            client.put_object(Bucket="bills", Key=f"{prefix}/{path.relative_to(folder).as_posix()}", Body=path.read_bytes())


def ingested(finops: Finops, *arguments: object) -> tuple[dict[str, tuple[str, int, str | None]], list[str]]:
    ran = finops("ingest", *arguments, "--no-build", "-f", "json")
    refused = any(row["status"] == "refused" for row in ran.json["rows"])
    assert ran.code == (ExitCode.DATA if refused else ExitCode.OK), ran.err
    return {row["path"]: (row["status"], row["rows"], row["amount"]) for row in ran.json["rows"]}, ran.json["meta"]["notes"]


def test_a_report_in_a_bucket(finops: Finops, bucket: Any, fetches: list[str], tmp_path: Path) -> None:
    version(tmp_path / "cur", "a1", ("1", "2"))
    version(tmp_path / "cur", "a2", ("1", "2"), ("4",))
    version(tmp_path / "cur", "s1", ("8",), month="2026-09")
    put(bucket, tmp_path / "cur", "billing")
    put(bucket, tmp_path / "cur", "billing-of-others")
    rows, notes = ingested(finops, "s3://bills/billing")
    newest = "s3://bills/billing/acme/20261001-20301101/a2"
    assert rows == {
        f"{newest}/acme-1.csv.gz": ("loaded", 2, "3"),
        f"{newest}/acme-2.csv.gz": ("loaded", 1, "4"),
        "s3://bills/billing/acme/20260901-20301101/s1/acme-1.csv.gz": ("loaded", 1, "8"),
    }
    assert any("1 files belong to older versions" in note for note in notes)
    data = [key for key in fetches if key.endswith(".csv.gz")]
    assert len(data) == 3, "the older version was never fetched"
    paths = finops("query", "SELECT DISTINCT path FROM delivery ORDER BY 1", "-f", "json").json["rows"]
    assert [row["path"] for row in paths] == sorted(rows)
    assert not list(tmp_path.glob(".finops*")), "the copies are gone"

    fetches.clear()
    (tmp_path / ".finops.duckdb.fetched-999999999").mkdir()  # of a process that was killed
    ran = finops("ingest", "s3://bills/billing", "--no-build", "-f", "json")
    assert {(row["source"], row["status"]) for row in ran.json["rows"]} == {("aws_cur", "unchanged")}
    assert not any("not recognised" in note for note in ran.json["meta"]["notes"])
    assert not list(tmp_path.glob(".finops*"))
    assert not [key for key in fetches if key.endswith(".csv.gz")], "same tag and size: not fetched again"

    version(tmp_path / "then", "a3", ("1", "2"), ("5",))
    put(bucket, tmp_path / "then", "billing")
    fetches.clear()
    then, _ = ingested(finops, "s3://bills/billing")
    assert sorted(row[0] for row in then.values()) == ["replaced", "replaced", "unchanged"]
    assert len([key for key in fetches if key.endswith(".csv.gz")]) == 2
    total = finops("query", "SELECT sum(BilledCost) AS total FROM charge", "-f", "json")
    assert total.json["rows"][0]["total"] == "16"


def test_files_without_a_manifest(finops: Finops, bucket: Any, fetches: list[str], tmp_path: Path) -> None:
    cur(tmp_path / "in" / "sep.csv.gz", "1", month="2026-09")
    cur(tmp_path / "in" / "deep" / "oct.csv.gz", "2")
    (tmp_path / "in" / "read me.html").write_text("<p>")
    (tmp_path / "in" / "notes.txt").write_text("hello")
    (tmp_path / "in" / ".hidden.csv").write_text("x")
    put(bucket, tmp_path / "in", "x")
    bucket.put_object(Bucket="bills", Key="x/", Body=b"")
    bucket.put_object(Bucket="bills", Key="x/../../up.csv", Body=b"a")
    rows, notes = ingested(finops, "s3://bills/x/")
    assert rows == {
        "s3://bills/x/deep/oct.csv.gz": ("loaded", 1, "2"),
        "s3://bills/x/notes.txt": ("refused", 0, None),
        "s3://bills/x/sep.csv.gz": ("loaded", 1, "1"),
    }
    assert any("3 objects of other kinds are left out" in note for note in notes)
    cur(tmp_path / "in" / "deep" / "oct.csv.gz", "4")
    put(bucket, tmp_path / "in", "x")
    fetches.clear()
    rows, _ = ingested(finops, "s3://bills/x/deep", "s3://bills/x/sep.csv.gz")
    assert [row[0] for row in rows.values()] == ["replaced", "unchanged"]
    assert fetches == ["x/deep/oct.csv.gz"], "whatever the prefix, the object has one name"


def test_a_dry_run_lists_what_would_be_fetched_and_its_size(
    finops: Finops, bucket: Any, fetches: list[str], tmp_path: Path
) -> None:
    version(tmp_path / "cur", "a1", ("1", "2"))
    put(bucket, tmp_path / "cur", "billing")
    ran = finops("ingest", "s3://bills/billing", "--dry-run", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    size = (tmp_path / "cur/acme/20261001-20301101/a1/acme-1.csv.gz").stat().st_size
    assert [(row["status"], row["bytes"]) for row in ran.json["rows"]] == [("to fetch", size)]
    assert f"1 objects of {size:,} bytes would be fetched" in ran.json["meta"]["notes"]
    assert all(key.endswith("Manifest.json") for key in fetches)
    assert not (tmp_path / "finops.duckdb").exists()
    assert finops("ingest", "s3://bills/billing", "--dry-run").code == ExitCode.OK


def test_months_are_chosen_before_anything_is_fetched(finops: Finops, bucket: Any, fetches: list[str], tmp_path: Path) -> None:
    for month in ("2026-08", "2026-09", "2026-10"):
        version(tmp_path / "cur", "a1", ("1",), month=month)
    put(bucket, tmp_path / "cur", "billing")
    rows, _ = ingested(finops, "s3://bills", "--since", "2026-09", "--until", "2026-10")
    assert list(rows) == ["s3://bills/billing/acme/20260901-20301101/a1/acme-1.csv.gz"]
    assert len([key for key in fetches if key.endswith(".csv.gz")]) == 1


def test_a_long_list_comes_page_by_page(finops: Finops, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud_s3, "PAGE_KEYS", 4)
    for number in range(9):
        bucket.put_object(Bucket="bills", Key=f"many/{number:04}.html", Body=b"x")
    cur(tmp_path / "last" / "z.csv.gz", "1")
    put(bucket, tmp_path / "last", "many")
    rows, notes = ingested(finops, "s3://bills/many")
    assert list(rows) == ["s3://bills/many/z.csv.gz"]
    assert any("9 objects" in note for note in notes)


def test_what_a_bucket_lacks_is_one_clear_error(finops: Finops, bucket: Any, tmp_path: Path) -> None:
    legacy(tmp_path / "m" / "acme-Manifest.json", "a1", "billing/gone/acme-1.csv.gz")
    put(bucket, tmp_path / "m", "billing")
    for uri, code, said in (
        ("s3://nobodys", ExitCode.OUTSIDE, "no such bucket"),
        ("s3://bills/nothing/here", ExitCode.DATA, "there is nothing under this prefix"),
        ("s3://bills/billing", ExitCode.DATA, "1 of the 1 files of acme for 2026-10 are missing"),
        ("s3:///x", ExitCode.USAGE, "names no bucket"),
    ):
        ran = finops("ingest", uri)
        assert (ran.code, said in ran.err, "hint:" in ran.err) == (code, True, True), ran.err
    assert not (tmp_path / "finops.duckdb").exists()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "refuses access"),
        ("ExpiredToken", "expired"),
        ("InvalidAccessKeyId", "does not accept"),
        ("SlowDown", "slow down"),
        ("ServiceUnavailable", "does not answer"),
        ("PreconditionFailed", "replaced while it was read"),
        ("InvalidObjectState", "archived"),
        ("SomethingNew", "SomethingNew"),
    ],
)
def test_what_aws_refuses_is_one_clear_error(
    finops: Finops, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, said: str
) -> None:
    cur(tmp_path / "in" / "a.csv.gz", "1")
    cur(tmp_path / "in" / "b.csv.gz", "2", month="2026-09")
    put(bucket, tmp_path / "in", "x")
    make = cloud_s3.session_client

    def refusing(*arguments: Any, **options: Any) -> Any:
        client = make(*arguments, **options)
        get = client.get_object

        def refuse(**asked: Any) -> Any:
            if asked["Key"].endswith("b.csv.gz"):
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetObject")
            return get(**asked)

        client.get_object = refuse
        return client

    monkeypatch.setattr(cloud_s3, "session_client", refusing)
    ran = finops("ingest", "s3://bills/x")
    assert ran.code == ExitCode.OUTSIDE, ran.err
    assert said in ran.err
    assert "s3://bills/x/b.csv.gz" in ran.err
    assert "hint:" in ran.err
    assert "not-a-secret" not in ran.err + ran.out
    assert not (tmp_path / "finops.duckdb").exists(), "nothing is half loaded"
    assert not list(tmp_path.glob(".finops*"))


class _Broken:
    """A body that breaks off, as often as it is told to."""

    def __init__(self, body: Any, times: list[int]) -> None:
        self._body, self._times = body, times

    def __enter__(self) -> _Broken:
        return self

    def __exit__(self, *_: object) -> None:
        self._body.close()

    def read(self, size: int) -> bytes:
        if self._times[0] > 0:
            self._times[0] -= 1
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)
        return self._body.read(size)  # type: ignore[no-any-return]


@pytest.mark.parametrize(("times", "code"), [(2, ExitCode.OK), (9, ExitCode.OUTSIDE)])
def test_an_object_that_breaks_off_is_fetched_again(
    finops: Finops, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int, code: ExitCode
) -> None:
    cur(tmp_path / "in" / "a.csv.gz", "1")
    put(bucket, tmp_path / "in", "x")
    make, left = cloud_s3.session_client, [times]

    def breaking(*arguments: Any, **options: Any) -> Any:
        client = make(*arguments, **options)
        get = client.get_object
        client.get_object = lambda **asked: {"Body": _Broken(get(**asked)["Body"], left)}
        return client

    monkeypatch.setattr(cloud_s3, "session_client", breaking)
    ran = finops("ingest", "s3://bills/x", "--no-build")
    assert ran.code == code, ran.err
    assert (tmp_path / "finops.duckdb").exists() == (code == ExitCode.OK)


def test_nobody_is_signed_in(finops: Finops, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    ran = finops("ingest", "s3://bills")
    assert ran.code == ExitCode.OUTSIDE
    assert "no AWS credentials" in ran.err
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    ran = finops("ingest", "s3://bills")
    assert ran.code == ExitCode.OUTSIDE
    assert "nobody" in ran.err


def test_a_server_that_is_down(finops: Finops, monkeypatch: pytest.MonkeyPatch) -> None:
    class Down:
        def get_paginator(self, _: str) -> Any:
            raise EndpointConnectionError(endpoint_url="https://s3.example")

    monkeypatch.setattr(cloud_s3, "session_client", lambda *_, **__: Down())
    ran = finops("ingest", "s3://bills")
    assert ran.code == ExitCode.OUTSIDE
    assert "can't be reached" in ran.err


def test_a_disk_too_small_is_said_before_anything_is_fetched(
    finops: Finops, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fetches: list[str]
) -> None:
    import shutil

    cur(tmp_path / "in" / "a.csv.gz", "1")
    put(bucket, tmp_path / "in", "x")
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: type(usage)(usage.total, usage.total, 10))
    ran = finops("ingest", "s3://bills/x")
    assert ran.code == ExitCode.OUTSIDE
    assert "the disk has 10 left" in ran.err
    assert fetches == []


def test_the_manifest_of_an_export_is_found_by_its_bucket_key(finops: Finops, bucket: Any, tmp_path: Path) -> None:
    home = tmp_path / "e"
    cur(home / "data/BILLING_PERIOD=2026-10/e-00001.csv.gz", "3")
    (home / "metadata/BILLING_PERIOD=2026-10").mkdir(parents=True)
    document = {"dataFiles": ["s3://bills/deep/e/data/BILLING_PERIOD=2026-10/e-00001.csv.gz"], "executionId": "1"}
    (home / "metadata/BILLING_PERIOD=2026-10/e-Manifest.json").write_text(json.dumps(document))
    put(bucket, home, "deep/e")
    rows, _ = ingested(finops, "s3://bills/deep/e")
    assert list(rows.values()) == [("loaded", 1, "3")]


def test_a_bucket_is_what_its_folder_is(finops: Finops, bucket: Any, tmp_path: Path) -> None:
    """The same ledger, whichever way the files came, whole or month by month, and again by the other way."""
    version(tmp_path / "cur", "a1", ("1", "2"), ("4.25",))
    version(tmp_path / "cur", "s1", ("8",), month="2026-09")
    cur(tmp_path / "cur" / "more" / "x.csv.gz", "16", month="2026-08")
    put(bucket, tmp_path / "cur", "b")
    ingested(finops, "cur", "--ledger", "near.duckdb")
    ingested(finops, "s3://bills/b/acme", "--since", "2026-10", "--ledger", "far.duckdb")
    ingested(finops, "s3://bills/b", "--ledger", "far.duckdb")
    canonical = [
        finops("query", "--canonical", "charge", "-f", "csv", "--ledger", f"{one}.duckdb").out for one in ("near", "far")
    ]
    assert canonical[0] == canonical[1]
    assert canonical[0].count("\n") == 6
    again, _ = ingested(finops, "cur", "--ledger", "far.duckdb")
    assert {row[0] for row in again.values()} == {"unchanged"}
