"""What a figure means, how a table is made, or where the cost of an owner or an AI model comes from, down to rows of files."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from finops.config import Overrides, Settings, load_settings
from finops.core.metrics import BY_ID, Metric
from finops.core.numbers import count, unit_price
from finops.core.periods import month_period
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import DataError, UsageError
from finops.ledger.cube import require_built
from finops.ledger.engine.model import Model, all_models
from finops.ledger.store import Reader, open_reader
from finops.steps.reading import read_ledger
from finops.steps.tracing.cost import cost_lines, totals_of
from finops.steps.tracing.made import COMPUTED
from finops.steps.tracing.tables import TABLES, explain_table

Row = dict[str, Any]
METRIC = (
    *(Column("metric", "Metric"), Column("name", "Name"), Column("unit", "Unit"), Column("direction", "Direction")),
    *(Column("formula", "Formula", wide_only=True), Column("source", "Source", wide_only=True)),
    Column("caveats", "Caveats", wide_only=True),
)
MODEL = (
    *(Column("model", "Model"), Column("layer", "Layer"), Column("slice", "Slice"), Column("meaning", "Meaning", wide_only=True)),
    *(Column("grain", "Grain", "list", wide_only=True), Column("reads", "Reads", "list", wide_only=True)),
    Column("sql", "SQL", wide_only=True),
)
_OWNERS = (Column("tenant", "Tenant"), Column("agent", "Agent"), Column("workflow", "Workflow"))
_MONEY = (Column("billed", "Billed", "money", "billed_cost"), Column("effective", "Effective", "money", "effective_cost"))
_OTHERS = (
    Column("list", "List", "money", "list_cost", wide_only=True),
    Column("contracted", "Contracted", "money", "contracted_cost", wide_only=True),
)
_CURRENCY = Column("currency", "Currency", wide_only=True)
PARTS = (
    *(Column("tenant", "Tenant"), Column("agent", "Agent"), Column("workflow", "Workflow", wide_only=True)),
    *(
        Column("basis", "Basis"),
        Column("method", "Method"),
        Column("rule", "Rule"),
        Column("provider", "Provider", wide_only=True),
    ),
    *(Column("service", "Service", wide_only=True), Column("what", "Model or instance"), _CURRENCY),
    *(*_MONEY, *_OTHERS),
)


@dataclass(frozen=True)
class Owner:
    """A dimension (an owner's, or `model`) and a name, and the billing month to look at (None: all)."""

    dimension: str
    name: str
    month: date | None = None


def explain(
    overrides: Overrides,
    subject: str,
    *,
    trace: bool = False,
    month: str | None = None,
    last: str | None = None,
    where: Mapping[str, str | None] | None = None,
    talk: Talk,
) -> Result:
    """Explains a metric, a model (of the ledger's tables, or an AI model), or an agent (tenant or workflow); `trace` goes down to
    rows of files, also for the figures of a command's table, of which `where` names the row."""
    if trace and subject in TABLES:
        return explain_table(overrides, subject, month=month, last=last, where=where or {}, talk=talk)
    if where or last:
        hint = "with `--trace`, one of: " + ", ".join(TABLES)
        raise UsageError("`--where` and `--last` name a row of a table", where="--where" if where else "--last", hint=hint)
    if not trace and subject in BY_ID:
        return _of_metric(BY_ID[subject])
    models = {model.name: model for model in all_models()}
    if not trace and subject in models:
        return _of_model(models[subject])
    settings = load_settings(overrides)
    if month:
        month_period(month)
    try:
        with _opened(settings, trace=trace) as reader:
            require_built(reader, settings.currency)
            if unbuilt := reader.unbuilt():
                talk.warn(f"{unbuilt:,} batches are not built yet: `finops build`")
            owner = _owner(reader, subject, month, [*BY_ID, *models])
            return _traced(reader, settings, owner, month) if trace else _of_owner(reader, settings, owner, month)
    except NoSuchName:
        if not trace:
            raise
        hint = "can be: " + ", ".join([*TABLES, *(name for name in COMPUTED if name not in TABLES)])
        said = f"`{subject}` is no agent, tenant, workflow, model or table whose figures can be traced"
        raise UsageError(said, where="--trace", hint=hint) from None
    except DataError as error:
        if error.hint and "demo" in error.hint:  # without a ledger only metrics and models can be explained
            raise _unknown(subject, [*BY_ID, *models]) from None
        raise


def _opened(settings: Settings, *, trace: bool) -> Reader:
    """What cost comes to in the currency that is told, or, to be traced, as it was billed."""
    return open_reader(settings.ledger, memory=settings.memory, threads=settings.threads) if trace else read_ledger(settings)


def _of_metric(metric: Metric) -> Result:
    row = {
        "metric": metric.id,
        "name": metric.label,
        "unit": metric.unit,
        "direction": metric.direction,
        "formula": metric.formula,
        "source": metric.source,
        "caveats": metric.caveats or None,
    }
    notes = [f"{metric.label}: {metric.formula}", f"comes from {metric.source}", *filter(None, [metric.caveats])]
    return Result(METRIC, [row], meta={"subject": metric.id}, notes=notes)


def _of_model(model: Model) -> Result:
    row = {
        "model": model.name,
        "layer": model.layer,
        "slice": model.slice,
        "meaning": model.meaning,
        "grain": list(model.grain),
        "reads": sorted(model.reads),
        "sql": model.sql,
    }
    return Result(MODEL, [row], meta={"subject": model.name}, notes=[model.sql.rstrip()])


def _owner(reader: Reader, subject: str, month: str | None, others: Sequence[str]) -> Owner:
    found = reader.read("explain_names")
    for row in found:
        if row["name"] == subject:
            return Owner(row["dimension"], subject, month_period(month).first if month else None)
    named = reader.query(
        "SELECT a.model FROM model_alias a WHERE lower(a.model_raw) = lower($1) ORDER BY a.model LIMIT 1", [subject]
    )
    if named and any((row["dimension"], row["name"]) == ("model", named[0]["model"]) for row in found):
        return Owner("model", named[0]["model"], month_period(month).first if month else None)
    raise _unknown(subject, [*(row["name"] for row in found), *others])


class NoSuchName(UsageError):
    """Nothing in the ledger or in the product is called so."""


def _unknown(subject: str, names: Sequence[str]) -> NoSuchName:
    nearest = difflib.get_close_matches(subject, names, 1)
    hint = f"did you mean `{nearest[0]}`?" if nearest else "`finops cost --by agent` lists agents; metrics are in the README"
    return NoSuchName(f"there is no metric, model, agent, tenant or workflow `{subject}`", hint=hint)


def _of_owner(reader: Reader, settings: Settings, owner: Owner, month: str | None) -> Result:
    rows = reader.read("explain_parts", dimension=owner.dimension, owner=owner.name, month=month)
    notes = ["`--trace` goes down to the rows of the bills"]
    if owner.dimension == "model":
        at = month_period(month).end - timedelta(days=1) if month else settings.as_of
        notes += _prices(reader, owner.name, min(at, settings.as_of))
    return Result(PARTS, rows, totals_of(rows), {"subject": owner.name, "dimension": owner.dimension, "period": month}, notes)


def _prices(reader: Reader, model: str, at: date) -> list[str]:
    """The list prices in force, one sentence per provider, with the date and source of the facts."""
    told: dict[tuple[str, str, date], list[str]] = defaultdict(list)
    for row in reader.read("explain_prices", model=model, as_of=at):
        band = f" (requests of {count(row['min_input_tokens'])} input tokens and more)" if row["min_input_tokens"] else ""
        price = unit_price(row["per_million"], row["currency"])
        told[row["provider"], row["source"], row["as_of"]].append(f"{row['token_class'].replace('_', ' ')} {price}{band}")
    if not told:
        return [f"no list price of `{model}` is known on {at}; its calls are unpriced unless a bill has them"]
    return [
        f"list prices on {at} per 1M tokens, {provider}: {', '.join(prices)}; as of {as_of}, {source}; "
        f"`finops prices list --model {model}` has other tiers and classes"
        for (provider, source, as_of), prices in told.items()
    ]


def _traced(reader: Reader, settings: Settings, owner: Owner, month: str | None) -> Result:
    return cost_lines(
        reader,
        settings,
        {owner.dimension: owner.name},
        month=owner.month,
        meta={"subject": owner.name, "dimension": owner.dimension, "period": month},
    )
