"""The quick way, column by column, gives what the careful way gives, span by span."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from finops.sources.otlp_reading import rows as otlp_rows
from finops.sources.otlp_reading.arrow import Gathered
from finops.sources.otlp_reading.attributes import MEANINGS
from finops.sources.otlp_reading.columns import Alike, add_alike, shape_of
from finops.sources.otlp_reading.plan import Plans
from finops.sources.otlp_reading.rows import Rows
from finops.sources.otlp_reading.shape import Unreadable, groups, traces
from finops.sources.otlp_reading.spans import row_of, template_of

NAMES = sorted({name for meaning in MEANINGS for name in meaning.names} | {"tag.pool", "service.name", "unknown.one"})
TEXT = st.sampled_from(["a", "gpt-4o", "chat", "execute_tool", "invoke_agent", "", "x" * 300, "y" * 600, "7", "1.5", "true", "é"])
VALUE = st.one_of(
    TEXT.map(lambda text: {"stringValue": text}),
    st.integers(0, 200).map(lambda n: {"intValue": str(n)}),
    st.integers(0, 200).map(lambda n: {"intValue": n}),
    st.floats(0, 10).map(lambda n: {"doubleValue": n}),
    st.booleans().map(lambda yes: {"boolValue": yes}),
    st.lists(TEXT, max_size=2).map(lambda items: {"arrayValue": {"values": [{"stringValue": item} for item in items]}}),
    st.just({}),
)
USUAL = {"count": st.integers(0, 300).map(lambda n: {"intValue": str(n)}), "decimal": st.just({"doubleValue": 0.25})}
START = 1_790_000_000_000_000_000


@st.composite
def alike(draw: st.DrawFn) -> tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]:
    """The attributes of one or two resources, and a few spans with the same attribute names, most of them in good order."""
    names = draw(st.lists(st.sampled_from(NAMES), max_size=9))
    values = {name: USUAL.get(m.kind, TEXT.map(lambda text: {"stringValue": text})) for m in MEANINGS for name in m.names}
    odd = draw(st.integers(0, 3)) == 0

    def attribute(name: str) -> dict[str, Any]:
        return {"key": name, "value": draw(VALUE if odd else values.get(name, VALUE))}

    spans = [
        {
            **{"traceId": f"{i + 1:032x}", "spanId": f"{i + 1:016x}", "parentSpanId": draw(st.sampled_from(["", f"{9:016x}"]))},
            **{"name": draw(st.sampled_from(["chat m", "invoke_agent planner", "execute_tool t", ""]))},
            **{"startTimeUnixNano": str(START + i), "endTimeUnixNano": draw(st.sampled_from([str(START + 10**9), "0", 5, None]))},
            **{"status": draw(st.sampled_from([{}, {"code": 1}, {"code": 2}, None]))},
            "attributes": [attribute(name) for name in names],
        }
        for i in range(draw(st.integers(1, 4)))
    ]
    resource = draw(
        st.lists(st.sampled_from(["tenant.id", "team.id", "gen_ai.agent.name", "service.name", "user.id"]), max_size=3)
    )
    return [
        [{"key": name, "value": {"stringValue": draw(TEXT)}} for name in resource] for _ in range(draw(st.integers(1, 2)))
    ], spans


def prepared(resources: list[list[dict[str, Any]]], spans: list[dict[str, Any]]) -> Alike | None:
    """The spans, shared out to the resources in turn; None where the resources are unreadable or not alike."""
    document = {"resourceSpans": [{"resource": {"attributes": r}, "scopeSpans": [{"spans": spans}]} for r in resources]}
    found = list(groups(traces(json.dumps(document).encode())))
    plans = Plans()
    try:
        templates = [template_of(attributes, plans.plan(tuple(a.key for a in attributes))) for attributes, _ in found]
    except Unreadable:
        return None
    if len({shape_of(template) for template in templates}) > 1:
        return None
    names = [a.key for a in found[0][1][0].attributes or ()]
    made = Alike(names, plans.plan(tuple(names)), 0)
    made.spans = found[0][1]
    made.templates = [templates[i % len(templates)] for i in range(len(spans))]
    return made


def quick_rows(made: Alike) -> list[dict[str, Any]] | None:
    gathered = Gathered()
    if not add_alike(gathered, made):
        assert len(gathered) == 0
        return None
    batch = gathered.batch()
    batch.validate(full=True)
    return list(batch.to_pylist())


def careful_rows(made: Alike) -> list[dict[str, Any]]:
    gathered = Gathered()
    gathered.add_rows([row_of(span, made.plan, template) for span, template in zip(made.spans, made.templates, strict=True)])
    return list(gathered.batch().to_pylist())


ONE_LETTER: dict[str, Any] = {"traceId": "a" * 32, "spanId": "b" * 16, "startTimeUnixNano": str(START)}
ONE_LETTER |= {"attributes": [{"key": "tenant.id", "value": {"stringValue": "é"}}]}


@given(alike())
@example(([[{"key": "team.id", "value": {"stringValue": "é"}}]], [ONE_LETTER]))
@settings(max_examples=400)
def test_both_ways_give_the_same_rows(drawn: tuple[list[list[dict[str, Any]]], list[dict[str, Any]]]) -> None:
    made = prepared(*drawn)
    quick = None if made is None else quick_rows(made)
    if made is not None and quick is not None:
        assert quick == careful_rows(made)


def usual(index: int) -> dict[str, Any]:
    attributes = {
        **{"gen_ai.operation.name": "chat", "gen_ai.provider.name": "openai", "gen_ai.response.model": "gpt-4o"},
        **{"gen_ai.agent.name": f"agent-{index}", "gen_ai.response.id": f"r{index}", "tenant.id": "acme"},
    }
    counts = {
        "gen_ai.usage.input_tokens": 100 + index,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 7,
    }
    return {
        **{"traceId": f"{index + 1:032x}", "spanId": f"{index + 1:016x}", "parentSpanId": "", "name": "chat gpt-4o"},
        **{"startTimeUnixNano": str(START + index), "endTimeUnixNano": str(START + index + 10**9), "status": {}},
        "attributes": [
            *({"key": key, "value": {"stringValue": value}} for key, value in attributes.items()),
            *({"key": key, "value": {"intValue": str(value)}} for key, value in counts.items()),
            {"key": "gen_ai.response.finish_reasons", "value": {"arrayValue": {"values": [{"stringValue": "stop"}]}}},
        ],
    }


def test_usual_calls_go_the_quick_way() -> None:
    resources = [[{"key": "service.name", "value": {"stringValue": name}}] for name in ("desk", "shop")]
    made = prepared(resources, [usual(i) for i in range(30)])
    assert made is not None
    rows = quick_rows(made)
    assert rows is not None
    assert rows == careful_rows(made)
    assert (rows[3]["input_uncached"], rows[3]["finish_reason"], rows[3]["agent"]) == (96, "stop", "agent-3")


def test_a_value_in_bad_order_sends_its_neighbours_the_careful_way_and_costs_itself_only() -> None:
    spans = [usual(i) for i in range(30)]
    spans[4]["startTimeUnixNano"] = "soon"
    line = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).encode()
    rows = Rows()
    rows.feed(line, 7, 0)
    assert [row["input_uncached"] for row in rows.batch().to_pylist()] == [93 + i for i in range(30) if i != 4]
    assert [(reject.row, reject.column) for reject in rows.rejects] == [(7, "startTimeUnixNano")]


def test_rows_that_were_handed_over_are_forgotten(monkeypatch: Any) -> None:
    monkeypatch.setattr(otlp_rows, "FULL_ROWS", 50)
    rows = Rows()
    line = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [usual(i) for i in range(30)]}]}]}).encode()
    monkeypatch.setattr(otlp_rows, "HELD_BYTES", len(line))
    rows.feed(line, 1, 0)
    assert not rows.full
    rows.feed(line, 2, 0)
    assert rows.full
    assert rows.batch().num_rows == 60
    assert not rows.full
    assert rows.batch().num_rows == 0
