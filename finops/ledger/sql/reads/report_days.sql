-- report_days: what each day cost, and how much of it is estimated, idle, on metered capacity, or nobody's.
WITH capacity AS (
    SELECT DISTINCT c.rule
    FROM fct_cost c
    WHERE c.method = 'idle'
)
SELECT
    c.business_day AS day,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(CASE WHEN c.basis = 'estimated' THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS estimated,
    CAST(sum(CASE WHEN c.method = 'idle' THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS idle,
    CAST(sum(CASE WHEN k.rule IS NOT NULL THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS capacity,
    CAST(sum(CASE WHEN c.method IN ('left', 'untagged', 'unexplained') THEN c.effective ELSE 0 END) AS DECIMAL(38, 12)) AS unallocated
FROM (
    SELECT f.business_day, f.currency, f.basis, f.method, f.rule, CASE WHEN list_contains($billed_only, f.currency) THEN coalesce(f.effective, f.billed) ELSE f.effective END AS effective
    FROM fct_cost f
) c
LEFT JOIN capacity k ON k.rule = c.rule
WHERE c.currency = $currency AND c.business_day <= CAST($as_of AS DATE) AND c.effective IS NOT NULL
GROUP BY c.business_day
ORDER BY c.business_day
