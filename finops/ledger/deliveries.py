"""The rules of one ingest call: what is unchanged, what replaces what, what may not stand beside what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from finops.errors import DataError
from finops.ledger import catalogue
from finops.ledger.closed import changed_periods, closed_periods, differences, month_of
from finops.ledger.identity import UNCHECKED, Identity, together
from finops.ledger.loading import Batch, load_batch, next_id
from finops.ledger.node_rivals import settle_nodes
from finops.ledger.overlaps import Overlap, overlaps, replace_overlaps
from finops.ledger.rivals import rivals, rivals_error
from finops.ledger.tail import grown_from
from finops.ledger.totals import amounts

if TYPE_CHECKING:
    from finops.ledger.handover import LoadLike, PartLike
    from finops.ledger.store import Writer

How = Literal["auto", "part", "replacement"]
Status = Literal["loaded", "unchanged", "replaced"]


@dataclass(frozen=True)
class Delivered:
    """What became of one file. `amounts` is the stored BilledCost per currency, `identity` the check of its calls' tokens."""

    status: Status
    rows: int = 0
    rejected: int = 0
    amounts: dict[str, Decimal] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    identity: Identity = UNCHECKED


class _Same(Exception):
    """The file that was read is in the ledger already."""

    def __init__(self, delivered: Delivered) -> None:
        super().__init__()
        self.delivered = delivered


