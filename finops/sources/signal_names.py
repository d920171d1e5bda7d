"""What names of metrics mean, as data: one vocabulary of pressure signals over the names of many systems, with their scale.

Names are compared in lower case with every run of `.`, `:`, `-`, `/` and `_` as one `_`. A name that is not here is kept as it
is. `SIGNALS` is the vocabulary with units; a distribution gives `NAME_p50`, `_p95`, `_p99` (its unit behind) and a count."""

from __future__ import annotations

from typing import Literal, NamedTuple

Kind = Literal["gauge", "counter", "histogram"]


class Signal(NamedTuple):
    """A word of the vocabulary. Counters hold what was added since the point before, distributions what was observed since."""

    name: str
    kind: Kind
    unit: str
    meaning: str


class Meaning(NamedTuple):
    """The names that other systems have for a signal; their values times `scale` are in the signal's unit."""

    signal: str
    scale: float
    names: tuple[str, ...]


class Split(NamedTuple):
    """A metric whose label tells which signal a point is; values of the label that are not listed repeat others: left out."""

    names: tuple[str, ...]
    label: str
    signals: dict[str, str]


SIGNALS: tuple[Signal, ...] = (
    Signal("queue_depth", "gauge", "items", "items that wait"),
    Signal("in_flight", "gauge", "items", "items taken and not finished"),
    Signal("delayed", "gauge", "items", "items that may not be taken yet"),
    Signal("dead_letters", "gauge", "items", "items given up"),
    Signal("oldest_age_s", "gauge", "s", "age of the oldest waiting item"),
    Signal("arrivals", "counter", "items", "items that came in"),
    Signal("completed", "counter", "items", "items finished"),
    Signal("failed", "counter", "items", "items that failed"),
    Signal("aborted", "counter", "items", "items given up by who asked"),
    Signal("retries", "counter", "items", "items tried again"),
    Signal("requests", "counter", "items", "requests answered"),
    Signal("empty_receives", "counter", "items", "polls that found nothing"),
    Signal("requests_per_s", "gauge", "1/s", "requests per second"),
    Signal("error_rate", "gauge", "share of 1", "share of requests that fail"),
    Signal("workers", "gauge", "workers", "workers or consumers there"),
    Signal("workers_busy", "gauge", "workers", "workers at work"),
    Signal("workers_free", "gauge", "workers", "places for more work"),
    Signal("replicas", "gauge", "replicas", "replicas that run"),
    Signal("replicas_wanted", "gauge", "replicas", "replicas that a scaler asks for"),
    Signal("scaler_value", "gauge", "own unit", "what a scaler measures"),
    Signal("running", "gauge", "requests", "requests in the running batch"),
    Signal("wait", "histogram", "s", "time in a queue"),
    Signal("processing", "histogram", "s", "time at work on one item"),
    Signal("latency", "histogram", "s", "time from request to answer"),
    Signal("latency_p50_s", "gauge", "s", "median of the time from request to answer"),
    Signal("latency_p95_s", "gauge", "s", "95th percentile of the time from request to answer"),
    Signal("latency_p99_s", "gauge", "s", "99th percentile of the time from request to answer"),
    Signal("ttft", "histogram", "s", "time to the first token or chunk"),
    Signal("tpot", "histogram", "s", "time between tokens or chunks"),
    Signal("prefill", "histogram", "s", "time to read the prompt"),
    Signal("decode", "histogram", "s", "time to write the answer"),
    Signal("tool_latency", "histogram", "s", "time of a tool's call"),
    Signal("vector_search", "histogram", "s", "time of a search in vectors"),
    Signal("tokens_input", "counter", "tokens", "tokens read, cached ones among them"),
    Signal("tokens_input_uncached", "counter", "tokens", "tokens read that were in no cache"),
    Signal("tokens_output", "counter", "tokens", "tokens written, reasoning among them"),
    Signal("tokens_reasoning", "counter", "tokens", "tokens of reasoning, among those written"),
    Signal("tokens_cache_read", "counter", "tokens", "tokens read from a cache"),
    Signal("tokens_cache_write", "counter", "tokens", "tokens written to a cache"),
    Signal("tokens_per_request_input", "histogram", "tokens", "tokens read by one request"),
    Signal("tokens_per_request_output", "histogram", "tokens", "tokens written by one request"),
    Signal("tokens_wasted", "counter", "tokens", "tokens computed and thrown away"),
    Signal("tokens_per_s", "gauge", "1/s", "tokens written per second"),
    Signal("reported_cost_usd", "counter", "USD", "what a client reckons that it spent; no bill"),
    Signal("cache_queries", "counter", "tokens or lookups", "looked up in a prefix cache"),
    Signal("cache_hits", "counter", "tokens or lookups", "found in a prefix cache"),
    Signal("cache_hit_rate", "gauge", "share of 1", "share found in a cache"),
    Signal("kv_cache_used", "gauge", "share of 1", "share of the key-value cache in use"),
    Signal("gpu_utilisation", "gauge", "share of 1", "share of time in which a GPU runs anything"),
    Signal("gpu_sm_active", "gauge", "share of 1", "share of a GPU's processors at work"),
    Signal("gpu_memory_busy", "gauge", "share of 1", "share of time in which a GPU's memory is read or written"),
    Signal("gpu_memory_used", "gauge", "bytes", "a GPU's memory in use"),
    Signal("gpu_memory_free", "gauge", "bytes", "a GPU's free memory"),
    Signal("gpu_memory_total", "gauge", "bytes", "a GPU's memory"),
    Signal("gpu_power", "gauge", "W", "what a GPU draws"),
    Signal("gpu_energy", "counter", "J", "what a GPU has drawn"),
    Signal("db_connections", "gauge", "connections", "connections to a database"),
    Signal("sessions", "counter", "sessions", "sessions begun"),
    Signal("active_time", "counter", "s", "time at work with a tool"),
)

