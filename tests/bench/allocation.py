"""Allocation and marts next to one scan that decodes the columns they need, and what a new day costs after histories of several
lengths: `python -m tests.bench.allocation [ROWS] [--calls A_DAY] [--memory SIZE]`.

Every figure is a whole process. The floor is one DuckDB statement over the ledger's own parts that adds up every amount and takes
the greatest of every other column that `stg_line` names, tags by name: it classifies, groups, splits and writes nothing."""

from __future__ import annotations

import argparse
import json
import re
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from finops.ledger.engine.model import all_models
from tests.bench import made_company, timing

FIRST, DAYS = date(2026, 7, 1), 90
HISTORIES = (30, 90, 360)
"""Days of history before the new one."""
LINES_A_DAY, CALLS_A_DAY = 2_000, 400
_TAGS = ("tenant", "agent", "workflow", "pool")
_MAPS = frozenset(("Tags", "AllocatedTags", "SkuPriceDetails"))


def measure(rows: int, calls: int, memory: str) -> dict[str, Any]:
    """Three months of bills; `calls` a day on the last two of them, which are loaded and built after the bills."""
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        lines = rows // DAYS
        made_company.write_bills(home / "bills", lines, FIRST, DAYS, calls)
        made_company.write_meters(home / "meters.csv", lines, FIRST, DAYS)
        ledger = _Ledger(home, memory)
        answer: dict[str, Any] = {"rows": rows, "memory": memory}
        answer["ingest"] = ledger.run("ingest", home / "bills", home / "meters.csv", "--no-build").as_dict()
        floor = min((timing.python(_scan(ledger.parts), home) for _ in range(3)), key=lambda cost: cost.cpu_s)
        build = ledger.run("build", "--full", "--memory", memory)
        answer["floor"] = floor.as_dict()
        answer["build"] = {
            **build.as_dict(),
            "ratio": round(build.wall_s / floor.wall_s, 2),
            "cpu_ratio": round(build.cpu_s / floor.cpu_s, 2),
            "rows_per_s": round(rows / build.wall_s),
        }
        for command in (("cost", "--by", "service"), ("reconcile",), ("report", "--out", home / "report")):
            answer[str(command[0])] = ledger.run(*command).as_dict()
        if calls:
            made_company.write_traces(home / "traces", FIRST + timedelta(days=DAYS - 2), 2, calls)
            ledger.run("ingest", home / "traces", "--no-build")
            answer["build_calls"] = {"calls": 2 * calls, **ledger.run("build", "--memory", memory).as_dict()}
        return answer


def new_day(lines: int = LINES_A_DAY, calls: int = CALLS_A_DAY) -> list[dict[str, Any]]:
    """`build` after one more day of bills and calls, by how many days the ledger holds already: the day is the same each time."""
    day = date(2026, 11, 16)
    answer = []
    for days in HISTORIES:
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            first = day - timedelta(days=days)
            made_company.write_bills(home / "bills", lines, first, days, calls)
            made_company.write_traces(home / "traces", first, days, calls)
            ledger = _Ledger(home, "2GB")
            ledger.run("ingest", home / "bills", home / "traces", "--no-build")
            whole = ledger.run("build", "--full")
            made_company.write_bills(home / "day", lines, day, 1, calls, label="day")
            made_company.write_traces(home / "day", day, 1, calls)
            ledger.run("ingest", home / "day", "--no-build")
            again = ledger.run("build")
            sizes = {"days_before": days, "lines_a_day": lines, "calls_a_day": calls}
            answer.append({**sizes, "full": whole.as_dict(), "day": again.as_dict()})
    return answer


class _Ledger:
    """A ledger of the made company."""

    def __init__(self, home: Path, memory: str) -> None:
        config = made_company.write_config(home / "finops.toml")
        with config.open("a", encoding="utf-8") as stream:
            stream.write(f'[ledger]\nmemory = "{memory}"\n')
        self.home, self.parts = home, home / "l.duckdb.d"
        self._common = ("--config", config, "--ledger", home / "l.duckdb")

    def run(self, *arguments: object) -> timing.Cost:
        """One command on it."""
        return timing.finops(self.home, *arguments, *self._common)


def _scan(parts: Path) -> str:
    """Code for the floor. A column that no part has is no work for anybody."""
    model = next(model for model in all_models() if model.name == "stg_line")
    named = sorted(set(re.findall(r'c\."(\w+)"', model.sql)) - _MAPS)
    tags = ", ".join(f"max(\"Tags\"['{tag}'])" for tag in _TAGS)
    return f"""
import duckdb, glob
files = [f for f in glob.glob('{parts}/charge-*.parquet')]
c = duckdb.connect()
c.execute("SET enable_progress_bar=false; SET preserve_insertion_order=false")
rows = f"read_parquet({{files!r}}, union_by_name=true)"
there = {{row[0] for row in c.execute(f"DESCRIBE SELECT * FROM {{rows}}").fetchall()}}
taken = [(f'sum("{{n}}")' if n.endswith(('Cost', 'Quantity')) else f'max("{{n}}")') for n in {named!r} if n in there]
c.execute(f"SELECT {{', '.join(taken)}}, {tags.replace('"', chr(92) + '"')} FROM {{rows}}").fetchall()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", type=int, nargs="?", default=1_000_000)
    parser.add_argument("--calls", type=int, default=10_000)
    parser.add_argument("--memory", default="2GB")
    parser.add_argument("--new-day", action="store_true", help="what one more day costs, and nothing else")
    given = parser.parse_args()
    found = new_day() if given.new_day else measure(given.rows, given.calls, given.memory)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
