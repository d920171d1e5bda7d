-- stg_charge: billing lines that are alike with their kind, owner and the rule that places them; what a line is, is said in `charge_macros`.
-- slice: charge_day
-- as: view
WITH line AS (
    SELECT
        c.*,
        month_of(c.charge_day) AS charge_month,
        coalesce(a.provider, lower(trim(c."ServiceProviderName")), lower(trim(c."InvoiceIssuerName"))) AS provider,
        charge_instance_type(c.given_type, CAST(NULL AS MAP(VARCHAR, VARCHAR)), c."SkuMeter", c."SkuId") AS instance_type,
        {{charge_owners}}
    FROM stg_alike c
    LEFT JOIN provider_alias a ON a.alias = lower(trim(coalesce(c."ServiceProviderName", c."InvoiceIssuerName")))
    LEFT JOIN account_owner sub
        ON sub.account = c."SubAccountId" AND c.charge_day >= sub.valid_from AND c.charge_day < sub.valid_to
    LEFT JOIN account_owner acc
        ON acc.account = c."BillingAccountId" AND c.charge_day >= acc.valid_from AND c.charge_day < acc.valid_to
),
classified AS (
    SELECT
        l.*,
        coalesce(m.model, l.model_raw) AS model,
        CASE
            WHEN l.given_class IS NOT NULL THEN l.given_class
            WHEN l.token_direction = 'output' THEN 'output'
            WHEN l.token_direction = 'input' AND l.cache_action = 'read' THEN 'cache_read'
            WHEN l.token_direction = 'input' AND l.cache_action = 'write' THEN 'cache_write'
            WHEN l.token_direction = 'input' AND l.cache_action IN ('uncached', 'none') THEN 'input_uncached'
            WHEN l.token_direction = 'input' THEN 'input'
        END AS token_class,
        charge_purchase_option(
            l."CommitmentDiscountStatus", l."CapacityReservationStatus", l."ChargeCategory", l.commitment,
            l."PricingCategory", l."SkuMeter", l.description
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
    LEFT JOIN stg_metered_resource mr ON mr.charge_month = l.charge_month AND mr.resource = l.resource
    LEFT JOIN stg_metered_name mi
        ON mi.charge_month = l.charge_month AND mi.name = lower(split_part(l.resource, '/', -1))
        AND (mi.path IS NULL OR mi.path = lower(l.resource))
    LEFT JOIN stg_metered_name mn
        ON mn.charge_month = l.charge_month AND mn.name = lower(split_part(l.resource_name, '/', -1)) AND mn.path IS NULL
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
    p.business_day,
    p.charge_hour,
    p.span_level,
    p.span,
    p.last_day,
    p.billing_month,
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
    coalesce(p.metered_resource, p.resource) AS resource,
    p.instance_type,
    p.purchase_option,
    p.model,
    p.token_class,
    p.one_off,
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
    p.sign,
    p.charges,
    p.hours,
    p.billed,
    p.effective,
    p.list,
    p.contracted
FROM placed p