MS, US, NS, PERCENT, MIB, MILLI = 1e-3, 1e-6, 1e-9, 1e-2, float(1 << 20), 1e-3

MEANINGS: tuple[Meaning, ...] = (
    # a distribution that its teller has summed up
    Meaning("latency_p50_s", MS, ("p50_latency_ms", "latency_p50_ms", "latency_ms_p50")),
    Meaning("latency_p95_s", MS, ("p95_latency_ms", "latency_p95_ms", "latency_ms_p95")),
    Meaning("latency_p99_s", MS, ("p99_latency_ms", "latency_p99_ms", "latency_ms_p99")),
    Meaning("latency_p50_s", 1, ("p50_latency_s", "p50_latency_seconds", "latency_p50_seconds")),
    Meaning("latency_p95_s", 1, ("p95_latency_s", "p95_latency_seconds", "latency_p95_seconds")),
    Meaning("latency_p99_s", 1, ("p99_latency_s", "p99_latency_seconds", "latency_p99_seconds")),
    # model servers: vLLM, SGLang, TGI, Triton
    Meaning("running", 1, ("vllm:num_requests_running", "sglang:num_running_reqs", "tgi_batch_current_size")),
    Meaning("queue_depth", 1, ("vllm:num_requests_waiting", "sglang:num_queue_reqs", "tgi_queue_size")),
    Meaning("queue_depth", 1, ("nv_inference_pending_request_count", "inference_extension_flow_control_queue_size")),
    Meaning("wait", 1, ("vllm:request_queue_time_seconds", "sglang:queue_time_seconds", "tgi_request_queue_duration")),
    Meaning("latency", 1, ("vllm:e2e_request_latency_seconds", "sglang:e2e_request_latency_seconds", "tgi_request_duration")),
    Meaning("ttft", 1, ("vllm:time_to_first_token_seconds", "sglang:time_to_first_token_seconds")),
    Meaning("tpot", 1, ("vllm:inter_token_latency_seconds", "vllm:time_per_output_token_seconds")),
    Meaning("tpot", 1, ("vllm:request_time_per_output_token_seconds", "sglang:inter_token_latency_seconds")),
    Meaning("tpot", 1, ("sglang:time_per_output_token_seconds", "tgi_request_mean_time_per_token_duration")),
    Meaning("prefill", 1, ("vllm:request_prefill_time_seconds",)),
    Meaning("decode", 1, ("vllm:request_decode_time_seconds",)),
    Meaning("processing", 1, ("vllm:request_inference_time_seconds", "tgi_request_inference_duration")),
    Meaning("tokens_input", 1, ("vllm:prompt_tokens_total", "sglang:prompt_tokens_total")),
    Meaning("tokens_output", 1, ("vllm:generation_tokens_total", "sglang:generation_tokens_total")),
    Meaning("tokens_cache_read", 1, ("sglang:cached_tokens_total",)),
    Meaning("tokens_per_request_input", 1, ("tgi_request_input_length", "vllm:request_prompt_tokens")),
    Meaning("tokens_per_request_output", 1, ("tgi_request_generated_tokens", "vllm:request_generation_tokens")),
    Meaning("tokens_per_s", 1, ("sglang:gen_throughput", "vllm:avg_generation_throughput_toks_per_s")),
    Meaning("tokens_wasted", 1, ("sglang:num_retracted_input_tokens_total", "sglang:num_retracted_output_tokens_total")),
    Meaning("kv_cache_used", 1, ("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage")),
    Meaning("cache_queries", 1, ("vllm:prefix_cache_queries", "vllm:prefix_cache_queries_total")),
    Meaning("cache_queries", 1, ("vllm:gpu_prefix_cache_queries", "vllm:gpu_prefix_cache_queries_total")),
    Meaning("cache_hits", 1, ("vllm:prefix_cache_hits", "vllm:prefix_cache_hits_total")),
    Meaning("cache_hits", 1, ("vllm:gpu_prefix_cache_hits", "vllm:gpu_prefix_cache_hits_total")),
    Meaning("cache_hit_rate", 1, ("sglang:cache_hit_rate",)),
    Meaning("requests", 1, ("vllm:request_success_total", "sglang:num_requests_total", "tgi_request_count")),
    Meaning("requests", 1, ("nv_inference_request_success",)),
    Meaning("failed", 1, ("nv_inference_request_failure", "tgi_request_failure")),
    Meaning("aborted", 1, ("sglang:num_aborted_requests_total", "sglang:num_aborted_requests")),
    Meaning("retries", 1, ("vllm:num_preemptions_total", "sglang:num_retracted_requests_total")),
    # GPUs: DCGM exporter, OpenTelemetry, Triton
    Meaning("gpu_utilisation", PERCENT, ("DCGM_FI_DEV_GPU_UTIL",)),
    Meaning("gpu_utilisation", 1, ("DCGM_FI_PROF_GR_ENGINE_ACTIVE", "hw.gpu.utilization", "nv_gpu_utilization")),
    Meaning("gpu_sm_active", 1, ("DCGM_FI_PROF_SM_ACTIVE",)),
    Meaning("gpu_memory_busy", PERCENT, ("DCGM_FI_DEV_MEM_COPY_UTIL",)),
    Meaning("gpu_memory_busy", 1, ("DCGM_FI_PROF_DRAM_ACTIVE",)),
    Meaning("gpu_memory_used", MIB, ("DCGM_FI_DEV_FB_USED",)),
    Meaning("gpu_memory_used", 1, ("hw.gpu.memory.usage", "nv_gpu_memory_used_bytes")),
    Meaning("gpu_memory_free", MIB, ("DCGM_FI_DEV_FB_FREE",)),
    Meaning("gpu_memory_total", 1, ("hw.gpu.memory.limit", "nv_gpu_memory_total_bytes")),
    Meaning("gpu_power", 1, ("DCGM_FI_DEV_POWER_USAGE", "hw.power", "nv_gpu_power_usage")),
    Meaning("gpu_energy", MILLI, ("DCGM_FI_DEV_TOTAL_ENERGY_CONSUMPTION",)),
    Meaning("gpu_energy", 1, ("hw.energy", "nv_energy_consumption")),
    # Ray Serve
    Meaning("queue_depth", 1, ("ray_serve_deployment_queued_queries", "serve_deployment_queued_queries")),
    Meaning("in_flight", 1, ("ray_serve_replica_processing_queries", "serve_replica_processing_queries")),
    Meaning("workers_busy", 1, ("ray_serve_num_ongoing_http_requests", "serve_num_ongoing_http_requests")),
    Meaning("processing", MS, ("ray_serve_deployment_processing_latency_ms", "serve_deployment_processing_latency_ms")),
    Meaning("latency", MS, ("ray_serve_http_request_latency_ms", "serve_http_request_latency_ms")),
    Meaning("requests", 1, ("ray_serve_deployment_request_counter_total", "ray_serve_num_http_requests_total")),
    Meaning("failed", 1, ("ray_serve_deployment_error_counter_total", "ray_serve_num_http_error_requests_total")),
    # Celery
    Meaning("queue_depth", 1, ("celery_queue_length",)),
    Meaning("workers", 1, ("celery_active_consumer_count", "celery_active_worker_count", "celery_workers")),
    Meaning("workers_busy", 1, ("celery_worker_tasks_active",)),
    Meaning("arrivals", 1, ("celery_task_sent_total", "celery_task_received_total")),
    Meaning("completed", 1, ("celery_task_succeeded_total",)),
    Meaning("failed", 1, ("celery_task_failed_total", "celery_task_rejected_total")),
    Meaning("aborted", 1, ("celery_task_revoked_total",)),
    Meaning("retries", 1, ("celery_task_retried_total",)),
    Meaning("processing", 1, ("celery_task_runtime", "celery_task_runtime_seconds")),
    Meaning("wait", 1, ("celery_task_queuetime_seconds", "celery_queue_waiting_seconds")),
    # SQS, by CloudWatch's names and by those of its exporters
    Meaning("queue_depth", 1, ("ApproximateNumberOfMessagesVisible", "aws_sqs_approximate_number_of_messages_visible")),
    Meaning("queue_depth", 1, ("aws_sqs_approximate_number_of_messages_visible_average",)),
    Meaning("queue_depth", 1, ("aws_sqs_approximate_number_of_messages_visible_maximum",)),
    Meaning("in_flight", 1, ("ApproximateNumberOfMessagesNotVisible", "aws_sqs_approximate_number_of_messages_not_visible")),
    Meaning("in_flight", 1, ("aws_sqs_approximate_number_of_messages_not_visible_average",)),
    Meaning("delayed", 1, ("ApproximateNumberOfMessagesDelayed", "aws_sqs_approximate_number_of_messages_delayed_average")),
    Meaning("oldest_age_s", 1, ("ApproximateAgeOfOldestMessage", "aws_sqs_approximate_age_of_oldest_message")),
    Meaning("oldest_age_s", 1, ("aws_sqs_approximate_age_of_oldest_message_maximum",)),
    Meaning("oldest_age_s", 1, ("aws_sqs_approximate_age_of_oldest_message_average",)),
    # Kafka, RabbitMQ
    Meaning("queue_depth", 1, ("kafka_consumergroup_lag", "kafka_consumer_group_lag", "kafka_consumer_records_lag")),
    Meaning("queue_depth", 1, ("kafka.consumer_group.lag", "kafka_consumergroup_group_lag", "kafka_consumergroup_lag_sum")),
    Meaning("oldest_age_s", 1, ("kafka_consumergroup_group_lag_seconds",)),
    Meaning("workers", 1, ("kafka_consumergroup_members", "kafka.consumer_group.members")),
    Meaning("queue_depth", 1, ("rabbitmq_queue_messages_ready", "rabbitmq_detailed_queue_messages_ready")),
    Meaning("in_flight", 1, ("rabbitmq_queue_messages_unacked", "rabbitmq_detailed_queue_messages_unacked")),
    Meaning("workers", 1, ("rabbitmq_queue_consumers", "rabbitmq_detailed_queue_consumers")),
    Meaning("retries", 1, ("rabbitmq_global_messages_redelivered_total",)),
    Meaning("dead_letters", 1, ("rabbitmq_queue_messages_dead_lettered",)),
    # Temporal: only names that state their unit, since its SDKs differ in it
    Meaning("wait", 1, ("temporal_workflow_task_schedule_to_start_latency_seconds",)),
    Meaning("wait", 1, ("temporal_activity_schedule_to_start_latency_seconds",)),
    Meaning("wait", MS, ("temporal_workflow_task_schedule_to_start_latency_milliseconds",)),
    Meaning("wait", MS, ("temporal_activity_schedule_to_start_latency_milliseconds",)),
    Meaning("processing", 1, ("temporal_activity_execution_latency_seconds",)),
    Meaning("processing", MS, ("temporal_activity_execution_latency_milliseconds",)),
    Meaning("workers_free", 1, ("temporal_worker_task_slots_available",)),
    Meaning("workers_busy", 1, ("temporal_worker_task_slots_used",)),
    Meaning("failed", 1, ("temporal_activity_execution_failed", "temporal_activity_execution_failed_total")),
    Meaning("queue_depth", 1, ("approximate_backlog_count", "temporal_cloud_v1_approximate_backlog_count")),
    Meaning("oldest_age_s", 1, ("approximate_backlog_age_seconds",)),
    # KEDA, Kubernetes
    Meaning("scaler_value", 1, ("keda_scaler_metrics_value",)),
    Meaning("failed", 1, ("keda_scaler_errors_total", "keda_scaler_detail_errors_total")),
    Meaning("replicas", 1, ("kube_deployment_status_replicas", "kube_horizontalpodautoscaler_status_current_replicas")),
    Meaning("replicas_wanted", 1, ("kube_deployment_spec_replicas", "kube_horizontalpodautoscaler_status_desired_replicas")),
    # OpenTelemetry: messaging, generative AI, databases
    Meaning("processing", 1, ("messaging.process.duration", "messaging_process_duration_seconds")),
    Meaning("arrivals", 1, ("messaging.client.sent.messages", "messaging_client_sent_messages_total")),
    Meaning("completed", 1, ("messaging.client.consumed.messages", "messaging_client_consumed_messages_total")),
    Meaning("latency", 1, ("gen_ai.client.operation.duration", "gen_ai_client_operation_duration_seconds")),
    Meaning("latency", 1, ("gen_ai.client.inference.duration", "gen_ai_client_inference_duration_seconds")),
    Meaning("latency", 1, ("gen_ai.server.request.duration", "gen_ai_server_request_duration_seconds")),
    Meaning("ttft", 1, ("gen_ai.server.time_to_first_token", "gen_ai_server_time_to_first_token_seconds")),
    Meaning("ttft", 1, ("gen_ai.client.operation.time_to_first_chunk", "gen_ai.client.inference.time_to_first_chunk")),
    Meaning("tpot", 1, ("gen_ai.server.time_per_output_token", "gen_ai_server_time_per_output_token_seconds")),
    Meaning("tpot", 1, ("gen_ai.client.operation.time_per_output_chunk", "gen_ai.client.inference.time_per_output_chunk")),
    Meaning("tool_latency", 1, ("gen_ai.execute_tool.duration", "gen_ai_execute_tool_duration_seconds")),
    Meaning("tokens_input", 1, ("gen_ai.client.inference.usage.input_tokens",)),
    Meaning("tokens_output", 1, ("gen_ai.client.inference.usage.output_tokens",)),
    Meaning("tokens_cache_read", 1, ("gen_ai.client.inference.usage.cache_read.input_tokens",)),
    Meaning("tokens_cache_write", 1, ("gen_ai.client.inference.usage.cache_write.input_tokens",)),
    Meaning("tokens_reasoning", 1, ("gen_ai.client.inference.usage.reasoning.output_tokens",)),
    Meaning("tokens_per_request_input", 1, ("gen_ai.client.inference.operation.input_tokens",)),
    Meaning("tokens_per_request_output", 1, ("gen_ai.client.inference.operation.output_tokens",)),
    Meaning("vector_search", 1, ("db.client.operation.duration", "db_client_operation_duration_seconds")),
    Meaning("db_connections", 1, ("db.client.connection.count", "db_client_connections_usage", "pg_stat_activity_count")),
    # coding agents
    Meaning("reported_cost_usd", 1, ("claude_code.cost.usage", "claude_code_cost_usage_USD_total")),
    Meaning("sessions", 1, ("claude_code.session.count", "claude_code_session_count_total")),
    Meaning("active_time", 1, ("claude_code.active_time.total", "claude_code_active_time_seconds_total")),
)

