-- volatility_cost: effective cost by day, owner and model, what comes once left out.
SELECT
    c.charge_day AS day, c.tenant, c.agent, c.workflow, c.model, c.currency,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost
FROM fct_cost c
WHERE NOT c.one_off AND c.effective IS NOT NULL
    AND c.charge_day >= CAST($first AS DATE) AND c.charge_day < CAST($end AS DATE)
    AND ($currency IS NULL OR c.currency = $currency)
GROUP BY c.charge_day, c.tenant, c.agent, c.workflow, c.model, c.currency
ORDER BY c.currency, c.tenant, c.agent, c.workflow, c.model NULLS LAST, day
