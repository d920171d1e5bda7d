-- sources_billed: what the charges of each billing month add up to, per issuer, account and currency: what an invoice's total is checked with.
-- With `by_row`, a row each for every charge.
SELECT
    strftime(date_trunc('month', c."BillingPeriodStart" + INTERVAL 12 HOUR), '%Y-%m') AS period,
    coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS provider,
    c."InvoiceIssuerName" AS issuer, c."BillingAccountId" AS account, c."BillingCurrency" AS currency,
    CASE WHEN CAST($by_row AS BOOLEAN) THEN c.batch_id END AS batch_id, CASE WHEN CAST($by_row AS BOOLEAN) THEN c.part_row END AS line,
    CAST(sum(c."BilledCost") AS DECIMAL(38, 12)) AS billed
FROM charge c
LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
WHERE ($month IS NULL OR strftime(date_trunc('month', c."BillingPeriodStart" + INTERVAL 12 HOUR), '%Y-%m') = $month)
    AND ($currency IS NULL OR c."BillingCurrency" = $currency)
GROUP BY ALL
ORDER BY ALL
