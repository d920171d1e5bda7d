"""A collector as a process of its own, and spans made by the official OpenTelemetry SDK, for tests."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import Status, StatusCode, set_span_in_context

_LISTENING = re.compile(r"listening on (http://127\.0\.0\.1:(\d+)) ")


class Collector:
    """`finops collect` in a folder; its stderr goes to a file there, which grows over several lives."""

    def __init__(self, folder: Path, *options: object, port: int = 0) -> None:
        self.folder, self.told = folder, folder / "collector.err"
        begun = self.told.stat().st_size if self.told.exists() else 0
        command = [sys.executable, "-m", "finops", "collect", "--port", str(port), "-f", "json", *map(str, options)]
        with self.told.open("ab") as err:
            self.process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=err, env=_environment())
        for _ in range(600):
            found = _LISTENING.search(self.told.read_text(encoding="utf-8")[begun:])
            if found:
                self.url, self.port = found[1], int(found[2])
                return
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        self.kill()
        raise AssertionError(self.told.read_text(encoding="utf-8"))

    def kill(self) -> None:
        """SIGKILL: no handler runs, nothing is flushed."""
        self.process.kill()
        self.process.communicate()

    def stop(self, *, code: int = 0, how: int = signal.SIGINT) -> dict[str, Any]:
        """Ctrl-C; the answer on stdout."""
        self.process.send_signal(how)
        out, _ = self.process.communicate(timeout=120)
        assert self.process.returncode == code, self.said
        return json.loads(out) if out else {}

    @property
    def said(self) -> str:
        return self.told.read_text(encoding="utf-8")

    def __enter__(self) -> Collector:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.kill()


def _environment() -> dict[str, str]:
    root = str(Path(__file__).resolve().parent.parent.parent)
    return {**os.environ, "PYTHONPATH": root, "PYTHONDONTWRITEBYTECODE": "1"}


def sdk_spans(count: int, seed: int = 7) -> list[ReadableSpan]:
    """Runs of agents: a root, model calls under it, some with tools and some that failed."""
    memory, draw = InMemorySpanExporter(), random.Random(seed)
    resource = Resource({"service.name": "triage", "tenant.id": "acme", "gen_ai.workflow.name": "triage"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(memory))
    tracer = provider.get_tracer("tests")
    while len(memory._finished_spans) < count:  # the public property copies them all
        root = tracer.start_span("invoke_agent triage", attributes={"gen_ai.operation.name": "invoke_agent"})
        under = set_span_in_context(root)
        for _ in range(min(draw.randrange(9), count - len(memory._finished_spans) - 1)):
            span = tracer.start_span("chat gpt-4o", context=under, attributes=_call(draw))
            if draw.random() < 0.05:
                span.set_status(Status(StatusCode.ERROR, "rate limited"))
            span.end()
        root.end()
    spans = list(memory.get_finished_spans())
    provider.shutdown()
    return spans


def _call(draw: random.Random) -> dict[str, Any]:
    if draw.random() < 0.1:
        return {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "search", "gen_ai.agent.name": "triage"}
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.response.model": "gpt-4o-2024-08-06",
        "gen_ai.response.id": f"chatcmpl-{draw.getrandbits(64):016x}",
        "gen_ai.usage.input_tokens": draw.randrange(5000),
        "gen_ai.usage.output_tokens": draw.randrange(800),
        "gen_ai.response.finish_reasons": ["stop"],
        "gen_ai.agent.name": draw.choice(["triage", "writer"]),
    }


def ids(spans: Sequence[ReadableSpan]) -> set[tuple[str, str]]:
    """(trace, span) of each."""
    return {(f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}") for span in spans if span.context}
