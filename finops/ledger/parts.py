"""Parquet parts: immutable files named by their content, written aside, made durable, then renamed into place."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from finops.core.contracts import Contract
from finops.errors import DataError
from finops.ledger.connect import parts_dir, quoted
from finops.ledger.schema import column_names, empty_select

NARROW = frozenset({"charge"})
"""Contracts whose parts hold only the columns that their file feeds: of eighty columns of a bill, most say nothing."""
_ASIDE = ".writing-"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class PartFile:
    """One part as the catalogue lists it."""

    file: str
    contract: str
    rows: int
    disk_bytes: int
    content_hash: str


def aside(ledger: Path) -> Path:
    """A name in the parts folder for something that is still being written."""
    folder = parts_dir(ledger)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{_ASIDE}{os.getpid()}-{os.urandom(4).hex()}"


@contextmanager
def sealing(written: Sequence[Path]) -> Iterator[Callable[[Path], str]]:
    """Hashes written files and makes them durable in threads beside the block, which may ask for the SHA-256 of one that is."""
    with ThreadPoolExecutor(2) as hashing, ThreadPoolExecutor(2) as syncing:
        on_disk = {path: syncing.submit(sync_file, path) for path in written}
        digests = {path: hashing.submit(sha256_of, path) for path in written}

        def sealed(path: Path) -> str:
            on_disk[path].result()
            return digests[path].result()

        yield sealed


def commit_part(ledger: Path, written: Path, contract: str, rows: int, digest: str) -> PartFile:
    """Gives a written file the name of its content."""
    name = f"{contract}-{digest[:32]}.parquet"
    size = written.stat().st_size
    written.rename(parts_dir(ledger) / name)
    return PartFile(name, contract, rows, size, digest)


def relation_sql(contract: Contract, paths: Sequence[Path]) -> str:
    """Parts of a contract as one relation, for a FROM. Columns that a part of a narrow contract lacks are null."""
    if not paths:
        return f"({empty_select(contract)})"
    files = ", ".join(quoted(str(path)) for path in paths)
    if contract.name not in NARROW:
        return f"read_parquet([{files}], hive_partitioning = false)"
    rows = f"SELECT * FROM read_parquet([{files}], hive_partitioning = false, union_by_name = true)"
    return f"({empty_select(contract)} UNION ALL BY NAME {rows})"


def view_sql(ledger: Path, contract: Contract, files: Sequence[str]) -> str:
    """The TEMP view of a contract over an explicit list of parts."""
    rows = relation_sql(contract, [parts_dir(ledger) / file for file in files])
    return f"CREATE OR REPLACE TEMP VIEW {contract.name} AS SELECT {column_names(contract)} FROM {rows}"


def check_present(ledger: Path, files: Sequence[str]) -> None:
    """Refuses a ledger of which a part is gone."""
    folder = parts_dir(ledger)
    missing = [file for file in files if not (folder / file).is_file()]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise DataError(
            f"the ledger's part `{missing[0]}`{more} is missing",
            where=str(folder),
            hint="`finops doctor` lists what is damaged; put the file back, or ingest its source again into a new ledger",
        )


def orphans(ledger: Path, known: set[str]) -> list[Path]:
    """Files in the parts folder that the catalogue does not list: what killed loads left, and dead processes' spill."""
    folder = parts_dir(ledger)
    if not folder.is_dir():
        return []
    return sorted(p for p in folder.iterdir() if p.name not in known and not _is_live_spill(p))


def stale_copies(ledger: Path) -> list[Path]:
    """Copies of the ledger that a killed writer left behind."""
    return sorted(p for p in ledger.parent.glob(f"{ledger.name}.copy-*") if p.is_file())


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def sync_file(path: Path) -> None:
    """Waits until a file's bytes are on disk."""
    _sync(path, os.O_RDONLY)


def sync_dir(path: Path) -> None:
    """Waits until a folder's names are on disk."""
    _sync(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_live_spill(path: Path) -> bool:
    """True for the spill folder of a process that still runs: readers spill beside the parts without a lock."""
    pieces = path.name.split("-")
    if pieces[0] != "spill" or len(pieces) < 2 or not pieces[1].isdigit():
        return False
    try:
        os.kill(int(pieces[1]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
