"""`ingest prom+http://…` against a server on loopback: pages, days that join without a gap, faults, and who signs in."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from finops.errors import ExitCode
from finops.sources import prometheus_live, web
from tests.conftest import Ran

Finops = Callable[..., Ran]
DAY = 86_400
SINCE = 1_793_577_600  # 2026-11-02T00:00:00Z
STEP = 3600


@dataclass
class Metrics:
    """Counters by name: what each held at every hour of three days. `most` points are answered, and no more."""

    series: dict[str, list[tuple[dict[str, str], dict[int, float]]]] = field(default_factory=dict)
    queries: list[tuple[str, int]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    signed: set[str | None] = field(default_factory=set)
    most: int = 11_000
    url: str = ""

    def names(self) -> list[str]:
        return sorted(self.series)

    def range(self, query: str, start: int, end: int, step: int) -> tuple[int, dict[str, object]]:
        points = (end - start) // step + 1
        self.queries.append((query, points))
        if points > self.most:
            return 422, {"status": "error", "errorType": "execution", "error": "query would load too many samples into memory"}
        found = re.match(r'\{__name__="([^"]+)"(.*)\}', query)
        assert found, query
        result = []
        for labels, values in self.series.get(found[1], []):
            shown = [[time, str(values[time])] for time in range(start, end + 1, step) if time in values]
            if shown and (not found[2] or found[2] == f',tier="{labels.get("tier")}"'):
                result.append({"metric": {"__name__": found[1], **labels}, "values": shown})
        return 200, {"status": "success", "data": {"resultType": "matrix", "result": result}}


class Handler(BaseHTTPRequestHandler):
    metrics: Metrics

    def do_GET(self) -> None:
        self.metrics.signed.add(self.headers.get("Authorization"))
        if not self.fault():
            assert urlsplit(self.path).path == "/at/api/v1/label/__name__/values"
            self.answer(200, {"status": "success", "data": self.metrics.names()})

    def do_POST(self) -> None:
        assert self.path == "/at/api/v1/query_range"
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        asked = {key: values[0] for key, values in parse_qs(body).items()}
        if not self.fault():
            code, content = self.metrics.range(asked["query"], *(int(asked[key]) for key in ("start", "end", "step")))
            self.answer(code, content)

    def fault(self) -> bool:
        if not self.metrics.faults:
            return False
        code, text = self.metrics.faults.pop(0)
        content = text.encode()
        self.send_response(code)
        if code == 302:
            self.send_header("Location", "https://sso.example/login?token=secret")
        self.send_header("Content-Length", str(len(content) + (99 if text == "{cut" else 0)))
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True
        return True

    def answer(self, code: int, content: dict[str, object]) -> None:
        text = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metrics]:
    found = Metrics()
    hours = range(SINCE - STEP, SINCE + 3 * DAY, STEP)
    tokens = {time: float((time - SINCE + STEP) // STEP * 10 % 500) for time in hours}  # begins anew now and then
    found.series = {
        "vllm:prompt_tokens_total": [({"model_name": "m", "tier": "a"}, tokens), ({"model_name": "n", "tier": "b"}, tokens)],
        "celery_queue_length": [({"queue_name": "gpu"}, {time: float(time // STEP % 7) for time in hours})],
        "go_goroutines": [({}, dict.fromkeys(hours, 1.0))],
    }
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"metrics": found}))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    found.url = f"prom+http://127.0.0.1:{server.server_port}/at/?step=1h"
    monkeypatch.setattr(web, "PAUSE_S", 0.001)
    for name in ("TOKEN", "USER", "PASSWORD"):
        monkeypatch.delenv(f"FINOPS_PROMETHEUS_{name}", raising=False)
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def days(first: int, last: int) -> list[str]:
    return ["--since", f"2026-11-{first:02}", "--until", f"2026-11-{last:02}", "--as-of", "2026-11-06"]


@pytest.fixture(autouse=True)
def _late(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's days are over, whatever this machine's clock says."""
    from datetime import UTC, datetime

    from finops.steps.ingesting import remote_files

    class Clock(datetime):
        @classmethod
        def now(cls, tz: object = None) -> Clock:
            return cls(2026, 11, 6, tzinfo=UTC)

    monkeypatch.setattr(remote_files, "datetime", Clock)


def ingested(finops: Finops, *arguments: object) -> list[str]:
    ran = finops("ingest", *arguments, "--no-build", "-f", "json")
    assert ran.code == ExitCode.OK, ran.err
    return [row["status"] for row in ran.json["rows"]]


def rows(finops: Finops, *options: object) -> list[dict[str, object]]:
    sql = "SELECT time, signal, kind, labels, value FROM sample ORDER BY ALL"
    return finops("query", sql, "-f", "json", *options).json["rows"]  # type: ignore[no-any-return]


