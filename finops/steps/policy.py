"""Budget policies: what is configured, and the files that gateways load."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import CONFIG_NAME, Overrides, Settings, load_settings
from finops.core.explaining.figures import Figure, Part
from finops.core.numbers import plain_decimal
from finops.core.result import Column, Result
from finops.core.settings import Budget
from finops.errors import DataError, UsageError

if TYPE_CHECKING:
    from finops.core.talk import Talk
    from finops.policies.base import Export, Exporter, Policy, PolicySet

LIST_COLUMNS = (
    Column("id", "Policy"),
    Column("scope", "Scope"),
    Column("period", "Every"),
    Column("amount", "Amount", "money", metric="budget"),
    Column("currency", "Currency", wide_only=True),
    Column("guardrails", "Guardrails", "list"),
    Column("line", "Line", "count", wide_only=True),
)
SHOW_COLUMNS = (
    Column("consumer", "Consumer"),
    Column("level", "Checked"),
    Column("what", "Can't express"),
    Column("why", "Why"),
)
EXPORT_COLUMNS = (
    Column("consumer", "Consumer"),
    Column("file", "File"),
    Column("level", "Checked"),
    Column("not_expressed", "Not expressed", "list", wide_only=True),
    Column("left_out", "Left out", "count"),
)
_TOKEN_CLASSES = {"input_uncached": "input", "cache_read": "cache_read", "output": "output"}


def list_policies(overrides: Overrides, *, talk: Talk) -> Result:
    """Every configured budget."""
    settings = load_settings(overrides, as_written=True)
    talk.stage("Read the budgets")
    rows = [
        _list_row(policy, budget.line)
        for policy, budget in sorted(zip(_policies(settings), settings.budgets, strict=True), key=lambda pair: pair[0].id)
    ]
    notes = [] if rows else ["No budget is configured: a [[budget]] in finops.toml is one."]
    made = partial(_amount, str(settings.config or CONFIG_NAME), rows)
    return Result(LIST_COLUMNS, rows, meta={"as_of": settings.as_of}, notes=notes, made=made)


def _amount(file: str, rows: Sequence[Mapping[str, Any]], place: int) -> list[Figure]:
    """Where the amount of a budget is written."""
    row = rows[place]
    part = Part("amount", row["amount"], f"[[budget]] {row['id']}", file, row["line"])
    return [
        Figure("amount", "amount", (part,)),
        Figure("line", "line", (Part("line", row["line"], part.what, file, row["line"]),)),
    ]


def show_policy(overrides: Overrides, *, name: str, talk: Talk) -> Result:
    """One policy, and what each consumer can't do about it."""
    from finops.policies import exporter, names

    settings = load_settings(overrides, as_written=True)
    policy = next((one for one in _policies(settings) if one.id == name), None)
    if policy is None:
        known = ", ".join(sorted(one.id for one in _policies(settings)))
        raise UsageError(f"there is no policy `{name}`", hint=f"known: {known}" if known else "no [[budget]] is configured")
    policies = _policy_set(settings, talk)
    rows = [
        {"consumer": consumer.name, "level": consumer.level, "what": one.what, "why": one.why}
        for consumer in map(exporter, names())
        for one in consumer.render(policies).not_expressed
        if one.policy == name
    ]
    row = _list_row(policy, None)
    about = f"{policy.id}: {plain_decimal(policy.amount)} {policy.currency} a {policy.period} for {row['scope']}."
    actions = f"Guardrails: {'; '.join(row['guardrails']) or 'none, it is only watched'}."
    return Result(SHOW_COLUMNS, rows, meta={"as_of": settings.as_of, "policy": name}, notes=[about, actions])


def export_policies(
    overrides: Overrides, *, to: str, out: Path, talk: Talk, dry_run: bool = False, strict: bool = False
) -> Result:
    """Writes each consumer's files into its own folder under `out`; what a consumer can't express is listed with it."""
    from finops.policies import exporter, names

    settings = load_settings(overrides, as_written=True)
    consumers = [exporter(name) for name in (names() if to == "all" else (to,))]
    policies = _policy_set(settings, talk)
    if not policies.policies:
        raise UsageError(
            "no budget is configured, so there is nothing to export",
            where=str(settings.config or "finops.toml"),
            hint="add a [[budget]] with scope, period, amount and currency",
        )
    exports = [(consumer, consumer.render(policies)) for consumer in consumers]
    lost = {(consumer.name, one.policy, one.what) for consumer, export in exports for one in export.not_expressed}
    if strict and lost:
        raise DataError(
            f"{len(lost)} parts of the policies can't be expressed by their consumers, so nothing was written",
            hint="without --strict the files are written, with that list beside them",
        )
    talk.stage("Write policy files", total=len(consumers))
    rows: list[dict[str, Any]] = []
    for consumer, export in exports:
        if not dry_run:
            _write(out / consumer.name, export)
        rows += _export_rows(consumer, export, out)
        talk.advance(1)
    notes = ["Nothing was written (--dry-run)."] if dry_run else []
    if lost:
        notes.append(f"{len(lost)} parts of the policies can't be expressed by a consumer: `-f json` or not-expressed.jsonl.")
    meta = {
        "as_of": settings.as_of,
        "ledger_snapshot": policies.snapshot,
        "prices": policies.prices,
        "policies": len(policies.policies),
    }
    return Result(EXPORT_COLUMNS, rows, meta=meta, notes=notes, files=[] if dry_run else [row["file"] for row in rows])


