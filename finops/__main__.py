"""The `finops` program. `--version` is answered before anything else is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Runs one command and exits with its code."""
    if sys.argv[1:2] in (["--version"], ["-V"]):
        from finops.cli.output import write_version

        write_version()
        return
    from finops.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