def expected(metrics: Metrics, first: int, last: int) -> float:
    """What both counters gained at the points of the days."""
    gained = 0.0
    for _, values in metrics.series["vllm:prompt_tokens_total"]:
        for time in range(SINCE + (first - 2) * DAY, SINCE + (last - 2) * DAY, STEP):
            before = values.get(time - STEP)
            gained += 0 if before is None else values[time] - before if values[time] >= before else values[time]
    return gained


def gained(finops: Finops, *options: object) -> object:
    sql = "SELECT sum(CAST(value AS DECIMAL(18, 3))) AS total FROM sample WHERE signal = 'tokens_input'"
    return float(finops("query", sql, "-f", "json", *options).json["rows"][0]["total"])


def test_days_join_without_a_gap(finops: Finops, metrics: Metrics) -> None:
    """One by one, in any order, or at once: the same points, and every gain of a counter on exactly one day."""
    assert ingested(finops, metrics.url, *days(3, 5), "--ledger", "whole.duckdb") == ["loaded", "loaded"]
    assert ingested(finops, metrics.url, *days(4, 5), "--ledger", "pieces.duckdb") == ["loaded"]
    assert ingested(finops, metrics.url, *days(3, 4), "--ledger", "pieces.duckdb") == ["loaded"]
    whole = rows(finops, "--ledger", "whole.duckdb")
    assert whole == rows(finops, "--ledger", "pieces.duckdb")
    assert gained(finops, "--ledger", "whole.duckdb") == expected(metrics, 3, 5)
    assert {row["signal"] for row in whole} == {"queue_depth", "tokens_input"}, "the rest of the server is left alone"
    assert len([row for row in whole if row["signal"] == "queue_depth"]) == 48
    labels = next(row["labels"] for row in whole if row["signal"] == "tokens_input")
    assert labels == {"model_name": "m", "tier": "a"}


