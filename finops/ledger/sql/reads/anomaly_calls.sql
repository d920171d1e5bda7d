-- anomaly_calls: an agent's model and tool calls by day and tenant, those that say how they ended, and those that failed.
SELECT
    c.call_day AS day, c.tenant, c.agent,
    count(CASE WHEN c.operation IN ('inference', 'embeddings') THEN 1 END) AS model_calls,
    count(c.status) AS with_status,
    count(CASE WHEN c.status = 'error' THEN 1 END) AS failed
FROM fct_call c
WHERE c.counted AND c.operation IN ('inference', 'embeddings', 'tool', 'retrieval')
    AND c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
GROUP BY c.call_day, c.tenant, c.agent
ORDER BY day, c.tenant, c.agent
