-- stg_call_price: the tokens of each counted call by class, at the price of its own time, tier and size; null where no price is known.
-- grain: (row_key, token_class)
-- slice: none
WITH tier AS (
    SELECT DISTINCT p.batch, p.provider, p.model, p.service_tier FROM stg_token_price p
),
used AS (
    SELECT
        c.row_key, c.start_time, c.input_tokens, c.price_provider, c.model, b.batch, t.token_class,
        coalesce(k.service_tier, 'standard') AS service_tier,
        CASE t.token_class
            WHEN 'input_uncached' THEN c.input_uncached
            WHEN 'cache_read' THEN c.cache_read
            WHEN 'cache_write_5m' THEN c.cache_write_5m
            WHEN 'cache_write_1h' THEN c.cache_write_1h
            WHEN 'output' THEN c.output
            WHEN 'audio_input' THEN c.audio_input
            WHEN 'audio_output' THEN c.audio_output
            WHEN 'image_input' THEN c.image_input
            WHEN 'image_output' THEN c.image_output
        END AS tokens
    FROM stg_call c
    CROSS JOIN token_class t
    LEFT JOIN price_month b ON b.call_month = month_of(c.call_day)
    LEFT JOIN tier k ON k.batch = b.batch AND k.provider = c.price_provider AND k.model = c.model AND k.service_tier = c.service_tier
    WHERE c.counted AND c.has_tokens AND {{piece_of_c}}
)
SELECT
    u.row_key, u.token_class, u.batch, u.tokens, p.price, p.currency,
    CAST(u.tokens * p.price AS DECIMAL(38, 18)) AS amount
FROM used u
LEFT JOIN stg_token_price p
    ON p.batch = u.batch AND p.provider = u.price_provider AND p.model = u.model AND p.token_class = u.token_class
    AND p.service_tier = u.service_tier
    AND p.valid_from <= u.start_time AND u.start_time < p.valid_to
    AND p.tod_from <= CAST(u.start_time AS TIME) AND (p.tod_to IS NULL OR CAST(u.start_time AS TIME) < p.tod_to)
    AND p.min_input_tokens <= u.input_tokens AND u.input_tokens < p.below_input_tokens
WHERE u.tokens > 0
