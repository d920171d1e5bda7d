"""Fetches prices from clouds into dated batches of the ledger. What fails leaves the prices as they were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.placing.price_changes import PriceChange
from finops.core.result import Column, Result
from finops.errors import FinopsError, OutsideError, UsageError
from finops.ledger.price_batches import PriceBatch, add_price_batch
from finops.ledger.store import open_writer
from finops.steps.pricing.before import listed_price, size_of
from finops.steps.pricing.book import digest_of, fact_rows, known_batches
from finops.steps.pricing.changes import Books, Month, changes, changes_result, effect_notes, effects, last_month, told_once
from finops.steps.pricing.imported import with_batch

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.talk import Talk
    from finops.prices.base import Batch, PriceProvider, PriceQuery
    from finops.prices.checks import Refused

COLUMNS = (
    Column("provider", "Provider"),
    Column("status", "Status"),
    Column("as_of", "As of", "date"),
    Column("prices", "Prices", "count"),
    Column("changed", "Changed", "count"),
    Column("new", "New", "count"),
    Column("gone", "Gone", "count"),
    Column("rejected", "Rejected", "count"),
    Column("reason", "Why"),
    Column("batch", "Batch", wide_only=True),
)
SHOWN = 20
_KEPT = "the prices are as they were"


@dataclass(frozen=True)
class Fetched:
    """What a provider answered: a batch with what it changes, or why there is none."""

    name: str
    batch: Batch | None
    changes: Sequence[PriceChange]
    refused: Sequence[Refused]
    error: FinopsError | None = None


def refresh_prices(
    overrides: Overrides,
    *,
    providers: Sequence[str] = (),
    regions: Sequence[str] = (),
    instance_types: Sequence[str] = (),
    dry_run: bool = False,
    top: int = 0,
    wait_s: float = 60.0,
    talk: Talk,
) -> Result:
    """Asks the providers (or all of a cloud, or all) for today's prices, checks them, and adds each answer as a batch of its own.
    A provider that fails is a row with its reason; the others are taken. `failed` in meta counts them."""
    from finops.prices.base import PriceQuery

    settings = load_settings(overrides)
    chosen = _chosen(providers)
    query = PriceQuery(tuple(regions) or None, tuple(instance_types) or None)
    month = last_month(settings)
    rows, fetched = [], []
    for one in chosen:
        talk.stage(f"Ask {one.title}")
        answer = _fetch(one, query, settings, talk)
        fetched.append(answer)
        if not dry_run:
            rows.append(_taken(answer, settings, wait_s))
    failed = [answer.error for answer in fetched if answer.error is not None]
    if failed and len(failed) == len(fetched):
        raise failed[0]
    found = told_once([change for answer in fetched for change in answer.changes], month)
    meta = {"as_of": settings.as_of, "failed": len(failed), "rejected": [_refusal(r) for a in fetched for r in a.refused]}
    if dry_run:
        return changes_result(found, month, settings.as_of, top, {**meta, "dry_run": True})
    rows += _library(providers)
    totals, notes = effects(found, month, settings.as_of), _notes(rows, found, month, settings.as_of)
    return Result(COLUMNS, rows, totals, {**meta, "dry_run": False}, notes)


def _chosen(names: Sequence[str]) -> list[PriceProvider]:
    """The providers that are meant, by their own names or their clouds'."""
    from finops.prices import PROVIDERS, provider, updates_of_tokens
    from finops.prices.names import canonical_provider

    every = [provider(name) for name in PROVIDERS]
    online = [one for one in every if one.cloud]
    found = list(online) if not names else []
    for name in names:
        cloud = canonical_provider(name) or name
        matching = [one for one in online if name == one.name or cloud == one.cloud]
        if name == "tokens":
            matching = [updates_of_tokens()]
        if not matching:
            known = sorted({one.cloud for one in online} | {one.name for one in online} | {"tokens"})
            near = get_close_matches(name, known, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(known)}"
            raise UsageError(f"there is no price provider `{name}`", hint=hint)
        found += [one for one in matching if one not in found]
    return found


