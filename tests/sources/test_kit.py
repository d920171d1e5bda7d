"""Every source goes through the kit."""

from __future__ import annotations

import pytest

from finops.sources import MODULES, source
from finops.sources.base import Source
from tests.kits.source_kit import SAMPLES, SourceKit


@pytest.fixture(params=MODULES)
def one(request: pytest.FixtureRequest) -> Source:
    return source(str(request.param))


class TestEverySource(SourceKit):
    """The kit, once per source."""


def test_every_source_has_a_sample() -> None:
    assert set(MODULES) <= set(SAMPLES)
