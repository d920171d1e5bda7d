-- traces_runs: the dearest runs of a period at list price, beside what is usual for their workflow (the middle of its runs that cost anything).
WITH metered AS (
    SELECT
        c.run_id,
        CAST(sum(c.input_tokens + coalesce(c.output, 0)) AS BIGINT) AS tokens,
        count(CASE WHEN c.operation IN ('inference', 'embeddings') THEN 1 END) AS model_calls,
        max(c.sampling_weight) AS weight
    FROM fct_call c
    WHERE c.counted
    GROUP BY c.run_id
),
own AS (
    SELECT
        r.run_id, r.workflow, r.agent, r.tenant, r.start_time, r.duration_ms, r.status, r.accepted, r.failed_calls, r.retries,
        r.unpriced_calls, r.list_cost, r.currency, m.model_calls, m.tokens, m.weight,
        row_number() OVER (PARTITION BY r.workflow, r.currency ORDER BY r.list_cost, r.run_id) AS nth_cost,
        row_number() OVER (PARTITION BY r.workflow, r.currency ORDER BY m.model_calls, r.run_id) AS nth_calls,
        row_number() OVER (PARTITION BY r.workflow, r.currency ORDER BY m.tokens, r.run_id) AS nth_tokens,
        count(*) OVER (PARTITION BY r.workflow, r.currency) AS runs
    FROM fct_run r
    JOIN metered m ON m.run_id = r.run_id
    WHERE r.list_cost > 0 AND r.run_day >= CAST($first AS DATE) AND r.run_day < CAST($end AS DATE)
        AND ($currency IS NULL OR r.currency = $currency)
),
usual AS (
    SELECT
        o.workflow, o.currency, max(o.runs) AS runs,
        max(CASE WHEN o.nth_cost = (o.runs + 1) // 2 THEN o.list_cost END) AS list_cost,
        max(CASE WHEN o.nth_calls = (o.runs + 1) // 2 THEN o.model_calls END) AS model_calls,
        max(CASE WHEN o.nth_tokens = (o.runs + 1) // 2 THEN o.tokens END) AS tokens
    FROM own o
    GROUP BY o.workflow, o.currency
)
SELECT
    o.run_id, o.workflow, o.agent, o.tenant, o.start_time, o.duration_ms, o.status, o.accepted, o.model_calls, o.tokens, o.failed_calls,
    o.retries, o.unpriced_calls, o.list_cost, o.currency, o.weight,
    u.runs AS usual_runs, u.list_cost AS usual_cost, u.model_calls AS usual_calls, u.tokens AS usual_tokens
FROM own o
JOIN usual u ON u.workflow = o.workflow AND u.currency = o.currency
WHERE ($workflow IS NULL OR o.workflow = $workflow) AND ($agent IS NULL OR o.agent = $agent) AND ($tenant IS NULL OR o.tenant = $tenant)
ORDER BY o.list_cost DESC, o.run_id
LIMIT CAST($top AS INTEGER)
