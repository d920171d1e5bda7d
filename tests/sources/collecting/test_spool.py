"""The spool: what `append` returned for is on disk, whole, whatever happens then; segments close by size and by age."""

from __future__ import annotations

import errno
import multiprocessing
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.errors import OutsideError
from finops.sources.collecting import segment as collect_segment
from finops.sources.collecting import spool as collect_spool
from finops.sources.collecting.bodies import KINDS, Kind, checked, whole_records
from finops.sources.collecting.spool import Full, Spool, kind_of
from finops.sources.detect import recognise
from finops.sources.otlp_reading.wire import resource_spans
from tests.sources.collecting.test_http import document, request

PROTOBUF, JSON = KINDS[0], KINDS[1]


def record(kind: Kind, number: int) -> bytes:
    """A request with one span."""
    trace_id = number.to_bytes(16, "big")
    return checked(kind, request(trace_id) if kind is PROTOBUF else document(trace_id.hex())).record


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def spool_in(folder: Path, **options: Any) -> Spool:
    return Spool(folder / "spool", **{"every_s": 60, "limit_bytes": 1 << 30, "reserve_bytes": 0, **options})


def read(path: Path) -> bytes:
    """A segment's records, without the opening."""
    kind, content = kind_of(path), path.read_bytes()
    assert kind is not None
    assert content.startswith(kind.opening)
    return content[len(kind.opening) :]


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
def test_what_was_appended_by_many_is_there_whole_and_recognised(tmp_path: Path, kind: Kind) -> None:
    spool = spool_in(tmp_path)
    records = [record(kind, number) for number in range(1, 201)]

    def send(mine: list[bytes]) -> None:
        for one in mine:
            spool.append(kind, one)

    threads = [threading.Thread(target=send, args=(records[at::8],)) for at in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert spool.closed() == []
    spool.close_all()
    (path,) = spool.closed()
    assert path.name.endswith(f"-traces{kind.suffix}")
    assert recognise(path, None).name == ("otlp_proto" if kind is PROTOBUF else "otlp")
    content = read(path)
    assert len(content) == sum(map(len, records))
    assert all(one in content for one in records)
    spool.release()


def test_many_wait_for_one_sync(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool, gate, synced = spool_in(tmp_path), threading.Event(), []
    spool.append(PROTOBUF, record(PROTOBUF, 1))
    sync = os.fsync

    def slow(descriptor: int) -> None:
        synced.append(descriptor)
        assert gate.wait(10)
        sync(descriptor)

    monkeypatch.setattr(collect_segment.os, "fsync", slow)
    threads = [threading.Thread(target=spool.append, args=(PROTOBUF, record(PROTOBUF, number))) for number in range(2, 22)]
    for thread in threads:
        thread.start()
    while spool.size() < len(PROTOBUF.opening) + 21 * len(record(PROTOBUF, 1)):
        assert threads[0].is_alive() or threads[1].is_alive(), "nobody returns before the sync"
    gate.set()
    for thread in threads:
        thread.join()
    assert len(synced) <= 3
    monkeypatch.undo()
    spool.release()


@pytest.mark.parametrize("kind", [PROTOBUF, JSON])
@given(data=st.data())
def test_a_torn_tail_is_cut_back_to_the_last_whole_record(
    tmp_path_factory: pytest.TempPathFactory, kind: Kind, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    whole = [record(kind, number) for number in range(1, 4)]
    content = kind.opening + b"".join(whole)
    cut = data.draw(st.integers(0, len(content)))
    rubbish = data.draw(st.one_of(st.just(b""), st.just(b"\0" * 64), st.binary(max_size=40)))
    ends = [len(kind.opening) + sum(map(len, whole[:count])) for count in range(len(whole) + 1)]
    kept = max((end for end in ends if end <= cut), default=0)
    (folder / "spool").mkdir()
    (folder / f"spool/20260101T000000Z-000001-abcdef-traces{kind.suffix}.open").write_bytes(content[:cut] + rubbish)
    spool = spool_in(folder)
    told = spool.recover()
    found = [path.read_bytes() for path in spool.closed()]
    if found:
        assert len(found[0]) >= kept
        assert found[0].startswith(content[:kept])
        assert whole_records(kind, found[0]) == len(found[0])
        assert kept == len(found[0]) or rubbish, "only rubbish that happens to decode stays"
    else:
        assert kept <= len(kind.opening)
    assert bool(told) == (sum(map(len, found)) < cut + len(rubbish) and not (not found and cut + len(rubbish) in (0, ends[0])))
    assert not list((folder / "spool").glob("*.open"))
    spool.release()


def test_segments_close_by_size_and_by_age(tmp_path: Path) -> None:
    clock = Clock()
    spool = spool_in(tmp_path, clock=clock, segment_bytes=3 * len(record(PROTOBUF, 1)))
    for number in range(1, 5):
        spool.append(PROTOBUF, record(PROTOBUF, number))
    assert len(spool.closed()) == 1, "three fill it"
    spool.append(JSON, record(JSON, 1))
    spool.close_due()
    clock.now += collect_spool.QUIET_S
    spool.close_due()
    assert [path.suffix for path in spool.closed()] == [".pb", ".jsonl"], "the first JSON soon; Protobuf had one just now"
    clock.now += 55
    spool.close_due()
    assert [path.suffix for path in spool.closed()] == [".pb", ".pb", ".jsonl"]
    clock.now += 1000
    spool.append(PROTOBUF, record(PROTOBUF, 9))
    spool.close_due()
    assert len(spool.closed()) == 3
    clock.now += collect_spool.QUIET_S
    spool.close_due()
    assert len(spool.closed()) == 4, "after a pause it is soon again"
    spool.release()


def test_removing_and_setting_aside(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    spool.append(PROTOBUF, record(PROTOBUF, 1))
    spool.append(JSON, record(JSON, 1))
    spool.close_all()
    first, second = spool.closed()
    assert spool.size() == first.stat().st_size + second.stat().st_size
    moved = spool.set_aside(first)
    spool.remove([second])
    assert (spool.closed(), spool.size(), moved.exists(), second.exists()) == ([], 0, True, False)
    with pytest.raises(Full, match="ending"):
        spool.append(JSON, record(JSON, 2))
    spool.release()


def test_a_bounded_spool_refuses_and_goes_on_once_there_is_room(tmp_path: Path) -> None:
    one = record(PROTOBUF, 1)
    spool = spool_in(tmp_path, limit_bytes=len(PROTOBUF.opening) + 2 * len(one), segment_bytes=2 * len(one))
    spool.append(PROTOBUF, one)
    spool.append(PROTOBUF, one)
    with pytest.raises(Full, match="wait to be loaded"):
        spool.append(PROTOBUF, one)
    spool.remove(spool.closed())
    spool.append(PROTOBUF, one)
    spool.release()


def test_the_last_of_the_disk_is_left_free(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, reserve_bytes=1 << 60)
    with pytest.raises(Full, match="of the disk are free"):
        spool.append(PROTOBUF, record(PROTOBUF, 1))
    spool.release()


@pytest.mark.parametrize("fails", ["write", "fsync", "open"])
def test_a_full_disk_refuses_and_keeps_what_was_acknowledged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str) -> None:
    spool = spool_in(tmp_path)
    spool.append(PROTOBUF, record(PROTOBUF, 1))
    real: Callable[..., Any] = getattr(os, fails)

    def full(*given: Any) -> Any:
        if fails == "open" and not str(given[0]).endswith(".open"):
            return real(*given)
        if fails == "write":
            real(given[0], bytes(given[1][:5]))
        raise OSError(errno.ENOSPC, "No space left on device")

    if fails == "open":
        spool.append(PROTOBUF, record(PROTOBUF, 2))
    monkeypatch.setattr(collect_segment.os, fails, full)
    with pytest.raises(Full, match="no space left on device"):
        spool.append(JSON if fails == "open" else PROTOBUF, record(PROTOBUF, 3))
    monkeypatch.undo()
    spool.append(PROTOBUF, record(PROTOBUF, 4))
    spool.close_all()
    spool.recover()
    kept = b"".join(read(path) for path in spool.closed())
    acknowledged = [1, 2, 4] if fails == "open" else [1, 4]
    assert all(record(PROTOBUF, number) in kept for number in acknowledged)
    assert record(PROTOBUF, 3) not in kept
    assert all(whole_records(PROTOBUF, path.read_bytes()) == path.stat().st_size for path in spool.closed())
    spool.release()


def test_a_folder_that_may_not_be_written_is_an_error_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "spool").write_text("a file", encoding="utf-8")
    with pytest.raises(OSError, match="exists"):
        spool_in(tmp_path)


def test_one_collector_at_a_time(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        told = pool.apply(_second, (tmp_path,))
    assert told.startswith(f"another collector has this ledger's spool: process {os.getpid()}, since 20")
    spool.release()
    spool_in(tmp_path).release()


def _second(folder: Path) -> str:
    try:
        spool_in(folder)
    except OutsideError as error:
        return error.what
    return "taken"


def test_the_opening_of_a_segment_says_nothing(tmp_path: Path) -> None:
    assert [len(one.scopeSpans or ()) for one in resource_spans(PROTOBUF.opening[4:], lambda problem: None)] == [0]
    assert checked(JSON, JSON.opening).records == 0
