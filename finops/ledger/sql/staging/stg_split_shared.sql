-- stg_split_shared: shared pools, split over their targets (core.money.split, targets in order of their names).
-- grain: (pool_id, tenant, agent, workflow)
-- slice: charge_day
WITH ordered AS (
    SELECT
        p.pool_id, t.tenant, t.agent, t.workflow, t.driver, t.quantity, t.weight,
        sum(t.weight) OVER (
            PARTITION BY p.pool_id ORDER BY t.tenant, t.agent, t.workflow ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS upto,
        sum(t.weight) OVER (PARTITION BY p.pool_id) AS weight_total
    FROM fct_pool p
    JOIN stg_target_shared t ON t.charge_month = p.charge_month AND t.currency = p.currency AND t.rule = p.rule
    WHERE p.method = 'shared' AND p.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
)
SELECT
    o.pool_id, p.charge_day, p.charge_month, p.currency, o.tenant, o.agent, o.workflow,
    CASE WHEN o.tenant = '__left__' THEN 'left' ELSE 'shared' END AS method,
    o.driver, o.quantity, o.weight,
    CAST(o.weight_total AS BIGINT) AS weight_total,
    split_share(p.billed, o.upto, o.weight, o.weight_total) AS billed,
    split_share(p.effective, o.upto, o.weight, o.weight_total) AS effective,
    split_share(p.list, o.upto, o.weight, o.weight_total) AS list,
    split_share(p.contracted, o.upto, o.weight, o.weight_total) AS contracted
FROM ordered o
JOIN fct_pool p ON p.pool_id = o.pool_id
