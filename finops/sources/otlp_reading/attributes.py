"""What span attributes mean, as data: which names feed a column, which operation a name stands for, what is kept as identity.

Names of both released generations of `gen_ai.*` and of the vendors around them stand side by side; in each list the first that a
span carries wins. A new dialect is a new name in a list."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["text", "count", "seconds", "yes_no", "decimal", "hash"]
"""`hash` columns keep a SHA-256 of the value, cut to 16 digits, never the value."""


class Meaning(NamedTuple):
    """A column of the `call` contract, or a figure (its name opens with `@`) that columns are computed from."""

    column: str
    kind: Kind
    names: tuple[str, ...]


OPERATION_NAMES = (
    *("gen_ai.operation.name", "openinference.span.kind", "traceloop.span.kind"),
    *("llm.request.type", "mcp.method.name", "agentops.span.kind", "span.type"),
)
TENANT_NAMES = (
    *("tenant.id", "tenant", "customer.id", "organization.id", "team.id"),
    *("traceloop.association.properties.tenant_id", "traceloop.association.properties.tenant"),
    *("metadata.user_api_key_org_id", "metadata.user_api_key_team_id", "team_id", "organization_id"),
)
AGENT_NAMES = ("gen_ai.agent.name", "agent.name", "graph.node.id", "agent_id")
WORKFLOW_NAMES = ("gen_ai.workflow.name", "traceloop.workflow.name", "workflow.name")
SESSION_NAMES = ("gen_ai.conversation.id", "session.id", "traceloop.association.properties.session_id", "session_id")
RUN_NAMES = ("run.id", "gen_ai.run.id", "workflow.run.id", "gen_ai.workflow.run.id")
USER_NAMES = ("user.id", "user.hash", "enduser.pseudo.id", "enduser.id", "gen_ai.user", "llm.user")

MEANINGS: tuple[Meaning, ...] = (
    Meaning("run", "text", RUN_NAMES),
    Meaning("response", "text", ("gen_ai.response.id", "llm.response.id", "request_id")),
    Meaning("provider", "text", ("gen_ai.provider.name", "gen_ai.system", "llm.provider", "llm.system", "llm.vendor")),
    Meaning("account", "text", ("gen_ai.account.id", "gen_ai.project.id", "openai.project.id", "openai.organization.id")),
    Meaning("credential", "text", ("gen_ai.credential.id", "metadata.user_api_key_hash", "api_key.hash")),
    Meaning("region", "text", ("gen_ai.region", "gen_ai.provider.region", "cloud.region")),
    Meaning("resource", "text", ("gen_ai.resource.id", "gen_ai.deployment.id", "cloud.resource_id")),
    Meaning(
        "model",
        "text",
        (
            *("gen_ai.response.model", "llm.response.model", "gen_ai.request.model", "llm.request.model_name", "llm.model_name"),
            *("llm.response.model_name", "llm.request.model", "llm.model"),
            *("embedding.model_name", "reranker.model_name", "model"),
        ),
    ),
    Meaning(
        "service_tier",
        "text",
        (
            *("openai.response.service_tier", "gen_ai.openai.response.service_tier", "gen_ai.response.service_tier"),
            *("openai.request.service_tier", "gen_ai.openai.request.service_tier", "gen_ai.request.service_tier"),
        ),
    ),
    Meaning(
        "@input",
        "count",
        (
            *("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens", "llm.token_count.prompt"),
            *("llm.usage.prompt_tokens", "decision.token_count.input", "input_tokens"),
        ),
    ),
    Meaning(
        "@output",
        "count",
        (
            *("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens", "llm.token_count.completion"),
            *("llm.usage.completion_tokens", "decision.token_count.output", "output_tokens"),
        ),
    ),
    Meaning(
        "@cache_read",
        "count",
        (
            *("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens"),
            *("gen_ai.usage.prompt_tokens_details.cached_tokens", "llm.token_count.prompt_details.cache_read"),
            *("gen_ai.usage.prompt_tokens_details.cache_read", "llm.token_count.prompt_details.cache_input"),
            "cache_read_tokens",
        ),
    ),
    Meaning(
        "@cache_write",
        "count",
        (
            *("gen_ai.usage.cache_write.input_tokens", "gen_ai.usage.cache_creation.input_tokens"),
            *("gen_ai.usage.cache_creation_input_tokens", "llm.token_count.prompt_details.cache_write"),
            *("gen_ai.usage.prompt_tokens_details.cache_write", "cache_creation_tokens"),
        ),
    ),
    Meaning(
        "@cache_write_1h",
        "count",
        ("gen_ai.usage.cache_creation.ephemeral_1h_input_tokens", "gen_ai.usage.cache_write_1h.input_tokens"),
    ),
    Meaning(
        "@audio_input",
        "count",
        (
            *("gen_ai.usage.audio.input_tokens", "llm.token_count.prompt_details.audio"),
            *("gen_ai.usage.prompt_tokens_details.audio_tokens", "gen_ai.usage.prompt_tokens_details.audio"),
        ),
    ),
    Meaning(
        "@audio_output",
        "count",
        (
            *("gen_ai.usage.audio.output_tokens", "llm.token_count.completion_details.audio"),
            *("gen_ai.usage.completion_tokens_details.audio_tokens", "gen_ai.usage.completion_tokens_details.audio"),
        ),
    ),
    Meaning("@image_input", "count", ("gen_ai.usage.image.input_tokens",)),
    Meaning("@image_output", "count", ("gen_ai.usage.image.output_tokens",)),
    Meaning(
        "@reasoning",
        "count",
        (
            *("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens"),
            *("gen_ai.usage.completion_tokens_details.reasoning_tokens", "llm.token_count.completion_details.reasoning"),
            "gen_ai.usage.completion_tokens_details.reasoning",
        ),
    ),
    Meaning("@total", "count", ("gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total")),
    Meaning("@first_token_s", "seconds", ("gen_ai.response.time_to_first_chunk", "gen_ai.response.time_to_first_token")),
    Meaning("error_class", "text", ("error.type", "exception.type")),
    Meaning(
        "finish_reason",
        "text",
        ("gen_ai.response.finish_reasons", "gen_ai.response.finish_reason", "llm.finish_reason", "stop_reason"),
    ),
    Meaning("attempt", "count", ("gen_ai.request.attempt", "retry.attempt", "attempt")),
    Meaning("cache_hit", "yes_no", ("gen_ai.cache.hit", "cache.hit", "cache_hit", "llm.cache_hit")),
    Meaning("tool", "text", ("gen_ai.tool.name", "tool.name", "mcp.tool.name")),
    Meaning(
        "args_hash",
        "hash",
        (
            *("gen_ai.tool.call.arguments", "tool.parameters", "gen_ai.tool.args", "tool.args"),
            *("traceloop.entity.input", "input.value"),
        ),
    ),
    Meaning("prompt_hash", "text", ("gen_ai.prompt.hash", "prompt.hash")),
    Meaning("prompt_route", "text", ("gen_ai.prompt.name", "traceloop.prompt.key", "prompt.route", "prompt.id")),
    Meaning("prompt_version", "text", ("gen_ai.prompt.version", "traceloop.prompt.version", "prompt.version")),
    Meaning("policy_version", "text", ("policy.version", "finops.policy.version", "guardrail.policy_version")),
    Meaning("tenant", "text", TENANT_NAMES),
    Meaning("agent", "text", AGENT_NAMES),
    Meaning("workflow", "text", WORKFLOW_NAMES),
    Meaning("session", "text", SESSION_NAMES),
    Meaning("sampling_weight", "decimal", ("sampling.weight", "SampleRate")),
    Meaning("reported_cost", "decimal", ("gen_ai.usage.cost", "gen_ai.usage.total_cost", "llm.cost.total")),
    Meaning("@input_cost", "decimal", ("gen_ai.usage.input_cost", "llm.cost.prompt")),
    Meaning("@output_cost", "decimal", ("gen_ai.usage.output_cost", "llm.cost.completion")),
    Meaning("reported_currency", "text", ("gen_ai.usage.cost.currency",)),
    Meaning("@user", "hash", USER_NAMES),
    Meaning("@operation", "text", OPERATION_NAMES),
    Meaning("@entity", "text", ("traceloop.entity.name",)),
)

OWN_KIND = "span.type"
"""By this attribute a span says that it is of Claude Code's own kind, whose names have no prefix."""

