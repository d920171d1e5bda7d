"""OTLP/JSON as the official Protobuf classes encode it, for tests; they skip where that package is not installed."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

_KINDS = {
    "resourceSpans": ("trace", "TracesData"),
    "resourceMetrics": ("metrics", "MetricsData"),
    "resourceLogs": ("logs", "LogsData"),
}
_IDS = ("traceId", "spanId", "parentSpanId")


def encoded(document: dict[str, Any]) -> bytes:
    """A document of any signal. The package's own JSON reader takes ids for base64, so they are given to it like that."""
    package = pytest.importorskip("opentelemetry.proto", reason="the package opentelemetry-proto is not installed")
    from importlib import import_module

    from google.protobuf.json_format import ParseDict

    signal, name = next(kind for key, kind in _KINDS.items() if key in document)
    module = import_module(f"{package.__name__}.{signal}.v1.{signal}_pb2")
    found: bytes = ParseDict(_with_base64_ids(document), getattr(module, name)()).SerializeToString()
    return found


def documents(path: Path) -> list[dict[str, Any]]:
    """The documents of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _with_base64_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64_ids(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: base64.b64encode(bytes.fromhex(one)).decode() if key in _IDS else _with_base64_ids(one) for key, one in value.items()
    }
