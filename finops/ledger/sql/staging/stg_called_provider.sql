-- stg_called_provider: providers with counted calls in a month, so that their charges can be metered by calls.
-- grain: (charge_month, provider)
-- slice: none
SELECT
    month_of(u.call_day) AS charge_month,
    u.provider,
    bool_and(u.account IS NOT NULL) AS names_account,
    bool_and(u.region IS NOT NULL) AS names_region
FROM fct_usage u
WHERE u.provider IS NOT NULL AND u.token_class IS NOT NULL
GROUP BY month_of(u.call_day), u.provider