BARE = frozenset(
    (
        *("request_id", "model", "stop_reason", "input_tokens", "output_tokens", "cache_read_tokens", "cache_creation_tokens"),
        OWN_KIND,
    )
)
"""Names that mean something on spans of that kind alone; on them `agent_id` is a number of a sub-agent, and no agent's name."""

BESIDE_CACHE = frozenset(("input_tokens",))
"""Names of input counts that do not contain what was read from, or written to, the cache."""

FROM_RESOURCE = ("run", "credential", "policy_version", "tenant", "agent", "workflow", "session", "sampling_weight", "@user")
"""What a resource may say about its spans. Its region and account are where the program runs, not where the model is billed."""

OPERATIONS = {
    **dict.fromkeys(("chat", "text_completion", "generate_content", "completion", "call_llm", "llm", "responses"), "inference"),
    **dict.fromkeys(("llm_request",), "inference"),
    **dict.fromkeys(("embeddings", "embedding"), "embeddings"),
    **dict.fromkeys(("retrieval", "retriever", "rerank", "reranker", "search_memory"), "retrieval"),
    **dict.fromkeys(("execute_tool", "tool", "tools/call"), "tool"),
    **dict.fromkeys(("invoke_agent", "create_agent", "agent", "interaction"), "agent"),
    **dict.fromkeys(("invoke_workflow", "workflow"), "workflow"),
    **dict.fromkeys(
        ("chain", "task", "plan", "fetch_response", "guardrail", "evaluator", "prompt", "unknown", "decision"), "other"
    ),
}
"""Lower-case operation name, or a vendor's span kind, to the operation of the contract. A name that is not here is an inference
where the span carries token counts, else `other`."""