class Intake:
    """One ingest call on an open writer. Files of one call never conflict with each other.

    `how` says what a file with a new name is that overlaps earlier ones: a further part of them, or their replacement.
    `restate` names the closed months (`2026-09`) that may change."""

    def __init__(self, writer: Writer, *, how: How = "auto", restate: Iterable[str] = (), strict: bool = False) -> None:
        self.writer = writer
        self._how, self._restate, self._strict = how, frozenset(restate), strict
        self._ingest = catalogue.next_ingest(writer)
        self._closed = closed_periods(writer)
        self._renewed: set[tuple[str, str]] = set()
        self._new: list[tuple[PartLike, int]] = []

    def holds(self, source: str, name: str, parts: Collection[PartLike]) -> bool:
        """Whether the delivery of that name holds exactly these contents: all the files that a manifest names, and no more."""
        held = catalogue.contents_of(self.writer, source, name)
        return len(held) == len(parts) and held == sorted(part.content_hash for part in parts)

    def known(self, source: str, part: PartLike) -> Delivered | None:
        """An answer at once where this very content is in the ledger, whatever its name. A file without a hash yet is looked at
        only where one of its size is there; else `take` gives that answer, once the file is read."""
        if not part.is_hashed and not catalogue.same_size(self.writer, source, part.size):
            return None
        return self._same(source, part)

    def _same(self, source: str, part: PartLike) -> Delivered | None:
        name = catalogue.same_content(self.writer, source, part.content_hash, self._ingest)
        if name is None:
            return None
        return Delivered("unchanged", notes=() if name == part.name else (f"the same content is loaded as {name}",))

    def offset(self, source: str, part: PartLike) -> int:
        """How many bytes of a file that only ever grows are in the ledger already; 0 where it is new or was rewritten."""
        if self._how == "replacement":
            return 0
        return grown_from(self.writer, source, part, self._ingest)[1]

    def take(self, source: str, part: PartLike, loads: Iterable[LoadLike], offset: int = 0, *, whole: bool = False) -> Delivered:
        """Loads a file and settles what it replaces. With `offset` the loads hold only what follows those bytes. `whole` says
        that the delivery of that name is loaded anew, file by file: what the name loaded before goes as a whole."""
        if offset:
            return self._take_tail(source, part, loads)
        delivery_id = next_id(self.writer, "delivery")
        late = not part.is_hashed and not whole
        try:
            batches = self._load(part, loads, delivery_id, {}, (lambda: self._same(source, part)) if late else None)
        except _Same as found:
            return found.delivered
        catalogue.add_delivery(self.writer, delivery_id, self._ingest, source, part)
        replaced = self._renew(source, part.name, delivery_id) if whole else self._replace_own(source, part, delivery_id)
        if not replaced:
            self._new.append((part, delivery_id))
        return _delivered("replaced" if replaced else "loaded", batches)

    def finish(self) -> list[str]:
        """Settles overlaps and checks the closed periods once all files are in, so that their order does not matter; answers with
        the differences of the closed periods that changed."""
        self._settle_overlaps()
        changed = changed_periods(self.writer, self._ingest, self._closed)
        if not changed:
            return []
        told = [str(difference) for difference in differences(self.writer, self._ingest, changed)]
        refused = sorted({month_of(period) for _, period in changed} - self._restate)
        if refused and self._how != "part":
            raise DataError(
                f"this would change {'a closed month' if len(refused) == 1 else 'closed months'}: {', '.join(refused)}",
                where="; ".join(told) or None,
                hint=" ".join(f"--restate {month}" for month in refused) + " allows it; the old version is kept",
            )
        return [f"restated: {line}" for line in told]

    def _take_tail(self, source: str, part: PartLike, loads: Iterable[LoadLike]) -> Delivered:
        delivery_id, _ = grown_from(self.writer, source, part, self._ingest)
        rows = self.writer.query(
            "SELECT contract, sum(row_count + reject_count) AS n FROM batch WHERE delivery_id = $1 AND superseded_by IS NULL"
            " GROUP BY contract",
            [delivery_id],
        )
        batches = self._load(part, loads, delivery_id, {row["contract"]: int(row["n"]) for row in rows})
        catalogue.grow_delivery(self.writer, delivery_id, part)
        return _delivered("loaded", batches, "the file has grown: only what is new was loaded")

    def _load(
        self,
        part: PartLike,
        loads: Iterable[LoadLike],
        delivery_id: int,
        rows_before: dict[str, int],
        same: Callable[[], Delivered | None] | None = None,
    ) -> list[Batch]:
        """The batches of a file. `same` is asked once the file is read, and before anything of it is in the ledger."""

        def read() -> None:
            if same is not None and not batches and (found := same()) is not None:
                raise _Same(found)

        where = str(part.path)
        batches: list[Batch] = []
        for load in loads:
            before = rows_before.get(load.contract, 0)
            batches.append(
                load_batch(
                    self.writer, load, delivery_id=delivery_id, ingest=self._ingest, where=where, rows_before=before, read=read
                )
            )
        rejected = sum(batch.rejected for batch in batches)
        if rejected and (self._strict or not any(batch.rows for batch in batches)):
            raise self._rejected(where, rejected, [batch.batch_id for batch in batches], sum(batch.rows for batch in batches))
        return batches

    def _rejected(self, where: str, rejected: int, batch_ids: list[int], rows: int) -> DataError:
        first = self.writer.query(
            "SELECT * FROM reject WHERE batch_id IN (SELECT unnest($1)) ORDER BY row_number, column_name LIMIT 1", [batch_ids]
        )[0]
        column = f", column {first['column_name']}" if first["column_name"] else ""
        text = f" (`{first['raw_text']}`)" if first["raw_text"] else ""
        some = f"{rejected:,} of {rows + rejected:,} rows" if rows else "none of the rows"
        return DataError(
            f"{some} can{'not' if rows else ''} be read; the first: {first['reason']}{text}",
            where=f"{where}, row {first['row_number']}{column}",
            hint="without --strict the other rows are loaded" if rows else "correct the file, or name its kind with `--source`",
        )

    def _replace_own(self, source: str, part: PartLike, delivery_id: int) -> bool:
        """Supersedes what this name loaded before. A file that holds quite other months is a new delivery by mistake: refused."""
        own = catalogue.deliveries_named(self.writer, source, part.name, self._ingest)
        if not own or self._how == "part":
            return False
        fresh = {item.replaced_together for item in catalogue.slices_of(self.writer, [delivery_id])}
        before = {old: {item.replaced_together for item in catalogue.slices_of(self.writer, [old])} for old in own}
        shared = [old for old, slices in before.items() if not slices or slices & fresh]
        if not shared and self._how == "auto":
            raise DataError(
                f"`{part.name}` was loaded before and holds other periods now",
                where=str(part.path),
                hint="`--as part` keeps both, `--as replacement` drops what it loaded before",
            )
        for old in shared or own:
            catalogue.supersede_delivery(self.writer, old, delivery_id)
        return True

    def _renew(self, source: str, name: str, delivery_id: int) -> bool:
        """Supersedes every file that the name loaded with earlier calls; true for each file that comes in their place."""
        for old in catalogue.deliveries_named(self.writer, source, name, self._ingest):
            catalogue.supersede_delivery(self.writer, old, delivery_id)
            self._renewed.add((source, name))
        return (source, name) in self._renewed

    def _settle_overlaps(self) -> None:
        """What new names bring of days that earlier calls brought: refused, or in their place."""
        if self._how == "part":
            return
        settle_nodes(self.writer, self._ingest, replacing=self._how == "replacement")
        rivalling = rivals(self.writer, self._ingest)
        if rivalling and (self._how == "auto" or any(rival.is_same_call for rival in rivalling)):
            raise rivals_error(rivalling, replacing=self._how == "replacement")
        found = {number: overlaps(self.writer, number, self._ingest) for _, number in self._new}
        for rival in rivalling:
            found.setdefault(rival.fresh_id, []).append(rival.earlier)
        for part, number in sorted(self._new, key=lambda new: new[0].name):
            if found[number] and self._how == "auto":
                raise _overlap_error(part, found[number])
        replacing = {number: items for number, items in found.items() if items}
        if replacing:
            replace_overlaps(self.writer, replacing, self._ingest)


def _overlap_error(part: PartLike, found: list[Overlap]) -> DataError:
    one = found[0]
    days = f"{one.first}" if one.first == one.last else f"{one.first} to {one.last}"
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    return DataError(
        f"charges of account {one.account or '-'} in {month_of(one.billing_period)} ({days}) are loaded already,"
        f" from `{one.name}`{more}",
        where=str(part.path),
        hint="`--as part` if both belong together, `--as replacement` if this file takes their place",
    )


def _delivered(status: Status, batches: list[Batch], *notes: str) -> Delivered:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for batch in batches:
        for currency, amount in amounts(batch.controls).items():
            sums[currency] += amount
    said = [note for batch in batches for note in batch.notes]
    return Delivered(
        status,
        sum(b.rows for b in batches),
        sum(b.rejected for b in batches),
        dict(sorted(sums.items())),
        (*notes, *said),
        together(b.identity for b in batches),
    )