def _export_rows(consumer: Exporter, export: Export, out: Path) -> Iterable[dict[str, Any]]:
    lost = [{"policy": one.policy, "what": one.what, "why": one.why} for one in export.not_expressed]
    for name in sorted(export.files):
        path = (out / consumer.name / name).as_posix()
        yield {"consumer": consumer.name, "file": path, "level": consumer.level, "not_expressed": lost, "left_out": len(lost)}


def _write(folder: Path, export: Export) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sorted(export.files.items()):
        part = folder / f"{name}.part"
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(folder / name)


def _policies(settings: Settings) -> list[Policy]:
    """The configured budgets as policies, each with an id of its own, in the order of the file."""
    from finops.policies.base import Guardrail, Policy

    found: list[Policy] = []
    for budget in settings.budgets:
        name = budget.id or _name_of(budget)
        if any(one.id == name for one in found):
            raise UsageError(
                f"two budgets are called `{name}`",
                where=f"{settings.config}:{budget.line}",
                hint="give each [[budget]] its own id",
            )
        rails = tuple(Guardrail(one.at, one.action, one.to_model) for one in sorted(budget.guardrails, key=lambda rail: rail.at))
        found.append(
            Policy(name, _scope(budget), budget.period, budget.amount, budget.currency, rails, "configured in finops.toml")
        )
    return found


def _name_of(budget: Budget) -> str:
    return "-".join([*(budget.scope[dimension] for dimension in sorted(budget.scope)), budget.period])


def _scope(budget: Budget) -> dict[str, str]:
    """The budget's scope, the provider under its one name."""
    from finops.prices.names import canonical_provider

    return {key: (canonical_provider(name) or name) if key == "provider" else name for key, name in budget.scope.items()}


def _policy_set(settings: Settings, talk: Talk) -> PolicySet:
    """The policies with the prices of the models that calls named or that a downgrade leads to."""
    from finops.ledger.store import open_reader
    from finops.policies.base import PolicySet

    policies = _policies(settings)
    targets = sorted({rail.to_model for policy in policies for rail in policy.guardrails if rail.to_model})
    talk.stage("Read models and their prices")
    with open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) as reader:
        rows = reader.read("policy_models", at=settings.as_of.isoformat(), targets=targets)
        snapshot = reader.read("policy_snapshot")[0]
    models, providers, tiered = _models(rows)
    batches = sorted({row["batch"] for row in rows if row["batch"]})
    return PolicySet(
        policies=tuple(policies),
        as_of=settings.as_of.isoformat(),
        zone=settings.calendar.zone,
        models=models,
        providers=providers,
        tiered=tiered,
        prices=batches[-1] if batches else "",
        snapshot=snapshot["snapshot"] if snapshot["deliveries"] else "",
    )


def _models(rows: Sequence[dict[str, Any]]) -> tuple[dict[str, dict[str, Decimal]], dict[str, str], dict[str, int]]:
    """Prices, provider and first higher tier by model. Of providers that sell the same model, the one with most calls counts."""
    best: dict[str, tuple[int, str]] = {}
    for row in rows:
        rank = (-int(row["calls"]), row["provider"])
        best[row["model"]] = min(best.get(row["model"], rank), rank)
    models: dict[str, dict[str, Decimal]] = {}
    tiered: dict[str, int] = {}
    for row in rows:
        name = row["model"]
        if row["provider"] != best[name][1]:
            continue
        prices = models.setdefault(name, {})
        kind = _TOKEN_CLASSES.get(row["token_class"] or "")
        if kind is None:
            continue
        if row["min_input_tokens"]:
            tiered[name] = min(tiered.get(name, int(row["min_input_tokens"])), int(row["min_input_tokens"]))
        elif row["currency"] == "USD":
            prices[kind] = row["price"]
    return models, {name: provider for name, (_, provider) in best.items()}, tiered


def _list_row(policy: Policy, line: int | None) -> dict[str, Any]:
    scope = ", ".join(f"{dimension} {name}" for dimension, name in sorted(policy.scope.items())) or "the company"
    rails = [
        f"{rail.action} at {plain_decimal(rail.at * 100)} %" + (f" to {rail.to_model}" if rail.to_model else "")
        for rail in policy.guardrails
    ]
    sums = {"period": policy.period, "amount": policy.amount, "currency": policy.currency}
    return {"id": policy.id, "scope": scope, **sums, "guardrails": rails, "line": line}
