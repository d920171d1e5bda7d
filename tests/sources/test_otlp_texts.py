"""Lines read by templates give what the decoder gives, and what only the decoder can tell is left to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from finops.sources import otlp_texts
from finops.sources.otlp_attributes import MEANINGS
from finops.sources.otlp_plan import Plans
from finops.sources.otlp_rows import Rows
from finops.sources.otlp_template import template_for
from finops.sources.otlp_texts import Texts, learnt

NAMES = sorted({m.names[0] for m in MEANINGS} | {"tag.pool", "gen_ai.input.messages", "tags", "server.port"})
TEXT = st.sampled_from(
    ["a", "gpt-4o", "chat", "invoke_agent", "", 'say "hi"\n', "back\\slash", "x" * 600, "7", "1e3", "é", "\u2028", "mark:1"]
)
NUMBER = st.one_of(st.integers(-3, 10**19), st.floats(0, 10), st.just(1e-7), st.just(-0.0))
VALUE = st.one_of(
    TEXT.map(lambda text: {"stringValue": text}),
    st.integers(-1, 2000).map(lambda n: {"intValue": str(n)}),
    NUMBER.map(lambda n: {"intValue": n}),
    NUMBER.map(lambda n: {"doubleValue": n}),
    TEXT.map(lambda text: {"doubleValue": text}),
    st.booleans().map(lambda yes: {"boolValue": yes}),
    st.lists(TEXT, max_size=2).map(lambda items: {"arrayValue": {"values": [{"stringValue": item} for item in items]}}),
    TEXT.map(lambda text: {"kvlistValue": {"values": [{"key": text, "value": {"stringValue": text}}]}}),
    st.just({}),
    st.none(),
)
START = 1_790_000_000_000_000_000


@st.composite
def a_line(draw: st.DrawFn) -> bytes:
    """A document of a few resources, in which spans come in a few kinds and are mostly in good order."""
    kinds = [draw(st.lists(st.sampled_from(NAMES), max_size=5)) for _ in range(3)]
    usual = {m.names[0]: m.kind for m in MEANINGS}

    def value(name: str) -> Any:
        if draw(st.integers(0, 9)) == 0:
            return draw(VALUE)
        return {"intValue": str(draw(st.integers(0, 99)))} if usual.get(name) == "count" else {"stringValue": draw(TEXT)}

    def span(index: int) -> dict[str, Any]:
        made: dict[str, Any] = {"traceId": f"{index + 1:032x}", "spanId": f"{index + 1:016x}"}
        made |= draw(st.sampled_from([{}, {"parentSpanId": ""}, {"parentSpanId": f"{9:016x}"}, {"parentSpanId": "9"}]))
        made |= {
            "name": draw(TEXT),
            "kind": draw(st.integers(0, 5)),
            "startTimeUnixNano": draw(st.sampled_from([str(START), START, "x"])),
        }
        made |= {
            "endTimeUnixNano": str(START + index),
            "attributes": [{"key": n, "value": value(n)} for n in draw(st.sampled_from(kinds))],
        }
        events = [{"timeUnixNano": str(START), "name": draw(TEXT), "attributes": [{"key": draw(TEXT), "value": draw(VALUE)}]}]
        return made | draw(st.sampled_from([{}, {"status": {}}, {"status": {"code": 2, "message": "no"}}, {"events": events}]))

    def resource() -> dict[str, Any]:
        attributes = [
            {"key": n, "value": {"stringValue": draw(TEXT)}} for n in draw(st.sampled_from([[], ["service.name"], ["tenant.id"]]))
        ]
        lists = [
            {"scope": {"name": "spans"}, "spans": [span(i) for i in range(draw(st.integers(0, 9)))]}
            for _ in range(draw(st.integers(0, 2)))
        ]
        return {"resource": {"attributes": attributes}, "scopeSpans": lists}

    document = {"resourceSpans": [resource() for _ in range(draw(st.integers(1, 2)))]}
    compact = draw(st.booleans())
    return json.dumps(document, separators=(",", ":") if compact else None, ensure_ascii=draw(st.booleans())).encode() + b"\n"


def read(lines: list[bytes]) -> tuple[list[str], list[str]]:
    learnt.cache_clear()
    rows = Rows()
    for number, line in enumerate(lines, start=1):
        rows.feed(line, number, 0)
    batch = rows.batch()
    batch.validate(full=True)
    return sorted(map(repr, batch.to_pylist())), sorted(set(map(repr, rows.rejects)))


@given(st.lists(a_line(), min_size=1, max_size=3))
@settings(max_examples=300)
def test_templates_give_what_the_decoder_gives(lines: list[bytes]) -> None:
    by_templates = read(lines * 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Texts, "read", lambda *_: False)
        assert by_templates == read(lines * 2)


def usual(index: int, **more: Any) -> dict[str, Any]:
    texts = {"gen_ai.operation.name": "chat", "gen_ai.response.model": "gpt-4o", "gen_ai.prompt": 'a "prompt"\n'}
    attributes: list[dict[str, Any]] = [{"key": key, "value": {"stringValue": text}} for key, text in texts.items()]
    attributes.append({"key": "gen_ai.usage.input_tokens", "value": {"intValue": str(index)}})
    made = {"traceId": f"{index + 1:032x}", "spanId": f"{index + 1:016x}", "name": "chat", "startTimeUnixNano": str(START)}
    return made | {"attributes": attributes} | more


def line(*spans: dict[str, Any], resource: str = "desk") -> bytes:
    attributes = [{"key": "service.name", "value": {"stringValue": resource}}]
    scopes = [{"scope": {"name": "s"}, "spans": list(spans)}]
    return json.dumps({"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": scopes}]}).encode()


def test_usual_lines_are_not_decoded() -> None:
    texts = Texts(("usual",))
    assert all(texts.read(line(*(usual(i) for i in range(20)), resource=name), 1) for name in ("desk", "shop", "desk"))
    desk, shop = texts.taken()
    assert [len(rows) for rows, _ in desk.rows.values()] == [40]
    assert [len(rows) for rows, _ in shop.rows.values()] == [20]
    assert len(learnt(("usual",)).templates) == 1
    assert texts.taken() == []


def test_one_odd_span_is_decoded_alone() -> None:
    texts = Texts(("odd",))
    assert texts.read(line(usual(1), usual(2, name='"quoted"'), usual(3)), 7)
    (taken,) = texts.taken()
    assert [(span.name, number) for span, number in taken.odd] == [('"quoted"', 7)]
    assert [len(rows) for rows, _ in taken.rows.values()] == [2]


@pytest.mark.parametrize(
    "broken",
    [
        line(usual(1), usual(2))[:-9],
        line(usual(1), usual(2)).replace(b'"scope"', b"'scope'"),
        line(usual(1), usual(2)).replace(b"gpt-4o", b"gpt-\xff"),
        line(usual(1), usual(2)).replace(b"gpt-4o", b"gpt\n4o"),
        line(usual(1), usual(2)).replace(b"}, {", b"} {"),
    ],
)
def test_nothing_is_taken_of_a_line_that_is_broken(broken: bytes) -> None:
    texts = Texts(("broken",))
    assert texts.read(line(usual(1)), 1)
    assert not texts.read(broken, 2)
    assert [len(rows) for taken in texts.taken() for rows, _ in taken.rows.values()] == [1]


def test_spans_that_say_a_name_twice_make_no_template() -> None:
    twice = json.dumps(usual(1)).replace('"name": "chat"', '"name": "a", "name": "chat"')
    texts = Texts(("twice",))
    assert texts.read(line(usual(1)).replace(json.dumps(usual(1)).encode(), twice.encode()), 1)
    assert [span.name for taken in texts.taken() for span, _ in taken.odd] == ["chat"]


def test_text_in_which_nothing_repeats_is_soon_left_to_the_decoder() -> None:
    texts = Texts(("new",))
    read_so_far = [texts.read(line(usual(1, name=f'"{i}"', **{f"field{i}": 1})), i) for i in range(1000)]
    assert read_so_far[0]
    assert not read_so_far[-1]
    assert len(learnt(("new",)).templates) <= otlp_texts.MOST_TEMPLATES


def test_a_long_prompt_with_much_to_escape_is_read_in_little_memory() -> None:
    prompt = {"key": "gen_ai.prompt", "value": {"stringValue": '"\n' * 6_000}}
    text = json.dumps(usual(1, attributes=[prompt]))
    assert template_for(text, Plans()) is None  # too long to learn from
    short = template_for(json.dumps(usual(1, attributes=[prompt | {"value": {"stringValue": "a"}}])), Plans())
    assert short is not None
    assert short.match(text + "]", 0)
