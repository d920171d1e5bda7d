-- stg_use_key: drivers summed to the keys that groups of pools join by, one set of keys per combination of levels in use.
-- slice: none
WITH signature AS (
    SELECT
        g.source, g.driver, min(g.first_level) AS first_level, max(g.last_level) AS last_level,
        g.k_tenant IS NOT NULL AS by_tenant,
        g.k_provider IS NOT NULL AS by_provider,
        g.k_account IS NOT NULL AS by_account,
        g.k_region IS NOT NULL AS by_region,
        g.k_resource IS NOT NULL AS by_resource,
        g.k_instance_type IS NOT NULL AS by_instance_type,
        g.k_model IS NOT NULL AS by_model,
        g.k_token_class IS NOT NULL AS by_token_class
    FROM fct_group g
    WHERE g.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
    GROUP BY
        g.source, g.driver, g.k_tenant IS NOT NULL, g.k_provider IS NOT NULL, g.k_account IS NOT NULL, g.k_region IS NOT NULL,
        g.k_resource IS NOT NULL, g.k_instance_type IS NOT NULL, g.k_model IS NOT NULL, g.k_token_class IS NOT NULL
),
matched AS (
    SELECT
        s.source, s.driver, s.by_tenant, s.by_provider, s.by_account, s.by_region, s.by_resource, s.by_instance_type, s.by_model,
        s.by_token_class,
        u.level, u.window_start, u.tenant, u.agent, u.workflow, u.currency,
        CASE WHEN s.by_tenant THEN u.tenant END AS k_tenant,
        CASE WHEN s.by_provider THEN u.provider END AS k_provider,
        CASE WHEN s.by_account THEN u.account END AS k_account,
        CASE WHEN s.by_region THEN u.region END AS k_region,
        CASE WHEN s.by_resource THEN u.resource END AS k_resource,
        CASE WHEN s.by_instance_type THEN u.instance_type END AS k_instance_type,
        CASE WHEN s.by_model THEN u.model END AS k_model,
        CASE WHEN s.by_token_class THEN b.bill_class END AS k_token_class,
        CASE s.driver
            WHEN 'gpu_seconds' THEN u.gpu_seconds
            WHEN 'cpu_seconds' THEN u.cpu_seconds
            WHEN 'memory_gib_seconds' THEN u.memory_gib_seconds
            WHEN 'requests' THEN u.requests
            WHEN 'priced_calls' THEN u.priced_calls
            WHEN 'calls' THEN u.calls
            WHEN 'tokens' THEN u.tokens
        END AS quantity
    FROM signature s
    JOIN stg_use u ON u.source = s.source AND u.level >= s.first_level AND u.level <= s.last_level
    LEFT JOIN token_class_of b ON s.by_token_class AND b.call_class = u.token_class
)
SELECT
    m.source, m.driver, m.level, m.window_start,
    m.by_tenant, m.by_provider, m.by_account, m.by_region, m.by_resource, m.by_instance_type, m.by_model, m.by_token_class,
    m.k_tenant, m.k_provider, m.k_account, m.k_region, m.k_resource, m.k_instance_type, m.k_model, m.k_token_class,
    m.tenant, m.agent, m.workflow,
    min(m.currency) AS currency_low,
    max(m.currency) AS currency_high,
    CAST(sum(m.quantity) AS DECIMAL(38, 12)) AS quantity
FROM matched m
WHERE m.quantity IS NOT NULL
GROUP BY
    m.source, m.driver, m.level, m.window_start, m.by_tenant, m.by_provider, m.by_account, m.by_region, m.by_resource,
    m.by_instance_type, m.by_model, m.by_token_class, m.k_tenant, m.k_provider, m.k_account, m.k_region, m.k_resource,
    m.k_instance_type, m.k_model, m.k_token_class, m.tenant, m.agent, m.workflow
