"""Words that say whether a run was accepted, wherever somebody writes one."""

from __future__ import annotations

ACCEPTED = frozenset(
    (
        *("accept", "accepted", "approved", "pass", "passed", "correct", "success", "succeeded"),
        *("good", "true", "yes"),
    )
)
REFUSED = frozenset(
    (
        *("refuse", "refused", "reject", "rejected", "fail", "failed", "failure", "incorrect"),
        *("bad", "false", "no"),
    )
)


def verdict(word: str | None) -> bool | None:
    """Whether the word says accepted or not; None where it says neither."""
    low = (word or "").strip().lower()
    return True if low in ACCEPTED else False if low in REFUSED else None
