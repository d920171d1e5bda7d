"""OpenCost allocations as hourly meters: exact shares of hours, owners by identity, idle capacity that is no workload."""

from __future__ import annotations

import contextlib
import json
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.errors import DataError
from finops.sources.base import Load
from finops.sources.detect import recognise
from finops.sources.opencost import SOURCE
from finops.sources.opencost_rows import allocation, meters, resource_of
from tests.sources.test_odd_entries import ODD

IDENTITY = {
    "tenant": ("tag:tenant", "attr:k8s.namespace.name"),
    "agent": ("attr:k8s.deployment.name",),
    "workflow": ("tag:my.flow",),
}
WINDOW = {"start": "2026-10-05T00:00:00Z", "end": "2026-10-05T02:00:00Z"}


def one(name: str = "a", *, hours: Any = 1, gpu: Any = 0, node: str | None = "i-0a1b2c3d4", **more: Any) -> dict[str, Any]:
    properties = {"providerID": node, **more.pop("properties", {})}
    return {"name": name, "properties": properties, "window": WINDOW, "cpuCoreHours": hours, "gpuHours": gpu, **more}


def read(path: Path, document: Any, identity: Any = IDENTITY) -> tuple[list[dict[str, Any]], Load]:
    path.write_text(json.dumps(document) if not isinstance(document, str) else document)
    (part,) = SOURCE.parts(path, path.parent)
    (load,) = SOURCE.open(part, {"identity": identity})
    rows = [row for batch in load.data for row in batch.to_pylist()]  # type: ignore[union-attr]
    return [{name: value for name, value in row.items() if value is not None} for row in rows], load


def answer(*allocations: dict[str, Any]) -> dict[str, Any]:
    return {"code": 200, "data": [{entry["name"]: entry for entry in allocations}]}


def test_a_window_is_spread_over_its_hours_and_idle_tells_the_capacity(tmp_path: Path) -> None:
    idle = one("i-0a1b2c3d4/__idle__", hours=4.9999999, totalCost=1)
    used = one(hours="3", start="2026-10-05T00:30:00Z", end="2026-10-05T02:00:00Z", ramByteHours=2**30, totalCost=0.1)
    rows, load = read(tmp_path / "a.json", answer(used, idle))
    first, second, *idle_rows = rows
    assert (first["hour"], first["cpu_seconds"], first["memory_gib_seconds"]) == (
        datetime(2026, 10, 5),
        "3600.000000000000",
        "1200.000000000000",
    )
    assert (second["hour"], second["cpu_seconds"]) == (datetime(2026, 10, 5, 1), "7200.000000000000")
    assert {row["capacity"] for row in rows} == {"4"}
    assert [(row["hour"].hour, row["cpu_seconds"], "tenant" in row) for row in idle_rows] == [(0, "0", False), (1, "0", False)]
    assert all("gpu_seconds" not in row for row in rows), "a node without GPUs is metered by its cores"
    assert load.control_totals == {"totalCost": "1.1"}


def test_a_node_with_gpus_is_measured_in_gpus(tmp_path: Path) -> None:
    rows, _ = read(tmp_path / "a.json", answer(one("a", hours=2, gpu=4), one("b", hours=2), one("x/__idle__", hours=60, gpu=12)))
    assert {row["capacity"] for row in rows} == {"8"}
    by_use = [row["gpu_seconds"] for row in rows]
    assert by_use == ["7200.000000000000"] * 2 + ["0.000000000000"] * 2 + ["0"] * 2


def test_owners_come_from_labels_and_properties_by_identity(tmp_path: Path) -> None:
    labelled = one("a", properties={"namespace": "n", "labels": {"tenant": "acme", "my_flow": "f"}})
    plain = one("b", properties={"namespace": "n", "controller": "planner", "controllerKind": "deployment"})
    by_label = one("tenant=globex", properties={}, node=None)
    nobody = one("__unallocated__", properties={"namespace": "__unallocated__"})
    rows, load = read(tmp_path / "a.json", answer(labelled, plain, by_label, nobody))
    owners = [(row.get("tenant"), row.get("agent"), row.get("workflow")) for row in rows[::2]]
    assert owners == [("acme", None, "f"), ("n", "planner", None), ("globex", None, None), (None, None, None)]
    told = "\n".join(load.notes)
    assert "1 allocations name no node" in told
    assert "1 allocations name no owner" in told
    assert "4 allocations span more than an hour" in told


