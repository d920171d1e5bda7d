"""The sections of `finops.toml`, one frozen dataclass each. A trailing underscore stands for a key that Python reserves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Literal

from finops.core.layers import Layer

Method = Literal["direct", "metered", "shared"]
Driver = Literal["gpu_seconds", "cpu_seconds", "memory_gib_seconds", "requests", "priced_calls", "calls", "tokens"]
Reference = Literal["capacity", "priced", "none"]
Window = Literal["hour", "day", "month"]
Split = Literal["proportional", "even", "fixed", "left"]
Otherwise = Literal["left", "even", "untagged"]
Period = Literal["day", "week", "month"]
Action = Literal["warn", "throttle", "downgrade", "cache", "reroute", "block"]


@dataclass(frozen=True)
class Calendar:
    """The zone of business months. Joins by hour and day stay in UTC."""

    zone: str = "UTC"


@dataclass(frozen=True)
class Currencies:
    """The company's dated table of exchange rates: CSV with the columns date, from, to, rate and source; and the currency that
    cost is told in, each charge at the rate of its day."""

    rates: str | None = None
    report: str | None = None


@dataclass(frozen=True)
class LedgerPlace:
    """Where the ledger is and what it may use. `as_of` fixes the business date of a prepared company such as the sample."""

    path: str = "finops.duckdb"
    prices: str | None = None
    memory: str | None = None
    threads: int | None = None
    as_of: date | None = None
    name: str | None = None
    """What the report calls the company."""


@dataclass(frozen=True)
class Identity:
    """Per dimension, where an owner's name comes from; the first hit wins.
    `tag:NAME` is a billing tag, `attr:NAME` a span or resource attribute, `account-map` a [[map]] entry."""

    tenant: tuple[str, ...] = ("tag:tenant", "attr:tenant.id", "account-map")
    agent: tuple[str, ...] = ("tag:agent", "attr:gen_ai.agent.name", "account-map")
    workflow: tuple[str, ...] = ("tag:workflow", "attr:gen_ai.workflow.name", "account-map")


@dataclass(frozen=True)
class AccountMap:
    """An account or sub-account that belongs to an owner, from a date (inclusive) to a date (exclusive)."""

    account: str
    tenant: str | None = None
    agent: str | None = None
    workflow: str | None = None
    from_: date | None = None
    to: date | None = None
    line: int = 0


@dataclass(frozen=True)
class Rule:
    """One allocation rule. `match` names FOCUS columns or `tag:NAME`, each with a value or a list of values. `driver`, `join`,
    `reference` and `tolerance` belong to metered rules, `split` and `shares` to shared ones. `join = ["*"]` sums the driver over
    all providers and models: a database by the calls of whoever takes part (`targets`)."""

    id: str
    method: Method
    match: Mapping[str, Any] = field(default_factory=dict)
    from_: date | None = None
    to: date | None = None
    driver: Driver | None = None
    join: tuple[str, ...] = ()
    reference: Reference = "none"
    window: Window = "day"
    widen: Window | None = None
    otherwise: Otherwise = "left"
    tolerance: Decimal = Decimal("0.1")
    split: Split = "proportional"
    shares: Mapping[str, Any] = field(default_factory=dict)
    """For `split = "fixed"`: tenant (or tenant/agent/workflow) to an integer weight."""
    targets: Mapping[str, Any] = field(default_factory=dict)
    """Restricts who takes part: dimension to a name or a list of names."""
    owner: Mapping[str, str] = field(default_factory=dict)
    """For `method = "direct"`: the tenant, agent and workflow that the matched charges belong to."""
    of: Mapping[str, str] = field(default_factory=dict)
    """For `method = "shared"`, in place of `match`: the owner (such as a platform team) whose cost others pay, whatever rule
    placed it there."""
    line: int = 0


@dataclass(frozen=True)
class LayerRule:
    """The layer of the charges that match, whatever their service says; the first that matches wins. `match` is as in a rule."""

    layer: Layer
    match: Mapping[str, Any] = field(default_factory=dict)
    from_: date | None = None
    to: date | None = None
    line: int = 0


@dataclass(frozen=True)
class BudgetAction:
    """What happens when a share of the budget is used up."""

    at: Decimal
    action: Action
    to_model: str | None = None


@dataclass(frozen=True)
class Budget:
    """A sum for a scope and a period. An empty scope is the whole company."""

    amount: Decimal
    scope: Mapping[str, str] = field(default_factory=dict)
    period: Period = "month"
    currency: str = "USD"
    guardrails: tuple[BudgetAction, ...] = ()
    id: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Value:
    """What an accepted outcome is worth: the base value and the range in which it is believed to lie."""

    per_accepted: Decimal
    workflow: str | None = None
    agent: str | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    currency: str = "USD"
    from_: date | None = None
    line: int = 0


@dataclass(frozen=True)
class Seats:
    """How many seats a tenant has, from a date (inclusive) to a date (exclusive)."""

    tenant: str
    seats: int
    from_: date | None = None
    to: date | None = None
    line: int = 0


@dataclass(frozen=True)
class Tenant:
    """The tier of a tenant: those of one tier are expected to change alike."""

    name: str
    tier: str
    line: int = 0


@dataclass(frozen=True)
class Envelope:
    """What calls in a scope must keep, over 30 days: `latency_share` of them end within `latency_ms`, and at most `error_share`
    fails. An empty scope is every call; it names tenant, workflow, agent, model, tool, operation or prompt_route."""

    scope: Mapping[str, str] = field(default_factory=dict)
    latency_ms: int | None = None
    latency_share: Decimal = Decimal("0.95")
    error_share: Decimal | None = None
    id: str | None = None
    line: int = 0


@dataclass(frozen=True)
class Revenue:
    """What a tenant pays a month, from a date (inclusive) to a date (exclusive); several entries of a day add up."""

    tenant: str
    per_month: Decimal
    currency: str = "USD"
    from_: date | None = None
    to: date | None = None
    line: int = 0


@dataclass(frozen=True)
class WorkUnit:
    """A unit of work that cost is divided by, such as a document: how many a span says that it made (`attribute`, of a name that
    is kept: `finops.documents`), or how many each run makes (`per_run`). `workflow` limits it, from a date (inclusive) to a date
    (exclusive)."""

    name: str
    workflow: str | None = None
    attribute: str | None = None
    per_run: Decimal | None = None
    from_: date | None = None
    to: date | None = None
    line: int = 0


@dataclass(frozen=True)
class Workflow:
    """How runs of a workflow are told apart, and after how many days an outcome counts as unknown for good."""

    name: str
    run: Literal["trace", "session"] = "trace"
    settle_days: int = 7
    evaluators: tuple[str, ...] = ()
    """Which evaluator's word counts, in order; evaluators not listed come after, latest outcome first."""
    line: int = 0


