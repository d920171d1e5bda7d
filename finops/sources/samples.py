"""Samples of pressure signals (queue depth, latency, utilisation), as CSV or JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from finops.sources.base import Load, Part, Pattern, Reject
from finops.sources.files import file_part
from finops.sources.records import Shape, batches
from finops.sources.signals import named


def _in_our_words(values: dict[str, Any]) -> None:
    """A gauge that the vocabulary knows gets its name and unit there. A counter may be a running total, so it stays."""
    meaning = named(values["signal"] or "", {})
    if meaning is not None and meaning.kind == "gauge" and values["kind"] in (None, "gauge") and values["value"] is not None:
        values["signal"], values["value"] = meaning.signal, values["value"] * meaning.scale


_SUFFIXES = (".csv", ".jsonl", ".ndjson")

SHAPE = Shape(
    "sample",
    synonyms={
        "time": ("timestamp", "ts"),
        "signal": ("metric", "metric_name"),
        "kind": ("type", "metric_type"),
        "labels": ("attributes",),
    },
    prefixes={"labels": "label_"},
    finish=_in_our_words,
)


class Samples:
    """One row per point. Labels are a JSON object, or columns that begin with `label_`."""

    name = "samples"
    title = "samples of pressure signals such as queue depth (CSV, JSON lines)"
    contracts: tuple[str, ...] = ("sample",)
    patterns: tuple[Pattern, ...] = tuple(
        Pattern(_SUFFIXES, header_all=(signal, "value"), header_any=("time", *SHAPE.synonyms["time"]))
        for signal in ("signal", *SHAPE.synonyms["signal"])
    )

    def parts(self, path: Path, root: Path) -> Iterable[Part]:
        return [file_part(path, root)]

    def open(self, part: Part, options: Mapping[str, Any]) -> Iterator[Load]:  # noqa: ARG002 it has no options
        rejects: list[Reject] = []
        yield Load("sample", batches(part, SHAPE, rejects), rejects)


SOURCE = Samples()
