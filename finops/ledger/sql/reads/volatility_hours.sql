-- volatility_hours: list cost of calls by hour, owner and model.
SELECT
    CAST(date_diff('hour', CAST(CAST($first AS DATE) AS TIMESTAMP), c.start_time) AS INTEGER) AS hour,
    c.tenant, c.agent, c.workflow, c.model, c.currency,
    CAST(sum(CAST(c.list_cost * CAST(c.sampling_weight AS DECIMAL(18, 6)) AS DECIMAL(38, 12))) AS DECIMAL(38, 12)) AS cost
FROM fct_call c
WHERE c.list_cost IS NOT NULL AND c.currency IS NOT NULL
    AND c.start_time >= CAST(CAST($first AS DATE) AS TIMESTAMP) AND c.start_time < CAST(CAST($end AS DATE) AS TIMESTAMP)
    AND ($currency IS NULL OR c.currency = $currency)
GROUP BY hour, c.tenant, c.agent, c.workflow, c.model, c.currency
ORDER BY c.currency, c.tenant, c.agent, c.workflow, c.model NULLS LAST, hour
