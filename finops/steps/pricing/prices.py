"""What the price facts say: prices in force on the business date, one name in full, and how old everything is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from finops.config import Overrides, load_settings
from finops.core.numbers import percent, plain_decimal
from finops.core.placing.offer import PURCHASE_OPTIONS, STALE_AFTER_DAYS, Offer
from finops.core.result import Column, Result
from finops.errors import DataError, UsageError
from finops.steps.pricing.book import known_batches, price_files
from finops.steps.pricing.price_figures import price_figures
from finops.steps.pricing.rows import SAME_AS_PARENT, columns_for, offer_row, tier_rows, token_points, token_row, told_apart

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.talk import Talk
    from finops.prices.book import PriceBook
    from finops.prices.tier_book import Tiers
    from finops.prices.token_book import TokenBook

FREE_BELOW = "A price holds for what lies above its tier, in a month; what lies below the lowest tier is free."
_ONE_SKU = re.compile(r", (SKU|meter) [^;]*")
"""What a source says of the one price beyond the list that it stands in."""
STALE_COLUMNS = (
    Column("provider", "Provider"),
    Column("purchase_option", "Bought as"),
    Column("as_of", "As of", "date"),
    Column("age_days", "Age in days", "count"),
    Column("stale", "Stale", "bool"),
    Column("prices", "Prices", "count"),
    Column("regions", "Regions", "count"),
    Column("source", "Source", wide_only=True),
)


def list_prices(
    overrides: Overrides,
    *,
    talk: Talk,
    provider: str | None = None,
    region: str | None = None,
    instance_type: str | None = None,
    model: str | None = None,
    purchase_option: str | None = None,
    sku: str | None = None,
    on: date | None = None,
) -> Result:
    """The prices in force on the business date, or on the day `on` as known on that date; token prices where a model or their
    seller is named, prices by tier where `sku` says what is moved or kept."""
    from fnmatch import fnmatchcase

    from finops.prices.book import PriceBook
    from finops.prices.tier_book import TierBook
    from finops.prices.token_book import TokenBook
    from finops.prices.tokens import canonical_provider

    if purchase_option is not None and purchase_option not in PURCHASE_OPTIONS:
        raise UsageError(
            f"`{purchase_option}` is not a purchase option",
            where="--purchase-option",
            hint=f"one of {', '.join(PURCHASE_OPTIONS)}",
        )
    settings = load_settings(overrides)
    talk.stage("Read price facts")
    known = (canonical_provider(provider) or provider) if provider else None
    rows: list[dict[str, Any]] = []
    notes: list[str] = []
    batches = known_batches(settings)
    if sku is not None:
        tiers = [one for one in TierBook.load(settings.prices, batches).known(settings.as_of, on) if fnmatchcase(one.sku, sku)]
        chosen = [one for one in tiers if known in (None, one.provider) and region in (None, one.region)]
        rows += [row for one in chosen for row in tier_rows(one, settings.as_of)]
        notes += [] if chosen else [f"No price of `{sku}` is known there; that is not the same as free."]
        notes += [FREE_BELOW] if chosen else []
        return _answer(settings, rows, notes)
    if model is None:
        book = PriceBook.load(settings.prices, batches)
        offers = book.offers(known, region, instance_type, purchase_option, settings.as_of, on)
        rows += [offer_row(offer, settings.as_of) for offer in offers]
        notes += stale_note(offers, settings.as_of)
        notes += _coming(book, offers, on or settings.as_of)
        if not offers and region and instance_type and known:
            absence = book.absence(known, region, instance_type, purchase_option or "on_demand", settings.as_of)
            notes += [f"{instance_type}: {absence.reason}."] if absence else []
    if instance_type is None and purchase_option in (None, "on_demand") and region is None and (model or known):
        tokens = TokenBook.of_batches(batches)
        points = told_apart(token_points(tokens, known, model, on or settings.as_of))
        rows += [token_row(tokens, point, settings.as_of) for point in points]
        notes += [SAME_AS_PARENT] if points else []
    if not rows and not notes:
        notes.append("No price is known under these names; that is not the same as free.")
    return _answer(settings, rows, notes)


def show_price(overrides: Overrides, *, name: str, talk: Talk) -> Result:
    """Everything known of one instance type or model, prices that are no longer or not yet in force included."""
    from finops.prices.book import PriceBook
    from finops.prices.token_book import TokenBook

    settings = load_settings(overrides)
    talk.stage("Read price facts")
    batches = known_batches(settings)
    book, tokens = PriceBook.load(settings.prices, batches), TokenBook.of_batches(batches)
    offers = book.offers(instance_type=name)
    if offers or any(spec.instance_type == name for spec in book.all_specs()):
        rows = [offer_row(offer, settings.as_of) for offer in offers]
        notes = [*_about_instance(book, name, offers, settings.as_of), *_coming(book, offers, settings.as_of)]
        return _answer(settings, rows, notes)
    points = told_apart(token_points(tokens, None, name, None))
    if not points:
        raise DataError(
            f"nothing is known of `{name}`", hint=_near(name, book, tokens) or "`finops prices list` shows what is known"
        )
    rows = [token_row(tokens, point, settings.as_of) for point in points]
    notes = [] if any(point.model == name for point in points) else [f"{name} is billed as {points[0].model}."]
    notes.append(SAME_AS_PARENT)
    return _answer(settings, rows, notes)


def _answer(settings: Settings, rows: list[dict[str, Any]], notes: list[str]) -> Result:
    files = price_files(settings)
    return Result(
        columns_for(rows),
        rows,
        meta=_meta(rows, settings.as_of),
        notes=notes,
        made=lambda place: price_figures(rows[place], files()),
    )


def stale_prices(overrides: Overrides, *, talk: Talk) -> Result:
    """Every snapshot with its age on the business date; those older than 30 days are stale."""
    from finops.prices.book import PriceBook
    from finops.prices.tier_book import TierBook

    settings = load_settings(overrides)
    talk.stage("Read price facts")
    batches = known_batches(settings)
    offers = PriceBook.load(settings.prices, batches).offers(at=settings.as_of)
    counts: Counter[tuple[str, str, date, str]] = Counter()
    places: dict[tuple[str, str, date, str], set[str]] = {}
    old_ones: set[tuple[str, str, date, str]] = set()
    for offer in offers:
        key = (offer.provider, offer.purchase_option, offer.as_of, _ONE_SKU.sub("", offer.source))
        counts[key] += 1
        old_ones |= {key} if offer.is_stale(settings.as_of) else set()
        places.setdefault(key, set()).add(offer.region)
    rows = [_age_row(*key, prices=counts[key], regions=len(places[key]), at=settings.as_of) for key in sorted(counts)]
    for row, key in zip(rows, sorted(counts), strict=True):
        row["stale"] = key in old_ones  # a contract that is known to hold does not age
    by_tier: dict[tuple[str, date, str], list[Tiers]] = {}
    for tiers in TierBook.load(settings.prices, batches).known(settings.as_of):
        by_tier.setdefault((tiers.provider, tiers.as_of, tiers.source), []).append(tiers)
    for (provider, as_of, source), found in sorted(by_tier.items()):
        prices, regions = sum(len(one.tiers) for one in found), len({one.region for one in found})
        rows.append(_age_row(provider, "by tier", as_of, source, prices=prices, regions=regions, at=settings.as_of))
    rows.append(_tokens_age(settings))
    old = sum(row["stale"] for row in rows)
    meta = {"as_of": settings.as_of, "stale": old, "stale_after_days": STALE_AFTER_DAYS}
    return Result(
        STALE_COLUMNS, rows, meta=meta, notes=[f"{old} of {len(rows)} snapshots are older than {STALE_AFTER_DAYS} days."]
    )


def _tokens_age(settings: Settings) -> dict[str, Any]:
    """The installed library's prices are as old as they say, or as the day on which its project was asked what is newer."""
    from finops.ledger.price_batches import price_batches
    from finops.ledger.store import open_reader
    from finops.prices.token_book import REFRESHED
    from finops.prices.tokens import token_price_batch

    batch = token_price_batch()
    as_of, source = batch.as_of, batch.source
    if settings.ledger.is_file():
        with open_reader(settings.ledger) as reader:
            asked = [row["as_of"] for row in price_batches(reader, settings.as_of) if row["name"] == REFRESHED and not row["own"]]
        if asked and max(asked) > as_of:
            as_of, source = max(asked), f"{source}; its project was asked on {max(asked)}"
    return _age_row("*", "tokens", as_of, source, prices=len(batch.points), regions=None, at=settings.as_of)


