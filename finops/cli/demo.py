"""`finops demo`: the sample company's costs, forecast, flags, report and budget files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("demo", demo)


def demo(
    g: Globals,
    folder: Annotated[Path, typer.Option("--dir", help="Folder to set the sample company up in.")] = Path("finops-demo"),
) -> None:
    """A small company's costs, forecast, agents to review, report and budget files, in one go.

    \b
    Examples:
      finops demo
      finops demo --dir somewhere/else
    """
    from finops.cli.diagnostics import talking
    from finops.cli.formats import rendered
    from finops.cli.output import emit
    from finops.steps.demo import demo as set_up

    with talking(g) as talk:
        made = set_up(g.overrides, folder=folder, talk=talk)
        for path, answer in made.answers.items():
            path.write_text(rendered(answer, "json"), encoding="utf-8")
        emit(made.result, g)
