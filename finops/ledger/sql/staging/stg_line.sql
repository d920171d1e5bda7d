-- stg_line: each billing line with what decides what it is, whose it is and which rule places it, and no more of it.
-- Hours and resources are kept where a meter or a rule may ask for them, descriptions where they may tell of spot capacity, and of
-- what rules match by (`match_0`, ...) the values that a rule names: so that lines that come out alike are alike here already.
-- grain: (batch_id, part_row)
-- slice: charge_day
-- as: view
SELECT
    c.batch_id,
    c.part_row,
    c."ChargePeriodStart" AS begun,
    CAST(c."ChargePeriodStart" AS DATE) AS charge_day,
    business_day(c."ChargePeriodStart") AS business_day,
    CASE
        WHEN c."ChargePeriodEnd" <= c."ChargePeriodStart" + INTERVAL 1 HOUR AND ({{keeps_hour}}) THEN date_trunc('hour', c."ChargePeriodStart")
    END AS charge_hour,
    CASE
        WHEN c."ChargePeriodEnd" <= c."ChargePeriodStart" + INTERVAL 1 HOUR THEN 0
        WHEN c."ChargePeriodEnd" > c."ChargePeriodStart" + INTERVAL 25 HOUR THEN 2
        ELSE 1
    END AS span_level,
    CASE
        WHEN c."ChargePeriodEnd" > c."ChargePeriodStart" + INTERVAL 32 DAY THEN 'longer'
        WHEN c."ChargePeriodEnd" > c."ChargePeriodStart" + INTERVAL 25 HOUR THEN 'month'
        ELSE 'day'
    END AS span,
    CAST(coalesce(c."ChargePeriodEnd", c."ChargePeriodStart") - INTERVAL 1 MICROSECOND AS DATE) AS last_day,
    billing_month_of(c."BillingPeriodStart") AS billing_month,
    c."BillingAccountId", c."SubAccountId", c."BillingCurrency", c."InvoiceId", c."InvoiceIssuerName", c."ServiceProviderName",
    c."ServiceCategory", c."ServiceSubcategory", c."ServiceName", c."RegionId", c."SkuId", c."SkuPriceId", c."SkuMeter",
    c."ChargeCategory", c."PricingCategory", c."CommitmentDiscountStatus", c."CapacityReservationStatus",
    CASE WHEN c."CommitmentDiscountId" IS NOT NULL THEN 'some' END AS commitment,
    c."ChargeCategory" IS DISTINCT FROM 'Usage'
        OR c."ChargeClass" IS NOT DISTINCT FROM 'Correction'
        OR c."ChargeFrequency" IS NOT DISTINCT FROM 'One-Time' AS one_off,
    CASE
        WHEN contains(lower(c."SkuMeter"), 'spot') OR contains(lower(c."ChargeDescription"), 'spot')
            OR contains(lower(c."ChargeDescription"), 'preemptible')
            THEN c."ChargeDescription"
    END AS description,
    CASE
        WHEN ({{keeps_resource}}) OR c."ResourceId" IN (SELECT r.resource FROM stg_metered_resource r)
            OR lower(split_part(c."ResourceId", '/', -1)) IN (SELECT n.name FROM stg_metered_name n)
            THEN c."ResourceId"
    END AS resource,
    CASE WHEN lower(split_part(c."ResourceName", '/', -1)) IN (SELECT n.name FROM stg_metered_name n) THEN c."ResourceName" END AS resource_name,
    coalesce(c."x_InstanceType", c."SkuPriceDetails"['InstanceType'], c."SkuPriceDetails"['x_InstanceType']) AS given_type,
    coalesce(
        c."x_Model", c."SkuPriceDetails"['ModelId'], c."SkuPriceDetails"['x_ModelId'], c."SkuPriceDetails"['model']
    ) AS model_raw,
    lower(c."x_TokenClass") AS given_class,
    lower(coalesce(c."SkuPriceDetails"['TokenDirection'], c."SkuPriceDetails"['x_TokenDirection'])) AS token_direction,
    lower(coalesce(
        c."SkuPriceDetails"['TokenCacheAction'], c."SkuPriceDetails"['CacheAction'],
        c."SkuPriceDetails"['x_TokenCacheAction'], c."SkuPriceDetails"['x_CacheAction']
    )) AS cache_action,
    {{line_owners}},
    {{line_matches}}
    CAST(sign(coalesce(nullif(c."BilledCost", 0), c."EffectiveCost", 0)) AS INTEGER) AS sign,
    charge_hours(c."ChargeCategory", c."ConsumedUnit", c."ConsumedQuantity", c."PricingUnit", c."PricingQuantity") AS hours,
    c."BilledCost" AS billed,
    c."EffectiveCost" AS effective,
    c."ListCost" AS list,
    c."ContractedCost" AS contracted
FROM charge c
WHERE {{charge_within}}
