-- waste_capacity: what was paid for capacity that nobody used: idle hours of metered resources, and unused commitments that no rule had as idle.
SELECT 'idle' AS cause, c.service, c.region, c.instance_type, c.currency, CAST(sum(c.effective) AS DECIMAL(38, 12)) AS cost
FROM fct_cost c
WHERE c.agent = '__idle__' AND c.charge_day >= CAST($first AS DATE) AND c.charge_day < CAST($end AS DATE)
GROUP BY c.service, c.region, c.instance_type, c.currency
UNION ALL
SELECT
    'unused_commitment' AS cause, h."ServiceName" AS service, h."RegionId" AS region, CAST(NULL AS VARCHAR) AS instance_type,
    h."BillingCurrency" AS currency, CAST(sum(h."EffectiveCost") AS DECIMAL(38, 12)) AS cost
FROM charge h
WHERE h."CommitmentDiscountStatus" = 'Unused'
    AND h."ChargePeriodStart" >= CAST($first AS DATE) AND h."ChargePeriodStart" < CAST($end AS DATE)
GROUP BY h."ServiceName", h."RegionId", h."BillingCurrency"
ORDER BY cause, service, region NULLS LAST, instance_type NULLS LAST, currency
