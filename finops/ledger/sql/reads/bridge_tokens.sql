-- bridge_tokens: a time's priced tokens by owner, model and class, with what they cost at list price.
SELECT
    u.tenant, u.agent, u.workflow, u.currency, u.model, u.token_class,
    CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
    CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
FROM fct_usage u
WHERE u.token_class IS NOT NULL AND u.currency IS NOT NULL AND u.model IS NOT NULL
    AND u.business_day >= CAST($first AS DATE) AND u.business_day < CAST($end AS DATE)
GROUP BY u.tenant, u.agent, u.workflow, u.currency, u.model, u.token_class
HAVING sum(u.tokens) > 0
ORDER BY u.tenant, u.agent, u.workflow, u.currency, u.model, u.token_class
