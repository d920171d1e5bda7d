-- volatility_tokens: tokens and their list cost by day, owner, model and class.
SELECT
    u.call_day AS day, u.tenant, u.agent, u.workflow, u.model, u.provider, u.token_class, u.currency,
    CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
    CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
FROM fct_usage u
WHERE u.token_class IS NOT NULL AND u.model IS NOT NULL AND u.currency IS NOT NULL AND u.list_cost IS NOT NULL
    AND u.call_day >= CAST($first AS DATE) AND u.call_day < CAST($end AS DATE)
GROUP BY u.call_day, u.tenant, u.agent, u.workflow, u.model, u.provider, u.token_class, u.currency
ORDER BY u.currency, u.tenant, u.agent, u.workflow, u.model, u.provider, u.token_class, day
