"""OTLP/JSON as the Collector writes it becomes calls: attributes of every generation, identity, times, tokens."""

from __future__ import annotations

import gzip
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from finops.core.contracts import CALL
from finops.errors import DataError
from finops.sources.arrow_schema import arrow_schema
from finops.sources.base import Reject
from finops.sources.otlp import SOURCE
from finops.sources.otlp_reading.attributes import KEPT, MEANINGS
from finops.sources.otlp_reading.plan import SLOTS

TRACE, SPAN, PARENT = "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b173"
START = 1_544_712_660_300_000_000


def attribute(key: str, value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"key": key, "value": {"boolValue": value}}
    if isinstance(value, int):
        return {"key": key, "value": {"intValue": str(value)}}
    if isinstance(value, float):
        return {"key": key, "value": {"doubleValue": value}}
    if isinstance(value, list):
        return {"key": key, "value": {"arrayValue": {"values": [{"stringValue": item} for item in value]}}}
    return {"key": key, "value": {"stringValue": value}}


def span(attributes: dict[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
    """A span as the Collector writes it; a field given as None is left out."""
    made: dict[str, Any] = {
        "traceId": TRACE,
        "spanId": SPAN,
        "parentSpanId": PARENT,
        "flags": 257,
        "name": "chat gpt-4o",
        "kind": 3,
        "startTimeUnixNano": str(START),
        "endTimeUnixNano": str(START + 1_500_000_000),
        "attributes": [attribute(key, value) for key, value in (attributes or {}).items()],
        "events": [{"timeUnixNano": str(START), "name": "gen_ai.choice", "attributes": []}],
        "status": {},
        **fields,
    }
    return {key: value for key, value in made.items() if value is not None}


def document(*spans: dict[str, Any], resource: dict[str, Any] | None = None) -> dict[str, Any]:
    attributes = [attribute(key, value) for key, value in (resource or {"service.name": "desk"}).items()]
    scope = {"scope": {"name": "instrumentation", "version": "1"}, "spans": list(spans)}
    return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [scope]}]}


def lines(*documents: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(d).encode() + b"\n" for d in documents)


def read(path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[Reject], list[str]]:
    """All rows, rejects and notes; every batch has the schema of the contract."""
    rows: list[dict[str, Any]] = []
    (part,) = SOURCE.parts(path, path.parent)
    (load,) = SOURCE.open(part, options)
    assert load.contract == "call"
    for batch in load.data:  # type: ignore[union-attr]
        assert batch.schema == arrow_schema("call")  # type: ignore[union-attr]
        batch.validate(full=True)  # type: ignore[union-attr]
        rows += [{**row, "attributes": dict(row["attributes"] or ())} for row in batch.to_pylist()]  # type: ignore[union-attr]
    return rows, load.rejects, load.notes


def read_bytes(tmp_path: Path, content: bytes, **options: Any) -> tuple[list[dict[str, Any]], list[Reject], list[str]]:
    path = tmp_path / "traces.jsonl"
    path.write_bytes(content)
    return read(path, **options)


def one(tmp_path: Path, attributes: dict[str, Any] | None = None, /, **fields: Any) -> dict[str, Any]:
    """The row of a single span."""
    resource = fields.pop("resource", None)
    rows, rejects, _ = read_bytes(tmp_path, lines(document(span(attributes, **fields), resource=resource)))
    assert not rejects
    return rows[0]


def refused(tmp_path: Path, attributes: dict[str, Any] | None = None, /, **fields: Any) -> Reject:
    """The reject of a single span; the span beside it loads."""
    rows, rejects, _ = read_bytes(tmp_path, lines(document(span(attributes, **fields), span({}, spanId="a" * 16))))
    assert [row["span"] for row in rows] == ["a" * 16]
    assert len(rejects) == 1
    return rejects[0]


def test_every_meaning_names_a_column_or_a_figure() -> None:
    assert {m.column for m in MEANINGS if not m.column.startswith("@")} <= set(CALL.names)
    assert tuple(SLOTS)[: len(CALL.names)] == CALL.names
    names = [name for m in MEANINGS for name in m.names]
    assert len(names) == len(set(names)), "an attribute has one meaning"


