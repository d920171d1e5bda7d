-- reconcile_rules: what each rule placed in each month: the levels it joined by, its driver against its reference, and how that ended.
SELECT
    strftime(g.charge_month, '%Y-%m') AS period,
    g.rule,
    'metered' AS method,
    g.driver,
    concat_ws(', ',
        CASE WHEN g.k_tenant IS NOT NULL THEN 'tenant' END,
        CASE WHEN g.k_provider IS NOT NULL THEN 'provider' END,
        CASE WHEN g.k_account IS NOT NULL THEN 'account' END,
        CASE WHEN g.k_region IS NOT NULL THEN 'region' END,
        CASE WHEN g.k_resource IS NOT NULL THEN 'resource' END,
        CASE WHEN g.k_instance_type IS NOT NULL THEN 'instance_type' END,
        CASE WHEN g.k_model IS NOT NULL THEN 'model' END,
        CASE WHEN g.k_token_class IS NOT NULL THEN 'token_class' END
    ) AS joined_by,
    CASE v.level WHEN 0 THEN 'hour' WHEN 1 THEN 'day' WHEN 2 THEN 'month' END AS window_used,
    v.verdict,
    count(*) AS groups,
    CAST(sum(g.charges) AS BIGINT) AS charges,
    g.currency,
    CAST(sum(g.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(sum(v.driver_total) AS DECIMAL(38, 12)) AS driver_total,
    CAST(sum(v.reference_total) AS DECIMAL(38, 12)) AS reference_total
FROM fct_group g
JOIN fct_group_verdict v ON v.group_id = g.group_id
WHERE ($month IS NULL OR strftime(g.charge_month, '%Y-%m') = $month) AND ($currency IS NULL OR g.currency = $currency)
GROUP BY 1, 2, 3, 4, 5, 6, 7, 10
UNION ALL
SELECT
    strftime(p.charge_month, '%Y-%m') AS period,
    p.rule, p.method,
    CAST(NULL AS VARCHAR) AS driver, CAST(NULL AS VARCHAR) AS joined_by, CAST(NULL AS VARCHAR) AS window_used,
    CAST(NULL AS VARCHAR) AS verdict,
    count(*) AS groups,
    CAST(sum(p.charges) AS BIGINT) AS charges,
    p.currency,
    CAST(sum(p.billed) AS DECIMAL(38, 12)) AS billed,
    CAST(NULL AS DECIMAL(38, 12)) AS driver_total, CAST(NULL AS DECIMAL(38, 12)) AS reference_total
FROM fct_pool p
WHERE p.method <> 'metered' AND ($month IS NULL OR strftime(p.charge_month, '%Y-%m') = $month)
    AND ($currency IS NULL OR p.currency = $currency)
GROUP BY 1, 2, 3, p.currency
ORDER BY 1, 2, 3, 4, 5, 6, 7, 10