def _about_instance(book: PriceBook, name: str, offers: list[Offer], at: date) -> list[str]:
    notes = []
    for spec in [spec for spec in book.all_specs() if spec.instance_type == name]:
        memory = f" of {plain_decimal(spec.gpu_memory_gb)} GB" if spec.gpu_memory_gb else ""
        parts = [f"{spec.gpu_count} x {spec.gpu_name}{memory}" if spec.gpu_name else None]
        parts += [f"{spec.vcpu} vCPUs" if spec.vcpu else None]
        parts += [f"{plain_decimal(spec.memory_gib)} GiB of memory" if spec.memory_gib else None]
        notes.append(f"{spec.provider} {name}: {', '.join(part for part in parts if part)}.")
    for offer in offers:
        bucket = book.buckets(offer.provider, offer.region, name, at) if offer.purchase_option == "spot" else None
        if bucket is not None:
            below = f"{percent(bucket.saving)} below on-demand"
            notes.append(f"Spot in {offer.region}: {bucket.label} taken back in a month, {below} ({bucket.as_of}).")
    return notes + stale_note(offers, at)


def stale_note(offers: Sequence[Offer], at: date) -> list[str]:
    """One line on the age of prices, where any of them is old."""
    stale = sum(offer.is_stale(at) for offer in offers)
    if stale and stale == len(offers):
        return [f"All {stale:,} prices are older than {STALE_AFTER_DAYS} days on {at}; `finops prices refresh` brings new ones."]
    return [f"{stale} of {len(offers)} prices are older than {STALE_AFTER_DAYS} days on {at}."] if stale else []


