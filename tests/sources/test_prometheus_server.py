"""A Prometheus server as a real peer: what it answers reads like the text that it was filled with."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from finops.sources.prometheus import SOURCE

PROGRAMS = ("prometheus", "promtool")
pytestmark = pytest.mark.skipif(not all(map(shutil.which, PROGRAMS)), reason="there is no Prometheus on this machine")

T, STEP, STEPS = 1_793_599_200, 60, 30
NAME = "vllm:e2e_request_latency_seconds"


def openmetrics() -> str:
    """A gauge with a gap, a counter that restarts and a histogram, each point at a full minute."""
    lines = ["# TYPE celery_queue_length gauge"]
    lines += [f'celery_queue_length{{queue_name="gpu"}} {step % 7} {T + STEP * step}' for step in range(STEPS)]
    lines += ["# TYPE vllm:prompt_tokens counter"]
    lines += [f"vllm:prompt_tokens_total {(step % 20) * 100} {T + STEP * step}" for step in range(STEPS)]
    lines += [f"# TYPE {NAME} histogram"]
    for bound, share in (("0.5", 2), ("1.0", 5), ("+Inf", 6)):
        lines += [f'{NAME}_bucket{{le="{bound}"}} {share * step} {T + STEP * step}' for step in range(STEPS)]
    lines += [f"{NAME}_count {6 * step} {T + STEP * step}" for step in range(STEPS)]
    lines += [f"{NAME}_sum {3.5 * step} {T + STEP * step}" for step in range(STEPS)]
    return "\n".join([*lines, "# EOF", ""])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A server over the text's points; it ends with the test."""
    (tmp_path / "dump.om").write_text(openmetrics(), encoding="utf-8")
    data, config = tmp_path / "data", tmp_path / "prometheus.yml"
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", "--quiet", str(tmp_path / "dump.om"), str(data)]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    config.write_text("global: {}\n", encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    options = [f"--web.listen-address={address}", f"--storage.tsdb.path={data}", "--storage.tsdb.retention.time=100y"]
    command = ["prometheus", f"--config.file={config}", *options]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_until_ready(f"http://{address}", process)
            yield f"http://{address}"
        finally:
            process.terminate()


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the server ended"
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError):
            pass
        time.sleep(0.1)
    pytest.fail("the server never became ready")


def read(path: Path) -> list[tuple[Any, ...]]:
    (part,) = SOURCE.parts(path, path.parent)
    (load,) = SOURCE.open(part, {})
    rows = [row for batch in load.data for row in batch.to_pylist()]  # type: ignore[union-attr]
    assert load.rejects == []
    return sorted((row["signal"], row["time"], row["kind"], tuple(row["labels"]), round(row["value"], 9)) for row in rows)


def test_what_the_server_answers_reads_like_the_text_it_was_filled_with(server: str, tmp_path: Path) -> None:
    query = '{__name__=~"celery_queue_length|vllm:.+"}'
    asked = {"query": query, "start": T, "end": T + STEP * (STEPS - 1), "step": STEP}
    with urllib.request.urlopen(f"{server}/api/v1/query_range?{urlencode(asked)}", timeout=30) as answer:
        (tmp_path / "range.json").write_bytes(answer.read())
    from_server, from_text = read(tmp_path / "range.json"), read(tmp_path / "dump.om")
    assert from_server == from_text
    gained = sum(row[4] for row in from_server if row[0] == "tokens_input")
    assert gained == 1900 + 0 + 900, "up to the restart, nothing at it, and what followed"
    assert {row[0] for row in from_server} == {
        *("queue_depth", "tokens_input", "latency_count", "latency_sum_s"),
        *("latency_p50_s", "latency_p95_s", "latency_p99_s"),
    }
