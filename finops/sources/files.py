"""Opening what was given: gzip or zstd by its first bytes, a bounded head, and one pass for hash and encoding."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

from finops.errors import DataError, OutsideError, UsageError
from finops.sources.base import Part

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer as Buffer

    from finops.errors import FinopsError

HEAD_BYTES = 1 << 20
"""No decision looks further into a file than this; a first line that is longer is refused."""

BOMB_BYTES = 512 << 20
BOMB_RATIO = 200
"""A file that unpacks to more bytes, and to more than so many times its size, is refused: exports shrink to a tenth, not to
less than a hundredth."""

LONGEST_TABLE_LINE = 64 << 20
"""A longer line of a table is refused with its file: the ledger's reader would lose it without a word from 128 MiB on."""

_CHUNK = 1 << 18
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PACKED_SUFFIXES = (".gz", ".zst")
_BOMS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"))
_UTF16_BE = (codecs.BOM_UTF16_BE, "UTF-16")


def bare_name(path: Path) -> str:
    """The file's name in lower case without a trailing `.gz` or `.zst`."""
    name = path.name.lower()
    for suffix in _PACKED_SUFFIXES:
        name = name.removesuffix(suffix)
    return name


def file_part(path: Path, root: Path, *, text: bool = True, closed: bool = False) -> Part:
    """The file as one part. Text is checked on the way: UTF-8 without NUL bytes, gzip not cut short; with `closed`, a JSON array
    is closed."""
    return Part(path, part_name(path, root), content_hash(path, text=text, closed=closed), path.stat().st_size)


def part_name(path: Path, root: Path) -> str:
    """The file's path below the root."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) and path != root else path.name


def content_hash(path: Path, *, text: bool = True, closed: bool = False) -> str:
    """The SHA-256 of the decompressed bytes, added up and checked in a second thread while the next ones are unpacked."""
    digest, check = hashlib.sha256(), TextCheck(path)

    def seen(chunk: bytes) -> None:
        digest.update(chunk)
        if text:
            check.feed(chunk)

    with opened(path) as stream, ThreadPoolExecutor(1) as beside:
        behind: Future[None] | None = None
        while chunk := stream.read(_CHUNK):
            if behind is not None:
                behind.result()
            behind = beside.submit(seen, chunk)
        if behind is not None:
            behind.result()
    if text:
        check.close(closed)
    return digest.hexdigest()


def head(path: Path, limit: int = HEAD_BYTES) -> bytes:
    """The first decompressed bytes, at most `limit`."""
    with opened(path) as stream:
        blocks, size = [], 0
        while size < limit and (block := stream.read(limit - size)):
            blocks.append(block)
            size += len(block)
        return b"".join(blocks)


@contextmanager
def opened(path: Path) -> Iterator[IO[bytes]]:
    """The decompressed bytes of a regular file. Whatever goes wrong while they are read is one clear error."""
    try:
        _refuse_other_than_file(path)
        with path.open("rb") as raw, _unpacked(path, raw) as stream:
            yield stream
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise _cut_short(path, "gzip", error) from error
    except PermissionError as error:
        raise OutsideError("this file may not be read", where=str(path), hint="check its permissions") from error
    except OSError as error:
        if error.errno is None:  # pyarrow's decompressor raises it bare
            raise _cut_short(path, "zstd", error) from error
        raise OutsideError(f"this file can't be read: {error.strerror}", where=str(path)) from error


def _refuse_other_than_file(path: Path) -> None:
    where = str(path)
    if path.is_dir():
        raise UsageError("this is a folder, not a file", where=where, hint="name its files, or a pattern such as `*.csv`")
    if not path.exists():
        raise UsageError("there is no such file", where=where, hint="check the path")
    if not path.is_file():
        raise DataError("this is not a regular file", where=where, hint="write it to a file first")


@contextmanager
def _unpacked(path: Path, raw: IO[bytes]) -> Iterator[IO[bytes]]:
    magic = raw.read(4)
    raw.seek(0)
    packing = ".gz" if magic.startswith(_GZIP) else ".zst" if magic == _ZSTD else ""
    named = next((suffix for suffix in _PACKED_SUFFIXES if path.name.lower().endswith(suffix)), "")
    if magic and packing != named:
        raise _misnamed(path, packing, named)
    if packing == ".gz":
        from isal import igzip, isal_zlib  # three times as fast as gzip of the standard library

        with igzip.IGzipFile(fileobj=raw) as stream:  # type: ignore[no-untyped-call]  # isal has no types
            try:
                yield _bounded(path, cast("IO[bytes]", stream))
            except isal_zlib.error as error:  # type: ignore[misc]  # isal has no types
                raise zlib.error(str(error)) from error
    elif packing == ".zst":
        import pyarrow as pa

        with pa.CompressedInputStream(raw, "zstd") as plain:
            yield _bounded(path, plain)
    else:
        yield raw


class _Bounded(io.RawIOBase):
    """Decompressed bytes, counted: a few kilobytes must not become a terabyte."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        super().__init__()
        self._path, self._stream = path, stream
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Buffer) -> int:
        view = memoryview(target)
        piece = self._stream.read(len(view))
        self._count += len(piece)
        refuse_bomb(self._path, self._count)
        view[: len(piece)] = piece
        return len(piece)


