"""The collector beside a ledger: it never holds it, loads when it can, and says who is in the way."""

from __future__ import annotations

import json
import math
import signal
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.exporter.otlp.json.http._log_exporter import OTLPLogExporter as JsonLogs
from opentelemetry.exporter.otlp.json.http.metric_exporter import OTLPMetricExporter as JsonMetrics
from opentelemetry.exporter.otlp.json.http.trace_exporter import OTLPSpanExporter as JsonExporter
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter as ProtobufLogs
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter as ProtobufMetrics
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as ProtobufExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.trace.export import SpanExportResult

from finops.config import Overrides
from finops.ledger.store import open_writer
from finops.sources.collecting import spool as collect_spool
from finops.sources.collecting.bodies import KINDS, Kind, checked
from finops.sources.collecting.spool import Spool
from finops.steps.ingesting.collect import Options, collect
from tests.conftest import Ran
from tests.sources.collecting.test_http import DAY, document, request
from tests.steps.collecting import Collector, ids, sdk_spans

PROTOBUF, JSON = KINDS[0], KINDS[1]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes after a pause is loaded at once."""
    monkeypatch.setattr(collect_spool, "QUIET_S", 0.0)


class Told:
    """A watcher that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)

    def show(self, text: str) -> None: ...

    def warn(self, text: str) -> None:
        self.lines.append(f"warning: {text}")


def trace(number: int) -> str:
    return f"{number:032x}"


def post(url: str, body: bytes, kind: str = "application/json") -> int:
    asked = urllib.request.Request(f"{url}/v1/traces", body, {"Content-Type": kind})
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


