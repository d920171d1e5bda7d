"""Units of work of a company's own, such as documents: what `finops.toml` may say of them."""

from __future__ import annotations

from collections.abc import Sequence

from finops.core.settings import WorkUnit
from finops.errors import UsageError

BUILTIN_UNITS = ("run", "accepted", "request", "1m_tokens", "hosted_1m_tokens", "seat", "revenue")
"""What `--unit` takes without a [[unit]]."""
NEVER_KEPT_HINT = "names that begin with `finops.` are kept, such as `finops.documents`"


def check_work_units(units: Sequence[WorkUnit], file: str) -> None:
    """Raises UsageError on the first entry that counts nothing, or in two ways."""
    for unit in units:
        where = f"{file}:{unit.line} [[unit]]" if unit.line else f"{file} [[unit]]"
        said = f"the unit `{unit.name}`"
        if unit.name in BUILTIN_UNITS or not unit.name.strip():
            raise UsageError(f"{said} has a name that is taken", where=f"{where} name", hint="give it another name")
        if (unit.attribute is None) == (unit.per_run is None):
            hint = 'attribute = "finops.documents", or per_run = "10"'
            raise UsageError(f"{said} must be counted in one way", where=where, hint=hint)
        if unit.per_run is not None and unit.per_run <= 0:
            raise UsageError(f"{said} counts {unit.per_run} in a run", where=f"{where} per_run", hint="a number above 0")
        if unit.per_run is not None and unit.workflow is None:
            raise UsageError(f"{said} counts runs of no workflow", where=where, hint='workflow = "NAME"')
        if unit.from_ and unit.to and unit.from_ >= unit.to:
            raise UsageError(
                f"{said} ends on {unit.to}, not after it begins", where=f"{where} to", hint="the first day without it"
            )
