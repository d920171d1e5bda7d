"""What each rule of a built ledger could have placed and did, and what was measured that no charge was placed by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.core.rule_checks import named_rules
from finops.core.settings import Rule
from finops.ledger.charge_views import charge_views
from finops.ledger.engine.compiling import Allocation
from finops.ledger.store import Reader


@dataclass(frozen=True)
class Fitting:
    """Charges of a month that the same rules fit. `rules` are those of the file with their names, in its order; `placed_by` is
    the name of what placed them; `builtin` is the rule that has what no rule of the file fits."""

    period: str
    currency: str
    rules: tuple[tuple[str, Rule], ...]
    builtin: str | None
    names_worker: bool
    names_tenant: bool
    placed_by: str
    charges: int
    billed: Decimal


@dataclass(frozen=True)
class Unbilled:
    """What drivers measured in a month where no rule has a charge for it."""

    period: str
    what: str
    driver: str
    currency: str | None
    quantity: Decimal


@dataclass(frozen=True)
class Reach:
    """Charges by the rules that fit them, drivers without charges, and the rules that were in force in each month."""

    fitting: tuple[Fitting, ...]
    unbilled: tuple[Unbilled, ...]
    rules: dict[str, tuple[tuple[str, Rule], ...]]


def rule_reach(reader: Reader, allocation: Allocation, month: date | None, currency: str | None) -> Reach:
    """Reads the charge lines once; a month that is closed is asked about by the rules that it was closed with."""
    found = reader.query("SELECT DISTINCT charge_day AS d FROM fct_pool UNION SELECT DISTINCT call_day AS d FROM fct_usage")
    months = {row["d"].replace(day=1) for row in found if month is None or row["d"].replace(day=1) == month}
    fitting: list[Fitting] = []
    unbilled: list[Unbilled] = []
    rules: dict[str, tuple[tuple[str, Rule], ...]] = {}
    for configuration, own in charge_views(reader, allocation, months):
        named = tuple(named_rules(configuration.rules))
        rules |= {f"{first:%Y-%m}": named for first in own}
        for row in reader.read("rule_fitting", currency=currency):
            fits = tuple(named[int(place)] for place in row.pop("fits").split(",") if place)
            fitting.append(Fitting(rules=fits, **row))
        within = [f"{first:%Y-%m}" for first in own]
        unbilled += [Unbilled(**row) for row in reader.read("rule_unbilled", currency=currency) if row["period"] in within]
    return Reach(tuple(fitting), tuple(unbilled), rules)


def placed_without(one: Fitting, name: str | None) -> str:
    """What would place the charges if the rule `name` were not there (None: what does): in the order of `stg_charge`."""
    following = next(((other, rule) for other, rule in one.rules if other != name), None)
    method = following[1].method if following else "metered" if one.builtin else None
    rule = following[0] if following else one.builtin
    if following and method == "direct":
        return following[0]
    if one.names_worker:
        return "named-owner"
    if method == "metered" and rule:
        return rule
    if one.names_tenant:
        return "named-owner"
    return rule if method == "shared" and rule else "no-rule"
