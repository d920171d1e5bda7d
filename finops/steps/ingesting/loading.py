"""Loads recognised files one by one, those of a manifest together, and keeps what is to be said of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finops.config import Settings
from finops.core.numbers import plain_decimal
from finops.core.talk import Talk
from finops.errors import DataError, FinopsError
from finops.ledger.deliveries import Delivered, Intake
from finops.ledger.remote import Remembered
from finops.steps.ingesting.given_files import GivenFile
from finops.steps.ingesting.manifest_deliveries import Delivery, refuse_other_count, refuse_other_size
from finops.steps.ingesting.source_options import asked_of, parts_of, source_options

if TYPE_CHECKING:
    import pyarrow as pa

    from finops.sources.base import Load, Part, Source

_HALVES = "where it is the other half of that bill (Azure's actual and amortised exports), give both in one call"


@dataclass
class Answer:
    """What an ingest call answers with, as it grows: rows of files, notes, and objects of a cloud that were read."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    remembered: list[Remembered] = field(default_factory=list)
    taken_in_part: set[Path] = field(default_factory=set)
    """Files of which a source takes some rows only, because others hold the rest."""


def load_all(
    intake: Intake,
    chosen: Sequence[tuple[GivenFile, Source]],
    whole: Sequence[tuple[Delivery, list[tuple[GivenFile, Source]]]],
    settings: Settings,
    answer: Answer,
    talk: Talk,
) -> None:
    """Loads the chosen files and the whole deliveries, then settles what they replace."""
    every = [*chosen, *(pair for _, pairs in whole for pair in pairs)]
    talk.stage("Reading", total=sum(file.path.stat().st_size for file, _ in every))
    together = _together(every, settings)
    try:
        for file, source in chosen:
            _load_file(intake, file, source, settings, together.get(file.path, {}), answer, talk)
        for delivery, pairs in whole:
            _load_delivery(intake, delivery, pairs, settings, together, answer, talk)
        answer.notes += intake.finish()
    except FinopsError as error:
        if "--as part" in (error.hint or "") and any(hasattr(source, "together") for _, source in every):
            error.hint = f"{_HALVES}; else {error.hint}"
        if len(every) > 1:
            error.hint = f"{error.hint}; " if error.hint else ""
            error.hint += f"none of the {len(every):,} files was loaded: a call loads all or nothing"
        raise


def _load_delivery(
    intake: Intake,
    delivery: Delivery,
    pairs: Sequence[tuple[GivenFile, Source]],
    settings: Settings,
    together: Mapping[Path, Mapping[str, Any]],
    answer: Answer,
    talk: Talk,
) -> None:
    """The files of a manifest: all of them are unchanged, or they take the place of what the manifest's name brought before."""
    refuse_other_size(delivery)
    parts = {
        file: [
            replace(part, name=delivery.name, origin=file.origin)
            for part in parts_of(source, file, settings, together.get(file.path, {}))
        ]
        for file, source in pairs
    }
    name = pairs[0][1].name
    if any(source.name != name for _, source in pairs):
        raise DataError("the manifest's files are of several kinds", where=delivery.where, hint="name the files themselves")
    renewed = not intake.holds(name, delivery.name, [part for own in parts.values() for part in own])
    for file, source in pairs:
        before = len(answer.rows)
        _load_file(intake, file, source, settings, together.get(file.path, {}), answer, talk, parts[file], renewed=renewed)
        for row in answer.rows[before:]:
            if row["status"] != "unchanged":
                rows = None if file.path in answer.taken_in_part else row["rows"] + row["rejected"]
                refuse_other_count(delivery, file.path, rows)


