"""What completes a row of an `[[import]]` once its columns are read, contract by contract, and what it has to say about it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from finops.core.contracts import CONTRACTS
from finops.core.settings import Import
from finops.core.tokens import TOKEN_CLASSES, Usage
from finops.sources import meters, outcomes
from finops.sources.gateway_calls import tokens

Values = dict[str, Any]
OPERATIONS = ("inference", "embeddings", "retrieval", "tool", "agent", "workflow", "other")


class Finish:
    """`row` completes the values in place and says why they would not do; `notes` is what to tell of the file."""

    def __init__(self, row: Callable[[Values], str | None], notes: list[str]) -> None:
        self.row, self.notes = row, notes


def finisher(given: Import, mapped: Collection[str]) -> Finish:
    """How the rows of the mapping are completed."""
    if given.contract == "charge":
        return _of_charges(given, mapped)
    if given.contract == "call":
        return _of_calls(given)
    if given.contract in ("outcome", "meter"):
        shape = outcomes.SHAPE if given.contract == "outcome" else meters.SHAPE
        blank = dict.fromkeys(CONTRACTS[given.contract].names)

        def fill(values: Values) -> str | None:
            values.update({name: None for name in blank if name not in values})
            return shape.finish(values)

        return Finish(fill, [])
    return Finish(lambda _values: None, [])


def advice(given: Import, mapped: Collection[str]) -> list[str]:
    """What a mapping leaves out that most answers need."""
    told = {
        "charge": (
            (
                "EffectiveCost",
                "`cost` and `forecast` count effective cost, unknown here; the billed column may feed it too",
            ),
            ("ChargeCategory", 'charges without one count as one-off in forecasts; constants = { ChargeCategory = "Usage" }'),
            ("InvoiceIssuerName", "invoices are told apart by their issuer"),
            ("ServiceProviderName", "rules, prices and calls are joined by the provider"),
        ),
        "call": (
            ("provider", "calls are priced by provider and model"),
            ("trace", "without `trace` and `span`, or `response`, a call that is loaded from two files counts twice"),
        ),
        "sample": (("labels", "series of one signal can't be told apart"),),
        "meter": (("resource", "meters are joined to charges by their resource"),),
        "outcome": (("evaluator", "several outcomes of a run are chosen by evaluator, then by time"),),
    }
    said = [f"{name} is not mapped: {why}" for name, why in told.get(given.contract, ()) if name not in mapped]
    return [one for one in said if not (one.startswith("trace ") and "response" in mapped)]


def _of_charges(given: Import, mapped: Collection[str]) -> Finish:
    if "BillingPeriodStart" in mapped:
        return Finish(lambda _values: None, [])
    zone = ZoneInfo(given.zone)

    @lru_cache(maxsize=4096)
    def first_of_month(start: datetime) -> datetime:
        local = start.replace(tzinfo=UTC).astimezone(zone)
        first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0, fold=0)
        return first.astimezone(UTC).replace(tzinfo=None)

    def month(values: Values) -> None:
        start: datetime | None = values.get("ChargePeriodStart")
        values["BillingPeriodStart"] = None if start is None else first_of_month(start)

    return Finish(month, ["BillingPeriodStart is not mapped: the month of the charge stands for its billing period"])


def _of_calls(given: Import) -> Finish:
    def complete(values: Values) -> str | None:
        operation = values.get("operation")
        if operation is not None and operation not in OPERATIONS:
            return f"the operation `{operation}` is none of {', '.join(OPERATIONS)}"
        if given.tokens is not None:
            values.update(tokens(_usage(values), given.tokens))
        if any(values.get(name) is not None and values[name] < 0 for name in TOKEN_CLASSES):
            return "a count of tokens is below 0"
        return None

    return Finish(complete, [])


def _usage(values: Mapping[str, Any]) -> Usage:
    """The counts as the file reports them: input with or without its cache, output with its reasoning."""
    writes = [values.get(name) for name in ("cache_write_5m", "cache_write_1h")]
    return Usage(
        input=values.get("input_uncached"),
        output=values.get("output"),
        cache_read=values.get("cache_read"),
        cache_write=sum(one or 0 for one in writes) if any(one is not None for one in writes) else None,
        cache_write_1h=writes[1],
        **{name: values.get(name) for name in ("audio_input", "audio_output", "image_input", "image_output", "reasoning")},
    )
