"""Makes the sample company's files: `python sample_data/generate.py OUT [--times N] [--plain]`. Same seed, same bytes.

`--times N` writes every trace, charge, meter and outcome N times under other ids, for benchmarks. `--plain` does not compress.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TextIO

sys.path.insert(0, str(Path(__file__).resolve().parent))

from generator import benchmarks, bills, company, otlp, pages, parquet, reservation, tables, truth
from generator.chance import stream
from generator.gpu import Hour, simulate
from generator.runs import Run, days, runs_of
from generator.spans import spans_of

FIRST_ID = "0acc"
"""The first digits of every trace id; copies for benchmarks have their number there."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="folder to write to")
    parser.add_argument("--times", type=int, default=1, help="how many times the company's size")
    parser.add_argument("--plain", action="store_true", help="do not compress")
    given = parser.parse_args()
    generate(given.out, given.times, plain=given.plain)
    print(f"{given.out}: {sum(f.stat().st_size for f in given.out.rglob('*') if f.is_file()):,} bytes")


def generate(out: Path, times: int = 1, *, plain: bool = False) -> None:
    """Writes the company's files into a folder."""
    if not 1 <= times <= 0xACB:
        raise SystemExit("--times must be between 1 and 2763")
    writer = _Writer(out, times, plain)
    runs, counted = _write_traces(writer)
    hours = simulate(runs)
    charges = _charges(runs, hours)
    for name, rows in charges.items():
        _write_bill(writer, name, [row for row in rows if truth.delivered(name, row)])
    _write_tables(writer, runs, hours)
    for name, result, hardware in benchmarks.results():
        writer.text(f"bench/{name}.json", json.dumps(result, indent=1) + "\n")
        writer.text(f"bench/{name}.hardware.json", json.dumps(hardware, indent=1) + "\n")
    known = truth.truth(runs, hours, charges, counted)
    writer.text("truth.json", json.dumps(known, indent=1) + "\n")
    writer.text("finops.toml", pages.configuration(known))
    writer.text("README.md", pages.readme(known))


def _write_traces(writer: _Writer) -> tuple[list[Run], truth.Json]:
    """Writes traces month by month and keeps only what later files need. Days after the business date are not written."""
    runs: list[Run] = []
    counted: Counter[str] = Counter()
    month: list[str] = []
    for day in days():
        today = runs_of(day)
        lines = []
        for run in today:
            spans = spans_of(run)
            if day > company.AS_OF:
                continue
            lines.append(otlp.line_of(run, spans))
            counted.update(runs=1, spans=len(spans), unpriced=sum(s.provider == "vllm" for s in spans))
            counted.update(failed_calls=sum(bool(s.error) and s.operation in ("chat", "execute_tool") for s in spans))
            if stream("resent", run.trace).random() < 0.012:
                counted["resent_spans"] += len(spans[-2:])
                lines.append(otlp.resent_line(run, spans))
        runs.extend(today)
        month.extend(lines)
        if month and (day == company.AS_OF or day.day == _last_of(day)):
            writer.copies(f"traces/agents-{day:%Y-%m}", ".jsonl", "".join(month), _renumbered)
            month.clear()
    return runs, dict(sorted(counted.items()))


def _charges(runs: list[Run], hours: list[Hour]) -> dict[str, list[bills.Row]]:
    calls = [call for run in runs for call in run.calls]
    calls_of = Counter(call.day for call in calls)
    return {
        "aws": [*bills.aws_rows(hours, calls_of), *(row for day in days() for row in reservation.reserved_rows(day))],
        "gcp": list(bills.gcp_rows()),
        "openai": list(bills.openai_rows(calls)),
    }


def _write_bill(writer: _Writer, name: str, rows: list[bills.Row]) -> None:
    months: dict[str, list[bills.Row]] = defaultdict(list)
    for row in rows:
        months[f"{row['BillingPeriodStart']:%Y-%m}"].append(row)
    for month, given in sorted(months.items()):
        if name == "gcp":
            writer.parquet(f"bills/{name}/focus-{month}.parquet", given)
        else:
            columns = bills.columns_of(name)
            writer.csv(f"bills/{name}/focus-{month}.csv", columns, _many(given, columns, writer.times))


def _many(rows: list[bills.Row], columns: tuple[str, ...], times: int) -> Iterator[dict[str, str]]:
    for row in rows:
        text = bills.text_of(row, columns)
        yield text
        for copy in range(1, times):
            yield text | {"ResourceId": f"{text['ResourceId']}-{copy}", "SubAccountId": f"{text['SubAccountId']}-{copy}"}


def _write_tables(writer: _Writer, runs: list[Run], hours: list[Hour]) -> None:
    def meters() -> Iterator[dict[str, object]]:
        for row in tables.meters(hours):
            yield row
            for copy in range(1, writer.times):
                yield row | {"resource": f"{row['resource']}-{copy}"}

    def outcomes() -> Iterator[dict[str, object]]:
        for row in tables.outcomes(runs):
            for copy in range(writer.times):
                yield row | {"run": _trace_of(str(row["run"]), copy)}

    writer.csv("meters/gpu-hours.csv", tables.METER_COLUMNS, meters())
    writer.csv("outcomes/outcomes.csv", tables.OUTCOME_COLUMNS, outcomes())
    writer.lines("signals/queue.jsonl", (json.dumps(row, separators=(",", ":")) + "\n" for row in tables.signals(hours)))


def _renumbered(text: str, copy: int) -> str:
    return text if not copy else text.replace(f'"traceId":"{FIRST_ID}', f'"traceId":"{copy:04x}')


def _trace_of(trace: str, copy: int) -> str:
    return trace if not copy else f"{copy:04x}" + trace[len(FIRST_ID) :]


def _last_of(day: date) -> int:
    return [d for d in days() if (d.year, d.month) == (day.year, day.month)][-1].day


class _Writer:
    """Files of one delivery. Gzip without a time, so that the bytes depend on nothing but the seed."""

    def __init__(self, out: Path, times: int, plain: bool) -> None:
        self.out, self.times, self.suffix = out, times, "" if plain else ".gz"

    def text(self, name: str, text: str) -> None:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")

    def copies(self, name: str, suffix: str, text: str, change: Callable[[str, int], str]) -> None:
        """One file for each copy of the company."""
        for copy in range(self.times):
            with self._open(name + (f"-{copy:04d}" if copy else "") + suffix) as file:
                file.write(change(text, copy))

    def lines(self, name: str, lines: Iterable[str]) -> None:
        with self._open(name) as file:
            for line in lines:
                file.write(line)

    def csv(self, name: str, columns: tuple[str, ...], rows: Iterable[dict[str, object]] | Iterable[dict[str, str]]) -> None:
        with self._open(name) as file:
            table = csv.DictWriter(file, columns, lineterminator="\n")
            table.writeheader()
            table.writerows(rows)

    def parquet(self, name: str, rows: list[bills.Row]) -> None:
        path = self.out / name
        path.parent.mkdir(parents=True, exist_ok=True)
        parquet.write(path, rows, self.times)

    @contextmanager
    def _open(self, name: str) -> Iterator[TextIO]:
        path = self.out / (name + self.suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self.suffix:
            with path.open("w", encoding="utf-8", newline="\n") as file:
                yield file
            return
        level = 9 if self.times == 1 else 1
        with (
            path.open("wb") as raw,
            gzip.GzipFile("", "wb", compresslevel=level, fileobj=raw, mtime=0) as packed,
            io.TextIOWrapper(packed, encoding="utf-8", newline="\n") as file,
        ):
            yield file


if __name__ == "__main__":
    main()
