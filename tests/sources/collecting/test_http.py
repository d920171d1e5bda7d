"""The receiver's HTTP: what each request is answered, bounds on size, time and number; only what is kept is acknowledged."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from finops.errors import OutsideError
from finops.sources.collecting import http as collect_http
from finops.sources.collecting import reading as collect_reading
from finops.sources.collecting.bodies import Checked, Kind
from finops.sources.collecting.http import Receiver
from finops.sources.collecting.spool import Full

PROTOBUF, JSON = "application/x-protobuf", "application/json"
DAY = 1_793_599_200_000_000_000
Answer = tuple[int, dict[str, str], bytes]


class Peer:
    """A receiver whose spool is a list."""

    def __init__(self) -> None:
        self.kept: list[tuple[Kind, Checked]] = []
        self.told: list[str] = []
        self.full: str | None = None
        self.receiver = Receiver(0, self._keep, self.told.append)

    def _keep(self, kind: Kind, found: Checked) -> None:
        if self.full:
            raise Full(self.full)
        self.kept.append((kind, found))

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.receiver.server_port, timeout=30)

    def send(self, path: str, body: Any, kind: str | None = PROTOBUF, method: str = "POST", **headers: str) -> Answer:
        connection = self.connect()
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {"Content-Type": kind, **given} if kind else given)
        return self.answer(connection)

    @staticmethod
    def answer(connection: http.client.HTTPConnection) -> Answer:
        with connection.getresponse() as response:
            found = response.status, dict(response.getheaders()), response.read()
        connection.close()
        return found


@pytest.fixture
def peer() -> Iterator[Peer]:
    one = Peer()
    thread = threading.Thread(target=one.receiver.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield one
    one.receiver.shutdown()
    one.receiver.server_close()


def request(*trace_ids: bytes) -> bytes:
    """A request with one span for each trace id."""
    message = ExportTraceServiceRequest()
    scope = message.resource_spans.add().scope_spans.add()
    for trace_id in trace_ids:
        scope.spans.add(trace_id=trace_id, span_id=b"12345678", name="chat", start_time_unix_nano=DAY)
    return message.SerializeToString()


def document(*trace_ids: str) -> bytes:
    """The same as JSON, printed over several lines."""
    spans = [{"traceId": one, "spanId": "00f067aa0ba902b7", "name": "chat", "startTimeUnixNano": str(DAY)} for one in trace_ids]
    return json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}, indent=2).encode()


GOOD, BAD = "5b8efff798038103d269b633813fc60c", "W47/95gDgQPSabYzgT/GDA=="


def test_a_good_request_is_kept_and_answered_in_its_own_encoding(peer: Peer) -> None:
    code, headers, body = peer.send("/v1/traces", request(b"a" * 16, b"b" * 16))
    assert (code, headers["Content-Type"], body) == (200, PROTOBUF, b"")
    code, headers, body = peer.send("/v1/traces", document(GOOD), "application/json; charset=utf-8")
    assert (code, headers["Content-Type"], json.loads(body)) == (200, JSON, {})
    assert [(kind.encoding, found.records) for kind, found in peer.kept] == [("protobuf", 2), ("json", 1)]
    record = peer.kept[1][1].record
    assert record.count(b"\n") == 1
    assert json.loads(record) == json.loads(document(GOOD))


@pytest.mark.parametrize("path", ["/v1/traces", "/v1/metrics", "/v1/logs"])
def test_an_empty_request_is_fine_and_leaves_nothing(peer: Peer, path: str) -> None:
    assert peer.send(path, b"")[0] == 200
    assert peer.send(path, b"{}", JSON)[0] == 200
    assert peer.kept == []


def test_metrics_and_logs_are_taken(peer: Peer) -> None:
    metrics, logs = ExportMetricsServiceRequest(), ExportLogsServiceRequest()
    metrics.resource_metrics.add().scope_metrics.add().metrics.add(name="queue").gauge.data_points.add(as_int=3)
    logs.resource_logs.add().scope_logs.add().log_records.add(event_name="x")
    assert peer.send("/v1/metrics", metrics.SerializeToString())[0] == 200
    assert peer.send("/v1/logs", logs.SerializeToString())[0] == 200
    point = {"asInt": "3", "timeUnixNano": "1"}
    document = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "q", "gauge": {"dataPoints": [point]}}]}]}]}
    assert peer.send("/v1/metrics", json.dumps(document), JSON)[0] == 200
    assert peer.send("/v1/logs", json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [{}]}]}]}), JSON)[0] == 200
    assert [(kind.signal.name, found.records) for kind, found in peer.kept] == [("metrics", 1), ("logs", 1)] * 2


def test_spans_that_will_not_load_are_told_at_once(peer: Peer) -> None:
    code, _, body = peer.send("/v1/traces", request(b"a" * 16, b"short"))
    told = ExportTraceServiceResponse.FromString(body).partial_success
    assert (code, told.rejected_spans, "trace id" in told.error_message) == (200, 1, True)
    code, _, body = peer.send("/v1/traces", document(GOOD, BAD), JSON)
    partial = json.loads(body)["partialSuccess"]
    assert (code, partial["rejectedSpans"], "base64" in partial["errorMessage"]) == (200, "1", True)
    assert len(peer.kept) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xff\xff", PROTOBUF),
        (request(b"short"), PROTOBUF),
        (request(b"a" * 16)[:-3], PROTOBUF),
        (b"{", JSON),
        (b"[]", JSON),
        (b'{"resourceSpans": 3}', JSON),
        (b'{"resourceMetrics": []}', JSON),
        (b'{"resourceSpans": [], "x": "\x00"}', JSON),
        (b'{"resourceSpans": [], "x": "\xff"}', JSON),
        (b"[" * 100_000, JSON),
        (document(BAD), JSON),
    ],
)
def test_what_does_not_decode_is_refused_with_a_status(peer: Peer, body: bytes, kind: str) -> None:
    code, headers, answer = peer.send("/v1/traces", body, kind)
    assert (code, headers["Content-Type"]) == (400, kind)
    if kind == JSON:
        assert json.loads(answer)["code"] == 3
        assert json.loads(answer)["message"]
    else:
        from google.rpc.status_pb2 import Status

        assert Status.FromString(answer).code == 3
        assert Status.FromString(answer).message
    assert peer.kept == []


@pytest.mark.parametrize(
    ("method", "path", "kind", "code"),
    [
        ("POST", "/v1/profiles", PROTOBUF, 404),
        ("POST", "/", PROTOBUF, 404),
        ("GET", "/", None, 404),
        ("GET", "/v1/traces", None, 405),
        ("PUT", "/v1/logs", JSON, 405),
        ("OPTIONS", "/v1/metrics", None, 405),
        ("HEAD", "/v1/traces", None, 405),
        ("POST", "/v1/traces", "text/plain", 415),
        ("POST", "/v1/traces", None, 415),
        ("BREW", "/v1/traces", PROTOBUF, 501),
    ],
)
def test_wrong_doors(peer: Peer, method: str, path: str, kind: str | None, code: int) -> None:
    found, headers, _ = peer.send(path, None if method in ("GET", "HEAD") else b"x" * 100_000, kind, method)
    assert found == code
    assert headers.get("Allow") == ("POST" if code == 405 else None)


@pytest.mark.parametrize("packed", [gzip.compress, zlib.compress, lambda body: gzip.compress(body[:9]) + gzip.compress(body[9:])])
def test_compressed_bodies(peer: Peer, packed: Callable[[bytes], bytes]) -> None:
    assert peer.send("/v1/traces", packed(request(b"a" * 16)), Content_Encoding="gzip")[0] == 200
    assert [found.records for _, found in peer.kept] == [1]


@pytest.mark.parametrize("encoding", ["gzip", "zstd"])
def test_damaged_and_unknown_compression(peer: Peer, encoding: str) -> None:
    body = gzip.compress(request(b"a" * 16))
    expected = 400 if encoding == "gzip" else 415
    assert peer.send("/v1/traces", body[:-9], Content_Encoding=encoding)[0] == expected
    assert peer.send("/v1/traces", b"\x1f\x8bnot gzip", Content_Encoding=encoding)[0] == expected
    assert peer.kept == []


def test_a_bomb_is_refused_without_unpacking_it(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_reading, "MOST_UNPACKED", 1 << 20)
    bomb = gzip.compress(b"\0" * (64 << 20))
    assert len(bomb) < 1 << 17
    assert peer.send("/v1/traces", bomb, Content_Encoding="gzip")[0] == 413
    many = gzip.compress(b"\0" * (512 << 10)) * 4
    assert peer.send("/v1/traces", many, Content_Encoding="gzip")[0] == 413


def test_a_huge_body_is_refused_before_it_is_read(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_reading, "MOST_SENT", 1 << 16)
    code, headers, _ = peer.send("/v1/traces", b"\0" * (1 << 20), Content_Encoding="gzip")
    assert (code, headers["Connection"]) == (413, "close")
    chunks = (b"\0" * (1 << 14) for _ in range(64))
    assert peer.send("/v1/traces", chunks)[0] == 413
    code, _, _ = peer.send("/v1/traces", None, Content_Length="99999999999999999999999")
    assert code == 413


def test_chunked_bodies_and_connections_that_stay(peer: Peer) -> None:
    connection = peer.connect()
    whole = request(b"a" * 16, b"b" * 16)
    for body in (iter([whole[:7], whole[7:]]), whole, iter([whole])):
        connection.request("POST", "/v1/traces", body, {"Content-Type": PROTOBUF}, encode_chunked=not isinstance(body, bytes))
        with connection.getresponse() as response:
            assert response.status == 200
            response.read()
    connection.close()
    assert [found.records for _, found in peer.kept] == [2, 2, 2]


def test_a_client_that_asks_first_is_told_to_go_on(peer: Peer) -> None:
    body = request(b"a" * 16)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {len(body)}\r\n"
    with socket.create_connection(("127.0.0.1", peer.receiver.server_port), timeout=10) as plain:
        plain.sendall(head.encode() + b"Expect: 100-continue\r\n\r\n")
        assert plain.recv(1000).startswith(b"HTTP/1.1 100 ")
        plain.sendall(body)
        assert plain.recv(1000).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("lines", ["Content-Length: nonsense", "Content-Length: -5", "Transfer-Encoding: chunked"])
def test_lengths_that_lie(peer: Peer, lines: str) -> None:
    with socket.create_connection(("127.0.0.1", peer.receiver.server_port), timeout=10) as plain:
        plain.sendall(f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n{lines}\r\n\r\nzz\r\n".encode())
        assert plain.recv(1000).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_takes_too_long_is_given_up(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_reading, "SLOWEST_S", 0.0)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", peer.receiver.server_port), timeout=10) as plain:
        plain.sendall(head.encode() + b"x")
        assert plain.recv(1000).startswith(b"HTTP/1.1 408 ")


def test_what_breaks_off_is_neither_kept_nor_acknowledged(peer: Peer) -> None:
    body = request(b"a" * 16)
    head = f"POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", peer.receiver.server_port), timeout=10) as plain:
        plain.sendall(head.encode() + body[:-1])
        plain.shutdown(socket.SHUT_WR)
        assert plain.recv(1000).startswith(b"HTTP/1.1 400 ")
    assert peer.kept == []


def test_a_full_spool_is_tried_again_later(peer: Peer) -> None:
    peer.full = "the spool is full: 3 MiB wait to be loaded"
    code, headers, body = peer.send("/v1/traces", document(GOOD), JSON)
    assert (code, headers["Retry-After"]) == (503, "5")
    assert json.loads(body) == {"code": 14, "message": peer.full}
    assert peer.told == [peer.full]


def test_too_many_connections_are_turned_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect_http, "MOST_CONNECTIONS", 2)
    one = Peer()
    thread = threading.Thread(target=one.receiver.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    held = [one.connect() for _ in range(2)]
    for connection in held:
        connection.request("POST", "/v1/traces", b"", {"Content-Type": PROTOBUF})
        connection.getresponse().read()
    code, headers, _ = one.send("/v1/traces", b"")
    assert (code, headers["Retry-After"]) == (503, "1")
    for connection in held:
        connection.close()
    one.receiver.shutdown()
    one.receiver.server_close()


def test_it_listens_on_loopback_only_and_names_a_port_in_use(peer: Peer) -> None:
    assert peer.receiver.server_address[0] == "127.0.0.1"
    with pytest.raises(OutsideError, match=f"port {peer.receiver.server_port} can't be used: address already in use"):
        Receiver(peer.receiver.server_port, lambda kind, found: None, print)


@given(st.binary(max_size=300), st.sampled_from(["traces", "metrics", "logs"]), st.sampled_from([PROTOBUF, JSON]), st.booleans())
def test_no_body_breaks_it(shared: Peer, body: bytes, signal: str, kind: str, damage: bool) -> None:
    if damage:
        whole = bytearray(request(b"a" * 16) if kind == PROTOBUF else document(GOOD))
        whole[len(body) % len(whole)] = body[0] if body else 0
        body = bytes(whole)
    code, _, _ = shared.send(f"/v1/{signal}", body, kind)
    assert code in (200, 400)
    assert shared.told == []


@pytest.fixture(scope="module")
def shared() -> Iterator[Peer]:
    one = Peer()
    threading.Thread(target=one.receiver.serve_forever, args=(0.01,), daemon=True).start()
    yield one
    one.receiver.shutdown()
    one.receiver.server_close()


def test_a_defect_is_told_and_not_swallowed(peer: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Checked:
        raise ZeroDivisionError("oh")

    monkeypatch.setattr(collect_http, "checked", broken)
    with pytest.raises(http.client.HTTPException):
        peer.send("/v1/traces", request(b"a" * 16))
    assert peer.told == ["a request could not be answered: ZeroDivisionError('oh')"]
