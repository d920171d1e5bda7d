-- rule_owners: on whom each rule placed what it matched, by the month of the charges.
SELECT
    strftime(a.charge_day, '%Y-%m') AS period, a.rule, a.tenant, a.agent, a.currency,
    CAST(sum(a.billed) AS DECIMAL(38, 12)) AS billed
FROM fct_allocation a
WHERE ($month IS NULL OR strftime(a.charge_day, '%Y-%m') = $month) AND ($currency IS NULL OR a.currency = $currency)
GROUP BY 1, 2, 3, 4, 5
ORDER BY 1, 2, 3, 4, 5
