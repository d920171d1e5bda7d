"""`finops mix`: the cheapest fleet of several kinds of machines."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("mix", mix)


def mix(
    g: Globals,
    file: Annotated[Path, typer.Argument(help="TOML: rates of requests by size or model, and what each kind of machine serves.")],
    slices: Annotated[
        int | None, typer.Option("--slices", min=1, max=64, help="Parts that a size may be split into; 4 unless the file says.")
    ] = None,
) -> None:
    """The cheapest fleet of several kinds of machines for requests of several sizes, or for models that share GPUs.

    Requests of one model in several sizes: `rates`, and what each machine serves of each size. With `memory_gb` each rate is a
    model of its own, which may share a GPU with others: MIG slices, or turns.

    \b
    Examples:
      finops mix fleet.toml
      finops mix fleet.toml --slices 8 -f json
      finops mix models.toml
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.placing.mix import mix as answer

    with talking(g) as talk:
        result = answer(g.overrides, file=file, slices=slices, talk=talk)
    emit(result, g)