_GEN_AI = {"input": "tokens_input", "output": "tokens_output", "completion": "tokens_output"}
_CLAUDE = {
    **{"input": "tokens_input_uncached", "output": "tokens_output"},
    **{"cacheRead": "tokens_cache_read", "cacheCreation": "tokens_cache_write"},
}
_CODEX = {
    **{"input": "tokens_input", "output": "tokens_output"},
    **{"cached_input": "tokens_cache_read", "reasoning_output": "tokens_reasoning"},
}

SPLITS: tuple[Split, ...] = (
    Split(("claude_code.token.usage", "claude_code_token_usage_tokens_total", "claude_code_token_usage_total"), "type", _CLAUDE),
    Split(("codex.turn.token_usage", "codex_turn_token_usage"), "token_type", _CODEX),
    Split(("gen_ai.client.token.usage", "gen_ai_client_token_usage_tokens"), "gen_ai.token.type", _GEN_AI),
    Split(("gen_ai_client_token_usage",), "gen_ai_token_type", _GEN_AI),
)

UNIT_SCALES: dict[str, tuple[str, float]] = {
    **{"s": ("s", 1), "ms": ("s", MS), "us": ("s", US), "ns": ("s", NS), "min": ("s", 60), "h": ("s", 3600)},
    **{"%": ("share of 1", PERCENT), "1": ("share of 1", 1)},
    **{"By": ("bytes", 1), "KiBy": ("bytes", 1024), "MiBy": ("bytes", MIB), "GiBy": ("bytes", MIB * 1024)},
    **{"J": ("J", 1), "mJ": ("J", MILLI), "kWh": ("J", 3.6e6), "W": ("W", 1), "mW": ("W", MILLI)},
}
"""What an OTLP metric's own unit says: it goes before the table where both speak of the same dimension."""

QUEUE_LABELS = (
    *("queue", "queue_name", "QueueName", "dimension_QueueName", "topic", "task_queue", "messaging.destination.name"),
    *("messaging_destination_name", "scaledObject", "deployment"),
)
"""Labels that name a queue: the first of them is also given as `queue`."""
