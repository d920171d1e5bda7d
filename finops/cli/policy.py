"""`finops policy`: budgets as policies, and the files that gateways load."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    group = commands.group("policy", "Budgets as policies, and the files that gateways load.")
    group.add("list", list_policies)
    group.add("show", show_policy)
    group.add("export", export_policies)


def list_policies(g: Globals) -> None:
    """The configured budgets and their guardrails.

    \b
    Examples:
      finops policy list
      finops policy list -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.policy import list_policies as answer

    with talking(g) as talk:
        emit(answer(g.overrides, talk=talk), g)


def show_policy(g: Globals, policy: Annotated[str, typer.Argument(help="The policy's id.")]) -> None:
    """One policy, and what each consumer can't do about it.

    \b
    Examples:
      finops policy show openai
      finops policy show delta-travel -f json
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.policy import show_policy as answer

    with talking(g) as talk:
        emit(answer(g.overrides, name=policy, talk=talk), g)


def export_policies(
    g: Globals,
    to: Annotated[str, typer.Option("--to", metavar="CONSUMER", help="neutral, litellm or all.")] = "all",
    out: Annotated[Path, typer.Option("--out", help="Folder to write to, one sub-folder for each consumer.")] = Path("policies"),
    strict: Annotated[bool, typer.Option("--strict", help="Fail where a consumer can't express a policy in full.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be written, write nothing.")] = False,
) -> None:
    """Write budget files: a neutral YAML, and configurations that gateways load.

    \b
    Examples:
      finops policy export
      finops policy export --to litellm --out gateway/
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.policy import export_policies as answer

    with talking(g) as talk:
        emit(answer(g.overrides, to=to, out=out, talk=talk, dry_run=dry_run, strict=strict), g)
