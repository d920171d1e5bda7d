-- unattributed_calls: counted calls without an owner by cause, in all months or a business month.
SELECT
    u.dimension, u.cause, u.detail, u.source, u.currency,
    CAST(sum(u.calls) AS BIGINT) AS calls,
    CAST(sum(u.tokens) AS BIGINT) AS tokens,
    CAST(sum(u.unpriced_calls) AS BIGINT) AS unpriced_calls,
    CAST(sum(u.list_cost) AS DECIMAL(38, 12)) AS list_cost
FROM fct_unattributed u
WHERE ($first IS NULL OR u.business_day >= CAST($first AS DATE)) AND ($end IS NULL OR u.business_day < CAST($end AS DATE))
GROUP BY u.dimension, u.cause, u.detail, u.source, u.currency
ORDER BY u.dimension, calls DESC, u.cause, u.detail NULLS LAST, u.source NULLS LAST, u.currency NULLS LAST
