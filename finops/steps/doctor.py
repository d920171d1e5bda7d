"""Checks the ledger and tidies what dead processes left behind."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import DataError, OutsideError
from finops.ledger.health import examine
from finops.ledger.store import DEFAULT_WAIT_S, Reader, open_reader, open_writer
from finops.sources.collecting.spool import waiting_in
from finops.steps.config_names import unknown_names
from finops.steps.costs.unattributed import short_note
from finops.steps.ingesting.collect import spool_path

COLUMNS = (Column("check", "Check"), Column("status", "Status"), Column("detail", "Detail"))
_VERSIONS = ("finops", "duckdb", "pyarrow", "genai-prices")


def doctor(overrides: Overrides, *, dry_run: bool = False, wait_s: float = DEFAULT_WAIT_S, talk: Talk) -> Result:
    """Rows with status `ok`, `tidied`, `unknown` (a name in the configuration that nobody has) or `damaged`. Without a ledger
    only versions and settings are looked at."""
    settings = load_settings(overrides)
    rows: list[dict[str, Any]] = [_row("versions", "ok", _versions())]
    rows.append(_row("settings", "ok", str(settings.config) if settings.config else "none: every default"))
    if waiting := waiting_in(spool_path(settings)):
        rows.append(_row("spool", "ok", f"{waiting:,} segments of what was collected wait: `finops collect` loads them"))
    if not settings.ledger.is_file():
        return Result(COLUMNS, [*rows, _row("ledger", "ok", f"there is none yet at {settings.ledger}")], meta={"sound": True})
    health = examine(settings.ledger, talk)
    rows += [_row(finding.check, "ok" if finding.ok else "damaged", finding.detail) for finding in health.findings]
    notes = [] if health.sound else ["put the damaged parts back from a backup, or ingest their sources into a new ledger"]
    if health.sound:
        if not dry_run and (health.leftovers or health.outdated):
            notes += _tidied(settings, wait_s if health.outdated else 0)
        if not (dry_run and health.outdated):
            with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
                rows += [*_model_rows(reader), *_owner_rows(reader), *_name_rows(reader, settings)]
    rows += [_row("leftover", "ok" if path.exists() else "tidied", path.name) for path in health.leftovers]
    if any(row["check"] == "model" for row in rows):
        notes.append("`finops build --full` builds the models anew")
    return Result(COLUMNS, rows, meta={"sound": health.sound and all(r["status"] != "damaged" for r in rows)}, notes=notes)


def _tidied(settings: Settings, wait_s: float) -> list[str]:
    """Opening to write brings the schema up to date and sweeps up. While another writes, what is left over may be its own."""
    try:
        with open_writer(settings.ledger, wait_s=wait_s, command="finops doctor", memory=settings.memory):
            return []
    except OutsideError as error:
        if wait_s:
            raise
        return [f"{error.what}: files that are left over may be its own, so they stay; run `finops doctor` again when it is done"]


def _model_rows(reader: Reader) -> list[dict[str, Any]]:
    """The models' own promises, tested on everything that is built."""
    from finops.ledger.engine.checks import check
    from finops.ledger.engine.model import all_models

    models = {model.name: model for model in all_models()}
    built = {row["name"] for row in reader.query("SELECT table_name AS name FROM duckdb_tables() WHERE database_name = 'ledger'")}
    tested, rows = 0, []
    for model in models.values():
        if model.name not in built or not all(side in built for keeps in model.keeps for side, _ in keeps.sides):
            continue
        try:
            check(reader, model, models, True)
            tested += 1
        except DataError as error:
            rows.append(_row("model", "damaged", error.what))
    return [*rows, _row("model tests", "ok", f"{tested} models keep their grain and their sums")]


def _owner_rows(reader: Reader) -> list[dict[str, Any]]:
    """How many calls say whose they are, where that is built."""
    built = reader.query("SELECT 1 AS one FROM duckdb_tables() WHERE table_name = 'fct_unattributed' AND NOT temporary")
    said = short_note(reader) if built else []
    return [_row("owners", "ok", said[0] if said else "every call names a tenant, an agent and a workflow")] if built else []


def _name_rows(reader: Reader, settings: Settings) -> list[dict[str, Any]]:
    """Whether the ledger knows what the configuration speaks of, where that is built."""
    wanted = ("fct_call", "fct_cost")
    built = {row["name"] for row in reader.query("SELECT table_name AS name FROM duckdb_tables() WHERE NOT temporary")}
    if settings.config is None or not built.issuperset(wanted):
        return []
    unknown = unknown_names(reader, settings)
    every = _row("names", "ok", f"every name in {settings.config.name} is known")
    return [_row("names", "unknown", one) for one in unknown] or [every]


def _versions() -> str:
    found = [f"Python {platform.python_version()}"]
    for name in _VERSIONS:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    return ", ".join(found)


def _row(check: str, status: str, detail: str) -> dict[str, Any]:
    return {"check": check, "status": status, "detail": detail}
