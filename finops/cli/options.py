"""The options that every command takes, before or after its name, and the decorator that adds them."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from finops.config import Overrides
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.core.result import Result

Format = Literal["table", "json", "jsonl", "csv", "md"]
View = Literal["billed", "incurred"]
PANEL = "Everywhere"


@dataclass(frozen=True)
class Globals:
    """What the options common to all commands came to."""

    overrides: Overrides
    format: Format = "table"
    out: Path | None = None
    quiet: bool = False
    verbose: bool = False
    color: bool = True
    taken: list[Result] | None = None
    """Where an answer goes in the place of stdout: to `explain`, which asks another command for it."""

    def as_given(self) -> dict[str, Any]:
        """The options as a command is given them by another."""
        told = self.overrides
        as_of = told.as_of.isoformat() if told.as_of else None
        names = ("config", "ledger", "prices", "currency", "view")
        return {**{name: getattr(told, name) for name in names}, "as_of": as_of, "quiet": self.quiet, "no_color": not self.color}


_SHARED: dict[str, Any] = {
    "config": Annotated[
        Path | None, typer.Option("--config", help="Configuration file instead of ./finops.toml.", rich_help_panel=PANEL)
    ],
    "ledger": Annotated[
        Path | None, typer.Option("--ledger", help="Ledger file instead of ./finops.duckdb.", rich_help_panel=PANEL)
    ],
    "prices": Annotated[
        Path | None, typer.Option("--prices", help="Folder of your own price facts, which win.", rich_help_panel=PANEL)
    ],
    "as_of": Annotated[
        str | None, typer.Option("--as-of", metavar="DATE", help="Business date; default today in UTC.", rich_help_panel=PANEL)
    ],
    "currency": Annotated[str | None, typer.Option("--currency", help="Show this billing currency only.", rich_help_panel=PANEL)],
    "view": Annotated[View | None, typer.Option("--view", help="Months as billed or as incurred.", rich_help_panel=PANEL)],
    "format": Annotated[Format | None, typer.Option("--format", "-f", help="How to write the answer.", rich_help_panel=PANEL)],
    "output": Annotated[Path | None, typer.Option("--output", "-o", help="Write the answer to a file.", rich_help_panel=PANEL)],
    "quiet": Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no notes on stderr.", rich_help_panel=PANEL)],
    "verbose": Annotated[bool, typer.Option("--verbose", "-v", help="All columns, and more on stderr.", rich_help_panel=PANEL)],
    "no_color": Annotated[bool, typer.Option("--no-color", help="No colour on stderr.", rich_help_panel=PANEL)],
}


def shared_parameters() -> list[inspect.Parameter]:
    """The options common to all commands, as keyword parameters for typer."""
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=False if name in ("quiet", "verbose", "no_color") else None,
            annotation=hint,
        )
        for name, hint in _SHARED.items()
    ]


def takes_globals(function: Callable[..., None]) -> Callable[..., None]:
    """Wraps `function(globals, **own)` so that typer sees its own options and the shared ones."""
    signature = inspect.signature(function, eval_str=True)
    own = [p for name, p in signature.parameters.items() if name != "g"]

    def wrapper(context: typer.Context, **given: Any) -> None:
        shared = {name: given.pop(name) for name in _SHARED}
        function(_merged(context.obj if isinstance(context.obj, dict) else {}, shared), **given)

    parameters = [inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)]
    parameters += [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + shared_parameters()
    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {p.name: p.annotation for p in parameters}
    wrapper.__name__, wrapper.__doc__ = function.__name__, function.__doc__
    return wrapper


def condition(text: str) -> tuple[str, str | None]:
    """The name and the value of `--where NAME=VALUE`; an empty value is unknown."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"`{text}` is not a condition", where="--where", hint="write it as agent=trip-planner")
    return name.strip(), value.strip() or None


def _merged(before: dict[str, Any], after: dict[str, Any]) -> Globals:
    value = {name: after.get(name) or before.get(name) for name in _SHARED}
    overrides = Overrides(
        config=value["config"],
        ledger=value["ledger"],
        prices=value["prices"],
        as_of=_date(value["as_of"]),
        currency=value["currency"],
        view=value["view"] or "billed",
    )
    return Globals(
        overrides=overrides,
        format=value["format"] or "table",
        out=value["output"],
        quiet=bool(value["quiet"]),
        verbose=bool(value["verbose"]),
        color=not value["no_color"],
        taken=before.get("taken"),
    )


def _date(text: str | None) -> date | None:
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"`{text}` is not a date", where="--as-of", hint="write it as 2026-11-20") from None


def day_option(option: str, text: str | None) -> date | None:
    """The day that an option names; a month is its first day."""
    if text is None:
        return None
    try:
        return date.fromisoformat(f"{text}-01" if len(text) == 7 else text)
    except ValueError:
        raise UsageError(
            f"`{text}` is neither a date nor a month", where=option, hint="write it as 2026-11-20 or 2026-11"
        ) from None
