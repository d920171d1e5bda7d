"""AWS Cost Explorer: unblended cost by month and linked account, to hold against the bill. A report, and no invoice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from finops.errors import DataError
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import Numbered, batches, documents
from finops.sources.entry_values import Unreadable
from finops.sources.files import file_part

ISSUER = "AWS Cost Explorer"
FINAL, ESTIMATED = "Cross-check", "Cross-check, estimated"
"""What stands where an invoice has its status: no invoice has these."""

_METRIC, _ACCOUNT = "UnblendedCost", "LINKED_ACCOUNT"
_ASK_AGAIN = "ask for `--granularity MONTHLY --metrics UnblendedCost --group-by Type=DIMENSION,Key=LINKED_ACCOUNT`"


class AwsCostExplorer:
    """Answers of GetCostAndUsage as `aws ce get-cost-and-usage` prints them; `Caller` is the account that asked, where known."""

    name = "aws_cost_explorer"
    title = "AWS Cost Explorer, monthly by linked account (JSON): a cross-check beside the bill"
    contracts: tuple[str, ...] = ("invoice",)
    patterns: tuple[Pattern, ...] = (Pattern((".json", ".jsonl"), head_all=('"ResultsByTime"', '"TimePeriod"')),)

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        yield Load("invoice", batches(_lines(part.path), "invoice", _line, rejects), rejects)


SOURCE = AwsCostExplorer()


class _Cost(msgspec.Struct):
    Amount: str | None = None
    Unit: str | None = None


class _Period(msgspec.Struct, frozen=True):
    Start: str = ""
    End: str = ""


class _Group(msgspec.Struct):
    Keys: list[str] = []
    Metrics: dict[str, _Cost] = {}


class _Month(msgspec.Struct):
    TimePeriod: _Period = _Period()
    Total: dict[str, _Cost] | None = None
    Groups: list[_Group] | None = None
    Estimated: bool = False

    def accounts(self) -> Iterator[tuple[str | None, Mapping[str, _Cost]]]:
        if not self.Groups and self.Total:
            yield None, self.Total
        for group in self.Groups or ():
            yield (group.Keys[0] if group.Keys else None), group.Metrics


class _Definition(msgspec.Struct):
    Key: str = ""


class _Page(msgspec.Struct):
    ResultsByTime: list[_Month] = []
    GroupDefinitions: list[_Definition] | None = None
    Caller: str | None = None


def _lines(path: Path) -> Iterator[Numbered | Reject]:
    """Each month's account of each page, numbered."""
    number, seen = 0, set()
    for item in documents(path):
        if isinstance(item, Reject):
            number += 1
            yield Reject(number, item.reason, item.column, item.text)
            continue
        page = _page(item[1], path)
        for month in page.ResultsByTime:
            for account, metrics in month.accounts():
                number += 1
                if (month.TimePeriod.Start, account) in seen:
                    what = f"the account {account or '-'} stands twice in {month.TimePeriod.Start[:10]}"
                    raise DataError(what, where=str(path), hint=f"keep one answer in a file; {_ASK_AGAIN}")
                seen.add((month.TimePeriod.Start, account))
                yield number, {"month": month, "account": account, "cost": metrics.get(_METRIC), "caller": page.Caller}


def _page(document: Mapping[str, Any], path: Path) -> _Page:
    try:
        page = msgspec.convert(document, _Page, strict=False)
    except msgspec.ValidationError as error:
        raise DataError(f"this is no answer of Cost Explorer: {error}", where=str(path), hint=_ASK_AGAIN) from None
    groups = page.GroupDefinitions or []
    if len(groups) > 1 or any(group.Key != _ACCOUNT for group in groups):
        raise DataError("this is not grouped by linked account alone", where=str(path), hint=_ASK_AGAIN)
    return page


def _line(entry: Mapping[str, Any]) -> dict[str, Any]:
    cost: _Cost | None = entry["cost"]
    month: _Month = entry["month"]
    start, end = _whole(month.TimePeriod)
    if cost is None or cost.Amount is None:
        raise Unreadable(f"there is no {_METRIC}: {_ASK_AGAIN}", _METRIC)
    return {
        "issuer": ISSUER,
        "account": entry["caller"],
        "currency": cost.Unit,
        "billing_period": start,
        "billing_period_end": end,
        "invoice": ISSUER,
        "detail": entry["account"],
        "status": ESTIMATED if month.Estimated else FINAL,
        "billed": cost.Amount,
    }


def _whole(period: _Period) -> tuple[datetime, datetime]:
    """The month, which may have run only in part."""
    try:
        first, last = date.fromisoformat(period.Start[:10]), date.fromisoformat(period.End[:10])
        following = (first + timedelta(days=31)).replace(day=1)
    except (ValueError, OverflowError) as error:
        raise Unreadable("the period has no dates", "TimePeriod", period.Start) from error
    if first.day != 1 or not first < last <= following:
        raise Unreadable(f"the period is no month: {_ASK_AGAIN}", "TimePeriod", f"{first} {last}")
    return datetime(first.year, first.month, 1), datetime(following.year, following.month, 1)  # noqa: DTZ001 UTC, as stored
