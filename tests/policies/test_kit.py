"""Every exporter passes the kit."""

from __future__ import annotations

import pytest

from finops.policies import exporter, names
from tests.kits import exporter_kit


@pytest.mark.parametrize("name", names())
def test_exporter_passes_the_kit(name: str) -> None:
    assert exporter(name).name == name
    exporter_kit.check(exporter(name))
