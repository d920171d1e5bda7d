-- explain_prices: the standard prices of a model's text tokens in force on a day, by the batch that prices its month, per million; where the month of the day has none, the one before.
SELECT
    p.provider, p.token_class, p.service_tier, p.min_input_tokens, p.currency,
    CAST(p.price * 1000000 AS DECIMAL(38, 12)) AS per_million,
    p.as_of, p.source
FROM price_token p
WHERE p.variant = '' AND p.model = $model AND p.service_tier = 'standard'
    AND p.token_class IN ('input_uncached', 'cache_read', 'cache_write_5m', 'output')
    AND p.batch IN (SELECT m.batch FROM price_month m WHERE m.call_month <= CAST($as_of AS DATE) ORDER BY m.call_month DESC LIMIT 1)
    AND coalesce(p.valid_from, TIMESTAMP '0001-01-01 00:00:00') <= CAST($as_of AS TIMESTAMP)
    AND CAST($as_of AS TIMESTAMP) < coalesce(p.valid_to, TIMESTAMP '9999-01-01 00:00:00')
ORDER BY p.provider, p.service_tier, p.token_class, p.min_input_tokens, p.tod_from NULLS FIRST, p.currency
