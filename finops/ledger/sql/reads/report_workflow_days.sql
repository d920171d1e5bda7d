-- report_workflow_days: cost, runs and outcomes of each workflow on each day of the last weeks.
SELECT
    m.day, m.workflow,
    CAST(coalesce(sum(m.cost), 0) AS DECIMAL(38, 12)) AS cost,
    CAST(sum(m.runs) AS BIGINT) AS runs,
    CAST(sum(m.accepted) AS BIGINT) AS accepted,
    CAST(sum(m.refused) AS BIGINT) AS refused
FROM (
    SELECT d.day, d.workflow, d.currency, d.runs, d.accepted, d.refused, CASE WHEN list_contains($billed_only, d.currency) THEN coalesce(d.cost, d.billed) ELSE d.cost END AS cost
    FROM mart_agent_day d
) m
WHERE m.currency = $currency AND m.day BETWEEN CAST($since AS DATE) AND CAST($last AS DATE)
GROUP BY m.day, m.workflow
ORDER BY m.day, m.workflow
