"""Where a Codex session that was forked from another stops repeating the other's calls."""

from __future__ import annotations

from datetime import datetime, timedelta

AT_ONCE = timedelta(seconds=1)
"""Lines of a copied history are written closer together than this; no call is answered and counted so soon."""


class Replay:
    """Follows the lines of a session from its first. A copied turn says that it began before the session did; where turns do not
    say when they began, copied counts have a time from before the session, or follow it and each other at once."""

    def __init__(self, created: datetime, forked_from: str | None) -> None:
        self.forked_from = forked_from
        self.skipped = 0
        self._created, self._latest = created, created
        self._going_on = forked_from is not None
        self._turns_are_dated = False

    def other_session(self) -> None:
        """The file holds another session's first line: its history follows."""
        self._going_on = self._going_on or not self._turns_are_dated

    def turn(self, started: datetime | None) -> None:
        """A turn begins."""
        if started is not None:
            self._turns_are_dated = True
            if started >= self._created.replace(microsecond=0):
                self._going_on = False

    def holds(self, at: datetime) -> bool:
        """Whether a count of that time is a copy."""
        if self._going_on and not self._turns_are_dated:
            self._going_on = at <= self._created or at - self._latest < AT_ONCE
            self._latest = max(self._latest, at)
        self.skipped += self._going_on
        return self._going_on
