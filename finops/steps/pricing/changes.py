"""What a batch of prices changes, and what that would have made of the last whole month's cost."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from finops.core.numbers import money_change
from finops.core.periods import month_text
from finops.core.placing.price_changes import PriceChange, PriceName, Used, effect
from finops.core.result import Column, Result
from finops.errors import DataError
from finops.ledger.cube import require_built
from finops.ledger.price_use import hours_used, tokens_used
from finops.ledger.store import open_reader

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.prices.base import Batch, Fact
    from finops.prices.book import PriceBook
    from finops.prices.token_book import TokenBook

COLUMNS = (
    Column("provider", "Provider"),
    Column("region", "Region"),
    Column("sku", "What"),
    Column("purchase_option", "Bought as"),
    Column("kind", "Change", wide_only=True),
    Column("from_day", "From", "date"),
    Column("before", "Before", "unit_price", metric="price"),
    Column("after", "After", "unit_price", metric="price"),
    Column("share", "By", "ratio", metric="price"),
    Column("unit", "Unit", wide_only=True),
    Column("currency", "Currency", wide_only=True),
    Column("used", "Used last month", "number", wide_only=True),
    Column("effect", "Last month", "money", metric="price_effect"),
)


@dataclass(frozen=True)
class Books:
    """Prices of everything that is bought, as batches make them."""

    hours: PriceBook
    tokens: TokenBook

    @classmethod
    def of(cls, settings: Settings, batches: Sequence[Batch]) -> Books:
        from finops.prices.book import PriceBook
        from finops.prices.token_book import TokenBook

        return cls(PriceBook.load(settings.prices, batches), TokenBook.of_batches(batches))


@dataclass(frozen=True)
class Month:
    """What the last whole month used; `known` is false where there is no ledger to tell."""

    first: date
    end: date
    used: dict[PriceName, Used]
    known: bool


def changes(before: Books, after: Books, facts: Iterable[Fact], at: date) -> list[PriceChange]:
    """Every price that the facts make different, on the business date and on the days to come that they name."""
    from finops.prices.base import Discount, PricePoint
    from finops.prices.terms import matches

    names: dict[date, set[PriceName]] = {at: set()}
    models, discounts = set(), []
    for fact in facts:
        if (isinstance(fact, PricePoint) and fact.unit == "token") or (isinstance(fact, Discount) and "/" in fact.sku):
            models.add((fact.provider, fact.sku.rpartition("/")[0]))
        elif isinstance(fact, Discount):
            discounts.append(fact)
        elif isinstance(fact, PricePoint) and fact.unit == "hour":
            for day in {at} | {day for day in (fact.valid_from, fact.valid_to) if day and day > at}:
                names.setdefault(day, set()).add(PriceName(fact.provider, fact.region, fact.sku, fact.purchase_option))
        elif not isinstance(fact, PricePoint):
            names[at].add(PriceName(fact.provider, fact.region, fact.sku, "spot"))
    if discounts:
        every = {*before.hours.names(), *after.hours.names()}
        names[at] |= {PriceName(*key) for key in every if any(matches(one, key) for one in discounts)}
    found = [_hour(before, after, name, at, day) for day in sorted(names) for name in sorted(names[day])]
    return [*_lasting(one for one in found if one is not None), *_tokens(before.tokens, after.tokens, models, at)]


def last_month(settings: Settings) -> Month:
    """Hours of instances and tokens in the last whole month before the business date."""
    end = settings.as_of.replace(day=1)
    first = (end - timedelta(days=1)).replace(day=1)
    if not settings.ledger.is_file():
        return Month(first, end, {}, False)
    with open_reader(settings.ledger) as reader:
        try:
            require_built(reader)
        except DataError:  # nothing was built yet
            return Month(first, end, {}, False)
        hours, rows = hours_used(reader, first, end), tokens_used(reader, first, end)
    used = {PriceName(*place): Used(quantity) for place, quantity in hours.items()}
    for row in rows:
        if row["tokens"] is not None:
            name = PriceName(row["provider"], "*", f"{row['model']}/{row['token_class']}", "on_demand")
            known = used.get(name, Used(Decimal(0), {}))
            listed = {} if row["list_cost"] is None else {row["currency"]: row["list_cost"]}
            used[name] = Used(known.quantity + row["tokens"], {**(known.list_costs or {}), **listed})
    return Month(first, end, used, True)


def change_rows(found: Sequence[PriceChange], month: Month, top: int = 0) -> list[dict[str, Any]]:
    """The changes of known prices, those that weigh on last month's cost first, then the largest; `top` keeps that many."""
    rows = []
    for one in found:
        used = month.used.get(one.name)
        rows.append(
            {
                **one.name._asdict(), "kind": one.kind, "from_day": one.on, "before": one.before, "after": one.after,
                "share": None if one.share is None else Decimal(round(one.share, 6)), "unit": one.unit,
                "currency": one.currency, "used": None if used is None else used.quantity, "effect": effect(one, used),
            }
        )  # fmt: skip
    rows.sort(key=_weight)
    return rows[:top] if top else rows


