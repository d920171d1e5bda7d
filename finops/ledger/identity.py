"""The check of token identity: of how many calls the reported counts mean what their source says they mean, and which do not."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from finops.core.tokens import TOKEN_CLASSES


class Identity(NamedTuple):
    """`checked` counts the calls that report tokens, `held` those whose counts fit together: the classes are disjoint and add up
    to what the source states. The others are read the way that does fit."""

    checked: int = 0
    held: int = 0


UNCHECKED = Identity()


def identity_of(query: Callable[[str], list[dict[str, Any]]], calls: str) -> Identity:
    """Of a relation of calls."""
    found = query(f"SELECT count(identity_holds) AS checked, count(CASE WHEN identity_holds THEN 1 END) AS held FROM {calls}")[0]
    return Identity(int(found["checked"]), int(found["held"]))


def together(parts: Iterable[Identity]) -> Identity:
    """The sum."""
    listed = list(parts)
    return Identity(sum(one.checked for one in listed), sum(one.held for one in listed))


VIEW_SQL = (
    "CREATE OR REPLACE TEMP VIEW identity_fault AS"
    " SELECT d.source, d.path, c.part_row AS row_number, c.start_time, c.trace, c.span, c.response, c.operation, c.provider,"
    " c.model,"
    f" {', '.join(f'c.{name}' for name in TOKEN_CLASSES)}, c.reasoning"
    " FROM call c JOIN batch b ON b.batch_id = c.batch_id JOIN delivery d ON d.delivery_id = b.delivery_id"
    " WHERE NOT c.identity_holds"
)
"""The calls whose counts contradict what their source means by them, with their files. `row_number` counts the calls that were
read from the file; a span's or an answer's own id finds it there."""
