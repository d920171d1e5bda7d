"""What a batch of the ledger changed when it came, or what a file would change if it were imported."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from finops.config import Overrides, load_settings
from finops.core.placing.price_changes import PriceName
from finops.core.result import Result
from finops.errors import DataError, UsageError
from finops.ledger.price_batches import price_batches, price_facts
from finops.ledger.store import open_reader
from finops.steps.pricing.book import batches_of, known_batches
from finops.steps.pricing.changes import Books, changes, changes_result, last_month
from finops.steps.pricing.imported import read_batch, with_batch

if TYPE_CHECKING:
    from finops.config import Settings
    from finops.core.explaining.figures import Figure
    from finops.core.talk import Talk
    from finops.prices.base import Batch


def diff_prices(overrides: Overrides, *, what: str | None = None, new: bool = False, top: int = 0, talk: Talk) -> Result:
    """What `what` (a file, a batch's name, or the newest batch) makes different, and what that would have made of last month."""
    settings = load_settings(overrides)
    talk.stage("Compare the prices")
    if what is not None and Path(what).is_file():
        known = known_batches(settings)
        batch = read_batch(settings, Path(what), None, talk)
        replaced = [fact for one in known if one.own and batch.own and one.name == batch.name for fact in one.facts]
        name, before, after, facts = batch.name, known, with_batch(known, batch), [*replaced, *batch.facts]
    else:
        name, before, after = _batches(settings, what)
        facts = [fact for one in (*before, *after) if one.name == name for fact in one.facts]
    sides = ((Books.of(settings, before), before), (Books.of(settings, after), after))
    found, month = changes(sides[0][0], sides[1][0], facts, settings.as_of), last_month(settings)
    answer = changes_result(found, month, settings.as_of, top, {"name": name, "new": new})
    by_name = {(*one.name, one.on): one for one in found}

    def made(place: int) -> Sequence[Figure]:
        from finops.steps.pricing.diff_figures import diff_figures

        row = answer.rows[place]
        one = by_name[(*(row[name] for name in PriceName._fields), row["from_day"])]
        return diff_figures(settings, one, month, *sides)

    return replace(answer, made=made)


def _batches(settings: Settings, what: str | None) -> tuple[str, list[Batch], list[Batch]]:
    """The name of the batch that is meant, and the batches without and with it."""
    if not settings.ledger.is_file():
        raise DataError(
            f"there is no ledger at `{settings.ledger}`", hint="`finops prices refresh` makes one with today's prices"
        )
    with open_reader(settings.ledger) as reader:
        rows = price_batches(reader, settings.as_of)
        names = list(dict.fromkeys(row["name"] for row in rows))
        if what is not None and what not in names:
            near = get_close_matches(what, names, 1)
            hint = f"did you mean `{near[0]}`?" if near else f"known are {', '.join(names)}" if names else None
            raise UsageError(f"there is no file and no batch of prices `{what}`", hint=hint)
        if not rows:
            raise DataError(
                "no prices were refreshed or imported yet", hint="`finops prices refresh` or `finops prices import FILE`"
            )
        chosen = max((row for row in rows if what in (None, row["name"])), key=lambda row: row["position"])
        after = batches_of(price_facts(reader, settings.as_of, upto=chosen["position"]))
        before = batches_of(price_facts(reader, settings.as_of, upto=chosen["position"] - 1))
    return chosen["name"], before, after
