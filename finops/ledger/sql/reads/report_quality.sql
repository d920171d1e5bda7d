-- report_quality: calls without a price and runs without an outcome in the period.
SELECT
    CAST(coalesce(sum(m.calls), 0) AS BIGINT) AS calls,
    CAST(coalesce(sum(m.unpriced_calls), 0) AS BIGINT) AS unpriced_calls,
    CAST(coalesce(sum(m.runs), 0) AS BIGINT) AS runs,
    CAST(coalesce(sum(m.unknown), 0) AS BIGINT) AS unknown_runs
FROM mart_agent_day m
WHERE m.day BETWEEN CAST($first AS DATE) AND CAST($last AS DATE)
