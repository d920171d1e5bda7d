-- rule_reshared: by how much rules with `of` changed what each owner has, by the month of the charges.
SELECT
    strftime(r.charge_day, '%Y-%m') AS period, r.tenant, r.agent, r.currency,
    CAST(sum(r.billed) AS DECIMAL(38, 12)) AS billed
FROM fct_reshared r
WHERE ($month IS NULL OR strftime(r.charge_day, '%Y-%m') = $month) AND ($currency IS NULL OR r.currency = $currency)
GROUP BY 1, 2, 3, 4
HAVING sum(r.billed) <> 0
ORDER BY 1, 2, 3, 4
