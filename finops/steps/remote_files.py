"""Files that are not on this machine: fetched into a folder of their own for as long as they are read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from finops.config import Settings
from finops.core.talk import Talk
from finops.errors import FinopsError, OutsideError
from finops.ledger.remote import Memory
from finops.ledger.store import open_reader
from finops.sources.cloud_objects import SCHEMES, Bucket, RemoteObject, bucket_and_prefix, listed, stored_at
from finops.steps.given_files import GivenFile
from finops.steps.manifest_deliveries import Delivery, stated_by

_URIS = tuple(f"{scheme}://" for scheme in SCHEMES)


@dataclass
class Fetched:
    """`files` and `deliveries` are copies to read; `rows` tells of what was not fetched, and why."""

    files: list[GivenFile] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_remote(path: str | Path) -> bool:
    """Whether a path is the URI of something in a cloud."""
    return str(path).startswith(_URIS)


@contextmanager
def fetched(
    uris: Sequence[str], settings: Settings, *, since: date | None, until: date | None, dry_run: bool, talk: Talk
) -> Iterator[Fetched]:
    """Lists what the URIs name and fetches what the ledger does not hold; the copies are gone when the block ends.

    With `dry_run` nothing but manifests is fetched, and `rows` tells what would be."""
    if not uris:
        yield Fetched()
        return
    folder = _folder(settings.ledger)
    try:
        yield _fetch(uris, settings, folder, since, until, dry_run, talk)
    except FinopsError as error:
        error.where = _told(error.where, folder)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(
    uris: Sequence[str], settings: Settings, folder: Path, since: date | None, until: date | None, dry_run: bool, talk: Talk
) -> Fetched:
    answer, memory = Fetched(), _memory(settings)
    wanted: list[tuple[Bucket, RemoteObject]] = []
    talk.stage("Listing")
    for uri in uris:
        bucket, prefix = bucket_and_prefix(uri)
        found = listed(bucket, prefix, folder, since=since, until=until)
        answer.notes += found.notes
        for one in found.alone:
            if memory.holds(_uri(bucket, one), one.tag, one.size):
                answer.rows.append(_row(bucket, one, "unchanged"))
            else:
                answer.files.append(_given(folder, bucket, one))
                wanted.append((bucket, one))
        for manifest, _, objects in found.deliveries:
            if memory.holds_all(manifest.id, [(_uri(bucket, one), one.tag, one.size) for one in objects]):
                answer.rows += [_row(bucket, one, "unchanged") for one in objects]
                continue
            files = tuple(_given(folder, bucket, one) for one in objects)
            stated = stated_by(manifest, {one.key: file.path for one, file in zip(objects, files, strict=True)})
            answer.deliveries.append(Delivery(manifest.id, f"{bucket.uri}/{manifest.path}", files, stated))
            wanted += [(bucket, one) for one in objects]
    if dry_run:
        answer.files, answer.deliveries = [], []
        answer.rows += [_row(bucket, one, "to fetch") for bucket, one in wanted]
        answer.notes.append(f"{len(wanted):,} objects of {sum(one.size for _, one in wanted):,} bytes would be fetched")
        return answer
    _download(wanted, folder, talk)
    return answer


def _download(wanted: Sequence[tuple[Bucket, RemoteObject]], folder: Path, talk: Talk) -> None:
    total = sum(one.size for _, one in wanted)
    free = shutil.disk_usage(folder).free
    if total > free * 9 // 10:
        raise OutsideError(
            f"{total:,} bytes are to be fetched, and the disk has {free:,} left",
            where=str(folder.parent),
            hint="name a longer prefix, bound it with --since and --until, or put the ledger on a larger disk",
        )
    talk.stage("Fetching", total=total)
    for bucket, one in wanted:
        bucket.fetch(one, stored_at(folder, bucket, one), talk.advance)


def _given(folder: Path, bucket: Bucket, one: RemoteObject) -> GivenFile:
    return GivenFile(stored_at(folder, bucket, one), folder, True, _uri(bucket, one), (one.tag, one.size))


def _uri(bucket: Bucket, one: RemoteObject) -> str:
    return f"{bucket.uri}/{one.key}"


def _row(bucket: Bucket, one: RemoteObject, status: str) -> dict[str, Any]:
    row = {"source": None, "path": _uri(bucket, one), "status": status, "rows": 0, "rejected": 0, "amount": None}
    return {**row, "currency": None, "reason": f"{one.size:,} bytes" if status == "to fetch" else None, "bytes": one.size}


def _memory(settings: Settings) -> Memory:
    if not settings.ledger.is_file():
        return Memory(None)
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        return Memory(reader)


def _folder(ledger: Path) -> Path:
    """A hidden folder beside the ledger, named after this process. What dead ones left behind goes."""
    ledger.parent.mkdir(parents=True, exist_ok=True)
    start = f".{ledger.name}.fetched-"
    for left in ledger.parent.glob(f"{start}*"):
        if not _runs(left.name.removeprefix(start)):
            shutil.rmtree(left, ignore_errors=True)
    folder = ledger.parent / f"{start}{os.getpid()}"
    folder.mkdir(exist_ok=True)
    return folder


def _runs(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True


def _told(where: str | None, folder: Path) -> str | None:
    """A place in the folder of copies, by the name that it has in the cloud."""
    if where is None or str(folder) not in where:
        return where
    for scheme in SCHEMES:
        where = where.replace(f"{folder}/{scheme}/", f"{scheme}://")
    return where
