"""Coverage-guided fuzzing of the OTLP readers: `python -m tests.fuzz.otlp json|proto|signal [atheris options]`.

It needs the package atheris, which neither finops nor its tests need. A finding is a traceback: anything but a row, a reject or
a clear error."""

from __future__ import annotations

import sys
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import atheris  # type: ignore[import-not-found]

with atheris.instrument_imports(include=["finops.sources", "finops.core.tokens"]):
    from finops.errors import FinopsError
    from finops.sources import otlp, otlp_logs, otlp_metrics, otlp_proto
    from finops.sources.base import Source
    from finops.sources.glimpse import glimpse
    from finops.sources.otlp_reading.signal import signals

JSON: tuple[Source, ...] = (otlp.SOURCE, otlp_metrics.SOURCE, otlp_logs.SOURCE)
PROTO: tuple[Source, ...] = (otlp_proto.SOURCE, otlp_metrics.SOURCE, otlp_logs.SOURCE)


def read(content: bytes, one: Source, path: Path) -> None:
    """Reads a file as ingest does; every batch must be what its schema says."""
    path.write_bytes(content)
    with suppress(FinopsError):
        glimpse(path)
        for part in one.parts(path, path.parent):
            for load in one.open(part, {"processes": 1}):
                for batch in load.data:  # type: ignore[union-attr]
                    batch.validate(full=True)


def main() -> None:
    """Fuzzes until atheris stops."""
    kind = sys.argv.pop(1)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "fuzzed.jsonl"

        def one_input(content: bytes) -> None:
            if kind == "signal":
                signals(content)
            elif kind == "json":
                for one in JSON:
                    read(content, one, path)
            else:
                for one in PROTO:
                    read(len(content).to_bytes(4, "big") + content, one, path)

        atheris.Setup(sys.argv, one_input)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
