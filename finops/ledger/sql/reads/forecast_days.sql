-- forecast_days: daily effective cost of every finest owner, without one-off rows, as far as the business date.
SELECT
    c.currency, c.tenant, c.agent, c.workflow, c.provider, c.account, c.model, c.region,
    c.charge_day AS day,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost,
    max(CASE WHEN c.basis = 'estimated' THEN 1 ELSE 0 END) AS estimated
FROM fct_cost c
WHERE NOT c.one_off AND c.charge_day >= CAST($since AS DATE) AND c.charge_day <= CAST($as_of AS DATE)
    AND (CAST($currency AS VARCHAR) IS NULL OR c.currency = $currency)
GROUP BY c.currency, c.tenant, c.agent, c.workflow, c.provider, c.account, c.model, c.region, c.charge_day
ORDER BY
    c.currency, c.tenant, c.agent, c.workflow, c.provider NULLS LAST, c.account NULLS LAST, c.model NULLS LAST, c.region NULLS LAST,
    c.charge_day
