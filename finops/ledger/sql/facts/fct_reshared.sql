-- fct_reshared: by how much rules that share an owner's cost on changed what each owner has; every day adds up to 0.
-- grain: (charge_day, currency, tenant, agent, workflow)
-- slice: charge_day
WITH side AS (
    SELECT m.charge_day, m.currency, m.tenant, m.agent, m.workflow, m.billed AS amount FROM stg_reshared m
    UNION ALL
    SELECT o.charge_day, o.currency, o.tenant, o.agent, o.workflow, -o.billed AS amount
    FROM stg_split_owned o
    WHERE o.pool_id IN (SELECT m.pool_id FROM stg_reshared m)
    UNION ALL
    SELECT s.charge_day, s.currency, s.tenant, s.agent, s.workflow, -s.billed AS amount
    FROM stg_split_shared s
    WHERE s.pool_id IN (SELECT m.pool_id FROM stg_reshared m)
)
SELECT s.charge_day, s.currency, s.tenant, s.agent, s.workflow, CAST(sum(s.amount) AS DECIMAL(38, 12)) AS billed
FROM side s
GROUP BY s.charge_day, s.currency, s.tenant, s.agent, s.workflow
HAVING sum(s.amount) <> 0