def _bounded(path: Path, stream: IO[bytes]) -> IO[bytes]:
    return io.BufferedReader(_Bounded(path, stream), _CHUNK)


def refuse_bomb(path: Path, unpacked: int) -> None:
    """Raises DataError where a file comes to more bytes unpacked than any export would."""
    if unpacked <= BOMB_BYTES or unpacked <= BOMB_RATIO * path.stat().st_size:
        return
    what = f"this file unpacks to more than {BOMB_RATIO} times its size, and to more than {BOMB_BYTES >> 20} MiB"
    unpack = "zstd" if path.name.lower().endswith(".zst") else "gzip"
    hint = f"if that is what it should do, unpack it first: `{unpack} -dk {path.name}`"
    raise DataError(what, where=str(path), hint=hint)


def _misnamed(path: Path, packing: str, named: str) -> FinopsError:
    if packing:
        return DataError(
            f"the bytes are compressed ({packing[1:]}) but the name does not say so",
            where=str(path),
            hint=f"rename it to {path.name}{packing}" if not named else f"its ending should be {packing}",
        )
    return DataError(
        f"the name ends in {named} but the bytes are not compressed that way",
        where=str(path),
        hint=f"rename it without {named}, or fetch it again if it was cut short",
    )


def _cut_short(path: Path, packing: str, error: Exception) -> FinopsError:
    reason = str(error) or "unexpected end"
    return DataError(
        f"this {packing} file is cut short or damaged ({reason})", where=str(path), hint="fetch or export the file again"
    )


class TextCheck:
    """Follows a stream of bytes and refuses the first that is not UTF-8 text."""

    def __init__(self, path: Path) -> None:
        self._path, self._size, self._first = path, 0, True
        self._is_table, self._since_line_end = False, 0
        self._is_array, self._last = False, b""
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, chunk: bytes) -> None:
        if self._first:
            refuse_wide_encoding(self._path, chunk)
            start = chunk.lstrip(b" \t\r\n\xef\xbb\xbf")[:1]
            self._first, self._is_table, self._is_array = False, start not in (b"{", b"["), start == b"["
        if (nul := chunk.find(b"\0")) >= 0:
            raise self._error("a NUL byte", nul, "the file is binary or UTF-16; export it as UTF-8 text")
        if not chunk.isascii() or self._decoder.getstate()[0]:
            try:
                self._decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise self._not_utf8(error, chunk) from error
        if self._is_table:
            self._measure(chunk)
        elif self._is_array:
            self._last = chunk.rstrip()[-1:] or self._last
        self._size += len(chunk)

    def _measure(self, chunk: bytes) -> None:
        """Refuses a line that is too long; only lines that go on from chunk to chunk can be."""
        longest = self._since_line_end + (chunk.find(b"\n") % (len(chunk) + 1))
        if longest > LONGEST_TABLE_LINE:
            what = f"a line is longer than {LONGEST_TABLE_LINE >> 20} MiB"
            where = f"{self._path}, line {self._line(0)}"
            raise DataError(what, where=where, hint="check for a missing line break, or how the file was exported")
        newline = chunk.rfind(b"\n")
        self._since_line_end = len(chunk) - newline - 1 + (self._since_line_end if newline < 0 else 0)

    def close(self, closed: bool = False) -> None:
        try:
            self._decoder.decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise self._error("half a character at the end", 0, "the file is cut short; fetch or export it again") from error
        if closed and self._is_array and self._last != b"]":
            what = "this JSON array is cut short: nothing closes it"
            raise DataError(what, where=f"{self._path}, line {self._line(0)}", hint="fetch or export the file again")

    def _not_utf8(self, error: UnicodeDecodeError, chunk: bytes) -> FinopsError:
        byte = error.object[error.start]
        before = max(0, error.start - (len(error.object) - len(chunk)))
        hint = "it looks like Latin-1 or Windows-1252; convert it: `iconv -f WINDOWS-1252 -t UTF-8 FILE > NEW`"
        return self._error(f"the byte 0x{byte:02X}, which is not UTF-8", before, hint)

    def _error(self, what: str, before: int, hint: str) -> FinopsError:
        return DataError(f"the text holds {what}", where=f"{self._path}, line {self._line(before)}", hint=hint)

    def _line(self, more: int) -> int:
        """The line on which the byte stands that comes `more` bytes behind the last chunk. Only an error needs it: the file is
        read once more."""
        left, line = self._size + more, 1
        with opened(self._path) as stream:
            while left and (chunk := stream.read(min(left, _CHUNK))):
                left, line = left - len(chunk), line + chunk.count(b"\n")
        return line


def refuse_wide_encoding(path: Path, start: bytes) -> None:
    """Raises DataError where the first bytes mark UTF-16 or UTF-32."""
    for mark, name in (*_BOMS, _UTF16_BE):
        if start.startswith(mark):
            hint = f"convert it: `iconv -f {name} -t UTF-8 FILE > NEW`"
            raise DataError(f"the text is {name}, and UTF-8 is what can be read", where=str(path), hint=hint)
