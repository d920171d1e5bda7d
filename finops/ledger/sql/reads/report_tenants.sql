-- report_tenants: what each tenant cost in the period, leftovers under their own names.
SELECT c.tenant AS name, CAST(sum(CASE WHEN list_contains($billed_only, c.currency) THEN coalesce(c.effective, c.billed) ELSE c.effective END) AS DECIMAL(38, 12)) AS cost
FROM fct_cost c
WHERE c.currency = $currency AND c.business_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
GROUP BY c.tenant
ORDER BY cost DESC, name
