-- reconcile_controls: what the files of the ledger add up to, as text that no column type has rounded.
SELECT
    strftime(date_trunc('month', k.billing_period + INTERVAL 12 HOUR), '%Y-%m') AS period,
    k.issuer, k.account, k.currency, k.source_total, k.rounding
FROM control k
JOIN batch b ON b.batch_id = k.batch_id
WHERE b.superseded_by IS NULL
