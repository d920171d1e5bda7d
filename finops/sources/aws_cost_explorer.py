"""AWS Cost Explorer: unblended cost by month and linked account, to hold against the bill. A report, and no invoice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

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


def _lines(path: Path) -> Iterator[Numbered | Reject]:
    """Each month's account of each page, numbered."""
    number, seen = 0, set()
    for item in documents(path):
        if isinstance(item, Reject):
            number += 1
            yield Reject(number, item.reason, item.column, item.text)
            continue
        page = item[1]
        _refuse_other_groups(page, path)
        for result in page.get("ResultsByTime") or ():
            period = result.get("TimePeriod") or {}
            for key, metrics in _accounts(result):
                number += 1
                if (period.get("Start"), key) in seen:
                    what = f"the account {key or '-'} stands twice in {period.get('Start')}"
                    raise DataError(what, where=str(path), hint=f"keep one answer in a file; {_ASK_AGAIN}")
                seen.add((period.get("Start"), key))
                entry = {"period": period, "account": key, "metrics": metrics, "estimated": result.get("Estimated")}
                yield number, {**entry, "caller": page.get("Caller")}


def _accounts(result: Mapping[str, Any]) -> Iterator[tuple[str | None, Any]]:
    groups = result.get("Groups")
    if not groups:
        if result.get("Total"):
            yield None, result["Total"]
        return
    for group in groups:
        keys = group.get("Keys") or [None]
        yield keys[0], group.get("Metrics")


def _refuse_other_groups(page: Mapping[str, Any], path: Path) -> None:
    groups = page.get("GroupDefinitions") or []
    if any(group.get("Key") != _ACCOUNT for group in groups) or len(groups) > 1:
        raise DataError("this is not grouped by linked account alone", where=str(path), hint=_ASK_AGAIN)


def _line(entry: Mapping[str, Any]) -> dict[str, Any]:
    start, end = _month(entry["period"])
    cost = (entry["metrics"] or {}).get(_METRIC)
    if not isinstance(cost, dict) or cost.get("Amount") is None:
        raise Unreadable(f"there is no {_METRIC}: {_ASK_AGAIN}", _METRIC)
    return {
        "issuer": ISSUER,
        "account": entry["caller"],
        "currency": cost.get("Unit"),
        "billing_period": start,
        "billing_period_end": end,
        "invoice": ISSUER,
        "detail": entry["account"],
        "status": ESTIMATED if entry["estimated"] else FINAL,
        "billed": str(cost["Amount"]),
    }


def _month(period: Mapping[str, Any]) -> tuple[datetime, datetime]:
    """The month, which may have run only in part."""
    try:
        first, last = date.fromisoformat(str(period.get("Start"))), date.fromisoformat(str(period.get("End")))
    except ValueError as error:
        raise Unreadable("the period has no dates", "TimePeriod", period) from error
    following = (first + timedelta(days=31)).replace(day=1)
    if first.day != 1 or not first < last <= following:
        raise Unreadable(f"the period is no month: {_ASK_AGAIN}", "TimePeriod", f"{first} {last}")
    return datetime(first.year, first.month, 1), datetime(following.year, following.month, 1)  # noqa: DTZ001 UTC, as stored
