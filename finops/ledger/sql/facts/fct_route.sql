-- fct_route: how many model calls of a day that count each kind of source has seen; all traces are one kind. Calls of which several
-- kinds have a record stand under all their names (`codex+otlp_logs`).
-- grain: (call_day, provider, model, route)
-- slice: trace_day
WITH seen AS (
    SELECT r.best AS row_key, string_agg(DISTINCT a.route, '+' ORDER BY a.route) AS route
    FROM stg_repeat r
    JOIN stg_answer a ON a.row_key = r.row_key
    GROUP BY r.best
),
routed AS (
    SELECT
        c.call_day, c.provider, c.model,
        coalesce(
            e.route, CASE WHEN c.source IN ('otlp', 'otlp_proto') THEN 'traces' ELSE coalesce(c.source, 'traces') END
        ) AS route
    FROM fct_call c
    JOIN stg_span s ON s.call_key = c.call_key
    LEFT JOIN seen e ON e.row_key = s.row_key
    WHERE c.counted AND c.operation IN ('inference', 'embeddings') AND c.input_tokens + coalesce(c.output, 0) > 0
        AND c.call_day IN (SELECT d.call_day FROM dirty_call_day d)
)
SELECT r.call_day, r.provider, r.model, r.route, CAST(count(*) AS BIGINT) AS calls
FROM routed r
GROUP BY r.call_day, r.provider, r.model, r.route
