"""Files of evaluation results: a model per entry with its cases, successes and cost; lists in YAML or JSON, JSON lines, CSV."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from finops.core.judging.model_choice import ModelRuns
from finops.errors import DataError, UsageError

MODEL = ("model",)
RUNS = ("runs", "test_cases", "cases", "total_tests", "n")
ACCEPTED = ("accepted", "passed", "successes", "pass_num_2", "pass_num_1", "resolved")
RATE = ("success_rate", "pass_rate_2", "pass_rate_1", "pass_rate")
"""In percent where any entry has more than 1."""
COST = ("total_cost", "cost")
GROUP = ("workflow", "task", "benchmark")
LARGEST = 64 << 20


def read_evaluations(path: Path) -> list[ModelRuns]:
    """The models of one file; entries of one model and kind of work are taken together, one unknown cost leaves the sum so."""
    entries = _entries(path)
    if not entries or not any(_first(entry, MODEL) for entry in entries):
        raise DataError(
            "no entry names a `model`", where=str(path), hint="a list with model, runs, accepted and total_cost in each entry"
        )
    percent = any((_number(_first(entry, RATE)) or 0) > 1 for entry in entries)
    found: dict[tuple[str, str], list[tuple[int, int, float | None]]] = {}
    for number, entry in enumerate(entries, 1):
        model, where = _first(entry, MODEL), f"{path} entry {number}"
        if not model:
            raise DataError("the entry names no model", where=where)
        runs = _count(_first(entry, RUNS), "runs", where)
        cost = _number(_first(entry, COST))
        if cost is not None and cost < 0:
            raise DataError(f"a cost of {cost} is none", where=where, hint="leave out a cost that is not known")
        key = (str(_first(entry, GROUP) or path.stem), str(model))
        found.setdefault(key, []).append((runs, _accepted(entry, runs, percent, where), cost if cost else None))
    return [_together(group, model, parts) for (group, model), parts in found.items()]


def _together(group: str, model: str, parts: Sequence[tuple[int, int, float | None]]) -> ModelRuns:
    runs, accepted = sum(part[0] for part in parts), sum(part[1] for part in parts)
    costs = [part[2] for part in parts if part[2] is not None]
    return ModelRuns(group, model, runs, accepted, sum(costs) / runs if len(costs) == len(parts) and runs else None)


def _accepted(entry: Mapping[str, Any], runs: int, percent: bool, where: str) -> int:
    known = _first(entry, ACCEPTED)
    if known is not None:
        accepted = _count(known, "accepted", where)
    else:
        rate = _number(_first(entry, RATE))
        if rate is None:
            raise DataError("the entry says neither how many succeeded nor a rate", where=where, hint="accepted, or success_rate")
        accepted = round(runs * (rate / 100 if percent else rate))
    if not 0 <= accepted <= runs:
        raise DataError(f"{accepted} successes of {runs} runs", where=where)
    return accepted


def _count(value: Any, name: str, where: str) -> int:
    number = _number(value)
    if number is None or number < 0 or number != int(number):
        raise DataError(f"`{value}` is no number of {name}", where=where)
    return int(number)


def _number(value: Any) -> float | None:
    if value is None or isinstance(value, bool) or value == "":
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _first(entry: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _entries(path: Path) -> list[Mapping[str, Any]]:
    if not path.is_file():
        raise UsageError(f"there is no file `{path}`", hint="YAML, JSON, JSON lines or CSV with a model in each entry")
    if path.stat().st_size > LARGEST:
        raise DataError(f"{path.stat().st_size:,} bytes are too many for a list of evaluation results", where=str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _parsed(path.suffix.lower(), text)
    except UnicodeDecodeError as error:
        raise DataError(f"the file is not UTF-8 (byte {error.start})", where=str(path)) from None
    except (ValueError, RecursionError) as error:
        raise DataError(f"the file can't be read: {str(error).splitlines()[0]}", where=str(path)) from None


def _parsed(suffix: str, text: str) -> list[Mapping[str, Any]]:
    if suffix in (".yml", ".yaml"):
        import yaml

        try:
            data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError as error:
            raise ValueError(str(error)) from None
    elif suffix == ".csv":
        data = list(csv.DictReader(text.splitlines()))
    elif suffix in (".jsonl", ".ndjson"):
        data = [json.loads(line) for line in text.splitlines() if line.strip()]
    else:
        data = json.loads(text)
    if not isinstance(data, list) or not all(isinstance(entry, Mapping) for entry in data):
        raise ValueError("it is no list of entries")
    return data