@dataclass(frozen=True)
class Counting:
    """Whose records of a provider's calls count on days on which several sources have some, from a date (inclusive) to a date
    (exclusive); the first entry that fits decides. `*` is every provider; as a source it says that each has other calls."""

    provider: str
    source: str
    from_: date | None = None
    to: date | None = None
    line: int = 0


@dataclass(frozen=True)
class Invoice:
    """An invoice total that is known from outside, to reconcile against."""

    issuer: str
    period: str
    total: Decimal
    currency: str = "USD"
    id: str | None = None
    account: str | None = None
    line: int = 0


@dataclass(frozen=True)
class SourceOptions:
    """What a source is told of its files: the currency of those that have no column for it. Without `files` it holds for all."""

    name: str
    currency: str | None = None
    files: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Import:
    """A company's own kind of file, and how its columns become the rows of a contract. `columns` maps a column of the contract to
    a column of the file, to a list of which the first that says something counts, or to a table (`sources/mapped_columns.py`).
    It is known by its name (`files`), or by the columns that it must have (`requires`; without both, all that are mapped)."""

    name: str
    contract: str
    columns: Mapping[str, Any] = field(default_factory=dict)
    constants: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()
    zone: str = "UTC"
    """Of times that name no zone."""
    delimiter: str | None = None
    encoding: str | None = None
    """Of a table that is not UTF-8, such as windows-1252 or utf-16."""
    decimal: Literal[".", ","] = "."
    thousands: str | None = None
    skip_lines: int = 0
    """Lines of a table before the one that names its columns."""
    items: str | None = None
    """Where a JSON document keeps the list of its rows, as a path."""
    only: Mapping[str, Any] = field(default_factory=dict)
    leave_out: Mapping[str, Any] = field(default_factory=dict)
    """Column of the file to the texts that a row must, or must not, have there; "" is an empty cell. Such rows are counted."""
    tokens: Literal["includes_cache", "excludes_cache"] | None = None
    """For calls: whether `input_uncached` is mapped to a count that still contains what was read from and written to a cache."""
    line: int = 0


@dataclass(frozen=True)
class Plan:
    """A change that is planned, from a date (inclusive) to a date (exclusive), for forecasts. `scope` has dimensions of cost and
    their values. It says one of: by how much spend, volume, tokens or price change ("+20%"), the model that calls go to, what is
    spent a day on top (a launch), or what is spent once on the day `from`."""

    what: str
    from_: date
    to: date | None = None
    scope: Mapping[str, str] = field(default_factory=dict)
    spend: str | None = None
    volume: str | None = None
    tokens: str | None = None
    price: str | None = None
    model: str | None = None
    per_day: Decimal | None = None
    once: Decimal | None = None
    currency: str = "USD"
    line: int = 0


@dataclass(frozen=True)
class Exempt:
    """An agent that is not to be flagged, why, and until when."""

    agent: str
    reason: str
    until: date
    line: int = 0


@dataclass(frozen=True)
class Placement:
    """Where the work runs today; placements are compared with it. `carbon` is the company's dated table of what places emit."""

    provider: str | None = None
    region: str | None = None
    instance_type: str | None = None
    purchase_option: str = "on_demand"
    carbon: str | None = None
