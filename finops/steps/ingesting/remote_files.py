"""Files that are not on this machine: fetched into a folder of their own for as long as they are read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

from finops.config import Settings
from finops.core.talk import Talk
from finops.errors import DataError, FinopsError, OutsideError, UsageError
from finops.ledger.remote import Memory
from finops.ledger.store import open_reader
from finops.sources import prometheus_live
from finops.sources.clouds import cost_explorer as cloud_cost_explorer
from finops.sources.clouds.buckets import SCHEMES, bucket_and_prefix
from finops.sources.clouds.objects import Bucket, RemoteObject, listed, stored_at
from finops.steps.ingesting.given_files import GivenFile
from finops.steps.ingesting.manifest_deliveries import Delivery, stated_by
from finops.steps.ingesting.source_options import source_options

_WEB = ("http://", "https://")
_LIVE = tuple(f"{scheme}://" for scheme in prometheus_live.SCHEMES)
_URIS = (*(f"{scheme}://" for scheme in SCHEMES), *_LIVE, *_WEB)


@dataclass(frozen=True)
class Span:
    """The days asked for: `since` is the first, `until` the one behind the last. `source` is what an address is said to be."""

    since: date | None = None
    until: date | None = None
    source: str | None = None


@dataclass
class Fetched:
    """`files` and `deliveries` are copies to read; `rows` tells of what was not fetched, and why."""

    files: list[GivenFile] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def is_remote(path: str | Path) -> bool:
    """Whether a path is the URI of something in a cloud."""
    return str(path).startswith(_URIS) or _is_cost_explorer(str(path))


@contextmanager
def fetched(uris: Sequence[str], settings: Settings, span: Span, *, dry_run: bool, talk: Talk) -> Iterator[Fetched]:
    """Lists what the URIs name and fetches what the ledger does not hold; the copies are gone when the block ends.

    With `dry_run` nothing but manifests is fetched, and `rows` tells what would be."""
    if not uris:
        yield Fetched()
        return
    folder = _folder(settings.ledger)
    try:
        answer = Fetched()
        live = [named for uri in uris if (named := _live(uri, span))]
        costs = [uri for uri in uris if _is_cost_explorer(uri)]
        buckets = [uri for uri in uris if uri not in costs and not uri.startswith((*_LIVE, *_WEB))]
        _fetch(buckets, settings, folder, span, dry_run, talk, answer)
        _ask_for_costs(costs, folder, span, dry_run, talk, answer)
        _ask(live, folder, span, dry_run, talk, answer)
        yield answer
    except FinopsError as error:
        error.where = _told(error.where, folder)
        raise
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fetch(uris: Sequence[str], settings: Settings, folder: Path, span: Span, dry_run: bool, talk: Talk, answer: Fetched) -> None:
    if not uris:
        return
    memory, mark = _memory(settings), _mark(settings)
    wanted: list[tuple[Bucket, RemoteObject]] = []
    seen: set[str] = set()
    talk.stage("Listing")
    for uri in uris:
        bucket, prefix = bucket_and_prefix(uri)
        found = listed(bucket, prefix, folder, since=span.since, until=span.until)
        answer.notes += found.notes
        for one in found.alone:
            if (uri_of := _uri(bucket, one)) in seen:
                continue
            seen.add(uri_of)
            if source := memory.holds(uri_of, one.tag + mark, one.size):
                answer.rows.append(_row(bucket, one, "unchanged", source))
            else:
                answer.files.append(_given(folder, bucket, one, mark))
                wanted.append((bucket, one))
        for manifest, _, objects in found.deliveries:
            if manifest.id in seen:
                continue
            seen.add(manifest.id)
            if memory.holds_all(manifest.id, [(_uri(bucket, one), one.tag + mark, one.size) for one in objects]):
                held = [(one, memory.holds(_uri(bucket, one), one.tag + mark, one.size)) for one in objects]
                answer.rows += [_row(bucket, one, "unchanged", source) for one, source in held]
                continue
            files = tuple(_given(folder, bucket, one, mark) for one in objects)
            stated = stated_by(manifest, {one.key: file.path for one, file in zip(objects, files, strict=True)})
            answer.deliveries.append(Delivery(manifest.id, f"{bucket.uri}/{manifest.path}", files, stated))
            wanted += [(bucket, one) for one in objects]
    if dry_run:
        answer.files, answer.deliveries = [], []
        answer.rows += [_row(bucket, one, "to fetch") for bucket, one in wanted]
        answer.notes.append(f"{len(wanted):,} objects of {sum(one.size for _, one in wanted):,} bytes would be fetched")
        return
    _download(wanted, folder, talk)


def _is_cost_explorer(path: str) -> bool:
    name = path.split(":", 1)[0]
    return name == cloud_cost_explorer.SCHEME and (":" in path or not Path(path).exists())


def _ask_for_costs(uris: Sequence[str], folder: Path, span: Span, dry_run: bool, talk: Talk, answer: Fetched) -> None:
    for number, uri in enumerate(uris):
        first, until = cloud_cost_explorer.months_of(uri, span.since, span.until)
        if dry_run:
            answer.notes.append(f"AWS Cost Explorer would be asked for {first:%Y-%m} up to {until}; AWS charges for each page")
            continue
        talk.stage("Asking AWS Cost Explorer")
        found = len(answer.deliveries)
        for name, path in cloud_cost_explorer.asked_months(first, until, folder / f"costs-{number}"):
            file = GivenFile(path, folder, True, name)
            answer.deliveries.append(Delivery(name, name, (file,), {}))
        if len(answer.deliveries) == found:
            what = f"AWS Cost Explorer says nothing of {first:%Y-%m} up to {until}"
            raise DataError(what, where=uri, hint="it reaches back 14 months at most, and knows no month that has not begun")


def _live(uri: str, span: Span) -> str | None:
    """The address of a live server, as it is called here; a plain one needs the user's word for what it is."""
    if uri.startswith(_LIVE):
        return uri
    if uri.startswith(_WEB):
        if span.source != "prometheus":
            hint = f"for a Prometheus server write prom+{uri}; of anything else save the file first"
            raise UsageError("an address of the web is no file", where=uri, hint=hint)
        return f"prom+{uri}"
    return None


