"""The one place that opens DuckDB: its switches, and its errors turned into ours."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from finops.errors import DataError, OutOfMemory, OutsideError, UsageError

DEFAULT_MEMORY = "2GB"
CATALOG = "ledger"
"""The name under which a ledger file is attached."""

_SWITCHES = (
    "SET enable_progress_bar = false",
    "SET autoinstall_known_extensions = false",
    "SET autoload_known_extensions = false",
    "SET TimeZone = 'UTC'",
    "SET preserve_insertion_order = true",
    "SET allocator_flush_threshold = '16MB'",  # what the engine has freed goes back soon, not after hundreds of megabytes
    "SET allocator_bulk_deallocation_flush_threshold = '32MB'",
)
_SIZE = re.compile(r"(\d+(?:\.\d+)?) *([KMGT])(i?)B", re.IGNORECASE)
_UNCOUNTED_MB = 150
"""What the interpreter takes, which the engine does not count."""
_ENGINE_SHARE, _LEAST_SHARE = 0.8, 0.45
"""Of the memory configured: the engine passes its own limit while it reads Parquet and writes tables."""
_STORAGE = "v1.5.0"
"""The file format that both DuckDB lines read."""


def connect(spill: Path, *, memory: str | None = None, threads: int | None = None) -> duckdb.DuckDBPyConnection:
    """An empty connection with every switch set; it spills into `spill` once memory is used up."""
    connection = duckdb.connect(":memory:")
    for switch in _SWITCHES:
        connection.execute(switch)
    _set_memory(connection, memory or DEFAULT_MEMORY)
    connection.execute(f"SET temp_directory = {quoted(str(spill))}")
    if threads is not None:
        connection.execute(f"SET threads = {int(threads)}")
    if _knows_optimizer(connection, "partitioned_execution"):  # DuckDB 2.0.0 scans a file once per partition with it
        connection.execute("SET disabled_optimizers = 'partitioned_execution'")
    return connection


def beside(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A further connection to what another one has open, with TEMP objects of its own."""
    cursor = connection.cursor()
    for switch in _SWITCHES:
        cursor.execute(switch)
    cursor.execute(f"USE {CATALOG}")
    return cursor


def attach(connection: duckdb.DuckDBPyConnection, path: Path, *, read_only: bool) -> None:
    """Attaches a ledger file under the name `ledger` and makes it the default."""
    options = " (READ_ONLY)" if read_only else "" if path.exists() else f" (STORAGE_VERSION '{_STORAGE}')"
    try:
        connection.execute(f"ATTACH {quoted(str(path))} AS {CATALOG}{options}")
    except duckdb.Error as error:
        text = str(error)
        if "newer version" in text or "version number" in text:
            raise DataError(
                "the ledger was written by a newer DuckDB than the one installed here",
                where=str(path),
                hint="upgrade finops and its dependencies, or give another file with `--ledger`",
            ) from None
        if "lock" in text.lower():
            raise OutsideError("another program holds the ledger's file open for writing", where=str(path)) from None
        raise DataError(
            "the ledger is not a DuckDB database, or is damaged",
            where=str(path),
            hint="give another file with `--ledger`; a ledger can be made again with `finops ingest`",
        ) from None
    connection.execute(f"USE {CATALOG}")


def spill_dir(ledger: Path) -> Path:
    """A folder of this process to spill into: beside the ledger, else in the system's temporary folder."""
    folder = parts_dir(ledger)
    base = folder if folder.is_dir() and os.access(folder, os.W_OK) else Path(tempfile.gettempdir())
    return base / f"spill-{os.getpid()}-{os.urandom(4).hex()}"


def parts_dir(ledger: Path) -> Path:
    """The folder of Parquet parts beside a ledger file."""
    return ledger.with_name(ledger.name + ".d")


def close(connection: duckdb.DuckDBPyConnection, spill: Path) -> None:
    """Closes a connection and removes what it spilled."""
    connection.close()
    if spill.is_dir():
        shutil.rmtree(spill, ignore_errors=True)


@contextmanager
def engine_errors(what: str, *, where: str | None = None, hint: str | None = None, memory: str | None = None) -> Iterator[None]:
    """Turns an error of DuckDB inside the block into one clear error. `memory` is what the connection was given."""
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        raise OutOfMemory(
            f"{what}: memory and spill space are used up",
            where=where,
            hint=more_memory(memory or DEFAULT_MEMORY),
        ) from error
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except duckdb.Error as error:
        raise DataError(f"{what}: {first_line(error)}", where=where, hint=hint) from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # Ctrl-C while DuckDB pulls rows from Python
            raise KeyboardInterrupt from error
        raise


def more_memory(memory: str) -> str:
    """What to try where so much memory did not do."""
    sized = _SIZE.fullmatch(memory.strip())
    twice = f"{float(sized[1]) * 2:g}{memory.strip()[len(sized[1]) :].strip()}" if sized else "more"
    return (
        f"{memory} did not do: try {twice}, as `[ledger] memory` or `finops build --memory {twice}`; "
        "what does not fit is spilled to the disk beside the ledger, which needs space too"
    )


def first_line(error: BaseException) -> str:
    """The first sentence of an engine's error, without its class."""
    text = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return re.sub(r"^[A-Z][A-Za-z ]* Error: ", "", text)


def quoted(text: str) -> str:
    """A SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def named(identifier: str) -> str:
    """A quoted SQL identifier."""
    return '"' + identifier.replace('"', '""') + '"'


def _set_memory(connection: duckdb.DuckDBPyConnection, memory: str) -> None:
    """What is configured is what the process may take: the engine's own limit leaves room for what it does not count."""
    try:
        connection.execute(f"SET memory_limit = {quoted(memory)}")
        if sized := _SIZE.fullmatch(memory.strip()):
            size = float(sized[1]) * (1024 if sized[3] else 1000) ** (" KMGT".index(sized[2].upper())) / 1_000_000
            engine = max(size * _ENGINE_SHARE - _UNCOUNTED_MB, size * _LEAST_SHARE)
            connection.execute(f"SET memory_limit = '{engine:.3f}MB'")
    except duckdb.Error:
        raise UsageError(f"`{memory}` is not an amount of memory", where="[ledger] memory", hint='write it as "2GB"') from None


def _knows_optimizer(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(connection.execute("SELECT count(*) FROM duckdb_optimizers() WHERE name = $1", [name]).fetchall()[0][0])
