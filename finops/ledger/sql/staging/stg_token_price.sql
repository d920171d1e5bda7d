-- stg_token_price: token prices as disjoint bands of the request's input tokens.
-- grain: (batch, provider, model, token_class, service_tier, valid_from, tod_from, min_input_tokens)
-- slice: none
SELECT
    p.batch, p.provider, p.model, p.token_class, p.service_tier,
    coalesce(p.valid_from, TIMESTAMP '0001-01-01 00:00:00') AS valid_from,
    coalesce(p.valid_to, TIMESTAMP '9999-01-01 00:00:00') AS valid_to,
    coalesce(p.tod_from, TIME '00:00:00') AS tod_from,
    p.tod_to,
    p.min_input_tokens,
    coalesce(
        lead(p.min_input_tokens) OVER (
            PARTITION BY p.batch, p.provider, p.model, p.token_class, p.service_tier, p.valid_from, p.tod_from ORDER BY p.min_input_tokens
        ),
        9223372036854775807
    ) AS below_input_tokens,
    p.price, p.currency
FROM price_token p
WHERE p.variant = ''
