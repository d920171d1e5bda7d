"""Turns settings into SQL: tables of rules and owners, and the expressions that staging models name in {{braces}}."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

from finops.core.contracts import CALL
from finops.core.layers import CATEGORIES, word_rows
from finops.core.rule_checks import CALL_JOINS, LEVELS, driver_of, is_of_meters, named_rules
from finops.core.settings import AccountMap, Counting, Identity, LayerRule, Rule, Workflow
from finops.core.tokens import TOKEN_CLASSES
from finops.ledger.engine.database import Database, identifier, literal, quoted
from finops.ledger.engine.matching import DIMENSIONS, charge_expressions, joins_of, values_of
from finops.ledger.engine.resharing import reshared
from finops.ledger.engine.splitting import splitting_expressions

JOINS = ("provider", "account", "region", "resource", "instance_type", "model", "token_class")

BILL_CLASSES: tuple[tuple[str, str], ...] = (
    *((name, name) for name in TOKEN_CLASSES),
    *(("input", name) for name in ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h")),
    *(("cache_write", name) for name in ("cache_write_5m", "cache_write_1h")),
    ("cached_input", "cache_read"),
)
"""(class as a bill writes it, class of a call): a bill may be coarser than the calls."""

BUILTIN_RULES = (
    Rule("api-models", "metered", driver="priced_calls", join=CALL_JOINS, reference="priced", window="day", widen="month"),
    Rule("gpu-hours", "metered", driver="gpu_seconds", join=("resource",), reference="capacity", window="day", otherwise="left"),
    Rule("cpu-hours", "metered", driver="cpu_seconds", join=("resource",), reference="capacity", window="day", otherwise="left"),
)
"""What applies after the user's own rules; which charges they match is said in stg_charge.sql."""


@dataclass(frozen=True)
class Allocation:
    """The part of the settings that decides whose a cost is."""

    identity: Identity = field(default_factory=Identity)
    maps: tuple[AccountMap, ...] = ()
    rules: tuple[Rule, ...] = ()
    workflows: tuple[Workflow, ...] = ()
    zone: str = "UTC"
    """The zone of business days. It holds for all months alike, or they would not divide time among them."""
    counting: tuple[Counting, ...] = ()
    layers: tuple[LayerRule, ...] = ()


def expressions(allocation: Allocation) -> dict[str, str]:
    """Name in braces to SQL."""
    content = ", ".join(f"s.{identifier(name)}" for name in CALL.names)
    found = {"call_content": f"ROW({content})", "reshared": reshared(allocation.rules)}
    found |= splitting_expressions()
    found |= charge_expressions(allocation.identity, allocation.rules, allocation.layers)
    for dimension in DIMENSIONS:
        items: Sequence[str] = getattr(allocation.identity, dimension)
        own = _coalesce([*_call_sources(items), f"owner_name(s.{dimension})"])
        from_resource = f"coalesce(contains(',' || s.attributes['resource.identity'] || ',', ',{dimension},'), FALSE)"
        found[f"own_{dimension}"] = f"CASE WHEN NOT {from_resource} THEN {own} END"
        found[f"resource_{dimension}"] = f"CASE WHEN {from_resource} THEN {own} END"
    return found


