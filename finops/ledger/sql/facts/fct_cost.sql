-- fct_cost: the cube that every cost figure is read from: billed cost as allocated, and estimates where no bill has come.
-- grain: (charge_day, business_day, billing_month, tenant, agent, workflow, provider, issuer, invoice, account, service, layer, region, instance_type, purchase_option, model, token_class, category, one_off, span, currency, basis, method, rule)
-- keeps: sum(billed) = sum(fct_allocation.billed) + sum(fct_estimate.billed) by (currency, tenant)
-- keeps: sum(effective) = sum(fct_allocation.effective) + sum(fct_estimate.effective) by (currency, tenant)
-- keeps: sum(list) = sum(fct_allocation.list) + sum(fct_estimate.list) by (currency, tenant)
-- keeps: sum(contracted) = sum(fct_allocation.contracted) + sum(fct_estimate.contracted) by (currency, tenant)
-- slice: charge_day
WITH cost AS (
    SELECT
        a.charge_day, a.business_day, a.billing_month, a.tenant, a.agent, a.workflow, a.provider, a.issuer, a.invoice, a.account, a.service, a.layer, a.region,
        a.instance_type, a.purchase_option, a.model, a.token_class, a.category, a.one_off, a.span, a.currency, 'billed' AS basis, a.method,
        a.rule, a.billed, a.effective, a.list, a.contracted
    FROM fct_allocation a
    WHERE a.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
    UNION ALL
    SELECT
        e.charge_day, e.business_day, e.billing_month, e.tenant, e.agent, e.workflow, e.provider,
        CAST(NULL AS VARCHAR) AS issuer, CAST(NULL AS VARCHAR) AS invoice, e.account, e.service, e.layer, e.region,
        e.instance_type, e.purchase_option, e.model, e.token_class, e.category, FALSE AS one_off, 'day' AS span, e.currency, 'estimated' AS basis, e.method,
        e.rule, e.billed, e.effective, e.list, e.contracted
    FROM fct_estimate e
    WHERE e.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
)
SELECT
    c.charge_day, c.business_day, c.billing_month, c.tenant, c.agent, c.workflow, c.provider, c.issuer, c.invoice, c.account, c.service, c.layer, c.region,
    c.instance_type, c.purchase_option, c.model, c.token_class, c.category, c.one_off, c.span, c.currency, c.basis, c.method, c.rule,
    CAST(sum(c.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(c.effective) AS DECIMAL(38, 12)) AS effective,
    CAST(sum(c.list) AS DECIMAL(38, 12)) AS list,
    CAST(sum(c.contracted) AS DECIMAL(38, 12)) AS contracted
FROM cost c
GROUP BY
    c.charge_day, c.business_day, c.billing_month, c.tenant, c.agent, c.workflow, c.provider, c.issuer, c.invoice, c.account, c.service, c.layer, c.region,
    c.instance_type, c.purchase_option, c.model, c.token_class, c.category, c.one_off, c.span, c.currency, c.basis, c.method, c.rule
