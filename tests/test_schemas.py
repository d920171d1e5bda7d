"""Every command's JSON on the sample company fits its published schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest

from tests import schemas
from tests.conftest import Ran

COMMANDS: dict[str, tuple[str, ...]] = {
    "reconcile": ("reconcile",),
    "reconcile-sources": ("reconcile", "--sources"),
    "reconcile-expect": ("reconcile", "--expect", "spot"),
    "cost": ("cost", "--by", "tenant,agent"),
    "place": ("place", "product-image-tagging"),
    "forecast": ("forecast", "--by", "agent"),
    "prices-list": ("prices", "list", "--provider", "gcp", "--region", "us-central1"),
    "flag": ("flag",),
    "anomalies-state": ("anomalies", "--last", "90d", "--state", "told.json", "--dry-run"),
    "bridge-forecast": ("bridge", "--from", "forecast", "--to", "2026-10"),
    "reconcile-unattributed": ("reconcile", "--unattributed"),
}
GOLDEN = (
    *("anomalies", "bench-cost", "bench-list", "bridge", "burn", "commitments", "drift", "mix", "models", "prices-diff"),
    *("prices-stale", "reconcile-rules", "spot", "traces", "volatility", "waste"),
)
"""Answers that are kept, byte for byte, in tests/golden."""


@pytest.mark.parametrize("command", sorted(schemas.ROWS))
def test_schema_files_are_fresh(command: str) -> None:
    assert (schemas.FOLDER / f"{command}.schema.json").read_text(encoding="utf-8") == schemas.text(command), (
        "python -m tests.schemas"
    )


@pytest.mark.parametrize("command", sorted(COMMANDS))
def test_answers_fit(command: str, sample: Callable[..., Ran]) -> None:
    ran = sample(*COMMANDS[command], "-f", "json")
    assert ran.code == 0, ran.err
    jsonschema.validate(ran.json, schemas.schema(command))
    assert ran.json["rows"]


@pytest.mark.parametrize("command", GOLDEN)
def test_kept_answers_fit(command: str) -> None:
    kept = Path(__file__).parent / "golden" / "answers" / f"{command}.json"
    answer = json.loads(kept.read_text(encoding="utf-8"))
    jsonschema.validate(answer, schemas.schema(command))
    assert answer["rows"]


def test_ingest_and_policy_export_fit(sample: Callable[..., Ran], sample_home: Path, tmp_path: Path) -> None:
    again = sample("ingest", sample_home, "-f", "json")
    jsonschema.validate(again.json, schemas.schema("ingest"))
    assert {row["status"] for row in again.json["rows"]} == {"unchanged", "left out"}
    assert not any(row["rows"] for row in again.json["rows"] if row["status"] == "left out")
    exported = sample("policy", "export", "--out", tmp_path / "policies", "-f", "json")
    jsonschema.validate(exported.json, schemas.schema("policy-export"))
    assert json.dumps(exported.json)