def test_shapes_of_answers(tmp_path: Path) -> None:
    entry = one()
    sets = {"code": 200, "data": {"sets": [{"allocations": {"a": entry}, "window": WINDOW}]}}
    for document in (answer(entry), sets, {"a": entry}, {"data": [None, {}, {"a": entry}]}, [{"a": entry}]):
        assert len(read(tmp_path / "a.json", document)[0]) == 2, document
    lines = "\n".join(json.dumps(answer(one(name))) for name in "ab")
    assert len(read(tmp_path / "a.jsonl", lines)[0]) == 4
    bare = {**one(), "window": None, "start": "2026-10-05T00:00:00+02:00", "end": "2026-10-05T01:00:00+02:00"}
    rows, _ = read(tmp_path / "a.json", answer(bare))
    assert [row["hour"] for row in rows] == [datetime(2026, 10, 4, 22)]


@pytest.mark.parametrize(
    "broken",
    [
        {"window": None},
        {"window": {"start": "2026-10-05T00:00:00Z", "end": "2026-10-05T00:00:00Z"}},
        {"window": {"start": "2026-10-05T00:00:00Z", "end": "2027-10-05T00:00:00Z"}},
        {"cpuCoreHours": "many"},
        {"cpuCoreHours": -1},
        {"gpuHours": 1e30},
        {"totalCost": [1]},
    ],
)
def test_what_can_not_be_read_is_a_reject_of_its_own(tmp_path: Path, broken: dict[str, Any]) -> None:
    rows, load = read(tmp_path / "a.json", answer(one("good"), one("bad") | broken))
    assert len(rows) == 2
    assert [reject.row for reject in load.rejects] == [2]
    assert read(tmp_path / "a.json", answer(one("a"), {**one("b"), "cpuCoreHours": 0}))[1].notes[-1:] != []


def test_assets_are_no_workloads(tmp_path: Path) -> None:
    node = {"type": "Node", "nodeType": "m5.large", "properties": {"providerID": "i-1"}, "window": WINDOW}
    node |= {"cpuCoreHours": 4, "ramByteHours": 9, "GPUHours": 0, "totalCost": 1}
    path = tmp_path / "assets.json"
    path.write_text(json.dumps({"code": 200, "data": [{"node": node}]}))
    with pytest.raises(DataError, match="this looks like OpenCost assets") as caught:
        recognise(path, None)
    assert "`/allocation`" in (caught.value.hint or "")
    rows, load = read(tmp_path / "mixed.json", {"data": [{"node": node, "a": one()}]})
    assert (len(rows), load.rejects[0].row, load.rejects[0].text) == (2, 1, "Node")
    assert load.control_totals == {}


@pytest.mark.parametrize(
    ("given", "resource"),
    [
        ("aws:///us-east-1a/i-0fea4fd46592d050b", "i-0fea4fd46592d050b"),
        ("i-0fea4fd46592d050b", "i-0fea4fd46592d050b"),
        ("gce://project/us-central1-a/gke-pool-1", "gke-pool-1"),
        (
            "azure:///subscriptions/s/resourceGroups/g/x/virtualMachines/0",
            "/subscriptions/s/resourceGroups/g/x/virtualMachines/0",
        ),
        ("", None),
        (None, None),
    ],
)
def test_nodes_are_named_as_bills_name_them(given: str | None, resource: str | None) -> None:
    assert resource_of(given) == resource


@given(
    st.decimals(min_value=0, max_value=10**6, places=9),
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    st.timedeltas(timedelta(seconds=1), timedelta(days=3)),
)
def test_the_hours_add_up_to_the_whole(hours: Decimal, start: datetime, span: Any) -> None:
    entry = one(hours=f"{hours:f}") | {"start": start.isoformat(), "end": (start + span).isoformat()}
    rows = list(meters([allocation("a", entry, {})]))
    assert sum(Decimal(row["cpu_seconds"]) for row in rows) == hours * 3600
    assert all(Decimal(row["cpu_seconds"]) >= 0 for row in rows)
    assert len({row["hour"] for row in rows}) == len(rows)


@settings(max_examples=50)
@given(
    name=st.sampled_from(["", "a/__idle__", "x=1/y", "tenant=="]),
    key=st.sampled_from(["window", "start", "end", "properties", "cpuCoreHours", "gpuHours", "ramByteHours", "totalCost"]),
    value=ODD,
    below=st.booleans(),
)
def test_odd_fields_are_rejects_or_rows(
    tmp_path_factory: pytest.TempPathFactory, name: str, key: str, value: Any, below: bool
) -> None:
    entry = one("a") | {key: {"start": value, "end": value, "labels": value, "providerID": value} if below else value}
    path = tmp_path_factory.mktemp("odd") / "a.json"
    with contextlib.suppress(DataError):  # half a surrogate pair is no JSON
        rows, load = read(path, json.dumps({"data": [{name: entry, "good": one("good")}]}))
        assert len(rows) >= 2
        assert len(load.rejects) <= 1
