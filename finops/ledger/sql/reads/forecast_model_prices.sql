-- forecast_model_prices: the standard list prices of these models on a day, by provider; `place` orders the providers, that of the model `like` first.
WITH batch AS (
    SELECT m.batch FROM price_month m WHERE m.call_month <= CAST($day AS DATE) ORDER BY m.call_month DESC LIMIT 1
),
price AS (
    SELECT p.provider, p.model, p.token_class, max(p.price) AS price
    FROM price_token p
    WHERE p.batch IN (SELECT b.batch FROM batch b) AND p.variant = '' AND p.service_tier = 'standard' AND p.min_input_tokens = 0
        AND coalesce(p.valid_from, TIMESTAMP '0001-01-01 00:00:00') <= CAST($day AS TIMESTAMP)
        AND CAST($day AS TIMESTAMP) < coalesce(p.valid_to, TIMESTAMP '9999-01-01 00:00:00')
    GROUP BY p.provider, p.model, p.token_class
),
seen AS (
    SELECT u.provider, u.model, count(*) AS days FROM fct_usage u GROUP BY u.provider, u.model
)
SELECT p.provider, p.model, p.token_class, p.price,
    dense_rank() OVER (
        ORDER BY
            coalesce(s.days, 0) DESC,
            CASE WHEN p.provider IN (SELECT l.provider FROM seen l WHERE l.model = $like) THEN 0 ELSE 1 END,
            p.provider, p.model
    ) AS place
FROM price p
LEFT JOIN seen s ON s.provider = p.provider AND s.model = p.model
WHERE list_contains($models, p.model)
ORDER BY p.provider, p.model, p.token_class
