-- bridge_tokens: a time's priced tokens by owner, model and class, with what they cost at list price; with $by_day also by day (UTC) and provider.
SELECT
    u.tenant, u.agent, u.workflow, u.currency, u.model, u.token_class,
    CASE WHEN CAST($by_day AS BOOLEAN) THEN u.call_day END AS day,
    CASE WHEN CAST($by_day AS BOOLEAN) THEN u.provider END AS provider,
    CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
    CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
FROM fct_usage u
WHERE u.token_class IS NOT NULL AND u.currency IS NOT NULL AND u.model IS NOT NULL
    AND u.business_day >= CAST($first AS DATE) AND u.business_day < CAST($end AS DATE)
GROUP BY
    u.tenant, u.agent, u.workflow, u.currency, u.model, u.token_class,
    CASE WHEN CAST($by_day AS BOOLEAN) THEN u.call_day END, CASE WHEN CAST($by_day AS BOOLEAN) THEN u.provider END
HAVING sum(u.tokens) > 0
ORDER BY u.tenant, u.agent, u.workflow, u.currency, u.model, u.token_class, day, provider NULLS LAST