def _ask(uris: Sequence[str], folder: Path, span: Span, dry_run: bool, talk: Talk, answer: Fetched) -> None:
    now = datetime.now(UTC)
    for number, uri in enumerate(uris):
        server = prometheus_live.server_of(uri)
        if span.since is None:
            hint = f"--since {now.date() - timedelta(days=1)} begins yesterday; --until is the day behind the last"
            raise UsageError("a live server needs to be told from which day on", where=server.name, hint=hint)
        until = min(span.until or now.date() + timedelta(days=1), now.date() + timedelta(days=1))
        if until <= span.since:
            raise UsageError("--until is not after --since", where=server.name, hint="--until is the day behind the last")
        if dry_run:
            answer.notes.append(f"{(until - span.since).days:,} days of {server.name} would be asked for")
            continue
        talk.stage("Asking Prometheus")
        found = 0
        for day in prometheus_live.live_days(server, span.since, until, folder / f"live-{number}", now=now, told=talk.advance):
            found += 1
            files = tuple(GivenFile(path, folder, True, day.delivery) for path in day.files)
            answer.deliveries.append(Delivery(day.delivery, day.delivery, files, {}))
        days = (until - span.since).days
        if not found:
            what = "the server holds no signal that is known here, on none of these days"
            raise DataError(
                what,
                where=server.name,
                hint="check the days and `?match=`; known are vLLM, SGLang, TGI, Triton, DCGM, Ray, Celery, Kafka, SQS and more",
            )
        if found < days:
            answer.notes.append(f"{server.name}: {days - found:,} of {days:,} days hold no signal that is known here")


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


def _given(folder: Path, bucket: Bucket, one: RemoteObject, mark: str) -> GivenFile:
    return GivenFile(stored_at(folder, bucket, one), folder, True, _uri(bucket, one), (one.tag + mark, one.size))


def _mark(settings: Settings) -> str:
    """Stands behind each tag: where the configuration reads files otherwise than before, they are fetched anew."""
    told = repr((sorted(source_options(settings)["identity"].items()), settings.imports))
    return f" {sha256(told.encode()).hexdigest()[:16]}"


def _uri(bucket: Bucket, one: RemoteObject) -> str:
    return f"{bucket.uri}/{one.key}"


def _row(bucket: Bucket, one: RemoteObject, status: str, source: str | None = None) -> dict[str, Any]:
    row = {"source": source, "path": _uri(bucket, one), "status": status, "rows": 0, "rejected": 0, "amount": None}
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