def _load_file(
    intake: Intake,
    file: GivenFile,
    source: Source,
    settings: Settings,
    more: Mapping[str, Any],
    answer: Answer,
    talk: Talk,
    parts: Sequence[Part] | None = None,
    *,
    renewed: bool = False,
) -> None:
    """The file's parts; with `renewed` they are of a delivery that is loaded anew, whatever of it is known."""
    whole = parts is not None
    parts = parts or parts_of(source, file, settings, more)
    if not parts:
        answer.rows.append(file_row(source.name, file, "left out", reason="it describes or repeats others: nothing to load"))
    for found in parts:
        part = replace(found, name=file.origin, origin=file.origin) if file.origin and not whole else found
        known = None if renewed else intake.known(source.name, part)
        told = _Told(talk)
        done = known or _take(intake, source, part, {**source_options(settings), **more}, told, whole=renewed)
        answer.taken_in_part |= {file.path} if told.in_part else set()
        answer.rows.append(file_row(source.name, file, done.status, done))
        answer.remembered += [Remembered(file.label, *file.version, part.content_hash)] if file.version else []
        answer.notes += [f"{file.label}: {note}" for note in (*_amount_notes(done), *done.notes)]
        if done.rejected:
            talk.warn(f"{done.rejected:,} rows of {file.label} were rejected; `finops query 'SELECT * FROM reject'` lists them")
        talk.advance(part.size)


def _together(chosen: Sequence[tuple[GivenFile, Source]], settings: Settings) -> dict[Path, Mapping[str, Any]]:
    """Options by file: of sources that look at all their files of one call before they read the first, and of `[[source]]`."""
    paths: dict[str, list[Path]] = {}
    for file, source in chosen:
        paths.setdefault(source.name, []).append(file.path)
    found: dict[Path, Mapping[str, Any]] = {}
    for name, source in {source.name: source for _, source in chosen}.items():
        look = getattr(source, "together", None)
        if look is not None:
            found.update(look(paths[name]))
    for file, source in chosen:
        if asked := asked_of(source, file.path, settings):
            found[file.path] = {**found.get(file.path, {}), **asked}
    return found


def _take(
    intake: Intake, source: Source, part: Part, options: Mapping[str, Any], told: _Told, *, whole: bool = False
) -> Delivered:
    offset = intake.offset(source.name, part) if not whole and getattr(source, "append_only", False) else 0
    done = intake.take(source.name, part, told.loads(part, source.open(part, {**options, "offset": offset})), offset, whole=whole)
    told.talk.advance(0, max(done.rows - told.rows, 0))
    return done


@dataclass
class _Told:
    """Tells of rows while a source streams them; files that the ledger reads itself are told of when they are in."""

    talk: Talk
    rows: int = 0
    in_part: bool = False

    def loads(self, part: Part, loads: Iterator[Load]) -> Iterator[Load]:
        for load in loads:
            if isinstance(load.data, Iterator):
                load.data = self._batches(load.data)
            else:
                self.in_part |= load.data.where is not None
                if not (part.is_hashed or isinstance(part.digest, str)) and load.data.path == part.path:
                    load.data = replace(load.data, follower=part.digest)
            yield load

    def _batches(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows += batch.num_rows
            self.talk.advance(0, batch.num_rows)
            yield batch


def file_row(
    source: str | None, file: GivenFile, status: str, done: Delivered | None = None, reason: str | None = None
) -> dict[str, Any]:
    """What became of a file, as a row of the answer."""
    amounts = done.amounts if done else {}
    currency, amount = next(iter(amounts.items())) if len(amounts) == 1 else (None, None)
    return {
        "source": source,
        "path": file.label,
        "status": status,
        "rows": done.rows if done else 0,
        "rejected": done.rejected if done else 0,
        "amount": amount,
        "currency": currency,
        "identity_checked": done.identity.checked if done and done.identity.checked else None,
        "identity_held": done.identity.held if done and done.identity.checked else None,
        "reason": reason,
    }


def _amount_notes(done: Delivered) -> list[str]:
    if len(done.amounts) < 2:
        return []
    return ["billed " + ", ".join(f"{plain_decimal(amount)} {currency}" for currency, amount in done.amounts.items())]
