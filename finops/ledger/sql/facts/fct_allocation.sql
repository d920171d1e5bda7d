-- fct_allocation: every pool on its owners, to the last digit, with the rule, the driver and the weight that put it there.
-- grain: (pool_id, tenant, agent, workflow)
-- keeps: sum(billed) = sum(fct_pool.billed) by (billing_month, issuer, invoice, account, currency)
-- keeps: sum(effective) = sum(fct_pool.effective) by (billing_month, issuer, invoice, account, currency)
-- keeps: sum(list) = sum(fct_pool.list) by (billing_month, issuer, invoice, account, currency)
-- keeps: sum(contracted) = sum(fct_pool.contracted) by (billing_month, issuer, invoice, account, currency)
-- slice: charge_day
WITH share AS (
    SELECT
        o.pool_id, o.tenant, o.agent, o.workflow, o.method, o.driver, o.quantity, o.weight, o.weight_total, o.billed, o.effective,
        o.list, o.contracted
    FROM stg_split_owned o
    WHERE NOT EXISTS (SELECT 1 AS one FROM stg_reshared m WHERE m.pool_id = o.pool_id)
    UNION ALL
    SELECT
        s.pool_id, s.tenant, s.agent, s.workflow, s.method, s.driver, s.quantity, s.weight, s.weight_total, s.billed, s.effective,
        s.list, s.contracted
    FROM stg_split_shared s
    WHERE NOT EXISTS (SELECT 1 AS one FROM stg_reshared m WHERE m.pool_id = s.pool_id)
    UNION ALL
    SELECT
        m.pool_id, m.tenant, m.agent, m.workflow, m.method, m.driver, m.quantity, m.weight, m.weight_total, m.billed, m.effective,
        m.list, m.contracted
    FROM stg_reshared m
)
SELECT
    s.pool_id, p.charge_day, p.business_day, p.billing_month, p.issuer, p.invoice, p.account, p.currency, p.category, p.provider, p.service, p.layer, p.region,
    p.sku, p.instance_type, p.purchase_option, p.model, p.token_class, p.one_off, p.span, p.rule, s.method, s.tenant, s.agent, s.workflow,
    s.driver, s.quantity, s.weight, s.weight_total, s.billed, s.effective, s.list, s.contracted
FROM share s
JOIN fct_pool p ON p.pool_id = s.pool_id
