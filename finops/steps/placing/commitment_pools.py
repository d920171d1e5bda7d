"""Savings plans over all kinds of instances of a provider: what to commit to together, beside each place by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.committing.commitments import EXACT, MONTH_HOURS, years_of
from finops.core.committing.plans import Weighed
from finops.core.committing.pool import Member, Pool, pooled
from finops.core.numbers import money_table, unit_price

if TYPE_CHECKING:
    from finops.steps.placing.commitment_demand import DemandAhead

POOLING = "savings_plan_"
"""Plans that pay for any instance of their provider; reservations are for one type in one region."""
_STORED = Decimal("1e-12")


@dataclass(frozen=True)
class FoundPool:
    """A provider's plan of one length, and what the same plan would save place by place."""

    provider: str | None
    currency: str
    option: str
    pool: Pool
    alone: Decimal
    """Of a mean hour."""
    assumed: bool


def pools_of(found: Sequence[Weighed], ahead: DemandAhead, fall: Decimal) -> list[FoundPool]:
    """Every savings plan that pays over two kinds of instances or more."""
    kinds = {(one.place.provider, one.place.currency) for one in found}
    made = []
    for provider, currency in sorted(kinds, key=str):
        own = [one for one in found if (one.place.provider, one.place.currency) == (provider, currency) and one.now]
        options = sorted({name for one in own for name in (*one.offers, *one.assumed) if name.startswith(POOLING)})
        for option in options:
            members = [_member(one, option, ahead) for one in own if _rate(one, option)]
            if len(members) > 1 and (pool := pooled(members, years_of(option), fall)):
                alone = sum((plan.saving for one in own for plan in one.plans if plan.name == option), Decimal(0))
                assumed = any(option in one.assumed for one in own)
                made.append(FoundPool(provider, currency, option, pool, alone, assumed))
    return made


def pool_row(found: FoundPool, empty: Mapping[str, Any]) -> dict[str, Any]:
    """The plan as a row; its price is the whole commitment of an hour."""
    pool = found.pool
    return {
        **empty, "provider": found.provider, "region": "any", "instance_type": "any", "plan": f"pooled {found.option}",
        "currency": found.currency, "layers": ", ".join(pool.members), "utilisation": round(pool.utilisation, 9),
        "saving": _monthly(pool.saving), "at_risk": _money(pool.at_risk), "price": _money(pool.commitment),
        **{f"saving_{path}": _monthly(saving) for path, saving in pool.saving_along.items()},
        "price_source": "assumed" if found.assumed else None,
    }  # fmt: skip


def pool_notes(pools: Sequence[FoundPool]) -> list[str]:
    """What each plan commits to, and how that compares."""
    return [
        f"one {found.option} over {len(found.pool.members)} kinds of {found.provider or 'unknown'} instances: commit to "
        f"{unit_price(found.pool.commitment, found.currency, 'hour')}; it saves "
        f"{money_table(_monthly(found.pool.saving), found.currency)} a month, the same plan place by place "
        f"{money_table(_monthly(found.alone), found.currency)}. It would be instead of the stacks, so no total holds it"
        for found in pools
    ]


def _member(one: Weighed, option: str, ahead: DemandAhead) -> Member:
    assert one.now is not None
    rate = _rate(one, option)
    assert rate is not None
    name = f"{one.place.instance_type} in {one.place.region or 'no region'}"
    return Member(name, one.now.on_demand, rate, one.hours, ahead.of(one.place))


def _rate(one: Weighed, option: str) -> Decimal | None:
    return one.offers[option].price if option in one.offers else one.assumed.get(option)


def _monthly(amount: Decimal) -> Decimal:
    return _money(EXACT.multiply(amount, MONTH_HOURS))


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(_STORED, context=EXACT)
