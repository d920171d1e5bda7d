-- stg_group_driver: each group's owners and driver quantities, from the narrowest window in which there is a driver.
-- grain: (group_id, tenant, agent, workflow)
-- slice: none
WITH level AS (
    SELECT 0 AS level UNION ALL SELECT 1 AS level UNION ALL SELECT 2 AS level
),
looked_up AS (
    SELECT
        g.*, l.level,
        CASE l.level
            WHEN 0 THEN g.charge_hour
            WHEN 1 THEN CAST(g.charge_day AS TIMESTAMP)
            ELSE CAST(g.charge_month AS TIMESTAMP)
        END AS window_start
    FROM fct_group g
    JOIN level l ON l.level >= g.first_level AND l.level <= g.last_level
    WHERE g.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
),
found AS (
    SELECT
        g.group_id, u.level, u.tenant, u.agent, u.workflow, u.quantity, u.currency_low, u.currency_high
    FROM looked_up g
    JOIN stg_use_key u
        ON u.source = g.source AND u.driver = g.driver AND u.level = g.level AND u.window_start = g.window_start
        AND u.by_tenant = (g.k_tenant IS NOT NULL) AND u.k_tenant IS NOT DISTINCT FROM g.k_tenant
        AND u.by_provider = (g.k_provider IS NOT NULL) AND u.k_provider IS NOT DISTINCT FROM g.k_provider
        AND u.by_account = (g.k_account IS NOT NULL) AND u.k_account IS NOT DISTINCT FROM g.k_account
        AND u.by_region = (g.k_region IS NOT NULL) AND u.k_region IS NOT DISTINCT FROM g.k_region
        AND u.by_resource = (g.k_resource IS NOT NULL) AND u.k_resource IS NOT DISTINCT FROM g.k_resource
        AND u.by_instance_type = (g.k_instance_type IS NOT NULL) AND u.k_instance_type IS NOT DISTINCT FROM g.k_instance_type
        AND u.by_model = (g.k_model IS NOT NULL) AND u.k_model IS NOT DISTINCT FROM g.k_model
        AND u.by_token_class = (g.k_token_class IS NOT NULL) AND u.k_token_class IS NOT DISTINCT FROM g.k_token_class
    JOIN allocation_target t1 ON t1.rule = g.rule AND t1.dimension = 'tenant' AND t1.name IN ('*', u.tenant)
    JOIN allocation_target t2 ON t2.rule = g.rule AND t2.dimension = 'agent' AND t2.name IN ('*', u.agent)
    JOIN allocation_target t3 ON t3.rule = g.rule AND t3.dimension = 'workflow' AND t3.name IN ('*', u.workflow)
),
levelled AS (
    SELECT f.group_id, coalesce(min(CASE WHEN f.quantity > 0 THEN f.level END), min(f.level)) AS level
    FROM found f
    GROUP BY f.group_id
)
SELECT
    f.group_id, f.level, f.tenant, f.agent, f.workflow, f.quantity, f.currency_low, f.currency_high
FROM found f
JOIN levelled l ON l.group_id = f.group_id AND l.level = f.level
