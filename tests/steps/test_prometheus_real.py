"""`ingest prom+http://…` against a real Prometheus: filled, scraped, killed and started again; the same rows as by files."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from finops.errors import ExitCode
from tests.conftest import Ran
from tests.sources.test_prometheus_server import PROGRAMS, STEP, STEPS, T, _wait_until_ready, openmetrics

pytestmark = pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="there is no Prometheus on this machine")

Finops = Callable[..., Ran]
DAY = f"{datetime.fromtimestamp(T, UTC):%Y-%m-%d}"
NEXT = f"{datetime.fromtimestamp(T, UTC) + timedelta(days=1):%Y-%m-%d}"


def free_address() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


@contextmanager
def prometheus(data: Path, address: str, scraped: str = "") -> Iterator[subprocess.Popen[bytes]]:
    config = data.parent / "prometheus.yml"
    text = "global:\n  scrape_interval: 250ms\n  scrape_timeout: 200ms\n"
    if scraped:
        text += f"scrape_configs:\n  - job_name: vllm\n    static_configs: [{{targets: ['{scraped}']}}]\n"
    config.write_text(text, encoding="utf-8")
    options = [f"--web.listen-address={address}", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=100y"]
    command = ["prometheus", f"--config.file={config}", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_ready(f"http://{address}", process)
            yield process
        finally:
            process.terminate()


def rows(finops: Finops, ledger: str) -> list[tuple[Any, ...]]:
    sql = "SELECT time, signal, kind, labels, value FROM sample ORDER BY ALL"
    found = finops("query", sql, "-f", "json", "--ledger", ledger).json["rows"]
    return [(r["time"], r["signal"], r["kind"], json.dumps(r["labels"]), round(r["value"], 9)) for r in found]


def test_a_server_read_live_gives_the_rows_of_the_file_that_filled_it(finops: Finops, tmp_path: Path) -> None:
    dump = tmp_path / "in" / "dump.om"
    dump.parent.mkdir()
    dump.write_text(openmetrics(), encoding="utf-8")
    data = tmp_path / "tsdb" / "data"
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(dump), str(data)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    assert finops("ingest", dump, "--ledger", "file.duckdb", "--no-build").code == ExitCode.OK
    address = free_address()
    arguments = [f"prom+http://{address}?step={STEP}s", "--since", DAY, "--until", NEXT, "--no-build", "-f", "json"]
    with prometheus(data, address):
        first = finops("ingest", *arguments, "--ledger", "live.duckdb")
        assert first.code == ExitCode.OK, first.err
    down = finops("ingest", *arguments, "--ledger", "live.duckdb")
    assert down.code == ExitCode.OUTSIDE, "the server is down, and the ledger as it was"
    with prometheus(data, address):
        again = finops("ingest", *arguments, "--ledger", "live.duckdb")
        assert {row["status"] for row in again.json["rows"]} == {"unchanged"}
    end = datetime.fromtimestamp(T + STEP * (STEPS - 1), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    live = [row for row in rows(finops, "live.duckdb") if row[0] <= end]  # beyond it the server repeats the last point a while
    assert live == rows(finops, "file.duckdb")


class Exporter(BaseHTTPRequestHandler):
    """A model server of which every scrape finds ten more tokens; it begins anew when it is told to."""

    tokens = 0

    def do_GET(self) -> None:
        Exporter.tokens += 10
        text = f'# TYPE vllm:prompt_tokens counter\nvllm:prompt_tokens_total{{model_name="m"}} {Exporter.tokens}\n'
        text += "# TYPE vllm:num_requests_waiting gauge\nvllm:num_requests_waiting 3\n"
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def _scraped(address: str, points: int) -> None:
    """Waits until so many scrapes of the exporter are stored."""
    asked = urlencode({"query": "count_over_time(vllm:prompt_tokens_total[1h])"})
    for _ in range(300):
        with urllib.request.urlopen(f"http://{address}/api/v1/query?{asked}", timeout=5) as answer:
            found = json.load(answer)["data"]["result"]
        if found and int(found[0]["value"][1]) >= points:
            return
        time.sleep(0.1)
    pytest.fail("the exporter was not scraped")


def test_what_is_scraped_while_exporter_and_server_begin_anew(finops: Finops, tmp_path: Path) -> None:
    """The live rows are those of a file with the server's own answer, gains over both restarts among them."""
    Exporter.tokens = 0
    exporter = ThreadingHTTPServer(("127.0.0.1", 0), Exporter)
    thread = threading.Thread(target=exporter.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    target, address, data = f"127.0.0.1:{exporter.server_port}", free_address(), tmp_path / "tsdb" / "data"
    data.parent.mkdir()
    since = (datetime.now(UTC) - timedelta(days=1)).date()
    try:
        with prometheus(data, address, target):
            _scraped(address, 6)
            Exporter.tokens = 0  # the exporter begins anew
            _scraped(address, 12)
        with prometheus(data, address, target):
            _scraped(address, 24)
            ran = finops("ingest", f"prom+http://{address}?step=1s", "--since", since, "--no-build", "--ledger", "live.duckdb")
            assert ran.code == ExitCode.OK, ran.err
            live = rows(finops, "live.duckdb")
            start, end = _span(live)
            end -= 2  # the last scrapes may have been under way
            live = [row for row in live if _seconds(row) <= end]
            asked = {"query": '{__name__=~"vllm:.+"}', "start": start - 1, "end": end, "step": 1}
            with urllib.request.urlopen(f"http://{address}/api/v1/query_range?{urlencode(asked)}", timeout=30) as answer:
                (tmp_path / "range.json").write_bytes(answer.read())
    finally:
        exporter.shutdown()
        exporter.server_close()
        thread.join()
    assert finops("ingest", "range.json", "--no-build", "--ledger", "file.duckdb").code == ExitCode.OK
    assert live == rows(finops, "file.duckdb")
    gains = [row[4] for row in live if row[1] == "tokens_input"]
    assert gains, "the counter gained"
    assert min(gains) >= 0, "nothing is lost where it began anew"
    assert {row[1] for row in live} == {"tokens_input", "queue_depth"}


def _span(live: list[tuple[Any, ...]]) -> tuple[int, int]:
    times = [_seconds(row) for row in live]
    return min(times), max(times)


def _seconds(row: tuple[Any, ...]) -> int:
    return int(datetime.fromisoformat(row[0].replace("Z", "+00:00")).timestamp())
