"""Manifests by themselves: whatever JSON is in one, and whichever versions lie side by side."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import FinopsError
from finops.sources.manifests import Manifest, Named, choose, read_manifest

KEYS = ("reportKeys", "dataFiles", "blobs", "runInfo", "exportConfig", "billingPeriod", "assemblyId", "account", "reportName")
ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["2026-10-01", "20261001T", "a/b.csv"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(st.sampled_from(KEYS), ODD))
def test_any_json_is_a_manifest_or_none_or_one_clear_error(document: dict[str, Any]) -> None:
    try:
        found = read_manifest("a/x-Manifest.json", json.dumps(document).encode())
    except FinopsError:
        return
    assert found is None or found.id
    assert read_manifest("a/x-Manifest.json", b"{") is None
    assert read_manifest("a/x-Manifest.json", b"[" * 100_000) is None


VERSIONS = st.lists(
    st.tuples(st.sampled_from(["2026-08", "2026-09"]), st.integers(1, 3), st.integers(1, 60)),
    min_size=1,
    unique_by=lambda v: v[2],
)


@settings(max_examples=60)
@given(VERSIONS, st.booleans())
def test_exactly_the_files_of_the_latest_version_of_each_month_are_chosen(
    versions: list[tuple[str, int, int]], prefixed: bool
) -> None:
    """Whatever lies beside them, and wherever the whole of it lies."""
    manifests, paths, latest = [], [], {}
    for month, files, written in versions:
        folder = f"data/BILLING_PERIOD={month}/run-{written}"
        names = [f"{folder}/e-{n:05}.csv.gz" for n in range(1, files + 1)]
        here = "some/where/" if prefixed else ""
        stamp = f"2026-10-01T00:00:{written - 1:02}Z"
        path = f"{here}metadata/BILLING_PERIOD={month}/run-{written}/e-Manifest.json"
        manifests.append(Manifest(path, f"aws:1/e/{month}", "e", month, str(written), stamp, tuple(map(Named, names))))
        paths += [f"{here}{name}" for name in names]
        if written > latest.get(month, (0, []))[0]:
            latest[month] = (written, [f"{here}{name}" for name in names])
    choice = choose(manifests, [*paths, "other/bill.csv"])
    chosen = {path for one in choice.chosen for path in one.files}
    assert chosen == {path for _, files in latest.values() for path in files}
    assert choice.left_out == set(paths) - chosen
    assert bool(choice.notes) == bool(choice.left_out)
