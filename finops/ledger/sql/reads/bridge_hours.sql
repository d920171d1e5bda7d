-- bridge_hours: hours that a time's charges bought, by place, with what they cost.
SELECT
    p.currency, p.region, p.instance_type, p.purchase_option,
    CAST(sum(p.hours) AS DECIMAL(38, 12)) AS hours,
    CAST(sum(p.effective) AS DECIMAL(38, 12)) AS cost
FROM fct_pool p
WHERE p.hours > 0 AND p.category = 'Usage' AND NOT p.one_off AND p.instance_type IS NOT NULL
    AND p.business_day >= CAST($first AS DATE) AND p.business_day < CAST($end AS DATE)
GROUP BY p.currency, p.region, p.instance_type, p.purchase_option
HAVING sum(p.effective) > 0
ORDER BY
    p.currency, p.region NULLS LAST, p.instance_type NULLS LAST, p.purchase_option NULLS LAST
