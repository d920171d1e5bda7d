"""The exported configuration in a real LiteLLM proxy: calls pass until the budget is used up, then they are refused."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from finops.policies.base import Guardrail, Policy, PolicySet
from finops.policies.litellm import EXPORTER

ROOT = Path(__file__).resolve().parents[2]
MASTER_KEY = "sk-finops-test-41c9e07d5b"
MODELS = {"gpt-4.1": ("0.00001", "0.00003"), "gpt-4o": ("0.00001", "0.00003"), "claude-haiku": ("0.0000001", "0.0000003")}
"""A call of 100 + 100 tokens costs 0.004 USD with the first two."""


def policy_set(*policies: Policy) -> PolicySet:
    models = {name: {"input": Decimal(given), "output": Decimal(made)} for name, (given, made) in MODELS.items()}
    providers = {name: "anthropic" if "claude" in name else "openai" for name in MODELS}
    return PolicySet(policies, "2026-11-20", models, providers)


def litellm() -> str:
    found = os.environ.get("FINOPS_LITELLM") or shutil.which(str(ROOT / ".venv-litellm" / "bin" / "litellm"))
    if not found:
        pytest.skip("no LiteLLM here: set FINOPS_LITELLM or install litellm[proxy] into .venv-litellm")
    return found


class _Upstream(BaseHTTPRequestHandler):
    """A model that answers every chat with 100 + 100 tokens."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        usage = {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}
        choice = {"index": 0, "message": {"role": "assistant", "content": "yes"}, "finish_reason": "stop"}
        answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": asked["model"], "choices": [choice]}
        text = json.dumps(answer | {"usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@contextmanager
def upstream() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Upstream)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def proxy(folder: Path, policies: PolicySet) -> Iterator[int]:
    """A running proxy on the exported file, as it is; only the environment points it at the fake model."""
    for name, text in EXPORTER.render(policies).files.items():
        (folder / name).write_text(text, encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with upstream() as model_port:
        environment = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME", "LANG")} | {
            "LITELLM_MASTER_KEY": MASTER_KEY,
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "OPENAI_API_KEY": "sk-none",
            "ANTHROPIC_API_KEY": "sk-none",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{model_port}/v1",
            "OPENAI_API_BASE": f"http://127.0.0.1:{model_port}/v1",
        }
        command = [litellm(), "--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
        with (
            (folder / "proxy.log").open("wb") as log,
            subprocess.Popen(command, env=environment, stdout=log, stderr=log) as running,
        ):
            try:
                _wait_until_up(running, port, folder / "proxy.log")
                yield port
            finally:
                running.terminate()
                try:
                    running.wait(20)
                except subprocess.TimeoutExpired:
                    running.kill()


def _wait_until_up(running: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(180):
        assert running.poll() is None, log.read_text(encoding="utf-8", errors="replace")[-2000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail("the proxy did not come up: " + log.read_text(encoding="utf-8", errors="replace")[-2000:])


def call(port: int, model: str) -> tuple[int, str]:
    """(status, body) of one chat."""
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "Is it?"}]}).encode()
    headers = {"authorization": f"Bearer {MASTER_KEY}", "content-type": "application/json"}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/v1/chat/completions", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def spaced_calls(port: int, model: str, count: int) -> list[int]:
    """Statuses of calls with time between them: the proxy books a call's cost after it answered."""
    statuses = []
    for _ in range(count):
        statuses.append(call(port, model)[0])
        time.sleep(0.7)
    return statuses


def test_provider_budget_refuses_when_used_up(tmp_path: Path) -> None:
    litellm()
    block = (Guardrail(Decimal("0.8"), "warn"), Guardrail(Decimal(1), "block"))
    policy = Policy("openai", {"provider": "openai"}, "month", Decimal("0.0100009"), "USD", block)
    with proxy(tmp_path, policy_set(policy)) as port:
        statuses = spaced_calls(port, "gpt-4.1", 5)
        status, body = call(port, "gpt-4o")
    assert statuses == [200, 200, 200, 429, 429]
    assert status == 429
    assert "0.012 >= 0.01" in body


def test_model_budget_downgrades_when_used_up(tmp_path: Path) -> None:
    litellm()
    cheap = policy_set(
        Policy("deep", {"model": "gpt-4.1"}, "day", Decimal("0.01"), "USD", (Guardrail(Decimal(1), "downgrade", "gpt-4o-mini"),))
    )
    models = {**cheap.models, "gpt-4o-mini": {"input": Decimal("0.0000001"), "output": Decimal("0.0000003")}}
    providers = {**cheap.providers, "gpt-4o-mini": "openai"}
    with proxy(tmp_path, PolicySet(cheap.policies, cheap.as_of, models, providers)) as port:
        answers = []
        for _ in range(5):
            answers.append(call(port, "gpt-4.1"))
            time.sleep(0.7)
    assert [status for status, _ in answers] == [200] * 5
    served = [json.loads(body)["model"] for _, body in answers]
    assert served[:3] == ["gpt-4.1"] * 3
    assert served[3:] == ["gpt-4o-mini"] * 2
