"""`finops report`: one HTML page, its summary as Markdown, and its numbers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("report", report)


def report(
    g: Globals,
    out: Annotated[Path, typer.Option("--out", help="Folder for report.html and summary.md.")] = Path("finops-report"),
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Also write every figure's numbers there, as CSV and Parquet.")
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open the page in the browser.")] = False,
) -> None:
    """One HTML page for finance and engineers: no network, every number checkable.

    \b
    Examples:
      finops report                    finops-report/report.html and summary.md
      finops report --data-dir data    also every figure's numbers as CSV and Parquet
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.reporting.report import report as answer

    with talking(g) as talk:
        result = answer(g.overrides, talk=talk, out=out, data_dir=data_dir)
    emit(result, g)
    if show:
        typer.launch((out / "report.html").resolve().as_uri())
