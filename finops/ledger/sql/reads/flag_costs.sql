-- flag_costs: what each agent cost in each workflow, and how much of it follows priced model calls.
SELECT
    c.workflow, c.agent,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(CASE WHEN c.model IS NOT NULL THEN c.effective END) AS DECIMAL(38, 12)) AS model_cost,
    CAST(sum(CASE WHEN c.basis = 'estimated' THEN c.effective END) AS DECIMAL(38, 12)) AS estimated
FROM fct_cost c
WHERE c.currency = $currency AND c.business_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
GROUP BY c.workflow, c.agent
ORDER BY c.workflow, c.agent