def test_a_chat_of_the_current_generation(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "anthropic",
            "gen_ai.request.model": "claude-sonnet-4-5",
            "gen_ai.response.model": "claude-sonnet-4-5-20250929",
            "gen_ai.response.id": "msg_1",
            "gen_ai.response.finish_reasons": ["tool_use", "stop"],
            "gen_ai.response.time_to_first_chunk": 0.25,
            "gen_ai.usage.input_tokens": 130_213,
            "gen_ai.usage.output_tokens": 44,
            "gen_ai.usage.cache_read.input_tokens": 128_955,
            "gen_ai.usage.cache_creation.input_tokens": 1_253,
            "gen_ai.usage.reasoning.output_tokens": 30,
            "gen_ai.agent.name": "planner",
            "gen_ai.conversation.id": "c1",
            "openai.response.service_tier": "flex",
            "tenant.id": "acme",
            "run.id": "r1",
        },
    )
    assert (row["trace"], row["span"], row["parent"], row["response"], row["run"]) == (TRACE, SPAN, PARENT, "msg_1", "r1")
    assert (row["operation"], row["provider"], row["model"]) == ("inference", "anthropic", "claude-sonnet-4-5-20250929")
    tokens = [row[name] for name in ("input_uncached", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning")]
    assert tokens == [5, 128_955, 1_253, None, 44, 30]
    assert row["identity_holds"] is True
    assert (row["status"], row["error_class"], row["finish_reason"], row["service_tier"]) == ("ok", None, "tool_use", "flex")
    assert (row["tenant"], row["agent"], row["workflow"], row["session"]) == ("acme", "planner", None, "c1")
    assert row["start_time"] == datetime(2018, 12, 13, 14, 51, 0, 300_000)
    assert row["end_time"] == datetime(2018, 12, 13, 14, 51, 1, 800_000)
    assert row["first_token_time"] == datetime(2018, 12, 13, 14, 51, 0, 550_000)
    assert row["sampling_weight"] is None


@pytest.mark.parametrize(
    "names",
    [
        ("gen_ai.system", "gen_ai.usage.prompt_tokens", "gen_ai.usage.completion_tokens", "gen_ai.usage.cache_read_input_tokens"),
        (
            *("gen_ai.provider.name", "gen_ai.usage.input_tokens", "gen_ai.usage.output_tokens"),
            "gen_ai.usage.cache_read.input_tokens",
        ),
        (
            *("llm.provider", "llm.token_count.prompt", "llm.token_count.completion"),
            "llm.token_count.prompt_details.cache_read",
        ),
    ],
)
def test_every_generation_of_names(tmp_path: Path, names: tuple[str, ...]) -> None:
    row = one(tmp_path, dict(zip(names, ("openai", 100, 20, 40), strict=True)))
    assert (row["provider"], row["input_uncached"], row["cache_read"], row["output"]) == ("openai", 60, 40, 20)
    assert row["operation"] == "inference"


def test_the_newest_names_of_cache_writes_and_modalities(tmp_path: Path) -> None:
    row = one(
        tmp_path,
        {
            "gen_ai.usage.input_tokens": 100,
            "gen_ai.usage.cache_write.input_tokens": 30,
            "gen_ai.usage.cache_creation.ephemeral_1h_input_tokens": 10,
            "gen_ai.usage.audio.input_tokens": 15,
            "gen_ai.usage.image.input_tokens": 5,
        },
    )
    assert (row["input_uncached"], row["cache_write_5m"], row["cache_write_1h"]) == (50, 20, 10)
    assert (row["audio_input"], row["image_input"], row["output"]) == (15, 5, None)


def test_the_stronger_name_wins_wherever_it_stands(tmp_path: Path) -> None:
    given = {"gen_ai.response.model": "b", "gen_ai.request.model": "a"}
    assert one(tmp_path, given)["model"] == "b"
    assert one(tmp_path, dict(reversed(given.items())))["model"] == "b"
    assert one(tmp_path, {**given, "gen_ai.response.model": ""})["model"] == "a"


def test_an_additive_row_is_flagged(tmp_path: Path) -> None:
    row = one(tmp_path, {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.cache_read.input_tokens": 13_216})
    assert (row["input_uncached"], row["cache_read"], row["identity_holds"]) == (3, 13_216, False)


@pytest.mark.parametrize(
    ("name", "operation"),
    [
        *(("chat", "inference"), ("text_completion", "inference"), ("generate_content", "inference"), ("call_llm", "inference")),
        *(("embeddings", "embeddings"), ("retrieval", "retrieval"), ("execute_tool", "tool"), ("invoke_agent", "agent")),
        *(("create_agent", "agent"), ("invoke_workflow", "workflow"), ("plan", "other"), ("something_new", "other")),
    ],
)
def test_operations(tmp_path: Path, name: str, operation: str) -> None:
    assert one(tmp_path, {"gen_ai.operation.name": name})["operation"] == operation


def test_span_kinds_of_vendors_are_operations(tmp_path: Path) -> None:
    assert one(tmp_path, {"openinference.span.kind": "LLM"})["operation"] == "inference"
    assert one(tmp_path, {"openinference.span.kind": "CHAIN"})["operation"] == "other"
    agent = one(tmp_path, {"traceloop.span.kind": "agent", "traceloop.entity.name": "planner"})
    assert (agent["operation"], agent["agent"]) == ("agent", "planner")
    assert one(tmp_path, {})["operation"] == "other"


def test_a_span_names_its_agent_workflow_or_tool(tmp_path: Path) -> None:
    resource = {"gen_ai.agent.name": "weaker"}
    agent = one(tmp_path, {"gen_ai.operation.name": "invoke_agent"}, name="invoke_agent planner", resource=resource)
    assert agent["agent"] == "planner"
    assert "resource.identity" not in agent["attributes"]
    workflow = one(tmp_path, {"gen_ai.operation.name": "invoke_workflow"}, name="invoke_workflow triage")
    assert (workflow["workflow"], workflow["operation"]) == ("triage", "workflow")
    assert one(tmp_path, {"gen_ai.operation.name": "execute_tool"}, name="execute_tool search")["tool"] == "search"
    named = one(tmp_path, {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "own"}, name="invoke_agent planner")
    assert named["agent"] == "own"


def test_the_resource_answers_where_the_span_is_silent(tmp_path: Path) -> None:
    resource = {"service.name": "desk", "tenant.id": "acme", "cloud.region": "eu-west-1", "gen_ai.request.model": "not this"}
    row = one(tmp_path, {"team.id": "red"}, resource=resource)
    assert (row["tenant"], row["model"], row["region"]) == ("red", None, None)
    assert "resource.identity" not in row["attributes"]
    silent = one(tmp_path, {}, resource=resource)
    assert silent["tenant"] == "acme"
    assert silent["attributes"] == {
        **{"service.name": "desk", "tenant.id": "acme", "cloud.region": "eu-west-1"},
        "resource.identity": "tenant",
    }


def test_content_never_stays(tmp_path: Path) -> None:
    secret = "the patient is called Ada"
    row = one(
        tmp_path,
        {
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.tool.name": "lookup",
            "gen_ai.tool.call.arguments": secret,
            "gen_ai.input.messages": secret,
            "gen_ai.system_instructions": secret,
            "customer.prompt": secret,
            "input.value": secret,
            "unknown.attribute": secret,
            "user.id": secret,
            "tag.pool": "gpu",
        },
    )
    assert secret not in str(row)
    assert row["tool"] == "lookup"
    assert row["args_hash"] == one(tmp_path, {"gen_ai.operation.name": "execute_tool", "tool.parameters": secret})["args_hash"]
    assert len(row["args_hash"]) == 16
    assert set(row["attributes"]) == {"service.name", "user.hash", "tag.pool"}


def test_configured_attributes_are_kept(tmp_path: Path) -> None:
    rows, _, _ = read_bytes(tmp_path, lines(document(span({"my.owner": "x", "my.other": "y"}))), attributes=("my.owner",))
    assert rows[0]["attributes"] == {"service.name": "desk", "my.owner": "x"}
    assert "my.owner" not in KEPT


def test_what_is_kept_is_bounded(tmp_path: Path) -> None:
    row = one(tmp_path, {f"tag.{i}": "v" * 5000 for i in range(200)}, name="n" * 5000)
    assert len(row["attributes"]) <= 33
    assert max(len(value) for value in row["attributes"].values()) <= 256
    assert len(row["name"]) == 512


def test_status_error_and_attempt(tmp_path: Path) -> None:
    failed = one(tmp_path, {"error.type": "RateLimitError", "gen_ai.request.attempt": 2, "cache_hit": "False"})
    assert (failed["status"], failed["error_class"], failed["attempt"]) == ("error", "RateLimitError", 2)
    assert (failed["input_uncached"], failed["identity_holds"], failed["cache_hit"]) == (None, None, False)
    assert one(tmp_path, status={"code": 2, "message": "secret"})["status"] == "error"
    assert one(tmp_path, status={"code": "STATUS_CODE_ERROR"})["status"] == "error"
    assert one(tmp_path, status={"code": 1})["status"] == "ok"


def test_reported_cost_and_weight_stay_text(tmp_path: Path) -> None:
    row = one(tmp_path, {"gen_ai.usage.cost": 0.00001, "sampling.weight": "12.5"})
    assert (float(row["reported_cost"]), row["reported_currency"], row["sampling_weight"]) == (0.00001, "USD", "12.5")
    euro = one(tmp_path, {"llm.cost.total": "0.1", "gen_ai.usage.cost.currency": "EUR"})
    assert (euro["reported_cost"], euro["reported_currency"]) == ("0.1", "EUR")
    assert one(tmp_path, {})["reported_currency"] is None


def test_ids_and_times_in_every_form(tmp_path: Path) -> None:
    upper = one(tmp_path, traceId=TRACE.upper(), spanId=SPAN.upper())
    assert (upper["trace"], upper["span"]) == (TRACE, SPAN)
    for nothing in ("", "0" * 16, None):
        assert one(tmp_path, parentSpanId=nothing)["parent"] is None
    number = one(tmp_path, startTimeUnixNano=1_544_712_660_300_000_999, endTimeUnixNano="0")
    assert (number["start_time"], number["end_time"]) == (datetime(2018, 12, 13, 14, 51, 0, 300_000), None)


def test_base64_ids_are_refused_with_the_reason(tmp_path: Path) -> None:
    assert "base64" in refused(tmp_path, traceId="W47/95gDgQPSabYzgT/GDA==").reason
    reject = refused(tmp_path, spanId="7uGbfsPBsXQ=")
    assert (reject.row, reject.column, reject.text) == (1, "spanId", "7uGbfsPBsXQ=")
    assert "hexadecimal" in refused(tmp_path, spanId="zz").reason


@pytest.mark.parametrize(
    ("attributes", "fields", "column"),
    [
        ({"gen_ai.usage.input_tokens": "many"}, {}, "input"),
        ({"gen_ai.usage.input_tokens": -5}, {}, "input"),
        ({"gen_ai.usage.input_tokens": 10**16}, {}, "input"),
        ({"gen_ai.usage.output_tokens": 1.5}, {}, "output"),
        ({"gen_ai.usage.cost": "$1,000.00"}, {}, "reported_cost"),
        ({"gen_ai.usage.cost": "NaN"}, {}, "reported_cost"),
        ({"gen_ai.response.time_to_first_chunk": -1.0}, {}, "first_token_s"),
        ({}, {"startTimeUnixNano": None}, "startTimeUnixNano"),
        ({}, {"startTimeUnixNano": "0"}, "startTimeUnixNano"),
        ({}, {"startTimeUnixNano": "1_000"}, "startTimeUnixNano"),
        ({}, {"startTimeUnixNano": 1.5}, "startTimeUnixNano"),
        ({}, {"endTimeUnixNano": "9" * 20}, "endTimeUnixNano"),
        ({}, {"attributes": "none"}, "attributes"),
        ({}, {"attributes": [{"key": "a", "value": {"intValue": {}}}]}, "attributes[0].value.intValue"),
    ],
)
def test_what_can_not_be_read_is_refused_alone(
    tmp_path: Path, attributes: dict[str, Any], fields: dict[str, Any], column: str
) -> None:
    assert refused(tmp_path, attributes, **fields).column == column


def test_whole_doubles_and_plain_numbers_are_counts(tmp_path: Path) -> None:
    content = lines(document(span({"gen_ai.usage.input_tokens": 7.0, "gen_ai.usage.output_tokens": 8})))
    content = content.replace(b'"intValue": "8"', b'"intValue": 8')
    rows, rejects, _ = read_bytes(tmp_path, content)
    assert (rows[0]["input_uncached"], rows[0]["output"], rejects) == (7, 8, [])


def test_parents_and_children_both_keep_their_usage(tmp_path: Path) -> None:
    """pydantic/pydantic-ai#3995: the leaf rule is the ledger's, so nothing is dropped here."""
    usage = [{"gen_ai.usage.input_tokens": i, "gen_ai.usage.output_tokens": o} for i, o in ((113, 11), (56, 5), (57, 6))]
    agent = span({"gen_ai.operation.name": "invoke_agent", **usage[0]}, spanId="a" * 16, parentSpanId="")
    calls = [
        span({"gen_ai.operation.name": "chat", **u}, spanId=f"{i}" * 16, parentSpanId="a" * 16) for i, u in enumerate(usage) if i
    ]
    rows, _, _ = read_bytes(tmp_path, lines(document(agent, *calls)))
    assert [(r["operation"], r["input_uncached"], r["output"]) for r in rows] == [
        *(("agent", 113, 11), ("inference", 56, 5), ("inference", 57, 6)),
    ]
    assert {r["parent"] for r in rows[1:]} == {"a" * 16}


@pytest.mark.parametrize("form", ["lines", "pretty", "array", "gzip", "bom", "crlf", "snake", "old"])
def test_every_form_of_file_gives_the_same_rows(tmp_path: Path, form: str) -> None:
    made = document(span({"gen_ai.usage.input_tokens": 5, "tenant.id": "acme"}))
    plain = lines(made)
    expected, _, _ = read_bytes(tmp_path, plain)
    path = tmp_path / ("t.json.gz" if form == "gzip" else "t.json")
    snake = (
        plain.replace(b"resourceSpans", b"resource_spans").replace(b"scopeSpans", b"scope_spans").replace(b"traceId", b"trace_id")
    )
    path.write_bytes(
        {
            "lines": plain,
            "pretty": json.dumps(made, indent=2).encode(),
            "array": json.dumps([made]).encode(),
            "gzip": gzip.compress(plain),
            "bom": b"\xef\xbb\xbf" + plain,
            "crlf": plain.replace(b"\n", b"\r\n"),
            "snake": snake.replace(b"intValue", b"int_value").replace(b"startTimeUnixNano", b"start_time_unix_nano"),
            "old": plain.replace(b"scopeSpans", b"instrumentationLibrarySpans"),
        }[form]
    )
    rows, rejects, notes = read(path)
    assert (rejects, notes) == ([], [])
    if form == "snake":
        assert (rows[0]["trace"], rows[0]["input_uncached"], rows[0]["tenant"]) == (TRACE, 5, "acme")
    else:
        assert rows == expected


def test_what_is_not_traces_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError) as raised:
        read_bytes(tmp_path, json.dumps({"spans": [{"name": "call_llm"}], "x": 1}, indent=1).encode())
    assert "resourceSpans" in raised.value.what
    assert "Collector" in (raised.value.hint or "")


def test_dumps_of_an_agent_library_are_refused(shared_file: Any) -> None:
    for path in sorted(shared_file("traces/any_agent").glob("*.json")):
        with pytest.raises(DataError, match="it is not OTLP/JSON"):
            read(path)


def test_a_document_with_every_field_that_the_collector_writes(tmp_path: Path) -> None:
    everything = {
        "resourceSpans": [
            {
                "resource": {
                    "attributes": [attribute("service.name", "my.service"), attribute("process.pid", 7)],
                    "droppedAttributesCount": 1,
                    "entityRefs": [{"type": "service", "idKeys": ["service.name"]}],
                },
                "scopeSpans": [
                    {
                        "scope": {"name": "my.library", "version": "1.0.0", "attributes": [attribute("my.scope", "x")]},
                        "spans": [
                            {
                                "traceId": "5B8EFFF798038103D269B633813FC60C",
                                "spanId": "EEE19B7EC3C1B174",
                                "traceState": "ot=th:0",
                                "parentSpanId": "EEE19B7EC3C1B173",
                                "flags": 257,
                                "name": "I'm a server span",
                                "startTimeUnixNano": "1544712660000000000",
                                "endTimeUnixNano": "1544712661000000000",
                                "kind": 2,
                                "attributes": [attribute("my.span.attr", "some value")],
                                "droppedAttributesCount": 1,
                                "events": [
                                    {
                                        "timeUnixNano": "1544712660500000000",
                                        "name": "e",
                                        "attributes": [attribute("my.event", True)],
                                    }
                                ],
                                "droppedEventsCount": 1,
                                "links": [{"traceId": "5B8EFFF798038103D269B633813FC60D", "spanId": "EEE19B7EC3C1B175"}],
                                "droppedLinksCount": 1,
                                "status": {"code": 1, "message": "fine"},
                            }
                        ],
                        "schemaUrl": "https://opentelemetry.io/schemas/1.37.0",
                    }
                ],
                "schemaUrl": "https://opentelemetry.io/schemas/1.37.0",
            }
        ]
    }
    (row,), rejects, notes = read_bytes(tmp_path, lines(everything))
    assert (rejects, notes) == ([], [])
    filled = {key: value for key, value in row.items() if value is not None}
    assert filled == {
        **{"trace": TRACE, "span": SPAN, "parent": PARENT, "name": "I'm a server span", "operation": "other", "status": "ok"},
        **{"start_time": datetime(2018, 12, 13, 14, 51), "end_time": datetime(2018, 12, 13, 14, 51, 1)},
        "attributes": {"service.name": "my.service"},
    }
