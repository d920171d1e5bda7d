"""The only place that writes stderr: errors, warnings and progress, and the exit codes they mean."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from finops.cli.layout import terminal_width, wrapped
from finops.errors import ExitCode, FinopsError

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from finops.cli.options import Globals
    from finops.core.talk import Talk


def tell_error(error: FinopsError) -> int:
    """Prints what, where and the hint; answers with the error's exit code."""
    _say(f"error: {error.what}")
    if error.where:
        _say(f"  at {error.where}")
    if error.hint:
        _say("")
        _say(f"hint: {error.hint}")
    return int(error.exit_code)


def tell_usage(error: Any) -> int:
    """A command line that the parser refused."""
    context = getattr(error, "ctx", None)
    message = error.format_message()
    if type(error).__name__ == "NoArgsIsHelpError":
        _say(message)
        return int(ExitCode.USAGE)
    _say(f"error: {message[:1].lower()}{message[1:].rstrip('.')}")
    _say("")
    _say(f"hint: `{context.command_path if context else 'finops'} --help` shows what it takes")
    return int(ExitCode.USAGE)


def tell_interrupted() -> int:
    _say("interrupted: nothing was half written")
    return int(ExitCode.INTERRUPTED)


def tell_os_error(error: OSError) -> int:
    """A file or disk that the system refused."""
    where = f" `{error.filename}`" if error.filename else ""
    _say(f"error: the system refused{where}: {(error.strerror or str(error)).lower()}")
    return int(ExitCode.OUTSIDE)


def close_pipe() -> int:
    """The reader of stdout went away (`| head`): not an error of ours, and nothing more to say."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.OK)


class _Stderr:
    """Warnings as lines; on a terminal the running stage as a bar with rows/s and the time left."""

    def __init__(self, *, quiet: bool, live: bool) -> None:
        self._quiet, self._live = quiet, live
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._rows = 0
        self._since = time.monotonic()

    def stage(self, name: str, total: int | None = None) -> None:
        self.close()
        if self._live:
            self._bar = _progress_bar()
            self._bar.start()
            self._rows, self._since = 0, time.monotonic()
            self._task = self._bar.add_task(name, total=total, speed="")

    def advance(self, done: int, rows: int = 0) -> None:
        if self._bar is None or self._task is None:
            return
        self._rows += rows
        speed = self._rows / max(time.monotonic() - self._since, 1e-3)
        self._bar.update(self._task, advance=done, speed=f"{speed:,.0f} rows/s" if self._rows else "")

    def warn(self, text: str) -> None:
        if not self._quiet:
            self.close()
            _say(f"warning: {text}")

    def close(self) -> None:
        """Takes the bar off the screen."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None


def _progress_bar() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TaskProgressColumn(),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(compact=True),
        console=Console(stderr=True),
        transient=True,
    )


@contextmanager
def talking(g: Globals) -> Iterator[Talk]:
    """Progress and warnings for one command: nothing under --quiet, a bar only on a terminal."""
    talk = _Stderr(quiet=g.quiet, live=sys.stderr.isatty() and not g.quiet)
    try:
        yield talk
    finally:
        talk.close()


class _Watcher:
    """Lines as things happen; on a terminal one line more, at the bottom, that is kept up to date."""

    def __init__(self, *, quiet: bool, live: bool) -> None:
        self._quiet, self._live, self._shown = quiet, live, ""

    def say(self, text: str) -> None:
        if not self._quiet:
            self.close()
            _say(text)

    def warn(self, text: str) -> None:
        self.say(f"warning: {text}")

    def show(self, text: str) -> None:
        text = text[: shutil.get_terminal_size().columns - 1]
        if self._live and text != self._shown:
            sys.stderr.write(f"\r{_ERASE}{text}")
            sys.stderr.flush()
            self._shown = text

    def close(self) -> None:
        """Takes the last line off the screen."""
        if self._shown:
            sys.stderr.write(f"\r{_ERASE}")
            self._shown = ""


_ERASE = "\x1b[K"


@contextmanager
def watching(g: Globals) -> Iterator[_Watcher]:
    """What a command that runs until it is stopped tells: nothing under --quiet, a live line only on a terminal."""
    watcher = _Watcher(quiet=g.quiet, live=sys.stderr.isatty() and not g.quiet)
    try:
        yield watcher
    finally:
        watcher.close()


def notes(lines: list[str], *, quiet: bool) -> None:
    """Sentences beside an answer that goes elsewhere than a table."""
    if not quiet:
        for line in lines:
            _say(f"note: {line}")


def _say(text: str) -> None:
    """A line; on a terminal as many as it takes."""
    width = terminal_width(sys.stderr)
    sys.stderr.write("\n".join(wrapped(line, width) for line in text.split("\n")) + "\n")
