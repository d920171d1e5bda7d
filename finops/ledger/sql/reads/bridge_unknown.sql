-- bridge_unknown: charges of a time that have no effective cost.
SELECT count(*) AS charges
FROM charge h
WHERE h."EffectiveCost" IS NULL
    AND h."ChargePeriodStart" >= CAST($first AS DATE) AND h."ChargePeriodStart" < CAST($end AS DATE)
