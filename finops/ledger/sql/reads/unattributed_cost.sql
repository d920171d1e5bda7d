-- unattributed_cost: cost whose tenant, agent or workflow is not known, by what put it there; estimates beside bills.
WITH lacking AS (
    SELECT 'tenant' AS dimension, c.* FROM fct_cost c WHERE c.tenant = '__untagged__'
    UNION ALL
    SELECT 'agent' AS dimension, c.* FROM fct_cost c WHERE c.agent = '__untagged__'
    UNION ALL
    SELECT 'workflow' AS dimension, c.* FROM fct_cost c WHERE c.workflow = '__untagged__'
)
SELECT
    l.dimension, l.method, l.rule, CASE WHEN l.rule IN ('no-rule', 'named-owner') THEN coalesce(l.service, l.issuer) END AS service,
    l.basis, l.currency,
    CAST(sum(l.billed) AS DECIMAL(38, 12)) AS amount
FROM lacking l
WHERE ($month IS NULL OR strftime(l.billing_month, '%Y-%m') = $month) AND ($currency IS NULL OR l.currency = $currency)
GROUP BY ALL
HAVING sum(l.billed) IS NOT NULL
ORDER BY l.dimension, l.currency, abs(sum(l.billed)) DESC, l.method, l.rule, service NULLS LAST, l.basis
