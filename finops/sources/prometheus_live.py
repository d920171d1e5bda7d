"""A Prometheus server, asked over HTTP: the signals that the vocabulary knows, day by day, written as its own answers.

What comes is stored as JSON lines of range answers, so that rows come out as they do from files. A day begins one step early:
what a counter gained up to the day's first point needs the point before it."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import msgspec

from finops.errors import DataError, OutsideError, UsageError
from finops.sources.signals import is_known
from finops.sources.web import TIMEOUT_S, bounded_body, patiently

if TYPE_CHECKING:
    from requests import Response

SCHEMES = ("prom+http", "prom+https")
MOST_POINTS = 10_000
"""Points of one series in one answer; the server refuses more than 11,000."""
MOST_BYTES = 64 << 20
"""Of one answer; a page that is longer is asked for in halves."""
MOST_SERIES = 20_000
"""Of one metric on one day."""
FILE_BYTES = 32 << 20
"""A file of a day's answers is closed behind this; the next metric begins another."""
METRIC_BYTES = 120 << 20
"""Of one file: the points of a metric on one day are read together."""

_STEP = re.compile(r"(\d{1,5})(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_DAY_S = 86_400
_PARTS_OF_NAME = ("_bucket", "_sum", "_count", "_total")
_TOKEN, _USER, _PASSWORD = "FINOPS_PROMETHEUS_TOKEN", "FINOPS_PROMETHEUS_USER", "FINOPS_PROMETHEUS_PASSWORD"
_NARROW = 'bound it: `?match=namespace="ai"` behind the address, a longer `?step=`, or fewer days'
_SIGN_IN = f"set {_TOKEN}, or {_USER} and {_PASSWORD}, in the environment"
_NETWORK = "check the address, the network and proxies; nothing was loaded"


@dataclass(frozen=True)
class Server:
    """Where to ask and what: the address without a slash at its end, seconds between points, further matchers of labels."""

    address: str
    step: int
    match: str

    @property
    def name(self) -> str:
        """What names its deliveries: another choice of labels is another delivery, another step is not."""
        return f"prom+{self.address}" + (f"?match={self.match}" if self.match else "")


@dataclass(frozen=True)
class LiveDay:
    """A UTC day of a server as files of answers; `delivery` names it, whenever it is asked for again."""

    delivery: str
    files: tuple[Path, ...]


def server_of(uri: str) -> Server:
    """The server that a URI such as `prom+http://host:9090/prometheus?step=30s` names."""
    parts = urlsplit(uri)
    if parts.scheme not in SCHEMES or not parts.hostname:
        raise UsageError(f"`{uri}` names no server", hint="write it as prom+http://HOST:9090")
    if parts.username or parts.password:
        raise UsageError("the address holds a user or a password", where="the address of Prometheus", hint=_SIGN_IN)
    options = parse_qs(parts.query)
    unknown = sorted(options.keys() - {"step", "match"})
    step = _STEP.fullmatch(options.get("step", ["60s"])[0])
    if unknown or step is None or not 1 <= int(step[1]) * _SECONDS[step[2]] <= _DAY_S:
        what = f"`{unknown[0]}` is no option" if unknown else "the step is no time such as 30s, 5m or 1h"
        raise UsageError(what, where=uri, hint="the options are `step` and `match`: prom+http://HOST:9090?step=30s")
    address = f"{parts.scheme.removeprefix('prom+')}://{parts.netloc}{parts.path.rstrip('/')}"
    return Server(address, int(step[1]) * _SECONDS[step[2]], ",".join(options.get("match", [])))


def live_days(
    server: Server, since: date, until: date, folder: Path, *, now: datetime, told: Callable[[int], None]
) -> Iterator[LiveDay]:
    """Each day from `since` on and before `until`, as files in `folder`; days of which the server holds nothing are left out.

    `now` ends the last day: later points are not there yet. Raises OutsideError where the server fails."""
    asking = _Asking(server, told)
    day = since
    while day < until:
        start = int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
        end = min(start + _DAY_S, int(now.timestamp()) + 1)
        if start < end:
            files = tuple(_day_files(asking, start, end, folder / f"{day}"))
            if files:
                yield LiveDay(f"{server.name}/{day}", files)
        day += timedelta(days=1)


def _day_files(asking: _Asking, start: int, end: int, stem: Path) -> Iterator[Path]:
    number, path, size = 0, stem, FILE_BYTES
    for family, names in sorted(_families(asking.names(start, end)).items()):
        for line in asking.pages(names, start, end):
            if size >= FILE_BYTES and line.first:
                number, size = number + 1, 0
                path = stem.with_name(f"{stem.name}-{number}.jsonl")
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
                yield path
            with path.open("ab") as file:
                file.write(line.content + b"\n")
            size += len(line.content)
            if size > METRIC_BYTES:
                what = f"a day of `{family}` is longer than {METRIC_BYTES >> 20} MiB"
                raise DataError(what, where=asking.address, hint=_NARROW)


def _families(names: Sequence[str]) -> Mapping[str, list[str]]:
    """The names of one metric together: a histogram's buckets, sum and count are read side by side."""
    found: dict[str, list[str]] = defaultdict(list)
    for name in names:
        base = next((name.removesuffix(end) for end in _PARTS_OF_NAME if name.endswith(end)), name)
        if is_known(name) or is_known(base):
            found[base].append(name)
    return found


@dataclass(frozen=True)
class _Line:
    """One answer as stored; `first` where it begins a family."""

    content: bytes
    first: bool


class _Answer(msgspec.Struct):
    status: str = ""
    error: str | None = None
    data: msgspec.Raw = msgspec.Raw(b"null")


class _Matrix(msgspec.Struct):
    resultType: str
    result: list[msgspec.Raw]


class _Stored(msgspec.Struct):
    """A page as it is kept: `since` is the first time, in seconds, that belongs to the day."""

    status: str
    since: int
    data: _Matrix


class _TooLong(Exception):
    """An answer that is to be asked for in pieces."""


class _Asking:
    """The server's two questions, each with patience and bounds."""

    def __init__(self, server: Server, told: Callable[[int], None]) -> None:
        self._server, self._told, self.address = server, told, server.address
        self._session = _session()

    def names(self, start: int, end: int) -> list[str]:
        """The names of metrics that have points between two times."""
        asked = {"start": str(start - self._server.step), "end": str(end)}
        asked |= {"match[]": f'{{__name__!="",{self._server.match}}}'} if self._server.match else {}
        try:
            found = msgspec.json.decode(self._ask("label/__name__/values", asked), type=list[str])
        except (msgspec.MsgspecError, _TooLong) as error:
            raise self._strange(str(error)) from None
        return sorted(found)

    def pages(self, names: Sequence[str], start: int, end: int) -> Iterator[_Line]:
        """The points of some metrics from a step before `start` on, page by page; nothing where there are none."""
        step, first = self._server.step, True
        begin = start - step
        for name in names:
            at = begin + (-begin) % step
            while at < end:
                last = min(at + (MOST_POINTS - 1) * step, at + (end - 1 - at) // step * step)
                for matrix in self._range(name, at, last):
                    if matrix.result:
                        yield _Line(msgspec.json.encode(_Stored("success", start, matrix)), first)
                        first = False
                at = last + step

    def _range(self, name: str, first: int, last: int) -> Iterator[_Matrix]:
        """One page, or its halves where it is too long."""
        step = self._server.step
        matchers = f'__name__="{name}"' + (f",{self._server.match}" if self._server.match else "")
        asked = {"query": f"{{{matchers}}}", "start": str(first), "end": str(last), "step": str(step)}
        try:
            data = self._ask("query_range", asked)
        except _TooLong as error:
            if first >= last:
                raise DataError(f"one point of `{name}` is too much: {error}", where=self.address, hint=_NARROW) from None
            middle = first + (last - first) // step // 2 * step
            yield from self._range(name, first, middle)
            yield from self._range(name, middle + step, last)
            return
        try:
            matrix = msgspec.json.decode(data, type=_Matrix)
        except msgspec.MsgspecError as error:
            raise self._strange(str(error)) from None
        if matrix.resultType != "matrix":
            raise self._strange(f"the result is a {matrix.resultType[:40]}")
        if len(matrix.result) > MOST_SERIES:
            what = f"`{name}` has {len(matrix.result):,} series, more than {MOST_SERIES:,}"
            raise DataError(what, where=self.address, hint=_NARROW)
        yield matrix

    def _ask(self, path: str, asked: Mapping[str, str]) -> bytes:
        url = f"{self.address}/api/v1/{path}"
        answer = patiently(lambda: self._send(url, path, asked), self.address, hint=_NETWORK)
        body = self._body(answer)
        if answer.status_code == 200:
            with suppress(msgspec.MsgspecError):
                found = msgspec.json.decode(body, type=_Answer)
                if found.status == "success":
                    return bytes(found.data)
            raise self._strange("it is no answer of the query API")
        raise self._refused(answer, body)

    def _send(self, url: str, path: str, asked: Mapping[str, str]) -> Response:
        options: dict[str, Any] = {"timeout": TIMEOUT_S, "stream": True, "allow_redirects": False}
        if path == "query_range":
            return self._session.post(url, data=asked, **options)  # type: ignore[no-any-return]
        return self._session.get(url, params=asked, **options)  # type: ignore[no-any-return]

    def _body(self, answer: Response) -> bytes:
        import requests

        try:
            body = bounded_body(answer, MOST_BYTES)
        except requests.RequestException:
            raise OutsideError("the answer breaks off", where=self.address, hint=_NETWORK) from None
        if body is None:
            raise _TooLong(f"an answer is longer than {MOST_BYTES >> 20} MiB")
        self._told(len(body))
        return body

    def _refused(self, answer: Response, body: bytes) -> Exception:
        said = ""
        with suppress(msgspec.MsgspecError):
            said = (msgspec.json.decode(body, type=_Answer).error or "")[:200]
        if "too many samples" in said or "exceeded maximum resolution" in said:
            return _TooLong(said)
        code, where = answer.status_code, self.address
        if code in (401, 403):
            return OutsideError(f"the server refuses access (HTTP {code})", where=where, hint=_SIGN_IN)
        if 300 <= code < 400:
            to = urlsplit(answer.headers.get("Location", ""))
            hint = f"give that address: prom+{to.scheme}://{to.netloc}" if to.netloc else "give the address that it leads to"
            return OutsideError(f"the server leads elsewhere (HTTP {code})", where=where, hint=hint)
        if code == 404:
            return OutsideError("this is no Prometheus: there is no query API (HTTP 404)", where=where, hint=_NETWORK)
        what = f"the server answers with HTTP {code}{': ' + said if said else ''}"
        return OutsideError(what, where=where, hint="try again later; nothing was loaded")

    def _strange(self, why: str) -> OutsideError:
        what = f"the server's answer can't be read: {why[:200]}"
        return OutsideError(what, where=self.address, hint="check that the address is one of Prometheus")


def _session() -> Any:
    """A session that signs in by what the environment names, and by nothing else."""
    import requests

    session = requests.Session()
    token, user = os.environ.get(_TOKEN), os.environ.get(_USER)
    session.auth = (user, os.environ.get(_PASSWORD, "")) if user else (lambda request: request)
    if token:
        session.headers["Authorization"] = f"Bearer {token}"
    return session
