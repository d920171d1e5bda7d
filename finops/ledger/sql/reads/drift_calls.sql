-- drift_calls: calls of each agent, tenant, workflow or prompt route (by $by) by day in classes of what may drift: models, prompt routes and versions, lengths and costs in half powers of two, and how long retrieval took; with what they cost at list price.
WITH own AS (
    SELECT
        c.call_day,
        CASE $by WHEN 'tenant' THEN c.tenant WHEN 'workflow' THEN c.workflow WHEN 'route' THEN c.prompt_route ELSE c.agent END AS name,
        c.operation, c.model, c.prompt_route, c.prompt_version, c.currency,
        c.input_tokens, c.output,
        CAST(c.list_cost * CAST(c.sampling_weight AS DECIMAL(18, 6)) AS DECIMAL(38, 12)) AS cost,
        CAST(c.list_cost * 1000000000 AS DECIMAL(38, 0)) AS nano,
        date_diff('millisecond', c.start_time, c.end_time) AS ms
    FROM fct_call c
    WHERE c.counted AND c.status IS DISTINCT FROM 'error' AND c.operation IN ('inference', 'retrieval')
        AND c.call_day >= CAST($first AS DATE) AND c.call_day < CAST($end AS DATE)
),
classed AS (
    SELECT o.call_day, o.name, 'model_mix' AS what, o.model AS class, o.currency, o.cost FROM own o
    WHERE o.operation = 'inference' AND o.model IS NOT NULL
    UNION ALL
    SELECT o.call_day, o.name, 'prompt', coalesce(o.prompt_route, '') || '@' || coalesce(o.prompt_version, ''), o.currency, o.cost FROM own o
    WHERE o.operation = 'inference' AND (o.prompt_route IS NOT NULL OR o.prompt_version IS NOT NULL)
    UNION ALL
    SELECT o.call_day, o.name, 'input_tokens', CAST(CAST(floor(2 * log2(o.input_tokens)) AS INTEGER) AS VARCHAR), o.currency, o.cost FROM own o
    WHERE o.operation = 'inference' AND o.input_tokens > 0
    UNION ALL
    SELECT o.call_day, o.name, 'output_tokens', CAST(CAST(floor(2 * log2(o.output)) AS INTEGER) AS VARCHAR), o.currency, o.cost FROM own o
    WHERE o.operation = 'inference' AND o.output > 0
    UNION ALL
    SELECT o.call_day, o.name, 'cost_per_call', CAST(CAST(floor(2 * log2(o.nano)) AS INTEGER) AS VARCHAR), o.currency, o.cost FROM own o
    WHERE o.operation = 'inference' AND o.nano > 0
    UNION ALL
    SELECT o.call_day, o.name, 'retrieval_latency', CAST(CAST(floor(2 * log2(o.ms + 1)) AS INTEGER) AS VARCHAR), CAST(NULL AS VARCHAR), CAST(NULL AS DECIMAL(38, 12)) FROM own o
    WHERE o.operation = 'retrieval' AND o.ms >= 0
)
SELECT
    d.call_day AS day, d.name, d.what, d.class, max(d.currency) AS currency, count(*) AS calls,
    count(d.cost) AS priced, CAST(sum(d.cost) AS DECIMAL(38, 12)) AS cost
FROM classed d
WHERE d.name IS NOT NULL
GROUP BY d.call_day, d.name, d.what, d.class
ORDER BY d.name, d.what, day, d.class
