"""The floors that speed is compared with: the least work that reads the same bytes."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Bill:
    """All bills of the sample as one Parquet file."""

    path: Path
    rows: int


@dataclass(frozen=True)
class Traces:
    """The trace files and how many spans they hold."""

    paths: list[Path]
    rows: int


NORMALISED = {
    "DECIMAL(38,12)": ("BilledCost", "EffectiveCost", "ListCost", "ContractedCost"),
    "TIMESTAMP": ("ChargePeriodStart", "ChargePeriodEnd", "BillingPeriodStart", "BillingPeriodEnd"),
}


def bill_as_parquet(data: Path, home: Path) -> Bill:
    """One Parquet file of every FOCUS CSV file under `data`, all columns as text. Made in a process of its own: a process that
    is started inherits the peak memory of the one that starts it."""
    target = home / "bill.parquet"
    files = [str(p) for p in sorted((data / "bills").rglob("*.csv*"))]
    code = f"""
import duckdb
c = duckdb.connect()
c.execute("SET enable_progress_bar=false")
bill = c.sql("SELECT * FROM read_csv({files!r}, all_varchar=true, union_by_name=true, header=true)")
bill.write_parquet('{target}', compression='zstd')
print(c.execute("SELECT count(*) FROM '{target}'").fetchall()[0][0])
"""
    counted = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return Bill(target, int(counted.stdout))


def traces(data: Path) -> Traces:
    """The OTLP files under `data`."""
    import gzip

    paths = sorted((data / "traces").glob("*.jsonl*"))
    rows = 0
    for path in paths:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rb") as stream:
            rows += sum(line.count(b'"spanId"') for line in stream)
    return Traces(paths, rows)


def normalise(bill: Path, target: Path) -> str:
    """Code for one plain DuckDB pass: every column read, money and times cast, written as Parquet."""
    casts = ", ".join(f"try_cast({column} AS {kind}) AS {column}" for kind, columns in NORMALISED.items() for column in columns)
    return f"""
import duckdb
c = duckdb.connect()
c.execute("SET enable_progress_bar=false; SET preserve_insertion_order=false")
c.execute('''COPY (SELECT * REPLACE ({casts}) FROM read_parquet('{bill}')) TO '{target}' (FORMAT parquet, COMPRESSION zstd)''')
"""


def decode(paths: Sequence[Path]) -> str:
    """Code for a typed msgspec decode of the same bytes, of the fields that are read, in one process, the result dropped."""
    return f"""
import gzip, msgspec
class Item(msgspec.Struct, gc=False):
    stringValue: str | None = None
class Items(msgspec.Struct, gc=False):
    values: list[Item] | None = None
class Value(msgspec.Struct, gc=False):
    stringValue: str | None = None
    intValue: str | int | None = None
    doubleValue: float | None = None
    boolValue: bool | None = None
    arrayValue: Items | None = None
class Attribute(msgspec.Struct, gc=False):
    key: str
    value: Value
class Status(msgspec.Struct, gc=False):
    code: int | str | None = None
class Span(msgspec.Struct, gc=False):
    traceId: str = ''
    spanId: str = ''
    parentSpanId: str = ''
    name: str = ''
    startTimeUnixNano: str | int = ''
    endTimeUnixNano: str | int = ''
    attributes: list[Attribute] = []
    status: Status | None = None
class Scope(msgspec.Struct, gc=False):
    spans: list[Span] = []
class Resource(msgspec.Struct, gc=False):
    attributes: list[Attribute] = []
class ResourceSpan(msgspec.Struct, gc=False):
    resource: Resource | None = None
    scopeSpans: list[Scope] = []
class Traces(msgspec.Struct, gc=False):
    resourceSpans: list[ResourceSpan] = []
decoder = msgspec.json.Decoder(Traces)
for path in {[str(p) for p in paths]!r}:
    with (gzip.open if path.endswith('.gz') else open)(path, 'rb') as stream:
        for line in stream:
            decoder.decode(line)
"""


def scan(parts: Path) -> str:
    """Code for a plain scan of the columns that a build needs."""
    columns = {
        "charge": "sum(BilledCost), sum(EffectiveCost), sum(ListCost), sum(ContractedCost), max(ChargePeriodStart),"
        " max(ServiceName), max(ResourceId), max(RegionId), max(Tags::VARCHAR)",
        "call": "max(trace), max(span), max(parent), max(start_time), max(model), max(agent), sum(input_uncached), sum(output)",
    }
    return f"""
import duckdb, glob
c = duckdb.connect()
for contract, columns in {columns!r}.items():
    files = glob.glob('{parts}/' + contract + '-*.parquet')
    if files:
        c.execute(f'SELECT {{columns}} FROM read_parquet({{files!r}})').fetchall()
"""
