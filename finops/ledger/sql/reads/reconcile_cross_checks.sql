-- reconcile_cross_checks: what AWS Cost Explorer says beside what was billed, per month, linked account and currency. No invoice.
WITH told AS (
    SELECT
        strftime(i.billing_period, '%Y-%m') AS period, i.detail AS account, i.currency, i.billed, i.status, i.issuer,
        row_number() OVER (PARTITION BY i.billing_period, i.detail, i.currency ORDER BY i.batch_id DESC, i.part_row) AS place
    FROM invoice i
    WHERE lower(i.status) LIKE 'cross-check%'
),
said AS (SELECT * FROM told WHERE place = 1),
billed AS (
    SELECT
        strftime(date_trunc('month', c.BillingPeriodStart + INTERVAL 12 HOUR), '%Y-%m') AS period,
        c.SubAccountId AS account, c.BillingCurrency AS currency,
        CAST(sum(c.BilledCost) AS DECIMAL(38, 12)) AS billed
    FROM charge c
    WHERE lower(c.ServiceProviderName) LIKE 'aws%' OR lower(c.ServiceProviderName) LIKE 'amazon%'
    GROUP BY 1, 2, 3
),
pair AS (
    SELECT s.period, s.account, s.currency, s.billed AS said, NULL AS billed, s.status, s.issuer FROM said s
    UNION ALL
    SELECT b.period, b.account, b.currency, NULL, b.billed, NULL, NULL FROM billed b
)
SELECT
    p.period, p.account, p.currency,
    CAST(sum(p.said) AS DECIMAL(38, 12)) AS said,
    CAST(sum(p.billed) AS DECIMAL(38, 12)) AS billed,
    max(p.status) AS status,
    max(p.issuer) AS source
FROM pair p
WHERE p.period IN (SELECT s.period FROM said s)
    AND ($month IS NULL OR p.period = $month) AND ($currency IS NULL OR p.currency = $currency)
GROUP BY 1, 2, 3
ORDER BY 1, 3, 2
