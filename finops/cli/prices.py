"""`finops prices`: the dated price facts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals, day_option

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    group = commands.group("prices", "The dated prices that every figure rests on, and how old they are.")
    group.add("list", list_)
    group.add("show", show)
    group.add("stale", stale)
    group.add("refresh", refresh)
    group.add("import", import_)
    group.add("diff", diff)


def list_(
    g: Globals,
    provider: Annotated[str | None, typer.Option("--provider", help="aws, azure, gcp, openai, anthropic, …")] = None,
    region: Annotated[str | None, typer.Option("--region", help="A region of a cloud, such as us-east-1.")] = None,
    instance_type: Annotated[str | None, typer.Option("--instance-type", help="An instance type.")] = None,
    model: Annotated[str | None, typer.Option("--model", help="A model: its prices of one token by class.")] = None,
    purchase_option: Annotated[str | None, typer.Option("--purchase-option", help="on_demand, spot, reserved_1y, …")] = None,
    sku: Annotated[str | None, typer.Option("--sku", help="Moved or kept: egress_internet, 'storage_*', …")] = None,
    on: Annotated[
        str | None, typer.Option("--on", metavar="DATE", help="Prices in force on that day, as known on the business date.")
    ] = None,
) -> None:
    """The prices in force on the business date, or on another day.

    \b
    Examples:
      finops prices list --instance-type g2-standard-8 --purchase-option spot --on 2027-01-01
      finops prices list --provider openai --model gpt-4o -f json
      finops prices list --provider aws --region us-east-1 --sku egress_internet
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.pricing.prices import list_prices

    with talking(g) as talk:
        result = list_prices(
            g.overrides,
            provider=provider,
            region=region,
            instance_type=instance_type,
            model=model,
            purchase_option=purchase_option,
            sku=sku,
            on=day_option("--on", on),
            talk=talk,
        )
    emit(result, g)


def show(g: Globals, name: Annotated[str, typer.Argument(help="An instance type or a model.")]) -> None:
    """Everything known of one instance type or model.

    \b
    Examples:
      finops prices show p5.48xlarge
      finops prices show gpt-4o-2024-08-06
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.pricing.prices import show_price

    with talking(g) as talk:
        result = show_price(g.overrides, name=name, talk=talk)
    emit(result, g)


def stale(
    g: Globals, strict: Annotated[bool, typer.Option("--strict", help="Exit with 4 if any snapshot is stale.")] = False
) -> None:
    """How old each snapshot of prices is.

    \b
    Examples:
      finops prices stale
      finops prices stale --strict --as-of 2026-11-20
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import PriceError
    from finops.steps.pricing.prices import stale_prices

    with talking(g) as talk:
        result = stale_prices(g.overrides, talk=talk)
    emit(result, g)
    if strict and result.meta["stale"]:
        raise PriceError(
            f"{result.meta['stale']} of {len(result.rows)} price snapshots are older than {result.meta['stale_after_days']} days",
            where=f"--as-of {result.meta['as_of']}",
            hint="`finops prices refresh` fetches new ones; `--prices FOLDER` gives your own",
        )


def refresh(
    g: Globals,
    providers: Annotated[
        list[str] | None, typer.Argument(metavar="PROVIDER", help="aws, azure, gcp, tokens, or a list such as aws_spot_history.")
    ] = None,
    region: Annotated[list[str] | None, typer.Option("--region", help="Only this region; again for more.")] = None,
    instance_type: Annotated[list[str] | None, typer.Option("--instance-type", help="Only this type; again for more.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, keep nothing.")] = False,
    top: Annotated[int, typer.Option("--top", min=0, help="With --dry-run: only that many changes; 0 is all.")] = 0,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", help="How long to wait for another writer.")] = 60.0,
) -> None:
    """Fetch today's prices from the clouds' price lists, with your usual credentials.

    \b
    Examples:
      finops prices refresh aws --region us-east-1
      finops prices refresh azure --dry-run --top 20
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.errors import OutsideError
    from finops.steps.pricing.refresh import refresh_prices

    with talking(g) as talk:
        result = refresh_prices(
            g.overrides,
            providers=tuple(providers or ()),
            regions=tuple(region or ()),
            instance_types=tuple(instance_type or ()),
            dry_run=dry_run,
            top=top,
            wait_s=wait,
            talk=talk,
        )
    emit(result, g)
    if result.meta["failed"]:
        raise OutsideError(f"{result.meta['failed']} of the price lists failed", hint="their prices are as they were")


def import_(
    g: Globals,
    file: Annotated[Path, typer.Argument(help="A CSV of your own prices or discounts, or a JSON list of token prices.")],
    name: Annotated[str | None, typer.Option("--name", help="What to call them; else the file's name.")] = None,
    withdraw: Annotated[bool, typer.Option("--withdraw", help="Take back what was imported under the name.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, import nothing.")] = False,
    wait: Annotated[float, typer.Option("--wait", metavar="SECONDS", help="How long to wait for another writer.")] = 60.0,
) -> None:
    """Take in your own prices: contract prices, discounts and negotiated rates, which win over every list.

    \b
    Examples:
      finops prices import contract-2026.csv --dry-run
      finops prices import contract-2026.csv
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.pricing.imported import import_prices

    with talking(g) as talk:
        result = import_prices(g.overrides, file=file, name=name, withdraw=withdraw, dry_run=dry_run, wait_s=wait, talk=talk)
    emit(result, g)


def diff(
    g: Globals,
    what: Annotated[str | None, typer.Argument(help="A file to import, or the name of a batch; else the newest batch.")] = None,
    new: Annotated[bool, typer.Option("--new", help="List what is newly known or no longer offered as well.")] = False,
    top: Annotated[int, typer.Option("--top", min=0, help="Only that many changes; 0 is all.")] = 0,
) -> None:
    """What new prices change, and what they would have made of last month's cost.

    \b
    Examples:
      finops prices diff
      finops prices diff contract-2026.csv
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.pricing.diff import diff_prices

    with talking(g) as talk:
        result = diff_prices(g.overrides, what=what, new=new, top=top, talk=talk)
    emit(result, g)
