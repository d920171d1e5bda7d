"""Where the data beside the code lives: in a checkout at the top level, in a wheel under `finops/_bundled`."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_WHEEL = _PACKAGE / "_bundled"
_HOME = _WHEEL if _WHEEL.is_dir() else _PACKAGE.parent


def pricing_dir() -> Path:
    """The folder of dated price facts."""
    return _HOME / "pricing"


def templates_dir() -> Path:
    """The folder of report templates."""
    return _HOME / "reports" / "templates"


def sample_dir() -> Path:
    """The folder of the sample company."""
    return _HOME / "sample_data"
