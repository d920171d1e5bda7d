"""The sample company, from its files to its report: copies, loads, asks the main questions, writes what they answer."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.bundled import sample_dir
from finops.config import Overrides, Settings, load_settings
from finops.core import numbers
from finops.core.result import Column, Result
from finops.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from finops.core.talk import Talk

EXPORTS = ("bench", "bills", "meters", "outcomes", "signals", "traces")
CONFIGURATION, LEDGER = "finops.toml", "finops.duckdb"
WORKLOAD = "product-image-tagging"
COLUMNS = (Column("what", "What"), Column("answer", "Answer"), Column("command", "Ask for more"))


@dataclass(frozen=True)
class Demo:
    """What the demo says, and the answers that are to be written as files, by path."""

    result: Result
    answers: Mapping[Path, Result]


def demo(overrides: Overrides, *, folder: Path, talk: Talk) -> Demo:
    """Sets the sample company up in `folder` and answers the main questions from it."""
    from finops.core.talk import Silence
    from finops.steps.costs.cost import cost
    from finops.steps.forecasting.forecast import forecast
    from finops.steps.ingesting.ingest import ingest
    from finops.steps.judging.flag import flag
    from finops.steps.placing.place import place
    from finops.steps.policy import export_policies
    from finops.steps.reconciling.reconcile import reconcile
    from finops.steps.reporting.report import report

    talk.stage("Copy the sample company")
    _set_up(folder)
    given = replace(overrides, config=folder / CONFIGURATION, ledger=folder / LEDGER)
    settings = load_settings(given)
    loaded = ingest(given, [folder / "exports"], talk=talk)
    talk.stage("Ask the main questions")
    quiet = Silence()
    answers = {
        "cost.json": cost(given, by=("tenant", "workflow", "agent"), talk=quiet),
        "reconcile.json": reconcile(given, talk=quiet),
        "forecast.json": forecast(given, talk=quiet),
        "flag.json": flag(given, talk=quiet),
        "place.json": place(given, workload=WORKLOAD, talk=quiet),
    }
    page = report(given, talk=talk, out=folder / "report")
    exported = export_policies(given, to="all", out=folder / "policies", talk=talk)
    rows = [
        *_loaded(loaded),
        *_balance(answers["reconcile.json"]),
        *_closing(answers["forecast.json"], settings),
        *_verdicts(answers["flag.json"]),
        *_places(answers["place.json"]),
        *_policies(exported),
    ]
    paths = {folder / name: answer for name, answer in answers.items()}
    files = [*page.files, *map(str, paths), *exported.files]
    notes = [f"All of it: open {folder / 'report' / 'report.html'}, or `cd {folder}` and ask `finops cost --by tenant,agent`."]
    return Demo(Result(COLUMNS, rows, meta={"as_of": settings.as_of}, notes=notes, files=files), paths)


def _set_up(folder: Path) -> None:
    """A fresh copy of the sample in `folder`, which must be new, empty or an earlier demo's."""
    configuration = sample_dir() / CONFIGURATION
    own = folder / CONFIGURATION
    first_line = configuration.read_text(encoding="utf-8").splitlines()[0]
    if folder.exists() and any(folder.iterdir()) and not (own.is_file() and own.read_text("utf-8").startswith(first_line)):
        raise UsageError(
            f"the folder `{folder}` holds something else than a demo",
            where="--dir",
            hint="name a new folder: `finops demo --dir NEW`",
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for old in (folder / LEDGER, folder / f"{LEDGER}.lock"):
            old.unlink(missing_ok=True)
        for old in (folder / f"{LEDGER}.d", folder / "exports"):
            if old.is_dir():
                shutil.rmtree(old)
        shutil.copyfile(configuration, own)
        for name in EXPORTS:
            shutil.copytree(sample_dir() / name, folder / "exports" / name)
    except OSError as error:
        raise OutsideError(f"can't write the demo: {error.strerror}", where=str(error.filename or folder)) from None


Rows = list[dict[str, Any]]


def _rows(command: str, answers: Mapping[str, str]) -> Rows:
    return [{"what": what, "answer": answer, "command": command} for what, answer in answers.items()]


def _loaded(result: Result) -> Rows:
    read = sum(int(row["rows"] or 0) for row in result.rows)
    refused = sum(int(row["rejected"] or 0) for row in result.rows)
    files = sum(1 for row in result.rows if row["status"] != "left out")
    text = f"{numbers.count(read)} of {files} files, {numbers.count(refused)} refused"
    return _rows("finops ingest exports/", {"rows read": text})


def _balance(result: Result) -> Rows:
    sums = {
        key: sum((Decimal(row[key] or 0) for row in result.rows), Decimal(0))
        for key in ("billed", "difference", "idle", "left", "untagged", "unexplained")
    }
    currency = next((str(row["currency"]) for row in result.rows), "USD")
    whole = numbers.money_total(sums["billed"], currency)
    unallocated = numbers.money_total(sums["left"] + sums["untagged"] + sums["unexplained"], currency)
    return _rows(
        "finops reconcile",
        {
            "billed, all of it placed": f"{whole}, difference {numbers.plain_decimal(sums['difference'])}",
            "idle GPU": numbers.money_total(sums["idle"], currency),
            "unallocated": unallocated,
        },
    )


def _closing(result: Result, settings: Settings) -> Rows:
    """What the open month closes at, with its 80 % interval, beside the budget."""
    whole = next(iter(result.totals), None)
    month = numbers.month_name(settings.as_of)
    if whole is None or whole.get("p50") is None:
        return _rows("finops forecast", {f"{month} closes at": "not known yet"})
    currency = str(whole.get("currency") or "USD")
    found = {
        f"{month} closes at": numbers.money_total(whole["p50"], currency),
        "80 % interval": numbers.range_text(whole["p10"], whole["p90"], currency),
    }
    if whole.get("budget") is not None:
        found["budget"] = numbers.money_total(whole["budget"], currency)
    return _rows("finops forecast", found)


def _verdicts(result: Result) -> Rows:
    review = sorted({str(row["agent"]) for row in result.rows if row["verdict"] == "low_value_high_cost"})
    return _rows("finops flag", {"agents to review": ", ".join(review) or "none"})


def _places(result: Result) -> Rows:
    """Image tagging today, and the cheapest place on-demand and on spot."""
    offered = [row for row in result.rows if row["unit_cost"] is not None and row["feasible"] is not False]
    found = {f"{row['unit']} tagged today": _unit_cost(row) for row in offered if row.get("today")}
    for option, words in (("on_demand", "cheapest on-demand"), ("spot", "cheapest on spot")):
        same = [row for row in offered if row["purchase_option"] == option]
        if same:
            best = min(same, key=lambda row: (row["unit_cost"], str(row["region"]), str(row["instance_type"])))
            found[words] = f"{_unit_cost(best)}, {best['instance_type']} in {best['region']}"
    return _rows(f"finops place {WORKLOAD}", found)


def _unit_cost(row: Mapping[str, Any]) -> str:
    return numbers.unit_price(row["unit_cost"], str(row.get("currency") or "USD"))


def _policies(result: Result) -> Rows:
    consumers = sorted({str(row["consumer"]) for row in result.rows})
    return _rows("finops policy export", {"budget files": f"{result.meta['policies']} budgets for {' and '.join(consumers)}"})
