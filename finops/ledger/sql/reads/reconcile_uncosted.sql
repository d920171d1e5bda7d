-- reconcile_uncosted: by currency, the charges of a billing month that say no effective cost.
SELECT c."BillingCurrency" AS currency, count(*) AS charges, CAST(sum(c."BilledCost") AS DECIMAL(38, 12)) AS billed
FROM charge c
WHERE c."EffectiveCost" IS NULL
    AND ($month IS NULL OR strftime(CAST(date_trunc('month', c."BillingPeriodStart" + INTERVAL 12 HOUR) AS DATE), '%Y-%m') = $month)
    AND ($currency IS NULL OR c."BillingCurrency" = $currency)
GROUP BY c."BillingCurrency"
ORDER BY c."BillingCurrency"
