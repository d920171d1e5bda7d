"""`ingest cost-explorer:MONTH` against moto: pages, months asked for again, and what `reconcile` makes of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.ce.models import ce_backends

from finops.errors import ExitCode
from finops.sources.clouds import cost_explorer as cloud_cost_explorer
from tests.conftest import Ran
from tests.steps.test_manifests import CUR

Finops = Callable[..., Ran]


@pytest.fixture(autouse=True)
def _aws(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret-of-anyone")
    with mock_aws():
        yield


def month(start: str, end: str, *, estimated: bool = False, **accounts: str) -> dict[str, Any]:
    groups = [
        {"Keys": [name.removeprefix("a")], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}}
        for name, amount in accounts.items()
    ]
    return {"TimePeriod": {"Start": start, "End": end}, "Total": {}, "Groups": groups, "Estimated": estimated}


def answers(*pages: tuple[list[dict[str, Any]], str | None]) -> None:
    """What Cost Explorer answers next, call by call."""
    results = []
    for months, token in pages:
        results.append({"ResultsByTime": months, "GroupDefinitions": [], **({"NextPageToken": token} if token else {})})
    url = "http://motoapi.amazonaws.com/moto-api/static/ce/cost-and-usage-results"
    assert requests.post(url, json={"results": results}, timeout=5).status_code == 201
    ce_backends["123456789012"]["aws"].cost_usage_results.clear()  # what the same question was answered before


def bill(path: Path, month: str, **accounts: str) -> None:
    header = f"{CUR},lineItem/UsageAccountId"
    rows = [
        f"{month}-01T00:00:00Z,9,,{month}-02T00:00:00Z,Usage,{cost},USD,AmazonEC2,{name.removeprefix('a')}"
        for name, cost in accounts.items()
    ]
    path.write_text("\n".join([header, *rows, ""]))


def reconciled(finops: Finops) -> tuple[list[tuple[Any, ...]], list[str]]:
    ran = finops("reconcile", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    keys = ("period", "billed", "invoice_total", "invoice_gap", "invoice_source")
    return [tuple(row[key] for key in keys) for row in ran.json["rows"]], ran.json["meta"]["notes"]


def test_a_months_cross_check_from_call_to_reconcile(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "sep.csv", "2026-09", a1="10.5", a2="4")
    bill(tmp_path / "oct.csv", "2026-10", a1="3")
    assert finops("ingest", "sep.csv", "oct.csv").code == ExitCode.OK
    answers(
        ([month("2026-09-01", "2026-10-01", a2="4.25")], "more"),
        ([month("2026-09-01", "2026-10-01", a1="10.5")], None),
    )
    ran = finops("ingest", "cost-explorer:2026-09", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    assert [(r["source"], r["path"], r["status"], r["rows"]) for r in ran.json["rows"]] == [
        ("aws_cost_explorer", "cost-explorer:123456789012/2026-09", "loaded", 2)
    ]
    rows, notes = reconciled(finops)
    assert rows == [
        ("2026-09", "14.5", "14.75", "0.25", "AWS Cost Explorer (a cross-check; no invoice)"),
        ("2026-10", "3", None, None, None),
    ]
    said = "2026-09: AWS Cost Explorer (a cross-check; no invoice) says 14.75 USD, billed 14.5 USD, gap 0.25"
    assert said in notes
    assert "2026-09: linked accounts of which it says other than the bill (USD): 2 +0.25" in notes
    assert any("not checked against an invoice" in note for note in notes), "it is no invoice"


def test_a_month_that_is_asked_for_again_takes_the_place_of_its_first_answer(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "oct.csv", "2026-10", a1="3")
    assert finops("ingest", "oct.csv").code == ExitCode.OK
    for cost, estimated in (("2", True), ("2", True), ("3", False)):
        answers(([month("2026-10-01", "2026-11-01", a1=cost, estimated=estimated)], None))
        assert finops("ingest", "cost-explorer", "--since", "2026-10", "--until", "2026-11").code == ExitCode.OK
        ((_, _, total, gap, source),), notes = reconciled(finops)
        assert total == cost
        assert ("still estimated" in source) == estimated
        assert not [note for note in notes if "invoiced and without charges" in note]
    assert gap == "0"


def test_an_invoice_goes_before_a_cross_check(finops: Finops, tmp_path: Path) -> None:
    bill(tmp_path / "oct.csv", "2026-10", a1="3")
    (tmp_path / "finops.toml").write_text('[[invoice]]\nissuer = "AWS"\nperiod = "2026-10"\ntotal = "3"\n')
    answers(([month("2026-10-01", "2026-11-01", a1="5")], None))
    assert finops("ingest", "oct.csv", "cost-explorer:2026-10").code == ExitCode.OK
    rows, notes = reconciled(finops)
    assert rows == [("2026-10", "3", "3", "0", "finops.toml")]
    assert any("a cross-check; no invoice) says 5 USD, billed 3 USD, gap 2" in note for note in notes)


def test_what_aws_cli_prints_is_read_as_well(finops: Finops, tmp_path: Path) -> None:
    document = {"GroupDefinitions": [{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}]}
    document |= {"ResultsByTime": [month("2026-10-01", "2026-10-09", a1="3.00000000005", estimated=True)]}
    (tmp_path / "ce.json").write_text(json.dumps(document))
    assert finops("ingest", "ce.json", "--no-build").code == ExitCode.OK
    found = finops("query", "SELECT detail, billed, status FROM invoice", "-f", "json").json["rows"]
    assert found == [{"detail": "1", "billed": "3.00000000005", "status": "Cross-check, estimated"}]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"GroupDefinitions": [{"Type": "DIMENSION", "Key": "SERVICE"}]}, "not grouped by linked account"),
        ({"ResultsByTime": [month("2026-10-01", "2026-10-02", a1="1"), month("2026-10-02", "2026-10-03", a1="1")]}, "no month"),
        ({"ResultsByTime": [month("2026-10-01", "2026-11-01", a1="1")] * 2}, "stands twice"),
        ({"ResultsByTime": [{**month("2026-10-01", "2026-11-01"), "Total": {"BlendedCost": {}}}]}, "no UnblendedCost"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_what_is_no_such_answer_is_said(finops: Finops, tmp_path: Path, change: dict[str, Any], said: str) -> None:
    (tmp_path / "ce.json").write_text(json.dumps({"ResultsByTime": [month("2026-10-01", "2026-11-01")], **change}))
    ran = finops("ingest", "ce.json", "--strict")
    assert ran.code == ExitCode.DATA
    assert said in ran.err


@pytest.mark.parametrize("code", ["AccessDeniedException", "DataUnavailableException", "LimitExceededException"])
def test_what_aws_refuses_is_one_clear_error(finops: Finops, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    make = cloud_cost_explorer.session_client

    def refusing(service: str, **options: Any) -> Any:
        client = make(service, **options)
        if service == "ce":

            def refuse(**_: Any) -> Any:
                raise ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCostAndUsage")

            client.get_cost_and_usage = refuse
        return client

    monkeypatch.setattr(cloud_cost_explorer, "session_client", refusing)
    ran = finops("ingest", "cost-explorer:2026-10")
    assert (ran.code, code in ran.err, "hint:" in ran.err) == (ExitCode.OUTSIDE, True, True)
    assert not (tmp_path / "finops.duckdb").exists()


def test_months_of_which_it_says_nothing(finops: Finops, tmp_path: Path) -> None:
    answers(([], None))
    ran = finops("ingest", "cost-explorer:2019-10")
    assert ran.code == ExitCode.DATA
    assert "says nothing of 2019-10" in ran.err
    assert not (tmp_path / "finops.duckdb").exists()


def test_a_dry_run_asks_nothing_and_says_that_it_costs(finops: Finops, tmp_path: Path) -> None:
    ran = finops("ingest", "cost-explorer:2026-10", "--dry-run")
    assert ran.code == ExitCode.OK
    assert "AWS charges for each page" in ran.out + ran.err
    for uri in ("cost-explorer:october", "cost-explorer:2026-13", "cost-explorer"):
        ran = finops("ingest", uri)
        assert (ran.code, "hint:" in ran.err) == (ExitCode.USAGE, True), ran.err
    assert not (tmp_path / "finops.duckdb").exists()
