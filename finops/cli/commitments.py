"""`finops commitments`: how much to reserve, and for how long."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Annotated

import typer

from finops.cli.options import Globals
from finops.errors import UsageError

if TYPE_CHECKING:
    from finops.cli.app import Commands


def register(commands: Commands) -> None:
    commands.add("commitments", commitments)


def commitments(
    g: Globals,
    month: Annotated[str | None, typer.Option("--month", metavar="YYYY-MM", help="The hours of one month.")] = None,
    last: Annotated[
        str | None, typer.Option("--last", metavar="60d", help="The days up to the business date; 60 where nothing is said.")
    ] = None,
    fall: Annotated[str, typer.Option("--fall", metavar="SHARE", help="How far demand may fall, below 100%.")] = "30%",
    assume: Annotated[
        str | None,
        typer.Option("--assume", metavar="TERM=DISCOUNT[,…]", help="Discounts off on-demand of terms whose price is not known."),
    ] = None,
    top: Annotated[int, typer.Option("--top", min=0, help="How many places to show; 0 is all.")] = 0,
) -> None:
    """How many instances to reserve beyond what is held, at which term, by their hourly demand; what that saves and risks.

    \b
    Examples:
      finops commitments
      finops commitments --assume reserved_1y=37%,reserved_3y=60% --fall 50%
    """
    from finops.cli.diagnostics import talking
    from finops.cli.output import emit
    from finops.steps.commitments import commitments as answer

    with talking(g) as talk:
        result = answer(
            g.overrides, month=month, last=last, fall=_share(fall, "--fall"), assume=_discounts(assume), top=top, talk=talk
        )
    emit(result, g)


def _discounts(text: str | None) -> dict[str, Decimal]:
    found = {}
    for part in filter(None, (piece.strip() for piece in (text or "").split(","))):
        option, _, share = part.partition("=")
        discount = _share(share, "--assume")
        if not discount:
            raise UsageError(f"`{part}` is no discount", where="--assume", hint="write it as reserved_1y=37%")
        found[option.strip()] = discount
    return found


def _share(text: str, option: str) -> Decimal:
    """A share from 0 to below 1, written as 30% or 0.3."""
    number = text.strip()
    try:
        value = Decimal(number.removesuffix("%")) / (100 if number.endswith("%") else 1)
    except InvalidOperation:
        value = Decimal(1)
    if not value.is_finite() or not 0 <= value < 1:
        raise UsageError(f"`{text}` will not do", where=option, hint="a share from 0 to below 1, such as 30%")
    return value
