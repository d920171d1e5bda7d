-- report_values: what the runs of the period were worth where an outcome says so itself.
SELECT
    r.agent, r.workflow,
    count(*) AS valued,
    CAST(sum(r.value) AS DECIMAL(38, 12)) AS value
FROM fct_run r
WHERE r.value IS NOT NULL AND r.value_currency = $currency AND r.run_day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
GROUP BY r.agent, r.workflow
ORDER BY r.agent, r.workflow
