"""The only place that writes stdout: one answer as a table, JSON, JSON lines, CSV or Markdown; only a terminal narrows it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from finops.errors import OutsideError

if TYPE_CHECKING:
    from pathlib import Path

    from finops.cli.options import Globals
    from finops.core.result import Result


def write_version() -> None:
    from finops import __version__

    write_text(f"finops {__version__}\n")


def emit(result: Result, g: Globals) -> None:
    """Writes a result as the user asked; the notes go under a table, and to stderr beside the other formats."""
    from dataclasses import replace

    from finops.cli import diagnostics
    from finops.cli.formats import rendered
    from finops.cli.layout import terminal_width

    if g.taken is not None:
        g.taken.append(result)
        return
    if g.overrides.rates:
        result = replace(result, notes=[*result.notes, *dict.fromkeys(g.overrides.rates)])
    if g.overrides.reported_in:
        result = replace(result, meta={**result.meta, "reported_in": g.overrides.reported_in[0]})
    text = rendered(result, g.format, wide=g.verbose, width=terminal_width(sys.stdout) if g.out is None else None)
    beside = [] if g.format in ("table", "md") else list(result.notes)
    diagnostics.notes([*g.overrides.told, *beside], quiet=g.quiet)
    if g.out is None:
        write_text(text)
        return
    _write_whole(g.out, text)


def _write_whole(path: Path, text: str) -> None:
    """A whole file or none; an error names the file that was asked for."""
    if path.exists() and not path.is_file() and not path.is_dir():  # a device or a named pipe: written to, never replaced
        path.write_text(text, encoding="utf-8")
        return
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except OSError as error:
        if part.is_file():
            part.unlink()
        raise OutsideError(
            f"can't write: {(error.strerror or str(error)).lower()}", where=str(path), hint="`-o FILE` names another place"
        ) from None


def write_text(text: str) -> None:
    """Writes to stdout in UTF-8, whatever the locale says."""
    stream = sys.stdout
    if (stream.encoding or "").lower().replace("-", "") != "utf8" and hasattr(stream, "reconfigure"):
        stream.reconfigure(encoding="utf-8")
    stream.write(text)
    stream.flush()
