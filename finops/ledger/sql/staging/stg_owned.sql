-- stg_owned: what owners have of their own in a month, in each currency of a bill, which is what shares of pools go by. Cost in another currency is told at the rates of its days where each of them has one; where one has none it says only that there is cost.
-- grain: (charge_month, currency, tenant, agent, workflow)
-- slice: none
WITH daily AS (
    SELECT
        s.charge_month, s.charge_day, s.currency, s.tenant, s.agent, s.workflow,
        CAST(sum(s.effective) AS DECIMAL(38, 12)) AS effective
    FROM stg_split_owned s
    WHERE s.method IN ('direct', 'metered') AND s.tenant <> '__untagged__'
    GROUP BY s.charge_month, s.charge_day, s.currency, s.tenant, s.agent, s.workflow
),
spent_on AS (
    SELECT d.charge_month, d.charge_day, d.currency, count(*) OVER (PARTITION BY d.charge_month, d.currency) AS days
    FROM daily d
    GROUP BY d.charge_month, d.charge_day, d.currency
),
pair AS (
    SELECT s.charge_month, s.currency AS billed, x.told, count(x.weight) = max(s.days) AS has_rates
    FROM spent_on s
    JOIN shared_exchange x ON x.day = s.charge_day AND x.billed = s.currency
    GROUP BY s.charge_month, s.currency, x.told
),
part AS (
    SELECT
        d.charge_month, d.currency, d.tenant, d.agent, d.workflow,
        CAST(sum(d.effective) AS DECIMAL(38, 12)) AS effective,
        sum(d.effective) > 0 AS has_cost
    FROM daily d
    GROUP BY d.charge_month, d.currency, d.tenant, d.agent, d.workflow
    UNION ALL
    SELECT
        d.charge_month, p.told AS currency, d.tenant, d.agent, d.workflow,
        CAST(sum(
            CASE WHEN p.has_rates THEN money_of(money_muldiv(money_units(d.effective), x.weight, x.weight_total)) END
        ) AS DECIMAL(38, 12)) AS effective,
        sum(d.effective) > 0 AS has_cost
    FROM daily d
    JOIN pair p ON p.charge_month = d.charge_month AND p.billed = d.currency
    JOIN shared_exchange x ON x.day = d.charge_day AND x.billed = d.currency AND x.told = p.told
    GROUP BY d.charge_month, p.told, d.currency, d.tenant, d.agent, d.workflow
)
SELECT
    p.charge_month, p.currency, p.tenant, p.agent, p.workflow,
    CAST(sum(p.effective) AS DECIMAL(38, 12)) AS effective,
    count(CASE WHEN p.has_cost THEN 1 END) > 0 AS has_cost
FROM part p
GROUP BY p.charge_month, p.currency, p.tenant, p.agent, p.workflow
