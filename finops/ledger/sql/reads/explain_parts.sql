-- explain_parts: the cost of an owner or a model by the rule and the driver that put it there.
SELECT
    c.tenant, c.agent, c.workflow, c.basis, c.method, c.rule, c.provider, c.service,
    coalesce(c.model, c.instance_type) AS what,
    c.currency,
    CAST(sum(c.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS effective,
    CAST(sum(c.list) AS DECIMAL(38, 12)) AS list,
    CAST(sum(c.contracted) AS DECIMAL(38, 12)) AS contracted
FROM fct_cost c
WHERE CASE $dimension WHEN 'agent' THEN c.agent WHEN 'tenant' THEN c.tenant WHEN 'model' THEN c.model ELSE c.workflow END = $owner
    AND ($month IS NULL OR strftime(c.billing_month, '%Y-%m') = $month)
GROUP BY c.tenant, c.agent, c.workflow, c.basis, c.method, c.rule, c.provider, c.service, coalesce(c.model, c.instance_type), c.currency
ORDER BY c.currency, billed DESC NULLS LAST, c.tenant, c.agent, c.workflow, c.basis, c.method, c.rule, c.provider NULLS LAST,
    c.service NULLS LAST, what NULLS LAST
