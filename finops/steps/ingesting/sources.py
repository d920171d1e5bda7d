"""Which kinds of files can be read, and whether the files at hand would do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.contracts import CONTRACTS
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import DataError, FinopsError, UsageError
from finops.sources import names, source
from finops.sources.base import Load, Part, TableScan
from finops.sources.detect import recognise
from finops.sources.glimpse import glimpse
from finops.sources.manifests import is_artifact
from finops.sources.mapped import Mapped
from finops.steps.ingesting.given_files import GivenFile, given_files
from finops.steps.ingesting.import_sources import checked_imports
from finops.steps.ingesting.manifest_deliveries import manifest_at
from finops.steps.ingesting.mapping_check import tried
from finops.steps.ingesting.source_options import asked_of, source_options
from finops.steps.ingesting.wide_text import as_utf8

_LISTED = (
    Column("source", "Source"),
    Column("title", "Reads"),
    Column("contracts", "Feeds", "list"),
    Column("endings", "Names end in", "list", wide_only=True),
)
_CHECKED = (
    Column("path", "File"),
    Column("source", "Source"),
    Column("status", "Status"),
    Column("rows", "Rows", "count"),
    Column("rejected", "Rejected", "count"),
    Column("columns", "Columns read", "count"),
    Column("amount", "Billed", "money", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("reason", "What stands in the way"),
    Column("mapped", "Mapped", "list", wide_only=True),
    Column("unused", "Not used", "list", wide_only=True),
    Column("missing", "Missing", "list", wide_only=True),
    Column("first_rows", "First rows", "list", wide_only=True),
)
_MOST_REASONS = 3


def list_sources(overrides: Overrides) -> Result:
    """Every source that is installed, and the kinds of files that the configuration describes."""
    rows = []
    for known in map(source, names()):
        endings = sorted({ending for pattern in known.patterns for ending in pattern.suffixes})
        rows.append({"source": known.name, "title": known.title, "contracts": list(known.contracts), "endings": endings})
    for one in checked_imports(load_settings(overrides)):
        made = one.made
        title = made.title if isinstance(made, Mapped) else f"{made.where}: {made.what}"
        contracts = list(made.contracts) if isinstance(made, Mapped) else []
        rows.append({"source": one.name or "", "title": title, "contracts": contracts, "endings": list(one.files)})
    return Result(_LISTED, rows, notes=("each also as .gz or .zst; `finops sources check PATH` tells what a file is",))


def check_files(overrides: Overrides, paths: Sequence[Path], *, wanted: str | None, talk: Talk) -> Result:
    """What each file is and whether it can be read; nothing is loaded. Files of an `[[import]]` are tried in full, others only
    read: their tables are cast when they are loaded. Without paths, the files beside the configuration that the imports claim."""
    settings = load_settings(overrides)
    rows: list[dict[str, Any]] = []
    imports: list[Mapped] = []
    for one in checked_imports(settings):
        if isinstance(one.made, Mapped):
            imports.append(one.made)
        else:
            rows.append(_row(one.made.where or "", one.name, reason=_reason(one.made)))
    files = _files(settings, paths, imports)
    options = source_options(settings)
    talk.stage("check", total=len(files))
    notes = [f"{row['path']}: {row['reason']}" for row in rows]
    with as_utf8([GivenFile(path, path.parent, False) for path in files], settings) as given:
        for path, file in zip(files, given, strict=True):
            row, said = _checked(file.path, wanted, imports, options, settings)
            rows.append(row | {"path": str(path)})
            said += [row["reason"]] if row["reason"] and row["reason"] not in said else []
            notes += [f"{path}: {note}" for note in said]
            talk.advance(1)
    notes += _without_files(imports, files, {row["source"] for row in rows})
    return Result(_CHECKED, rows, notes=tuple(notes))


def _files(settings: Settings, paths: Sequence[Path], imports: Sequence[Mapped]) -> list[Path]:
    if paths:
        return [file.path for file in given_files(paths, settings)]
    if not settings.imports and not settings.import_faults:
        hint = "name files, or describe your own kinds of files by [[import]] in finops.toml"
        raise UsageError("there is nothing to check", hint=hint)
    try:
        found = [file.path for file in given_files([settings.root], settings)]
    except DataError:
        return []  # the folder holds nothing else
    here = Path.cwd()
    shown = [path.relative_to(here) if path.is_relative_to(here) else path for path in found]
    return [path for path in shown if any(_claims(one, path) for one in imports)]


def _claims(one: Mapped, path: Path) -> bool:
    try:
        return one.reads(path) or one.claims(glimpse(path))
    except FinopsError:
        return False


def _without_files(imports: Sequence[Mapped], files: Sequence[Path], taken: set[Any]) -> list[str]:
    """Mappings that claim none of the files, and why."""
    said = []
    for one in imports:
        if one.name in taken:
            continue
        reasons = [f"{path.name}: {why}" for path in files[:_MOST_REASONS] if (why := _why_not(one, path))]
        among = f"none of the {len(files):,} files" if files else f"no file beside {one.where(None).split(':', 1)[0]}"
        said.append(f"`{one.name}`: {among} is of this kind" + (f" ({'; '.join(reasons)})" if reasons else ""))
    return said


def _why_not(one: Mapped, path: Path) -> str | None:
    try:
        return one.why_not(glimpse(path))
    except FinopsError as error:
        return error.what


def _checked(
    path: Path, wanted: str | None, imports: Sequence[Mapped], options: Mapping[str, Any], settings: Settings
) -> tuple[dict[str, Any], list[str]]:
    row = _row(str(path), None)
    try:
        one = recognise(path, wanted, imports)
        if isinstance(one, Mapped):
            found, said = tried(path, one)
            return row | found, said
        row["source"] = one.name
        notes: list[str] = []
        for part in one.parts(path, path.parent):
            _ = part.content_hash  # which checks the text
            for load in one.open(part, {**options, **asked_of(one, path, settings)}):
                _count(row, part, load)
                notes += load.notes
    except FinopsError as error:
        if (manifest := manifest_at(path)) is not None:
            return row | {"status": "manifest"}, [f"names {len(manifest.files):,} files of {manifest.report}, {manifest.period}"]
        if is_artifact(path.as_posix()):
            return row | {"status": "left out"}, ["helps other programs to load a report"]
        return row | {"reason": _reason(error)}, []
    return row | {"status": "readable"}, notes


def _row(path: str, name: str | None, reason: str | None = None) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(column.key for column in _CHECKED)
    return row | {"path": path, "source": name, "status": "refused", "reason": reason}


def _reason(error: FinopsError) -> str:
    return error.what + (f" ({error.hint})" if error.hint else "")


def _count(row: dict[str, Any], part: Part, load: Load) -> None:
    if isinstance(load.data, TableScan):
        row["columns"] = len(load.data.columns)
        return
    row["columns"] = len(CONTRACTS[load.contract].names)
    row["rows"] = (row["rows"] or 0) + sum(batch.num_rows for batch in load.data)
    row["rejected"] = (row["rejected"] or 0) + len(load.rejects)
    if load.rejects and row["reason"] is None:
        first = load.rejects[0]
        row["reason"] = f"{part.name}, row {first.row}{f', {first.column}' if first.column else ''}: {first.reason}"
