-- waste_cache: tokens by owner, model and class with what they cost at list price: what a prompt cache saved, its write premium taken off, and what fresh input costs.
SELECT
    u.tenant, u.agent, u.workflow, u.model, u.currency, u.token_class,
    CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
    CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
FROM fct_usage u
WHERE u.token_class IN ('input_uncached', 'cache_read', 'cache_write_5m', 'cache_write_1h')
    AND u.call_day >= CAST($first AS DATE) AND u.call_day < CAST($end AS DATE)
GROUP BY u.tenant, u.agent, u.workflow, u.model, u.currency, u.token_class
ORDER BY u.tenant, u.agent, u.workflow, u.model NULLS LAST, u.currency NULLS LAST, u.token_class
