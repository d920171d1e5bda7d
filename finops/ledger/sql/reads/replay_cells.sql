-- replay_cells: calls to models of a workflow with their tokens by class, counted by quarter of an hour, model, band of input tokens (`edges`, ascending from 0) and the number of calls that each stands for.
WITH edge AS (
    SELECT e.at, coalesce(lead(e.at) OVER (ORDER BY e.at), 9223372036854775807) AS below
    FROM (SELECT unnest(CAST($edges AS BIGINT[])) AS at) e
)
SELECT
    time_bucket(INTERVAL 15 MINUTE, c.start_time) AS quarter,
    c.model, e.at AS band, c.sampling_weight AS weight, c.currency,
    count(*) AS calls,
    count(CASE WHEN c.unpriced THEN 1 END) AS unpriced,
    CAST(sum(c.list_cost) AS DECIMAL(38, 12)) AS list_cost,
    CAST(sum(c.input_uncached) AS BIGINT) AS input_uncached,
    CAST(sum(c.cache_read) AS BIGINT) AS cache_read,
    CAST(sum(c.cache_write_5m) AS BIGINT) AS cache_write_5m,
    CAST(sum(c.cache_write_1h) AS BIGINT) AS cache_write_1h,
    CAST(sum(c.output) AS BIGINT) AS output,
    CAST(sum(c.audio_input) AS BIGINT) AS audio_input,
    CAST(sum(c.audio_output) AS BIGINT) AS audio_output,
    CAST(sum(c.image_input) AS BIGINT) AS image_input,
    CAST(sum(c.image_output) AS BIGINT) AS image_output
FROM fct_call c
JOIN edge e ON coalesce(c.input_tokens, 0) >= e.at AND coalesce(c.input_tokens, 0) < e.below
WHERE c.counted
    AND c.start_time >= CAST($first AS DATE) AND c.start_time < CAST($end AS DATE)
    AND c.workflow = $workflow
    AND c.operation NOT IN ('tool', 'retrieval', 'embeddings')
    AND c.model IS NOT NULL
GROUP BY time_bucket(INTERVAL 15 MINUTE, c.start_time), c.model, e.at, c.sampling_weight, c.currency
ORDER BY time_bucket(INTERVAL 15 MINUTE, c.start_time), c.model, e.at, c.sampling_weight, c.currency NULLS LAST
