-- stg_pool_group: each metered pool and the group of pools that shares its driver.
-- grain: (pool_id)
-- slice: charge_day
WITH keyed AS (
    SELECT
        p.charge_day,
        p.charge_month,
        p.charge_hour,
        p.rule,
        p.currency,
        r.driver,
        r.source,
        r.reference,
        r.otherwise,
        r.tolerance,
        p.window_level AS first_level,
        greatest(r.widen_level, p.window_level) AS last_level,
        p.tenant AS k_tenant,
        CASE WHEN r.joins_provider THEN p.provider END AS k_provider,
        CASE
            WHEN r.joins_account AND (r.source = 'meter' OR coalesce(cp.names_account, FALSE)) THEN coalesce(p.subaccount, p.account)
        END AS k_account,
        CASE WHEN r.joins_region AND (r.source = 'meter' OR coalesce(cp.names_region, FALSE)) THEN p.region END AS k_region,
        CASE WHEN r.joins_resource THEN p.resource END AS k_resource,
        CASE WHEN r.joins_instance_type THEN p.instance_type END AS k_instance_type,
        CASE WHEN r.joins_model THEN p.model END AS k_model,
        CASE WHEN r.joins_token_class THEN p.token_class END AS k_token_class,
        p.pool_id,
        p.category,
        p.one_off,
        p.charges,
        p.hours,
        p.billed,
        p.effective,
        p.list
    FROM fct_pool p
    JOIN allocation_rule r ON r.rule = p.rule
    LEFT JOIN stg_called_provider cp ON cp.charge_month = p.charge_month AND cp.provider = p.provider
    WHERE p.method = 'metered' AND p.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
)
SELECT
    md5(concat_ws('|',
        key_part(k.charge_day), key_part(k.charge_hour), key_part(k.first_level), key_part(k.rule), key_part(k.currency), key_part(k.k_tenant),
        key_part(k.k_provider), key_part(k.k_account), key_part(k.k_region), key_part(k.k_resource),
        key_part(k.k_instance_type), key_part(k.k_model), key_part(k.k_token_class)
    )) AS group_id,
    k.*
FROM keyed k
