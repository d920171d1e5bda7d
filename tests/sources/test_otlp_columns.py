"""The quick way, column by column, gives what the careful way gives, span by span."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from finops.sources import otlp_rows
from finops.sources.otlp_arrow import batch_of_rows
from finops.sources.otlp_attributes import MEANINGS
from finops.sources.otlp_columns import batch_of_alike
from finops.sources.otlp_plan import Plans
from finops.sources.otlp_rows import Rows
from finops.sources.otlp_shape import Attribute, Span, Unreadable, groups, traces
from finops.sources.otlp_spans import row_of, template_of

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
def alike(draw: st.DrawFn) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """A resource's attributes, and a few spans with the same attribute names, most of them in good order."""
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
    return [{"key": name, "value": {"stringValue": draw(TEXT)}} for name in resource], spans


def decoded(resource: list[dict[str, Any]], spans: list[dict[str, Any]]) -> tuple[list[Attribute], list[Span]]:
    document = {"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"spans": spans}]}]}
    return next(groups(traces(json.dumps(document).encode())))


ONE_LETTER: dict[str, Any] = {"traceId": "a" * 32, "spanId": "b" * 16, "startTimeUnixNano": str(START)}
ONE_LETTER |= {"attributes": [{"key": "tenant.id", "value": {"stringValue": "é"}}]}


@given(alike())
@example(([{"key": "team.id", "value": {"stringValue": "é"}}], [ONE_LETTER]))
@settings(max_examples=400)
def test_both_ways_give_the_same_rows(made: tuple[list[dict[str, Any]], list[dict[str, Any]]]) -> None:
    attributes, spans = decoded(*made)
    plans = Plans()
    plan = plans.plan(tuple(a.key for a in spans[0].attributes or ()))
    try:
        template = template_of(attributes, plans.plan(tuple(a.key for a in attributes)))
    except Unreadable:
        return
    quick = batch_of_alike(spans, plan, template)
    if quick is None:
        return
    quick.validate(full=True)
    assert quick.to_pylist() == batch_of_rows([row_of(span, plan, template) for span in spans]).to_pylist()


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
    attributes, spans = decoded([{"key": "service.name", "value": {"stringValue": "desk"}}], [usual(i) for i in range(30)])
    plans = Plans()
    plan = plans.plan(tuple(a.key for a in spans[0].attributes or ()))
    template = template_of(attributes, plans.plan(("service.name",)))
    quick = batch_of_alike(spans, plan, template)
    assert quick is not None
    rows = quick.to_pylist()
    assert rows == batch_of_rows([row_of(span, plan, template) for span in spans]).to_pylist()
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