def _fetch(provider: PriceProvider, query: PriceQuery, settings: Settings, talk: Talk) -> Fetched:
    from finops.prices.base import Batch
    from finops.prices.checks import checked

    known = known_batches(settings)
    before = Books.of(settings, known)
    provider = _asked_again(provider, known)
    try:
        listed, size = listed_price(before, settings), size_of(before.hours)
        good, refused = checked(provider.fetch(query, settings.as_of), listed, size)
        if provider.name == "tokens" and not good and not refused:  # it lists only what differs
            return Fetched(provider.name, Batch(provider.name, settings.as_of, provider.title, ()), (), ())
        if not good or len(refused) > len(good):
            raise _nothing(provider, refused)
    except (OutsideError, UsageError) as error:
        return Fetched(provider.name, None, (), (), error)
    for one in refused[:SHOWN]:
        talk.warn(f"{provider.name}: {one.row}: {one.reason}")
    complete = provider.complete and query.skus is None and not refused
    batch = Batch(provider.name, settings.as_of, provider.title, good, complete=complete)
    after = Books.of(settings, with_batch(known, batch))
    return Fetched(provider.name, batch, changes(before, after, batch.facts, settings.as_of), refused)


def _asked_again(provider: PriceProvider, known: Sequence[Batch]) -> PriceProvider:
    """The list of token prices tells all of the models of its earlier answers: they may be as installed again."""
    from finops.prices.base import PricePoint
    from finops.prices.token_updates import TokenUpdates

    if not isinstance(provider, TokenUpdates):
        return provider
    facts = (fact for batch in known if batch.name == provider.name for fact in batch.facts if isinstance(fact, PricePoint))
    return replace(provider, again=frozenset((fact.provider, fact.sku.rpartition("/")[0]) for fact in facts))


def _nothing(provider: PriceProvider, refused: Sequence[Refused]) -> OutsideError:
    if not refused:
        return OutsideError("nothing is listed under these regions and instance types", where=provider.title, hint=_KEPT)
    what = f"{len(refused):,} prices can't be taken, the first because {refused[0].reason}"
    return OutsideError(what, where=f"{provider.title}, {refused[0].row}", hint=_KEPT)


def _taken(answer: Fetched, settings: Settings, wait_s: float) -> dict[str, Any]:
    """Adds the batch to the ledger."""
    if answer.batch is None:
        said = answer.error
        empty = dict.fromkeys(("as_of", "prices", "changed", "new", "gone", "rejected", "batch"))
        return {"provider": answer.name, "status": "failed", **empty, "reason": said.what if said else None}
    batch, rows = answer.batch, fact_rows(answer.batch.facts)
    entry = PriceBatch(batch.name, batch.own, batch.complete, batch.as_of, batch.source, digest_of(rows))
    with open_writer(settings.ledger, wait_s=wait_s, command="prices refresh", memory=settings.memory) as writer:
        added = add_price_batch(writer, entry, rows)
    kinds = {kind: sum(one.kind == kind for one in answer.changes) for kind in ("changed", "new", "gone")}
    return {
        "provider": answer.name, "status": "refreshed" if added and rows else "unchanged", "as_of": batch.as_of,
        "prices": len(rows), **kinds, "rejected": len(answer.refused), "reason": None if rows else "the list is as installed",
        "batch": added,
    }  # fmt: skip


def _library(names: Sequence[str]) -> list[dict[str, Any]]:
    """Token prices come with a library; its project is asked for newer ones by name alone. How new the installed ones are."""
    from finops.prices.tokens import token_price_batch

    if names:
        return []
    batch = token_price_batch()
    empty = dict.fromkeys(("changed", "new", "gone", "rejected", "batch"))
    why = f"{batch.source}; `finops prices refresh tokens` asks its project for newer ones"
    row = {"provider": "tokens", "status": "installed", "as_of": batch.as_of, "prices": len(batch.points), **empty, "reason": why}
    return [row]


def _notes(rows: Sequence[dict[str, Any]], found: Sequence[PriceChange], month: Month, at: date) -> list[str]:
    notes = effect_notes(found, month, at) if any(one.kind == "changed" for one in found) else []
    if any(row["status"] == "refreshed" for row in rows):
        notes += ["`finops build` prices open months anew; closed and past ones keep the prices they had."]
    return notes


def _refusal(refused: Refused) -> dict[str, str]:
    return {"row": refused.row, "reason": refused.reason}
