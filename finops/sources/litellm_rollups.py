"""LiteLLM's spend by day: its roll-up tables (`LiteLLM_DailyUserSpend` and the like) and answers of `/user/daily/activity`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from finops.core.numbers import plain_decimal
from finops.core.tokens import TOKEN_CLASSES, Usage, disjoint
from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.entries import Numbered, batches, entries
from finops.sources.entry_values import Entry, Unreadable, amount, count, found, text, time
from finops.sources.files import file_part
from finops.sources.report_buckets import each, same

TOKENS, REQUESTS, COST = "gateway_tokens", "gateway_requests", "gateway_cost_usd"
"""Signals: what LiteLLM counted in a day. They stand beside its calls and never cost anything."""

_ENTITIES = {
    **{"tag": "tag", "team_id": "team", "organization_id": "organization", "agent_id": "agent", "end_user_id": "end user"},
    **{"user_id": "user"},
}
"""The column that says by whom a table adds up, most telling first, and the basis that it stands for."""
_NAMED = ("team", "organization", "agent", "tag")
"""Bases whose names are kept; persons are not."""
_USAGE = {
    "input": ("prompt_tokens",),
    "output": ("completion_tokens",),
    "cache_read": ("cache_read_input_tokens",),
    "cache_write": ("cache_creation_input_tokens",),
}
_MUST = ("date", "spend", "api_requests", "prompt_tokens", "completion_tokens")
_TABLE = (*_MUST, "custom_llm_provider")


class LitellmRollups:
    """Each table tells of the same spend as the others, a request with two tags is in the tags' table twice, and all of it is in
    the spend logs once: so a roll-up is a check on the calls, never a cost."""

    name = "litellm_rollups"
    title = "LiteLLM daily roll-ups (CSV, JSON, JSON lines)"
    contracts: tuple[str, ...] = ("sample",)
    patterns: tuple[Pattern, ...] = (
        Pattern((".csv",), header_all=_TABLE),
        Pattern((".json", ".jsonl", ".ndjson"), head_all=tuple(f'"{name}"' for name in _TABLE)),
        Pattern((".json", ".jsonl"), head_all=('"results"', '"breakdown"', *(f'"{name}"' for name in _MUST))),
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        notes: list[str] = []
        spent = _Spent(notes)
        samples = each(_days(entries(part.path)), spent.samples)
        yield Load("sample", batches(samples, "sample", same, rejects), rejects, notes=notes)


SOURCE = LitellmRollups()


class _Spent:
    """Makes samples, and adds up what LiteLLM says was spent; the note is kept up to date."""

    def __init__(self, notes: list[str]) -> None:
        self._notes = notes
        self._by: dict[str, Decimal] = {}

    def samples(self, entry: Entry) -> list[Entry]:
        made, basis, spend = _samples(entry)
        if spend is not None:
            self._by[basis] = self._by.get(basis, Decimal(0)) + Decimal(spend)
            told = ", ".join(f"{plain_decimal(total)} USD by {by}" for by, total in sorted(self._by.items()))
            self._notes[:] = [f"LiteLLM counts {told}: a check beside the calls of its spend logs, no cost of its own"]
        return made


def _days(numbered: Iterable[Numbered | Reject]) -> Iterator[Numbered | Reject]:
    """The rows of a table, or for each day of an answer what each model used."""
    count_ = 0
    for item in numbered:
        if isinstance(item, Reject):
            yield item
            continue
        results = found(item[1], "results")
        for one in _of_answer(results) if isinstance(results, list) else [item[1]]:
            count_ += 1
            yield count_, one


def _of_answer(results: list[Any]) -> Iterator[Entry]:
    """The day's models; a day that is not broken down is its own sum."""
    for day in results:
        if not isinstance(day, dict):
            continue
        models = found(day, "breakdown.models")
        if not isinstance(models, dict) or not models:
            models = {None: day}
        for model, told in models.items():
            metrics = found(told, "metrics") if isinstance(told, dict) else None
            yield {"date": day.get("date"), "model": model, **(metrics if isinstance(metrics, dict) else told or {})}


def _samples(entry: Entry) -> tuple[list[Entry], str, str | None]:
    """The samples of one line, the basis by which it adds up, and what was spent."""
    start = time(entry, "date")
    if start is None:
        raise Unreadable("date is missing", "date")
    column = next((name for name in _ENTITIES if name in entry), None)
    basis = _ENTITIES[column] if column is not None else "model"
    labels = {"gateway": "litellm", "by": basis, "bucket_s": "86400"}
    named = {"provider": text(entry, "custom_llm_provider"), "model": text(entry, "model", "model_group")}
    if column is not None and basis in _NAMED:
        named[basis] = text(entry, column)
    labels |= {name: value for name, value in named.items() if value is not None}
    tokens = disjoint(Usage(**{part: count(entry, *names) for part, names in _USAGE.items()}), "includes_cache")
    spend = amount(entry, "spend")
    told: list[tuple[str, dict[str, str], float | None]] = [
        *((TOKENS, {"token_class": name}, getattr(tokens, name)) for name in TOKEN_CLASSES),
        *_requests(entry),
        (COST, {}, None if spend is None else float(spend)),
    ]
    point = {"time": start, "kind": "counter"}
    made = [{**point, "signal": name, "labels": {**labels, **more}, "value": float(value)} for name, more, value in told if value]
    return made, basis, spend


def _requests(entry: Entry) -> list[tuple[str, dict[str, str], int | None]]:
    """How many requests there were, by outcome where that is told."""
    answered, failed = count(entry, "successful_requests"), count(entry, "failed_requests")
    if answered is None and failed is None:
        return [(REQUESTS, {}, count(entry, "api_requests"))]
    return [(REQUESTS, {"outcome": "ok"}, answered), (REQUESTS, {"outcome": "failed"}, failed)]
