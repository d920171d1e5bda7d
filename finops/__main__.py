"""The `finops` program. `--version` is answered before anything else is imported."""

from __future__ import annotations

import gc
import os
import sys


def main() -> None:
    """Runs one command and exits with its code."""
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy's threads for matrices, of which there are none, wait busily
    gc.set_threshold(50_000, 20, 20)  # a command makes many objects that stay: to look for lost ones often only takes time
    if sys.argv[1:2] in (["--version"], ["-V"]):
        from finops.cli.output import write_version

        write_version()
        return
    from finops.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
