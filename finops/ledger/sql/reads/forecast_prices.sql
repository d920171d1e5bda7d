-- forecast_prices: the standard list prices of the models in use, each from the day it is in force; a month's prices are those of its batch, later months have the last one's.
WITH used AS (
    SELECT DISTINCT u.provider, u.model, u.token_class FROM fct_usage u
    WHERE u.token_class IS NOT NULL AND u.model IS NOT NULL AND u.business_day BETWEEN CAST($since AS DATE) AND CAST($until AS DATE)
),
batch AS (
    SELECT m.batch,
        CASE WHEN row_number() OVER (ORDER BY m.call_month) = 1 THEN DATE '0001-01-01' ELSE m.call_month END AS first,
        coalesce(lead(m.call_month) OVER (ORDER BY m.call_month), DATE '9999-01-01') AS after
    FROM price_month m
),
price AS (
    SELECT p.batch, p.provider, p.model, p.token_class, p.price,
        CAST(coalesce(p.valid_from, TIMESTAMP '0001-01-01 00:00:00') AS DATE) AS first,
        CAST(coalesce(p.valid_to, TIMESTAMP '9999-01-01 00:00:00') AS DATE) AS after
    FROM price_token p
    WHERE p.variant = '' AND p.service_tier = 'standard' AND p.min_input_tokens = 0
        AND coalesce(p.tod_from, TIME '00:00:00') = TIME '00:00:00'
)
SELECT u.provider, u.model, u.token_class, greatest(b.first, p.first) AS day, CAST(max(p.price) AS DOUBLE) AS price
FROM used u
JOIN price p ON p.provider = u.provider AND p.model = u.model AND p.token_class = u.token_class
JOIN batch b ON b.batch = p.batch AND b.first < p.after AND p.first < b.after
WHERE least(b.after, p.after) > CAST($since AS DATE) AND greatest(b.first, p.first) <= CAST($until AS DATE)
GROUP BY u.provider, u.model, u.token_class, greatest(b.first, p.first)
ORDER BY u.provider, u.model, u.token_class, day
