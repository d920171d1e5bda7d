-- forecast_one_off: purchases, taxes, credits and corrections of the month, spent by the business date or scheduled after it.
SELECT
    c.currency, c.tenant, c.agent, c.workflow, c.provider, c.account, c.model, c.region,
    CAST(sum(CASE WHEN c.charge_day <= CAST($as_of AS DATE) THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS spent,
    CAST(sum(CASE WHEN c.charge_day > CAST($as_of AS DATE) THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS scheduled
FROM fct_cost c
WHERE c.one_off AND c.charge_day >= CAST($first AS DATE) AND c.charge_day < CAST($end AS DATE)
    AND (CAST($currency AS VARCHAR) IS NULL OR c.currency = $currency)
GROUP BY c.currency, c.tenant, c.agent, c.workflow, c.provider, c.account, c.model, c.region
ORDER BY
    c.currency, c.tenant, c.agent, c.workflow, c.provider NULLS LAST, c.account NULLS LAST, c.model NULLS LAST, c.region NULLS LAST
