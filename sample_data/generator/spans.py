"""The spans of a run: agents around model, embedding, retrieval and tool calls, with retries, a loop and repeated usage."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from generator.chance import context_tokens, generated_tokens, hexadecimal
from generator.company import CONTEXT_TOKENS, LOOP_CALLS, LOOP_DAYS
from generator.runs import Call, Run, within

SELF_HOSTED = "Qwen/Qwen2.5-VL-7B-Instruct"
MINI, BIG, LONG, DEEP, EMBEDDING = "gpt-4o-mini", "gpt-4o", "gpt-4.1", "gpt-5.6-sol", "text-embedding-3-small"
CONTEXT_LIMIT = {BIG: 120_000, LONG: 400_000, DEEP: 250_000}
"""Below the model's context, and below the request size from which the provider asks more."""


@dataclass
class Span:
    """One span; times in milliseconds since 1970, usage as (input with cache, cache read, output)."""

    span: str
    parent: str
    name: str
    operation: str
    start: int
    end: int = 0
    agent: str | None = None
    model: str | None = None
    provider: str | None = None
    usage: tuple[int, int, int] | None = None
    error: str | None = None
    resent: int = 0
    extra: dict[str, str] = field(default_factory=dict)


class Trace:
    """Spans of one run as time goes by."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.spans: list[Span] = []
        self.now = int(run.start.timestamp() * 1000)
        self.looping = False

    def open(self, name: str, operation: str, parent: Span | None, agent: str | None = None, **extra: str) -> Span:
        span = Span(hexadecimal(self.run.chance, 16), parent.span if parent else "", name, operation, self.now, extra=extra)
        span.agent = agent
        self.spans.append(span)
        return span

    def close(self, span: Span) -> None:
        """Ends a span now. An agent repeats the usage of the calls below it, as some frameworks report it."""
        self.now += 3
        span.end = self.now
        below = [s.usage for s in self.spans if s.parent == span.span and s.usage and s.operation == "chat"]
        if span.operation == "invoke_agent" and below:
            span.usage = (sum(u[0] for u in below), sum(u[1] for u in below), sum(u[2] for u in below))

    def chat(self, parent: Span, agent: str, model: str, times: float, cached: float = 0.0, answer: float = 1.0) -> None:
        chance = self.run.chance
        context = CONTEXT_TOKENS[-1] * 8 if self.run.spike and model == BIG else context_tokens(chance, times)
        context = min(context, CONTEXT_LIMIT.get(model, context))
        hit = int(context * cached * chance.random() * 2) // 128 * 128
        usage = (context, min(hit, context), generated_tokens(chance, answer))
        resent = 0
        if chance.random() < 0.025:
            self._failed_chat(parent, model)
            resent = 1
        span = self.open(f"chat {model}", "chat", parent)
        span.model, span.provider, span.usage, span.resent = model, "openai", usage, resent
        self.now += 80 + context // 40 + 14 * usage[2]
        span.end = self.now
        self._count(agent, model, usage)

    def embed(self, parent: Span, agent: str) -> None:
        span = self.open(f"embeddings {EMBEDDING}", "embeddings", parent)
        span.model, span.provider = EMBEDDING, "openai"
        span.usage = (context_tokens(self.run.chance, 3), 0, 0)
        self.now += 45
        span.end = self.now
        self._count(agent, EMBEDDING, span.usage)

    def retrieve(self, parent: Span, source: str) -> None:
        span = self.open(f"retrieval {source}", "retrieval", parent, None, **{"gen_ai.data_source.id": source})
        self.now += 30 + int(60 * self.run.chance.random())
        span.end = self.now

    def tool(self, parent: Span, name: str, error: str | None = None, milliseconds: int = 200) -> None:
        span = self.open(f"execute_tool {name}", "execute_tool", parent, None, **{"gen_ai.tool.name": name})
        self.now += milliseconds + int(milliseconds * self.run.chance.random())
        span.end, span.error = self.now, error

    def _failed_chat(self, parent: Span, model: str) -> None:
        span = self.open(f"chat {model}", "chat", parent)
        span.model, span.provider = model, "openai"
        span.error = "rate_limit_exceeded" if self.run.chance.random() < 0.6 else "timeout"
        self.now += 1_500
        span.end = self.now

    def _count(self, agent: str, model: str, usage: tuple[int, int, int]) -> None:
        day = (self.run.start + timedelta(milliseconds=self.spans[-1].start - int(self.run.start.timestamp() * 1000))).date()
        self.run.calls.append(
            Call(
                day,
                self.run.tenant,
                agent,
                self.run.workflow,
                model,
                usage[0] - usage[1],
                usage[1],
                usage[2],
                self.looping,
                self.run.spike,
            )
        )


def spans_of(run: Run) -> list[Span]:
    """All spans of a run; fills `run.calls` with what the provider bills."""
    trace = Trace(run)
    _WORKFLOWS[run.workflow](trace)
    root = trace.spans[0]
    if run.failed:
        root.error = "task_failed"
    return trace.spans


def _service_desk(trace: Trace) -> None:
    root = trace.open("invoke_workflow service-desk-triage", "invoke_workflow", None, "triage-router")
    router = trace.open("invoke_agent triage-router", "invoke_agent", root, "triage-router")
    trace.chat(router, "triage-router", MINI, 5)
    trace.close(router)
    drafter = trace.open("invoke_agent answer-drafter", "invoke_agent", root, "answer-drafter")
    trace.retrieve(drafter, "help-centre")
    trace.chat(drafter, "answer-drafter", BIG, 12, cached=0.2)
    trace.tool(drafter, "look_up_ticket")
    trace.chat(drafter, "answer-drafter", BIG, 12, cached=0.3, answer=1.5)
    trace.close(drafter)
    trace.close(root)


def _contract_review(trace: Trace) -> None:
    root = trace.open("invoke_workflow contract-review", "invoke_workflow", None, "contract-reviewer")
    retriever = trace.open("invoke_agent clause-retriever", "invoke_agent", root, "clause-retriever")
    for _ in range(2):
        trace.embed(retriever, "clause-retriever")
        trace.retrieve(retriever, "clauses")
    trace.chat(retriever, "clause-retriever", MINI, 20)
    trace.close(retriever)
    reviewer = trace.open("invoke_agent contract-reviewer", "invoke_agent", root, "contract-reviewer")
    for _ in range(6):
        trace.chat(reviewer, "contract-reviewer", DEEP, 90, cached=0.35, answer=8)
    trace.close(reviewer)
    trace.close(root)


def _image_tagging(trace: Trace) -> None:
    root = trace.open("invoke_workflow product-image-tagging", "invoke_workflow", None, "image-tagger")
    tagger = trace.open("invoke_agent image-tagger", "invoke_agent", root, "image-tagger")
    trace.tool(tagger, "enqueue_images", milliseconds=900)
    check = trace.open(f"chat {SELF_HOSTED}", "chat", tagger)
    check.model, check.provider = SELF_HOSTED, "vllm"
    check.usage = (1_800 + int(600 * trace.run.chance.random()), 0, 60 + int(40 * trace.run.chance.random()))
    trace.now += 1_900
    check.end = trace.now
    trace.now += trace.run.images * 90
    trace.tool(tagger, "collect_tags", milliseconds=600)
    trace.close(tagger)
    trace.close(root)


def _trip_planning(trace: Trace) -> None:
    root = trace.open("invoke_agent trip-planner", "invoke_agent", None, "trip-planner")
    root.extra["gen_ai.conversation.id"] = "conv-" + hexadecimal(trace.run.chance, 12)
    for _ in range(3):
        trace.chat(root, "trip-planner", LONG, 75, cached=0.15, answer=2)
    checker = trace.open("invoke_agent price-checker", "invoke_agent", root, "price-checker")
    looping = within(trace.run.start.date(), LOOP_DAYS)
    for _ in range(LOOP_CALLS if looping else 0):
        trace.looping = True
        trace.tool(checker, "search_fares", error="timeout", milliseconds=400)
        trace.chat(checker, "price-checker", BIG, 25)
    trace.looping = False
    trace.tool(checker, "search_fares", milliseconds=400)
    trace.chat(checker, "price-checker", BIG, 25)
    trace.close(checker)
    for _ in range(3):
        trace.chat(root, "trip-planner", LONG, 75, cached=0.25, answer=3)
    trace.close(root)


def _quote_approval(trace: Trace) -> None:
    root = trace.open("invoke_agent quote-approver", "invoke_agent", None, "quote-approver")
    for step in range(8):
        if step in (2, 5):
            trace.tool(root, "read_quote")
        trace.chat(root, "quote-approver", BIG, 45, cached=0.1)
    trace.close(root)


_WORKFLOWS = {
    "service-desk-triage": _service_desk,
    "contract-review": _contract_review,
    "product-image-tagging": _image_tagging,
    "trip-planning": _trip_planning,
    "quote-approval": _quote_approval,
}
