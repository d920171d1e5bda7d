"""Lines read by templates give what the decoder gives, and what only the decoder can tell is left to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.sources.otlp_reading import rows as otlp_rows
from finops.sources.otlp_reading import texts as otlp_texts
from finops.sources.otlp_reading.attributes import MEANINGS
from finops.sources.otlp_reading.block import Block
from finops.sources.otlp_reading.plan import Plans
from finops.sources.otlp_reading.rows import Rows
from finops.sources.otlp_reading.template import template_for
from finops.sources.otlp_reading.texts import Taken, learnt

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
    rows.feed_text(b"".join(lines), 1, 0)
    assert rows.lines == len(lines)
    batch = rows.batch()
    batch.validate(full=True)
    return sorted(map(repr, batch.to_pylist())), sorted(set(map(repr, rows.rejects)))


@pytest.fixture(autouse=True)
def _any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates read texts of any size, and few spans too."""
    monkeypatch.setattr(otlp_rows, "LEAST_TEXT", 0)
    monkeypatch.setattr(otlp_rows, "FEW", 2)


@given(st.lists(a_line(), min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_templates_give_what_the_decoder_gives(lines: list[bytes]) -> None:
    by_templates = read(lines * 2)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(otlp_rows, "LEAST_TEXT", 10**9)
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


def taken(*lines: bytes, known: str = "usual") -> Taken:
    return otlp_texts.read(Block(b"\n".join(lines)), learnt((known,)))


@pytest.fixture(autouse=True)
def _nothing_learnt() -> None:
    learnt.cache_clear()


def test_usual_lines_are_not_decoded() -> None:
    found = taken(*(line(*(usual(i) for i in range(20)), resource=name) for name in ("desk", "shop", "desk")))
    assert [len(pieces) for pieces, _, _ in found.matched] == [60]
    assert [[a.value.stringValue for a in attributes if a.value] for attributes, _ in found.owners] == [["desk"], ["shop"]]
    assert found.matched[0][1].tolist() == [0] * 20 + [1] * 20 + [0] * 20
    assert (found.odd, found.left) == ([], [])
    assert len(learnt(("usual",)).templates) == 1


def test_one_odd_span_is_decoded_alone() -> None:
    found = taken(line(usual(1)), line(usual(1), usual(2, name='"quoted"'), usual(3)))
    assert [(span.name, at) for span, _, at in found.odd] == [('"quoted"', 1)]
    assert [len(pieces) for pieces, _, _ in found.matched] == [3]


def test_a_span_within_a_span_is_none() -> None:
    link = {"traceId": "c" * 32, "spanId": "d" * 16, "attributes": []}
    found = taken(line(*(usual(i, links=[link] * 2) for i in range(9)), usual(9)))
    assert (sorted(len(pieces) for pieces, _, _ in found.matched), found.odd, found.left) == ([1, 9], [], [])


def test_a_line_with_several_lists_of_spans_is_not_decoded() -> None:
    whole = json.loads(line(usual(1), usual(2)))
    other = json.loads(line(usual(3), resource="shop"))
    whole["resourceSpans"] += other["resourceSpans"]
    found = taken(json.dumps(whole).encode(), line(usual(4)))
    assert [owner.tolist() for _, owner, _ in found.matched] == [[0, 0, 1, 2]]
    assert (found.odd, found.left) == ([], [])


@pytest.mark.parametrize(
    "broken",
    [
        line(usual(1), usual(2))[:-9],
        line(usual(1), usual(2)).replace(b'"scope"', b"'scope'"),
        line(usual(1), usual(2)).replace(b"gpt-4o", b"gpt-\xff"),
        line(usual(1), usual(2)).replace(b"gpt-4o", b"gpt\t4o"),
        line(usual(1), usual(2)).replace(b"gpt-4o", b"gpt-4o\\x"),
        line(usual(1), usual(2)).replace(b'a \\"prompt', b"a \\ud800"),
        line(usual(1), usual(2)).replace(b'a \\"prompt', b"a \\u12g4"),
        line(usual(1), usual(2)).replace(b"}, {", b"} {"),
        line(usual(1), usual(2)).replace(b"}, {", b"},, {"),
        line(usual(1), usual(2))[:-4] + b'",',
        b'{"resourceMetrics": []}',
    ],
)
def test_a_line_that_is_broken_is_left_to_the_decoder_and_costs_no_other(broken: bytes) -> None:
    found = taken(line(usual(1)), broken, line(usual(3)))
    assert found.left == [1]
    assert [lines.tolist() for _, _, lines in found.matched] == [[0, 2]]
    assert found.odd == []


def test_a_line_that_is_torn_anywhere_is_left_to_the_decoder() -> None:
    whole = line(usual(1), usual(2))
    for size in range(len(whole) - 120, len(whole)):
        found = taken(line(usual(1)), whole[:size])
        assert (found.left, [len(pieces) for pieces, _, _ in found.matched]) == ([1], [1])


def test_spans_that_say_a_name_twice_make_no_template() -> None:
    twice = json.dumps(usual(1)).replace('"name": "chat"', '"name": "a", "name": "chat"')
    found = taken(line(usual(1)).replace(json.dumps(usual(1)).encode(), twice.encode()))
    assert [span.name for span, _, _ in found.odd] == ["chat"]


def test_text_in_which_nothing_repeats_is_soon_left_to_the_decoder() -> None:
    known = learnt(("new",))
    lines = [line(usual(1, name=f'"{i}"', **{f"field{i}": 1})) for i in range(1000)]
    assert taken(*lines[:10], known="new").left == []
    assert len(taken(*lines, known="new").left) > 100
    assert known.credit < 0
    assert len(known.templates) <= otlp_texts.MOST_TEMPLATES


def test_a_long_prompt_with_much_to_escape_is_matched() -> None:
    prompt = {"key": "gen_ai.prompt", "value": {"stringValue": '"\n' * 100_000}}
    assert template_for(json.dumps(usual(1, attributes=[prompt])), Plans()) is None  # too long to learn from
    short = usual(1, attributes=[prompt | {"value": {"stringValue": "a"}}])
    found = taken(line(short, usual(2, attributes=[prompt])))
    assert [len(pieces) for pieces, _, _ in found.matched] == [2]
