"""What `finops place` says of carbon: where it is known, by whose word, and where not."""

from __future__ import annotations

from collections.abc import Sequence

from finops.core.numbers import date_text
from finops.core.placing.carbon import Carbon
from finops.core.placing.placement import Placement


def carbon_notes(feasible: Sequence[Placement], carbon: Carbon | None) -> list[str]:
    """Nothing where no table is given."""
    if carbon is None:
        return []
    priced = [row for row in feasible if row.unit_cost is not None]
    unknown = sum(carbon.per_unit(row) is None for row in priced)
    since = f", the oldest of {date_text(carbon.oldest)}" if carbon.oldest else ""
    told = ", ".join(carbon.sources) or "nothing known yet"
    said = f"g CO2e of a unit is by your own table ({told}{since}); the front weighs it too"
    if unknown:
        said += f". It is unknown of {unknown:,} of {len(priced):,} places, which counts as the worst"
    return [said]
