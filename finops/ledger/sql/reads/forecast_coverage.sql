-- forecast_coverage: how far each provider's account is billed, and how far estimates go.
SELECT
    c.provider, c.account,
    max(CASE WHEN c.basis = 'billed' THEN c.charge_day END) AS billed_to,
    max(CASE WHEN c.basis = 'estimated' THEN c.charge_day END) AS estimated_to
FROM fct_cost c
WHERE NOT c.one_off AND c.charge_day <= CAST($as_of AS DATE)
GROUP BY c.provider, c.account
ORDER BY c.provider NULLS LAST, c.account NULLS LAST
