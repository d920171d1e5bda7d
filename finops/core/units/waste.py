"""Waste in money: the causes, how each is told, and what a needless call cost by its share of the bill."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from finops.core.units.call_cost import CallRates

Row = Mapping[str, Any]

_EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_STORED = Decimal("1e-12")
_PRICE_KEYS = ("tenant", "agent", "workflow", "model", "currency")
_WRITES = ("cache_write_5m", "cache_write_1h")


@dataclass(frozen=True)
class Cause:
    """Why money was spent for nothing. `told_by` counts what tells of it, among those in `among`, where it is of such."""

    id: str
    meaning: str
    told_by: str | None = None
    among: str | None = None
    needs: str = ""


CAUSES: tuple[Cause, ...] = (
    Cause("idle", "hours of metered resources in which no workload used them", "metered_hours", needs="meter readings"),
    Cause(
        *("unused_commitment", "committed hours that nobody used", "priced_charges"),
        needs="charges that say what of commitments was used",
    ),
    Cause("no_outcome", "agents whose runs have no outcome, while others' have", "with_verdict", "runs", "an outcome"),
    Cause(
        "loop",
        "model calls around a tool that was called with the same arguments again (3 times or more, or in turn with another)",
        "with_errand",
        "tool_calls",
        "the hash of a tool's arguments",
    ),
    Cause("fell_back", "failed calls, after which another model answered", "with_status", "model_calls", "a status"),
    Cause("retried", "failed calls, after which the same model answered", "with_status", "model_calls", "a status"),
    Cause("failed", "failed calls that nothing made good", "with_status", "model_calls", "a status"),
    Cause("aborted", "streams that the client left", "with_finish_reason", "model_calls", "a finish reason"),
    Cause(
        "copy",
        "calls with a prompt that the same model had answered the same agent within a day, which a cache would have served",
        "with_prompt_hash",
        "model_calls",
        "the hash of a prompt",
    ),
    Cause(
        "long_prompt",
        "fresh input beyond four times the usual of the agent on the model",
        "with_tokens",
        "model_calls",
        "a count of fresh input",
    ),
)
"""In order: a call has the first cause that fits, and its cost is in no other."""


def untold(cause: Cause, told: Mapping[str, int]) -> int | None:
    """Of how many calls (runs) the cause can't be told; None where telling needs nothing that could be missing."""
    if cause.told_by is None or cause.among is None:
        return None
    return int(told[cause.among]) - int(told[cause.told_by])


def unmeasured(cause: Cause, told: Mapping[str, int]) -> bool:
    """Whether nothing at all tells of the cause, so that no cost of it is not a cost of nothing."""
    return cause.told_by is not None and told[cause.told_by] == 0 and (cause.among is None or told[cause.among] > 0)


def anything_told(told: Mapping[str, int]) -> bool:
    """Whether at least one cause can be told, so that no cost of any is a cost of nothing."""
    return any(told[cause.told_by] > 0 for cause in CAUSES if cause.told_by is not None)


def priced_calls(calls: Iterable[Row], rates: Iterable[Row], tokens: Sequence[Row]) -> list[dict[str, Any]]:
    """Each row of needless calls with `list_cost` and `cost`: list price times what the owner's calls of that model and day cost
    by bill or estimate, over their list price (`CallRates.at_bill`). A long prompt costs its excess tokens at the owner's price
    of fresh input.
    """
    at = CallRates(rates)
    prices = input_prices(tokens)
    priced = []
    for row in calls:
        listed = row["list_cost"]
        if row["cause"] == "long_prompt":
            price = prices.get(tuple(row[name] for name in _PRICE_KEYS))
            listed = (
                None if price is None or row["excess_tokens"] is None else _stored(_EXACT.multiply(price, row["excess_tokens"]))
            )
        priced.append(at.at_bill(row, listed))
    return priced


def input_prices(tokens: Sequence[Row]) -> dict[tuple[Any, ...], Decimal]:
    """List price of one fresh input token, by owner, model and currency, as the period's calls paid it."""
    return {
        tuple(row[name] for name in _PRICE_KEYS): _EXACT.divide(row["list_cost"], row["tokens"])
        for row in tokens
        if row["token_class"] == "input_uncached" and row["list_cost"] is not None and row["tokens"]
    }


def cache_savings(tokens: Sequence[Row]) -> list[dict[str, Any]]:
    """What prompt caches saved at list price, by owner, model and currency: tokens read x (price of fresh input - price of a
    read) - tokens written x (price of a write - price of fresh input). Null where the owner bought no fresh input to compare.
    """
    prices = input_prices(tokens)
    sums: dict[tuple[Any, ...], Decimal | None] = {}
    for row in tokens:
        if row["token_class"] != "cache_read" and row["token_class"] not in _WRITES:
            continue
        key = tuple(row[name] for name in _PRICE_KEYS)
        price, before = prices.get(key), sums.get(key, Decimal(0))
        if price is None or row["list_cost"] is None or before is None:
            sums[key] = None
        else:
            sums[key] = _EXACT.add(before, _EXACT.subtract(_EXACT.multiply(price, row["tokens"]), row["list_cost"]))
    return [
        {**dict(zip(_PRICE_KEYS, key, strict=True)), "saved": None if saved is None else _stored(saved)}
        for key, saved in sums.items()
    ]


def grouped(rows: Iterable[Row], by: Sequence[str]) -> list[dict[str, Any]]:
    """Sums of `calls`, `list_cost`, `cost` and `saved` by the names in `by` and the currency, the dearest first."""
    found: dict[tuple[Any, ...], dict[str, Any]] = defaultdict(
        lambda: {"calls": None, "uncosted": None, "list_cost": None, "cost": None, "saved": None}
    )
    for row in rows:
        sums = found[*(row.get(name) for name in by), row["currency"]]
        for name in ("calls", "uncosted"):
            if row.get(name) is not None:
                sums[name] = (sums[name] or 0) + row[name]
        for name in ("list_cost", "cost", "saved"):
            if row.get(name) is not None:
                sums[name] = _EXACT.add(sums[name] or Decimal(0), row[name])
    ordered = sorted(found.items(), key=lambda item: (-(item[1]["cost"] or 0), *(str(part) for part in item[0])))
    return [{**dict(zip((*by, "currency"), key, strict=True)), **sums} for key, sums in ordered]


def _stored(amount: Decimal) -> Decimal:
    return amount.quantize(_STORED, context=_EXACT)
