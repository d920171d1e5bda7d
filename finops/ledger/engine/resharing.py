"""Rules that share an owner's cost on (`of`) as SQL: the owner's weight in each pool goes to those who take it, rule by rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from finops.core.rule_checks import resharing_order
from finops.core.settings import Rule
from finops.ledger.engine.database import quoted

_FINE = 10**17
"""Weights are made this fine before they are divided: the smallest part of a share that moves is 1e-17 of its pool."""
_COLUMNS = "pool_id, charge_day, charge_month, currency, tenant, agent, workflow, method, driver, quantity, moved, w"
_OWNER = ("tenant", "agent", "workflow")


def reshared(rules: Sequence[Rule]) -> str:
    """A SELECT over `share` (all shares) and `stg_owned` (what owners have of their own): pools with a source in them, with whole
    weights `w`, of which each pool's add up to less than 10^18. No rows where no rule has `of`."""
    order = resharing_order(rules)
    base = (
        "SELECT s.pool_id, s.charge_day, s.charge_month, s.currency, s.tenant, s.agent, s.workflow, s.method, s.driver,"
        f" s.quantity, FALSE AS moved, CAST(s.weight AS HUGEINT) * greatest(CAST(1 AS HUGEINT), CAST({_FINE} AS HUGEINT)"
        " // CAST(s.weight_total AS HUGEINT)) AS w FROM share s"
    )
    if not order:
        return f"{base} WHERE FALSE"
    sources = " OR ".join(f"({_is_source('t', rule)})" for rule in order)
    steps = [f"step0 AS ({base} WHERE s.pool_id IN (SELECT t.pool_id FROM share t WHERE {sources}))"]
    for number, rule in enumerate(order, 1):
        steps += [f"taken{number} AS ({_takers(rule, order)})", *_target(number), _step(number, rule)]
    return f"SELECT {_COLUMNS} FROM (WITH {', '.join(steps)} SELECT {_COLUMNS} FROM step{len(order)})"


def _is_source(row: str, rule: Rule, *, dated: bool = True) -> str:
    conditions = [f"{row}.{name} = {quoted(str(value))}" for name, value in rule.of.items()]
    if dated and rule.from_:
        conditions.append(f"{row}.charge_day >= DATE '{rule.from_}'")
    if dated and rule.to:
        conditions.append(f"{row}.charge_day < DATE '{rule.to}'")
    return " AND ".join(conditions)


def _takers(rule: Rule, order: Sequence[Rule]) -> str:
    """Who takes the rule's cost in a month, and by which quantity."""
    one = "CAST(1 AS DECIMAL(38, 12)) AS quantity"
    months = "SELECT DISTINCT s.charge_month, s.currency FROM step0 s"
    if rule.split == "left":
        left = ", ".join(f"'__left__' AS {name}" for name in _OWNER)
        return f"SELECT m.charge_month, m.currency, {left}, {one} FROM ({months}) m"
    if rule.split == "fixed":
        values = ", ".join(_fixed(owner, share) for owner, share in sorted(rule.shares.items()))
        shares = f"(VALUES {values}) f(tenant, agent, workflow, share)"
        return (
            "SELECT m.charge_month, m.currency, f.tenant, f.agent, f.workflow, CAST(f.share AS DECIMAL(38, 12)) AS quantity"
            f" FROM ({months}) m CROSS JOIN {shares}"
        )
    sources = " OR ".join(f"({_is_source('o', other, dated=False)})" for other in order)
    enough = "o.has_cost" if rule.split == "even" else "o.effective > 0"
    conditions = [enough, f"NOT ({sources})", *_targets(rule.targets)]
    within = f"FROM stg_owned o WHERE {' AND '.join(conditions)}"
    if rule.split == "even":
        whole = "o.tenant, '__untagged__' AS agent, '__untagged__' AS workflow"
        return f"SELECT DISTINCT o.charge_month, o.currency, {whole}, {one} {within}"
    return f"SELECT o.charge_month, o.currency, o.tenant, o.agent, o.workflow, o.effective AS quantity {within}"


def _fixed(owner: str, share: Any) -> str:
    parts = [*owner.split("/"), "__untagged__", "__untagged__"][:3]
    return f"({', '.join(quoted(part) for part in parts)}, {quoted(str(share).strip())})"


def _targets(targets: Mapping[str, Any]) -> list[str]:
    found = []
    for name, value in targets.items():
        values = list(value) if isinstance(value, list | tuple) else [value]
        if "*" not in values:
            found.append(f"o.{name} IN ({', '.join(quoted(str(one)) for one in values)})")
    return found


def _target(number: int) -> list[str]:
    """The takers with whole weights, each with the sum up to it in the order of names."""
    month = "q.charge_month, q.currency"
    owner = ", ".join(f"q.{name}" for name in _OWNER)
    measured = (
        f"SELECT {month}, {owner}, money_units(q.quantity) AS units,"
        f" sum(money_units(q.quantity)) OVER (PARTITION BY {month}) AS total FROM taken{number} q"
    )
    fitted = (
        f"part{number} AS (SELECT {month}, {owner}, CAST(q.units // weight_step(q.total) AS HUGEINT) AS v FROM ({measured}) q)"
    )
    window = f"PARTITION BY {month} ORDER BY {owner} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW"
    summed = (
        f"target{number} AS (SELECT {month}, {owner}, q.v, CAST(sum(q.v) OVER ({window}) AS HUGEINT) AS upto,"
        f" CAST(sum(q.v) OVER (PARTITION BY {month}) AS HUGEINT) AS v_total FROM part{number} q WHERE q.v > 0)"
    )
    return [fitted, summed]


def _step(number: int, rule: Rule) -> str:
    """What stays, and the rule's cost on its takers. Where nobody takes it in a month, it stays."""
    same = "t.charge_month = s.charge_month AND t.currency = s.currency"
    source, before = _is_source("s", rule), f"step{number - 1}"
    kept = ", ".join(f"s.{name}" for name in _COLUMNS.split(", "))
    return (
        f"step{number} AS (SELECT {kept} FROM {before} s WHERE NOT ({source})"
        f" OR NOT EXISTS (SELECT 1 AS one FROM target{number} t WHERE {same})"
        " UNION ALL SELECT s.pool_id, s.charge_day, s.charge_month, s.currency, t.tenant, t.agent, t.workflow,"
        " CASE WHEN t.tenant = '__left__' THEN 'left' ELSE 'shared' END, 'own cost', CAST(NULL AS DECIMAL(38, 12)), TRUE,"
        " (s.w * t.upto) // t.v_total - (s.w * (t.upto - t.v)) // t.v_total"
        f" FROM {before} s JOIN target{number} t ON {same} WHERE {source})"
    )
