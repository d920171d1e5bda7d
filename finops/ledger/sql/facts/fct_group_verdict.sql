-- fct_group_verdict: how each group was measured: driver against reference, what is left over and under which name. A bill in another currency than the prices' is held against calls at the rate of its day.
-- grain: (group_id)
-- slice: charge_day
WITH measured AS (
    SELECT
        d.group_id,
        min(d.level) AS level,
        CAST(sum(d.quantity) AS DECIMAL(38, 12)) AS driver_total,
        min(d.currency_low) AS currency_low,
        max(d.currency_high) AS currency_high
    FROM stg_group_driver d
    GROUP BY d.group_id
),
unit AS (
    SELECT c.window_start, c.resource, c.instance_type, c.units
    FROM stg_capacity c
    WHERE c.level = 2
),
unit_of_resource AS (
    SELECT u.window_start, u.resource, max(u.units) AS units FROM unit u WHERE u.resource IS NOT NULL GROUP BY u.window_start, u.resource
),
unit_of_type AS (
    SELECT u.window_start, u.instance_type, max(u.units) AS units
    FROM unit u
    WHERE u.instance_type IS NOT NULL
    GROUP BY u.window_start, u.instance_type
),
metered_window AS (
    SELECT c.level, c.window_start, c.resource, CAST(sum(c.unit_hours) AS DECIMAL(38, 12)) AS unit_hours
    FROM stg_capacity c
    WHERE c.resource IS NOT NULL
    GROUP BY c.level, c.window_start, c.resource
),
joined AS (
    SELECT
        g.group_id, g.charge_day, g.charge_month, g.rule, g.currency, g.reference, g.otherwise, g.tolerance, g.k_tenant,
        coalesce(CASE WHEN g.usage_list > 0 THEN g.usage_list END, g.usage_effective) AS usage_billed,
        m.level,
        m.driver_total,
        m.currency_low = g.currency AND m.currency_high = g.currency AS same_currency,
        CASE WHEN m.currency_low = m.currency_high THEN x.weight END AS weight,
        x.weight_total,
        mr.resource IS NOT NULL AS ever_metered,
        CASE
            WHEN g.reference <> 'capacity' THEN NULL
            WHEN g.hours IS NOT NULL AND coalesce(m.level, g.first_level) = g.first_level
                THEN CAST(
                    TRY_CAST(CASE WHEN g.k_resource IS NULL THEN g.hours ELSE least(g.hours, CASE g.first_level WHEN 0 THEN 1 WHEN 1 THEN 24 ELSE 744 END) END AS DECIMAL(18, 6))
                    * TRY_CAST(coalesce(ur.units, ut.units) AS DECIMAL(12, 3)) * 3600 AS DECIMAL(38, 12))
            ELSE CAST(TRY_CAST(w.unit_hours AS DECIMAL(24, 6)) * 3600 AS DECIMAL(38, 12))
        END AS capacity_total
    FROM fct_group g
    LEFT JOIN measured m ON m.group_id = g.group_id
    LEFT JOIN unit_of_resource ur ON ur.window_start = CAST(g.charge_month AS TIMESTAMP) AND ur.resource = g.k_resource
    LEFT JOIN unit_of_type ut ON ut.window_start = CAST(g.charge_month AS TIMESTAMP) AND ut.instance_type = g.k_instance_type
    LEFT JOIN stg_metered_resource mr ON mr.charge_month = g.charge_month AND mr.resource = g.k_resource
    LEFT JOIN price_exchange x ON x.day = g.charge_day AND x.billed = g.currency AND x.priced = m.currency_low
    LEFT JOIN metered_window w
        ON w.level = m.level AND w.resource = g.k_resource
        AND w.window_start = CASE m.level
            WHEN 0 THEN g.charge_hour
            WHEN 1 THEN CAST(g.charge_day AS TIMESTAMP)
            ELSE CAST(g.charge_month AS TIMESTAMP)
        END
    WHERE g.charge_day IN (SELECT d.charge_day FROM dirty_charge_day d)
),
referred AS (
    SELECT
        j.group_id, j.charge_day, j.charge_month, j.rule, j.currency, j.reference, j.otherwise, j.tolerance, j.k_tenant, j.level,
        j.driver_total, j.ever_metered,
        CASE
            WHEN j.reference = 'capacity' THEN j.capacity_total
            WHEN j.reference = 'priced' AND j.same_currency THEN j.usage_billed
            WHEN j.reference = 'priced' AND j.weight IS NOT NULL
                THEN money_of(money_muldiv(money_units(j.usage_billed), j.weight, j.weight_total))
        END AS reference_total
    FROM joined j
)
SELECT
    r.group_id, r.charge_day, r.charge_month, r.rule, r.currency, r.reference, r.otherwise, r.k_tenant, r.level,
    r.driver_total,
    r.reference_total,
    CASE
        WHEN r.driver_total IS NULL AND r.reference = 'capacity' AND r.ever_metered THEN 'silent'
        WHEN r.driver_total IS NULL AND r.k_tenant IS NOT NULL THEN 'tenant_only'
        WHEN r.driver_total IS NULL THEN 'no_driver'
        WHEN r.reference = 'capacity' AND r.reference_total >= r.driver_total AND r.reference_total > 0 THEN 'idle_rest'
        WHEN r.driver_total <= 0 THEN 'zero'
        WHEN r.reference = 'capacity' AND r.reference_total IS NOT NULL THEN 'over_capacity'
        WHEN r.reference = 'capacity' THEN 'capacity_unknown'
        WHEN r.reference = 'priced' AND r.reference_total IS NULL THEN 'not_comparable'
        WHEN r.reference = 'priced' AND r.reference_total - r.driver_total > r.driver_total * r.tolerance THEN 'unexplained_rest'
        WHEN r.reference = 'priced' AND r.driver_total - r.reference_total > r.driver_total * r.tolerance THEN 'scaled_down'
        WHEN r.reference = 'priced' THEN 'scaled'
        ELSE 'plain'
    END AS verdict
FROM referred r
