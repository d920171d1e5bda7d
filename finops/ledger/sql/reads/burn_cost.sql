-- burn_cost: what the failed (errors) or slow (latency) calls of a scope, or of a service, agent or prompt route in it, cost at list price from one hour to another, and the runs that they happened in. Null in a scope is everything; a currency's cost is null where no call has a known one.
WITH bad AS (
    SELECT c.run_id, c.currency, c.list_cost, CAST(c.sampling_weight AS DECIMAL(18, 6)) AS weight
    FROM fct_call c
    WHERE c.counted AND c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
        AND date_diff('hour', CAST(CAST($first AS DATE) AS TIMESTAMP), c.start_time) BETWEEN $from_hour AND $last_hour
        AND c.operation IN ('inference', 'embeddings', 'retrieval', 'tool')
        AND ($operation IS NULL OR c.operation = $operation)
        AND ($tenant IS NULL OR c.tenant = $tenant)
        AND ($workflow IS NULL OR c.workflow = $workflow)
        AND ($agent IS NULL OR c.agent = $agent)
        AND ($model IS NULL OR c.model = $model)
        AND ($provider IS NULL OR c.provider = $provider)
        AND ($tool IS NULL OR c.tool = $tool)
        AND ($prompt_route IS NULL OR c.prompt_route = $prompt_route)
        AND ($part_workflow IS NULL OR c.workflow = $part_workflow)
        AND ($part_agent IS NULL OR c.agent = $part_agent)
        AND ($part_route IS NULL OR coalesce(c.prompt_route, c.tool) = $part_route)
        AND CASE
            WHEN $kind = 'errors' THEN c.status = 'error'
            ELSE date_diff('millisecond', c.start_time, c.end_time) > $latency_ms
        END
),
own AS (
    SELECT b.currency, CAST(sum(CAST(b.list_cost * b.weight AS DECIMAL(38, 12))) AS DECIMAL(38, 12)) AS cost
    FROM bad b
    WHERE b.list_cost IS NOT NULL AND b.currency IS NOT NULL
    GROUP BY b.currency
),
touched AS (
    SELECT b.run_id, max(b.weight) AS weight
    FROM bad b
    WHERE b.run_id IS NOT NULL
    GROUP BY b.run_id
),
runs AS (
    SELECT r.currency, CAST(sum(CAST(r.list_cost * t.weight AS DECIMAL(38, 12))) AS DECIMAL(38, 12)) AS cost
    FROM touched t
    JOIN fct_run r ON r.run_id = t.run_id
    WHERE r.list_cost IS NOT NULL AND r.currency IS NOT NULL
    GROUP BY r.currency
)
SELECT coalesce(o.currency, r.currency) AS currency, o.cost, r.cost AS runs_cost
FROM own o
FULL JOIN runs r ON r.currency = o.currency
ORDER BY 1
