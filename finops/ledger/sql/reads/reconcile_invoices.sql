-- reconcile_invoices: what issued invoices state, per month, issuer, account and currency. Of two versions of a line the later stands. With
-- `by_row`, a row each; of equal lines the first.
WITH line AS (
    SELECT
        i.issuer, i.account, i.currency, i.billing_period, i.invoice, i.detail, i.category, i.status, i.billed, i.updated,
        CASE WHEN i.detail IS NULL THEN i.batch_id END AS batch,
        CASE WHEN i.detail IS NULL THEN i.part_row END AS line_number,
        min({'batch': i.batch_id, 'line': i.part_row}) AS origin
    FROM invoice i
    GROUP BY ALL
),
newest AS (
    SELECT
        l.*,
        max(l.updated) OVER (PARTITION BY l.issuer, l.invoice, l.detail) AS last_updated
    FROM line l
)
SELECT
    strftime(date_trunc('month', n.billing_period + INTERVAL 12 HOUR), '%Y-%m') AS period,
    n.issuer, n.account, n.currency,
    CASE WHEN CAST($by_row AS BOOLEAN) THEN n.origin.batch END AS batch_id, CASE WHEN CAST($by_row AS BOOLEAN) THEN n.origin.line END AS line,
    CAST(sum(n.billed) AS DECIMAL(38, 12)) AS total
FROM newest n
WHERE (n.detail IS NULL OR n.updated IS NOT DISTINCT FROM n.last_updated)
    AND coalesce(lower(n.status), 'issued') NOT IN ('open', 'voided')
    AND coalesce(lower(n.status), '') NOT LIKE 'cross-check%'
    AND ($month IS NULL OR strftime(date_trunc('month', n.billing_period + INTERVAL 12 HOUR), '%Y-%m') = $month)
    AND ($currency IS NULL OR n.currency = $currency)
GROUP BY 1, 2, 3, 4, 5, 6
ORDER BY 1, 2, 3, 4, 5, 6
