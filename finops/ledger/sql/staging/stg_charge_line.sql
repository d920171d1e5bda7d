-- stg_charge_line: each billing line under the columns that decide its pool.
-- grain: (batch_id, part_row)
-- slice: charge_day
-- as: view
SELECT
    c.batch_id,
    c.part_row,
    c.charge_day,
    c.charge_month,
    c.business_day,
    CASE WHEN r.rule IS NOT NULL AND greatest(r.window_level, c.span_level) = 0 THEN c.charge_hour END AS charge_hour,
    CASE WHEN r.rule IS NOT NULL THEN greatest(r.window_level, c.span_level) END AS window_level,
    c.billing_month,
    c.invoice,
    c.issuer,
    c.account,
    c.subaccount,
    c.currency,
    c.category,
    CAST(sign(coalesce(nullif(c.billed, 0), c.effective, 0)) AS INTEGER) AS sign,
    c.provider,
    c.service,
    c.layer,
    c.region,
    c.sku,
    CASE WHEN r.joins_resource THEN c.resource END AS resource,
    c.instance_type,
    c.purchase_option,
    c.model,
    c.token_class,
    c.one_off,
    c.span,
    c.rule,
    c.method,
    c.tenant,
    c.agent,
    c.workflow,
    c.hours,
    c.billed,
    c.effective,
    c.list,
    c.contracted
FROM stg_charge c
LEFT JOIN allocation_rule r ON r.rule = c.rule AND c.method = 'metered'
