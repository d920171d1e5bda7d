-- stg_target_shared: who shares the pools of each shared rule in a month: by cost of their own, evenly, by fixed shares, or nobody.
-- grain: (charge_month, currency, rule, tenant, agent, workflow)
-- slice: none
WITH shared_pool AS (
    SELECT DISTINCT p.charge_month, p.currency, p.rule
    FROM fct_pool p
    WHERE p.method = 'shared' AND p.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
),
taking_part AS (
    SELECT s.charge_month, s.currency, s.rule, r.split, o.tenant, o.agent, o.workflow, o.effective
    FROM shared_pool s
    JOIN allocation_rule r ON r.rule = s.rule
    JOIN stg_owned o ON o.charge_month = s.charge_month AND o.currency = s.currency
    JOIN allocation_target t1 ON t1.rule = s.rule AND t1.dimension = 'tenant' AND t1.name IN ('*', o.tenant)
    JOIN allocation_target t2 ON t2.rule = s.rule AND t2.dimension = 'agent' AND t2.name IN ('*', o.agent)
    JOIN allocation_target t3 ON t3.rule = s.rule AND t3.dimension = 'workflow' AND t3.name IN ('*', o.workflow)
    WHERE r.split = 'proportional' AND o.effective > 0 OR r.split = 'even' AND o.has_cost
),
quantity AS (
    SELECT t.charge_month, t.currency, t.rule, t.tenant, t.agent, t.workflow, t.effective AS quantity, 'own cost' AS driver
    FROM taking_part t
    WHERE t.split = 'proportional'
    UNION ALL
    SELECT DISTINCT
        t.charge_month, t.currency, t.rule, t.tenant, '__untagged__' AS agent, '__untagged__' AS workflow,
        CAST(1 AS DECIMAL(38, 12)) AS quantity, 'even' AS driver
    FROM taking_part t
    WHERE t.split = 'even'
    UNION ALL
    SELECT
        s.charge_month, s.currency, s.rule, f.tenant, f.agent, f.workflow, CAST(f.share AS DECIMAL(38, 12)) AS quantity, 'fixed' AS driver
    FROM shared_pool s
    JOIN allocation_rule r ON r.rule = s.rule
    JOIN allocation_share f ON f.rule = s.rule
    WHERE r.split = 'fixed' AND f.share > 0
),
unit AS (
    SELECT
        q.*,
        money_units(q.quantity) AS units,
        sum(money_units(q.quantity)) OVER (PARTITION BY q.charge_month, q.currency, q.rule) AS units_total
    FROM quantity q
),
weighed AS (
    SELECT
        u.charge_month, u.currency, u.rule, u.tenant, u.agent, u.workflow, u.driver, u.quantity,
        CAST(u.units // weight_step(u.units_total) AS BIGINT) AS weight
    FROM unit u
    UNION ALL
    SELECT
        s.charge_month, s.currency, s.rule, '__left__' AS tenant, '__left__' AS agent, '__left__' AS workflow,
        CAST(NULL AS VARCHAR) AS driver, CAST(NULL AS DECIMAL(38, 12)) AS quantity, CAST(1 AS BIGINT) AS weight
    FROM shared_pool s
    WHERE NOT EXISTS (
        SELECT 1 AS one FROM quantity q WHERE q.charge_month = s.charge_month AND q.currency = s.currency AND q.rule = s.rule
    )
)
SELECT
    w.charge_month, w.currency, w.rule, w.tenant, w.agent, w.workflow, w.driver, w.quantity, w.weight,
    CAST(sum(w.weight) OVER (
        PARTITION BY w.charge_month, w.currency, w.rule ORDER BY w.tenant, w.agent, w.workflow
        ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS BIGINT) AS upto,
    CAST(sum(w.weight) OVER (PARTITION BY w.charge_month, w.currency, w.rule) AS BIGINT) AS weight_total
FROM weighed w
