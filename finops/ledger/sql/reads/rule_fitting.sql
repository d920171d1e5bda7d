-- rule_fitting: charges by the rules that fit them, by what else would place them, and by what did.
SELECT
    strftime(c.charge_month, '%Y-%m') AS period, c.currency, c.fits, c.builtin_rule AS builtin, c.names_worker, c.names_tenant,
    c.rule AS placed_by,
    count(*) AS charges,
    CAST(sum(c.billed) AS DECIMAL(38, 12)) AS billed
FROM stg_charge c
WHERE $currency IS NULL OR c.currency = $currency
GROUP BY 1, 2, 3, 4, 5, 6, 7
ORDER BY 1, 2, 3, 4 NULLS FIRST, 5, 6, 7