NAMED_BY_SPAN = {"agent": "agent", "workflow": "workflow", "tool": "tool"}
"""Operation to the column that its span's own name fills where no attribute does: `invoke_agent planner`."""

REPORTED_IN = "USD"
"""The currency of a reported cost that names none: the vendors that send one send dollars."""

KEPT = frozenset(
    (
        *(*TENANT_NAMES, *AGENT_NAMES, *WORKFLOW_NAMES),
        *("gen_ai.agent.id", "gen_ai.agent.version", "gen_ai.data_source.id", "project.id", "cost_center", "cost.center"),
        *("service.name", "service.namespace", "service.version", "deployment.environment", "deployment.environment.name"),
        *("k8s.namespace.name", "k8s.cluster.name", "k8s.deployment.name", "k8s.statefulset.name", "k8s.job.name"),
        *("cloud.provider", "cloud.account.id", "cloud.region"),
        *("retrieval.latency_ms", "slo.burn_rate", "agentops.session.end_state", "gen_ai.workflow.type", "gen_ai.task.name"),
    )
)
KEPT_PREFIXES = ("tenant.", "team.", "customer.", "organization.", "tag.", "traceloop.association.properties.", "finops.")
NEVER_KEPT = (
    *("prompt", "message", "content", "input", "output", "completion"),
    *("argument", "instruction", "result", "email", "query"),
)
"""Attributes that configuration may name as identity: the exact names, and what follows a prefix or looks like an owner's name
(`core.attribution`) unless its name holds one of the last list. Nothing else of a span is stored: prompts, answers, arguments and
addresses never are."""

REQUEST_ID = "request.id"
"""The kept attribute with another id of the same call, under which another record may know it."""

MAX_KEPT, MAX_KEY, MAX_VALUE, MAX_TEXT = 32, 128, 256, 512
"""Bounds of what one span keeps: attributes, the length of a name and of a value, and the length of any text column."""
