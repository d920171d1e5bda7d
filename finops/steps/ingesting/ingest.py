"""Loads files into the ledger: recognise, read, settle, commit; then build the models."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from finops.config import Overrides, Settings, load_settings
from finops.core.numbers import percent
from finops.core.result import Column, Result
from finops.core.talk import Talk
from finops.errors import DataError, FinopsError, OutsideError
from finops.ledger.compaction import compact
from finops.ledger.deliveries import Intake
from finops.ledger.engine.build import restate_later
from finops.ledger.remote import remember
from finops.ledger.store import DEFAULT_WAIT_S, open_writer
from finops.sources.detect import recognise
from finops.sources.strangers import NO_DATA
from finops.steps.build import built, kept_notes, restated_months
from finops.steps.costs.restated import owner_costs, owner_differences, with_earlier
from finops.steps.costs.unattributed import short_note
from finops.steps.ingesting.calls_twice import twice_notes
from finops.steps.ingesting.given_files import GivenFile, given_files
from finops.steps.ingesting.import_sources import import_sources
from finops.steps.ingesting.loading import Answer, file_row, load_all
from finops.steps.ingesting.manifest_deliveries import Delivery, Sorted, sorted_by_manifest
from finops.steps.ingesting.remote_files import Span, fetched, is_remote
from finops.steps.ingesting.wide_text import as_utf8

if TYPE_CHECKING:
    from finops.sources.base import Source
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


def ingest(overrides: Overrides, paths: Sequence[str | Path], options: Options = Options(), *, talk: Talk) -> Result:
    """Loads every file behind `paths` and builds the models, in one transaction."""
    restated_months(options.restate)
    settings = load_settings(overrides)
    far = [str(path) for path in paths if is_remote(path)]
    near = [path for path in paths if not is_remote(path)]
    span = Span(options.since, options.until, options.source)
    with fetched(far, settings, span, dry_run=options.dry_run, talk=talk) as there:
        answer = Answer([{**dict.fromkeys(column.key for column in COLUMNS), **row} for row in there.rows], there.notes)
        if not near and far and options.dry_run:
            answer.notes.append("dry run: nothing was loaded")
            return _result(settings, answer, FETCHED)
        given = given_files(near, settings) if near or not far else []
        with as_utf8(given, settings) as files:
            here = sorted_by_manifest(files, options.since, options.until)
            answer.notes += [*here.notes, *_set_aside(files, here), *_unbounded([*here.alone, *there.files], options)]
            return _ingest(settings, [*here.alone, *there.files], [*here.deliveries, *there.deliveries], options, answer, talk)


def _ingest(
    settings: Settings, files: list[GivenFile], deliveries: list[Delivery], options: Options, answer: Answer, talk: Talk
) -> Result:
    paths = [file.path for file in (*files, *(file for one in deliveries for file in one.files))]
    imports, told = import_sources(settings, paths)
    answer.notes += told
    chosen = _recognised(files, options, imports, answer, alone=not deliveries and not answer.rows)
    whole = [(one, [(file, recognise(file.path, options.source, imports)) for file in one.files]) for one in deliveries]
    restate = with_earlier(settings, options.restate) if options.build else options.restate
    before = owner_costs(settings, restate)
    with open_writer(
        settings.ledger, wait_s=options.wait_s, command="finops ingest", memory=settings.memory, threads=settings.threads
    ) as writer:
        intake = Intake(writer, how=options.how, restate=options.restate, strict=options.strict)
        load_all(intake, chosen, whole, settings, answer, talk)
        remember(writer, answer.remembered)
        unbuilt = writer.unbuilt()
        if options.dry_run:
            writer.discard()
        elif not options.build and unbuilt and options.restate:
            restate_later(writer, restated_months(options.restate))
        elif options.build and unbuilt:
            answer.notes += kept_notes(built(writer, settings, talk, restate=restated_months(options.restate)))
            answer.notes += [*twice_notes(writer), *short_note(writer)]
            compact(writer)
    answer.rows.sort(key=lambda row: row["path"])
    if options.dry_run:
        answer.notes.append("dry run: nothing was loaded")
    elif unbuilt and not options.build:
        answer.notes.append("`finops build` brings the models up to date")
    answer.notes += [*_identity_notes(answer.rows), *owner_differences(before, owner_costs(settings, restate))]
    return _result(settings, answer)


def not_taken(rows: Sequence[Mapping[str, Any]]) -> str:
    """How many files were refused and rows rejected, in words; nothing where all was taken."""
    files = sum(row["status"] == "refused" for row in rows)
    rejected = sum(row["rejected"] for row in rows)
    said = [f"{files:,} {'file was' if files == 1 else 'files were'} refused"] if files else []
    said += [f"{rejected:,} {'row was' if rejected == 1 else 'rows were'} rejected"] if rejected else []
    return " and ".join(said)


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
    files: Sequence[GivenFile], options: Options, imports: Sequence[Mapped], answer: Answer, *, alone: bool
) -> list[tuple[GivenFile, Source]]:
    """Files with their sources. What a folder holds besides is listed as refused; nothing recognised at all is an error, where
    these files are `alone`."""
    chosen = []
    first: FinopsError | None = None
    unread = passed = 0
    for file in files:
        try:
            chosen.append((file, recognise(file.path, options.source, imports)))
        except FinopsError as error:
            if not file.searched:
                raise
            first = first or error
            if not isinstance(error, OutsideError) and file.path.name.lower().endswith(NO_DATA):
                answer.rows.append(file_row(None, file, "left out", reason="by its name it is no data"))
                passed += 1
                continue
            answer.rows.append(file_row(None, file, "refused", reason=error.what))
            if isinstance(error, OutsideError):
                answer.notes.append(f"{file.label}: {error.what}, and is not loaded")
                unread += 1
    if alone and not chosen and first is not None:
        others = f" (and {len(files) - 1} more files)" if len(files) > 1 else ""
        raise DataError(f"{first.what}{others}", where=first.where or str(files[0].path), hint=first.hint) from first
    if strange := len(files) - len(chosen) - unread - passed:
        answer.notes.append(f"{strange:,} files were not recognised: `finops sources check PATH` says why")
    if passed:
        answer.notes.append(f"{passed:,} files are no data by their names, and left out")
    return chosen


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


def _result(settings: Settings, answer: Answer, columns: Sequence[Column] = COLUMNS) -> Result:
    totals = {key: sum(row[key] for row in answer.rows) for key in ("rows", "rejected")}
    return Result(columns, answer.rows, [totals], {"as_of": settings.as_of, "ledger": settings.ledger.name}, answer.notes)
