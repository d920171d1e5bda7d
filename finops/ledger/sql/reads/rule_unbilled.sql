-- rule_unbilled: resources that were metered and models that were called in a month, where no rule has a charge for them.
WITH metered AS (
    SELECT
        month_of(m.hour) AS charge_month, m.provider, m.account, m.region, m.resource, m.instance_type, m.tenant,
        CASE WHEN m.gpu_seconds IS NOT NULL THEN 'gpu_seconds' WHEN m.cpu_seconds IS NOT NULL THEN 'cpu_seconds' ELSE 'requests' END AS driver,
        sum(coalesce(m.gpu_seconds, m.cpu_seconds, m.requests)) AS quantity
    FROM stg_meter m
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
called AS (
    SELECT
        month_of(u.call_day) AS charge_month, u.provider, u.account, u.region, u.model, u.token_class, u.tenant, u.currency,
        sum(u.list_cost) AS quantity
    FROM fct_usage u
    WHERE u.token_class IS NOT NULL AND u.list_cost > 0 AND ($currency IS NULL OR u.currency = $currency)
    GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
),
driven AS (
    SELECT DISTINCT
        g.charge_month, g.source, g.k_tenant, g.k_provider, g.k_account, g.k_region, g.k_resource, g.k_instance_type, g.k_model, g.k_token_class
    FROM fct_group g
)
SELECT
    strftime(m.charge_month, '%Y-%m') AS period,
    coalesce(m.resource, m.instance_type, m.provider, 'a meter without a name') AS what,
    m.driver, CAST(NULL AS VARCHAR) AS currency,
    CAST(sum(m.quantity) AS DECIMAL(38, 12)) AS quantity
FROM metered m
WHERE m.quantity > 0 AND NOT EXISTS (
    SELECT 1 AS one FROM driven g
    WHERE g.source = 'meter' AND g.charge_month = m.charge_month
        AND (g.k_tenant IS NULL OR g.k_tenant = m.tenant) AND (g.k_provider IS NULL OR g.k_provider = m.provider)
        AND (g.k_account IS NULL OR g.k_account = m.account) AND (g.k_region IS NULL OR g.k_region = m.region)
        AND (g.k_resource IS NULL OR g.k_resource = m.resource)
        AND (g.k_instance_type IS NULL OR g.k_instance_type = m.instance_type)
)
GROUP BY 1, 2, 3, 4
UNION ALL
SELECT
    strftime(u.charge_month, '%Y-%m') AS period,
    coalesce(u.provider || ' ', '') || coalesce(u.model, 'a model without a name') AS what,
    'priced_calls' AS driver, u.currency,
    CAST(sum(u.quantity) AS DECIMAL(38, 12)) AS quantity
FROM called u
WHERE NOT EXISTS (
    SELECT 1 AS one FROM driven g
    LEFT JOIN token_class_of b ON b.bill_class = g.k_token_class AND b.call_class = u.token_class
    WHERE g.source = 'call' AND g.charge_month = u.charge_month
        AND (g.k_tenant IS NULL OR g.k_tenant = u.tenant) AND (g.k_provider IS NULL OR g.k_provider = u.provider)
        AND (g.k_account IS NULL OR g.k_account = u.account) AND (g.k_region IS NULL OR g.k_region = u.region)
        AND (g.k_model IS NULL OR g.k_model = u.model) AND (g.k_token_class IS NULL OR b.bill_class IS NOT NULL)
)
GROUP BY 1, 2, 3, 4
ORDER BY 1, 2, 3, 4 NULLS FIRST
