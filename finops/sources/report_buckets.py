"""Providers' own usage and cost reports: buckets of time with results in them, as API pages or as a dashboard's sheet."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

from finops.core.tokens import TOKEN_CLASSES, Tokens
from finops.errors import DataError
from finops.sources.base import Load, Reject
from finops.sources.entries import Numbered, batches, documents
from finops.sources.entry_values import Entry, Unreadable, plain, text, time

START, END = ("start_time", "starting_at"), ("end_time", "ending_at")
PROVIDER_TOKENS, PROVIDER_REQUESTS = "provider_tokens", "provider_requests"
"""Signals: what the provider itself counted, per bucket. They stand beside calls and never count as calls."""

Result = dict[str, Any]


def results(path: Path, notes: list[str]) -> Iterator[Numbered | Reject]:
    """Every result of every bucket, with the bucket's times in it; a page that says there are more gets a note."""
    number = 0
    seen = _Seen()
    for item in documents(path):
        if isinstance(item, Reject):
            number += 1
            yield Reject(number, item.reason, item.column, item.text)
            continue
        page = item[1]
        if page.get("has_more") is True and not notes:
            notes.append("a page says that more pages follow it: fetch them all, else costs and tokens are missing")
        for bucket in page["data"] if isinstance(page.get("data"), list) else [page]:
            if seen.before(bucket):
                continue
            for one in _in_bucket(bucket):
                number += 1
                yield one if isinstance(one, Reject) else (number, one)
    notes += seen.told()


class _Seen:
    """The buckets of a file, by what they hold: pages that were fetched twice repeat whole buckets."""

    def __init__(self) -> None:
        self._contents: set[bytes] = set()
        self._times: set[bytes] = set()
        self._again = self._otherwise = 0

    def before(self, bucket: Any) -> bool:
        """Whether this very bucket was there; the rows of a sheet and buckets without results are not compared."""
        if not isinstance(bucket, dict) or not (inside := _listed(bucket)):
            return False
        time = _digest([bucket.get(name) for name in (*START, *END)])
        content = _digest([time.hex(), inside])
        is_again = content in self._contents
        self._again += is_again
        self._otherwise += not is_again and time in self._times
        self._contents.add(content)
        self._times.add(time)
        return is_again

    def told(self) -> list[str]:
        """What is to be said of it."""
        said = [f"{self._again:,} buckets stand in the file again and count once"] if self._again else []
        if self._otherwise:
            said.append(f"{self._otherwise:,} buckets of a time stand beside another of that time with other figures: both count")
        return said


def _digest(content: Any) -> bytes:
    return sha256(json.dumps(content, sort_keys=True, default=str).encode("utf-8", "surrogatepass")).digest()


def loads(
    path: Path,
    is_cost: Callable[[Entry], bool],
    charge: Callable[[Entry], Result | None],
    counted: Callable[[Entry], list[Result]],
) -> Iterator[Load]:
    """Costs become charges, usage becomes samples; the first result tells which of the two a file holds."""
    notes: list[str] = []
    rejects: list[Reject] = []
    numbered = results(path, notes)
    passed: list[Numbered | Reject] = []
    for item in numbered:
        passed.append(item)
        if not isinstance(item, Reject):
            break
    if not passed:
        raise DataError("this report holds no results", where=str(path), hint="ask for a period in which something was used")
    everything, last = chain(passed, numbered), passed[-1]
    if isinstance(last, Reject) or is_cost(last[1]):
        yield Load("charge", batches(everything, "charge", charge, rejects), rejects, notes=notes)
    else:
        samples = batches(each(everything, counted), "sample", same, rejects)
        yield Load("sample", samples, rejects, notes=notes)


def period(entry: Entry) -> tuple[datetime, datetime | None]:
    """When the bucket begins and ends, in UTC."""
    start = time(entry, *START)
    if start is None:
        raise Unreadable("the bucket has no start", START[0])
    return start, time(entry, *END)


def daily_charge(entry: Entry, provider: str, amount: str, currency: str, more: Mapping[str, Any]) -> Result:
    """A charge of one bucket; its billing period is the calendar month, in UTC, in which the bucket begins."""
    start, end = period(entry)
    month = start.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "BillingCurrency": currency,
        "BillingPeriodStart": month,
        "BillingPeriodEnd": (month + timedelta(days=32)).replace(day=1),
        "ChargePeriodStart": start,
        "ChargePeriodEnd": end,
        "BilledCost": amount,
        "EffectiveCost": amount,
        "InvoiceIssuerName": provider,
        "ServiceProviderName": provider,
        "ServiceCategory": "AI and Machine Learning",
        "ChargeCategory": "Usage",
        "ChargeFrequency": "Usage-Based",
        **more,
    }


def token_samples(entry: Entry, tokens: Tokens, requests: int | None, labels: Mapping[str, str | None]) -> list[Result]:
    """One sample per class of tokens that was used, and one of the requests."""
    start, end = period(entry)
    known = {name: value for name, value in labels.items() if value is not None}
    if end is not None and end > start:
        known["bucket_s"] = str(int((end - start).total_seconds()))
    counts: list[tuple[str, str | None, int | None]] = [(PROVIDER_TOKENS, name, getattr(tokens, name)) for name in TOKEN_CLASSES]
    counts.append((PROVIDER_REQUESTS, None, requests))
    found_here = []
    for signal, token_class, value in counts:
        if value:
            classed = {} if token_class is None else {"token_class": token_class}
            sample = {"time": start, "signal": signal, "kind": "counter", "labels": {**known, **classed}, "value": float(value)}
            found_here.append(sample)
    return found_here


def cents(written: str) -> str:
    """An amount of cents as dollars, digit for digit."""
    sign, digits, exponent = Decimal(written).as_tuple()
    return format(Decimal((sign, digits, int(exponent) - 2)), "f")


def labels_of(entry: Entry, names: Mapping[str, tuple[str, ...]]) -> dict[str, str | None]:
    """Labels from the columns that name them; what the report does not break down is left out."""
    return {label: text(entry, *given) for label, given in names.items()}


def _in_bucket(bucket: Any) -> Iterator[Result | Reject]:
    """The results of a bucket, each with its times; the row of a sheet is its own bucket."""
    if not isinstance(bucket, dict):
        yield Reject(0, "the bucket is not a JSON object", text=str(bucket)[:80])
        return
    inside = _listed(bucket)
    times = {name: bucket[name] for name in (*START, *END) if name in bucket}
    if inside is None and bucket.get("object") == "bucket":
        yield Reject(0, "the bucket has no list of results", "results", plain(bucket)[:80])
    elif inside is not None:
        yield from ({**times, **one} if isinstance(one, dict) else _no_result(one) for one in inside)
    else:
        yield bucket


def _listed(bucket: Entry) -> list[Any] | None:
    """A bucket's results; OpenAI's reference also shows them as `result`."""
    inside = bucket.get("results", bucket.get("result"))
    return inside if isinstance(inside, list) else None


def _no_result(given: object) -> Reject:
    return Reject(0, "the result is not a JSON object", text=plain(given)[:80])


def each(numbered: Iterator[Numbered | Reject], counted: Callable[[Entry], list[Result]]) -> Iterator[Numbered | Reject]:
    """The samples of every entry, under its number."""
    for item in numbered:
        if isinstance(item, Reject):
            yield item
            continue
        try:
            yield from ((item[0], sample) for sample in counted(item[1]))
        except Unreadable as problem:
            yield Reject(item[0], problem.reason, problem.column, problem.text)


def same(entry: Entry) -> Result:
    """A sample that is made already."""
    return entry
