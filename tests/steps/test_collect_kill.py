"""The official SDK sends copies, in disorder, and tries again while the collector is killed: each span is there exactly once."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JsonExporter
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ProtobufExporter
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult

from finops.ledger.canonical import canonical_rows
from finops.ledger.store import open_reader
from tests.conftest import LONG, Ran
from tests.sources.otlp_encoding import framed
from tests.steps.collecting import Collector, ids, sdk_spans

SPANS = 100_000 if LONG else 6_000
BATCH = 128
SENDERS = 4
KILLS_AT = (0.3, 0.7)
OPTIONS = ("--every", 1) if LONG else ("--every", 1, "--no-build")


def batches(spans: Sequence[ReadableSpan], draw: random.Random) -> list[list[ReadableSpan]]:
    """Every span in some batch, out of order; one batch in eight comes again, and one span in twenty in a strange batch too."""
    shuffled = draw.sample(list(spans), len(spans))
    made = [shuffled[at : at + BATCH] for at in range(0, len(shuffled), BATCH)]
    again = [draw.sample(batch, len(batch)) for batch in made if draw.random() < 1 / 8]
    strays = draw.sample(shuffled, len(shuffled) // 20)
    made += again + [strays[at : at + BATCH] for at in range(0, len(strays), BATCH)]
    return draw.sample(made, len(made))


class Senders:
    """Threads that send each batch until it is acknowledged, as an exporter with patience does."""

    def __init__(self, url: str, work: list[list[ReadableSpan]]) -> None:
        self._work: Iterator[list[ReadableSpan]] = iter(work)
        self._guard = threading.Lock()
        self._ended = threading.Event()
        self.acknowledged = self.tried = 0
        endpoint = f"{url}/v1/traces"
        self._exporters: list[Callable[[], Any]] = [
            lambda: ProtobufExporter(endpoint=endpoint, compression=Compression.Gzip, timeout=5),
            lambda: ProtobufExporter(endpoint=endpoint, timeout=5),
            lambda: JsonExporter(endpoint=endpoint, timeout=5),
        ]
        self.threads = [threading.Thread(target=self._send, args=(number,), daemon=True) for number in range(SENDERS)]
        for thread in self.threads:
            thread.start()

    def _send(self, number: int) -> None:
        exporter = self._exporters[number % len(self._exporters)]()
        while True:
            with self._guard:
                batch = next(self._work, None)
            if batch is None:
                break
            while not self._ended.wait(0.02):
                self.tried += 1
                if exporter.export(batch) is SpanExportResult.SUCCESS:
                    with self._guard:
                        self.acknowledged += 1
                    break
        exporter.shutdown()

    def __enter__(self) -> Senders:
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()


Table = tuple[list[str], list[dict[str, Any]]]


def differing(found: Table, expected: Table) -> list[Any]:
    """What two tables do not share: the first few cells, or how many rows they have. Which encoding a span came in may differ."""
    if found[0] != expected[0] or len(found[1]) != len(expected[1]):
        return [found[0], expected[0], len(found[1]), len(expected[1])]
    rows = zip(found[1], expected[1], strict=True)
    return [
        (column, a[column], b[column]) for a, b in rows if a != b for column in a if column != "source" and a[column] != b[column]
    ][:20]


def test_each_span_is_in_the_ledger_exactly_once(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    spans, draw = sdk_spans(SPANS), random.Random(11)
    work = batches(spans, draw)
    collector = Collector(tmp_path, *OPTIONS)
    with Senders(collector.url, work) as senders:
        for share in KILLS_AT:
            while senders.acknowledged < share * len(work):
                time.sleep(0.002)
            collector.kill()
            collector = Collector(tmp_path, *OPTIONS, port=collector.port)
        for thread in senders.threads:
            thread.join()
    with collector:
        answer = collector.stop()
    assert senders.acknowledged == len(work)
    assert answer["totals"][0]["waiting"] == 0
    assert answer["totals"][0]["rejected"] == 0
    assert not list((tmp_path / "finops.duckdb.spool").glob("2*")), "the spool is empty"
    assert finops("build", "--ledger", tmp_path / "finops.duckdb").code == 0

    (tmp_path / "once").mkdir()
    (tmp_path / "once/traces.pb").write_bytes(
        framed(*(encode_spans(spans[at : at + 4096]).SerializeToString() for at in range(0, SPANS, 4096)))
    )
    assert finops("ingest", tmp_path / "once", "--ledger", tmp_path / "once.duckdb").code == 0
    with open_reader(tmp_path / "finops.duckdb") as collected, open_reader(tmp_path / "once.duckdb") as once:
        found = collected.query("SELECT trace, span FROM fct_call")
        assert len(found) == SPANS
        assert {(row["trace"], row["span"]) for row in found} == ids(spans)
        for model in ("fct_call", "fct_run", "fct_cost"):
            assert differing(canonical_rows(collected, model), canonical_rows(once, model)) == [], model
        loaded = collected.query("SELECT count(*) AS n FROM call")[0]["n"]
    print(
        f"{SPANS:,} spans in {len(work):,} batches, {senders.tried:,} requests by the SDK, {len(KILLS_AT)} kills:"
        f" {loaded:,} rows loaded, {len(found):,} spans in the ledger"
    )
