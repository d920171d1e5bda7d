-- stg_answer: the records of model calls, with the id of the answer under which other records may tell of the same call.
-- A record that knows the request alone (`request`) is given the id of the answer by one that knows both. `route` is the kind of
-- record: all traces are one kind. Tokens are counted whole, because not every kind of record knows what was cached.
-- grain: (row_key)
-- slice: none
WITH record AS (
    SELECT
        s.row_key, s.call_key, s.call_day, s.start_time, s.request, s.raw_model, s.provider_raw, s.account, s.has_tokens, s.cache_hit,
        CASE WHEN length(s.response) >= 8 THEN s.response END AS response,
        CASE WHEN s.source IN ('otlp', 'otlp_proto') THEN 'traces' ELSE coalesce(s.source, 'traces') END AS route,
        coalesce(s.input_uncached, 0) + coalesce(s.cache_read, 0) + coalesce(s.cache_write_5m, 0) + coalesce(s.cache_write_1h, 0)
            + coalesce(s.audio_input, 0) + coalesce(s.image_input, 0) AS input_tokens,
        coalesce(s.output, 0) + coalesce(s.audio_output, 0) + coalesce(s.image_output, 0) AS output_tokens,
        s.completeness
    FROM stg_span s
    LEFT JOIN stg_twin t ON t.row_key = s.row_key
    WHERE s.operation IN ('inference', 'embeddings') AND t.row_key IS NULL AND NOT s.is_copy
),
requested AS (
    SELECT r.row_key, min(k.response) AS response
    FROM record r
    JOIN record k ON k.request = r.response
    WHERE k.response IS NOT NULL
        AND k.start_time BETWEEN r.start_time - INTERVAL 6 HOUR AND r.start_time + INTERVAL 6 HOUR
    GROUP BY r.row_key
)
SELECT
    r.row_key, r.call_key, r.call_day, r.start_time, r.route, coalesce(q.response, r.response) AS answer, r.raw_model, r.provider_raw,
    r.account, r.has_tokens, r.cache_hit, r.input_tokens, r.output_tokens, r.completeness
FROM record r
LEFT JOIN requested q ON q.row_key = r.row_key
