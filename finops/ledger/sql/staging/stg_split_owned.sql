-- stg_split_owned: direct and untagged pools on the one owner that they name, metered ones split over their targets
-- (core.money.split, targets in order of their names).
-- grain: (pool_id, tenant, agent, workflow)
-- slice: charge_day
WITH total AS (
    SELECT DISTINCT t.group_id, t.weight_total FROM stg_target_metered t
),
pool AS (
    SELECT p.pool_id, p.charge_day, p.charge_month, p.currency, g.group_id, t.weight_total, {{split_wholes}}
    FROM stg_pool_group g
    JOIN total t ON t.group_id = g.group_id
    JOIN fct_pool p ON p.pool_id = g.pool_id
),
portion AS (
    SELECT p.*, t.tenant, t.agent, t.workflow, t.driver, t.quantity, t.weight, t.upto
    FROM pool p
    JOIN stg_target_metered t ON t.group_id = p.group_id
)
SELECT
    p.pool_id, p.charge_day, p.charge_month, p.currency,
    CASE WHEN p.method = 'direct' THEN coalesce(p.tenant, '__untagged__') ELSE '__untagged__' END AS tenant,
    CASE WHEN p.method = 'direct' THEN coalesce(p.agent, '__untagged__') ELSE '__untagged__' END AS agent,
    CASE WHEN p.method = 'direct' THEN coalesce(p.workflow, '__untagged__') ELSE '__untagged__' END AS workflow,
    p.method,
    CAST(NULL AS VARCHAR) AS driver,
    CAST(NULL AS DECIMAL(38, 12)) AS quantity,
    CAST(1 AS BIGINT) AS weight,
    CAST(1 AS BIGINT) AS weight_total,
    p.billed, p.effective, p.list, p.contracted
FROM fct_pool p
WHERE p.method IN ('direct', 'untagged') AND p.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
UNION ALL
SELECT
    s.pool_id, s.charge_day, s.charge_month, s.currency, s.tenant, s.agent, s.workflow,
    CASE
        WHEN s.tenant IN ('__idle__', '__left__', '__unexplained__') THEN trim(s.tenant, '_')
        WHEN s.tenant = '__untagged__' AND s.agent = '__untagged__' AND s.workflow = '__untagged__' THEN 'untagged'
        ELSE 'metered'
    END AS method,
    s.driver, s.quantity, s.weight, s.weight_total, s.billed, s.effective, s.list, s.contracted
FROM {{split_shares}} s
