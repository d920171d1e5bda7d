-- spot_spells: the hours in which a machine was billed as spot, one row for each hour or longer charge, by machine and start.
WITH line AS (
    SELECT
        coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS provider,
        c."RegionId" AS region,
        charge_instance_type(c."x_InstanceType", c."SkuPriceDetails", c."SkuMeter", c."SkuId") AS instance_type,
        c."ResourceId" AS resource,
        c."ChargePeriodStart" AS started,
        coalesce(c."ChargePeriodEnd", c."ChargePeriodStart" + INTERVAL 1 HOUR) AS ended,
        charge_hours(
            c."ChargeCategory", c."ConsumedUnit", c."ConsumedQuantity", c."PricingUnit", c."PricingQuantity"
        ) AS hours
    FROM charge c
    LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
    WHERE c."ChargePeriodStart" < CAST($end AS DATE)
        AND c."ChargeCategory" = 'Usage'
        AND c."ChargeClass" IS DISTINCT FROM 'Correction'
        AND c."ResourceId" IS NOT NULL
        AND charge_purchase_option(
            c."CommitmentDiscountStatus", c."CapacityReservationStatus", c."ChargeCategory", c."CommitmentDiscountId",
            c."PricingCategory", c."SkuMeter", c."ChargeDescription"
        ) = 'spot'
)
SELECT
    n.provider, n.region, n.instance_type, n.resource, n.started, n.ended,
    CAST(max(n.hours) AS DECIMAL(38, 12)) AS hours
FROM line n
WHERE n.instance_type IS NOT NULL AND n.ended > n.started AND n.hours > 0
GROUP BY n.provider, n.region, n.instance_type, n.resource, n.started, n.ended
ORDER BY n.provider NULLS LAST, n.region NULLS LAST, n.instance_type, n.resource, n.started, n.ended
