-- explain_estimates: cost of an owner or a model that no bill has yet, with the calls or hours and the prices behind it.
SELECT
    e.charge_day, e.service, e.model, e.instance_type, e.token_class, e.tenant, e.agent, e.workflow, e.method, e.rule, e.currency,
    b.batch AS prices, e.billed, e.effective, e.list, e.contracted
FROM fct_estimate e
LEFT JOIN price_month b ON b.call_month = e.billing_month AND e.model IS NOT NULL
WHERE CASE $dimension WHEN 'agent' THEN e.agent WHEN 'tenant' THEN e.tenant WHEN 'model' THEN e.model ELSE e.workflow END = $owner
    AND ($month IS NULL OR strftime(e.billing_month, '%Y-%m') = $month)
ORDER BY e.charge_day, e.service, e.model NULLS LAST, e.instance_type NULLS LAST, e.token_class NULLS LAST, e.tenant, e.agent, e.workflow,
    e.account NULLS LAST, e.region NULLS LAST
