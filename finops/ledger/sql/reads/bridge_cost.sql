-- bridge_cost: a time's effective cost by owner, model and place; days are those of business.
SELECT
    c.tenant, c.agent, c.workflow, c.currency, c.model, c.region, c.instance_type, c.purchase_option, c.category,
    c.one_off,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(CASE WHEN c.basis = 'estimated' THEN c.effective END) AS DECIMAL(38, 12)) AS estimated
FROM fct_cost c
WHERE c.business_day >= CAST($first AS DATE) AND c.business_day < CAST($end AS DATE)
    AND ($currency IS NULL OR c.currency = $currency)
GROUP BY
    c.tenant, c.agent, c.workflow, c.currency, c.model, c.region, c.instance_type, c.purchase_option, c.category,
    c.one_off
HAVING sum(c.effective) IS NOT NULL
ORDER BY
    c.tenant, c.agent, c.workflow, c.currency, c.model NULLS LAST, c.region NULLS LAST, c.instance_type NULLS LAST, c.purchase_option NULLS LAST, c.category NULLS LAST, c.one_off