def effects(found: Iterable[PriceChange], month: Month, on: date) -> list[dict[str, Any]]:
    """The effect on last month's cost by currency, at the prices that are in force on the day `on`."""
    latest: dict[PriceName, PriceChange] = {}
    for one in sorted((one for one in found if one.on <= on), key=lambda one: one.on):
        latest[one.name] = one
    totals: dict[str, Decimal] = {}
    for one in latest.values():
        cost = effect(one, month.used.get(one.name))
        if cost is not None:
            totals[one.currency] = totals.get(one.currency, Decimal(0)) + cost
    return [{"currency": currency, "effect": cost} for currency, cost in sorted(totals.items())]


def changes_result(found: Sequence[PriceChange], month: Month, at: date, top: int, meta: dict[str, Any]) -> Result:
    """The changes as an answer. What is newly known is counted; it is listed with `--new`."""
    found = told_once(found, month)
    listed = [one for one in found if one.kind == "changed"] if not meta.get("new") else found
    rows = change_rows(listed, month)
    totals = effects(found, month, at)
    counts = {kind: sum(one.kind == kind for one in found) for kind in ("changed", "new", "gone")}
    shown = rows[:top] if top else rows
    notes = [_sum_note(counts, len(rows) - len(shown))]
    notes += effect_notes(found, month, at) if counts["changed"] else []
    return Result(_columns(shown), shown, totals, {"as_of": at, **meta, **counts, "month": month_text(month.first)}, notes)


def effect_notes(found: Sequence[PriceChange], month: Month, at: date) -> list[str]:
    """Sentences on last month's cost: at the prices in force, and at those of the days to come."""
    name = month_text(month.first)
    if not month.known:
        return [f"What they would have made of {name} is not known: no use of that month is built."]
    now = _said(effects(found, month, at))
    notes = [
        f"The use of {name} at the new prices: {now}. What commitments cover is paid already and not in it."
        if now
        else f"Nothing that they change today was used in {name}."
    ]
    days = sorted({one.on for one in found if one.on > at and month.used.get(one.name)})
    return notes + [f"At those in force from {day}: {_said(effects(found, month, day))}." for day in days]


def _said(totals: Iterable[Mapping[str, Any]]) -> str:
    return ", ".join(money_change(row["effect"], row["currency"]) for row in totals)


def _columns(rows: Sequence[Mapping[str, Any]]) -> list[Column]:
    """The columns, with those that say the same of all rows, or would not fit, left to the wide table."""
    hidden = {"from_day"} if len({row["from_day"] for row in rows}) == 1 else set()
    hidden |= {"region"} if rows and all(row["region"] == "*" for row in rows) else set()
    units = {row["unit"] for row in rows}
    if "token" in units:
        hidden |= {"purchase_option"} if units == {"token"} else {"before", "provider"}
    return [replace(column, wide_only=column.wide_only or column.key in hidden) for column in COLUMNS]


