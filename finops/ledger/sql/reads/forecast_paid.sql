-- forecast_paid: what was paid for a model's tokens on a day, by what the calls of the day cost at list price.
SELECT p.provider, p.model, p.day, CAST(p.paid / u.list_cost AS DOUBLE) AS rate
FROM (
    SELECT c.provider, c.model, c.currency, c.business_day AS day, CAST(sum(coalesce(c.effective, c.billed)) AS DOUBLE) AS paid
    FROM fct_cost c
    WHERE list_contains($models, c.model) AND c.basis = 'billed' AND c.business_day BETWEEN CAST($since AS DATE) AND CAST($reach AS DATE)
    GROUP BY c.provider, c.model, c.currency, c.business_day
) p
JOIN (
    SELECT s.provider, s.model, s.currency, s.business_day AS day, CAST(sum(s.list_cost) AS DOUBLE) AS list_cost
    FROM fct_usage s
    WHERE s.token_class IS NOT NULL AND list_contains($models, s.model)
        AND s.business_day BETWEEN CAST($since AS DATE) AND CAST($reach AS DATE)
    GROUP BY s.provider, s.model, s.currency, s.business_day
) u ON u.provider = p.provider AND u.model = p.model AND u.currency = p.currency AND u.day = p.day
WHERE u.list_cost > 0
ORDER BY p.provider, p.model, p.day
