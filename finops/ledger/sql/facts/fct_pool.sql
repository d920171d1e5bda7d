-- fct_pool: charges that are alike, summed; what allocation splits.
-- grain: (pool_id)
-- keeps: sum(charges) = sum(stg_billed.charges) by (billing_month, issuer, invoice, account, currency)
-- keeps: sum(billed) = sum(stg_billed.billed) by (billing_month, issuer, invoice, account, currency)
-- keeps: sum(effective) = sum(stg_billed.effective) by (billing_month, issuer, invoice, account, currency)
-- keeps: sum(list) = sum(stg_billed.list) by (billing_month, issuer, invoice, account, currency)
-- keeps: sum(contracted) = sum(stg_billed.contracted) by (billing_month, issuer, invoice, account, currency)
-- slice: charge_day
SELECT
    md5(concat_ws('|',
        key_part(n.charge_day), key_part(n.charge_month), key_part(n.business_day), key_part(n.charge_hour), key_part(n.window_level), key_part(n.billing_month),
        key_part(n.invoice), key_part(n.issuer), key_part(n.account), key_part(n.subaccount),
        key_part(n.currency), key_part(n.category), key_part(n.sign), key_part(n.provider),
        key_part(n.service), key_part(n.layer), key_part(n.region), key_part(n.sku), key_part(n.resource),
        key_part(n.instance_type), key_part(n.purchase_option), key_part(n.model), key_part(n.token_class),
        key_part(n.one_off), key_part(n.span), key_part(n.rule), key_part(n.method), key_part(n.tenant),
        key_part(n.agent), key_part(n.workflow)
    )) AS pool_id,
    n.charge_day,
    n.charge_month,
    n.business_day,
    n.charge_hour,
    n.window_level,
    n.billing_month,
    n.invoice,
    n.issuer,
    n.account,
    n.subaccount,
    n.currency,
    n.category,
    n.sign,
    n.provider,
    n.service,
    n.layer,
    n.region,
    n.sku,
    n.resource,
    n.instance_type,
    n.purchase_option,
    n.model,
    n.token_class,
    n.one_off,
    n.span,
    n.rule,
    n.method,
    n.tenant,
    n.agent,
    n.workflow,
    CAST(sum(n.charges) AS BIGINT) AS charges,
    CAST(sum(n.hours) AS DECIMAL(38, 12)) AS hours,
    CAST(sum(n.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(n.effective) AS DECIMAL(38, 12)) AS effective,
    CAST(sum(n.list) AS DECIMAL(38, 12)) AS list,
    CAST(sum(n.contracted) AS DECIMAL(38, 12)) AS contracted
FROM stg_charge_line n
GROUP BY
    n.charge_day, n.charge_month, n.business_day, n.charge_hour, n.window_level, n.billing_month, n.invoice, n.issuer, n.account, n.subaccount,
    n.currency, n.category, n.sign, n.provider, n.service, n.layer, n.region, n.sku, n.resource,
    n.instance_type, n.purchase_option, n.model, n.token_class, n.one_off, n.span, n.rule, n.method, n.tenant,
    n.agent, n.workflow
