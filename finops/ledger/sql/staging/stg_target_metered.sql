-- stg_target_metered: who shares each metered group, in the order of names, with weights that add up to less than 10^18; what nobody drove has a name.
-- grain: (group_id, tenant, agent, workflow)
-- slice: none
WITH verdict AS (
    SELECT v.*, g.driver
    FROM fct_group_verdict v
    JOIN fct_group g ON g.group_id = v.group_id
    WHERE v.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
),
quantity AS (
    SELECT d.group_id, d.tenant, d.agent, d.workflow, v.driver, d.quantity
    FROM stg_group_driver d
    JOIN verdict v ON v.group_id = d.group_id
    WHERE v.verdict <> 'zero' AND d.quantity > 0
    UNION ALL
    SELECT v.group_id, '__idle__' AS tenant, '__idle__' AS agent, '__idle__' AS workflow, v.driver, v.reference_total - v.driver_total AS quantity
    FROM verdict v
    WHERE v.verdict = 'idle_rest' AND v.reference_total > v.driver_total
    UNION ALL
    SELECT v.group_id, '__unexplained__' AS tenant, '__unexplained__' AS agent, '__unexplained__' AS workflow, v.driver,
        v.reference_total - v.driver_total AS quantity
    FROM verdict v
    WHERE v.verdict = 'unexplained_rest'
    UNION ALL
    SELECT d.group_id, d.tenant, d.agent, d.workflow, v.driver, CAST(1 AS DECIMAL(38, 12)) AS quantity
    FROM stg_group_driver d
    JOIN verdict v ON v.group_id = d.group_id
    WHERE v.verdict = 'zero' AND v.otherwise = 'even'
    UNION ALL
    SELECT
        v.group_id,
        CASE
            WHEN v.verdict = 'silent' THEN '__idle__'
            WHEN v.verdict = 'tenant_only' THEN v.k_tenant
            WHEN v.verdict = 'no_driver' THEN '__unexplained__'
            WHEN v.otherwise = 'untagged' THEN '__untagged__'
            ELSE '__left__'
        END AS tenant,
        CASE
            WHEN v.verdict = 'silent' THEN '__idle__'
            WHEN v.verdict = 'tenant_only' THEN '__untagged__'
            WHEN v.verdict = 'no_driver' THEN '__unexplained__'
            WHEN v.otherwise = 'untagged' THEN '__untagged__'
            ELSE '__left__'
        END AS agent,
        CASE
            WHEN v.verdict = 'silent' THEN '__idle__'
            WHEN v.verdict = 'tenant_only' THEN '__untagged__'
            WHEN v.verdict = 'no_driver' THEN '__unexplained__'
            WHEN v.otherwise = 'untagged' THEN '__untagged__'
            ELSE '__left__'
        END AS workflow,
        v.driver,
        CAST(1 AS DECIMAL(38, 12)) AS quantity
    FROM verdict v
    WHERE v.verdict IN ('silent', 'tenant_only', 'no_driver') OR (v.verdict = 'zero' AND v.otherwise <> 'even')
),
unit AS (
    SELECT q.*, money_units(q.quantity) AS units, sum(money_units(q.quantity)) OVER (PARTITION BY q.group_id) AS units_total
    FROM quantity q
),
weighed AS (
    SELECT
        u.group_id, u.tenant, u.agent, u.workflow, u.driver, u.quantity,
        CAST(u.units // weight_step(u.units_total) AS BIGINT) AS weight
    FROM unit u
)
SELECT
    w.group_id, w.tenant, w.agent, w.workflow, w.driver, w.quantity, w.weight,
    CAST(sum(w.weight) OVER (
        PARTITION BY w.group_id ORDER BY w.tenant, w.agent, w.workflow ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    ) AS BIGINT) AS upto,
    CAST(sum(w.weight) OVER (PARTITION BY w.group_id) AS BIGINT) AS weight_total
FROM weighed w
