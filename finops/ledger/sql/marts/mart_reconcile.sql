-- mart_reconcile: the bill as it was read, as it is stored and as it is allocated, per month, issuer, account and currency.
-- grain: (billing_month, issuer, account, currency)
-- keeps: sum(allocated) = sum(fct_allocation.billed) by (billing_month, currency)
-- slice: none
WITH read AS (
    SELECT
        billing_month_of(k.billing_period) AS billing_month, k.issuer, k.account, k.currency,
        CAST(sum(TRY_CAST(k.source_total AS DECIMAL(38, 18))) AS DECIMAL(38, 18)) AS source_total,
        CAST(sum(TRY_CAST(k.rounding AS DECIMAL(38, 18))) AS DECIMAL(38, 18)) AS rounding,
        CAST(sum(k.stored) AS DECIMAL(38, 12)) AS stored
    FROM control k
    JOIN batch b ON b.batch_id = k.batch_id
    WHERE b.superseded_by IS NULL
    GROUP BY billing_month_of(k.billing_period), k.issuer, k.account, k.currency
),
placed AS (
    SELECT
        a.billing_month, a.issuer, a.account, a.currency,
        CAST(sum(a.billed) AS DECIMAL(38, 12)) AS allocated,
        CAST(sum(CASE WHEN a.method = 'direct' THEN a.billed ELSE 0 END) AS DECIMAL(38, 12)) AS direct,
        CAST(sum(CASE WHEN a.method = 'metered' THEN a.billed ELSE 0 END) AS DECIMAL(38, 12)) AS metered,
        CAST(sum(CASE WHEN a.method = 'shared' THEN a.billed ELSE 0 END) AS DECIMAL(38, 12)) AS shared,
        CAST(sum(CASE WHEN a.method = 'idle' THEN a.billed ELSE 0 END) AS DECIMAL(38, 12)) AS idle,
        CAST(sum(CASE WHEN a.method = 'left' THEN a.billed ELSE 0 END) AS DECIMAL(38, 12)) AS left_over,
        CAST(sum(CASE WHEN a.method = 'untagged' THEN a.billed ELSE 0 END) AS DECIMAL(38, 12)) AS untagged,
        CAST(sum(CASE WHEN a.method = 'unexplained' THEN a.billed ELSE 0 END) AS DECIMAL(38, 12)) AS unexplained
    FROM fct_allocation a
    GROUP BY a.billing_month, a.issuer, a.account, a.currency
),
estimated AS (
    SELECT
        e.billing_month, e.provider AS issuer, e.account, e.currency,
        CAST(sum(e.billed) AS DECIMAL(38, 12)) AS estimated
    FROM fct_estimate e
    GROUP BY e.billing_month, e.provider, e.account, e.currency
),
key AS (
    SELECT r.billing_month, r.issuer, r.account, r.currency FROM read r
    UNION
    SELECT p.billing_month, p.issuer, p.account, p.currency FROM placed p
    UNION
    SELECT e.billing_month, e.issuer, e.account, e.currency FROM estimated e
)
SELECT
    k.billing_month, k.issuer, k.account, k.currency,
    r.source_total, r.rounding, r.stored,
    p.allocated, p.direct, p.metered, p.shared, p.idle, p.left_over, p.untagged, p.unexplained,
    e.estimated
FROM key k
LEFT JOIN read r
    ON r.billing_month IS NOT DISTINCT FROM k.billing_month AND r.issuer IS NOT DISTINCT FROM k.issuer
    AND r.account IS NOT DISTINCT FROM k.account AND r.currency = k.currency
LEFT JOIN placed p
    ON p.billing_month IS NOT DISTINCT FROM k.billing_month AND p.issuer IS NOT DISTINCT FROM k.issuer
    AND p.account IS NOT DISTINCT FROM k.account AND p.currency = k.currency
LEFT JOIN estimated e
    ON e.billing_month IS NOT DISTINCT FROM k.billing_month AND e.issuer IS NOT DISTINCT FROM k.issuer
    AND e.account IS NOT DISTINCT FROM k.account AND e.currency = k.currency
