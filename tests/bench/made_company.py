"""A large company, made by DuckDB from `range()`: FOCUS bills as Parquet, hourly meters, OTLP traces and rules. Nothing is
random: the same sizes give the same files.

A bill is hourly: each hour holds the same number of lines, one per resource. A resource lives for some days and belongs to a
deployment, which fixes its account, region, tags and the few SKUs that it uses, so that lines that are alike recur as in real
bills. Some name a tenant, fewer an agent and workflow, a tenth name nobody, a twentieth is a platform that all share; there are
GPU nodes (metered by the hour), hours under commitments with their unused rest, and per month tax, support, credits and
corrections. The model provider bills by the day."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from string import Template

from tests.bench import timing

ROWS_PER_FILE = 5_000_000
LINES_PER_GPU_NODE, MOST_GPU_NODES = 250_000, 400
CALLS_PER_RUN = 8
_SQL = Path(__file__).parent / "made"

CONFIG = """
[calendar]
zone = "UTC"
[identity]
tenant = ["tag:tenant", "attr:tenant.id"]
agent = ["tag:agent", "attr:gen_ai.agent.name"]
workflow = ["tag:workflow", "attr:gen_ai.workflow.name"]
[[rule]]
id = "support"
match = { ServiceName = "AWS Support" }
method = "shared"
split = "proportional"
[[rule]]
id = "credits"
match = { ChargeCategory = "Credit" }
method = "shared"
split = "left"
[[rule]]
id = "gpu"
match = { ServiceName = "Amazon Elastic Compute Cloud", "tag:pool" = "gpu" }
method = "metered"
driver = "gpu_seconds"
join = ["resource"]
reference = "capacity"
window = "hour"
[[rule]]
id = "models"
match = { ServiceName = "OpenAI API" }
method = "metered"
driver = "priced_calls"
join = ["provider", "model", "token_class"]
reference = "priced"
window = "day"
[[rule]]
id = "observability"
match = { "tag:pool" = "observability" }
method = "shared"
split = "proportional"
"""


def write_config(path: Path) -> Path:
    """The rules and owners of the company."""
    path.write_text(CONFIG, encoding="utf-8")
    return path


def write_bills(folder: Path, lines_a_day: int, first: date, days: int, calls: int = 0, *, label: str = "bill") -> None:
    """The bills of some days, each with so many lines and calls; those that come once a month, with the month's first day."""
    folder.mkdir(parents=True, exist_ok=True)
    per_hour = max(1, lines_a_day // 24)
    hours = days * 24
    file_hours = max(24, ROWS_PER_FILE // per_hour // 24 * 24)
    common = {"per_hour": per_hour, "start": f"{first}", "deployments": 2000, "gpu_nodes": gpu_nodes(lines_a_day)}
    for number, start in enumerate(range(0, hours, file_hours)):
        rows = {"first": start * per_hour, "last": min(hours, start + file_hours) * per_hour}
        _written({folder / f"{label}-{number:03}.parquet": _sql("lines").substitute(common, **rows)})
    last = first + timedelta(days=days - 1)
    if first.day == 1:
        _written({folder / f"{label}-monthly.parquet": _sql("monthly").substitute(month=first, until=last.replace(day=1))})
    if calls:
        _written({folder / f"{label}-models.parquet": _sql("model_bill").substitute(first=first, last=last, calls=calls)})


def write_meters(path: Path, lines_a_day: int, first: date, days: int) -> None:
    """Each GPU node's hours, used by three workloads; one hour in fifty is silent."""
    sql = _sql("meters").substitute(start=first, hours=days * 24, nodes=gpu_nodes(lines_a_day))
    _written({path: sql})


def write_traces(folder: Path, first: date, days: int, calls: int) -> None:
    """A file a day of runs, each an agent with eight model calls below it."""
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for number in range(days):
        day = first + timedelta(days=number)
        epoch = (day - date(1970, 1, 1)).days
        runs = calls // CALLS_PER_RUN
        numbers = {"epoch_ns": epoch * 86400 * 10**9, "first_run": epoch * runs, "runs": runs, "calls_per_run": CALLS_PER_RUN}
        files[folder / f"{day}.jsonl"] = _sql("traces").substitute(numbers)
    _written(files)


def _sql(name: str) -> Template:
    return Template((_SQL / f"{name}.sql").read_text(encoding="utf-8"))


def gpu_nodes(lines_a_day: int) -> int:
    """How many GPU nodes a company with such a bill has; it is the same for each of its days."""
    return min(MOST_GPU_NODES, max(2, lines_a_day * 90 // LINES_PER_GPU_NODE))


def _written(files: Mapping[Path, str]) -> None:
    """Each query as a file, all in one process."""
    forms = {
        ".parquet": "FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1, ROW_GROUP_SIZE 122880",
        ".csv": "FORMAT csv, HEADER",
        ".jsonl": "FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\t'",
    }
    switches = "SET enable_progress_bar=false; SET preserve_insertion_order=false; SET memory_limit='2GB'"
    copies = [f"COPY ({sql}) TO '{path}' ({forms[path.suffix]})" for path, sql in files.items()]
    code = "import duckdb\nc = duckdb.connect()\n" + "".join(f"c.execute({line!r})\n" for line in (switches, *copies))
    with tempfile.TemporaryDirectory() as name:
        script = Path(name) / "made.py"
        script.write_text(code, encoding="utf-8")
        timing.run([sys.executable, script], Path(name))
