-- report_agent_days: what each agent cost on each day of the last weeks.
SELECT m.agent, m.workflow, m.day, CAST(sum(m.cost) AS DECIMAL(38, 12)) AS cost
FROM (
    SELECT d.agent, d.workflow, d.day, d.currency, CASE WHEN list_contains($billed_only, d.currency) THEN coalesce(d.cost, d.billed) ELSE d.cost END AS cost
    FROM mart_agent_day d
) m
WHERE m.currency = $currency AND m.day BETWEEN CAST($since AS DATE) AND CAST($last AS DATE) AND m.cost IS NOT NULL
GROUP BY m.agent, m.workflow, m.day
ORDER BY m.agent, m.workflow, m.day
