"""Loads files into the ledger: recognise, read, settle, commit; then build the models."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from finops.config import Overrides, Settings, load_settings
from finops.core.numbers import percent, plain_decimal
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import DataError, FinopsError
from finops.ledger.deliveries import Delivered, Intake
from finops.ledger.remote import Remembered, remember
from finops.ledger.store import DEFAULT_WAIT_S, open_writer
from finops.sources.detect import recognise
from finops.steps.build import built, kept_notes, restated_months
from finops.steps.calls_twice import twice_notes
from finops.steps.given_files import GivenFile, given_files
from finops.steps.import_sources import import_sources
from finops.steps.manifest_deliveries import Delivery, Sorted, refuse_other_count, refuse_other_size, sorted_by_manifest
from finops.steps.remote_files import Span, fetched, is_remote
from finops.steps.restated import owner_costs, owner_differences
from finops.steps.source_options import parts_of, source_options

if TYPE_CHECKING:
    import pyarrow as pa

    from finops.sources.base import Load, Part, Source
    from finops.sources.mapped import Mapped

COLUMNS = (
    Column("source", "Source"),
    Column("path", "File"),
    Column("status", "Status"),
    Column("rows", "Rows", "count"),
    Column("rejected", "Rejected", "count"),
    Column("amount", "Billed", "money"),
    Column("currency", "Currency"),
    Column("identity_checked", "Token counts checked", "count", wide_only=True),
    Column("identity_held", "of them consistent", "count", wide_only=True),
    Column("reason", "Reason", wide_only=True),
)
FETCHED = (*COLUMNS, Column("bytes", "Bytes", "count"))
"""The columns of a dry run over a cloud."""


@dataclass(frozen=True)
class Options:
    """How files are taken. `how` is for new files that overlap earlier ones; `restate` names closed months that may change.
    `since` (inclusive) and `until` (exclusive) bound what manifests and live sources bring."""

    source: str | None = None
    how: Literal["auto", "part", "replacement"] = "auto"
    restate: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    strict: bool = False
    build: bool = True
    dry_run: bool = False
    wait_s: float = DEFAULT_WAIT_S


_HALVES = "where it is the other half of that bill (Azure's actual and amortised exports), give both in one call"


@dataclass
class _Answer:
    rows: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    remembered: list[Remembered] = field(default_factory=list)


def ingest(overrides: Overrides, paths: Sequence[str | Path], options: Options = Options(), *, talk: Talk) -> Result:
    """Loads every file behind `paths` and builds the models, in one transaction."""
    restated_months(options.restate)
    settings = load_settings(overrides)
    far = [str(path) for path in paths if is_remote(path)]
    near = [path for path in paths if not is_remote(path)]
    span = Span(options.since, options.until, options.source)
    with fetched(far, settings, span, dry_run=options.dry_run, talk=talk) as there:
        answer = _Answer([{**dict.fromkeys(column.key for column in COLUMNS), **row} for row in there.rows], there.notes)
        if not near and far and options.dry_run:
            answer.notes.append("dry run: nothing was loaded")
            return _result(settings, answer, FETCHED)
        files = given_files(near, settings) if near or not far else []
        here = sorted_by_manifest(files, options.since, options.until)
        answer.notes += [*here.notes, *_set_aside(files, here), *_unbounded([*here.alone, *there.files], options)]
        return _ingest(settings, [*here.alone, *there.files], [*here.deliveries, *there.deliveries], options, answer, talk)


def _ingest(
    settings: Settings, files: list[GivenFile], deliveries: list[Delivery], options: Options, answer: _Answer, talk: Talk
) -> Result:
    imports = import_sources(settings)
    chosen = _recognised(files, options, imports, answer, alone=not deliveries and not answer.rows)
    whole = [(one, [(file, recognise(file.path, options.source, imports)) for file in one.files]) for one in deliveries]
    before = owner_costs(settings, options.restate)
    with open_writer(
        settings.ledger, wait_s=options.wait_s, command="finops ingest", memory=settings.memory, threads=settings.threads
    ) as writer:
        intake = Intake(writer, how=options.how, restate=options.restate, strict=options.strict)
        _load_all(intake, chosen, whole, settings, answer, talk)
        remember(writer, answer.remembered)
        unbuilt = writer.unbuilt()
        if options.dry_run:
            writer.discard()
        elif options.build and unbuilt:
            answer.notes += kept_notes(built(writer, settings, talk, restate=restated_months(options.restate)))
            answer.notes += twice_notes(writer)
    answer.rows.sort(key=lambda row: row["path"])
    if options.dry_run:
        answer.notes.append("dry run: nothing was loaded")
    elif unbuilt and not options.build:
        answer.notes.append("`finops build` brings the models up to date")
    answer.notes += [*_identity_notes(answer.rows), *owner_differences(before, owner_costs(settings, options.restate))]
    return _result(settings, answer)


def _unbounded(alone: Sequence[GivenFile], options: Options) -> list[str]:
    """What --since and --until do not bound."""
    if not alone or not (options.since or options.until):
        return []
    return [f"{len(alone):,} files that no manifest names were taken whole: --since and --until do not bound them"]


def _set_aside(files: Sequence[GivenFile], here: Sorted) -> list[str]:
    """A note that accounts for the files that manifests are, or leave out."""
    loaded = {file.path for file in (*here.alone, *(file for one in here.deliveries for file in one.files))}
    aside = [file.label for file in files if file.path not in loaded]
    more = f" and {len(aside) - 5:,} more" if len(aside) > 5 else ""
    return [f"{len(aside):,} files are manifests, or left out by one: {', '.join(aside[:5])}{more}"] if aside else []


def _recognised(
    files: Sequence[GivenFile], options: Options, imports: Sequence[Mapped], answer: _Answer, *, alone: bool
) -> list[tuple[GivenFile, Source]]:
    """Files with their sources. What a folder holds besides is listed as refused; nothing recognised at all is an error, where
    these files are `alone`."""
    chosen = []
    first: FinopsError | None = None
    for file in files:
        try:
            chosen.append((file, recognise(file.path, options.source, imports)))
        except FinopsError as error:
            if not file.searched:
                raise
            first = first or error
            answer.rows.append(_row(None, file, "refused", reason=error.what))
    if alone and not chosen and first is not None:
        others = f" (and {len(files) - 1} more files)" if len(files) > 1 else ""
        raise DataError(f"{first.what}{others}", where=first.where or str(files[0].path), hint=first.hint) from first
    if strange := len(files) - len(chosen):
        answer.notes.append(f"{strange:,} files were not recognised: `finops sources check PATH` says why")
    return chosen


def _load_all(
    intake: Intake,
    chosen: Sequence[tuple[GivenFile, Source]],
    whole: Sequence[tuple[Delivery, list[tuple[GivenFile, Source]]]],
    settings: Settings,
    answer: _Answer,
    talk: Talk,
) -> None:
    every = [*chosen, *(pair for _, pairs in whole for pair in pairs)]
    talk.stage("Reading", total=sum(file.path.stat().st_size for file, _ in every))
    together = _together(every)
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
    answer: _Answer,
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
    hashes = [part.content_hash for own in parts.values() for part in own]
    renewed = not intake.holds(name, delivery.name, hashes)
    for file, source in pairs:
        before = len(answer.rows)
        _load_file(intake, file, source, settings, together.get(file.path, {}), answer, talk, parts[file], renewed=renewed)
        for row in answer.rows[before:]:
            if row["status"] != "unchanged":
                refuse_other_count(delivery, file.path, row["rows"] + row["rejected"])


def _load_file(
    intake: Intake,
    file: GivenFile,
    source: Source,
    settings: Settings,
    more: Mapping[str, Any],
    answer: _Answer,
    talk: Talk,
    parts: Sequence[Part] | None = None,
    *,
    renewed: bool = False,
) -> None:
    """The file's parts; with `renewed` they are of a delivery that is loaded anew, whatever of it is known."""
    whole = parts is not None
    parts = parts or parts_of(source, file, settings, more)
    if not parts:
        answer.rows.append(_row(source.name, file, "left out", reason="it describes or repeats others: nothing to load"))
    for found in parts:
        part = replace(found, name=file.origin, origin=file.origin) if file.origin and not whole else found
        known = None if renewed else intake.known(source.name, part)
        done = known or _take(intake, source, part, {**source_options(settings), **more}, talk, whole=renewed)
        answer.rows.append(_row(source.name, file, done.status, done))
        answer.remembered += [Remembered(file.label, *file.version, part.content_hash)] if file.version else []
        answer.notes += [f"{file.label}: {note}" for note in (*_amount_notes(done), *done.notes)]
        if done.rejected:
            talk.warn(f"{done.rejected:,} rows of {file.label} were rejected; `finops query 'SELECT * FROM reject'` lists them")
        talk.advance(part.size)


