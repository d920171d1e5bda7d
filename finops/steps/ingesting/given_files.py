"""The files behind the paths that an ingest call was given, each with the root that names it."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from finops.config import Settings
from finops.errors import DataError, UsageError

_OWN_FOLDERS = (".duckdb.d", ".duckdb.spool")


@dataclass(frozen=True)
class GivenFile:
    """A file to load. `root` is what its name is relative to; `searched` is true where a folder or pattern led to it.
    `origin` names what it is a copy of, and `version` is the tag and size of that."""

    path: Path
    root: Path
    searched: bool
    origin: str | None = None
    version: tuple[str, int] | None = None
    shown: str | None = None
    """What it is called where it is a copy of a file of this machine."""

    @property
    def label(self) -> str:
        """What people call the file."""
        return self.origin or self.shown or str(self.path)


def given_files(paths: Sequence[str | Path], settings: Settings) -> list[GivenFile]:
    """Every file once, in the order of its name. Files given one by one are named relative to the folder they share."""
    if not paths:
        raise UsageError("nothing to ingest was named", hint="`finops ingest PATH…` takes files, folders and patterns")
    own = _own_files(settings)
    found: dict[Path, GivenFile] = {}
    singles: list[Path] = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            files = [p for p in _walk(path) if p.resolve() not in own]
            if not files:
                raise DataError("the folder holds no files", where=str(path), hint="name a folder with exports in it")
            found |= {p.resolve(): GivenFile(p, path, True) for p in files if p.resolve() not in found}
        elif path.exists():
            singles.append(path)
        elif matches := _matches(path):
            root = _fixed_folder(path)
            found |= {p.resolve(): GivenFile(p, root, True) for p in matches if p.resolve() not in own | found.keys()}
        else:
            raise UsageError("there is no such file or folder", where=str(path), hint="check the path")
    if singles:
        root = Path(os.path.commonpath([p.absolute().parent for p in singles]))
        found = {p.resolve(): GivenFile(p.absolute() if p.is_absolute() else p, root, False) for p in singles} | found
    return sorted(found.values(), key=lambda file: file.path.as_posix())


def name_under(file: GivenFile) -> Path:
    """The path by which a source is told of the file, so that it lies under its root."""
    return file.path if file.searched else file.path.absolute()


def _walk(folder: Path) -> Iterable[Path]:
    """The folder's files; hidden ones, the parts of a ledger and the spool of a collector are passed over."""
    for base, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not name.endswith(_OWN_FOLDERS))
        yield from (Path(base) / name for name in sorted(files) if not name.startswith("."))


def _own_files(settings: Settings) -> set[Path]:
    ledger = settings.ledger
    own = {ledger, ledger.with_name(ledger.name + ".lock"), settings.root / "finops.toml"}
    return {path.resolve() for path in own | ({settings.config} if settings.config else set())}


def _matches(pattern: Path) -> list[Path]:
    return [p for p in map(Path, sorted(glob.glob(str(pattern), recursive=True))) if p.is_file()]  # noqa: PTH207


def _fixed_folder(pattern: Path) -> Path:
    """The folder before the first part of a pattern that has a wildcard."""
    fixed = Path(pattern.anchor) if pattern.is_absolute() else Path()
    for part in pattern.parent.parts[1 if pattern.is_absolute() else 0 :]:
        if glob.has_magic(part):
            break
        fixed /= part
    return fixed
