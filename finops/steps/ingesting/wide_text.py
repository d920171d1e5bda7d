"""Files in UTF-16, as spreadsheets write them, and JSON behind a mark, read through a plain copy that goes when the call ends."""

from __future__ import annotations

import codecs
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from finops.config import Settings
from finops.errors import DataError, FinopsError, OutsideError
from finops.sources.mapped import fits_name
from finops.steps.ingesting.given_files import GivenFile

_CHARACTERS = 1 << 20
_WIDE = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_JSON = (".json", ".jsonl", ".ndjson")
_WIDER = codecs.BOM_UTF32_LE
"""The mark of UTF-32 begins like one of UTF-16; such files are refused by their readers."""


@contextmanager
def as_utf8(files: Sequence[GivenFile], settings: Settings) -> Iterator[list[GivenFile]]:
    """The files, of which those in UTF-16 stand as copies under their own names. What an `[[import]]` reads in an encoding of
    its own stays as it is."""
    wide = [file for file in files if _encoding(file.path) is not None and not _is_mapped(file.path, settings)]
    if not wide:
        yield list(files)
        return
    with tempfile.TemporaryDirectory(prefix="finops-") as folder:
        copies: dict[Path, GivenFile] = {}
        shown: dict[str, str] = {}
        for number, file in enumerate(wide):
            root = Path(folder).resolve() / str(number)
            inside = file.path.is_relative_to(file.root) and file.path != file.root
            copy = root / (file.path.relative_to(file.root) if inside else file.path.name)
            copy.parent.mkdir(parents=True)
            _convert(file.path, copy)
            copies[file.path] = replace(file, path=copy, root=root, shown=file.label)
            shown[str(copy)] = file.label
        try:
            yield [copies.get(file.path, file) for file in files]
        except FinopsError as error:
            for copy_path, label in shown.items():
                error.where = error.where.replace(copy_path, label) if error.where else None
            raise


def _encoding(path: Path) -> str | None:
    """The encoding that the file's first bytes mark, where readers want another: UTF-16, or a mark before JSON."""
    try:
        with path.open("rb") as stream:
            start = stream.read(4)
    except OSError:
        return None  # whoever reads it says why it can't be read
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig" if path.name.lower().endswith(_JSON) else None
    return "utf-16" if start.startswith(_WIDE) and start != _WIDER else None


def _is_mapped(path: Path, settings: Settings) -> bool:
    return any(one.encoding is not None and any(fits_name(path, name) for name in one.files) for one in settings.imports)


def _convert(path: Path, copy: Path) -> None:
    try:
        with path.open(encoding=_encoding(path), newline="") as wide, copy.open("w", encoding="utf-8", newline="") as plain:
            while text := wide.read(_CHARACTERS):
                plain.write(text)
    except UnicodeError as error:
        raise DataError(
            "the text begins with the mark of an encoding and goes on in another", where=str(path), hint="export it again"
        ) from error
    except OSError as error:
        raise OutsideError(f"this file can't be read: {(error.strerror or str(error)).lower()}", where=str(path)) from error
