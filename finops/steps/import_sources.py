"""The kinds of files that the configuration describes by `[[import]]`, as sources."""

from __future__ import annotations

import re
from collections.abc import Mapping

from finops.config import CONFIG_NAME, Settings
from finops.core.settings import Import
from finops.errors import FinopsError, UsageError
from finops.sources import names
from finops.sources.mapped import Mapped


def import_sources(settings: Settings) -> tuple[Mapped, ...]:
    """Every mapping as a source. Raises UsageError at the first that would not do."""
    made = checked_imports(settings)
    for one in made:
        if isinstance(one, FinopsError):
            raise one
    return tuple(one for one in made if isinstance(one, Mapped))


def checked_imports(settings: Settings) -> list[Mapped | FinopsError]:
    """Every mapping in the order of the configuration: as a source, or what is wrong with it."""
    text = settings.config.read_text(encoding="utf-8") if settings.config and settings.imports else ""
    found: list[Mapped | FinopsError] = []
    taken: dict[str, int] = {}
    for given in settings.imports:
        lines = _lines(text, given.line)
        try:
            _refuse_taken(given, taken, _where(settings, given, lines, None))
            found.append(Mapped(given, lambda key, given=given, lines=lines: _where(settings, given, lines, key)))  # type: ignore[misc]
        except FinopsError as error:
            found.append(error)
        taken.setdefault(given.name, given.line)
    return found


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
