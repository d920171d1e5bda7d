-- stg_charge: each billing line with its kind, its owner and the rule that places it; what a line is, is said in `charge_macros`.
-- grain: (batch_id, part_row)
-- slice: charge_day
-- as: view
WITH line AS (
    SELECT
        c.*,
        CAST(c."ChargePeriodStart" AS DATE) AS charge_day,
        month_of(c."ChargePeriodStart") AS charge_month,
        coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS provider,
        coalesce(
            c."x_Model", c."SkuPriceDetails"['ModelId'], c."SkuPriceDetails"['x_ModelId'], c."SkuPriceDetails"['model']
        ) AS model_raw,
        charge_instance_type(c."x_InstanceType", c."SkuPriceDetails", c."SkuMeter", c."SkuId") AS instance_type,
        lower(coalesce(c."SkuPriceDetails"['TokenDirection'], c."SkuPriceDetails"['x_TokenDirection'])) AS token_direction,
        lower(coalesce(
            c."SkuPriceDetails"['TokenCacheAction'], c."SkuPriceDetails"['CacheAction'],
            c."SkuPriceDetails"['x_TokenCacheAction'], c."SkuPriceDetails"['x_CacheAction']
        )) AS cache_action,
        {{charge_tenant}} AS named_tenant,
        {{charge_agent}} AS named_agent,
        {{charge_workflow}} AS named_workflow
    FROM charge c
    LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
    LEFT JOIN account_owner sub
        ON sub.account = c."SubAccountId"
        AND CAST(c."ChargePeriodStart" AS DATE) >= sub.valid_from AND CAST(c."ChargePeriodStart" AS DATE) < sub.valid_to
    LEFT JOIN account_owner acc
        ON acc.account = c."BillingAccountId"
        AND CAST(c."ChargePeriodStart" AS DATE) >= acc.valid_from AND CAST(c."ChargePeriodStart" AS DATE) < acc.valid_to
    WHERE CAST(c."ChargePeriodStart" AS DATE) IN (SELECT d.charge_day FROM dirty_charge_day d)
),
classified AS (
    SELECT
        l.*,
        coalesce(m.model, l.model_raw) AS model,
        CASE
            WHEN l."x_TokenClass" IS NOT NULL THEN lower(l."x_TokenClass")
            WHEN l.token_direction = 'output' THEN 'output'
            WHEN l.token_direction = 'input' AND l.cache_action = 'read' THEN 'cache_read'
            WHEN l.token_direction = 'input' AND l.cache_action = 'write' THEN 'cache_write'
            WHEN l.token_direction = 'input' AND l.cache_action IN ('uncached', 'none') THEN 'input_uncached'
            WHEN l.token_direction = 'input' THEN 'input'
        END AS token_class,
        charge_purchase_option(
            l."CommitmentDiscountStatus", l."CapacityReservationStatus", l."ChargeCategory", l."CommitmentDiscountId",
            l."PricingCategory", l."SkuMeter", l."ChargeDescription"
        ) AS purchase_option,
        cp.provider IS NOT NULL AS provider_has_calls,
        coalesce(mr.has_gpu, mi.has_gpu, mn.has_gpu, FALSE) AS metered_gpu,
        coalesce(mr.resource, mi.resource, mn.resource) AS metered_resource,
        sl.layer AS service_layer
    FROM line l
    LEFT JOIN stg_service_layer sl
        ON sl.category = coalesce(l."ServiceCategory", '') AND sl.subcategory = coalesce(l."ServiceSubcategory", '')
        AND sl.service = coalesce(l."ServiceName", '') AND sl.meter = coalesce(l."SkuMeter", '')
    LEFT JOIN model_alias m
        ON m.provider_raw = coalesce(l."ServiceProviderName", '') AND m.model_raw = l.model_raw
    LEFT JOIN stg_called_provider cp ON cp.charge_month = l.charge_month AND cp.provider = l.provider
    LEFT JOIN stg_metered_resource mr ON mr.charge_month = l.charge_month AND mr.resource = l."ResourceId"
    LEFT JOIN stg_metered_name mi
        ON mi.charge_month = l.charge_month AND mi.name = lower(split_part(l."ResourceId", '/', -1))
        AND (mi.path IS NULL OR mi.path = lower(l."ResourceId"))
    LEFT JOIN stg_metered_name mn
        ON mn.charge_month = l.charge_month AND mn.name = lower(split_part(l."ResourceName", '/', -1)) AND mn.path IS NULL
),
matched AS (
    SELECT
        k.*,
        {{charge_rule}} AS user_rule,
        {{charge_rules}} AS fits,
        coalesce(
            {{charge_layer}},
            CASE WHEN k.model IS NOT NULL OR k.token_class IS NOT NULL OR k.metered_gpu OR has_gpu(k.instance_type) THEN 'ai_compute' END,
            k.service_layer,
            'other'
        ) AS layer,
        CASE
            WHEN k.provider_has_calls AND (k.model IS NOT NULL OR k.provider NOT IN ('aws', 'azure', 'gcp')) THEN 'api-models'
            WHEN k.metered_gpu THEN 'gpu-hours'
            WHEN k.metered_resource IS NOT NULL THEN 'cpu-hours'
        END AS builtin_rule
    FROM classified k
),
placed AS (
    SELECT
        x.*,
        r.rule AS rule_matched,
        r.method AS rule_method,
        coalesce(r.owner_tenant, r.owner_agent, r.owner_workflow) IS NOT NULL AS owner_by_rule,
        r.owner_tenant,
        r.owner_agent,
        r.owner_workflow,
        x.named_agent IS NOT NULL OR x.named_workflow IS NOT NULL AS names_worker
    FROM matched x
    LEFT JOIN allocation_rule r ON r.rule = coalesce(x.user_rule, x.builtin_rule)
)
SELECT
    p.batch_id,
    p.part_row,
    p.charge_day,
    p.charge_month,
    business_day(p."ChargePeriodStart") AS business_day,
    date_trunc('hour', p."ChargePeriodStart") AS charge_hour,
    CASE
        WHEN p."ChargePeriodEnd" <= p."ChargePeriodStart" + INTERVAL 1 HOUR THEN 0
        WHEN p."ChargePeriodEnd" > p."ChargePeriodStart" + INTERVAL 25 HOUR THEN 2
        ELSE 1
    END AS span_level,
    CASE
        WHEN p."ChargePeriodEnd" > p."ChargePeriodStart" + INTERVAL 32 DAY THEN 'longer'
        WHEN p."ChargePeriodEnd" > p."ChargePeriodStart" + INTERVAL 25 HOUR THEN 'month'
        ELSE 'day'
    END AS span,
    CAST(coalesce(p."ChargePeriodEnd", p."ChargePeriodStart") - INTERVAL 1 MICROSECOND AS DATE) AS last_day,
    billing_month_of(p."BillingPeriodStart") AS billing_month,
    p."InvoiceId" AS invoice,
    p."InvoiceIssuerName" AS issuer,
    p."BillingAccountId" AS account,
    p."SubAccountId" AS subaccount,
    p."BillingCurrency" AS currency,
    p."ChargeCategory" AS category,
    p.provider,
    p."ServiceName" AS service,
    p.layer,
    p."RegionId" AS region,
    coalesce(p."SkuId", p."SkuPriceId") AS sku,
    coalesce(p.metered_resource, p."ResourceId") AS resource,
    p.instance_type,
    p.purchase_option,
    p.model,
    p.token_class,
    p."ChargeCategory" IS DISTINCT FROM 'Usage'
        OR p."ChargeClass" IS NOT DISTINCT FROM 'Correction'
        OR p."ChargeFrequency" IS NOT DISTINCT FROM 'One-Time' AS one_off,
    CASE
        WHEN p.owner_by_rule AND p.rule_method = 'direct' THEN 'direct'
        WHEN p.names_worker THEN 'direct'
        WHEN p.rule_method = 'metered' THEN 'metered'
        WHEN p.named_tenant IS NOT NULL THEN 'direct'
        WHEN p.rule_method = 'shared' THEN 'shared'
        ELSE 'untagged'
    END AS method,
    CASE
        WHEN p.owner_by_rule AND p.rule_method = 'direct' THEN p.rule_matched
        WHEN p.names_worker THEN 'named-owner'
        WHEN p.rule_method = 'metered' THEN p.rule_matched
        WHEN p.named_tenant IS NOT NULL THEN 'named-owner'
        WHEN p.rule_method = 'shared' THEN p.rule_matched
        ELSE 'no-rule'
    END AS rule,
    CASE WHEN p.owner_by_rule AND p.rule_method = 'direct' THEN p.owner_tenant ELSE p.named_tenant END AS tenant,
    CASE WHEN p.owner_by_rule AND p.rule_method = 'direct' THEN p.owner_agent ELSE p.named_agent END AS agent,
    CASE WHEN p.owner_by_rule AND p.rule_method = 'direct' THEN p.owner_workflow ELSE p.named_workflow END AS workflow,
    p.fits,
    p.builtin_rule,
    p.names_worker,
    p.named_tenant IS NOT NULL AS names_tenant,
    charge_hours(p."ChargeCategory", p."ConsumedUnit", p."ConsumedQuantity", p."PricingUnit", p."PricingQuantity") AS hours,
    p."BilledCost" AS billed,
    p."EffectiveCost" AS effective,
    p."ListCost" AS list,
    p."ContractedCost" AS contracted
FROM placed p
