"""Objects in a cloud's bucket: what a listing says of them, which of them can be read, and which a manifest names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from finops.errors import DataError, UsageError
from finops.sources import names, source
from finops.sources.manifests import ENDING, MOST_BYTES, Choice, Manifest, choose, is_artifact, read_manifest

MOST_OBJECTS = 200_000
"""More than this under one prefix is no folder of exports."""


@dataclass(frozen=True)
class RemoteObject:
    """An object as its listing shows it: `tag` changes with its content, `size` counts its bytes, `modified` is a time as text.
    `packed` says that its bytes are gzip though its name does not."""

    key: str
    size: int
    tag: str
    modified: str = ""
    packed: bool = False


class Bucket(Protocol):
    """A bucket that can be listed and read. Whatever goes wrong is an OutsideError."""

    uri: str

    def objects(self, prefix: str) -> Iterable[RemoteObject]:
        """Everything whose key begins with the prefix."""
        ...

    def fetch(self, found: RemoteObject, path: Path, told: Callable[[int], None]) -> None:
        """Writes the object to a file; `told` hears of bytes as they come."""
        ...


@dataclass(frozen=True)
class Listed:
    """What there is to fetch: objects by their own, manifests with the objects that each names, and what to say of the rest."""

    alone: tuple[RemoteObject, ...]
    deliveries: tuple[tuple[Manifest, RemoteObject, tuple[RemoteObject, ...]], ...]
    notes: tuple[str, ...]


def listed(bucket: Bucket, prefix: str, folder: Path, *, since: date | None, until: date | None) -> Listed:
    """What lies under the prefix, manifests first: they are fetched into `folder`, and of a report only what the newest names
    is left. Raises DataError where nothing is there."""
    every = _under(bucket, prefix)
    endings = _endings()
    wanted = {one.key: one for one in every if one.size and _is_plain(one.key) and one.key.lower().endswith(endings)}
    if not wanted:
        many = f"{len(every):,} objects and none that can be read" if every else "nothing"
        hint = "check bucket and prefix: `finops sources list` says which endings can be read"
        raise DataError(f"there is {many} under this prefix", where=f"{bucket.uri}/{prefix}", hint=hint)
    readable = len(wanted)
    named = {key for key, one in wanted.items() if key.lower().endswith(ENDING) and one.size <= MOST_BYTES}
    below = {key for key in named if _repeats(key, named)}
    manifests = {key: found for key in sorted(named - below) if (found := _manifest(bucket, wanted[key], folder))}
    wanted = {key: one for key, one in wanted.items() if key not in below}
    modified = {key: wanted[key].modified for key in manifests}
    choice = choose(manifests.values(), wanted, modified=modified, since=since, until=until)
    notes = list(choice.notes)
    if len(every) > readable:
        notes.append(f"{bucket.uri}/{prefix}: {len(every) - readable:,} objects of other kinds are left out")
    return Listed(_alone(wanted, manifests, choice), _named(wanted, choice), tuple(notes))


def stored_at(folder: Path, bucket: Bucket, found: RemoteObject) -> Path:
    """Where the copy of an object goes: its key below a folder of the bucket's name."""
    name = found.key if not found.packed or found.key.lower().endswith(".gz") else f"{found.key}.gz"
    return folder / bucket.uri.replace("://", "/") / name


def _under(bucket: Bucket, prefix: str) -> Sequence[RemoteObject]:
    """What a folder of that name would hold: `cur` is not the beginning of `cur-old/x.csv`."""
    found: list[RemoteObject] = []
    for one in bucket.objects(prefix):
        if not one.key.endswith("/") and (not prefix or one.key == prefix or one.key.startswith(f"{prefix}/")):
            found.append(one)
            if len(found) > MOST_OBJECTS:
                what = f"more than {MOST_OBJECTS:,} objects lie under this prefix"
                raise UsageError(what, where=f"{bucket.uri}/{prefix}", hint="name a longer prefix")
    return found


def _is_plain(key: str) -> bool:
    """Whether a key can be the path of a file, none of whose folders is hidden."""
    return "\0" not in key and "\\" not in key and not any(word == "" or word.startswith(".") for word in key.split("/"))


def _endings() -> tuple[str, ...]:
    own = {ending for name in names() for pattern in source(name).patterns for ending in pattern.suffixes}
    return tuple(sorted(f"{ending}{packed}" for ending in own for packed in ("", ".gz", ".zst")))


def _repeats(key: str, named: set[str]) -> bool:
    """Whether a manifest of the same name lies in a folder above: that one is the newest, and this one of an older version."""
    *folders, name = key.split("/")
    return any("/".join([*folders[:up], name]) in named for up in range(len(folders)))


def _manifest(bucket: Bucket, found: RemoteObject, folder: Path) -> Manifest | None:
    path = stored_at(folder, bucket, found)
    bucket.fetch(found, path, lambda _: None)
    manifest = read_manifest(found.key, path.read_bytes())
    path.unlink()
    return manifest


def _alone(wanted: Mapping[str, RemoteObject], manifests: Mapping[str, Manifest], choice: Choice) -> tuple[RemoteObject, ...]:
    taken = choice.left_out | manifests.keys() | {key for one in choice.chosen for key in one.files}
    artifacts = {key for key in wanted if manifests and is_artifact(key)}
    return tuple(one for key, one in sorted(wanted.items()) if key not in taken | artifacts)


def _named(
    wanted: Mapping[str, RemoteObject], choice: Choice
) -> tuple[tuple[Manifest, RemoteObject, tuple[RemoteObject, ...]], ...]:
    return tuple(
        (one.manifest, wanted[one.manifest.path], tuple(wanted[key] for key in sorted(one.files))) for one in choice.chosen
    )
