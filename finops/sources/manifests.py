"""Manifests of billing exports: which files are the newest version of a report's month, and how many rows they should hold.

AWS writes one beside each Cost and Usage Report and Data Export (`NAME-Manifest.json`), Azure beside each run of a cost export
(`manifest.json`). Paths and object keys are told apart by nobody here: both are words with slashes between them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import msgspec

from finops.errors import DataError

ENDING = "manifest.json"
MOST_BYTES = 16 << 20
"""A manifest is smaller; what is larger is not read as one."""

_DEEPEST = 8
_STAMP = re.compile(r"\d{8}T\d{6}|\d{4}-\d\d-\d\dT\d\d:?\d\d:?\d\d")
_PERIOD_FOLDER = re.compile(r"(\d{8}-\d{8}|BILLING_PERIOD=.+|month=\d+)", re.IGNORECASE)
_MONTH_IN_PATH = re.compile(r"BILLING_PERIOD=(\d{4}-\d\d)", re.IGNORECASE)
_ARTIFACTS = (
    "-RedshiftManifest.json",
    "-RedshiftCommands.sql",
    "-create-table.sql",
    "-QuickSightManifest.json",
    "-Metadata.json",
)
_OF_AWS = frozenset({"assemblyId", "executionId", "exportArn", "reportId"})


@dataclass(frozen=True)
class Named:
    """A file that a manifest names. `rows` and `size` (bytes) are what it says of it, where it does."""

    key: str
    rows: int | None = None
    size: int | None = None


@dataclass(frozen=True)
class Manifest:
    """One version of what a report says of a period. `id` stays the same from version to version: it names the delivery.
    `written` orders the versions as text; `period` is a month such as 2026-10, or two joined by `..`."""

    path: str
    id: str
    report: str
    period: str
    version: str
    written: str
    files: tuple[Named, ...]

    def within(self, since: date | None, until: date | None) -> bool:
        """Whether the period has a day from `since` on and before `until`."""
        first, last = _day(self.period.split("..")[0], last=False), _day(self.period.split("..")[-1], last=True)
        if first is None or last is None:
            return True
        return (until is None or first < until) and (since is None or last >= since)


@dataclass(frozen=True)
class Chosen:
    """The newest manifest of a report's period and its files: path to what the manifest says of it."""

    manifest: Manifest
    files: Mapping[str, Named]


@dataclass(frozen=True)
class Choice:
    """What manifests make of a listing: the deliveries, the paths that belong to none of them, and what to say of it."""

    chosen: tuple[Chosen, ...]
    left_out: frozenset[str]
    notes: tuple[str, ...]


def is_artifact(path: str) -> bool:
    """Whether a file only helps other programs to load a report."""
    return path.endswith(_ARTIFACTS)


def read_manifest(path: str, content: bytes) -> Manifest | None:
    """The manifest in a file of that path; None where the file is something else."""
    try:
        found = msgspec.json.decode(content)
    except (msgspec.MsgspecError, RecursionError, UnicodeError):
        return None
    if not isinstance(found, dict):
        return None
    if isinstance(found.get("blobs"), list) and ("runInfo" in found or "exportConfig" in found):
        return _of_azure(path, found)
    keys = found.get("reportKeys", found.get("dataFiles"))
    if isinstance(keys, list) and all(isinstance(key, str) for key in keys):
        return _of_aws(path, found, keys)
    if _OF_AWS & found.keys() and "columns" in found:
        raise DataError("the manifest names no data files", where=path, hint="name the data files of its newest version instead")
    return None


def choose(
    manifests: Iterable[Manifest],
    paths: Iterable[str],
    *,
    modified: Mapping[str, str] | None = None,
    since: date | None = None,
    until: date | None = None,
) -> Choice:
    """The newest version of each period, its files among `paths`, and what else of the same report is there.

    `modified` says when each manifest was written where a listing knows it. Raises DataError where a file is missing, or where
    nothing tells two versions apart."""
    present = set(paths)
    versions: dict[str, list[Manifest]] = defaultdict(list)
    for manifest in manifests:
        versions[manifest.id].append(manifest)
    chosen: list[Chosen] = []
    left_out: set[str] = set()
    notes: list[str] = []
    beyond = 0
    for _, own in sorted(versions.items()):
        newest = _newest(own, modified or {})
        older = {path for one in own for named in one.files if (path := located(named.key, one.path, present))}
        if not newest.within(since, until):
            beyond += 1
            left_out |= older | _others(older, present)
            continue
        if not newest.files:
            notes.append(f"{newest.id}: the newest manifest names no files, so nothing is loaded")
            left_out |= older
            continue
        files = _files(newest, present)
        others = (older | _others(set(files), present)) - files.keys()
        left_out |= others
        if others:
            what = f"{len(others):,} files belong to older versions or to none ({min(others)}): left out"
            notes.append(f"{newest.id}: {what}")
        chosen.append(Chosen(newest, files))
    if beyond:
        notes.append(f"{beyond:,} periods lie outside --since and --until: left out")
    return Choice(tuple(chosen), frozenset(left_out - {path for one in chosen for path in one.files}), tuple(notes))


