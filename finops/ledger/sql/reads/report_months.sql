-- report_months: what each month cost in each currency up to the business date.
SELECT
    c.currency,
    date_trunc('month', c.business_day) AS month,
    min(c.business_day) AS first_day,
    max(c.business_day) AS last_day,
    count(DISTINCT c.business_day) AS spend_days,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost
FROM (SELECT f.currency, f.business_day, CASE WHEN list_contains($billed_only, f.currency) THEN coalesce(f.effective, f.billed) ELSE f.effective END AS effective FROM fct_cost f) c
WHERE c.business_day <= CAST($as_of AS DATE) AND c.effective IS NOT NULL
GROUP BY c.currency, date_trunc('month', c.business_day)
ORDER BY c.currency, month
