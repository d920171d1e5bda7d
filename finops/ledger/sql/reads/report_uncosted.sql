-- report_uncosted: the period's charges that say no effective cost, and what was billed for them.
SELECT count(*) AS charges, CAST(sum(c."BilledCost") AS DECIMAL(38, 12)) AS billed
FROM charge c
WHERE c."EffectiveCost" IS NULL AND c."BillingCurrency" = $currency
    AND CAST(c."ChargePeriodStart" AS DATE) BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