def _of_aws(path: str, found: Mapping[str, Any], keys: list[str]) -> Manifest:
    name = str(found.get("reportName") or found.get("exportName") or _name_of(path))
    account = found.get("account") or found.get("accountId")
    report = str(found.get("exportArn") or (f"{account}/{name}" if account else name))
    period = found.get("billingPeriod")
    start = str(period.get("start") or period.get("begin") or "") if isinstance(period, dict) else str(period or "")
    first = keys[0] if keys else ""
    in_path = _MONTH_IN_PATH.search(path) or _MONTH_IN_PATH.search(first)
    month = _month(start) or (in_path[1] if in_path else None)
    if month is None:
        raise DataError("the manifest names no billing period", where=path, hint="name its data files instead")
    version = str(found.get("assemblyId") or found.get("executionId") or found.get("executionArn") or "")
    stamp = _STAMP.search(version) or _STAMP.search(path) or _STAMP.search(first)
    files = tuple(Named(_without_bucket(key)) for key in keys)
    return Manifest(path, f"aws:{report}/{month}", name, month, version, stamp[0] if stamp else "", files)


def _of_azure(path: str, found: Mapping[str, Any]) -> Manifest:
    export, run = _object(found.get("exportConfig")), _object(found.get("runInfo"))
    name = str(export.get("exportName") or _name_of(path))
    report = str(export.get("resourceId") or name).strip("/")
    start, end = str(run.get("startDate") or "")[:10], str(run.get("endDate") or "")[:10]
    if not start:
        raise DataError("the manifest names no dates of its run", where=path, hint="name its data files instead")
    files = tuple(
        Named(str(blob["blobName"]).strip("/"), _count(blob.get("dataRowCount")), _count(blob.get("byteCount")))
        for blob in found["blobs"]
        if isinstance(blob, dict) and blob.get("blobName")
    )
    period = _azure_period(start, end)
    written = str(run.get("submittedTime") or "")
    return Manifest(path, f"azure:{report}/{period}", name, period, str(run.get("runId") or ""), written, files)


def _azure_period(start: str, end: str) -> str:
    """A month where the run begins on its first day and ends within it: runs of the month so far replace each other."""
    if not start.endswith("-01"):
        return f"{start}..{end or start}"
    return start[:7] if not end or end[:7] == start[:7] else f"{start[:7]}..{end[:7]}"


def _newest(own: list[Manifest], modified: Mapping[str, str]) -> Manifest:
    """The manifest of a period's own folder is the current one; below it, the latest."""
    if own[0].id.startswith("aws:"):
        top = min(one.path.count("/") for one in own)
        own = [one for one in own if one.path.count("/") == top]
    last = max(own, key=lambda one: (one.written, modified.get(one.path, ""), one.path))
    same = [one for one in own if (one.written, modified.get(one.path)) == (last.written, modified.get(last.path))]
    rivals = [one for one in same if one.version != last.version]
    if rivals:
        raise DataError(
            f"two manifests of {last.report} for {last.period} say nothing of which is newer",
            where=f"{rivals[0].path} and {last.path}",
            hint="name the one to load, or keep the manifest that lies in the period's own folder",
        )
    return last


def _files(manifest: Manifest, present: set[str]) -> dict[str, Named]:
    found: dict[str, Named] = {}
    missing = []
    for named in manifest.files:
        path = located(named.key, manifest.path, present)
        if path is None:
            missing.append(named.key)
        else:
            found[path] = named
    if missing:
        raise DataError(
            f"{len(missing):,} of the {len(manifest.files):,} files of {manifest.report} for {manifest.period} are missing;"
            f" the first: {missing[0]}",
            where=manifest.path,
            hint="fetch the export again, whole; or name the files themselves to load them without their manifest",
        )
    return found


def located(key: str, manifest: str, present: Container[str]) -> str | None:
    """The path among `present` of a key: the key itself, or its end below a folder that the manifest lies in."""
    if key in present:
        return key
    words = key.split("/")
    folders = manifest.split("/")[:-1]
    for up in range(min(len(folders), _DEEPEST) + 1):
        folder = "/".join(folders[: len(folders) - up])
        for at in range(len(words) - (1 if up else 0)):
            path = "/".join([folder, *words[at:]]) if folder else "/".join(words[at:])
            if path in present:
                return path
    return None


def _others(files: set[str], present: set[str]) -> set[str]:
    """Files of the same form in the same period's folder, which the manifest does not name."""
    places = {(_period_folder(path), _shape(path)) for path in files}
    return {path for path in present - files if (_period_folder(path), _shape(path)) in places}


def _period_folder(path: str) -> str:
    folders = path.split("/")[:-1]
    for at in range(len(folders), 0, -1):
        if _PERIOD_FOLDER.fullmatch(folders[at - 1]):
            return "/".join(folders[:at])
    return "/".join(folders)


def _shape(path: str) -> str:
    return re.sub(r"\d+", "#", path.rsplit("/", 1)[-1])


def _name_of(path: str) -> str:
    name = path.rsplit("/", 1)[-1]
    return name[: -len(ENDING)].rstrip("-") or "export"


def _without_bucket(key: str) -> str:
    found = re.match(r"s3://[^/]+/(.*)", key)
    return (found[1] if found else key).lstrip("/")


def _month(text: str) -> str | None:
    found = re.match(r"(\d{4})-?(\d\d)", text)
    return f"{found[1]}-{found[2]}" if found else None


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _day(text: str, *, last: bool) -> date | None:
    """The day, or the first or last day of a month."""
    try:
        if len(text) > 7:
            return date.fromisoformat(text)
        first = date.fromisoformat(f"{text}-01")
    except ValueError:
        return None
    return (first + timedelta(days=31)).replace(day=1) - timedelta(days=1) if last else first
