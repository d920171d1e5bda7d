-- fct_route: how many model calls of a day each kind of source brought that count; all traces are one kind.
-- grain: (call_day, provider, model, route)
-- slice: trace_day
SELECT
    c.call_day, c.provider, c.model,
    CASE WHEN c.source IN ('otlp', 'otlp_proto') THEN 'traces' ELSE coalesce(c.source, 'traces') END AS route,
    CAST(count(*) AS BIGINT) AS calls
FROM fct_call c
WHERE c.counted AND c.operation IN ('inference', 'embeddings') AND c.input_tokens + coalesce(c.output, 0) > 0
    AND c.call_day IN (SELECT d.call_day FROM dirty_call_day d)
GROUP BY c.call_day, c.provider, c.model, CASE WHEN c.source IN ('otlp', 'otlp_proto') THEN 'traces' ELSE coalesce(c.source, 'traces') END
