-- stg_covered: for which days of a provider's account a bill is loaded (usage lines only; a line of a month covers its days).
-- slice: none
SELECT DISTINCT c.provider, c.account, c.subaccount, c.charge_day AS from_day, greatest(c.last_day, c.charge_day) AS to_day
FROM stg_charge c
WHERE NOT c.one_off
