"""Speed and memory at 1, 10 and 100 times the sample, as JSON: `python -m tests.bench [--sizes 1,10] [--only pipeline]`.

Every figure is a whole process next to a floor measured in the same run: a plain DuckDB normalise or scan of the same columns, a
typed msgspec decode of the same bytes. Seconds depend on the machine; the ratios are what is compared over time."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import floors, timing

ROOT = Path(__file__).resolve().parent.parent.parent


def pipeline(size: int, home: Path) -> dict[str, Any]:
    """Ingest, build, cost and report of the sample `size` times over."""
    data = home / "data"
    timing.run([sys.executable, ROOT / "sample_data" / "generate.py", data, "--times", size, "--plain"], home)
    config = ["--config", data / "finops.toml", "--ledger", home / "l.duckdb"]
    bill = floors.bill_as_parquet(data, home)
    traces = floors.traces(data)
    focus = timing.finops(home, "ingest", bill.path, "--no-build", *config, "--ledger", home / "focus.duckdb")
    normalise = timing.python(floors.normalise(bill.path, home / "normalised.parquet"), home)
    otlp = timing.finops(home, "ingest", *traces.paths, "--no-build", *config, "--ledger", home / "otlp.duckdb")
    decode = timing.python(floors.decode(traces.paths), home)
    exports = sorted(path for path in data.iterdir() if path.is_dir())
    everything = timing.finops(home, "ingest", *exports, "--no-build", *config)
    build = timing.finops(home, "build", "--full", *config)
    scan = timing.python(floors.scan(home / "l.duckdb.d"), home)
    cost = timing.finops(home, "cost", "--by", "tenant,agent", *config)
    report = timing.finops(home, "report", "--out", home / "report", *config)
    return {
        "size": size,
        "ingest_focus_parquet": _line(focus, bill.rows, normalise, "plain DuckDB normalise"),
        "ingest_otlp_json": _line(otlp, traces.rows, decode, "typed msgspec decode"),
        "ingest_everything": everything.as_dict(),
        "build": _line(build, bill.rows + traces.rows, scan, "plain DuckDB scan"),
        "cost": _line(cost, bill.rows, scan, "plain DuckDB scan"),
        "report": _line(report, bill.rows, scan, "plain DuckDB scan"),
    }


def otlp() -> dict[str, Any]:
    """OTLP alone, spans of usual size and small ones: from the file to Arrow batches and into a ledger."""
    from tests.bench import ingest_otlp

    return {"usual": ingest_otlp.measure(200_000), "small": ingest_otlp.measure(400_000, small=True)}


def bills() -> dict[str, Any]:
    """Bills alone: FOCUS and AWS CUR, as Parquet and as packed CSV; large enough that starting up counts for little."""
    from tests.bench import ingest_bills

    return ingest_bills.measure(4_000_000)


def allocation(rows: int, calls: int, memory: str) -> dict[str, Any]:
    """Allocation and marts of made bills next to a scan of the same columns, and what one more day costs by days of history."""
    from tests.bench import allocation

    return {"whole": allocation.measure(rows, calls, memory), "new_day": allocation.new_day()}


def startup(home: Path) -> dict[str, Any]:
    """`--help` and `--version` next to importing typer."""
    typer = timing.python("import typer", home)
    return {f"startup {flag}": _line(timing.finops(home, flag), 0, typer, "import typer") for flag in ("--help", "--version")}


def forecast() -> dict[str, Any]:
    """Scores on the shared task set, next to run-rate, where it is present."""
    from tests.bench import forecast_tasks

    return forecast_tasks.report()


def anomalies() -> dict[str, Any]:
    """Injected events found at a stated alert budget, and false discoveries among tenants, where the task set is present."""
    from tests.bench import anomaly_events

    return anomaly_events.report()


def placements() -> dict[str, float]:
    """Every place for ten workloads, and 10,000 simulated runs on spot, in processor seconds."""
    from tests.bench import placements

    return placements.main()


def _line(cost: timing.Cost, rows: int, floor: timing.Cost, floor_name: str) -> dict[str, Any]:
    line: dict[str, Any] = {**cost.as_dict(), "floor": floor_name, "floor_wall_s": round(floor.wall_s, 3)}
    line |= {"ratio": round(cost.wall_s / floor.wall_s, 2), "cpu_ratio": round(cost.cpu_s / floor.cpu_s, 2)}
    if rows:
        line |= {"rows": rows, "rows_per_s": round(rows / cost.wall_s)}
    return line


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="1,10,100")
    parser.add_argument(
        "--only", choices=["pipeline", "startup", "allocation", "bills", "otlp", "forecast", "anomalies", "placements"]
    )
    parser.add_argument("--rows", type=int, default=1_000_000, help="billing lines of the made company (allocation)")
    parser.add_argument("--calls", type=int, default=10_000, help="its calls a day (allocation)")
    parser.add_argument("--memory", default="2GB", help="what its build may take (allocation)")
    given = parser.parse_args()
    answer: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        parts: dict[str, Callable[[], Any]] = {
            "startup": lambda: startup(home),
            "bills": bills,
            "otlp": otlp,
            "forecast": forecast,
            "anomalies": anomalies,
            "placements": placements,
            "allocation": lambda: allocation(given.rows, given.calls, given.memory),
            "pipeline": lambda: [pipeline(int(size), _folder(home / size)) for size in given.sizes.split(",")],
        }
        for part, measured in parts.items():
            if given.only in (None, part):
                answer[part] = measured()
    print(json.dumps(answer, indent=2))


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


if __name__ == "__main__":
    main()
