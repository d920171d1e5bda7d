"""Reading OTLP/JSON next to a typed decode of the same bytes: `python -m tests.bench.ingest_otlp [SPANS]`."""

from __future__ import annotations

import json
import random
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench import floors, timing

SPANS_PER_LINE = 100
START = 1_790_000_000_000_000_000

READ = """
from pathlib import Path
from finops.sources.otlp import SOURCE
if __name__ == "__main__":
    path = Path({path!r})
    part = next(iter(SOURCE.parts(path, path.parent)))
    rows = 0
    for load in SOURCE.open(part, {options!r}):
        rows += sum(batch.num_rows for batch in load.data)
        assert not load.rejects, load.rejects[0]
    assert rows == {spans}, rows
"""


def measure(spans: int, *, small: bool = False) -> dict[str, Any]:
    """Whole processes: from the file on disk to Arrow batches (hashing and checking the text included), with all cores and with
    one, and `finops ingest` into a new ledger; next to one process that decodes the lines into typed objects and drops them.
    `ratio`, of wall seconds, is what to hold against a bound for as many processes as cores, on a machine with nothing else to
    do. A start takes a third of a second, which tells in files as small as these."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        path = write_traces(home / "traces.jsonl", spans, small=small)
        floor = timing.best(lambda: timing.python(floors.decode([path]), home))
        answer: dict[str, Any] = {"spans": spans, "bytes": path.stat().st_size}
        answer |= {"floor_wall_s": round(floor.wall_s, 3), "floor_cpu_s": round(floor.cpu_s, 3)}
        for label, options in (("all_cores", {}), ("one_process", {"processes": 1})):
            code = home / f"{label}.py"
            code.write_text(READ.format(path=str(path), options=options, spans=spans), encoding="utf-8")
            cost = timing.best(lambda c=code: timing.run([sys.executable, c], home))
            answer[label] = _line(cost, floor, spans)
        return answer | {"ingest": _line(timing.best(lambda: _ingest(home, path)), floor, spans)}


def _ingest(home: Path, path: Path) -> timing.Cost:
    """One load into a ledger of its own."""
    with tempfile.TemporaryDirectory(dir=home) as name:
        return timing.finops(home, "ingest", path, "--no-build", "--ledger", Path(name) / "l.duckdb")


def _line(cost: timing.Cost, floor: timing.Cost, spans: int) -> dict[str, Any]:
    line: dict[str, Any] = {**cost.as_dict(), "ratio": round(cost.wall_s / floor.wall_s, 2)}
    return line | {"cpu_ratio": round(cost.cpu_s / floor.cpu_s, 2), "spans_per_s": round(spans / cost.wall_s)}


def write_traces(path: Path, spans: int, *, small: bool = False) -> Path:
    """A Collector's file of model calls with twelve attributes each, 100 a line; `small` ones have four, of agents and calls
    in turn."""
    chance = random.Random(7)
    with path.open("w", encoding="utf-8") as stream:
        for first in range(0, spans, SPANS_PER_LINE):
            count = min(SPANS_PER_LINE, spans - first)
            stream.write(
                json.dumps(
                    _document([(_small_span if small else _span)(first + i, chance) for i in range(count)]), separators=(",", ":")
                )
                + "\n"
            )
    return path


def _document(spans: list[dict[str, Any]]) -> dict[str, Any]:
    resource = {"attributes": [_text("service.name", "desk"), _text("tenant.id", "acme"), _text("k8s.namespace.name", "agents")]}
    scope = {"name": "opentelemetry.instrumentation.openai", "version": "0.60b0"}
    return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}], "schemaUrl": ""}]}


def _span(index: int, chance: random.Random) -> dict[str, Any]:
    start = START + index * 1_000_000
    given = chance.randrange(50, 9000)
    return {
        "traceId": f"{index // 8 + 1:032x}",
        "spanId": f"{index + 1:016x}",
        "parentSpanId": f"{index // 8 * 8 + 1:016x}" if index % 8 else "",
        "flags": 257,
        "name": "chat gpt-4.1-mini",
        "kind": 3,
        "startTimeUnixNano": str(start),
        "endTimeUnixNano": str(start + chance.randrange(10**8, 10**10)),
        "attributes": [
            _text("gen_ai.operation.name", "chat"),
            _text("gen_ai.provider.name", "openai"),
            _text("gen_ai.request.model", "gpt-4.1-mini"),
            _text("gen_ai.response.model", "gpt-4.1-mini-2025-04-14"),
            _text("gen_ai.response.id", f"chatcmpl-{index:024x}"),
            _number("gen_ai.usage.input_tokens", given),
            _number("gen_ai.usage.output_tokens", chance.randrange(1, 900)),
            _number("gen_ai.usage.cache_read.input_tokens", given // 2),
            {"key": "gen_ai.response.finish_reasons", "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
            _text("gen_ai.agent.name", f"agent-{index % 8}"),
            _text("gen_ai.conversation.id", f"conversation-{index // 24}"),
            _text("server.address", "api.openai.com"),
        ],
        "status": {},
    }


def _small_span(index: int, chance: random.Random) -> dict[str, Any]:
    whole = _span(index, chance)
    of_agent, of_call = ("gen_ai.operation.name", "gen_ai.agent.name"), ("gen_ai.operation.name", "gen_ai.request.model")
    kept = (*(of_agent if index % 4 == 0 else of_call), "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens")
    return whole | {"attributes": [one for one in whole["attributes"] if one["key"] in kept]}


def _text(key: str, value: str) -> dict[str, Any]:
    return {"key": key, "value": {"stringValue": value}}


def _number(key: str, value: int) -> dict[str, Any]:
    return {"key": key, "value": {"intValue": str(value)}}


if __name__ == "__main__":
    given_spans = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    print(json.dumps(measure(given_spans), indent=2))
