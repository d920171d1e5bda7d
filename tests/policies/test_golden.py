"""Golden bytes of every consumer's files, for the kit's policies. FINOPS_WRITE_GOLDEN=1 writes them anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from finops.policies import MODULES, exporter
from tests.kits.exporter_kit import policy_set

GOLDEN = Path(__file__).resolve().parent.parent / "golden" / "policies"


@pytest.mark.parametrize("consumer", MODULES)
def test_golden_bytes(consumer: str) -> None:
    files = exporter(consumer).render(policy_set()).files
    folder = GOLDEN / consumer
    if os.environ.get("FINOPS_WRITE_GOLDEN") == "1":
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (folder / name).write_text(text, encoding="utf-8", newline="\n")
    assert sorted(files) == sorted(path.name for path in folder.iterdir())
    for name, text in files.items():
        assert (folder / name).read_bytes() == text.encode("utf-8"), name
