"""Records of one call from several sources, over midnight, loaded in any order: the call counts once, or the doubt is kept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from finops.core.settings import Counting
from finops.core.talk import Silence
from finops.ledger.engine.compiling import Allocation
from finops.ledger.engine.runner import run_models
from tests.ledger.tables import Tables

BATCHES = {"otlp": 1, "litellm_logs": 2, "claude_code": 3, "otlp_logs": 4, "otlp_proto": 5}
MIDNIGHT = datetime(2026, 10, 6)
NOON = MIDNIGHT + timedelta(hours=12)

Record = Mapping[str, Any]


def call(source: str, at: datetime = NOON, **fields: Any) -> Record:
    tokens = {"input_uncached": 1_000, "output": 50}
    return {"source": source, "operation": "inference", "start_time": at, "provider": "openai", "model": "m", **tokens, **fields}


def traced(span: str, at: datetime = NOON, **fields: Any) -> Record:
    return call("otlp", at, **{"trace": "t", "span": span, **fields})


def ledger(records: list[Record]) -> Tables:
    tables = Tables(threads=1)
    tables.insert("batch", [{"batch_id": batch, "delivery_id": batch} for batch in BATCHES.values()])
    tables.insert("delivery", [{"delivery_id": batch, "source": source} for source, batch in BATCHES.items()])
    for record in records:
        add(tables, record)
    return tables


def add(tables: Tables, record: Record) -> None:
    number = tables.query("SELECT count(*) AS n FROM call")[0]["n"] + 2
    row = {name: value for name, value in record.items() if name != "source"}
    tables.insert("call", [row], batch=BATCHES[record["source"]])
    tables.execute(f"UPDATE call SET part_row = {number} WHERE part_row = 1")


def build(tables: Tables, *counting: Counting, touched: set[date] | None = None) -> None:
    days = None if touched is None else {"call": touched}
    run_models(tables, Allocation(counting=counting), Silence(), touched=days, select=("fct_call",))


FIGURES = "SELECT source, tenant, agent, workflow, run_id, output, counted FROM fct_call"


def counted(*records: Record, counting: tuple[Counting, ...] = ()) -> list[dict[str, Any]]:
    tables = ledger(list(records))
    build(tables, *counting)
    return tables.query(f"{FIGURES} WHERE counted ORDER BY ALL")


def sources(*records: Record, counting: tuple[Counting, ...] = ()) -> list[str]:
    return [row["source"] for row in counted(*records, counting=counting)]


def test_one_answer_seen_on_both_sides_of_midnight_counts_once() -> None:
    seen = (
        call("litellm_logs", MIDNIGHT, response="chatcmpl-1"),
        traced("a", MIDNIGHT - timedelta(seconds=1), response="chatcmpl-1"),
    )
    assert len(counted(*seen)) == 1


def test_one_span_sent_with_two_times_around_midnight_counts_once() -> None:
    assert len(counted(traced("a", MIDNIGHT), traced("a", MIDNIGHT - timedelta(seconds=1), output=None))) == 1


def test_what_is_more_than_a_day_apart_is_not_compared() -> None:
    assert len(counted(traced("a", MIDNIGHT), traced("b", MIDNIGHT + timedelta(hours=25)))) == 2


def test_the_request_id_of_an_event_finds_the_answer_of_a_transcript() -> None:
    transcript = call(
        "claude_code",
        **{"trace": "s", "span": "x", "response": "msg_00001", "attributes": {"request.id": "req_00001"}, "output": 3},
    )
    event = call("otlp_logs", **{"trace": "s", "span": "y", "response": "req_00001", "agent": "reviewer"})
    gateway = call("litellm_logs", **{"response": "msg_00001", "tenant": "acme"})
    (found,) = counted(transcript, event, gateway)
    assert found["source"] != "claude_code"
    assert (found["output"], found["tenant"], found["agent"]) == (50, "acme", "reviewer")


def test_a_record_without_tokens_gives_its_owner_and_its_run_to_the_one_that_counts() -> None:
    bare = traced("a", response="chatcmpl-1", input_uncached=None, output=None, agent="planner", tenant="acme")
    (found,) = counted(bare, call("litellm_logs", response="chatcmpl-1"))
    assert (found["source"], found["agent"], found["tenant"], found["run_id"]) == ("litellm_logs", "planner", "acme", "t")


def test_a_gateway_and_traces_without_a_common_id_are_paired_by_exact_tokens() -> None:
    traces = [traced(f"{i}", NOON + timedelta(minutes=i), output=i, response=f"resp-000{i}") for i in range(10)]
    gateway = [
        call("litellm_logs", NOON + timedelta(minutes=i, seconds=2), output=i, response=f"chatcmpl-{i}") for i in range(10)
    ]
    assert len(counted(*traces, *gateway)) == 10


def test_a_burst_of_equal_calls_is_paired_where_both_sides_saw_as_many() -> None:
    traces = [traced(f"{i}", NOON + timedelta(seconds=i)) for i in range(3)]
    gateway = [call("litellm_logs", NOON + timedelta(seconds=i), response=f"chatcmpl-{i}") for i in range(3)]
    assert len(counted(*traces, *gateway)) == 3
    assert len(counted(*traces, *gateway[:2])) == 5


def test_what_is_not_surely_the_same_stays_apart() -> None:
    """Other tokens, another model, another time, another account, and two that are both traces: each on a day of its own."""
    days = [NOON + timedelta(days=3 * i) for i in range(5)]
    others = (
        call("litellm_logs", days[0], response="chatcmpl-1", output=51),
        call("litellm_logs", days[1], response="chatcmpl-1", model="n"),
        call("litellm_logs", days[2] + timedelta(seconds=6), response="chatcmpl-1"),
        call("litellm_logs", days[3], response="chatcmpl-1", account="b"),
        call("otlp_proto", days[4], trace="u", span="a"),
    )
    traces = (traced(f"{i}", day, account="a") for i, day in enumerate(days))
    assert len(counted(*traces, *others)) == 10


def test_a_few_that_look_alike_among_many_that_do_not_are_chance() -> None:
    traces = [traced(f"{i}", NOON + timedelta(minutes=i), output=100 + i) for i in range(8)]
    gateway = [call("litellm_logs", NOON + timedelta(minutes=i), output=100 + i * 7, response=f"chatcmpl-{i}") for i in range(8)]
    assert len(counted(*traces, *gateway)) == 16


def test_configuration_says_whose_records_count() -> None:
    given = (traced("a"), traced("b", NOON + timedelta(days=2)), call("litellm_logs", output=9, response="chatcmpl-1"))
    rule = Counting("OpenAI", "litellm_logs")
    assert sources(*given) == ["litellm_logs", "otlp", "otlp"]
    assert sources(*given, counting=(rule,)) == ["litellm_logs", "otlp"]
    assert sources(*given, counting=(Counting("openai", "*"), rule)) == ["litellm_logs", "otlp", "otlp"]
    assert sources(*given, counting=(Counting("anthropic", "litellm_logs"),)) == ["litellm_logs", "otlp", "otlp"]
    assert sources(*given, counting=(Counting("*", "litellm_logs", to=date(2026, 10, 6)),)) == ["litellm_logs", "otlp", "otlp"]


def test_the_record_that_configuration_wants_is_the_one_that_counts() -> None:
    given = (traced("a", response="chatcmpl-1", agent="x", tenant="y"), call("litellm_logs", response="chatcmpl-1"))
    assert sources(*given) == ["otlp"]
    assert sources(*given, counting=(Counting("openai", "litellm_logs"),)) == ["litellm_logs"]


times = st.integers(-4 * 24 * 6, 4 * 24 * 6).map(lambda tens: MIDNIGHT + timedelta(minutes=10 * tens))
answers = st.builds(
    call,
    st.sampled_from(sorted(BATCHES)),
    times | st.sampled_from([MIDNIGHT - timedelta(seconds=1), MIDNIGHT, MIDNIGHT + timedelta(days=1)]),
    response=st.sampled_from([None, "answer-01", "answer-02", "request-1"]),
    span=st.sampled_from(["a", "b", "c", None]),
    trace=st.just("t"),
    parent=st.sampled_from([None, "a"]),
    output=st.sampled_from([50, 60]),
    attributes=st.sampled_from([None, {"request.id": "request-1"}]),
    tenant=st.sampled_from([None, "acme"]),
)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(answers, min_size=3, max_size=8), st.integers(1, 7))
def test_loaded_in_pieces_or_at_once_the_figures_are_the_same(records: list[Record], cut: int) -> None:
    whole = ledger(records)
    build(whole)
    pieces = ledger(records[:cut])
    build(pieces)
    for record in records[cut:]:
        add(pieces, record)
    build(pieces, touched={record["start_time"].date() for record in records[cut:]})
    assert pieces.query(f"{FIGURES} ORDER BY ALL") == whole.query(f"{FIGURES} ORDER BY ALL")


def test_a_span_that_is_its_own_parent_on_many_days_is_no_endless_tree() -> None:
    days = [traced("a", MIDNIGHT + timedelta(hours=25 * i), parent="a", output=i) for i in range(12)]
    assert len(counted(*days)) == 12
