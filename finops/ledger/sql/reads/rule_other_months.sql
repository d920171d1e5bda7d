-- rule_other_months: how many charges are billed in another month than that of their use.
SELECT CAST(coalesce(sum(p.charges), 0) AS BIGINT) AS charges
FROM fct_pool p
WHERE p.charge_month <> p.billing_month AND ($currency IS NULL OR p.currency = $currency)
    AND ($month IS NULL OR strftime(p.charge_month, '%Y-%m') = $month OR strftime(p.billing_month, '%Y-%m') = $month)
