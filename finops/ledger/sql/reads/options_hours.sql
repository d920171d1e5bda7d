-- options_hours: by day, the instance hours of usage with how they were bought and what they cost; the rest of the cost has no place.
SELECT
    CASE WHEN p.is_hours THEN p.day END AS day,
    p.period, p.currency,
    CASE WHEN p.is_hours THEN p.provider END AS provider,
    CASE WHEN p.is_hours THEN p.region END AS region,
    CASE WHEN p.is_hours THEN p.instance_type END AS instance_type,
    CASE WHEN p.is_hours THEN p.purchase_option END AS purchase_option,
    p.is_hours,
    CAST(sum(CASE WHEN p.is_hours THEN p.hours END) AS DECIMAL(38, 12)) AS hours,
    CAST(sum(p.effective) AS DECIMAL(38, 12)) AS cost,
    count(*) - count(p.effective) AS unknown
FROM (
    SELECT
        f.charge_day AS day,
        strftime(CASE WHEN $incurred THEN f.charge_month ELSE f.billing_month END, '%Y-%m') AS period,
        f.currency, f.provider, f.region, f.instance_type, f.purchase_option, f.hours, f.effective,
        f.category = 'Usage' AND NOT f.one_off AND f.instance_type IS NOT NULL AND coalesce(f.hours, 0) > 0 AS is_hours
    FROM fct_pool f
    WHERE $currency IS NULL OR f.currency = $currency
) p
WHERE p.period = $month
GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
ORDER BY 3, 8 DESC, 4 NULLS LAST, 5 NULLS LAST, 6 NULLS LAST, 7 NULLS LAST, 1
