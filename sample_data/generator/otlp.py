"""Spans as the OpenTelemetry Collector's file exporter writes them: JSON lines, two generations of `gen_ai` names."""

from __future__ import annotations

import json

from generator.runs import Run
from generator.spans import Span

_CURRENT = {
    "provider": "gen_ai.provider.name",
    "input": "gen_ai.usage.input_tokens",
    "cached": "gen_ai.usage.cache_read.input_tokens",
    "output": "gen_ai.usage.output_tokens",
}
_OLD = {
    "provider": "gen_ai.system",
    "input": "gen_ai.usage.prompt_tokens",
    "cached": "gen_ai.usage.cache_read_input_tokens",
    "output": "gen_ai.usage.completion_tokens",
}
OLD_NAMES = {"quote-approval"}
"""Workflows whose service still speaks the first generation of the names."""
SERVICES = {
    "service-desk-triage": "service-desk",
    "contract-review": "contracts",
    "product-image-tagging": "image-pipeline",
    "trip-planning": "trips",
    "quote-approval": "quotes",
}


def line_of(run: Run, spans: list[Span]) -> str:
    """One line of the exporter's file: the whole trace of a run."""
    names = _OLD if run.workflow in OLD_NAMES else _CURRENT
    body = [_span(run, span, names, root=not span.parent) for span in spans]
    scope = {"scope": {"name": "acme.agents", "version": "1.8.2"}, "spans": body}
    resource = {"attributes": _attributes({"service.name": SERVICES[run.workflow], "deployment.environment.name": "production"})}
    return json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]}, separators=(",", ":")) + "\n"


def resent_line(run: Run, spans: list[Span]) -> str:
    """The last spans of a run, sent twice: exporters retry, so files hold duplicates by design."""
    return line_of(run, spans[-2:])


def _span(run: Run, span: Span, names: dict[str, str], *, root: bool) -> dict[str, object]:
    given: dict[str, object] = {"gen_ai.operation.name": span.operation}
    if root:  # identity travels on the root alone
        given["tenant.id"] = run.tenant
        given["gen_ai.workflow.name"] = run.workflow
    if span.agent:
        given["gen_ai.agent.name"] = span.agent
    if span.provider:
        given[names["provider"]] = span.provider
    if span.model:
        given["gen_ai.request.model"] = span.model
        if not span.error:
            given["gen_ai.response.model"] = span.model
    if span.usage:
        given[names["input"]] = span.usage[0]
        if span.usage[1]:
            given[names["cached"]] = span.usage[1]
        given[names["output"]] = span.usage[2]
    if span.resent:
        given["http.request.resend_count"] = span.resent
    if span.error:
        given["error.type"] = span.error
    given.update(span.extra)
    body: dict[str, object] = {"traceId": run.trace, "spanId": span.span}
    if span.parent:
        body["parentSpanId"] = span.parent
    body |= {
        "name": span.name,
        "kind": 3 if span.operation in ("chat", "embeddings", "retrieval") else 1,
        "startTimeUnixNano": f"{span.start}000000",
        "endTimeUnixNano": f"{span.end}000000",
        "attributes": _attributes(given),
        "status": {"code": 2} if span.error else {},
    }
    return body


def _attributes(given: dict[str, object]) -> list[dict[str, object]]:
    return [
        {"key": key, "value": {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}}
        for key, value in given.items()
    ]