class Running:
    """A collector in a thread of this process."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.told, self.stop, self.folder = Told(), threading.Event(), folder
        self.answer: Any = None
        overrides = Overrides(ledger=folder / "finops.duckdb")
        chosen = Options(**{"port": 0, "every_s": 1, "wait_s": 10, "build": False, **options})
        self.thread = threading.Thread(target=self._run, args=(overrides, chosen))
        self.thread.start()
        self.url = self.wait_for("listening on ").split()[2]

    def _run(self, overrides: Overrides, options: Options) -> None:
        self.answer = collect(overrides, options, stop=self.stop, watcher=self.told)

    def wait_for(self, text: str, times: int = 1) -> str:
        for _ in range(600):
            found = [line for line in self.told.lines if text in line]
            if len(found) >= times:
                return found[-1]
            if not self.thread.is_alive():
                break
            time.sleep(0.05)
        self.stop.set()
        raise AssertionError((text, self.told.lines))

    def end(self) -> Any:
        self.stop.set()
        self.thread.join(120)
        return self.answer

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()


def loaded(finops: Callable[..., Ran]) -> list[str]:
    """The trace of every row, in order."""
    ran = finops("query", "SELECT trace FROM call ORDER BY trace", "-f", "json")
    assert ran.code == 0, ran.err
    return [row["trace"] for row in ran.json["rows"]]


def test_the_sdk_sends_both_encodings_and_ctrl_c_loads_the_rest(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    made = sdk_spans(600)
    with Collector(tmp_path) as collector:
        for exporter, some in ((ProtobufExporter, made[:300]), (JsonExporter, made[300:])):
            sending = exporter(endpoint=f"{collector.url}/v1/traces")
            assert sending.export(some) is SpanExportResult.SUCCESS
            sending.shutdown()
        answer = collector.stop()
    (row,) = answer["rows"]
    assert row == {
        **{"signal": "traces", "requests": 2, "received": 600, "segments": 2},
        **{"loaded": 600, "rejected": 0, "waiting": 0},
    }
    found = finops("query", "SELECT trace, span, tenant, workflow FROM fct_call", "-f", "json").json["rows"]
    assert {(one["trace"], one["span"]) for one in found} == ids(made)
    assert {(one["tenant"], one["workflow"]) for one in found} == {("acme", "triage")}
    assert not [path for path in (tmp_path / "finops.duckdb.spool").iterdir() if path.name != ".lock"]


def test_term_ends_it_in_order_too(tmp_path: Path) -> None:
    with Collector(tmp_path, "--no-build") as collector:
        assert post(collector.url, document(trace(1))) == 200
        assert collector.stop(how=signal.SIGTERM)["totals"][0]["loaded"] == 1


def test_killed_between_the_commit_and_the_removal(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    """The worst moment: the ledger has the segment, and the segment is still there."""
    fill(tmp_path, JSON, document(trace(1), trace(2)))
    overrides, options = Overrides(ledger=tmp_path / "finops.duckdb"), Options(port=0, for_s=0, build=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Spool, "remove", killed)
        with pytest.raises(KeyboardInterrupt):
            collect(overrides, options, watcher=Told())
    assert loaded(finops) == [trace(1), trace(2)]
    assert len(list((tmp_path / "finops.duckdb.spool").glob("*.jsonl"))) == 1
    answer = collect(overrides, options, watcher=Told())
    assert answer.totals[0] | {"loaded": 0, "waiting": 0} == answer.totals[0]
    assert [row["segments"] for row in answer.rows] == [1]
    assert loaded(finops) == [trace(1), trace(2)]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def fill(folder: Path, kind: Kind, body: bytes) -> None:
    """A spool with one more segment, left by a collector that is gone."""
    spool = Spool(folder / "finops.duckdb.spool", every_s=1, limit_bytes=1 << 30)
    spool.append(kind, body if kind is PROTOBUF else checked(kind, body).record)
    spool.close_all()
    spool.release()


def test_a_ledger_that_someone_writes_is_loaded_later_and_receiving_goes_on(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    with Running(tmp_path) as running:
        with open_writer(tmp_path / "finops.duckdb", command="someone else") as writer:
            assert post(running.url, document(trace(1))) == 200
            line = running.wait_for("warning: the ledger is being written by process")
            assert "`someone else`" in line
            assert "1 segments wait in the spool" in line
            assert post(running.url, document(trace(2))) == 200
            writer.discard()
        running.wait_for("loaded ")
        running.end()
    assert loaded(finops) == [trace(1), trace(2)]
    assert sum("being written" in line for line in running.told.lines) == 1, "said once"


def test_what_could_not_be_loaded_at_the_end_waits_for_the_next_one(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    with Running(tmp_path, wait_s=0) as running, open_writer(tmp_path / "finops.duckdb", command="someone else") as writer:
        assert post(running.url, document(trace(1))) == 200
        answer = running.end()
        writer.discard()
    assert answer.totals[0] | {"waiting": 1, "loaded": 0} == answer.totals[0]
    assert "`finops collect` loads them when it runs again" in answer.notes[-1]
    ran = finops("collect", "--port", 0, "--for", 0, "--no-build", "-f", "json")
    assert ran.code == 0, ran.err
    assert ran.json["totals"][0]["loaded"] == 1
    assert loaded(finops) == [trace(1)]


def test_the_exit_code_says_that_something_still_waits(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    fill(tmp_path, JSON, document(trace(1)))
    assert "1 segments of what was collected wait: `finops collect` loads them" in finops("doctor", "-v").out
    with open_writer(tmp_path / "finops.duckdb", command="someone else") as writer:
        ran = finops("collect", "--port", 0, "--for", 0, "--wait", 0)
        writer.discard()
    assert ran.code == 3
    assert "1 segments wait in" in ran.out
    assert "the ledger is being written by" in ran.err


def test_the_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    with Collector(tmp_path) as collector, open_writer(tmp_path / "finops.duckdb", command="someone else") as writer:
        assert post(collector.url, document(trace(1))) == 200
        collector.process.send_signal(signal.SIGINT)
        while "loading what is left" not in collector.said:
            time.sleep(0.05)
        assert collector.stop(code=130) == {}
        writer.discard()
    assert len(list((tmp_path / "finops.duckdb.spool").glob("*-traces.jsonl*"))) == 1


def test_a_torn_tail_is_cut_at_the_start(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    folder = tmp_path / "finops.duckdb.spool"
    folder.mkdir()
    whole = PROTOBUF.opening + checked(PROTOBUF, request(b"a" * 16)).record
    (folder / "20260101T000000Z-000001-abcdef-traces.pb.open").write_bytes(whole + whole[8:-9])
    ran = finops("collect", "--port", 0, "--for", 0, "--no-build", "-f", "json")
    assert ran.code == 0, ran.err
    assert "bytes that were never acknowledged off the end" in ran.err
    assert ran.json["totals"][0]["loaded"] == 1


def test_a_second_collector_is_refused_and_told_who_has_the_spool(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    with Collector(tmp_path, "--no-build") as collector:
        ran = finops("collect", "--port", 0)
        assert ran.code == 3
        assert f"another collector has this ledger's spool: process {collector.process.pid}, since " in ran.err
        ran = finops("collect", "--port", collector.port, "--ledger", tmp_path / "other.duckdb")
        assert ran.code == 3
        assert ran.err.startswith(f"error: port {collector.port} can't be used: address already in use\n")


def test_a_full_spool_turns_requests_away_until_the_ledger_has_taken_some(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    body = document(*map(trace, range(1, 40)))
    with Running(tmp_path, limit_bytes=len(body) + 100) as running:
        with open_writer(tmp_path / "finops.duckdb", command="someone else") as writer:
            assert post(running.url, body) == 200
            assert post(running.url, document(*map(trace, range(40, 80)))) == 503
            running.wait_for("warning: requests are turned away, their senders try again: the spool is full")
            writer.discard()
        running.wait_for("loaded 39 rows of traces")
        assert post(running.url, document(*map(trace, range(40, 60)))) == 200
        answer = running.end()
    assert any("1 requests were turned away: the spool is full" in note for note in answer.notes)
    assert len(loaded(finops)) == 59


def test_a_segment_that_can_not_be_loaded_is_kept_and_stops_nothing(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    fill(tmp_path, PROTOBUF, b"\x00\x00\x00\x02\x0a\xff")
    fill(tmp_path, JSON, document(trace(1)))
    ran = finops("collect", "--port", 0, "--for", 0, "--no-build")
    assert ran.code == 0, ran.err
    assert "warning: a segment can't be loaded and is kept as " in ran.err
    assert "1 segments could not be loaded; they are kept in " in ran.out
    assert len(list((tmp_path / "finops.duckdb.spool/set-aside").iterdir())) == 1
    assert loaded(finops) == [trace(1)]


def test_a_segment_that_two_sources_claim_is_loaded_as_what_it_is(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    odd = json.loads(document(trace(1)))
    odd["resourceSpans"][0]["resource"] = {"attributes": [{"key": "about", "value": {"stringValue": "resourceLogs"}}]}
    with Running(tmp_path) as running:
        assert post(running.url, json.dumps(odd).encode()) == 200
        answer = running.end()
    assert answer.totals[0] | {"loaded": 1, "waiting": 0} == answer.totals[0]
    assert loaded(finops) == [trace(1)]


def test_a_folder_with_a_spool_in_it_is_ingested_without_it(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    with Running(tmp_path, every_s=600) as running:
        assert post(running.url, document(trace(1))) == 200
        (tmp_path / "traces.jsonl").write_bytes(document(trace(2)) + b"\n")
        ran = finops("ingest", tmp_path, "-f", "json")
        assert [Path(row["path"]).name for row in ran.json["rows"]] == ["traces.jsonl"]
        running.end()


def test_nothing_received_is_an_answer(tmp_path: Path, finops: Callable[..., Ran]) -> None:
    ran = finops("collect", "--port", 0, "--for", 0)
    assert ran.code == 0
    assert ran.out.endswith("nothing was received\n")
    assert not (tmp_path / "finops.duckdb").exists(), "no ledger is made for nothing"


@pytest.mark.parametrize("exporter", [ProtobufMetrics, JsonMetrics])
def test_counters_of_the_sdk_add_up_over_segments(tmp_path: Path, finops: Callable[..., Ran], exporter: Any) -> None:
    """The SDK sends running totals; the collector loads each of them apart from the others."""
    with Running(tmp_path) as running:
        reader = PeriodicExportingMetricReader(exporter(endpoint=f"{running.url}/v1/metrics"), export_interval_millis=math.inf)
        provider = MeterProvider([reader], shutdown_on_exit=False)
        jobs = provider.get_meter("tests").create_counter("jobs.done")
        for number, gain in enumerate((5, 0, 7, 30), start=1):
            jobs.add(gain, {"queue": "gpu"})
            provider.force_flush()
            running.wait_for("loaded ", times=number)
        provider.shutdown()
        answer = running.end()
    assert answer.rows[0]["signal"] == "metrics"
    found = finops("query", "SELECT sum(value) AS done FROM sample WHERE signal = 'jobs.done'", "-f", "json").json["rows"]
    assert found == [{"done": 42}]


@pytest.mark.parametrize("exporter", [ProtobufLogs, JsonLogs])
def test_evaluations_that_the_sdk_logs_become_outcomes(tmp_path: Path, finops: Callable[..., Ran], exporter: Any) -> None:
    with Running(tmp_path) as running:
        provider = LoggerProvider(shutdown_on_exit=False)
        provider.add_log_record_processor(SimpleLogRecordProcessor(exporter(endpoint=f"{running.url}/v1/logs")))
        said = {"gen_ai.evaluation.name": "judge", "gen_ai.evaluation.score.label": "pass", "gen_ai.agent.name": "triage"}
        provider.get_logger("tests").emit(
            timestamp=DAY, event_name="gen_ai.evaluation.result", attributes={**said, "run.id": "r1"}
        )
        provider.shutdown()
        answer = running.end()
    assert [(row["signal"], row["loaded"]) for row in answer.rows] == [("logs", 1)]
    found = finops("query", "SELECT run, accepted, evaluator FROM outcome", "-f", "json").json["rows"]
    assert found == [{"run": "r1", "accepted": True, "evaluator": "judge"}]
