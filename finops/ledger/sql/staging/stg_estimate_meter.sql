-- stg_estimate_meter: metered hours of days without a bill, at known hourly prices, split by use against capacity.
-- grain: (charge_day, business_day, resource, tenant, agent, workflow)
-- slice: none
WITH metered_hour AS (
    SELECT m.hour, m.provider, m.account, m.region, m.resource, m.instance_type, m.purchase_option, max(m.capacity) AS units
    FROM stg_meter m
    WHERE m.instance_type IS NOT NULL AND m.resource IS NOT NULL
    GROUP BY m.hour, m.provider, m.account, m.region, m.resource, m.instance_type, m.purchase_option
),
day AS (
    SELECT
        CAST(h.hour AS DATE) AS charge_day, business_day(h.hour) AS business_day, h.resource,
        min(h.provider) AS provider, min(h.account) AS account, min(h.region) AS region, min(h.instance_type) AS instance_type,
        min(h.purchase_option) AS purchase_option, min(p.currency) AS currency, min(p.source) AS source,
        CAST(sum(p.price) AS DECIMAL(38, 12)) AS amount,
        CAST(sum(h.units) AS DECIMAL(38, 12)) AS unit_hours
    FROM metered_hour h
    JOIN price_instance p
        ON p.provider = h.provider AND p.region = h.region AND p.instance_type = h.instance_type
        AND p.purchase_option = coalesce(h.purchase_option, 'on_demand') AND p.price IS NOT NULL
        AND p.valid_from <= CAST(h.hour AS DATE) AND CAST(h.hour AS DATE) < p.valid_to
    WHERE NOT EXISTS (
        SELECT 1 AS one FROM stg_covered c
        WHERE c.provider = h.provider AND c.from_day <= CAST(h.hour AS DATE) AND CAST(h.hour AS DATE) <= c.to_day
            AND (h.account IS NULL OR c.account = h.account OR c.subaccount = h.account)
    )
    GROUP BY CAST(h.hour AS DATE), business_day(h.hour), h.resource
),
used AS (
    SELECT
        CAST(m.hour AS DATE) AS charge_day, business_day(m.hour) AS business_day, m.resource, m.tenant, m.agent, m.workflow,
        money_units(CAST(sum(coalesce(m.gpu_seconds, m.cpu_seconds, 0)) AS DECIMAL(38, 12))) AS units
    FROM stg_meter m
    GROUP BY CAST(m.hour AS DATE), business_day(m.hour), m.resource, m.tenant, m.agent, m.workflow
),
totalled AS (
    SELECT u.charge_day, u.business_day, u.resource, CAST(sum(u.units) AS HUGEINT) AS units
    FROM used u
    GROUP BY u.charge_day, u.business_day, u.resource
),
target AS (
    SELECT u.charge_day, u.business_day, u.resource, u.tenant, u.agent, u.workflow, u.units FROM used u WHERE u.units > 0
    UNION ALL
    SELECT
        d.charge_day, d.business_day, d.resource, '__idle__' AS tenant, '__idle__' AS agent, '__idle__' AS workflow,
        greatest(money_units(CAST(CAST(d.unit_hours AS DECIMAL(24, 6)) * 3600 AS DECIMAL(38, 12))) - coalesce(t.units, 0), 1) AS units
    FROM day d
    LEFT JOIN totalled t ON t.charge_day = d.charge_day AND t.business_day = d.business_day AND t.resource = d.resource
    WHERE coalesce(t.units, 0) = 0 OR money_units(CAST(CAST(d.unit_hours AS DECIMAL(24, 6)) * 3600 AS DECIMAL(38, 12))) > t.units
),
weighed AS (
    SELECT
        t.charge_day, t.business_day, t.resource, t.tenant, t.agent, t.workflow,
        t.units // weight_step(sum(t.units) OVER (PARTITION BY t.charge_day, t.business_day, t.resource)) AS weight
    FROM target t
),
ordered AS (
    SELECT
        w.charge_day, w.business_day, w.resource, w.tenant, w.agent, w.workflow, w.weight,
        sum(w.weight) OVER (
            PARTITION BY w.charge_day, w.business_day, w.resource ORDER BY w.tenant, w.agent, w.workflow
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS upto,
        sum(w.weight) OVER (PARTITION BY w.charge_day, w.business_day, w.resource) AS weight_total
    FROM weighed w
)
SELECT
    d.charge_day, d.business_day, d.resource, d.provider, d.account, d.region, d.instance_type, d.purchase_option, d.currency, d.source,
    o.tenant, o.agent, o.workflow,
    split_share(d.amount, o.upto, o.weight, o.weight_total) AS amount
FROM day d
JOIN ordered o ON o.charge_day = d.charge_day AND o.business_day = d.business_day AND o.resource = d.resource
