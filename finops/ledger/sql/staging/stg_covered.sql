-- stg_covered: for which days of a provider's account a bill is loaded (usage lines only; a line covers its days within the month).
-- slice: none
SELECT DISTINCT
    c.provider, c.account, c.subaccount, c.charge_day AS from_day,
    greatest(least(c.last_day, CAST(c.charge_month + INTERVAL 1 MONTH - INTERVAL 1 DAY AS DATE)), c.charge_day) AS to_day
FROM stg_charge c
WHERE NOT c.one_off
