-- fct_usage: a day's counted calls by owner and model; rows with a token class carry tokens and list cost, the others calls.
-- grain: (call_day, business_day, provider, account, region, resource, model, service_tier, token_class, tenant, agent, workflow, currency)
-- slice: trace_day
SELECT
    c.call_day, business_day(c.start_time) AS business_day, c.provider, c.account, c.region, c.resource, c.model, c.service_tier,
    CAST(NULL AS VARCHAR) AS token_class,
    c.tenant, c.agent, c.workflow,
    c.currency,
    CAST(sum(c.sampling_weight) AS DECIMAL(38, 12)) AS calls,
    CAST(sum(CASE WHEN c.unpriced THEN c.sampling_weight ELSE 0 END) AS DECIMAL(38, 12)) AS unpriced_calls,
    CAST(NULL AS DECIMAL(38, 12)) AS tokens,
    CAST(NULL AS DECIMAL(38, 12)) AS list_cost
FROM fct_call c
WHERE c.counted AND c.call_day IN (SELECT d.call_day FROM dirty_call_day d)
GROUP BY
    c.call_day, business_day(c.start_time), c.provider, c.account, c.region, c.resource, c.model, c.service_tier, c.tenant, c.agent, c.workflow, c.currency
UNION ALL
SELECT
    c.call_day, business_day(c.start_time) AS business_day, c.provider, c.account, c.region, c.resource, c.model, c.service_tier,
    p.token_class,
    c.tenant, c.agent, c.workflow,
    p.currency,
    CAST(NULL AS DECIMAL(38, 12)) AS calls,
    CAST(NULL AS DECIMAL(38, 12)) AS unpriced_calls,
    CAST(sum(CAST(p.tokens AS DECIMAL(19, 0)) * CAST(c.sampling_weight AS DECIMAL(18, 6))) AS DECIMAL(38, 12)) AS tokens,
    CAST(sum(p.amount * CAST(c.sampling_weight AS DECIMAL(18, 6))) AS DECIMAL(38, 12)) AS list_cost
FROM stg_call_price p
JOIN stg_call c ON c.row_key = p.row_key
GROUP BY
    c.call_day, business_day(c.start_time), c.provider, c.account, c.region, c.resource, c.model, c.service_tier, p.token_class, c.tenant, c.agent, c.workflow,
    p.currency
