"""The contracts that sources deliver and the ledger keeps: one tuple of columns each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "money", "quantity", "price", "time", "int", "float", "bool", "map"]
"""`money` DECIMAL(38,12), `quantity` DECIMAL(38,12), `price` DECIMAL(38,18), `time` TIMESTAMP in UTC, `map` text to text.
Money, quantities and prices leave a source as text; the ledger casts them once."""


@dataclass(frozen=True)
class Field:
    """One column of a contract. A row whose required field is null or unreadable is rejected."""

    name: str
    kind: Kind = "text"
    required: bool = False


@dataclass(frozen=True)
class Contract:
    """A named row shape. `time` is the column whose UTC day decides the slices that a batch touches."""

    name: str
    meaning: str
    fields: tuple[Field, ...]
    time: str | None

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(field.name for field in self.fields)


def _text(*names: str) -> tuple[Field, ...]:
    return tuple(Field(name) for name in names)


def _kind(kind: Kind, *names: str) -> tuple[Field, ...]:
    return tuple(Field(name, kind) for name in names)


CHARGE = Contract(
    "charge",
    "one billing line, in FOCUS 1.3 names",
    (
        *_text("BillingAccountId", "BillingAccountName", "BillingAccountType"),
        *_text("SubAccountId", "SubAccountName", "SubAccountType"),
        Field("BillingCurrency", required=True),
        Field("BillingPeriodStart", "time", required=True),
        Field("BillingPeriodEnd", "time"),
        *_text("InvoiceId", "InvoiceDetailId", "InvoiceIssuerName"),
        *_text("ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency"),
        Field("ChargePeriodStart", "time", required=True),
        Field("ChargePeriodEnd", "time"),
        Field("BilledCost", "money", required=True),
        *_kind("money", "EffectiveCost", "ListCost", "ContractedCost"),
        *_kind("price", "ListUnitPrice", "ContractedUnitPrice"),
        *_kind("quantity", "PricingQuantity", "ConsumedQuantity"),
        *_text("PricingUnit", "ConsumedUnit", "PricingCategory", "PricingCurrency"),
        Field("PricingCurrencyEffectiveCost", "money"),
        *_kind("price", "PricingCurrencyListUnitPrice", "PricingCurrencyContractedUnitPrice"),
        *_text("CommitmentDiscountCategory", "CommitmentDiscountId", "CommitmentDiscountName", "CommitmentDiscountStatus"),
        Field("CommitmentDiscountType"),
        Field("CommitmentDiscountQuantity", "quantity"),
        *_text("CommitmentDiscountUnit", "CapacityReservationId", "CapacityReservationStatus", "ContractApplied"),
        *_text("ServiceProviderName", "HostProviderName", "ServiceCategory", "ServiceSubcategory", "ServiceName"),
        *_text("RegionId", "RegionName", "AvailabilityZone", "ResourceId", "ResourceName", "ResourceType"),
        *_text("SkuId", "SkuMeter", "SkuPriceId"),
        *_kind("map", "SkuPriceDetails", "Tags"),
        *_text("AllocatedMethodId", "AllocatedMethodDetails", "AllocatedResourceId", "AllocatedResourceName"),
        Field("AllocatedTags", "map"),
        *_text("PrincipalId", "CredentialId"),
        *_text("x_TenantId", "x_AgentId", "x_WorkflowId", "x_InstanceType", "x_Model", "x_TokenClass"),
    ),
    "ChargePeriodStart",
)

"""Columns of FOCUS 1.3 and 1.4, and of the 1.5 draft those that say who used the service. `AllocatedTags` belong to a share of a
charge that the provider has split; they repeat the charge's own tags. `AllocatedMethodDetails` and `ContractApplied` are JSON."""

