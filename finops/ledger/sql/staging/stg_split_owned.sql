-- stg_split_owned: direct, untagged and metered pools, split over their targets (core.money.split, targets in order of their names).
-- grain: (pool_id, tenant, agent, workflow)
-- slice: charge_day
WITH target AS (
    SELECT
        p.pool_id,
        CASE WHEN p.method = 'direct' THEN coalesce(p.tenant, '__untagged__') ELSE '__untagged__' END AS tenant,
        CASE WHEN p.method = 'direct' THEN coalesce(p.agent, '__untagged__') ELSE '__untagged__' END AS agent,
        CASE WHEN p.method = 'direct' THEN coalesce(p.workflow, '__untagged__') ELSE '__untagged__' END AS workflow,
        CAST(NULL AS VARCHAR) AS driver,
        CAST(NULL AS DECIMAL(38, 12)) AS quantity,
        CAST(1 AS BIGINT) AS weight,
        p.method
    FROM fct_pool p
    WHERE p.method IN ('direct', 'untagged') AND p.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
    UNION ALL
    SELECT
        g.pool_id, t.tenant, t.agent, t.workflow, t.driver, t.quantity, t.weight,
        CASE
            WHEN t.tenant IN ('__idle__', '__left__', '__unexplained__') THEN trim(t.tenant, '_')
            WHEN t.tenant = '__untagged__' AND t.agent = '__untagged__' AND t.workflow = '__untagged__' THEN 'untagged'
            ELSE 'metered'
        END AS method
    FROM stg_pool_group g
    JOIN stg_target_metered t ON t.group_id = g.group_id
),
ordered AS (
    SELECT
        t.*,
        sum(t.weight) OVER (
            PARTITION BY t.pool_id ORDER BY t.tenant, t.agent, t.workflow ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS upto,
        sum(t.weight) OVER (PARTITION BY t.pool_id) AS weight_total
    FROM target t
)
SELECT
    o.pool_id, p.charge_day, p.charge_month, p.currency, o.tenant, o.agent, o.workflow, o.method, o.driver, o.quantity, o.weight,
    CAST(o.weight_total AS BIGINT) AS weight_total,
    split_share(p.billed, o.upto, o.weight, o.weight_total) AS billed,
    split_share(p.effective, o.upto, o.weight, o.weight_total) AS effective,
    split_share(p.list, o.upto, o.weight, o.weight_total) AS list,
    split_share(p.contracted, o.upto, o.weight, o.weight_total) AS contracted
FROM ordered o
JOIN fct_pool p ON p.pool_id = o.pool_id
