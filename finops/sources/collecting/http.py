"""The HTTP side of the receiver: OTLP/HTTP on loopback, a bounded number of connections, each answered by OTLP's rules."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import Any

from finops.errors import OutsideError
from finops.sources.collecting.bodies import CONTENT_TYPES, SIGNALS, Checked, Encoding, Kind, accepted, checked, status
from finops.sources.collecting.reading import BadBody, TooLarge, read_body, unpacked
from finops.sources.collecting.spool import Full
from finops.sources.otlp_reading.shape import Unreadable

HOST = "127.0.0.1"
MOST_CONNECTIONS = 128
MOST_AT_ONCE = 8
"""So many bodies are in memory at a time, each at most as large as `collect_reading` allows."""
PATIENCE_S = 10.0
"""A request whose body stops coming is given up after so long; it waits at most so long for its turn."""
IDLE_S = 120.0
"""A connection without a request is closed after so long: longer than exporters pause, so that they find it open."""
RETRY_AFTER_S = 5

_INVALID, _EXHAUSTED, _UNAVAILABLE = 3, 8, 14
_LINGER_S = 2.0
_SIGNAL_AT = {signal.path: signal for signal in SIGNALS}
_BUSY = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Keep = Callable[[Kind, Checked], None]
"""Makes what was received durable, or raises Full."""


class Receiver(ThreadingHTTPServer):
    """Listens on loopback only. `keep` is called by many threads; `refused` is told why whenever something was not taken."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = MOST_CONNECTIONS

    def __init__(self, port: int, keep: Keep, refused: Callable[[str], None]) -> None:
        self.keep, self.refused = keep, refused
        self.turns = threading.Semaphore(MOST_AT_ONCE)
        self.decoding = threading.Lock()
        """One body is unpacked and decoded at a time: what it takes in memory is many times what was sent."""
        self._places = threading.Semaphore(MOST_CONNECTIONS)
        try:
            super().__init__((HOST, port), _Handler)
        except OSError as error:
            hint = "another collector may run already; `--port` takes another number, 0 any free one"
            raise OutsideError(f"port {port} can't be used: {(error.strerror or str(error)).lower()}", hint=hint) from error

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    def server_bind(self) -> None:
        """Binds without asking the name service for this machine's name, as the standard library would."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.refused("too many connections at once")
            with contextlib.suppress(OSError):
                request.settimeout(1)
                request.sendall(_BUSY)
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread can be started
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002 the standard library's
        """A client that went away in the middle was not answered, and sends again. Anything else is told."""
        error = sys.exception()
        if not isinstance(error, OSError):
            self.refused(f"a request could not be answered: {error!r}")

    def drain(self) -> None:
        """Waits, for a bounded time, until what is being answered is answered."""
        for _ in range(MOST_AT_ONCE):
            self.turns.acquire(timeout=_LINGER_S)

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """One of the few places for a body; raises Full where none comes free."""
        if not self.turns.acquire(timeout=PATIENCE_S):
            raise Full("too many requests at once")
        try:
            yield
        finally:
            self.turns.release()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "finops", ""
    timeout = IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1
    error_content_type = "text/plain"
    error_message_format = "%(code)d %(message)s\n"
    server: Receiver

    def do_POST(self) -> None:
        signal = _SIGNAL_AT.get(self.path.partition("?")[0].rstrip("/"))
        if signal is None:
            self._refuse_unread(404, f"OTLP/HTTP is posted to {', '.join(_SIGNAL_AT)}")
            return
        encoding = CONTENT_TYPES.get((self.headers.get("Content-Type") or "").partition(";")[0].strip().lower())
        if encoding is None:
            self._refuse_unread(415, f"the content type must be {' or '.join(CONTENT_TYPES)}")
            return
        kind = Kind(signal, encoding)
        self.connection.settimeout(PATIENCE_S)
        try:
            with self.server.turn():
                self._take(kind)
        except BadBody as problem:
            self._refuse_unread(problem.code, problem.reason, encoding)
        except Full as problem:
            self.server.refused(str(problem))
            self._answer(503, status(encoding, _UNAVAILABLE, str(problem)), encoding, {"Retry-After": str(RETRY_AFTER_S)})
        finally:
            self.connection.settimeout(IDLE_S)

    def _take(self, kind: Kind) -> None:
        body = read_body(self.rfile, self.headers, time.monotonic)
        try:
            with self.server.decoding:
                found = checked(kind, unpacked(body, self.headers.get("Content-Encoding")))
        except TooLarge as problem:
            self._answer(413, status(kind.encoding, _EXHAUSTED, problem.reason), kind.encoding)
        except Unreadable as problem:
            where = f" ({problem.column})" if problem.column else ""
            self._answer(400, status(kind.encoding, _INVALID, problem.reason + where), kind.encoding)
        else:
            if found.records:
                self.server.keep(kind, found)
            self._answer(200, accepted(kind, found.refused, found.reason), kind.encoding)

    def handle_expect_100(self) -> bool:
        """Lets the body come at once."""
        going = super().handle_expect_100()
        self.wfile.flush()
        return going

    def _not_allowed(self) -> None:
        if self.path.partition("?")[0].rstrip("/") in _SIGNAL_AT:
            self._refuse_unread(405, "OTLP/HTTP is posted", headers={"Allow": "POST"})
        else:
            self._refuse_unread(404, f"OTLP/HTTP is posted to {', '.join(_SIGNAL_AT)}")

    do_GET = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _not_allowed

    def _answer(self, code: int, body: bytes, encoding: Encoding, headers: dict[str, str] | None = None) -> None:
        kind = "application/x-protobuf" if encoding == "protobuf" else "application/json"
        self._send(code, body, {"Content-Type": kind, **(headers or {})})

    def _refuse_unread(
        self, code: int, reason: str, encoding: Encoding | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Answers though the body was not read: the connection ends with it. What still comes is read away for a moment, so that
        the answer reaches a client that is still sending."""
        self.close_connection = True
        if encoding is not None:
            self._answer(code, status(encoding, _INVALID, reason), encoding, {"Connection": "close", **(headers or {})})
        else:
            text = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close", **(headers or {})}
            self._send(code, f"{reason}\n".encode(), text)
        with contextlib.suppress(OSError):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(_LINGER_S)
            give_up = time.monotonic() + _LINGER_S
            while time.monotonic() < give_up and self.connection.recv(1 << 16):
                pass

    def _send(self, code: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged per request."""
