-- fct_group: metered pools that share one driver: the levels that both sides know, and what the bill says of them.
-- grain: (group_id)
-- slice: charge_day
SELECT
    g.group_id,
    g.charge_day,
    g.charge_month,
    g.charge_hour,
    g.rule,
    g.currency,
    g.driver,
    g.source,
    g.reference,
    g.otherwise,
    g.tolerance,
    g.first_level,
    g.last_level,
    g.k_tenant,
    g.k_provider,
    g.k_account,
    g.k_region,
    g.k_resource,
    g.k_instance_type,
    g.k_model,
    g.k_token_class,
    count(*) AS pools,
    CAST(sum(g.charges) AS BIGINT) AS charges,
    CAST(sum(g.hours) AS DECIMAL(38, 12)) AS hours,
    CAST(sum(g.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(CASE WHEN NOT g.one_off THEN g.effective END) AS DECIMAL(38, 12)) AS usage_effective,
    CAST(sum(CASE WHEN NOT g.one_off THEN g.list END) AS DECIMAL(38, 12)) AS usage_list
FROM stg_pool_group g
GROUP BY
    g.group_id, g.charge_day, g.charge_month, g.charge_hour, g.rule, g.currency, g.driver, g.source,
    g.reference, g.otherwise, g.tolerance, g.first_level, g.last_level, g.k_tenant, g.k_provider, g.k_account,
    g.k_region, g.k_resource, g.k_instance_type, g.k_model, g.k_token_class
