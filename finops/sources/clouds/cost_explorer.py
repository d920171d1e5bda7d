"""AWS Cost Explorer, asked live: unblended cost by month and linked account, one file per month as `aws ce` would print it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from finops.errors import OutsideError, UsageError
from finops.sources.clouds.aws import aws_errors, session_client

SCHEME = "cost-explorer"
MOST_PAGES = 1_000
_REGION = "us-east-1"
"""Where Cost Explorer answers from, whatever is configured for other services; only the partition may differ."""


def months_of(uri: str, since: date | None, until: date | None) -> tuple[date, date]:
    """The months that `cost-explorer:2026-10` or `cost-explorer` with --since and --until asks for, half-open."""
    found = re.fullmatch(rf"{SCHEME}(?::(\d{{4}}-\d\d))?", uri)
    if found is None:
        raise UsageError(f"`{uri}` names no month", hint=f"write it as {SCHEME}:2026-10, or {SCHEME} with --since and --until")
    if found[1]:
        try:
            first = date.fromisoformat(f"{found[1]}-01")
        except ValueError:
            raise UsageError(f"`{found[1]}` is no month", where=uri, hint=f"write it as {SCHEME}:2026-10") from None
        return first, _following(first)
    if since is None or until is None:
        raise UsageError(f"{SCHEME} needs to be told which months", hint=f"{SCHEME}:2026-10, or both --since and --until")
    if until <= since:
        raise UsageError("--until is not after --since", where=uri, hint="--until is the month behind the last")
    return since.replace(day=1), until if until.day == 1 else _following(until)


def asked_months(first: date, until: date, folder: Path) -> Iterator[tuple[str, Path]]:
    """Asks once for all months; each comes as the name of its delivery and a file in `folder`. AWS charges for every page."""
    where = f"AWS Cost Explorer, {first:%Y-%m}"
    with aws_errors(where):
        caller = str(session_client("sts", where=where, region=_REGION).get_caller_identity()["Account"])
        results = _results(session_client("ce", where=where, region=_REGION), first, until, where)
    folder.mkdir(parents=True, exist_ok=True)
    for start, result in sorted(results.items()):
        document = {"Caller": caller, "GroupDefinitions": [_GROUP], "ResultsByTime": [result]}
        path = folder / f"{SCHEME}-{start[:7]}.json"
        path.write_text(json.dumps(document, sort_keys=True), encoding="utf-8")
        yield f"{SCHEME}:{caller}/{start[:7]}", path


_GROUP = {"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}


def _results(client: Any, first: date, until: date, where: str) -> dict[str, dict[str, Any]]:
    """The months by their first day, their accounts gathered from all pages and sorted."""
    asked: dict[str, Any] = {
        "TimePeriod": {"Start": first.isoformat(), "End": until.isoformat()},
        "Granularity": "MONTHLY",
        "Metrics": ["UnblendedCost"],
        "GroupBy": [_GROUP],
    }
    months: dict[str, dict[str, Any]] = {}
    for _ in range(MOST_PAGES):
        page = client.get_cost_and_usage(**asked)
        for result in page["ResultsByTime"]:
            own = months.setdefault(result["TimePeriod"]["Start"], {**result, "Groups": []})
            own["Groups"] = sorted([*own["Groups"], *result.get("Groups", [])], key=lambda group: group["Keys"])
            own["Estimated"] = bool(own.get("Estimated")) or bool(result.get("Estimated"))
        if not page.get("NextPageToken"):
            return months
        asked["NextPageToken"] = page["NextPageToken"]
    raise OutsideError("Cost Explorer's pages do not end", where=where, hint="ask for fewer months")


def _following(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=31)).replace(day=1)
