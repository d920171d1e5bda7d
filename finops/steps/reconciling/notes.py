"""What the evidence of `reconcile --sources` lacks, in sentences: no figure is unknown without a reason."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from finops.core.explaining.gap import CAUSES, Bridge
from finops.core.numbers import count, money_table
from finops.steps.reconciling.evidence import Gathered, Key, Side

Found = tuple[Key, Side, Bridge]


def evidence_notes(gathered: Gathered, bridges: Sequence[Found], *, has_rates: bool) -> list[str]:
    """One sentence per thing that is missing or estimated."""
    models = [one for one in bridges if one[0].model is not None]
    return [
        *_untraced(gathered, models),
        *_unpriced(models),
        *_rates(gathered, has_rates),
        *_accounts(gathered),
        *_unlisted(models),
        *_sampled(models),
    ]


def _untraced(gathered: Gathered, models: Iterable[Found]) -> list[str]:
    missing = sorted(
        {(key.period, key.provider or "-") for key, _, _ in models if (key.period, key.provider) not in gathered.traced}
    )
    if not missing:
        return []
    return [
        f"no trace is loaded of {_list(f'{provider} in {period}' for period, provider in missing)}: the bridge begins at nothing"
    ]


def _unpriced(models: Iterable[Found]) -> list[str]:
    calls = {(key.model or "-"): 0 for key, side, _ in models if side.unpriced}
    for key, side, _ in models:
        if side.unpriced:
            calls[key.model or "-"] += side.unpriced
    return [
        f"{count(number)} calls of {model} have no list price: they are in no figure of calls, and what they cost is unexplained"
        for model, number in sorted(calls.items())
    ]


def _rates(gathered: Gathered, has_rates: bool) -> list[str]:
    where = "the table of `[currency] rates`" if has_rates else "`[currency] rates` in finops.toml names a table of rates"
    return [
        f"no rate from {base} to {quote} is known for every day: what needs one is unknown ({where}: date,from,to,rate,source)"
        for base, quote in sorted(gathered.rateless)
    ]


def _accounts(gathered: Gathered) -> list[str]:
    notes = [
        f"{provider or '-'} {period}: calls name no account of the bill's several, so that its accounts stand together"
        for period, provider in sorted(gathered.accounts.merged, key=str)
    ]
    notes += [
        f"{provider or '-'} {period}: the bill of {account or 'the account'} names no model, so that all models stand together"
        for period, provider, account in sorted(gathered.accounts.whole, key=str)
    ]
    notes += [
        f"{provider or '-'} {period}: calls name no account, and the bills are in several currencies: they can't be compared"
        for period, provider in sorted(gathered.accounts.apart, key=str)
    ]
    return notes


def _unlisted(models: Iterable[Found]) -> list[str]:
    """Models of whose charges a cause can't be told, and why."""
    models = list(models)
    without = sorted(
        {key.provider or "-" for key, side, _ in models if (bill := side.evidence.bill) and bill.usage and bill.list is None}
    )
    notes = []
    if without:
        notes.append(
            f"the bill of {_list(without)} says no list cost: discount and currency are unknown, and part of `unexplained`"
        )
    rates = sorted(
        {
            (key.provider or "-", key.currency)
            for key, side, found in models
            if (bill := side.evidence.bill) and bill.list is not None and found.causes["exchange_rate"] is None
        }
    )
    notes += [
        f"the bill of {provider} in {currency} says no price in the currency of its prices: what its rate does is unknown"
        for provider, currency in rates
    ]
    return notes


def _sampled(models: Iterable[Found]) -> list[str]:
    widths: dict[str, Decimal] = {}
    for key, _, found in models:
        for amount in found.within.values():
            widths[key.currency] = max(widths.get(key.currency, Decimal(0)), amount)
    label, missing = CAUSES["sampling"][0].lower(), CAUSES["missing_spans"][0].lower()
    return [
        f"spans are samples: {label} and {missing} share what calls alone can't tell apart, to within "
        f"{money_table(width, currency)} of a row (95 %)"
        for currency, width in sorted(widths.items())
    ]


def _list(names: Iterable[str]) -> str:
    found = list(names)
    return ", ".join(found[:4]) + (f" and {len(found) - 4} more" if len(found) > 4 else "")