def test_the_same_days_again_change_nothing_and_a_day_that_grew_is_replaced(finops: Finops, metrics: Metrics) -> None:
    late = metrics.series["vllm:prompt_tokens_total"][0][1]
    kept = {time: late.pop(time) for time in list(late) if time >= SINCE + DAY + DAY // 2}
    assert ingested(finops, metrics.url, *days(2, 4)) == ["loaded", "loaded"]
    assert ingested(finops, metrics.url, *days(2, 4)) == ["unchanged", "unchanged"]
    late.update(kept)
    assert ingested(finops, metrics.url, *days(2, 4)) == ["unchanged", "replaced"]
    assert gained(finops) == expected(metrics, 2, 4)
    names = finops("query", "SELECT DISTINCT name, path FROM delivery ORDER BY 1", "-f", "json").json["rows"]
    base = metrics.url.split("/?", maxsplit=1)[0]
    assert [row["name"] for row in names] == [f"{base}/2026-11-02", f"{base}/2026-11-03"]
    assert [row["path"] for row in names] == [f"{base}/2026-11-02", f"{base}/2026-11-03"]


def test_no_query_asks_for_more_points_than_allowed(finops: Finops, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prometheus_live, "MOST_POINTS", 7)
    ingested(finops, metrics.url, *days(2, 4), "--ledger", "pages.duckdb")
    assert max(points for _, points in metrics.queries) == 7
    monkeypatch.setattr(prometheus_live, "MOST_POINTS", 10_000)
    ingested(finops, metrics.url, *days(2, 4), "--ledger", "whole.duckdb")
    assert rows(finops, "--ledger", "pages.duckdb") == rows(finops, "--ledger", "whole.duckdb")


@pytest.mark.parametrize("bound", ["samples", "bytes"])
def test_what_is_too_much_is_asked_for_in_halves(
    finops: Finops, metrics: Metrics, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    ingested(finops, metrics.url, *days(2, 4), "--ledger", "whole.duckdb")
    if bound == "samples":
        metrics.most = 5
    else:
        monkeypatch.setattr(prometheus_live, "MOST_BYTES", 900)
    ingested(finops, metrics.url, *days(2, 4), "--ledger", "halves.duckdb")
    assert rows(finops, "--ledger", "halves.duckdb") == rows(finops, "--ledger", "whole.duckdb")


def test_many_files_are_one_day(finops: Finops, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(finops, metrics.url, *days(2, 3), "--ledger", "whole.duckdb")
    monkeypatch.setattr(prometheus_live, "FILE_BYTES", 1)
    assert ingested(finops, metrics.url, *days(2, 3)) == ["loaded", "loaded"]
    assert rows(finops) == rows(finops, "--ledger", "whole.duckdb")
    assert ingested(finops, metrics.url, *days(2, 3)) == ["unchanged", "unchanged"]
    monkeypatch.setattr(prometheus_live, "FILE_BYTES", 1 << 20)
    assert ingested(finops, metrics.url, *days(2, 3)) == ["replaced"]
    assert rows(finops) == rows(finops, "--ledger", "whole.duckdb")


def test_labels_choose(finops: Finops, metrics: Metrics) -> None:
    assert ingested(finops, f'{metrics.url}&match=tier="a"', *days(2, 3)) == ["loaded"]
    assert {json.dumps(row["labels"]) for row in rows(finops)} == {'{"model_name": "m", "tier": "a"}'}


@pytest.mark.parametrize("faults", [[(503, "")], [(429, ""), (500, ""), (502, "<html>")]], ids=str)
def test_what_passes_is_waited_for(finops: Finops, metrics: Metrics, faults: list[tuple[int, str]]) -> None:
    metrics.faults = list(faults)
    assert ingested(finops, metrics.url, *days(2, 3)) == ["loaded"]
    assert not metrics.faults


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        ([(503, "")] * 9, "HTTP 503"),
        ([(401, "")], "refuses access"),
        ([(302, "")], "leads elsewhere"),
        ([(404, "no")], "no Prometheus"),
        ([(200, "<html>hello")], "can't be read"),
        ([(200, '{"status":"success","data":{"a":1}}')], "can't be read"),
        ([(400, '{"status":"error","error":"parse error"}')], "parse error"),
        ([(200, "{cut")], "breaks off"),
    ],
    ids=lambda value: str(value)[:24],
)
def test_what_does_not_pass_is_one_clear_error(
    finops: Finops, metrics: Metrics, tmp_path: Path, faults: list[tuple[int, str]], said: str
) -> None:
    metrics.faults = list(faults)
    ran = finops("ingest", metrics.url, *days(2, 3))
    assert (ran.code, said in ran.err, "hint:" in ran.err) == (ExitCode.OUTSIDE, True, True), ran.err
    assert "secret" not in ran.err
    assert not (tmp_path / "finops.duckdb").exists()
    assert not list(tmp_path.glob(".finops*"))


def test_who_signs_in_is_in_the_environment(finops: Finops, metrics: Metrics, monkeypatch: pytest.MonkeyPatch) -> None:
    ingested(finops, metrics.url, *days(2, 3))
    assert metrics.signed == {None}
    monkeypatch.setenv("FINOPS_PROMETHEUS_TOKEN", "t-1")
    ingested(finops, metrics.url, *days(2, 3))
    monkeypatch.delenv("FINOPS_PROMETHEUS_TOKEN")
    monkeypatch.setenv("FINOPS_PROMETHEUS_USER", "u")
    monkeypatch.setenv("FINOPS_PROMETHEUS_PASSWORD", "p")
    ingested(finops, metrics.url, *days(2, 3))
    assert metrics.signed == {None, "Bearer t-1", "Basic dTpw"}
    ran = finops("ingest", "prom+http://u:p4ss@127.0.0.1:9", *days(2, 3))
    assert ran.code == ExitCode.USAGE
    assert "p4ss" not in ran.err
    assert "FINOPS_PROMETHEUS_USER" in ran.err


def test_what_is_asked_for_wrongly_is_said(finops: Finops, metrics: Metrics, tmp_path: Path) -> None:
    plain = metrics.url.removeprefix("prom+")
    for arguments, said in (
        ([metrics.url], "needs to be told from which day"),
        ([metrics.url, *days(4, 3)], "--until is not after --since"),
        ([metrics.url, "--since", "yesterday"], "neither a date nor a month"),
        ([metrics.url.replace("1h", "soon"), *days(2, 3)], "the step is no time"),
        ([f"{metrics.url}&what=1", *days(2, 3)], "`what` is no option"),
        ([plain, *days(2, 3)], "an address of the web is no file"),
        (["prom+http://", *days(2, 3)], "names no server"),
    ):
        ran = finops("ingest", *arguments)
        assert (ran.code, said in ran.err, "hint:" in ran.err) == (ExitCode.USAGE, True, True), ran.err
    ran = finops("ingest", "prom+http://127.0.0.1:9", *days(2, 3))
    assert ran.code == ExitCode.OUTSIDE
    assert "can't be reached" in ran.err
    metrics.series = {"go_goroutines": metrics.series["go_goroutines"]}
    ran = finops("ingest", metrics.url, *days(2, 3))
    assert ran.code == ExitCode.DATA
    assert "no signal that is known" in ran.err
    ran = finops("ingest", metrics.url, *days(2, 4), "--dry-run")
    assert ran.code == ExitCode.OK
    assert "2 days of prom+http" in ran.out + ran.err
    assert not (tmp_path / "finops.duckdb").exists()
    assert not metrics.queries


def test_a_plain_address_and_the_word_of_the_user(finops: Finops, metrics: Metrics) -> None:
    assert ingested(finops, metrics.url.removeprefix("prom+"), "--source", "prometheus", *days(2, 3)) == ["loaded"]
