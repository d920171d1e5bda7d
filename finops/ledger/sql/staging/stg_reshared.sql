-- stg_reshared: the shares of pools in which an owner has a part whose cost others pay, once it is on them (rules with `of`).
-- grain: (pool_id, tenant, agent, workflow)
-- slice: charge_day
WITH share AS (
    SELECT
        o.pool_id, o.charge_day, o.charge_month, o.currency, o.tenant, o.agent, o.workflow, o.method, o.driver, o.quantity, o.weight,
        o.weight_total
    FROM stg_split_owned o
    UNION ALL
    SELECT
        s.pool_id, s.charge_day, s.charge_month, s.currency, s.tenant, s.agent, s.workflow, s.method, s.driver, s.quantity, s.weight,
        s.weight_total
    FROM stg_split_shared s
),
placed AS ({{reshared}}),
together AS (
    SELECT
        p.pool_id, p.tenant, p.agent, p.workflow,
        coalesce(max(CASE WHEN NOT p.moved THEN p.method END), max(p.method)) AS method,
        coalesce(max(CASE WHEN NOT p.moved THEN p.driver END), max(p.driver)) AS driver,
        CAST(sum(p.quantity) AS DECIMAL(38, 12)) AS quantity,
        CAST(sum(p.w) AS BIGINT) AS weight
    FROM placed p
    GROUP BY p.pool_id, p.tenant, p.agent, p.workflow
    HAVING sum(p.w) > 0
),
ordered AS (
    SELECT
        t.*,
        CAST(sum(t.weight) OVER (
            PARTITION BY t.pool_id ORDER BY t.tenant, t.agent, t.workflow ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS BIGINT) AS upto,
        CAST(sum(t.weight) OVER (PARTITION BY t.pool_id) AS BIGINT) AS weight_total
    FROM together t
),
portion AS (
    SELECT t.*, p.charge_day, p.currency, {{split_wholes}}
    FROM ordered t
    JOIN fct_pool p ON p.pool_id = t.pool_id
)
SELECT
    s.pool_id, s.charge_day, s.currency, s.tenant, s.agent, s.workflow, s.method, s.driver, s.quantity, s.weight, s.weight_total,
    s.billed, s.effective, s.list, s.contracted
FROM {{split_shares}} s
