-- commitments_hours: hours of instances, and of commitments that nobody used, by place, purchase option and the hours that a charge covers. With `by_line`, a row per charge.
WITH line AS (
    SELECT
        CASE WHEN CAST($by_line AS BOOLEAN) THEN c.batch_id END AS batch_id,
        CASE WHEN CAST($by_line AS BOOLEAN) THEN c.part_row END AS part_row,
        coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS provider,
        c."RegionId" AS region,
        charge_instance_type(c."x_InstanceType", c."SkuPriceDetails", c."SkuMeter", c."SkuId") AS instance_type,
        c."BillingCurrency" AS currency,
        charge_purchase_option(
            c."CommitmentDiscountStatus", c."CapacityReservationStatus", c."ChargeCategory", c."CommitmentDiscountId",
            c."PricingCategory", c."SkuMeter", c."ChargeDescription"
        ) AS purchase_option,
        date_trunc('hour', c."ChargePeriodStart") AS first_hour,
        date_trunc(
            'hour', greatest(coalesce(c."ChargePeriodEnd", c."ChargePeriodStart"), c."ChargePeriodStart" + INTERVAL 1 MICROSECOND)
            - INTERVAL 1 MICROSECOND
        ) + INTERVAL 1 HOUR AS end_hour,
        charge_hours(
            c."ChargeCategory", c."ConsumedUnit", c."ConsumedQuantity", c."PricingUnit", c."PricingQuantity"
        ) AS hours,
        c."ChargeCategory" AS category,
        c."EffectiveCost" AS effective,
        c."ListCost" AS list
    FROM charge c
    LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
    WHERE c."ChargePeriodStart" < CAST($end AS DATE)
        AND coalesce(c."ChargePeriodEnd", c."ChargePeriodStart" + INTERVAL 1 HOUR) > CAST($first AS DATE)
        AND c."ChargeClass" IS DISTINCT FROM 'Correction'
        AND c."ChargeFrequency" IS DISTINCT FROM 'One-Time'
        AND c."BilledCost" >= 0
)
SELECT
    n.provider, n.region, n.instance_type, n.currency, n.purchase_option, n.first_hour, n.end_hour, n.batch_id, n.part_row,
    CAST(sum(n.hours) AS DECIMAL(38, 12)) AS hours,
    CAST(sum(n.effective) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(n.list) AS DECIMAL(38, 12)) AS listed
FROM line n
WHERE n.purchase_option = 'commitment_unused' OR (n.category = 'Usage' AND n.instance_type IS NOT NULL AND n.hours IS NOT NULL)
GROUP BY n.provider, n.region, n.instance_type, n.currency, n.purchase_option, n.first_hour, n.end_hour, n.batch_id, n.part_row
ORDER BY
    n.currency, n.provider NULLS LAST, n.region NULLS LAST, n.instance_type NULLS LAST, n.purchase_option NULLS LAST,
    n.first_hour, n.end_hour, n.batch_id, n.part_row
