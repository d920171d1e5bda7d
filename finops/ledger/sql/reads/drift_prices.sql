-- drift_prices: what a token of a class cost at list price on a day, by model; a change between days on which it was one price is a change of price.
SELECT
    u.call_day AS day, u.provider, u.model, u.token_class, u.currency,
    CAST(sum(u.tokens) AS DECIMAL(38, 12)) AS tokens,
    CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
FROM fct_usage u
WHERE u.token_class IS NOT NULL AND u.model IS NOT NULL AND u.currency IS NOT NULL AND u.tokens > 0 AND u.list_cost IS NOT NULL
    AND u.call_day >= CAST($first AS DATE) AND u.call_day < CAST($end AS DATE)
GROUP BY u.call_day, u.provider, u.model, u.token_class, u.currency
ORDER BY u.provider NULLS LAST, u.model, u.token_class, u.currency, day
