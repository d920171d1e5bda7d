-- stg_split_shared: shared pools, split over their targets (core.money.split, targets in order of their names).
-- slice: charge_day
-- as: view
WITH total AS (
    SELECT DISTINCT t.charge_month, t.currency, t.rule, t.weight_total FROM stg_target_shared t
),
pool AS (
    SELECT p.pool_id, p.charge_day, p.charge_month, p.currency, p.rule, t.weight_total, {{split_wholes}}
    FROM fct_pool p
    JOIN total t ON t.charge_month = p.charge_month AND t.currency = p.currency AND t.rule = p.rule
    WHERE p.method = 'shared' AND p.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
),
portion AS (
    SELECT p.*, t.tenant, t.agent, t.workflow, t.driver, t.quantity, t.weight, t.upto
    FROM pool p
    JOIN stg_target_shared t ON t.charge_month = p.charge_month AND t.currency = p.currency AND t.rule = p.rule
)
SELECT
    s.pool_id, s.charge_day, s.charge_month, s.currency, s.tenant, s.agent, s.workflow,
    CASE WHEN s.tenant = '__left__' THEN 'left' ELSE 'shared' END AS method,
    s.driver, s.quantity, s.weight, s.weight_total, s.billed, s.effective, s.list, s.contracted
FROM {{split_shares}} s
