-- counted_calls: how many calls count, in all months or a business month.
SELECT CAST(coalesce(sum(m.calls), 0) AS BIGINT) AS calls
FROM mart_agent_day m
WHERE ($first IS NULL OR m.day >= CAST($first AS DATE)) AND ($end IS NULL OR m.day < CAST($end AS DATE))
