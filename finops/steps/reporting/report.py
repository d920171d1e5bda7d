"""The report: the ledger's marts and the answers of the other steps, as one HTML page, its summary, and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.result import Column, Result
from finops.errors import OutsideError
from finops.steps.reporting.answers import collected_answers
from finops.steps.reporting.page import filled_page
from finops.steps.reporting.period import chosen_period

if TYPE_CHECKING:
    from finops.core.talk import Talk
    from finops.render.page import Page

COLUMNS = (Column("file", "File"), Column("bytes", "Bytes", "count"))


def report(overrides: Overrides, *, talk: Talk, out: Path = Path("finops-report"), data_dir: Path | None = None) -> Result:
    """Writes `report.html` and `summary.md` into `out`, and with `data_dir` every figure's numbers as CSV and Parquet."""
    from finops.render.html import render_html
    from finops.render.markdown import render_markdown
    from finops.render.words import headline
    from finops.steps.reporting.files import data_files

    page = report_page(overrides, talk=talk)
    talk.stage("Write the report")
    files: dict[Path, bytes] = {
        out / "report.html": render_html(page).encode("utf-8"),
        out / "summary.md": render_markdown(page).encode("utf-8"),
    }
    if data_dir is not None:
        files |= data_files(page, data_dir)
    for path, content in files.items():
        _write(path, content)
    return Result(
        columns=COLUMNS,
        rows=[{"file": str(path), "bytes": len(content)} for path, content in files.items()],
        meta=_meta(page),
        notes=[headline(page)],
        files=[str(path) for path in files],
    )


def report_page(overrides: Overrides, *, talk: Talk) -> Page:
    """What the report shows, read once from one state of the ledger."""
    from finops.ledger.cube import require_built
    from finops.ledger.daily import billed_only_currencies
    from finops.ledger.store import one_state
    from finops.steps.reading import read_ledger

    settings = load_settings(overrides)
    talk.stage("Read the ledger")
    with read_ledger(settings) as reader:
        require_built(reader, settings.currency)
        billed_only = billed_only_currencies(reader, settings.as_of)
        months = reader.read("report_months", as_of=settings.as_of, billed_only=billed_only)
        period = chosen_period(months, settings.currency, settings.as_of)
        with one_state(reader):
            answers = collected_answers(overrides, period.currency, talk=talk)
        return filled_page(reader, settings, period, months, answers, billed_only)


def _meta(page: Page) -> dict[str, Any]:
    return {"currency": page.currency, "metric": "effective", "as_of": page.as_of, "period": f"{page.first}/{page.last}"}


def _write(path: Path, content: bytes) -> None:
    """A whole file or none."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part.write_bytes(content)
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True) if path.parent.is_dir() else None
        raise OutsideError(f"can't write: {error.strerror}", where=str(path), hint="`--out FOLDER` names another place") from None
