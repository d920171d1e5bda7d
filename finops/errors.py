"""Errors as part of the interface: what went wrong, where, what to do about it, and the exit code it means."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of every command."""

    OK = 0
    DATA = 1
    USAGE = 2
    OUTSIDE = 3
    PRICES = 4
    GATE = 5
    INTERRUPTED = 130


class FinopsError(Exception):
    """One clear error. `what` is a sentence, `where` a file, line, column, row or key, `hint` the next thing to do."""

    exit_code: ExitCode = ExitCode.DATA

    def __init__(self, what: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.hint = hint


class DataError(FinopsError):
    """The data that was given would not do."""

    exit_code = ExitCode.DATA


class UsageError(FinopsError):
    """The command line or the configuration is off."""

    exit_code = ExitCode.USAGE


class OutsideError(FinopsError):
    """The outside world failed: a lock, a disk, a network, credentials."""

    exit_code = ExitCode.OUTSIDE


class OutOfMemory(OutsideError):
    """The memory that the engine may take and the space that it may spill into are used up: less at a time may do."""


class PriceError(FinopsError):
    """A price is missing or stale, and the command was strict about it."""

    exit_code = ExitCode.PRICES


class GateError(FinopsError):
    """A gate of `finops check` tripped."""

    exit_code = ExitCode.GATE
