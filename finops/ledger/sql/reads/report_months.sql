-- report_months: what each month cost in each currency up to the business date.
SELECT
    c.currency,
    date_trunc('month', c.charge_day) AS month,
    min(c.charge_day) AS first_day,
    max(c.charge_day) AS last_day,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost
FROM fct_cost c
WHERE c.charge_day <= CAST($as_of AS DATE)
GROUP BY c.currency, date_trunc('month', c.charge_day)
ORDER BY c.currency, month
