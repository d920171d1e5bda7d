"""The typer application: which commands there are, in which order, and how an ending becomes an exit code."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

import typer

from finops.cli import diagnostics
from finops.cli.options import shared_parameters, takes_globals
from finops.errors import ExitCode, FinopsError, UsageError

if TYPE_CHECKING:
    from finops.cli.options import Globals
    from finops.core.result import Result

COMMANDS: tuple[str, ...] = (
    "demo",
    "init",
    "ingest",
    "collect",
    "build",
    "sources",
    "cost",
    "reconcile",
    "traces",
    "waste",
    "forecast",
    "bridge",
    "anomalies",
    "drift",
    "burn",
    "volatility",
    "flag",
    "models",
    "place",
    "spot",
    "mix",
    "commitments",
    "bench",
    "prices",
    "report",
    "policy",
    "explain",
    "query",
    "doctor",
)
"""Modules of `finops.cli` in the order of the help. Each has `register(app)`."""

HELP = """What your AI agents cost, why, what they will cost, what they could cost.

\b
Examples:
  finops demo                       a small company's costs, forecast, flags and report
  finops ingest exports/            load bills, traces, benchmarks and outcomes
"""

_ClickError: type[Exception] = next(c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException")


class Commands:
    """Where a command module puts its commands; the shared options are added to each."""

    def __init__(self, app: typer.Typer) -> None:
        self.app = app

    def add(self, name: str, function: Callable[..., None]) -> None:
        self.app.command(name)(takes_globals(function))

    def group(self, name: str, text: str) -> Commands:
        """A command with sub-commands."""
        group = typer.Typer(name=name, help=text, rich_markup_mode=None, no_args_is_help=True)
        self.app.add_typer(group, name=name)
        return Commands(group)


def application() -> typer.Typer:
    """The whole command line."""
    app = typer.Typer(name="finops", help=HELP, rich_markup_mode=None, add_completion=True, pretty_exceptions_enable=False)
    app.callback(invoke_without_command=True)(_root())
    commands = Commands(app)
    for module in COMMANDS:
        importlib.import_module(f"finops.cli.{module}").register(commands)
    return app


@cache
def _command() -> Callable[..., Any]:
    """The parser of the whole command line, made once however often a process runs it."""
    return typer.main.get_command(application())


def run(arguments: list[str]) -> int:
    """Runs the command line on `arguments` and answers with its exit code. Every expected error is told in one place."""
    try:
        ending = _command()(arguments, prog_name="finops", standalone_mode=False)
    except FinopsError as error:
        return diagnostics.tell_error(error)
    except _ClickError as error:
        return diagnostics.tell_usage(error)
    except typer.Abort:
        return diagnostics.tell_interrupted()
    except KeyboardInterrupt:
        return diagnostics.tell_interrupted()
    except BrokenPipeError:
        return diagnostics.close_pipe()
    except OSError as error:
        return diagnostics.tell_os_error(error)
    if ending == ExitCode.INTERRUPTED:  # what typer makes of Ctrl-C
        return diagnostics.tell_interrupted()
    return ending if isinstance(ending, int) else ExitCode.OK


def answer_of(g: Globals, arguments: list[str]) -> Result:
    """The answer of a command that another one asks, with the other's own options; what it would write is not written."""
    taken: list[Result] = []
    given = {name: value for name, value in g.as_given().items() if value}
    _command()(arguments, prog_name="finops", standalone_mode=False, obj={**given, "taken": taken})
    if not taken:
        raise UsageError(f"`{' '.join(arguments)}` has no table", where="--", hint="`finops --help` lists the commands")
    return taken[-1]


def _root() -> Callable[..., None]:
    def root(context: typer.Context, version: bool, **shared: Any) -> None:
        if version:
            from finops.cli.output import write_version

            write_version()
            raise typer.Exit(ExitCode.OK)
        context.obj = {**(context.obj or {}), **{name: value for name, value in shared.items() if value}}
        if context.invoked_subcommand is None:
            from finops.cli.output import write_text

            write_text(context.get_help() + "\n")

    import inspect
    from typing import Annotated

    flag = Annotated[bool, typer.Option("--version", "-V", help="The version, and nothing else.")]
    parameters = [
        inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context),
        inspect.Parameter("version", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=flag),
        *shared_parameters(),
    ]
    root.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    root.__annotations__ = {p.name: p.annotation for p in parameters}
    root.__doc__ = HELP
    return root
