-- report_agents: what each agent cost and did in the period, and what it cost on the same days of the month before.
SELECT
    m.agent, m.workflow,
    CAST(coalesce(sum(CASE WHEN m.day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE) THEN m.cost END), 0) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(CASE WHEN m.day BETWEEN CAST($before_first AS DATE) AND CAST($before_last AS DATE) THEN m.cost END) AS DECIMAL(38, 12)) AS before,
    CAST(sum(CASE WHEN m.day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE) THEN m.runs ELSE 0 END) AS BIGINT) AS runs,
    CAST(sum(CASE WHEN m.day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE) THEN m.accepted ELSE 0 END) AS BIGINT) AS accepted,
    CAST(sum(CASE WHEN m.day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE) THEN m.refused ELSE 0 END) AS BIGINT) AS refused
FROM (
    SELECT d.agent, d.workflow, d.day, d.currency, d.runs, d.accepted, d.refused, CASE WHEN list_contains($billed_only, d.currency) THEN coalesce(d.cost, d.billed) ELSE d.cost END AS cost
    FROM mart_agent_day d
) m
WHERE m.currency = $currency
GROUP BY m.agent, m.workflow
HAVING cost <> 0 OR runs > 0
ORDER BY cost DESC, m.agent, m.workflow
