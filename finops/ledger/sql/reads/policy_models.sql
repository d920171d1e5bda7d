-- policy_models: the models that calls named, with their price of one token in force on the day `at` ($at).
WITH seen AS (
    SELECT provider, model, count(*) AS calls
    FROM fct_call
    WHERE counted AND operation IN ('inference', 'embeddings') AND model IS NOT NULL AND provider IS NOT NULL
    GROUP BY provider, model
),
price AS (
    SELECT provider, model, token_class, min_input_tokens, max(price) AS price, max(currency) AS currency, max(batch) AS batch
    FROM price_token
    WHERE service_tier = 'standard' AND variant = ''
        AND (valid_from IS NULL OR valid_from <= CAST($at AS TIMESTAMP)) AND (valid_to IS NULL OR valid_to > CAST($at AS TIMESTAMP))
    GROUP BY provider, model, token_class, min_input_tokens
)
SELECT
    coalesce(seen.provider, price.provider) AS provider,
    coalesce(seen.model, price.model) AS model,
    coalesce(seen.calls, 0) AS calls,
    price.token_class, price.min_input_tokens, price.price, price.currency, price.batch
FROM seen
FULL JOIN price ON price.provider = seen.provider AND price.model = seen.model
WHERE seen.model IS NOT NULL OR list_contains($targets, price.model)
ORDER BY 1, 2, 4, 5
