"""The kinds of files that the configuration describes by `[[import]]`, as sources."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from finops.config import CONFIG_NAME, Settings
from finops.core.settings import Import
from finops.errors import FinopsError, UsageError
from finops.sources import names
from finops.sources.mapped import Mapped, fits_name


@dataclass(frozen=True)
class Described:
    """A mapping: its name, the names of its files (none: whatever has its columns), and the source, or what is wrong with it."""

    name: str | None
    files: tuple[str, ...]
    made: Mapped | FinopsError

    def may_claim(self, path: Path) -> bool:
        """Whether the file may be one of the mapping's, as far as names tell."""
        return not self.files or any(fits_name(path, pattern) for pattern in self.files)


def import_sources(settings: Settings, paths: Iterable[Path]) -> tuple[tuple[Mapped, ...], list[str]]:
    """The mappings as sources of these files, and what is to be said of those that would not do. Raises UsageError where such a
    one may claim one of the files: it would pass for something else."""
    every = checked_imports(settings)
    files = list(paths)
    told = []
    for one in every:
        if isinstance(one.made, FinopsError):
            if any(map(one.may_claim, files)):
                raise one.made
            told.append(f"{one.made.where}: {one.made.what}: none of these files is of that kind by its name")
    return sources_of(every), told


def sources_of(every: Iterable[Described]) -> tuple[Mapped, ...]:
    """Those that can be read by."""
    return tuple(one.made for one in every if isinstance(one.made, Mapped))


def checked_imports(settings: Settings) -> list[Described]:
    """Every mapping in the order of the configuration: as a source, or what is wrong with it."""
    text = settings.config.read_text(encoding="utf-8") if settings.config and settings.imports else ""
    found: list[tuple[int, Described]] = []
    taken: dict[str, int] = {}
    for given in settings.imports:
        lines = _lines(text, given.line)
        made: Mapped | FinopsError
        try:
            _refuse_taken(given, taken, _where(settings, given, lines, None))
            made = Mapped(given, partial(_where, settings, given, lines))
        except FinopsError as error:
            made = error
        found.append((given.line, Described(given.name, given.files, made)))
        taken.setdefault(given.name, given.line)
    for fault in settings.import_faults:
        name, files = (fault.given.get(key) for key in ("name", "files"))
        files = files if isinstance(files, list) else [files]
        told = tuple(file for file in files if isinstance(file, str))
        found.append((fault.line, Described(name if isinstance(name, str) else None, told, fault.error)))
    return [one for _, one in sorted(found, key=lambda item: item[0])]


def _refuse_taken(given: Import, taken: Mapping[str, int], where: str) -> None:
    if given.name in taken:
        what = f"two imports are called `{given.name}`"
        raise UsageError(what, where=f"{where} (first on line {taken[given.name]})", hint="give each a name of its own")
    if given.name in names():
        hint = f"choose another name, such as `our-{given.name}`"
        raise UsageError(f"there is a source `{given.name}` already", where=where, hint=hint)


def _where(settings: Settings, given: Import, lines: Mapping[str, int], key: str | None) -> str:
    file = settings.config.name if settings.config else CONFIG_NAME
    line = lines.get(key or "", given.line)
    return f"{file}:{line} [[import]] {given.name}" + (f", {key}" if key else "")


def _lines(text: str, start: int) -> dict[str, int]:
    """The line on which each key of the mapping that begins on line `start` stands first."""
    found: dict[str, int] = {}
    for number, line in enumerate(text.splitlines()[start:], start + 1):
        told = re.sub(r'"[^"]*"(?!\s*=)', '""', line).split("#", 1)[0]
        if told.strip().startswith("[") and not re.match(r"\s*\[\s*import\s*\.", told):
            break
        for bare, quoted in re.findall(r'(?:([A-Za-z0-9_-]+)|"([^"]+)")\s*=(?!=)', told):
            found.setdefault(bare or quoted, number)
    return found
