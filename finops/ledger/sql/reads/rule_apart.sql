-- rule_apart: rules whose pools were shared in a month without what owners have in another currency, because a day of that has no rate.
WITH pool AS (
    SELECT DISTINCT date_trunc('month', a.charge_day) AS month, a.rule, a.currency
    FROM fct_allocation a
    WHERE a.method IN ('shared', 'left') AND a.rule IS NOT NULL
),
spent AS (
    SELECT DISTINCT date_trunc('month', a.charge_day) AS month, a.charge_day, a.currency
    FROM fct_allocation a
    WHERE a.method IN ('direct', 'metered') AND a.tenant <> '__untagged__'
)
SELECT strftime(p.month, '%Y-%m') AS period, p.rule, p.currency, s.currency AS other, count(*) AS days
FROM pool p
JOIN spent s ON s.month = p.month AND s.currency <> p.currency
LEFT JOIN shared_exchange x ON x.day = s.charge_day AND x.billed = s.currency AND x.told = p.currency
WHERE x.weight IS NULL AND ($month IS NULL OR strftime(p.month, '%Y-%m') = $month) AND ($currency IS NULL OR p.currency = $currency)
GROUP BY p.month, p.rule, p.currency, s.currency
ORDER BY period, p.rule, p.currency, other
