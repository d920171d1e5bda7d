-- reconcile: the bill as read, stored and allocated, per month, issuer, account and currency.
SELECT
    strftime(m.billing_month, '%Y-%m') AS period,
    m.issuer, m.account, m.currency, m.stored, m.allocated, m.direct, m.metered, m.shared, m.idle,
    m.left_over AS "left",
    m.untagged, m.unexplained, m.estimated
FROM mart_reconcile m
WHERE ($month IS NULL OR strftime(m.billing_month, '%Y-%m') = $month) AND ($currency IS NULL OR m.currency = $currency)
ORDER BY m.billing_month, m.issuer NULLS LAST, m.account NULLS LAST, m.currency
