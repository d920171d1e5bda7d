-- mart_agent_day: what each agent cost and did on each business day.
-- grain: (day, tenant, agent, workflow, currency)
-- keeps: sum(cost) = sum(fct_cost.effective) by (currency, tenant)
-- keeps: sum(billed) = sum(fct_cost.billed) by (currency, tenant)
-- slice: business_day
WITH main AS (
    SELECT coalesce((SELECT min(c.currency) AS currency FROM fct_cost c), 'USD') AS currency
),
part AS (
    SELECT
        c.business_day AS day, c.tenant, c.agent, c.workflow, c.currency,
        c.effective AS cost,
        c.billed,
        CAST(NULL AS DECIMAL(38, 12)) AS list_cost,
        0 AS runs, 0 AS accepted, 0 AS refused, 0 AS unknown, 0 AS calls, 0 AS failed_calls, 0 AS retries, 0 AS unpriced_calls,
        0 AS input_tokens, 0 AS output_tokens, 0 AS cache_read_tokens
    FROM fct_cost c
    WHERE {{cost_of_days}}
    UNION ALL
    SELECT
        r.run_day AS day, r.tenant, r.agent, r.workflow, coalesce(r.currency, m.currency) AS currency,
        CAST(NULL AS DECIMAL(38, 12)) AS cost,
        CAST(NULL AS DECIMAL(38, 12)) AS billed,
        CAST(NULL AS DECIMAL(38, 12)) AS list_cost,
        1 AS runs,
        CASE WHEN r.accepted THEN 1 ELSE 0 END AS accepted,
        CASE WHEN NOT r.accepted THEN 1 ELSE 0 END AS refused,
        CASE WHEN r.accepted IS NULL THEN 1 ELSE 0 END AS unknown,
        0 AS calls, 0 AS failed_calls, 0 AS retries, 0 AS unpriced_calls, 0 AS input_tokens, 0 AS output_tokens, 0 AS cache_read_tokens
    FROM fct_run r
    CROSS JOIN main m
    WHERE {{runs_of_days}}
    UNION ALL
    SELECT
        business_day(k.start_time) AS day, k.tenant, k.agent, k.workflow, coalesce(k.currency, m.currency) AS currency,
        CAST(NULL AS DECIMAL(38, 12)) AS cost,
        CAST(NULL AS DECIMAL(38, 12)) AS billed,
        CAST(k.list_cost * CAST(k.sampling_weight AS DECIMAL(18, 6)) AS DECIMAL(38, 12)) AS list_cost,
        0 AS runs, 0 AS accepted, 0 AS refused, 0 AS unknown,
        1 AS calls,
        CASE WHEN k.status = 'error' THEN 1 ELSE 0 END AS failed_calls,
        CASE WHEN k.attempt > 1 THEN 1 ELSE 0 END AS retries,
        CASE WHEN k.unpriced THEN 1 ELSE 0 END AS unpriced_calls,
        k.input_tokens,
        coalesce(k.output, 0) + coalesce(k.audio_output, 0) + coalesce(k.image_output, 0) AS output_tokens,
        coalesce(k.cache_read, 0) AS cache_read_tokens
    FROM fct_call k
    CROSS JOIN main m
    WHERE k.counted AND {{calls_of_days}}
)
SELECT
    p.day, p.tenant, p.agent, p.workflow, p.currency,
    CAST(sum(p.cost) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(p.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(p.list_cost) AS DECIMAL(38, 12)) AS list_cost,
    CAST(sum(p.runs) AS BIGINT) AS runs,
    CAST(sum(p.accepted) AS BIGINT) AS accepted,
    CAST(sum(p.refused) AS BIGINT) AS refused,
    CAST(sum(p.unknown) AS BIGINT) AS unknown,
    CAST(sum(p.calls) AS BIGINT) AS calls,
    CAST(sum(p.failed_calls) AS BIGINT) AS failed_calls,
    CAST(sum(p.retries) AS BIGINT) AS retries,
    CAST(sum(p.unpriced_calls) AS BIGINT) AS unpriced_calls,
    CAST(sum(p.input_tokens) AS BIGINT) AS input_tokens,
    CAST(sum(p.output_tokens) AS BIGINT) AS output_tokens,
    CAST(sum(p.cache_read_tokens) AS BIGINT) AS cache_read_tokens
FROM part p
GROUP BY p.day, p.tenant, p.agent, p.workflow, p.currency