def told_once(found: Sequence[PriceChange], month: Month) -> list[PriceChange]:
    """Without classes of tokens that nobody used and that go with plain input or output."""
    by_name = {(one.name, one.on): one for one in found}
    kept = []
    for one in found:
        model, _, token_class = one.name.sku.rpartition("/")
        parent = "output" if token_class.endswith("output") else "input_uncached"
        plain = by_name.get((one.name._replace(sku=f"{model}/{parent}"), one.on))
        goes_with = plain is not None and plain is not one and (plain.before, plain.after) == (one.before, one.after)
        if one.unit != "token" or one.name in month.used or not goes_with:
            kept.append(one)
    return kept


def _sum_note(counts: dict[str, int], hidden: int) -> str:
    changed = f"{counts['changed']:,} price changes" if counts["changed"] == 1 else f"{counts['changed']:,} prices change"
    said = f"{changed}, {counts['new']:,} are new, {counts['gone']:,} are no longer offered."
    return said + (f" {hidden:,} more are not listed." if hidden else "")


def _hour(before: Books, after: Books, name: PriceName, at: date, on: date) -> PriceChange | None:
    old, new = before.hours.offer(*name, at, on), after.hours.offer(*name, at, on)
    told = new or old
    if told is None or (old and new and (old.price, old.currency) == (new.price, new.currency)):
        return None
    if old and new and old.currency != new.currency:
        old = None
    return PriceChange(name, told.unit, told.currency, on, old.price if old else None, new.price if new else None)


def _lasting(found: Iterable[PriceChange]) -> list[PriceChange]:
    """Without later days on which the prices before and after are those of an earlier one."""
    kept: dict[PriceName, PriceChange] = {}
    lasting = []
    for one in found:
        last = kept.get(one.name)
        if last is None or (last.before, last.after) != (one.before, one.after):
            lasting.append(one)
        kept[one.name] = one
    return lasting


def _tokens(before: TokenBook, after: TokenBook, models: set[tuple[str, str]], at: date) -> list[PriceChange]:
    """Standard prices of the smallest requests, on the business date and where they change later."""
    from fnmatch import fnmatchcase

    if not models:
        return []
    known = {(p.provider, p.model) for book in (before, after) for p in book.points}
    chosen = {key for key in known if any(key[0] == p and fnmatchcase(key[1], m) for p, m in models)}
    days = {at}
    for book in (before, after):
        days |= {p.valid_from.date() for p in book.of(chosen) if p.valid_from and p.valid_from.date() > at}
    found = []
    for day in sorted(days):
        old, new = _standard(before, chosen, day), _standard(after, chosen, day)
        for name in sorted({*old, *new}):
            if old.get(name) != new.get(name):
                told = new.get(name) or old[name]
                found.append(
                    PriceChange(
                        name, "token", told[1], day, old[name][0] if name in old else None, new[name][0] if name in new else None
                    )
                )
    return _lasting(found)


def _standard(book: TokenBook, models: set[tuple[str, str]], day: date) -> dict[PriceName, tuple[Decimal, str]]:
    from finops.steps.pricing.rows import in_force

    return {
        PriceName(p.provider, "*", f"{p.model}/{p.token_class}", "on_demand"): (p.price, p.currency)
        for p in book.of(models)
        if in_force(p, day) and p.service_tier == "standard" and not p.variant and not p.min_input_tokens and p.tod_from is None
    }


def _weight(row: dict[str, Any]) -> tuple[Any, ...]:
    size = abs(row["effect"]) if row["effect"] is not None else Decimal(-1)
    share = abs(row["share"]) if row["share"] is not None else Decimal(-1)
    return (-size, -share, row["provider"], row["region"], row["sku"], row["purchase_option"], row["from_day"])
