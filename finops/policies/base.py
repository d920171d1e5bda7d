"""The plug-in interface of an exporter: budget policies in, files for one consumer out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, Protocol


@dataclass(frozen=True)
class Guardrail:
    """An ordered action when a share of the budget is used up: at 0.8 warn, at 0.95 downgrade, at 1.0 block."""

    at: Decimal
    action: Literal["warn", "throttle", "downgrade", "cache", "reroute", "block"]
    to_model: str | None = None


@dataclass(frozen=True)
class Policy:
    """A budget for a scope and what happens as it is used up. `amount` is in `currency` per `period`."""

    id: str
    scope: Mapping[str, str]
    """Dimension (tenant, agent, workflow, model, provider) to name."""
    period: Literal["day", "week", "month"]
    amount: Decimal
    currency: str
    guardrails: tuple[Guardrail, ...] = ()
    basis: str = ""
    """Where the amount comes from, in words: configured, or measured with its dates."""


@dataclass(frozen=True)
class PolicySet:
    """All policies of one export, with what is needed to express them: prices of the models in scope, the business date."""

    policies: tuple[Policy, ...]
    as_of: str
    models: Mapping[str, Mapping[str, Decimal]] = field(default_factory=dict)
    """Model to {input, cache_read, output: Decimal USD per single token}."""
    providers: Mapping[str, str] = field(default_factory=dict)
    """Model to provider."""
    tiered: Mapping[str, int] = field(default_factory=dict)
    """Model to the request size, in input tokens, from which a higher price holds than the one in `models`."""
    prices: str = ""
    """The price batch that `models` comes from."""
    zone: str = "UTC"
    """The zone of the calendar whose periods the budgets count."""
    snapshot: str = ""
    """What the ledger held, as a hash of everything that was loaded."""


@dataclass(frozen=True)
class NotExpressed:
    """Something that a consumer cannot do, named so that nobody believes it is enforced."""

    policy: str
    what: str
    why: str


@dataclass(frozen=True)
class Export:
    """Files' text by relative name, and what this consumer cannot express."""

    files: Mapping[str, str]
    not_expressed: Sequence[NotExpressed] = ()


class Exporter(Protocol):
    """A consumer of budget policies. One module per consumer in `finops/policies`, exposing `EXPORTER`."""

    name: str
    title: str
    level: Literal["verified", "schema", "shape"]
    """How far the export was checked: against the running consumer, against its schema, or against a described shape."""

    def render(self, policies: PolicySet) -> Export: ...
