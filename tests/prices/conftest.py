"""What tests of prices share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.prices.azure_server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.http.shutdown()
    made.http.server_close()
