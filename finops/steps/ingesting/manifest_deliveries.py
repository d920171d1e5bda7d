"""Which of the given files are deliveries that a manifest names, and what the manifest says that they hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from finops.errors import DataError
from finops.sources.manifests import ENDING, MOST_BYTES, Manifest, Named, choose, is_artifact, located, read_manifest
from finops.sources.row_counts import rows_in
from finops.steps.ingesting.given_files import GivenFile


@dataclass(frozen=True)
class Delivery:
    """Files that are loaded as one: all or none of them are new. `name` is the manifest's id, which stays the same when the
    month is delivered again."""

    name: str
    where: str
    files: tuple[GivenFile, ...]
    stated: Mapping[Path, Named]


@dataclass(frozen=True)
class Sorted:
    """The given files: those on their own, those that a manifest names, and what is to be said of the rest."""

    alone: list[GivenFile]
    deliveries: list[Delivery]
    notes: list[str]


class _Disk:
    """Whether a file is there."""

    def __contains__(self, path: object) -> bool:
        return Path(str(path)).is_file()


def sorted_by_manifest(files: Sequence[GivenFile], since: date | None = None, until: date | None = None) -> Sorted:
    """Takes manifests, older versions and what helps other programs out of the given files. A manifest that is named by itself
    brings its files with it."""
    found: dict[Path, Manifest] = {}
    by_path = {file.path.absolute().as_posix(): file for file in files}
    for file in files:
        manifest = manifest_at(file.path)
        if manifest is not None:
            found[file.path] = manifest
            if not file.searched:
                by_path |= {path: f for path, f in _named(manifest, file).items() if path not in by_path}
    choice = choose(found.values(), by_path, since=since, until=until)
    deliveries = [
        Delivery(
            one.manifest.id,
            one.manifest.path,
            tuple(by_path[path] for path in sorted(one.files)),
            {by_path[path].path: named for path, named in one.files.items()},
        )
        for one in choice.chosen
    ]
    taken = choice.left_out | {path for one in choice.chosen for path in one.files}
    aside = {path.absolute().as_posix() for path in found}
    aside |= {path for path in by_path if found and is_artifact(path)}
    alone = [file for path, file in by_path.items() if path not in taken | aside]
    notes = [note.replace(f"{Path.cwd().as_posix()}/", "") for note in choice.notes]
    return Sorted(sorted(alone, key=lambda file: file.path.as_posix()), deliveries, notes)


def manifest_at(path: Path) -> Manifest | None:
    """The manifest that a file is, if it is one."""
    if not path.name.lower().endswith(ENDING) or not path.is_file() or path.stat().st_size > MOST_BYTES:
        return None
    return read_manifest(path.absolute().as_posix(), path.read_bytes())


def stated_by(manifest: Manifest, paths: Mapping[str, Path]) -> dict[Path, Named]:
    """What the manifest says of each file; `paths` holds the files by the keys that it names them with."""
    by_key = {named.key: named for named in manifest.files}
    return {path: by_key.get(key, Named(key)) for key, path in paths.items()}


def refuse_other_size(delivery: Delivery) -> None:
    """Raises DataError where a plain text file has another size than its manifest says."""
    for path, named in delivery.stated.items():
        size = path.stat().st_size
        if named.size is not None and path.name.lower().endswith(".csv") and size != named.size:
            what = f"the file has {size:,} bytes, and its manifest says {named.size:,}"
            raise DataError(what, where=str(path), hint="fetch the file again, or the manifest that belongs to it")


def refuse_other_count(delivery: Delivery, path: Path, rows: int | None) -> None:
    """Raises DataError where a file has another number of rows than its manifest says. `rows` is how many were read, None where
    some were passed over on purpose: then the file is counted."""
    named = delivery.stated.get(path)
    stated = named.rows if named else None
    if stated is None:
        return
    rows = rows_in(path) if rows is None else rows
    if stated != rows:
        raise DataError(
            f"the file holds {rows:,} rows, and its manifest says {stated:,}",
            where=str(path),
            hint="fetch the export again; or name the file itself to load it without its manifest",
        )


def _named(manifest: Manifest, file: GivenFile) -> dict[str, GivenFile]:
    """The files on disk that a manifest names."""
    paths = [located(named.key, manifest.path, _Disk()) for named in manifest.files]
    return {path: GivenFile(Path(path), file.root, file.searched) for path in paths if path}
