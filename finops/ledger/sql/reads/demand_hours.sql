-- demand_hours: requests to models and their tokens by hour and model of a workflow, each call with the number of calls that it stands for.
SELECT
    date_trunc('hour', c.start_time) AS hour,
    c.model,
    CAST(sum(CAST(c.sampling_weight AS DECIMAL(18, 6))) AS DECIMAL(38, 6)) AS requests,
    CAST(sum(c.output * CAST(c.sampling_weight AS DECIMAL(18, 6))) AS DECIMAL(38, 6)) AS output_tokens
FROM fct_call c
WHERE c.counted
    AND c.call_day >= CAST($first AS DATE) - INTERVAL 1 DAY AND c.call_day <= CAST($end AS DATE)
    AND c.start_time >= CAST($first AS DATE) AND c.start_time < CAST($end AS DATE)
    AND c.workflow = $workflow
    AND c.operation NOT IN ('tool', 'retrieval', 'embeddings')
    AND c.model IS NOT NULL
GROUP BY date_trunc('hour', c.start_time), c.model
ORDER BY date_trunc('hour', c.start_time), c.model
