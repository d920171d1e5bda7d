-- stg_covered: for which days of a provider's account a bill is loaded (usage lines only; a line covers its days within the month). Where a month has lines of a day or less, longer ones, such as a month of support, cover none of its days.
-- slice: none
WITH line AS (
    SELECT DISTINCT
        c.provider, c.account, c.subaccount, c.charge_month, c.charge_day AS from_day,
        greatest(least(c.last_day, CAST(c.charge_month + INTERVAL 1 MONTH - INTERVAL 1 DAY AS DATE)), c.charge_day) AS to_day
    FROM stg_charge c
    WHERE NOT c.one_off
),
daily AS (
    SELECT DISTINCT l.provider, l.account, l.subaccount, l.charge_month FROM line l WHERE l.to_day = l.from_day
)
SELECT l.provider, l.account, l.subaccount, l.from_day, l.to_day
FROM line l
LEFT JOIN daily d
    ON d.provider IS NOT DISTINCT FROM l.provider AND d.account IS NOT DISTINCT FROM l.account
    AND d.subaccount IS NOT DISTINCT FROM l.subaccount AND d.charge_month = l.charge_month
WHERE l.to_day = l.from_day OR d.charge_month IS NULL