def _coming(book: PriceBook, offers: Sequence[Offer], after: date) -> list[str]:
    """The days after which some of these prices are known to change."""
    days: Counter[date] = Counter()
    for offer in offers:
        names = (offer.provider, offer.region, offer.instance_type, offer.purchase_option)
        days.update(day for day in book.changes(*names) if day > after)
    told = [f"{day} ({count:,})" for day, count in sorted(days.items())[:6]]
    return [f"Known to change on {', '.join(told)}: `--on DATE` shows the prices of a day."] if told else []


def _near(name: str, book: PriceBook, tokens: TokenBook) -> str | None:
    names = sorted({spec.instance_type for spec in book.all_specs()} | {point.model for point in tokens.points})
    close = get_close_matches(name, names, n=3)
    return f"did you mean {' or '.join(f'`{one}`' for one in close)}?" if close else None


def _age_row(
    provider: str, option: str, as_of: date, source: str, *, prices: int, regions: int | None, at: date
) -> dict[str, Any]:
    age = (at - as_of).days
    return {
        "provider": provider, "purchase_option": option, "as_of": as_of, "age_days": age, "stale": age > STALE_AFTER_DAYS,
        "prices": prices, "regions": regions, "source": source,
    }  # fmt: skip


def _meta(rows: Sequence[dict[str, Any]], at: date) -> dict[str, Any]:
    dates = [row["as_of"] for row in rows]
    stale = sum((at - r["as_of"]).days > STALE_AFTER_DAYS and not (r["valid_to"] and r["valid_to"] > at) for r in rows)
    return {"as_of": at, "prices_as_of": min(dates, default=None), "stale_prices": stale}