CALL = Contract(
    "call",
    "one span: a metered call (model, embedding, retrieval, tool) or the agent or workflow around it",
    (
        *_text("trace", "span", "parent", "run", "response"),
        Field("start_time", "time", required=True),
        *_kind("time", "end_time", "first_token_time"),
        Field("operation", required=True),
        *_text("name", "provider", "account", "credential", "region", "resource", "model", "service_tier"),
        *_kind("int", "input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output", "audio_input"),
        *_kind("int", "audio_output", "image_input", "image_output", "reasoning"),
        Field("identity_holds", "bool"),
        *_text("status", "error_class", "finish_reason"),
        Field("attempt", "int"),
        Field("cache_hit", "bool"),
        *_text("tool", "args_hash", "prompt_hash", "prompt_route", "prompt_version", "policy_version"),
        *_text("tenant", "agent", "workflow", "session"),
        Field("sampling_weight", "quantity"),
        Field("reported_cost", "money"),
        Field("reported_currency"),
        Field("attributes", "map"),
    ),
    "start_time",
)
"""`operation` is one of: inference, embeddings, retrieval, tool, agent, workflow, other. Token counts are null when unmeasured.
`status` is ok or error. `sampling_weight` is how many calls this one stands for (1 where nothing was sampled).
`attributes` keeps what configuration may name as identity, never prompt text."""

RUN = Contract(
    "run",
    "one execution of a workflow, where a source feeds it; else derived from spans",
    (
        Field("run", required=True),
        *_text("workflow", "agent", "tenant"),
        Field("start_time", "time", required=True),
        Field("end_time", "time"),
        *_text("status"),
    ),
    "start_time",
)

OUTCOME = Contract(
    "outcome",
    "what a run, or an agent's day, was worth",
    (
        *_text("run", "agent"),
        Field("day", "time"),
        *_text("id"),
        Field("time", "time", required=True),
        Field("accepted", "bool"),
        Field("value", "money"),
        *_text("currency", "evaluator"),
        Field("human_minutes", "quantity"),
    ),
    "time",
)

METER = Contract(
    "meter",
    "resource use by a workload in one hour",
    (
        Field("hour", "time", required=True),
        *_text("provider", "account", "region", "resource", "instance_type", "purchase_option"),
        Field("capacity", "quantity"),
        *_text("tenant", "agent", "workflow"),
        *_kind("quantity", "gpu_seconds", "cpu_seconds", "memory_gib_seconds", "requests"),
    ),
    "hour",
)
"""`capacity` is the number of units (GPUs, else vCPUs) that the resource has; its hour holds capacity x 3,600 unit-seconds."""

SAMPLE = Contract(
    "sample",
    "one point of a pressure signal",
    (
        Field("time", "time", required=True),
        Field("signal", required=True),
        *_text("kind"),
        Field("labels", "map"),
        Field("value", "float", required=True),
    ),
    "time",
)

BENCHMARK = Contract(
    "benchmark",
    "one benchmark run",
    (
        *_text("workload", "tool", "model", "revision", "provider", "region", "instance_type", "hardware"),
        Field("count", "int"),
        Field("repeat", "int"),
        Field("time", "time"),
        *_kind("float", "duration_s", "units", "input_tokens", "output_tokens", "requests_per_s", "output_tokens_per_s"),
        *_kind("float", "total_tokens_per_s", "goodput_per_s", "ttft_p50_ms", "ttft_p95_ms", "ttft_p99_ms"),
        *_kind("float", "tpot_p50_ms", "tpot_p99_ms", "e2e_p50_ms", "e2e_p95_ms", "e2e_p99_ms"),
        *_kind("int", "completed", "failed", "max_concurrency"),
        Field("gpu_memory_gib", "float"),
        Field("attributes", "map"),
    ),
    None,
)

INVOICE = Contract(
    "invoice",
    "one line of an invoice, as its issuer states it",
    (
        *_text("issuer", "account"),
        Field("currency", required=True),
        Field("billing_period", "time", required=True),
        Field("billing_period_end", "time"),
        Field("invoice", required=True),
        *_text("detail", "category", "status", "reference"),
        Field("billed", "money", required=True),
        *_kind("time", "issued", "updated"),
        Field("payment_currency"),
        Field("payment_billed", "money"),
        Field("description"),
    ),
    None,
)
"""FOCUS 1.4 InvoiceDetail. `status` is Open, Issued or Voided: only an issued invoice is a total to reconcile against. `detail`
names a line within its invoice; of two versions of a line the later `updated` stands."""

CONTRACTS: dict[str, Contract] = {c.name: c for c in (CHARGE, CALL, RUN, OUTCOME, METER, SAMPLE, BENCHMARK, INVOICE)}
PARQUET_CONTRACTS: frozenset[str] = frozenset({"charge", "call", "sample", "meter"})
"""The contracts that grow: kept as immutable Parquet parts. The others are tables in the ledger's own file."""