def write_tables(database: Database, allocation: Allocation) -> None:
    """The tables that models read beside the contracts. They hold what this build goes by."""
    _table(
        database,
        "allocation_rule",
        "rule VARCHAR, ordinal BIGINT, method VARCHAR, driver VARCHAR, source VARCHAR, reference VARCHAR, window_level INTEGER, "
        "widen_level INTEGER, otherwise VARCHAR, tolerance DECIMAL(18, 9), split VARCHAR, owner_tenant VARCHAR, "
        "owner_agent VARCHAR, owner_workflow VARCHAR, " + ", ".join(f"joins_{join} BOOLEAN" for join in JOINS),
        [_rule_row(i, r, name) for i, (name, r) in enumerate(named_rules([*allocation.rules, *BUILTIN_RULES]))],
    )
    targets = _targets([*allocation.rules, *BUILTIN_RULES])
    _table(database, "allocation_target", "rule VARCHAR, dimension VARCHAR, name VARCHAR", targets)
    _table(
        database,
        "allocation_share",
        "rule VARCHAR, tenant VARCHAR, agent VARCHAR, workflow VARCHAR, share DECIMAL(38, 12)",
        _shares(allocation.rules),
    )
    _table(
        database,
        "account_owner",
        "account VARCHAR, valid_from DATE, valid_to DATE, tenant VARCHAR, agent VARCHAR, workflow VARCHAR",
        account_owners(allocation.maps),
    )
    _table(
        database,
        "run_rule",
        "workflow VARCHAR, run_is_session BOOLEAN, settle_days BIGINT",
        [(w.name, w.run == "session", w.settle_days) for w in allocation.workflows],
    )
    _table(
        database,
        "evaluator_order",
        "workflow VARCHAR, evaluator VARCHAR, place BIGINT",
        [(w.name, e, i) for w in allocation.workflows for i, e in enumerate(w.evaluators)],
    )
    _table(
        database,
        "count_rule",
        "ordinal BIGINT, provider VARCHAR, source VARCHAR, valid_from DATE, valid_to DATE",
        [
            (i, c.provider.strip().lower(), c.source, c.from_ or date.min, c.to or date.max)
            for i, c in enumerate(allocation.counting)
        ],
    )
    _table(database, "layer_category", "category VARCHAR, subcategory VARCHAR, layer VARCHAR", CATEGORIES)
    _table(database, "layer_word", "place BIGINT, word VARCHAR, layer VARCHAR, strong BOOLEAN, in_meter BOOLEAN", word_rows())
    _table(database, "token_class", "token_class VARCHAR", [(name,) for name in TOKEN_CLASSES])
    _table(database, "token_class_of", "bill_class VARCHAR, call_class VARCHAR", BILL_CLASSES)


def account_owners(maps: Sequence[AccountMap]) -> list[tuple[Any, ...]]:
    """Per account, spans of dates that don't overlap, each with its owner; the first entry that names a dimension wins."""
    rows: list[tuple[Any, ...]] = []
    for account in sorted({m.account for m in maps}):
        own = [m for m in maps if m.account == account]
        edges = sorted({m.from_ or date.min for m in own} | {m.to or date.max for m in own})
        for start, end in pairwise(edges):
            valid = [m for m in own if (m.from_ or date.min) <= start and end <= (m.to or date.max)]
            owner = tuple(next((v for m in valid if (v := getattr(m, d))), None) for d in ("tenant", "agent", "workflow"))
            if any(owner):
                rows.append((account, start, end, *owner))
    return rows


def _rule_row(ordinal: int, rule: Rule, name: str) -> tuple[Any, ...]:
    driver, join = driver_of(rule), joins_of(rule)
    if driver in ("calls", "requests"):
        join = tuple(item for item in join if item != "token_class")
    return (
        *(name, ordinal, rule.method, driver, "meter" if is_of_meters(rule) else "call", rule.reference),
        *(LEVELS[rule.window], LEVELS[rule.widen or rule.window], rule.otherwise, rule.tolerance, rule.split),
        *(rule.owner.get(dimension) for dimension in ("tenant", "agent", "workflow")),
        *(item in join for item in JOINS),
    )


def _targets(rules: Sequence[Rule]) -> list[tuple[str, str, str]]:
    rows = []
    for name, rule in named_rules(rules):
        for dimension in DIMENSIONS:
            names = {str(value) for value in values_of(rule.targets.get(dimension, "*"))}
            rows += [(name, dimension, value) for value in (["*"] if "*" in names else sorted(names))]
    return rows


def _shares(rules: Sequence[Rule]) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for name, rule in named_rules(rules):
        for owner, share in sorted(rule.shares.items()):
            parts = [*owner.split("/"), "__untagged__", "__untagged__"][:3]
            rows.append((name, *parts, str(share).strip()))
    return rows


def _call_sources(items: Sequence[str]) -> list[str]:
    names = [
        "k8s.namespace.name" if item == "namespace" else item[5:] for item in items if item == "namespace" or item[:5] == "attr:"
    ]
    return [f"owner_name(s.attributes[{quoted(name)}])" for name in names]


def _coalesce(sources: Sequence[str]) -> str:
    return f"coalesce({', '.join(sources)})"


def _table(database: Database, name: str, columns: str, rows: Iterable[Sequence[Any]]) -> None:
    database.execute(f"CREATE OR REPLACE TABLE {name} ({columns})")
    lines = [f"({', '.join(map(literal, row))})" for row in rows]
    for start in range(0, len(lines), 1000):
        database.execute(f"INSERT INTO {name} VALUES {', '.join(lines[start : start + 1000])}")
