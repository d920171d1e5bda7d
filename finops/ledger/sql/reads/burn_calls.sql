-- burn_calls: the calls of a scope by hour, agent and prompt route: how many say how they ended and failed, were timed and slow, and their list cost. Null in a scope is everything.
SELECT
    CAST(date_diff('hour', CAST(CAST($first AS DATE) AS TIMESTAMP), c.start_time) AS INTEGER) AS hour,
    c.workflow, c.agent, coalesce(c.prompt_route, c.tool) AS route, c.currency,
    CAST(sum(CASE WHEN c.status IS NOT NULL THEN w.weight ELSE 0 END) AS DECIMAL(38, 6)) AS told,
    CAST(sum(CASE WHEN c.status = 'error' THEN w.weight ELSE 0 END) AS DECIMAL(38, 6)) AS failed,
    CAST(sum(CASE WHEN c.end_time IS NOT NULL THEN w.weight ELSE 0 END) AS DECIMAL(38, 6)) AS timed,
    CAST(sum(CASE WHEN date_diff('millisecond', c.start_time, c.end_time) > $latency_ms THEN w.weight ELSE 0 END) AS DECIMAL(38, 6)) AS slow,
    CAST(sum(CAST(c.list_cost * w.weight AS DECIMAL(38, 12))) AS DECIMAL(38, 12)) AS cost
FROM fct_call c
JOIN (
    SELECT k.call_key, CAST(k.sampling_weight AS DECIMAL(18, 6)) AS weight
    FROM fct_call k
    WHERE k.call_day >= CAST($first AS DATE) AND k.call_day < CAST($end AS DATE)
) w ON w.call_key = c.call_key
WHERE c.counted AND c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
    AND c.operation IN ('inference', 'embeddings', 'retrieval', 'tool')
    AND ($operation IS NULL OR c.operation = $operation)
    AND ($tenant IS NULL OR c.tenant = $tenant)
    AND ($workflow IS NULL OR c.workflow = $workflow)
    AND ($agent IS NULL OR c.agent = $agent)
    AND ($model IS NULL OR c.model = $model)
    AND ($provider IS NULL OR c.provider = $provider)
    AND ($tool IS NULL OR c.tool = $tool)
    AND ($prompt_route IS NULL OR c.prompt_route = $prompt_route)
GROUP BY hour, c.workflow, c.agent, route, c.currency
ORDER BY hour, c.workflow, c.agent, route NULLS LAST, c.currency NULLS LAST
