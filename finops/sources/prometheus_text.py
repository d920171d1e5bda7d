"""Reads metrics as text, in Prometheus' own form or OpenMetrics: a line per point, with the time at its end."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

from finops.errors import DataError
from finops.sources.base import Reject, refuse_flood
from finops.sources.files import HEAD_BYTES, opened
from finops.sources.otlp_reading.lines import buffered
from finops.sources.prometheus_series import Series

_NAME = re.compile(r"[A-Za-z_:][\w:.]*", re.ASCII)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_LABEL = re.compile(r'\s*(?:([A-Za-z_][\w.]*)|"((?:[^"\\]|\\.)*)")\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?', re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?|[+-]?[Ii]nf(?:inity)?|[Nn]a[Nn]", re.ASCII)
_TIME = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][+]?\d{1,2})?", re.ASCII)
_IN_NAME = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d)[:\-_]?(\d\d)(?:[:\-_]?(\d\d))?Z")
_ESCAPE = re.compile(r"\\(.)")
_NO_TIME = "the point has no time, and neither has the file's name (such as metrics-2026-11-20T10:00:00Z.prom)"


class _Wrong(Exception):
    """A line that can't be read, and why."""


def read_text(path: Path, series: Series, rejects: list[Reject]) -> None:
    """Adds every point of the file; `row` of a reject is its line."""
    named_time = _time_in(path.name)
    number = 0
    with opened(path) as raw:
        stream = buffered(raw)
        while line := stream.readline(HEAD_BYTES):
            number += 1
            if len(line) == HEAD_BYTES and not line.endswith(b"\n"):
                what = f"a line is longer than {HEAD_BYTES >> 20} MiB"
                raise DataError(what, where=f"{path}, line {number}", hint="check how the file was written")
            text = line.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
            if text.startswith("#"):
                _declare(text, series)
            elif text:
                try:
                    _add(text, series, named_time)
                except _Wrong as problem:
                    rejects.append(Reject(number, str(problem), text=text[:80]))
                    refuse_flood(rejects)


def _declare(text: str, series: Series) -> None:
    words = text.split()
    if len(words) == 4 and words[1] == "TYPE":
        series.declare(words[2].strip('"'), words[3])


def _add(text: str, series: Series, named_time: int | None) -> None:
    name, labels, at = _name_and_labels(text)
    rest = text[at:].split(" # ", 1)[0].split()  # an exemplar may follow
    if not rest or not _NUMBER.fullmatch(rest[0]):
        raise _Wrong("the line has no value that is a number")
    if len(rest) > 2:
        raise _Wrong("more stands behind the value than a time")
    time = _microseconds(rest[1]) if len(rest) == 2 else named_time
    if time is None:
        raise _Wrong(_NO_TIME)
    series.add(name, labels, time, float(rest[0]))


def _name_and_labels(text: str) -> tuple[str, dict[str, str], int]:
    found = _NAME.match(text)
    name, at = (found[0], found.end()) if found else ("", 0)
    labels: dict[str, str] = {}
    while text[at : at + 1] == " ":
        at += 1
    if text[at : at + 1] == "{":
        at += 1
        if not name and (quoted := _QUOTED.match(text, at)):  # a name with dots stands in the braces
            name, at = _unescaped(quoted[1]), quoted.end()
            at += text[at : at + 1] == ","
        while label := _LABEL.match(text, at):
            labels[label[1] or _unescaped(label[2] or "")] = _unescaped(label[3])
            at = label.end()
        if text[at : at + 1] != "}":
            raise _Wrong("the labels are not closed")
        at += 1
    if not name:
        raise _Wrong("the line has no name")
    return name, labels, at


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], text) if "\\" in text else text


def _microseconds(text: str) -> int:
    """Seconds (OpenMetrics) or milliseconds (Prometheus): a time after 2001 shows by its size which it is."""
    given = float(text) if _TIME.fullmatch(text) else 0.0
    if 1e9 <= given < 1e10:
        return round(given * 1_000_000)
    if 1e12 <= given < 1e13:
        return round(given * 1000)
    raise _Wrong("the time is neither seconds nor milliseconds since 1970")


def _time_in(name: str) -> int | None:
    found = _IN_NAME.search(name)
    if found is None:
        return None
    try:
        moment = datetime.fromisoformat("{}-{}-{}T{}:{}:{}+00:00".format(*found.groups(default="00")))
    except ValueError:
        return None
    return round(moment.timestamp() * 1_000_000)