def _together(chosen: Sequence[tuple[GivenFile, Source]]) -> dict[Path, Mapping[str, Any]]:
    """Options by file, of sources that look at all their files of one call before they read the first."""
    paths: dict[str, list[Path]] = {}
    for file, source in chosen:
        paths.setdefault(source.name, []).append(file.path)
    found: dict[Path, Mapping[str, Any]] = {}
    for name, source in {source.name: source for _, source in chosen}.items():
        look = getattr(source, "together", None)
        if look is not None:
            found.update(look(paths[name]))
    return found


def _take(
    intake: Intake, source: Source, part: Part, options: Mapping[str, Any], talk: Talk, *, whole: bool = False
) -> Delivered:
    offset = intake.offset(source.name, part) if not whole and getattr(source, "append_only", False) else 0
    told = _Told(talk)
    done = intake.take(source.name, part, told.loads(source.open(part, {**options, "offset": offset})), offset, whole=whole)
    talk.advance(0, max(done.rows - told.rows, 0))
    return done


@dataclass
class _Told:
    """Tells of rows while a source streams them; files that the ledger reads itself are told of when they are in."""

    talk: Talk
    rows: int = 0

    def loads(self, loads: Iterator[Load]) -> Iterator[Load]:
        for load in loads:
            if isinstance(load.data, Iterator):
                load.data = self._batches(load.data)
            yield load

    def _batches(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            self.rows += batch.num_rows
            self.talk.advance(0, batch.num_rows)
            yield batch


def _row(
    source: str | None, file: GivenFile, status: str, done: Delivered | None = None, reason: str | None = None
) -> dict[str, Any]:
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


def _identity_notes(rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """Per source, of how many calls the counts of tokens mean what the source means by them, where not of all."""
    notes = []
    for source in sorted({row["source"] for row in rows if row["identity_checked"]}):
        checked, held = (
            sum(row[f"identity_{which}"] or 0 for row in rows if row["source"] == source) for which in ("checked", "held")
        )
        if held < checked:
            share = percent(Decimal(held) / Decimal(checked))
            notes.append(
                f"{source}: token identity holds for {held:,} of {checked:,} calls ({share}); the others are read the way that"
                " fits: `finops query 'SELECT * FROM identity_fault'` lists them"
            )
    return notes


def _amount_notes(done: Delivered) -> list[str]:
    if len(done.amounts) < 2:
        return []
    return ["billed " + ", ".join(f"{plain_decimal(amount)} {currency}" for currency, amount in done.amounts.items())]


def _result(settings: Settings, answer: _Answer, columns: Sequence[Column] = COLUMNS) -> Result:
    totals = {key: sum(row[key] for row in answer.rows) for key in ("rows", "rejected")}
    return Result(columns, answer.rows, [totals], {"as_of": settings.as_of, "ledger": settings.ledger.name}, answer.notes)
